// Package object is what formats share whose records are JSON objects, alone or in the pages that services answer with.
package object

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Reader describes a format whose records are JSON objects (RFC 8259).
type Reader struct {
	// Name is the format's name.
	Name string
	// Marks are texts that every record holds, and hardly a record of another
	// format: names of members in their quotes. Of a mark with bars,
	// `"a"|"b"`, one is enough.
	Marks []string
	// Pages are the members that hold the records of a page.
	Pages []string
	// Read fills the columns of ev, whose Fields are the flattened members of the
	// object in raw. It returns false when that is not of this format after all.
	Read func(in *format.Input, raw []byte, ev *event.Event) bool
}

// New returns the format that r describes.
func New(r Reader) format.Format {
	f := &object{Reader: r, flat: jsonx.NewFlattener(jsonx.DefaultLimits())}
	for _, m := range r.Marks {
		var any [][]byte
		for one := range strings.SplitSeq(m, "|") {
			any = append(any, []byte(one))
		}
		f.marks = append(f.marks, any)
	}
	return f
}

type object struct {
	Reader
	marks [][][]byte
	flat  *jsonx.Flattener
}

func (f *object) Name() string { return f.Reader.Name }

func (f *object) Matches(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '{' {
		return false
	}
	for _, any := range f.marks {
		if !containsAny(raw, any) {
			return false
		}
	}
	return true
}

func containsAny(raw []byte, texts [][]byte) bool {
	for _, t := range texts {
		if bytes.Contains(raw, t) {
			return true
		}
	}
	return false
}

// Shape takes files of such objects, one a line or not, of one array and of a page.
func (f *object) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok || !f.Matches(first) {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Framing: framing}, true
}

func (f *object) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	start := len(dst)
	for _, raw := range f.page(in.Raw) {
		members, err := f.flat.Flatten(raw)
		if err != nil {
			return dst[:start], false
		}
		dst = append(dst, in.New(f.Name(), event.ClassBase))
		ev := &dst[len(dst)-1]
		ev.Fields = make([]event.Field, 0, len(members))
		for _, m := range members {
			ev.Add(m.Name, m.Value)
		}
		if !f.Read(in, raw, ev) {
			return dst[:start], false
		}
	}
	return dst, len(dst) > start
}

// page gives the records of a page, or raw itself when it is none.
func (f *object) page(raw []byte) []jsontext.Value {
	whole := []jsontext.Value{raw}
	for _, name := range f.Pages {
		if !bytes.Contains(raw, []byte(`"`+name+`"`)) {
			continue
		}
		var page map[string]jsontext.Value
		if jsonx.Unmarshal(raw, &page, jsonx.DefaultLimits()) != nil {
			return whole
		}
		var records []jsontext.Value
		if page[name].Kind() == '[' && jsonx.Unmarshal(page[name], &records, jsonx.DefaultLimits()) == nil {
			return records
		}
	}
	return whole
}

// SetTime sets the time from the first of these fields that holds one. A time
// that cannot be read is kept as it stands.
func SetTime(in *format.Input, ev *event.Event, names ...string) bool {
	for _, name := range names {
		text, _ := ev.Get(name)
		if text == "" {
			continue
		}
		if m, ok := format.ParseTime(text); ok {
			m.Set(in, ev)
			return true
		}
		ev.Quality.Original = text
	}
	return false
}

// SetUTC is [SetTime] for makers who document that their times are UTC and
// write none of that into the record.
func SetUTC(in *format.Input, ev *event.Event, names ...string) bool {
	text := ev.First(names...)
	m, ok := format.ParseTime(text)
	if !ok {
		ev.Quality.Original = text
		return false
	}
	if !m.Zoned {
		m.Zoned, m.Offset = true, 0
	}
	m.Set(in, ev)
	return true
}

// Sentence puts the texts that are not empty into one message.
func Sentence(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		if t == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t)
	}
	return format.Message(b.String())
}

// Into decodes raw into v, as far as v has members of the same names.
func Into(raw []byte, v any) bool { return jsonx.Unmarshal(raw, v, jsonx.DefaultLimits()) == nil }

// Activities of OCSF Account Change about second factors.
const (
	ActivityFactorEnable  int32 = 10
	ActivityFactorDisable int32 = 11
)

// Acts tells what a maker's names for events say.
type Acts map[string]Act

// Add takes names, parted by spaces, that all say the same.
func (m Acts) Add(class, activity, status int32, names string) {
	for name := range strings.FieldsSeq(names) {
		m[name] = Act{class, activity, status}
	}
}

// Act is what a maker's name for an event says: class, activity and, where
// the name itself tells it, the outcome.
type Act struct{ Class, Activity, Status int32 }

// Set gives the event what the name says.
func (a Act) Set(ev *event.Event) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = a.Class, a.Activity, a.Status
}
