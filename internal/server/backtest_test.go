package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/sigma"
)

// sshRule is a rule on what sshd says that holds of a text.
func sshRule(t *testing.T, detection string) *sigma.Collection {
	t.Helper()
	rules, err := sigma.Parse("r.yml", []byte("title: r\nid: 2d1f3c0e-0a55-4a53-9e8e-1d1c2b1a0a01\nlogsource: {product: linux, service: sshd}\ndetection:\n  one: "+detection+"\n  condition: one\nlevel: low\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &sigma.Collection{Rules: rules}
}

// A rule that matched nothing is covered only where nothing was overlooked, as
// any other answer is.
func TestABackTestIsNotCoveredByWhatWasOverlooked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		detection, zone string
		more            []string
		want            string // a reason; "" where it is covered
	}{
		"nothing overlooked": {`['nothing-like-it']`, "Asia/Tokyo", nil, ""},
		"unread":             {`['nothing-like-it']`, "Asia/Tokyo", []string{"\x01 a form of firmware 9"}, "no format could read"},
		"an assumed zone":    {`['for hanako']`, "", []string{sshLine(jst(3, 8, 30), "Accepted password for hanako from 203.0.113.77 port 50022 ssh2")}, "1 event outside the window matches"},
		"a stated zone":      {`['for hanako']`, "Asia/Tokyo", []string{sshLine(jst(3, 8, 30), "Accepted password for hanako from 203.0.113.77 port 50022 ssh2")}, ""},
		"a missing field":    {`{no_such_field: x}`, "Asia/Tokyo", nil, "has the field no_such_field"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := started(t)
			var lines []string
			for h := range 96 {
				lines = append(lines, sshLine(jst(1, 0, 0).Add(time.Duration(h)*time.Hour), "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"))
			}
			dir := t.TempDir()
			put(t, dir, "auth.log", strings.Join(append(lines, c.more...), "\n")+"\n")
			if err := os.Chtimes(filepath.Join(dir, "auth.log"), jst(6, 0, 0), jst(6, 0, 0)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Import(t.Context(), "sato", control.Import{Paths: []string{dir}, Zone: c.zone}); err != nil {
				t.Fatal(err)
			}
			got, err := s.Backtest(t.Context(), "sato", sshRule(t, c.detection), jst(3, 0, 0), jst(3, 8, 0), func(_, _ uint64) {})
			if err != nil || len(got) != 1 {
				t.Fatal(got, err)
			}
			a := got[0].Answer
			reasons := fmt.Sprint(a.Because)
			if covered := a.Verdict == coverage.NotFoundCovered; covered != (c.want == "") || !strings.Contains(reasons, c.want) {
				t.Errorf("%s because %s", a.Verdict, reasons)
			}
		})
	}
}
