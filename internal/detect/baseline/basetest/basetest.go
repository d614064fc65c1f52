// Package basetest is what the tests of baselines share: all of a family with nothing learned, and the document that tells of them.
package basetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
)

// JST reads an instant of Japan, "2026-03-02 09:00:00".
func JST(tb testing.TB, s string) time.Time {
	tb.Helper()
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, time.FixedZone("JST", 9*3600))
	if err != nil {
		tb.Fatal(err)
	}
	return t.UTC()
}

// Watching returns baselines with nothing learned.
func Watching(tb testing.TB, settings learn.Settings, builders []learn.Builder) *learn.Set {
	tb.Helper()
	set, err := learn.NewSet(settings, builders...)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// Documented compares a page of docs with what the baselines say of themselves
// under an introduction, or writes it anew.
func Documented(t *testing.T, name, intro string, list []finding.Info, update bool) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "docs", name)
	want := intro + document(list)
	if update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("docs/%s is not what the baselines say (run with -update):\n%s", name, d)
	}
}

func document(list []finding.Info) string {
	var b strings.Builder
	b.WriteString("| id | what / 内容 | level / 最高レベル | ATT&CK |\n| --- | --- | --- | --- |\n")
	for _, i := range list {
		fmt.Fprintf(&b, "| `%s` | %s<br>%s | %s | %s |\n", i.ID, i.Title, i.TitleJA, i.Level, strings.Join(i.Tags, ", "))
	}
	for _, i := range list {
		fmt.Fprintf(&b, "\n## %s\n\n%s / %s\n\n%s\n\n%s\n\n| parameter | default |\n| --- | --- |\n", i.ID, i.Title, i.TitleJA, i.Description, i.DescriptionJA)
		for _, p := range i.Params {
			fmt.Fprintf(&b, "| `%s` | %s |\n", p.Name, strings.ReplaceAll(p.Value, "|", "\\|"))
		}
	}
	return b.String()
}
