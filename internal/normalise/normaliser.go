// Package normalise derives Events from Records, one format per file; re-runnable.
//
// Deriving is a pure function of the Record: the same Record gives the same
// Events, whatever came before it, so the index can be rebuilt from the vault.
package normalise

import (
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine that derives

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// maxFields bounds the native fields of an event. How many more there were is
// told by one more field, FieldsLeftOut.
const maxFields = 4096

// FieldsLeftOut names the field that counts the native fields which an event
// has no room for. They are in the record.
const FieldsLeftOut = "konseki.fields_left_out"

// maxSettings bounds how many transports a Normaliser remembers.
const maxSettings = 1024

// A Normaliser derives Events from Records. It remembers parsed transports and
// zones and nothing that changes an outcome. Use one per goroutine.
type Normaliser struct {
	formats  []format.Format
	settings map[string]*setting
	in       format.Input // reused between records
}

// setting is what a transport says of the records that came by it.
type setting struct {
	via      event.Transport
	zone     *time.Location
	zoneFrom event.ZoneSource
	ref      time.Time // zero: the time of receipt
	hinted   int       // index of the hinted format, or -1
	encoding string
	plain    bool   // every hint is plain, see [format.IsPlain]
	binary   bool   // the hinted format reads bytes, not text
	folder   string // the file's, within what was imported
}

// New returns a Normaliser that knows every format.
func New() *Normaliser {
	return &Normaliser{formats: formats(), settings: make(map[string]*setting)}
}

// Version names the outcome of this package: it changes whenever the same
// Record would give other Events.
func Version() string { return "9" }

// Events appends the events of rec to dst: at least one, numbered from 0 in
// Nth. A record that no format can read gives one event of format
// [event.Unparsed]. Every string in an event is valid UTF-8.
func (n *Normaliser) Events(dst []event.Event, rec *event.Record) []event.Event {
	set := n.setting(rec.Transport)
	raw, foreign := rec.Raw, false
	if !set.binary {
		raw, foreign = format.Decode(rec.Raw, set.encoding)
	}
	n.in = format.Input{
		Rec: rec, Raw: raw, Via: set.via,
		Zone: set.zone, ZoneFrom: set.zoneFrom, Reference: set.ref,
	}
	if set.ref.IsZero() {
		n.in.Reference = rec.Received
	}
	start := len(dst)
	dst, _ = n.read(&n.in, set.hinted, dst)
	plain := set.plain && format.IsPlain(raw)
	for i := range dst[start:] {
		ev := &dst[start+i]
		ev.Nth = uint16(i)
		if foreign && i == 0 && ev.Text == "" {
			ev.Text = n.in.Text()
		}
		clean(ev, plain)
		if ev.Chain != "" && ev.Host == "" && set.folder != "" {
			ev.Chain += "@" + set.folder // nothing says which machine's numbers they are
		}
	}
	return dst
}

// read asks the hinted format, then every one that matches, and returns the
// index of the format that read the record, -1 when none did.
func (n *Normaliser) read(in *format.Input, hinted int, dst []event.Event) ([]event.Event, int) {
	start := len(dst)
	if hinted >= 0 {
		if out, ok := n.formats[hinted].Normalise(in, dst); ok && acceptable(len(out)-start) {
			return out, hinted
		}
	}
	for i, f := range n.formats {
		if i == hinted || !f.Matches(in.Raw) {
			continue
		}
		if out, ok := f.Normalise(in, dst[:start]); ok && acceptable(len(out)-start) {
			return out, i
		}
	}
	ev := in.New(event.Unparsed, event.ClassBase)
	ev.Message = strings.ToValidUTF8(string(in.Raw[:min(len(in.Raw), format.MaxMessage)]), "\uFFFD")
	return append(dst[:start], ev), -1
}

// acceptable reports whether n events of one record can be numbered in Nth.
func acceptable(n int) bool { return n >= 1 && n <= math.MaxUint16+1 }

func (n *Normaliser) setting(transport string) *setting {
	if set, ok := n.settings[transport]; ok {
		return set
	}
	if len(n.settings) >= maxSettings {
		clear(n.settings)
	}
	set := n.parseSetting(transport)
	n.settings[transport] = set
	return set
}

func (n *Normaliser) parseSetting(transport string) *setting {
	via := event.ParseTransport(transport)
	set := &setting{
		via: via, zone: time.UTC, zoneFrom: event.ZoneAssumed, hinted: -1, encoding: via.Get("enc"),
		plain: !slices.ContainsFunc(via.Hints, func(h event.Hint) bool { return !format.IsPlain([]byte(h.Value)) }),
	}
	if file := via.Get("path"); strings.Contains(file, "/") {
		set.folder = path.Dir(file)
	}
	// "Local" and "" mean another zone on every machine.
	if name := via.Get("tz"); name != "" && name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			set.zone = zone
			if via.Get("tzfrom") == "configured" {
				set.zoneFrom = event.ZoneConfigured
			}
		}
	}
	if ref, err := time.Parse(time.RFC3339Nano, via.Get("ref")); err == nil {
		set.ref = ref
	}
	if name := via.Get("format"); name != "" {
		set.hinted = slices.IndexFunc(n.formats, func(f format.Format) bool { return f.Name() == name })
		set.binary = set.hinted >= 0 && isBinary(n.formats[set.hinted])
	}
	return set
}

func isBinary(f format.Format) bool {
	b, ok := f.(format.Binary)
	return ok && b.Binary()
}

// clean makes every string of the event valid UTF-8, its message short and its
// fields not too many. The strings of a plain record are valid as they are; only
// the source stands outside of it.
func clean(ev *event.Event, plain bool) {
	if more := len(ev.Fields) - maxFields; more > 0 {
		ev.Fields = append(ev.Fields[:maxFields], event.Field{Name: FieldsLeftOut, Value: strconv.Itoa(more)})
	}
	if plain {
		ev.Source = format.Valid(ev.Source)
	} else {
		format.MakeValid(ev)
	}
	ev.Message = format.Message(ev.Message)
}
