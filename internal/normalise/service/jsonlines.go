package service

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// jsonLines reads any JSON object (RFC 8259). What its members stand for is
// told from their names, see columnNames; all of them are kept flattened.
type jsonLines struct {
	flat    *jsonx.Flattener
	columns *columnMap
	classes *classifier
	last    []memberSlot
}

// maxLastSlots bounds how many members of the last record are remembered.
const maxLastSlots = 256

// memberSlot is the slot of a member by its name.
type memberSlot struct {
	name string
	slot slot
}

// NewJSONLines returns the format "jsonlines".
func NewJSONLines() format.Format {
	return &jsonLines{flat: jsonx.NewFlattener(jsonx.DefaultLimits()), columns: newColumnMap(), classes: newClassifier()}
}

func (j *jsonLines) Name() string { return "jsonlines" }

func (j *jsonLines) Matches(raw []byte) bool { return format.IsJSONObject(raw) }

// Shape takes files of JSON values, one a line or not, and files of one array.
func (j *jsonLines) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok || !format.IsJSONObject(first) {
		return event.Shape{}, false
	}
	return event.Shape{Format: j.Name(), Framing: framing}, true
}

func (j *jsonLines) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !format.IsJSONObject(in.Raw) {
		return dst, false
	}
	members, err := j.flat.Flatten(in.Raw)
	if err != nil {
		return dst, false
	}
	dst = append(dst, in.New(j.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, len(members))
	var f facts
	for i := range members {
		m := &members[i]
		s := j.slot(i, m.Name)
		f.put(s, m.Value)
		ev.Add(s.name, m.Value)
	}
	f.apply(in, ev)
	j.classes.classify(&f, ev)
	return dst, true
}

// slot finds where the i-th member goes. Records of one source have the same
// members in the same order, so the one found last time is tried first.
func (j *jsonLines) slot(i int, name string) *slot {
	if i < len(j.last) && j.last[i].name == name {
		return &j.last[i].slot
	}
	s := j.columns.of(name)
	if i == len(j.last) && i < maxLastSlots {
		j.last = append(j.last, memberSlot{name, s})
	} else if i < len(j.last) {
		j.last[i] = memberSlot{name, s}
	}
	return &s
}

// classify sets class, activity, outcome and event code, and puts right what
// depends on the class.
func (c *classifier) classify(f *facts, ev *event.Event) {
	if f.value[colEventID] != "" && (f.value[colChannel] != "" || f.value[colProvider] != "") {
		classifyWindows(f, ev)
		return
	}
	action, status := f.value[colAction], f.value[colStatus]
	k := c.action(action)
	code := httpStatus(status)
	if m := f.value[colMethod]; m != "" && (k.class == event.ClassBase || code != 0) && format.HTTPActivity(m) != 0 {
		k = kind{event.ClassHTTP, format.HTTPActivity(m), 0}
	}
	if code != 0 && format.HTTPActivity(action) != 0 {
		k = kind{event.ClassHTTP, format.HTTPActivity(action), 0}
	}
	if k.class == event.ClassBase {
		k = c.byColumns(f, ev)
	}
	ev.ClassUID, ev.ActivityID = k.class, k.activity
	ev.EventCode = cmp.Or(action, f.value[colMethod])
	if id := f.value[colEventID]; format.IsDecimal(id) || ev.EventCode == "" {
		ev.EventCode = id // a number names the kind of event; other texts may be unique to each
	}
	ev.StatusID = outcome(f, k, code)
	if k.class == event.ClassHTTP {
		splitURL(ev)
	}
}

// byColumns tells the class of a record whose action word says nothing.
func (c *classifier) byColumns(f *facts, ev *event.Event) kind {
	verb, _, _ := strings.Cut(strings.TrimSpace(ev.Statement), " ")
	switch {
	case strings.HasSuffix(f.source(ev), ".amazonaws.com"):
		return kind{event.ClassAPI, event.ActivityOther, 0}
	case len(verb) > 2 && len(verb) < len(ev.Statement) && statementKind(verb).class != 0:
		return statementKind(verb)
	case ev.CmdLine != "" && f.value[colAction] == "":
		return kind{event.ClassProcess, event.ActivityProcessLaunch, 0}
	case ev.DstPort != 0 && ev.SrcIP != "" && ev.DstIP != "":
		return kind{event.ClassNetwork, event.ActivityNetworkTraffic, 0}
	case httpStatus(f.value[colStatus]) != 0 && strings.HasPrefix(ev.Object, "/"):
		return kind{event.ClassHTTP, 0, 0}
	}
	return kind{}
}

// source is the AWS service that CloudTrail names, where it does.
func (f *facts) source(ev *event.Event) string {
	s, _ := ev.Get("eventSource")
	return s
}

// outcome takes what is stated over what the action word implies over the
// HTTP status.
func outcome(f *facts, k kind, code int) int32 {
	if s := format.Outcome(f.value[colOutcome]); s != event.StatusUnknown {
		return s
	}
	if k.status != event.StatusUnknown {
		return k.status
	}
	if s := format.Outcome(f.value[colStatus]); s != event.StatusUnknown {
		return s
	}
	switch {
	case code == 0:
		return event.StatusUnknown
	case code < 400:
		return event.StatusSuccess
	}
	return event.StatusFailure
}

// httpStatus reads a status code of RFC 9110, 0 for anything else.
func httpStatus(s string) int {
	if v, n := format.LeadingDigits(s, 3); n == 3 && len(s) == 3 && v >= 100 && v < 600 {
		return v
	}
	return 0
}

// splitURL parts the query from the path.
func splitURL(ev *event.Event) {
	path, query, ok := strings.Cut(ev.Object, "?")
	if !ok {
		return
	}
	ev.Object = path
	if ev.Statement == "" {
		ev.Statement = query
	}
}
