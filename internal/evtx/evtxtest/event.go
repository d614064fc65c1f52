package evtxtest

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/evtx"
)

// Event is an event as tests state it.
type Event struct {
	Record   uint64 // 0: one more than the last
	Time     time.Time
	Provider string
	Channel  string
	Computer string
	ID       uint16
	Level    byte
	Keywords uint64
	User     []byte // security identifier, nil for none
	// UserData is the element in UserData that holds the data; "" for EventData.
	UserData string
	Data     []Data
}

// Data is one datum. Without a name it is a Data that has none. The value is a
// string, []string, bool, uint32, uint64 (written as an address), []byte
// (a security identifier) or a Value.
type Data struct {
	Name  string
	Value any
}

// System is the security identifier of the local system, S-1-5-18.
func System() []byte { return []byte{1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0} }

// File gives the file of these events, some to a chunk.
func File(perChunk int, events ...Event) []byte {
	var chunks [][]byte
	next := uint64(1)
	for i, rest := 0, events; i == 0 || len(rest) > 0; i++ {
		n := min(perChunk, len(rest))
		c := NewChunk()
		for _, e := range rest[:n] {
			if e.Record != 0 {
				next = e.Record
			}
			c.Event(next, e)
			next++
		}
		chunks, rest = append(chunks, c.Bytes()), rest[n:]
	}
	out := Header(len(chunks), next, 0)
	for _, c := range chunks {
		out = append(out, c...)
	}
	return out
}

// Event appends an event as Windows writes it: a template for System, with
// the data in a template of its own as its last value.
func (c *Chunk) Event(record uint64, e Event) {
	c.Record(record, e.Time, func(b *Body) {
		le := binary.LittleEndian
		b.Fragment()
		user := Value{Type: evtx.Null}
		if e.User != nil {
			user = Value{Type: evtx.SID, Data: e.User}
		}
		b.Template("system", system,
			Value{Type: evtx.String, Data: UTF16(e.Provider)},
			Value{Type: evtx.Uint16, Data: le.AppendUint16(nil, e.ID)},
			Value{Type: evtx.Uint8, Data: []byte{e.Level}},
			Value{Type: evtx.Hex64, Data: le.AppendUint64(nil, e.Keywords)},
			Value{Type: evtx.FileTime, Data: le.AppendUint64(nil, FileTime(e.Time))},
			Value{Type: evtx.Uint64, Data: le.AppendUint64(nil, record)},
			Value{Type: evtx.Uint32, Data: le.AppendUint32(nil, 4242)},
			Value{Type: evtx.String, Data: UTF16(e.Channel)},
			Value{Type: evtx.String, Data: UTF16(e.Computer)},
			user,
			Value{Type: evtx.BinXML, Write: func(b *Body) { b.data(e) }},
		)
		b.End()
	})
}

func system(b *Body) {
	literal := func(s string) func() { return func() { b.Text(s) } }
	value := func(slot int, t evtx.Type) func() { return func() { b.Optional(slot, t) } }
	b.Open("Event", -1, "xmlns", literal("http://schemas.microsoft.com/win/2004/08/events/event"))
	b.Body()
	b.Open("System", -1)
	b.Body()
	b.Open("Provider", -1, "Name", value(0, evtx.String))
	b.Empty()
	b.Element("EventID", 1, evtx.Uint16)
	b.Element("Level", 2, evtx.Uint8)
	b.Element("Keywords", 3, evtx.Hex64)
	b.Open("TimeCreated", -1, "SystemTime", value(4, evtx.FileTime))
	b.Empty()
	b.Element("EventRecordID", 5, evtx.Uint64)
	b.Open("Correlation", -1)
	b.Empty()
	b.Open("Execution", -1, "ProcessID", value(6, evtx.Uint32))
	b.Empty()
	b.Element("Channel", 7, evtx.String)
	b.Element("Computer", 8, evtx.String)
	b.Open("Security", -1, "UserID", value(9, evtx.SID))
	b.Empty()
	b.Close()
	b.Optional(10, evtx.BinXML)
	b.Close()
}

// data writes the data of an event as a template instance.
func (b *Body) data(e Event) {
	key := []string{"data", e.UserData}
	var values []Value
	for _, d := range e.Data {
		key = append(key, d.Name)
		values = append(values, valueOf(d.Value))
	}
	b.Fragment()
	b.Template(strings.Join(key, "\x00"), func(b *Body) {
		if e.UserData == "" {
			b.Open("EventData", -1)
			b.Body()
		} else {
			b.Open("UserData", -1)
			b.Body()
			b.Open(e.UserData, -1)
			b.Body()
			defer b.Close()
		}
		for i, d := range e.Data {
			switch {
			case e.UserData != "":
				b.Open(d.Name, -1)
			case d.Name == "":
				b.Open("Data", -1)
			default:
				b.Open("Data", -1, "Name", func() { b.Text(d.Name) })
			}
			b.Body()
			b.Slot(i, values[i].Type)
			b.Close()
		}
		b.Close()
	}, values...)
	b.End()
}

func valueOf(v any) Value {
	le := binary.LittleEndian
	switch v := v.(type) {
	case string:
		return Value{Type: evtx.String, Data: UTF16(v)}
	case []string:
		return Value{Type: evtx.String | 0x80, Data: UTF16(strings.Join(v, "\x00") + "\x00")}
	case bool:
		data := []byte{0, 0, 0, 0}
		if v {
			data[0] = 1
		}
		return Value{Type: evtx.Bool, Data: data}
	case uint32:
		return Value{Type: evtx.Uint32, Data: le.AppendUint32(nil, v)}
	case uint64:
		return Value{Type: evtx.Hex64, Data: le.AppendUint64(nil, v)}
	case []byte:
		return Value{Type: evtx.SID, Data: v}
	case Value:
		return v
	}
	panic("evtxtest: no such value")
}
