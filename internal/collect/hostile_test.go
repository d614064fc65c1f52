package collect

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestImportRefusesEncryptedMembers(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "secret.log", Flags: 1, CompressedSize64: 3, UncompressedSize64: 3})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "???")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, recs := imported(t, ImportOptions{}, folder(t, map[string][]byte{"a.zip": b.Bytes()}))
	if len(recs) != 0 || len(files) != 1 || files[0].Error != ErrEncrypted.Error() {
		t.Errorf("%+v", files)
	}
}

func TestAFileReplacedAfterListingIsRefused(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.log": []byte("a\n"), "b.log": []byte("b\n")})
	root, items := list(dir)
	defer root.Close()
	for _, name := range []string{"a.log", "b.log"} {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, name+".old")); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "a.log"), 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.log"), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		if _, err := openRegular(it); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: %v", it.rel, err)
		}
	}
}
