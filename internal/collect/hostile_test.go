package collect

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/konseki/konseki/internal/event"
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

func TestSyslogSendersShareAnAppend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memory
		c := newCommitter(&m, func([]event.Record) {}, slog.New(slog.DiscardHandler))
		go c.run(context.WithoutCancel(t.Context()))
		for _, raw := range []string{"a", "b", "c"} {
			c.add(event.Record{Raw: []byte(raw)}, true)
			pause(t.Context(), time.Millisecond)
		}
		pause(t.Context(), linger)
		synctest.Wait()
		if m.calls != 1 || len(m.recs) != 3 {
			t.Errorf("%d records in %d appends", len(m.recs), m.calls)
		}
		c.close()
		if c.add(event.Record{Raw: []byte("late")}, true) {
			t.Error("a closed committer takes records")
		}
		pause(t.Context(), time.Second)
	})
}
