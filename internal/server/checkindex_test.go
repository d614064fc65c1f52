package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/parquet-go/parquet-go"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
)

// TestAnEditedDerivedFileIsFoundAndNamed rewrites a derived file with one value
// changed, as somebody would who wants searches to say something else.
func TestAnEditedDerivedFileIsFoundAndNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	var lines bytes.Buffer
	for i := range 21_000 { // enough for a segment
		fmt.Fprintf(&lines, "Mar  1 10:00:05 bastion sshd[%d]: Accepted password for user%d from 192.0.2.%d port 4022 ssh2\n", i, i%100, i%200)
	}
	from := t.TempDir()
	put(t, from, "auth.log", lines.String())
	if _, err := s.Import(t.Context(), "sato", control.Import{Paths: []string{from}}); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if rep := checked(t, dir); rep.Segments == 0 || rep.Missing != 0 || !rep.OK() {
		t.Fatalf("untouched: %+v", rep)
	}
	files, err := filepath.Glob(filepath.Join(dir, indexFolder, "*"+derivedSuffix))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	editDerived(t, files[0])
	rep := checked(t, dir)
	if len(rep.Problems) != 1 || rep.Problems[0].File != filepath.Base(files[0]) || !strings.HasSuffix(rep.Problems[0].Segment, ".parquet") {
		t.Errorf("edited: %+v", rep)
	}
	if r, err := audit.Verify(t.Context(), filepath.Join(dir, vaultFolder), audit.VerifyOptions{}); err != nil || !r.OK() {
		t.Errorf("the vault: %v %+v", err, r)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if rep := checked(t, dir); rep.Missing != 1 {
		t.Errorf("removed: %+v", rep)
	}
}

// checked compares the index of a data folder that nobody has open.
func checked(t *testing.T, dir string) *IndexReport {
	t.Helper()
	opts := Options{Config: config.Default()}
	v, err := OpenVault(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := CheckIndex(t.Context(), dir, v, opts)
	if err = errors.Join(err, v.Close()); err != nil {
		t.Fatal(err)
	}
	return rep
}

// editDerived changes one letter in a Parquet file and writes it again.
func editDerived(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]parquet.Row, f.NumRows())
	r := parquet.NewReader(f)
	if n, err := r.ReadRows(rows); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(n, err)
	}
	var out bytes.Buffer
	w := parquet.NewWriter(&out, f.Schema())
	edited := false
	for _, row := range rows {
		for i, v := range row {
			if v.Kind() == parquet.ByteArray && !edited && len(v.ByteArray()) > 3 {
				text := bytes.Clone(v.ByteArray())
				text[0] ^= 1
				row[i] = parquet.ByteArrayValue(text).Level(v.RepetitionLevel(), v.DefinitionLevel(), v.Column())
				edited = true
			}
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || !edited {
		t.Fatal(err, edited)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
