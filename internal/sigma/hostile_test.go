package sigma

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A cost is what loading something hostile may take.
type cost struct {
	cpu       time.Duration
	megabytes uint64 // allocated in all, more than the heap ever holds
}

// within insists that f keeps to a cost.
func within(t *testing.T, limit cost, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpuTime(t)
	f()
	spent := cpuTime(t) - start
	runtime.ReadMemStats(&after)
	took := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%v, %d MB", spent.Round(time.Millisecond), took)
	if spent > limit.cpu || took > limit.megabytes {
		t.Errorf("took %v and %d MB, more than %v and %d MB", spent, took, limit.cpu, limit.megabytes)
	}
}

func detectionOf(text string) string { return linuxProcess + "detection:\n" + text }

// numbered joins n texts made of format and the numbers from 0.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// aliasBomb is a list of lists, each ten times the one before.
func aliasBomb(levels int) string {
	var b strings.Builder
	b.WriteString("x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n")
	for i := 1; i < levels; i++ {
		fmt.Fprintf(&b, "x%d: &x%d [%s*x%d]\n", i, i, strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 9), i-1)
	}
	return b.String()
}

func TestHostileRulesCostLittle(t *testing.T) {
	refused, small := 0, cost{500 * time.Millisecond, 64}
	tests := map[string]struct {
		text   string
		limit  cost
		loaded int
		want   string // of the first problem; "" for none
	}{
		"an alias bomb":                 {linuxProcess + aliasBomb(9) + "detection: {s: *x8, condition: s}\n", small, refused, "aliases counted"},
		"an alias of itself":            {"title: t\na: &a [*a]\ndetection: *a\n", small, refused, "must be a mapping"},
		"a thousand small alias bombs":  {strings.Repeat(linuxProcess+aliasBomb(5)+"detection: {s: *x4, condition: s}\n---\n", 999), cost{5 * time.Second, 900}, 1, "takes in more"},
		"10,000 values":                 {detectionOf("  s:\n    f:\n" + numbered(10_000, "      - value%d\n") + "  condition: s\n"), cost{2 * time.Second, 64}, 1, ""},
		"100,000 values":                {detectionOf("  s:\n    f: [" + numbered(100_000, "v%d, ") + "x]\n  condition: s\n"), cost{5 * time.Second, 400}, 1, ""},
		"100,000 values of two bytes":   {detectionOf("  s:\n    f: [" + strings.Repeat("a,", 100_000) + "x]\n  condition: s\n"), cost{5 * time.Second, 300}, 1, ""},
		"one value 500,000 times":       {detectionOf("  s: {f: [" + strings.Repeat("a,", 500_000) + "x]}\n  condition: s\n"), cost{10 * time.Second, 700}, refused, "more values"},
		"1,000 documents":               {strings.Repeat(linuxProcess+"detection: {s: {f: x}, condition: s}\n---\n", 1000), cost{time.Second, 64}, 1000, ""},
		"1,001 documents":               {strings.Repeat(linuxProcess+"detection: {s: {f: x}, condition: s}\n---\n", 1001), cost{time.Second, 64}, 1000, "more than 1000 documents"},
		"a condition that repeats":      {detectionOf("  s: {f: [" + strings.Repeat("a, ", 2000) + "b]}\n  condition: s" + strings.Repeat(" or s", 1000) + "\n"), small, refused, "takes in more"},
		"a long list of conditions":     {detectionOf("  s: {f: [" + strings.Repeat("a, ", 500) + "b]}\n  condition: [" + strings.Repeat("s, ", 50_000) + "s]\n"), cost{2 * time.Second, 200}, refused, "more values"},
		"many quantifiers over many":    {detectionOf(numbered(990, "  s%d: {f: x}\n") + "  condition: 1 of s*" + strings.Repeat(" or 1 of *x*y*z", 500) + "\n"), small, refused, "selects nothing"},
		"more selections than allowed":  {detectionOf(numbered(1001, "  s%d: {f: x}\n") + "  condition: 1 of them\n"), small, refused, "more than 1000 selections"},
		"deep parentheses":              {detectionOf("  s: {f: x}\n  condition: " + strings.Repeat("(", 4000) + "s" + strings.Repeat(")", 4000) + "\n"), small, refused, "deeper"},
		"deep negation":                 {detectionOf("  s: {f: x}\n  condition: " + strings.Repeat("not ", 2000) + "s\n"), small, refused, "deeper"},
		"a long condition":              {detectionOf("  s: {f: x}\n  condition: " + strings.Repeat("s or ", 2000) + "s\n"), small, refused, "longer than"},
		"deep lists":                    {detectionOf("  s: " + strings.Repeat("[", 5000) + "x" + strings.Repeat("]", 5000) + "\n  condition: s\n"), small, refused, "deeper"},
		"very deep lists":               {detectionOf("  s: " + strings.Repeat("[", 500_000)), cost{5 * time.Second, 400}, refused, "yaml"},
		"deep maps":                     {detectionOf("  s: " + strings.Repeat("{a: ", 5000) + "x" + strings.Repeat("}", 5000) + "\n  condition: s\n"), small, refused, "value or a list"},
		"NUL":                           {detectionOf("  s: {f: \"x\x00\"}\n  condition: s\n"), small, refused, "yaml"},
		"bytes that are not UTF-8":      {detectionOf("  s: {f: \"x\xff\xfe\"}\n  condition: s\n"), small, refused, "yaml"},
		"comments only":                 {strings.Repeat("# nothing here\n", 60_000), cost{2 * time.Second, 64}, refused, "holds no rule"},
		"a comment before each value":   {detectionOf("  s:\n    f:\n" + strings.Repeat("      # c\n      - x\n", 40_000) + "  condition: s\n"), cost{5 * time.Second, 400}, 1, ""},
		"a key of one megabyte":         {detectionOf("  s: {" + strings.Repeat("a", 900_000) + ": x}\n  condition: s\n"), cost{2 * time.Second, 64}, refused, "yaml"},
		"a value of one megabyte":       {detectionOf("  s: {f: " + strings.Repeat("*a", 450_000) + "}\n  condition: s\n"), small, refused, "yaml"},
		"a wildcard every other byte":   {detectionOf("  s: {f: '" + strings.Repeat("*a", 450_000) + "'}\n  condition: s\n"), cost{3 * time.Second, 400}, 1, ""},
		"repetitions of repetitions":    {detectionOf("  s: {f|re: '(a{1000}){1000}'}\n  condition: s\n"), small, refused, "regular expression"},
		"one large repetition":          {detectionOf("  s: {f|re: '(a{1000}){900}'}\n  condition: s\n"), small, refused, "regular expression"},
		"repeated classes":              {detectionOf(`  s: {f|re: '((\pL|\w){30}){30}'}` + "\n  condition: s\n"), small, refused, "regular expression"},
		"an expression of nested stars": {detectionOf("  s: {f|re: '" + strings.Repeat("(", 300) + "a" + strings.Repeat("b)*", 300) + "'}\n  condition: s\n"), small, 1, ""},
		"an expression of 5,000 bytes":  {detectionOf("  s: {f|re: '" + strings.Repeat("ab", 2500) + "'}\n  condition: s\n"), small, refused, "longer than"},
		"many large expressions":        {detectionOf("  s:\n    f|re:\n" + numbered(10_000, "      - '%dx(ab{30}){30}'\n") + "  condition: s\n"), cost{3 * time.Second, 300}, refused, "too large together"},
		"windash at 10,000 places":      {detectionOf("  s: {f|windash: '" + strings.Repeat(" -a", 10_000) + "'}\n  condition: s\n"), small, 1, ""},
		"windash of many values":        {detectionOf("  s:\n    f|windash|contains:\n" + numbered(5000, "      - ' -a%d -b'\n") + "  condition: s\n"), cost{3 * time.Second, 300}, refused, "more values"},
		"a chain of encodings":          {detectionOf("  s: {f|base64offset|base64offset|base64offset|base64offset|base64offset: '" + strings.Repeat("x", 1000) + "'}\n  condition: s\n"), small, refused, "more than 100 texts"},
		"encodings that grow":           {detectionOf("  s: {f|wide|wide|wide|wide|wide|wide: '" + strings.Repeat("x", 100_000) + "'}\n  condition: s\n"), cost{2 * time.Second, 200}, 1, ""},
		"the same id in one file":       {detectionOf("  {s: {f: x}, condition: s}\nid: a\n---\n") + detectionOf("  {s: {f: y}, condition: s}\nid: a\n"), small, 1, "id a is taken by t.yml:1"},
		"a correlation of 10,000 rules": {"title: t\ncorrelation: {type: temporal, timespan: 1h, rules: [" + numbered(10_000, "r%d, ") + "x]}\n", small, refused, "more than 1000 rules"},
		"a filter of everything by all": {strings.Repeat(linuxProcess+"detection: {s: {f: x}, condition: s}\n---\n", 500) + "title: f\nlogsource: {product: linux}\nfilter: {rules: any, s: {g: [" + strings.Repeat("a, ", 30_000) + "b]}, condition: s}\n", cost{3 * time.Second, 300}, 500, "too large for so many"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c *Collection
			within(t, tt.limit, func() { c = loadText(Options{}, tt.text) })
			if len(c.Rules) != tt.loaded {
				t.Errorf("%d rules are loaded, want %d", len(c.Rules), tt.loaded)
			}
			switch {
			case tt.want == "" && len(c.Problems) > 0:
				t.Errorf("refused: %+v", c.Problems[0])
			case tt.want != "" && (len(c.Problems) == 0 || !strings.Contains(c.Problems[0].Reason, tt.want)):
				t.Errorf("problems %.300q, want %q", fmt.Sprint(c.Problems), tt.want)
			}
			for _, p := range c.Problems {
				if len(p.Reason) > 2*maxReason {
					t.Errorf("a reason of %d bytes", len(p.Reason))
				}
			}
		})
	}
}

