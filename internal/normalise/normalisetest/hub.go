package normalisetest

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Hub compares with CrowdSec's parser tests: read derives the event of one
// line, folders are patterns below data/logs/crowdsec-hub/tests. It gives how
// many lines there are and were parsed, and how many facts (address, account,
// outcome, path, status, method, agent) are asserted and agree. What does not
// is logged. The test is skipped where the collection is absent.
func Hub(t *testing.T, read func(line string) event.Event, folders ...string) (lines, parsed, facts, agree int) {
	t.Helper()
	root := Shared(t, "data", "logs", "crowdsec-hub", "tests")
	for _, pattern := range folders {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(matches) == 0 {
			t.Errorf("no folder of the hub is named %q: %v", pattern, err)
		}
		for _, folder := range matches {
			h := newHubFolder(t, folder, read)
			h.compare(t)
			t.Logf("%s: %d/%d lines parsed, %d/%d facts agree", h.name, h.parsed, len(h.lines), h.agree, h.facts)
			lines, parsed, facts, agree = lines+len(h.lines), parsed+h.parsed, facts+h.facts, agree+h.agree
		}
	}
	return lines, parsed, facts, agree
}

// hubFolder is one folder of the collection: a log and what is said of it.
type hubFolder struct {
	name, path           string
	lines                []string
	events               []event.Event
	parsed, facts, agree int
}

func newHubFolder(t *testing.T, path string, read func(line string) event.Event) *hubFolder {
	t.Helper()
	h := &hubFolder{name: filepath.Base(path), path: path}
	logs, err := filepath.Glob(filepath.Join(path, "*.log"))
	if err != nil || len(logs) == 0 {
		return h
	}
	h.lines = Lines(t, logs[0])
	for _, line := range h.lines {
		ev := read(line)
		h.events = append(h.events, ev)
		if ev.Format == event.Unparsed {
			t.Logf("%s: unparsed: %.200s", h.name, line)
			continue
		}
		h.parsed++
	}
	return h
}

// compare counts each fact of a line once, whichever of the hub's parsers
// states it.
func (h *hubFolder) compare(t *testing.T) {
	t.Helper()
	type fact struct {
		line        int
		name, value string
	}
	told := make(map[fact]bool)
	from := make(map[string]int)
	for _, want := range h.assertions(t) {
		i := h.lineOf(want, from[want.parser])
		if i < 0 {
			continue
		}
		from[want.parser] = i + 1
		for _, meta := range want.meta {
			holds, known := hubFact(&h.events[i], meta.Name, meta.Value)
			f := fact{i, meta.Name, meta.Value}
			if !known || told[f] {
				continue
			}
			told[f] = true
			h.facts++
			if holds {
				h.agree++
				continue
			}
			t.Logf("%s: %s is not %q in %.160s", h.name, meta.Name, meta.Value, h.lines[i])
		}
	}
}

// lineOf finds the line that an assertion is about, not before from, or -1.
func (h *hubFolder) lineOf(want *hubAssertion, from int) int {
	switch {
	case want.message != "":
		i := slices.IndexFunc(h.lines[from:], func(line string) bool { return strings.HasSuffix(line, want.message) })
		if i >= 0 {
			return from + i
		}
	case want.of == len(h.lines) && want.nth >= 0 && want.nth < want.of: // the parser was asked about every line
		return want.nth
	}
	return -1
}

// hubFact reports whether an asserted fact holds of the event, and whether it
// is one that an event can tell.
func hubFact(ev *event.Event, name, value string) (holds, known bool) {
	field := func(name string) string {
		v, _ := ev.Get(name)
		return v
	}
	switch name {
	case "source_ip":
		return ev.SrcIP == format.Address(value), format.Address(value) != ""
	case "user", "target_user", "username", "source_user":
		return ev.ActorUser == value || ev.TargetUser == value, isHubValue(value)
	case "http_status":
		return field("sc-status") == value, isHubValue(value)
	case "http_verb":
		return field("cs-method") == value, value != ""
	case "http_user_agent":
		return field("cs-user-agent") == value || ev.ClientApp == value, isHubValue(value)
	case "http_path":
		return field("cs-uri") == value || ev.Statement == value || ev.Object == value, value != ""
	case "machine":
		return ev.Host == value, value != ""
	case "log_type":
		switch kind := strings.ToLower(value); {
		case strings.Contains(kind, "fail"):
			return ev.StatusID == event.StatusFailure, true
		case strings.Contains(kind, "success"):
			return ev.StatusID == event.StatusSuccess, true
		}
	}
	return false, false
}

// isHubValue reports whether an asserted value is more than a product's way to
// say that there is none.
func isHubValue(s string) bool { return s != "" && s != "-" && s != "undefined" }

// hubAssertion is what a parser of the hub makes of one line.
type hubAssertion struct {
	parser  string // stage and name
	nth, of int    // its number among those of the parser
	message string
	meta    []event.Field
}

// assertions reads lines of the form
// results["s01-parse"]["NAME"][0].Evt.Meta["KEY"] == "VALUE".
func (h *hubFolder) assertions(t *testing.T) []*hubAssertion {
	t.Helper()
	path := filepath.Join(h.path, "parser.assert")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	var all []*hubAssertion
	byID, count := make(map[string]*hubAssertion), make(map[string]int)
	for _, line := range Lines(t, path) {
		if parser, n, ok := strings.Cut(strings.TrimPrefix(line, "len("), ") == "); ok && strings.HasPrefix(line, "len(") {
			count[parser], _ = strconv.Atoi(n)
			continue
		}
		id, member, ok := strings.Cut(line, ".Evt.")
		if !ok || !strings.HasPrefix(id, `results["s01-parse"]`) && !strings.HasPrefix(id, `results["s02-enrich"]`) {
			continue
		}
		kind, member, _ := strings.Cut(member, `["`)
		key, literal, ok := strings.Cut(member, `"] == `)
		value, err := strconv.Unquote(literal)
		if !ok || err != nil {
			continue
		}
		a := byID[id]
		if a == nil {
			parser, nth := numbered(id)
			a = &hubAssertion{parser: parser, nth: nth, of: count[parser]}
			byID[id], all = a, append(all, a)
		}
		switch {
		case kind == "Meta":
			a.meta = append(a.meta, event.Field{Name: key, Value: value})
		case kind == "Parsed" && key == "message":
			a.message = value
		}
	}
	return all
}

// numbered parts NAME[3] into its name and number.
func numbered(id string) (name string, n int) {
	i := strings.LastIndexByte(id, '[')
	n, err := strconv.Atoi(strings.TrimSuffix(id[i+1:], "]"))
	if err != nil {
		return id, -1
	}
	return id[:i], n
}
