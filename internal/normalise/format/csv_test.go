package format

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSplitCSVUndoesQuoting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.String(), 2, 6).Draw(t, "cells")
		quoted := make([]string, len(cells))
		for i, c := range cells {
			quoted[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		got, ok := SplitCSV(nil, strings.Join(quoted, ";"), ';')
		if !ok {
			t.Fatal("refused")
		}
		if d := cmp.Diff(cells, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestSplitCSVRefusesDamagedRows(t *testing.T) {
	for _, row := range []string{`"a`, `"a"b,c`, `a,"b""`, strings.Repeat(",", maxCells)} {
		if cells, ok := SplitCSV(nil, row, ','); ok {
			t.Errorf("%.20q: %d cells", row, len(cells))
		}
	}
}
