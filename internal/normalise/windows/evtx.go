package windows

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// eventLog reads files of the Windows event log. A record is a chunk as it
// stands in the file, the first one with the header of the file before it.
type eventLog struct {
	reader *evtx.Reader
	json   []byte
}

// NewEventLog returns the format "evtx".
func NewEventLog() format.Format { return &eventLog{reader: evtx.NewReader()} }

func (e *eventLog) Name() string { return "evtx" }

// Binary implements [format.Binary].
func (e *eventLog) Binary() bool { return true }

func (e *eventLog) Matches(raw []byte) bool { return evtx.IsFile(raw) || evtx.IsChunk(raw) }

// Shape takes files by the signature of the file or, where its header is
// damaged, of the first chunk.
func (e *eventLog) Shape(head []byte) (event.Shape, bool) {
	if !e.Matches(head) && (len(head) < evtx.HeaderSize || !evtx.IsChunk(head[evtx.HeaderSize:])) {
		return event.Shape{}, false
	}
	return event.Shape{Format: e.Name(), Framing: event.FrameEVTX}, true
}

// Normalise gives an event for each event of the chunk and one of format
// [event.Unparsed] for each place that could not be read. Those come first, so
// that whoever counts a record's losses by its first event finds them. A chunk
// that holds neither gives one event that says so.
func (e *eventLog) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	chunk, header := split(in.Rec.Raw)
	if !e.mine(in, chunk, header) {
		return dst, false
	}
	from := len(dst)
	var damaged []event.Event
	if header != nil {
		if _, err := evtx.ParseHeader(header); err != nil {
			damaged = append(damaged, e.damage(in, err))
		}
	}
	for rec, wrong := range e.reader.Chunk(chunk) {
		if wrong != nil {
			damaged = append(damaged, e.damage(in, wrong))
			continue
		}
		dst = append(dst, in.New(e.Name(), event.ClassBase))
		e.fill(in, &dst[len(dst)-1], rec)
	}
	dst = slices.Insert(dst, from, damaged...)
	if len(dst) == from {
		ev := in.New(e.Name(), event.ClassBase)
		ev.Message = "Windows event log: no events in this part of the file"
		ev.Text = ev.Message
		dst = append(dst, ev)
	}
	return dst, true
}

// mine reports whether a record is part of an event log file: one that was
// recognised as such may have lost its signatures.
func (e *eventLog) mine(in *format.Input, chunk, header []byte) bool {
	return header != nil || evtx.IsChunk(chunk) || in.Via.Get("format") == e.Name()
}

// split parts the header of the file from the chunk.
func split(raw []byte) (chunk, header []byte) {
	if evtx.IsFile(raw) || len(raw) > evtx.HeaderSize && evtx.IsChunk(raw[evtx.HeaderSize:]) {
		n := min(len(raw), evtx.HeaderSize)
		return raw[n:], raw[:n]
	}
	return raw, nil
}

// damage is the event that tells of a place that could not be read. Its time
// is that of receipt: nothing says when what stood there happened.
func (e *eventLog) damage(in *format.Input, err error) event.Event {
	ev := in.New(event.Unparsed, event.ClassBase)
	ev.Message = format.Message(err.Error())
	ev.Text = ev.Message
	return ev
}

func (e *eventLog) fill(in *format.Input, ev *event.Event, rec *evtx.Record) {
	e.json = rec.AppendJSON(e.json[:0])
	ev.Text = string(e.json)
	ev.Fields = rec.Fields(make([]event.Field, 0, fieldsExpected))
	when, text := timeOf(rec)
	if !when.IsZero() {
		in.Stated(ev, when, event.PrecisionNano, text)
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	if host := get("Computer"); host != "" {
		ev.Host = host
	}
	Classify(ev, get("EventID"), get("Channel"), get("Provider_Name"))
	if rec.Carved {
		ev.Add(CarvedField, "true")
	}
	if ev.Message == "" {
		ev.Message = format.Message(sentence(ev, get("Provider_Name")))
	}
}

// fieldsExpected is how many fields most events have at most.
const fieldsExpected = 48

// CarvedField is set to "true" on an event that was found by its signature, or
// in a chunk whose checksums do not hold: it may be incomplete, old or altered.
const CarvedField = "konseki.carved"

// sentence says in short what an event is about.
func sentence(ev *event.Event, provider string) string {
	parts := []string{strings.TrimPrefix(provider, "Microsoft-Windows-"), ev.EventCode}
	for _, s := range [...]string{ev.ActorUser, ev.TargetUser, ev.SrcIP, ev.ProcessPath, ev.CmdLine, ev.Object, ev.Statement} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}
