package lint

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// large makes a case of n rows and n statements. With hostile, all tell of one
// thing on one day, every statement denies, and there are a thousand entities and
// containments.
func large(t testing.TB, n int, hostile bool) *investigate.Case {
	c := &investigate.Case{}
	start := when(t, "2026-03-01 00:00:00")
	few := int64(3)
	for i := range n {
		at, about := start.Add(time.Duration(i)*time.Minute), fmt.Sprint("thing ", i/4)
		if hostile {
			at, about = start.Add(time.Duration(i)*time.Second), "thing"
		}
		r := investigate.Row{Head: investigate.Head{ID: fmt.Sprint("r", i)}, At: at, Precision: investigate.Exact, What: "event", About: about,
			Cites: []uint64{uint64(i + 1)}, Text: event.Phrase{JA: fmt.Sprintf("アカウント u%d が文書を開いた", i), EN: fmt.Sprintf("account u%d opens a document", i)}}
		if i%3 == 1 {
			r.Cause = fmt.Sprint("r", i-1)
		}
		c.Timeline = append(c.Timeline, r)
		s := statement(fmt.Sprint("s", i), investigate.Confirmed, fmt.Sprintf("アカウント u%d が文書を開いた", i), "")
		s.About, s.At, s.Cites = about, at, r.Cites
		if hostile {
			s = statement(fmt.Sprint("s", i), investigate.Probable, fmt.Sprintf("%d 番目の文書へのアクセスはなかった", i), "")
			s.About, s.Until, s.Number = about, start.Add(-time.Hour), &investigate.Number{Min: &few, Max: &few, Unit: "accounts"}
		}
		c.Statements = append(c.Statements, s)
	}
	for i := range 1000 {
		if hostile || i < 10 {
			c.Entities = append(c.Entities, investigate.Entity{Head: investigate.Head{ID: fmt.Sprint("e", i)}, Type: "account", Real: fmt.Sprint("name.of.", i), Public: event.Phrase{EN: "A"}})
			c.Containments = append(c.Containments, investigate.Containment{Head: investigate.Head{ID: fmt.Sprint("c", i)}, At: start.Add(-time.Hour), Action: "disable_account",
				Target: fmt.Sprint("name.of.", i), Text: event.Phrase{EN: "stopped"}})
		}
	}
	for i := range 8 {
		text := strings.Repeat("3月1日 12時34分56秒に 4,000台 が止まった。", 400)
		c.Sections = append(c.Sections, investigate.Section{Head: investigate.Head{ID: fmt.Sprint("chapter", i)}, Text: event.Phrase{JA: text, EN: text}})
	}
	return c
}

func BenchmarkCheck(b *testing.B) {
	for _, hostile := range []bool{false, true} {
		c := large(b, 10_000, hostile)
		b.Run(fmt.Sprint("hostile=", hostile), func(b *testing.B) {
			for b.Loop() {
				if _, err := Check(b.Context(), c, &records{}, jst()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
