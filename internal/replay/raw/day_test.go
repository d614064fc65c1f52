package raw_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/replay/raw"
)

func midnight(day int) time.Time { return time.Date(2018, 5, day, 0, 0, 0, 0, raw.JST()) }

// TestAFileIsInOrderOfTimeWhateverItsDaysGive holds for lines that a day gives
// in any order, for days after it, and for what is lost before and after.
func TestAFileIsInOrderOfTimeWhateverItsDaysGive(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		begin, end := midnight(1), midnight(6)
		from := begin.Add(time.Duration(rapid.IntRange(0, 5*24*60).Draw(t, "from")) * time.Minute)
		to := begin.Add(time.Duration(rapid.IntRange(0, 5*24*60).Draw(t, "to")) * time.Minute)
		var given []time.Time
		all := map[int][]time.Time{}
		for day := range 5 {
			for _, after := range rapid.SliceOfN(rapid.IntRange(0, 3*24*60), 0, 8).Draw(t, fmt.Sprint("day ", day)) {
				at := begin.AddDate(0, 0, day).Add(time.Duration(after) * time.Minute)
				all[day] = append(all[day], at)
				if !at.Before(from) && at.Before(to) && at.Before(end) {
					given = append(given, at)
				}
			}
		}
		s := raw.Scenario{Info: raw.Info{Name: "x"}, Open: func(raw.Options) raw.Span {
			return raw.Span{From: begin, To: end, Files: []raw.File{{Path: "a/x.log", From: from, To: to, Day: func(d *raw.Day) {
				for _, at := range all[int(d.Start.Sub(begin).Hours()/24)] {
					d.Add(at, at.Format(time.RFC3339))
				}
			}}}}
		}}
		dir, err := os.MkdirTemp(root, "x")
		if err != nil {
			t.Fatal(err)
		}
		sum, err := s.Write(t.Context(), filepath.Join(dir, "logs"), raw.Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "logs", "a", "x.log"))
		if err != nil || sum.Bytes != int64(len(b)) {
			t.Fatal(sum, err)
		}
		lines := strings.Fields(string(b))
		if len(lines) != len(given) || sum.Records != int64(len(given)) {
			t.Fatalf("%d lines and %d records of %d", len(lines), sum.Records, len(given))
		}
		for n := 1; n < len(lines); n++ {
			if lines[n] < lines[n-1] {
				t.Fatalf("%s after %s", lines[n], lines[n-1])
			}
		}
	})
}

func TestWhatIsAssumedIsWrittenInBothLanguages(t *testing.T) {
	i := raw.Info{Title: "A case", TitleJA: "事案"}
	if i.Told(true) != "事案\n" || i.Told(false) != "A case\n" {
		t.Errorf("%q %q", i.Told(true), i.Told(false))
	}
}
