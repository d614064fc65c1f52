package logsource

import (
	"math/bits"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// markerSet is a set of the table's markers.
type markerSet struct{ a, b uint64 }

// maxMarkers is how many markers a markerSet can hold.
const maxMarkers = 128

func (s *markerSet) add(i int) {
	switch {
	case i < 64:
		s.a |= 1 << i
	case i < maxMarkers:
		s.b |= 1 << (i - 64)
	default:
		panic("logsource: more markers of logsources than a markerSet holds; make it wider")
	}
}

func (s *markerSet) merge(t markerSet) { s.a, s.b = s.a|t.a, s.b|t.b }

func (s markerSet) empty() bool { return s.a|s.b == 0 }

// holds reports whether all of t are in s.
func (s markerSet) holds(t markerSet) bool { return t.a&^s.a|t.b&^s.b == 0 }

// meets reports whether any of t is in s.
func (s markerSet) meets(t markerSet) bool { return t.a&s.a|t.b&s.b != 0 }

// part is what a field is to the router.
type part uint8

const (
	partMarker part = iota
	partChannel
	partProvider
	partEventID
	partProgram
	partJournal
	partImage
	partSystem
)

// A known is a field name that the router looks at.
type known struct {
	name  string
	part  part
	any   markerSet   // markers that its presence fulfils
	tests []valueTest // markers that certain values fulfil
}

// A valueTest is "=value", "=begin*" or "=*end" of a marker.
type valueTest struct {
	text       string
	begin, end bool // text is the beginning, or the end
	fulfils    markerSet
}

func (t *valueTest) holds(v string) bool {
	switch {
	case len(v) < len(t.text):
		return false
	case t.begin:
		v = v[:len(t.text)]
	case t.end:
		v = v[len(v)-len(t.text):]
	}
	return strings.EqualFold(v, t.text)
}

// markers are what the router reads of an event's fields in one pass: the
// markers of the table and the few fields that tell origin and platform.
type markers struct {
	buckets [256][]known // by hash of the name
	needs   []markerSet  // per row
	refuses []markerSet  // per row
	needy   Rows         // rows that need a marker
	unasked Rows         // rows without any
}

// bucketOf spreads field names; names that fall together are compared.
func bucketOf(name string) uint8 {
	if name == "" {
		return 0
	}
	n := len(name)
	return uint8(n)*37 ^ name[0]*5 ^ name[n-1]*11 ^ name[n/2]*3
}

func newMarkers(table []row) markers {
	m := markers{needs: make([]markerSet, len(table)), refuses: make([]markerSet, len(table))}
	for _, f := range [...]known{
		{name: "Channel", part: partChannel}, {name: "Provider_Name", part: partProvider}, {name: "EventID", part: partEventID},
		{name: "program", part: partProgram}, {name: "app_name", part: partProgram}, {name: "appname", part: partProgram}, {name: "SYSLOG_IDENTIFIER", part: partJournal},
		{name: "Image", part: partImage}, {name: "NewProcessName", part: partImage},
		{name: "host.os.type", part: partSystem}, {name: "host.os.family", part: partSystem}, {name: "event_platform", part: partSystem}, {name: "os.type", part: partSystem},
	} {
		k := m.field(f.name)
		k.part = f.part
	}
	numbers := make(map[string]int)
	for i := range table {
		r := &table[i]
		for _, text := range r.markers {
			m.needs[i].add(m.number(numbers, text))
		}
		for _, text := range r.without {
			m.refuses[i].add(m.number(numbers, text))
		}
		switch {
		case len(r.markers) > 0:
			m.needy.add(i)
		case len(r.without) == 0:
			m.unasked.add(i)
		}
	}
	return m
}

// field returns the entry of a field name, a new one when there is none.
func (m *markers) field(name string) *known {
	b := bucketOf(name)
	for i := range m.buckets[b] {
		if m.buckets[b][i].name == name {
			return &m.buckets[b][i]
		}
	}
	m.buckets[b] = append(m.buckets[b], known{name: name})
	return &m.buckets[b][len(m.buckets[b])-1]
}

// number files a marker and gives its number.
func (m *markers) number(numbers map[string]int, text string) int {
	if n, ok := numbers[text]; ok {
		return n
	}
	n := len(numbers)
	numbers[text] = n
	for alternative := range strings.SplitSeq(text, "|") {
		name, v, valued := strings.Cut(alternative, "=")
		f := m.field(name)
		if !valued {
			f.any.add(n)
			continue
		}
		var t valueTest
		t.fulfils.add(n)
		if t.text, t.begin = strings.CutSuffix(v, "*"); !t.begin {
			t.text, t.end = strings.CutPrefix(v, "*")
		}
		f.tests = append(f.tests, t)
	}
	return n
}

// A look is what one pass over an event's fields has found.
type look struct {
	held                       markerSet
	channel, provider, program string
	image, system              string
	eventID                    bool
	device                     string // what marks a network device's message
}

func (m *markers) look(ev *event.Event, l *look) {
	for i := range ev.Fields {
		f := &ev.Fields[i]
		bucket := m.buckets[bucketOf(f.Name)]
		for k := range bucket {
			if bucket[k].name == f.Name {
				bucket[k].seen(f.Value, l)
			}
		}
	}
}

// deviceField is the marker name for what deviceMark gives.
const deviceField = "device"

// lookDevice notes what marks the message of a network device.
func (m *markers) lookDevice(ev *event.Event, l *look) {
	if l.device = deviceMark(l.program, ev.Message); l.device != "" {
		m.field(deviceField).seen(l.device, l)
	}
}

// seen notes a known field of the event.
func (k *known) seen(value string, l *look) {
	l.held.merge(k.any)
	for i := range k.tests {
		if k.tests[i].holds(value) {
			l.held.merge(k.tests[i].fulfils)
		}
	}
	switch k.part {
	case partChannel:
		l.channel = value
	case partProvider:
		l.provider = value
	case partEventID:
		l.eventID = true
	case partProgram:
		l.program = value
	case partJournal: // the journal of systemd, as JSON
		l.program, l.system = value, "linux"
	case partImage:
		l.image = value
	case partSystem:
		l.system = value
	}
}

// origin is the Windows channel, or the provider where none is stated.
func (l *look) origin() string {
	if l.channel != "" {
		return l.channel
	}
	return l.provider
}

// decide takes the rows from s whose markers do not fit.
func (m *markers) decide(s Rows, held markerSet) Rows {
	if held.empty() {
		return s.without(m.needy)
	}
	if !s.beyond(m.unasked) {
		return s
	}
	marked := s.without(m.unasked)
	for w, word := range [...]uint64{marked.a, marked.b, marked.c, marked.d} {
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if !held.holds(m.needs[i]) || held.meets(m.refuses[i]) {
				var one Rows
				one.add(i)
				s = s.without(one)
			}
		}
	}
	return s
}

