package evtx

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonWriter writes events as JSON.
type jsonWriter struct {
	taken   []map[string]int // names taken in the objects being written
	attrs   map[string]int   // and in the attributes
	scratch []byte
}

// AppendJSON appends the event as one JSON object, in the shape known from
// evtx_dump: attributes stand under "#attributes" and text beside them under
// "#text", a Data is a member by its name, and a name that comes again gets
// "_1", "_2" …; several Data without a name are one array. Integers, reals and
// booleans are such, GUIDs have no braces, everything else is a string; what is
// empty is null.
func (rec *Record) AppendJSON(dst []byte) []byte {
	w := &rec.reader.json
	dst = append(dst, '{')
	dst = append(w.quote(dst, rec.Root.Name), ':')
	return append(w.element(dst, rec.Root, 0), '}')
}

// element writes what an element holds.
func (w *jsonWriter) element(dst []byte, n *Node, depth int) []byte {
	_, named := n.dataName()
	attributes := 0
	for i := range n.Attrs {
		if !named || n.Attrs[i].Name != "Name" {
			attributes++
		}
	}
	if attributes == 0 && len(n.Children) == 0 {
		return w.values(dst, n.Values)
	}
	if depth == len(w.taken) {
		w.taken = append(w.taken, map[string]int{})
	}
	clear(w.taken[depth])
	w.taken[depth]["#attributes"], w.taken[depth]["#text"] = 1, 1
	dst = append(dst, '{')
	if attributes > 0 {
		dst = append(w.attributes(append(dst, `"#attributes":`...), n, named), ',')
	}
	if len(n.Values) > 0 {
		dst = append(w.values(append(dst, `"#text":`...), n.Values), ',')
	}
	unnamed := unnamedData(n)
	for _, c := range n.Children {
		switch {
		case unnamed == 0 || !c.isUnnamedData():
			dst = append(w.name(dst, c, depth), ':')
			dst = append(w.element(dst, c, depth+1), ',')
		case w.taken[depth]["Data"] == 0:
			w.taken[depth]["Data"]++
			dst = append(w.array(append(dst, `"Data":{"#text":`...), n), "},"...)
		}
	}
	dst[len(dst)-1] = '}' // in place of the last comma
	return dst
}

func (w *jsonWriter) attributes(dst []byte, n *Node, named bool) []byte {
	dst = append(dst, '{')
	clear(w.attrs)
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if named && a.Name == "Name" {
			continue
		}
		dst = append(w.quote(dst, free(w.attrs, a.Name)), ':')
		dst = append(w.values(dst, a.Values), ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// name writes the name of a member, one that is not taken yet.
func (w *jsonWriter) name(dst []byte, n *Node, depth int) []byte {
	name := n.Name
	if values, ok := n.dataName(); ok {
		if len(values) == 1 && values[0].Data == nil {
			name = values[0].text
		} else {
			name = string(appendTexts(nil, values))
		}
	}
	return w.quote(dst, free(w.taken[depth], name))
}

// free gives a name that is not taken yet, and takes it.
func free(taken map[string]int, name string) string {
	again := taken[name]
	if again == 0 {
		taken[name] = 1
		return name
	}
	next := name + "_" + strconv.Itoa(again)
	for taken[next] > 0 {
		again++
		next = name + "_" + strconv.Itoa(again)
	}
	taken[name], taken[next] = again+1, 1
	return next
}

// unnamedData counts the Data without a name among the children when they are
// to be one array.
func unnamedData(n *Node) int {
	count, array := 0, false
	for _, c := range n.Children {
		if c.isUnnamedData() {
			count++
			array = array || len(c.Values) > 0 && c.Values[0].Array
		}
	}
	if count == 1 && !array {
		return 0
	}
	return count
}

func (n *Node) isUnnamedData() bool {
	return n.Name == "Data" && len(n.Attrs) == 0 && len(n.Children) == 0
}

// array writes the values of all Data without a name.
func (w *jsonWriter) array(dst []byte, n *Node) []byte {
	dst = append(dst, '[')
	for _, c := range n.Children {
		if !c.isUnnamedData() {
			continue
		}
		if len(c.Values) == 1 && c.Values[0].Array {
			for one := range c.Values[0].elements() {
				dst = append(w.value(dst, one), ',')
			}
			continue
		}
		dst = append(w.values(dst, c.Values), ',')
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}

// values writes one value as what it is and several as one text.
func (w *jsonWriter) values(dst []byte, values []Value) []byte {
	switch {
	case len(values) == 0:
		return append(dst, "null"...)
	case len(values) > 1:
		w.scratch = appendTexts(w.scratch[:0], values)
		return quote(dst, w.scratch)
	case !values[0].Array:
		return w.value(dst, &values[0])
	}
	dst = append(dst, '[')
	for one := range values[0].elements() {
		dst = append(w.value(dst, one), ',')
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}

func (w *jsonWriter) value(dst []byte, v *Value) []byte {
	if v.isNumber() {
		return v.appendOne(dst)
	}
	if v.Type == GUID && len(v.Data) >= v.Type.width() { // without braces here
		return append(appendGUID(append(dst, '"'), v.Data), '"')
	}
	at := len(dst)
	dst = v.appendOne(append(dst, '"'))
	if isPlain(dst[at+1:]) {
		return append(dst, '"')
	}
	w.scratch = append(w.scratch[:0], dst[at+1:]...)
	return quote(dst[:at], w.scratch)
}

// isNumber reports whether JSON has the value without quotes.
func (v *Value) isNumber() bool {
	if len(v.Data) < v.Type.width() {
		return false
	}
	switch v.Type {
	case Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64, Bool:
		return true
	case Real32, Real64:
		text := string(v.appendOne(nil))
		f, err := strconv.ParseFloat(text, 64)
		return err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return false
}

func (w *jsonWriter) quote(dst []byte, s string) []byte {
	w.scratch = append(w.scratch[:0], s...)
	return quote(dst, w.scratch)
}

// quote appends text as a JSON string.
func quote(dst, text []byte) []byte {
	if isPlain(text) {
		return append(append(append(dst, '"'), text...), '"')
	}
	quoted, err := jsontext.AppendQuote(dst, text)
	if err != nil {
		return append(dst, `""`...) // the text is valid UTF-8: cannot be
	}
	return quoted
}

// isPlain reports whether JSON writes text as it is.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
