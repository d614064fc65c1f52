package collect

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func journalBinary(name, value string) string {
	return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

// TestAValueNeverEndsAJournalEntry: who may log may not forge an entry.
func TestAValueNeverEndsAJournalEntry(t *testing.T) {
	limits := Limits{}.orDefault()
	rapid.Check(t, func(r *rapid.T) {
		var entries []string
		for range rapid.IntRange(1, 5).Draw(r, "entries") {
			entry := "__CURSOR=c\n"
			for range rapid.IntRange(0, 4).Draw(r, "fields") {
				value := rapid.SampledFrom([]string{"", "a", "x\n\n__CURSOR=forged\nMESSAGE=no\n", "\x00\xff\n", strings.Repeat("z\n", 40)}).Draw(r, "value")
				if strings.Contains(value, "\n") || rapid.Bool().Draw(r, "binary") {
					entry += journalBinary("MESSAGE", value)
				} else {
					entry += "MESSAGE=" + value + "\n"
				}
			}
			entries = append(entries, entry)
		}
		text := []byte(strings.Join(entries, "\n"))
		size := rapid.IntRange(1, 99).Draw(r, "read")
		got := raws(cutAll(t, newFramer(event.Shape{Framing: event.FrameJournal}, limits), limits, size, text))
		if !slices.Equal(got, entries) {
			r.Fatalf("%q\n%q", got, entries)
		}
	})
}

// TestALargeJournalEntryIsCutAndLosesNothing compares what was cut with what was read.
func TestALargeJournalEntryIsCutAndLosesNothing(t *testing.T) {
	limits := Limits{MaxLine: 16, MaxRecord: 64}.orDefault()
	for _, entry := range []string{
		"A=1\n" + journalBinary("B", strings.Repeat("\n", 200)) + "C=" + strings.Repeat("c", 150) + "\n",
		strings.Repeat("A=1\n", 99), "A=" + strings.Repeat("a", 999) + "\n", journalBinary("B", strings.Repeat("b", 55)), "no field\n\x01\x02", "A",
	} {
		for size := range 70 {
			recs := cutAll(t, newFramer(event.Shape{Framing: event.FrameJournal}, limits), limits, size+1, []byte(entry))
			if got := strings.Join(raws(recs), ""); got != entry {
				t.Errorf("read by %d: %q is not %q", size+1, got, entry)
			}
		}
	}
}
