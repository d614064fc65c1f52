package logsource

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A Reader reads what the rules of one logsource see under one name. Make it
// once for many events; it may be shared.
type Reader struct {
	name  string
	all   bool
	reads []source
}

// A source is a StandIn with the Reader of its field, if it is one.
type source struct {
	StandIn
	field *Reader
}

// NewReader resolves a name of the Sigma taxonomy, of a native field or of a
// promoted column for the events of a logsource.
func NewReader(l Logsource, field string) *Reader {
	n := NewNames(l)
	return n.reader(n.Field(field))
}

func (n *Names) reader(f Field) *Reader {
	r := &Reader{name: f.Name, all: f.All()}
	for _, s := range n.StandIns(f) {
		in := source{StandIn: s}
		if s.Field.Name != "" {
			in.field = n.reader(s.Field)
		}
		r.reads = append(r.reads, in)
	}
	return r
}

// Append appends the values that ev has under the reader's name: those of the
// native field of that name, else of what stands in for it. Empty values are
// none.
func (r *Reader) Append(dst []string, ev *event.Event) []string {
	start := len(dst)
	for i := range ev.Fields {
		if ev.Fields[i].Name == r.name && ev.Fields[i].Value != "" {
			dst = append(dst, ev.Fields[i].Value)
		}
	}
	for i := 0; i < len(r.reads) && (r.all || len(dst) == start); i++ {
		dst = r.reads[i].appendTo(dst, ev)
	}
	return dst
}

func (s *source) appendTo(dst []string, ev *event.Event) []string {
	if s.field != nil {
		return s.field.Append(dst, ev)
	}
	if s.Prefix == "" {
		if text := s.Column.read(ev); text != "" {
			dst = append(dst, text)
		}
		return dst
	}
	for i := range ev.Fields {
		if f := &ev.Fields[i]; strings.HasPrefix(f.Name, s.Prefix) && f.Value != "" {
			dst = append(dst, f.Value)
		}
	}
	return dst
}
