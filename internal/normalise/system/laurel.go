package system

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// laurel reads the JSON that the audit plugin Laurel writes: one object for
// each serial, {"ID":"SECONDS.MILLIS:SERIAL","SYSCALL":{…},"EXECVE":{"ARGV":[…]},
// "PATH":[…]}. Its events are those of auditd, and name the parent program.
type laurel struct {
	flat     *jsonx.Flattener
	syscalls map[string]string
}

// NewLaurel returns the format "laurel".
func NewLaurel() format.Format {
	return &laurel{flat: jsonx.NewFlattener(jsonx.DefaultLimits()), syscalls: syscallNames()}
}

func (*laurel) Name() string { return "laurel" }

func (*laurel) Matches(raw []byte) bool {
	rest, ok := bytes.CutPrefix(raw, []byte(`{"ID":"`))
	id, rest, closed := bytes.Cut(rest[:min(len(rest), 64)], []byte(`",`))
	return ok && closed && bytes.IndexByte(id, '.') > 0 && bytes.IndexByte(id, ':') > 0 && len(rest) > 0
}

// Shape recognises a file by its first object.
func (f *laurel) Shape(head []byte) (event.Shape, bool) {
	return event.Shape{Format: "laurel", Framing: event.FrameJSON}, f.Matches(head)
}

func (f *laurel) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	members, err := f.flat.Flatten(in.Raw)
	if err != nil || len(members) < 2 || members[0].Name != "ID" {
		return dst, false
	}
	a := audit{ev: in.New("laurel", event.ClassBase), syscalls: f.syscalls}
	if !a.setID(in, members[0].Value) {
		return dst, false
	}
	a.ev.Fields = make([]event.Field, 0, len(members)+8)
	for i := range members[1:] {
		a.member(&members[1+i])
	}
	if a.kind == "" {
		return dst, false
	}
	a.finish(a.comm + " " + a.exe)
	return append(dst, a.ev), true
}

// member reads one leaf, "SYSCALL.exe".
func (a *audit) member(m *jsonx.Member) {
	kind, name, ok := strings.Cut(m.Name, ".")
	if !ok {
		if kind == "NODE" {
			a.ev.Host = m.Value
		}
		a.ev.Add(m.Name, m.Value)
		return
	}
	a.open(kind, name)
	switch {
	case kind == "EXECVE" && name == "ARGV":
		if len(a.args) < maxArguments {
			a.ev.Add("a"+strconv.Itoa(len(a.args)), m.Value)
			a.args = append(a.args, m.Value)
		}
	case kind == "PROCTITLE" && name == "ARGV":
		a.words = append(a.words, m.Value)
	case name == "PPID.exe":
		a.parent = m.Value
		a.ev.Add(name, m.Value)
	default:
		a.field(kind, name, m.Value)
	}
}

// open notes that a line of another type, or a further path, begins.
func (a *audit) open(kind, name string) {
	if kind == "PATH" && (name == "item" || len(a.names) == 0) {
		a.names = append(a.names, auditName{})
	}
	if kind == a.last {
		return
	}
	a.last = kind
	a.ev.Add("type", kind)
	if a.kind == "" || kind == "EXECVE" {
		a.kind = kind
	}
}
