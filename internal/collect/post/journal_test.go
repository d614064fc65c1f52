package post

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

const journalMedia = "application/vnd.fdo.journal"

// binaryField is a field whose value may hold anything.
func binaryField(name, value string) string {
	return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

func TestTheJournalIsKeptEntryByEntryByteForByte(t *testing.T) {
	first := "__CURSOR=s=1;i=2\nMESSAGE=hello = world\n" + binaryField("COREDUMP", "a\n\nMESSAGE=no\n") + "_UID=0\n"
	second := "MESSAGE=\n" + binaryField("EMPTY", "")
	for name, body := range map[string]string{"ended": first + "\n" + second + "\n", "not ended": first + "\n" + second, "spaced": "\n\n" + first + "\n\n\n" + second + "\n\n"} {
		var m memory
		h, told := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{} })
		w := ask(h, request("/ingest/upload", journalMedia, body))
		if w.Code != 202 || w.Body.String() != "OK.\n" || len(*told) != 0 {
			t.Errorf("%s: %d %s %v", name, w.Code, w.Body, *told)
		}
		if diff := cmp.Diff([]string{first, second}, raws(m.Recs)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := m.Recs[0].Transport; got != "journal;peer=192.0.2.1;sender=kt_app;auth=token" {
			t.Error(got)
		}
	}
}

func TestALongEntryIsCutAndLosesNothing(t *testing.T) {
	entry := "A=1\n" + binaryField("B", strings.Repeat("\n", 90)) + "C=" + strings.Repeat("c", 120) + "\n"
	var m memory
	h, told := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{MaxRecord: 50} })
	if w := ask(h, request("/upload", journalMedia, entry+"\nD=2\n\n")); w.Code != 202 || len(*told) != 0 {
		t.Fatalf("%d %s %v", w.Code, w.Body, *told)
	}
	n := len(m.Recs)
	if got := strings.Join(raws(m.Recs[:n-1]), ""); got != entry || string(m.Recs[n-1].Raw) != "D=2\n" {
		t.Errorf("%q", raws(m.Recs))
	}
	for i, rec := range m.Recs {
		part := event.ParseTransport(rec.Transport).Get("part")
		if (i < n-1) != (part == string(rune('1'+i))) || len(rec.Raw) > 50 {
			t.Errorf("record %d: part %q, %d bytes", i, part, len(rec.Raw))
		}
	}
}

func TestADamagedJournalStoresTheEntriesBefore(t *testing.T) {
	good := "A=1\n\n"
	for name, rest := range map[string]string{
		"half a field":        "B=2",
		"half a name":         "B",
		"half a length":       "B\n\x01\x00",
		"half a value":        "B\n\x09\x00\x00\x00\x00\x00\x00\x00abc",
		"no line feed after":  "B\n\x01\x00\x00\x00\x00\x00\x00\x00abC=1\n\n",
		"an impossible size":  "B\n\xff\xff\xff\xff\xff\xff\xff\xff\n",
		"a field of no name":  "=2\n\n",
		"a name without end":  strings.Repeat("x", 1000),
		"a name far too long": strings.Repeat("x", 1000) + "=1\n",
	} {
		var m memory
		h, told := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{} })
		w := ask(h, request("/upload", journalMedia, good+rest))
		if w.Code != 400 || len(m.Recs) != 1 || len(*told) != 1 || (*told)[0].Reason != event.WhyForm {
			t.Errorf("%s: %d %s, stored %q, lost %v", name, w.Code, w.Body, raws(m.Recs), *told)
		}
	}
	h, told := withLosses(&memory{Fail: func(int) error { return errors.New("broken") }})
	if w := ask(h, request("/upload", journalMedia, good)); w.Code != 503 || w.Header().Get("Retry-After") == "" || (*told)[0].Reason != event.WhyVault {
		t.Errorf("%d %s %v", w.Code, w.Body, *told)
	}
	if w := ask(h, request("/upload", "text/plain", good)); w.Code != 415 {
		t.Errorf("text: %d", w.Code)
	}
}

// cutInPieces frames data that arrives so many bytes at a time, and gives the
// records' bytes, or false for a body that is refused.
func cutInPieces(t interface{ Fatalf(string, ...any) }, limit, step int, data []byte) (recs []string, ok bool) {
	f := &entries{limit: limit}
	from := 0
	for to := 0; ; {
		to = min(to+step, len(data))
		for {
			p, err := f.next(data[from:to], to == len(data))
			if err != nil {
				return recs, false
			}
			if p.n == 0 {
				break
			}
			if len(p.raw) > limit || p.n < len(p.raw) || p.n > to-from {
				t.Fatalf("a piece of %d bytes, %d dealt with", len(p.raw), p.n)
			}
			if p.raw != nil {
				recs = append(recs, string(p.raw))
			}
			from += p.n
		}
		if to == len(data) {
			if from != to {
				t.Fatalf("%d bytes are left", to-from)
			}
			return recs, true
		}
	}
}

func TestTheJournalIsCutAlikeHoweverItArrives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var body strings.Builder
		for range rapid.IntRange(0, 4).Draw(t, "entries") {
			for range rapid.IntRange(1, 4).Draw(t, "fields") {
				name := rapid.StringMatching(`[A-Z_]{1,5}`).Draw(t, "name")
				if rapid.Bool().Draw(t, "binary") {
					body.WriteString(binaryField(name, string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value"))))
				} else {
					body.WriteString(name + "=" + rapid.StringMatching(`[a-z=]{0,40}`).Draw(t, "value") + "\n")
				}
			}
			body.WriteString("\n")
		}
		limit := rapid.IntRange(16, 200).Draw(t, "limit")
		whole, ok := cutInPieces(t, limit, body.Len()+1, []byte(body.String()))
		pieces, ok2 := cutInPieces(t, limit, rapid.IntRange(1, 20).Draw(t, "step"), []byte(body.String()))
		if !ok || !ok2 || strings.Join(whole, "") != strings.Join(pieces, "") {
			t.Fatalf("%v %v: %q and %q", ok, ok2, whole, pieces)
		}
	})
}
