package duckdb_test

import (
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/index/duckdb"
	"github.com/konseki/konseki/internal/index/indextest"
)

func TestContract(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Index { return open(t, filepath.Join(t.TempDir(), "it's [1]*")) })
}

func open(t testing.TB, dir string) *duckdb.Index {
	t.Helper()
	x, err := duckdb.Open(dir, duckdb.Options{Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}