// An endless file gives bytes for ever.
type endless struct{ fstest.MapFile }

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{'a'}, len(p))), nil }
func (endless) Close() error               { return nil }
func (endless) Stat() (fs.FileInfo, error) { return nil, io.ErrUnexpectedEOF }

// endlessFS is a folder with one endless rule file in it.
type endlessFS struct{ fstest.MapFS }

func (f endlessFS) Open(name string) (fs.File, error) {
	if name == "huge.yml" {
		return endless{}, nil
	}
	return f.MapFS.Open(name)
}

func TestAFileOfAnySizeIsReadOnlyUpToTheLimit(t *testing.T) {
	fsys := endlessFS{fstest.MapFS{"huge.yml": {}, "good.yml": {Data: []byte(linuxProcess + "detection: {s: {f: x}, condition: s}\n")}}}
	within(t, cost{time.Second, 16}, func() {
		c := Load(Options{}, Tree{FS: fsys})
		if len(c.Rules) != 1 || len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Reason, "larger than") {
			t.Errorf("%d rules, %+v", len(c.Rules), c.Problems)
		}
	})
}

func TestManyHostileFilesTogetherStayWithinTheLimitOfAll(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	fsys := fstest.MapFS{}
	bomb := []byte(detectionOf("  s: {f: [" + strings.Repeat("a,", 150_000) + "x]}\n  condition: 1 of them\n"))
	for i := range 100 {
		fsys[fmt.Sprintf("f%02d.yml", i)] = &fstest.MapFile{Data: bomb}
	}
	within(t, cost{60 * time.Second, 8000}, func() {
		c := Load(Options{}, Tree{FS: fsys})
		if n := len(c.Problems); n == 0 || !strings.Contains(c.Problems[n-1].Reason, "not read") {
			t.Errorf("%d rules, %d problems", len(c.Rules), n)
		}
	})
}
