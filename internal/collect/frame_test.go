package collect

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func smallLimits() Limits { return Limits{MaxLine: 16, MaxRecord: 64}.orDefault() }

// joined puts the records of lines together again: a cut line's parts are
// joined by nothing, everything else by a line feed.
func joined(recs []event.Record, feed string) string {
	var b strings.Builder
	for i, r := range recs {
		part := event.ParseTransport(r.Transport).Get("part")
		if i > 0 && (part == "" || part == "1") {
			b.WriteString(feed)
		}
		b.Write(r.Raw)
	}
	return b.String()
}

func TestLinesTogetherAreTheFile(t *testing.T) {
	logText := rapid.SliceOfN(rapid.SampledFrom([]string{
		"\n", "\n", "\r\n", "a", "é", "日本", " cont", "0123456789", "0123456789abcdefghij", "\xff", "\x00", "\r", "\t",
	}), 1, 60)
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(logText.Draw(r, "text"), "")
		shape := event.Shape{}
		if rapid.Bool().Draw(r, "multi-line") {
			shape.Continues = func(_, line []byte) bool { return bytes.HasPrefix(line, []byte(" ")) }
		}
		size := rapid.IntRange(1, 70).Draw(r, "read size")
		recs := cutAll(t, newFramer(shape, smallLimits()), smallLimits(), size, []byte(text))
		if got := joined(recs, "\n"); got != text && got+"\n" != text {
			r.Fatalf("%q became %q", text, raws(recs))
		}
		for _, rec := range recs {
			if len(rec.Raw) > smallLimits().MaxLine {
				r.Fatalf("a record of %d bytes", len(rec.Raw))
			}
		}
		whole := cutAll(t, newFramer(shape, smallLimits()), smallLimits(), 1<<20, []byte(text))
		if !slices.EqualFunc(recs, whole, func(x, y event.Record) bool { return string(x.Raw) == string(y.Raw) }) {
			r.Fatalf("read by %d: %q, at once: %q", size, raws(recs), raws(whole))
		}
	})
}

func TestFramersCut(t *testing.T) {
	indented := func(_, line []byte) bool { return len(line) > 0 && line[0] == '\t' }
	for _, tt := range []struct {
		name  string
		shape event.Shape
		text  string
		want  []string
	}{
		{"lines", event.Shape{}, "a\nb\r\nc", []string{"a", "b\r", "c"}},
		{"nothing", event.Shape{}, "", nil},
		{"blank lines stay with the line before", event.Shape{}, "a\n\n\r\nb\n", []string{"a\n\n\r", "b"}},
		{"blank lines first", event.Shape{}, "\n\na\n", []string{"\n", "a"}},
		{"an overlong line is cut", event.Shape{}, "0123456789abcdefXYZ\nb\n", []string{"0123456789abcdef", "XYZ", "b"}},
		{"a line of the limit is whole", event.Shape{}, "0123456789abcdef\nb\n", []string{"0123456789abcdef", "b"}},
		{"a cut does not split a character", event.Shape{}, "0123456789abcd日本\n", []string{"0123456789abcd", "日本"}},
		{"continued lines", event.Shape{Continues: indented}, "a\n\tb\n\tc\nd\n", []string{"a\n\tb\n\tc", "d"}},
		{"too many continued lines", event.Shape{Continues: indented}, "a\n\tbbbbbb\n\tcccccc\n\td\n", []string{"a\n\tbbbbbb", "\tcccccc\n\td"}},

		{"csv", event.Shape{Framing: event.FrameCSV}, "h,i\n\"a\nb\",c\n\"x\"\"\n\"\"y\"\n", []string{"h,i", "\"a\nb\",c", "\"x\"\"\n\"\"y\""}},
		{"csv with a stray quote", event.Shape{Framing: event.FrameCSV}, "a,b \"c\nd,e\n", []string{"a,b \"c", "d,e"}},
		{"csv with an open quote", event.Shape{Framing: event.FrameCSV}, "a,\"b\nd,e\nf,g\n", []string{"a,\"b", "d,e", "f,g"}},
		{"csv with an open quote over the limit", event.Shape{Framing: event.FrameCSV}, "a,\"b\nd,e\nf,g\nh,i\nj,k\nl,m\n", []string{"a,\"b", "d,e", "f,g", "h,i", "j,k", "l,m"}},
		{"csv with a mark", event.Shape{Framing: event.FrameCSV}, "\ufeff\"a\nb\"\nc\n", []string{"\ufeff\"a\nb\"", "c"}},

		{"json lines", event.Shape{Framing: event.FrameJSON}, "{\"a\":1}\n\n [2] \r\n\"x\"", []string{`{"a":1}`, `[2]`, `"x"`}},
		{"json over lines", event.Shape{Framing: event.FrameJSON}, "{\n \"a\": 1\n}{\n}12 13", []string{"{\n \"a\": 1\n}", "{\n}", "12", "13"}},
		{"json with a bad line", event.Shape{Framing: event.FrameJSON}, "{\"a\":1}\noops {\n{\"b\":2}\n", []string{`{"a":1}`, "oops {", `{"b":2}`}},
		{"json with a torn line", event.Shape{Framing: event.FrameJSON}, "{\"a\":1,\n{\"b\":2}\n{\"c", []string{`{"a":1,`, `{"b":2}`, `{"c`}},
		{"json torn in a string", event.Shape{Framing: event.FrameJSON}, "{\"a\":\"x\n{\"b\":2}\n", []string{`{"a":"x`, `{"b":2}`}},
		{"json with names twice and bad utf-8", event.Shape{Framing: event.FrameJSON}, "{\"a\":1,\"a\":\"\xff\"}\n1", []string{"{\"a\":1,\"a\":\"\xff\"}", "1"}},
		{"json too large", event.Shape{Framing: event.FrameJSON}, "[\n" + strings.Repeat("1,\n", 20) + "12]\n", append(append([]string{"["}, slices.Repeat([]string{"1,"}, 20)...), "12]")},

		{"array", event.Shape{Framing: event.FrameJSONArray}, "[{\"a\":1}, 2,\n[3]]\n", []string{`{"a":1}`, "2", "[3]"}},
		{"array in an object", event.Shape{Framing: event.FrameJSONArray}, `{"k":{"x":[1]},"items":[{"a":1},{"b":2}],"n":"p"}`, []string{`{"a":1}`, `{"b":2}`}},
		{"pages", event.Shape{Framing: event.FrameJSONArray}, "{\"value\":[1]}\n{\"value\":[2],\"z\":0}\n{\"error\":1}", []string{"1", "2", `{"error":1}`}},
		{"array cut off", event.Shape{Framing: event.FrameJSONArray}, `[{"a":1},{"b":`, []string{`{"a":1}`, `{"b":`}},
		{"array that is none", event.Shape{Framing: event.FrameJSONArray}, "nonsense\n{\"a\":1}", []string{"nonsense", `{"a":1}`}},
		{"empty array", event.Shape{Framing: event.FrameJSONArray}, "[]", nil},

		{"binary", event.Shape{Framing: event.FrameBinary}, "0123456789abcdef\n\x00", []string{"0123456789abcdef", "\n\x00"}},
		{"utf-16", event.Shape{Encoding: "utf-16le"}, wide("a上\nb\r\nc\n"), []string{wide("a上"), wide("b\r"), wide("c")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 3, 1 << 20} {
				got := raws(cutAll(t, newFramer(tt.shape, smallLimits()), smallLimits(), size, []byte(tt.text)))
				if len(got) == 0 {
					got = nil
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("read by %d:\n%s", size, diff)
				}
			}
		})
	}
}

