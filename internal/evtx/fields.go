package evtx

import "github.com/konseki/konseki/internal/event"

// flattener gathers the fields of an event; their text lies in one buffer.
type flattener struct {
	fields []flatField
	text   []byte
	data   []int // fields of EventData without a name
}

// flatField is a field whose value is text[from:to]. Its name is text[name:from]
// where that is not empty.
type flatField struct {
	fixed    string
	name     int
	from, to int
}

// Fields appends the fields of the event to dst, flat, under the names that
// Sigma's public rules use: the elements of System alone ("EventID"), their
// attributes behind the element's name ("Provider_Name", "Execution_ProcessID")
// but for "UserID" and "SystemTime"; of EventData what each Data is named; of
// UserData and anything else the elements that hold text. Data without a name
// are one field "Data", one value a line. What is empty is left out. The
// strings are for good and in UTF-8.
func (rec *Record) Fields(dst []event.Field) []event.Field {
	f := &rec.reader.flat
	f.fields, f.text, f.data = f.fields[:0], f.text[:0], f.data[:0]
	for _, part := range rec.Root.Children {
		for _, n := range part.Children {
			if part.Name == "System" {
				f.system(n)
			} else {
				f.element(n)
			}
		}
		if part.Name != "System" {
			f.attributes(part)
			if len(part.Children) == 0 {
				f.add(part.Name, part.Values)
			}
		}
	}
	f.unnamed()
	text := string(f.text)
	for _, one := range f.fields {
		field := event.Field{Name: one.fixed, Value: text[one.from:one.to]}
		if one.from > one.name {
			field.Name = text[one.name:one.from]
		}
		if field.Value != "" {
			dst = append(dst, field)
		}
	}
	return dst
}

// system adds an element of System.
func (f *flattener) system(n *Node) {
	switch n.Name {
	case "TimeCreated":
		f.attribute(n, "SystemTime", "SystemTime")
	case "Security":
		f.attribute(n, "UserID", "UserID")
	case "Provider":
		f.attribute(n, "Name", "Provider_Name")
		f.attribute(n, "Guid", "Provider_Guid")
		f.attribute(n, "EventSourceName", "Provider_EventSourceName")
	case "Execution":
		f.attribute(n, "ProcessID", "Execution_ProcessID")
		f.attribute(n, "ThreadID", "Execution_ThreadID")
	default:
		f.element(n)
	}
}

func (f *flattener) attribute(n *Node, name, as string) {
	if values, ok := n.Attr(name); ok {
		f.add(as, values)
	}
}

// element adds what an element and those in it hold.
func (f *flattener) element(n *Node) {
	if named, ok := n.dataName(); ok {
		f.named(named, n.Values)
	} else {
		f.attributes(n)
		if n.Name == "Data" && len(n.Values) > 0 {
			f.data = append(f.data, len(f.fields))
		}
		f.add(n.Name, n.Values)
	}
	for _, c := range n.Children {
		f.element(c)
	}
}

// dataName gives the name that an element Data or ComplexData has.
func (n *Node) dataName() ([]Value, bool) {
	if n.Name != "Data" && n.Name != "ComplexData" {
		return nil, false
	}
	return n.Attr("Name")
}

// attributes adds the attributes of an element behind its name.
func (f *flattener) attributes(n *Node) {
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if a.Name == "xmlns" || len(a.Values) == 0 {
			continue
		}
		at := len(f.text)
		f.text = append(append(append(f.text, n.Name...), '_'), a.Name...)
		f.value(flatField{name: at, from: len(f.text)}, a.Values)
	}
}

// named adds a field whose name is itself a value.
func (f *flattener) named(name, values []Value) {
	if len(name) == 1 && name[0].Data == nil && name[0].text != "" {
		f.add(name[0].text, values)
		return
	}
	at := len(f.text)
	f.text = appendTexts(f.text, name)
	f.value(flatField{fixed: "Data", name: at, from: len(f.text)}, values)
}

func (f *flattener) add(name string, values []Value) {
	if len(values) > 0 {
		f.value(flatField{fixed: name, name: len(f.text), from: len(f.text)}, values)
	}
}

func (f *flattener) value(one flatField, values []Value) {
	f.text = appendTexts(f.text, values)
	one.to = len(f.text)
	f.fields = append(f.fields, one)
}

func appendTexts(dst []byte, values []Value) []byte {
	for i := range values {
		dst = values[i].AppendText(dst)
	}
	return dst
}

// unnamed makes one field of the Data without a name.
func (f *flattener) unnamed() {
	if len(f.data) < 2 {
		return
	}
	from := len(f.text)
	for i, at := range f.data {
		if i > 0 {
			f.text = append(f.text, '\n')
		}
		one := &f.fields[at]
		f.text = append(f.text, f.text[one.from:one.to]...)
		one.to = one.from // empty: left out
	}
	f.fields[f.data[0]] = flatField{fixed: "Data", name: from, from: from, to: len(f.text)}
}
