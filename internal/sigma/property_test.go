package sigma

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// drawValue makes a short value over few letters, so that rules often hold.
func drawValue(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune("abAB.-/ あ")), 0, 6, -1).Draw(t, label)
}

func drawItem(t *rapid.T) string {
	field := rapid.SampledFrom([]string{"f", "g", "h", "CommandLine", ""}).Draw(t, "field")
	mods := []string{
		"", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased", "|re", "|re|i",
		"|neq", "|exists", "|fieldref", "|null", "|windash|contains", "|cidr", "|gt",
	}
	mod := rapid.SampledFrom(mods).Draw(t, "modifier")
	if field == "" && (mod == "|exists" || mod == "|fieldref" || mod == "|null" || mod == "|cidr" || mod == "|gt") {
		mod = "|contains"
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	value := func(i int) string {
		v := drawValue(t, fmt.Sprint("value", i))
		if field == "" && v == "" {
			v = "a"
		}
		if rapid.IntRange(0, 3).Draw(t, "wild") == 0 {
			v += rapid.SampledFrom([]string{"*", "?", "*a", "?b*"}).Draw(t, "wildcard")
		}
		return quote(v)
	}
	key := quote(field + mod)
	switch mod {
	case "|null":
		return quote(field) + ": null"
	case "|exists":
		return key + ": " + rapid.SampledFrom([]string{"true", "false"}).Draw(t, "exists")
	case "|fieldref":
		return key + ": " + rapid.SampledFrom([]string{"f", "g", "h"}).Draw(t, "other")
	case "|cidr":
		return key + ": 192.0.2.0/30"
	case "|gt":
		return key + ": 2"
	case "|re", "|re|i":
		exprs := []string{"a+b", "^a", "b$", "(?:ab|ba)", "a.*b", "[ab]{2}", "A|b", "x?", "^$", "-.*-"}
		return key + ": " + quote(rapid.SampledFrom(exprs).Draw(t, "expression"))
	}
	n := rapid.IntRange(1, 3).Draw(t, "values")
	list := make([]string, n)
	for i := range list {
		list[i] = value(i)
	}
	return key + ": [" + strings.Join(list, ", ") + "]"
}

func drawRule(t *rapid.T, id int) (string, bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "title: t\nid: r%d\nlogsource: {product: linux}\ndetection:\n", id)
	names := []string{"s1", "s2", "t1"}
	for _, name := range names {
		fmt.Fprintf(&b, "  %s:\n", name)
		seen := map[string]bool{}
		for range rapid.IntRange(1, 2).Draw(t, "items") {
			item := drawItem(t)
			key, _, _ := strings.Cut(item, ":")
			if !seen[key] {
				seen[key] = true
				fmt.Fprintf(&b, "    %s\n", item)
			}
		}
	}
	condition := rapid.SampledFrom([]string{
		"s1", "s1 and s2", "s1 or s2", "s1 and not s2", "not s1", "1 of s*", "all of them", "t1 and not 1 of s*",
		"(s1 or t1) and not (s2 and t1)", "not (s1 or not s2)",
	}).Draw(t, "condition")
	fmt.Fprintf(&b, "  condition: %s\n", condition)
	return b.String(), true
}

func drawEvent(t *rapid.T) (event.Event, string) {
	ev := event.Event{Format: "syslog", ClassUID: rapid.SampledFrom([]int32{0, event.ClassProcess}).Draw(t, "class")}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		name := rapid.SampledFrom([]string{"f", "g", "h", "other"}).Draw(t, "name")
		v := drawValue(t, "content")
		if rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
			v = rapid.SampledFrom([]string{"192.0.2.1", "3", "1", "198.51.100.1", "a\xffb"}).Draw(t, "special")
		}
		ev.Fields = append(ev.Fields, event.Field{Name: name, Value: v})
	}
	ev.CmdLine = drawValue(t, "command")
	ev.Message = drawValue(t, "message")
	return ev, drawValue(t, "raw")
}

func TestIndexAgreesWithFullScanOnAnyRulesAndEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []*Rule
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			text, _ := drawRule(t, i)
			list, err := Parse("r.yml", []byte(text))
			if err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			rules = append(rules, list...)
		}
		e := Compile(rules)
		m := e.NewMatcher()
		for range 5 {
			ev, raw := drawEvent(t)
			got, want := ids(m.Match(&ev, []byte(raw), nil)), ids(e.FullScan(&ev, []byte(raw), nil))
			if got != want {
				t.Fatalf("index finds %q, full scan %q: %+v raw %q", got, want, ev, raw)
			}
		}
	})
}

func TestFoldingAgreesOnStringsAndBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if a, b := string(appendFold(nil, s)), string(appendFold(nil, []byte(s))); a != b {
			t.Fatalf("%q and %q", a, b)
		}
		if once := fold(s); fold(once) != once {
			t.Fatalf("folding %q twice gives %q, then %q", s, once, fold(once))
		}
		if u := strings.ToUpper("straße kelvin " + s); fold(strings.ToLower(u)) != fold(strings.ToLower(strings.ToLower(u))) {
			t.Fatalf("case matters in %q", u)
		}
	})
}

// ids gives the ids of the rules that matched, in order.
func ids(list []Match) string {
	var b strings.Builder
	for _, m := range list {
		b.WriteString(m.Rule.ID)
		b.WriteByte(' ')
	}
	return b.String()
}