// undecided is the platform of a format that any system may write.
const undecided platform = 255

func platformOfFormat(format string) platform {
	switch format {
	case "auditd", "laurel", "syslog":
		return linux
	case "evtx":
		return windows
	case "jsonlines", "csv":
		return undecided
	}
	return anywhere
}

// platformOf tells the operating system an event was logged on: as an agent
// names it, by the event log, else by the form of the program's path.
func (l *look) platformOf(ev *event.Event) platform {
	switch {
	case l.device != "":
		return anywhere
	case l.system != "":
		return platformOfName(l.system)
	case strings.HasPrefix(l.origin(), "Linux-Sysmon"):
		return linux
	case l.origin() != "" && (l.eventID || ev.EventCode != "" && ev.EventCode[0] >= '0' && ev.EventCode[0] <= '9'):
		return windows
	case ev.ProcessPath != "":
		return platformOfPath(ev.ProcessPath)
	}
	return platformOfPath(l.image)
}

// platformOfName reads the names that agents give to operating systems.
func platformOfName(name string) platform {
	for _, n := range [...]struct {
		name string
		platform
	}{
		{"linux", linux}, {"lin", linux}, {"windows", windows}, {"win", windows}, {"macos", macos}, {"darwin", macos}, {"mac", macos},
		{"debian", linux}, {"redhat", linux}, {"suse", linux},
	} {
		if strings.EqualFold(name, n.name) {
			return n.platform
		}
	}
	return anywhere
}

func platformOfPath(path string) platform {
	switch {
	case strings.HasPrefix(path, "/"):
		return linux
	case strings.Contains(path, `\`):
		return windows
	}
	return anywhere
}
