package sigma

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

// drawValue makes a value of few pieces, so that rules often hold, in which
// texts of one to many bytes and letters of several cases and lengths occur.
func drawValue(t *rapid.T, label string) string {
	pieces := []string{"a", "b", "A", ".", "-", "/", " ", "あ", "ab", "Abab", "abAB", "-a ", "b/", "é", "É", "K", "ſ", "%", "\\"}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 5).Draw(t, label), "")
}

// fixedValue gives the value of modifiers that take no drawn text.
func fixedValue(t *rapid.T, mod string) (string, bool) {
	from := func(values ...string) (string, bool) { return rapid.SampledFrom(values).Draw(t, "fixed"), true }
	switch {
	case mod == "|null":
		return "null", true
	case mod == "|exists":
		return from("true", "false")
	case strings.HasPrefix(mod, "|fieldref"):
		return from("f", "g", "h")
	case mod == "|cidr":
		return from("192.0.2.0/30", "2001:db8::/33", "198.51.100.1")
	case mod == "|hour":
		return from("3")
	case mod == "|year":
		return from("2026")
	case mod == "|gt", mod == "|gte", mod == "|lt", mod == "|lte":
		return from("2", "3", "-1.5")
	case strings.HasPrefix(mod, "|re"):
		v, _ := from("a+b", "^a", "b$", "(?:ab|ba)", "a.*b", "[ab]{2}", "A|b", "x?", "^$", "-.*-", `-[a-c]\s`, "[ab]{8,}", ".{9,}", "(?:ab)+ab", `\.(a|b)/`, "ſ", "[k-s]", "a\nb")
		return quote(v), true
	}
	return "", false
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func drawItem(t *rapid.T) string {
	field := rapid.SampledFrom([]string{"f", "g", "h", "CommandLine", ""}).Draw(t, "field")
	mod := rapid.SampledFrom([]string{
		"", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased", "|startswith|cased", "|endswith|cased",
		"|re", "|re|i", "|re|m|s", "|neq", "|exists", "|null", "|fieldref", "|fieldref|startswith", "|fieldref|endswith", "|fieldref|contains",
		"|windash|contains", "|windash|contains|all", "|base64offset|contains", "|base64|contains", "|wide|base64offset|contains", "|wide|contains", "|utf16be|contains",
		"|cidr", "|gt", "|gte", "|lt", "|lte", "|number", "|hour", "|year",
	}).Draw(t, "modifier")
	if field == "" && !slices.Contains([]string{"", "|contains", "|all", "|cased", "|re", "|re|i", "|neq"}, mod) {
		mod = rapid.SampledFrom([]string{"", "|all"}).Draw(t, "keywords")
	}
	if v, ok := fixedValue(t, mod); ok {
		if mod == "|null" {
			mod = ""
		}
		return quote(field+mod) + ": " + v
	}
	if mod == "|number" {
		return quote(field) + ": [3, 1.5, true]"
	}
	list := make([]string, rapid.IntRange(1, 3).Draw(t, "values"))
	for i := range list {
		v := drawValue(t, fmt.Sprint("value", i))
		if len(v) < 3 && (field == "" || strings.Contains(mod, "64") || strings.Contains(mod, "wide") || strings.Contains(mod, "utf")) {
			v += "abA"
		}
		encodes := strings.Contains(mod, "64") || strings.Contains(mod, "wide") || strings.Contains(mod, "utf")
		if !encodes && rapid.IntRange(0, 3).Draw(t, "wild") == 0 {
			at := rapid.IntRange(0, len(v)).Draw(t, "where")
			for at < len(v) && !utf8.RuneStart(v[at]) {
				at++
			}
			v = v[:at] + rapid.SampledFrom([]string{"*", "?", "*a", "?b*"}).Draw(t, "wildcard") + v[at:]
		}
		list[i] = quote(v)
	}
	if strings.HasSuffix(mod, "|all") && len(list) == 1 {
		list = append(list, "'ab'")
	}
	return quote(field+mod) + ": [" + strings.Join(list, ", ") + "]"
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

// drawContent makes what an event may hold: a value, or one encoded, a number,
// an address, a time, bytes that are no text.
func drawContent(t *rapid.T) string {
	v := drawValue(t, "content")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{
			"192.0.2.1", "2001:db8::1", "198.51.100.1", "3", "1", "0x3", "1.5", "-2", "true", "a\xffb", "\x80a", "2026-01-02T03:04:05Z", "a\nb", "abababababab",
		}).Draw(t, "special")
	case 1:
		return base64.StdEncoding.EncodeToString([]byte("x" + v + "abA"))
	case 2:
		return v + string(inUTF16(v+"abA"))
	case 3:
		return base64.StdEncoding.EncodeToString(inUTF16(v + "abA"))
	}
	return v
}

func inUTF16(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func drawEvent(t *rapid.T) (event.Event, string) {
	ev := event.Event{Format: "syslog", ClassUID: rapid.SampledFrom([]int32{0, event.ClassProcess}).Draw(t, "class")}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		name := rapid.SampledFrom([]string{"f", "g", "h", "other"}).Draw(t, "name")
		ev.Fields = append(ev.Fields, event.Field{Name: name, Value: drawContent(t)})
	}
	ev.CmdLine = drawContent(t)
	ev.Message = drawValue(t, "message")
	return ev, drawContent(t)
}

func TestG10IndexAgreesWithFullScanOnAnyRulesAndEvents(t *testing.T) {
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
		for range 20 {
			ev, raw := drawEvent(t)
			got, want := ids(m.Match(&ev, []byte(raw), nil)), ids(e.FullScan(&ev, []byte(raw), nil))
			if got != want {
				t.Fatalf("index finds %q, full scan %q: %+v raw %q", got, want, ev, raw)
			}
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