// wide encodes UTF-16LE.
func wide(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestPartsAreCounted(t *testing.T) {
	recs := cutAll(t, newFramer(event.Shape{}, smallLimits()), smallLimits(), 7, []byte("a\n"+strings.Repeat("x", 40)+"\nb\n"))
	var got []string
	for _, r := range recs {
		got = append(got, event.ParseTransport(r.Transport).Get("part"))
	}
	if diff := cmp.Diff([]string{"", "1", "2", "3", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWideLinesFeedsAreAligned(t *testing.T) {
	be := &lines{width: 2, low: 1, limit: 64}
	// U+0A00, U+000A: only the second is a line feed.
	if i := be.feed([]byte{0x0a, 0x00, 0x00, 0x0a}); i != 2 {
		t.Errorf("utf-16be: %d, want 2", i)
	}
	le := &lines{width: 2, limit: 64}
	// U+0A41 ends in 0x0a and U+4100 begins with 0x00.
	if i := le.feed([]byte{0x41, 0x0a, 0x00, 0x41, 0x0a, 0x00}); i != 4 {
		t.Errorf("utf-16le: %d, want 4", i)
	}
}

// fuzzFramer checks that framing ends, keeps the order, stays in bounds and
// does not depend on how the bytes arrive. Bytes left out are white space and,
// where skips says so, what stands around an array.
func fuzzFramer(f *testing.F, shape event.Shape, lossless bool) {
	for _, seed := range []string{
		"a\nb\r\n\nc", "\"a\nb\",c\n", "{\"a\":1}\n{\"b\":[2,3]}", "[1,{\"a\":2}]", `{"items":[{"a":1},2],"x":3}`, "{\"a\":\n{", "\xff\xfea\x00\n\x00",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		limits := smallLimits()
		recs := cutAll(t, newFramer(shape, limits), limits, 1+int(size), data)
		rest := data
		for _, r := range recs {
			if len(r.Raw) > max(limits.MaxLine, limits.MaxRecord) {
				t.Fatalf("a record of %d bytes", len(r.Raw))
			}
			i := bytes.Index(rest, r.Raw)
			if i < 0 {
				t.Fatalf("%q of %q is not in what is left: %q", r.Raw, data, rest)
			}
			if lossless && space(rest[:i]) != i {
				t.Fatalf("%q was left out of %q", rest[:i], data)
			}
			rest = rest[i+len(r.Raw):]
		}
		if lossless && space(rest) != len(rest) {
			t.Fatalf("%q was left out at the end of %q", rest, data)
		}
		if again := cutAll(t, newFramer(shape, limits), limits, 1<<20, data); !slices.Equal(raws(recs), raws(again)) {
			t.Fatalf("read by %d: %q, at once: %q", size, raws(recs), raws(again))
		}
	})
}

func FuzzLines(f *testing.F) { fuzzFramer(f, event.Shape{}, true) }

func FuzzContinuedLines(f *testing.F) {
	fuzzFramer(f, event.Shape{Continues: func(_, line []byte) bool { return len(line)%2 == 0 }}, true)
}
func FuzzWideLines(f *testing.F)  { fuzzFramer(f, event.Shape{Encoding: "utf-16be"}, false) }
func FuzzCSV(f *testing.F)        { fuzzFramer(f, event.Shape{Framing: event.FrameCSV}, true) }
func FuzzJSONValues(f *testing.F) { fuzzFramer(f, event.Shape{Framing: event.FrameJSON}, true) }
func FuzzJSONElements(f *testing.F) {
	fuzzFramer(f, event.Shape{Framing: event.FrameJSONArray}, false)
}
func FuzzBlocks(f *testing.F) { fuzzFramer(f, event.Shape{Framing: event.FrameBinary}, true) }
