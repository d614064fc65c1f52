package evtx

import (
	"slices"
	"unicode/utf16"
)

// The tokens of binary XML (MS-EVEN6 2.2.12). hasMore is set where attributes
// follow, or more text.
const (
	tokenEOF        = 0x00
	tokenOpen       = 0x01
	tokenCloseStart = 0x02
	tokenCloseEmpty = 0x03
	tokenEnd        = 0x04
	tokenValue      = 0x05
	tokenAttribute  = 0x06
	tokenCData      = 0x07
	tokenCharRef    = 0x08
	tokenEntityRef  = 0x09
	tokenPITarget   = 0x0a
	tokenPIData     = 0x0b
	tokenTemplate   = 0x0c
	tokenSlot       = 0x0d
	tokenOptional   = 0x0e
	tokenFragment   = 0x0f

	hasMore = 0x40
)

// op is one step of a program.
type op struct {
	kind opKind
	name string // of an element, an attribute or an instruction
	text string // of a text or an instruction
	slot int    // which value stands here, or -1; of an element: the one without which it is left out
	skip int    // of an element: the step after its end
	with *instance
}

type opKind uint8

const (
	opOpen     opKind = iota // an element begins
	opAttr                   // an attribute begins
	opBody                   // the attributes end
	opClose                  // the element ends
	opText                   // text of the template
	opSlot                   // a value of the instance
	opInstance               // another template with its values
	opPI                     // a processing instruction
)

// program is binary XML read once: the steps that make elements of it, given
// the values of an instance.
type program struct {
	ops []op
	err error
}

// instance is a program with its values.
type instance struct {
	program *program
	values  []Value
}

// value gives the value of a slot; one that is not there counts as null.
func (in *instance) value(slot int) *Value {
	if slot < 0 || slot >= len(in.values) {
		return &Value{}
	}
	return &in.values[slot]
}

// compiler turns binary XML into a program.
type compiler struct {
	scan
	ops       []op
	open      []int // steps of the elements not yet closed
	inTag     bool  // attributes may follow
	dependent bool  // elements state what they depend on
	done      bool
	target    string // of a processing instruction
}

// compile reads the binary XML of the chunk from at to end. Elements within a
// value do not state what they depend on, all others do.
func (r *Reader) compile(at, end int, dependent bool) *program {
	c := compiler{scan: scan{r: r, at: at, end: end}, dependent: dependent}
	for c.at < c.end && !c.done && c.err == nil {
		c.token()
	}
	if c.err == nil && len(c.open) > 0 {
		c.err = ErrToken
	}
	if err := r.work(c.at - at); err != nil && c.err == nil {
		c.err = err
	}
	return &program{ops: c.ops, err: c.err}
}

func (c *compiler) emit(o op) { c.ops = append(c.ops, o) }

func (c *compiler) token() {
	switch t := c.u8(); t {
	case tokenEOF:
		c.done = true
	case tokenFragment:
		c.take(3)
	case tokenOpen, tokenOpen | hasMore:
		c.element(t&hasMore != 0)
	case tokenAttribute, tokenAttribute | hasMore:
		if !c.inTag {
			c.fail(ErrToken)
			return
		}
		c.emit(op{kind: opAttr, name: c.name()})
	case tokenCloseStart:
		c.endTag()
	case tokenCloseEmpty:
		c.endTag()
		c.close()
	case tokenEnd:
		c.close()
	default:
		c.content(t)
	}
}

// element begins an element.
func (c *compiler) element(attributes bool) {
	depends := -1
	if c.dependent {
		if id := c.u16(); id != 0xffff {
			depends = int(id)
		}
	}
	c.take(4) // the size of the element, which its tokens tell too
	name := c.name()
	if attributes {
		c.take(4) // the size of the attributes
	}
	switch {
	case c.inTag:
		c.fail(ErrToken)
	case len(c.open) >= maxDepth:
		c.fail(ErrDepth)
	}
	c.open = append(c.open, len(c.ops))
	c.emit(op{kind: opOpen, name: name, slot: depends})
	c.inTag = true
}

func (c *compiler) endTag() {
	if !c.inTag {
		c.fail(ErrToken)
		return
	}
	c.inTag = false
	c.emit(op{kind: opBody})
}

func (c *compiler) close() {
	if c.inTag || len(c.open) == 0 {
		c.fail(ErrToken)
		return
	}
	c.emit(op{kind: opClose})
	last := len(c.open) - 1
	c.ops[c.open[last]].skip = len(c.ops)
	c.open = c.open[:last]
}

// content reads what stands in an element or in an attribute.
func (c *compiler) content(t byte) {
	switch t &^ hasMore {
	case tokenValue:
		if Type(c.u8()) != String {
			c.fail(ErrToken)
			return
		}
		c.emit(op{kind: opText, text: c.text()})
	case tokenCData:
		c.emit(op{kind: opText, text: c.text()})
	case tokenCharRef:
		c.emit(op{kind: opText, text: string(utf16.Decode([]uint16{c.u16()}))})
	case tokenEntityRef:
		c.emit(op{kind: opText, text: entity(c.name())})
	case tokenPITarget:
		c.target = c.name()
	case tokenPIData:
		c.emit(op{kind: opPI, name: "?" + c.target, text: c.text()})
	case tokenSlot, tokenOptional:
		slot := int(c.u16())
		c.u8() // the type, which the value states too
		c.emit(op{kind: opSlot, slot: slot})
	case tokenTemplate:
		in := c.instance()
		in.values = slices.Clone(in.values) // a template outlives the record it stands in
		c.emit(op{kind: opInstance, with: &in})
	default:
		c.fail(ErrToken)
	}
}

// entity gives the text of the entities that XML itself knows.
func entity(name string) string {
	switch name {
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "amp":
		return "&"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	return "&" + name + ";"
}

// instance reads a template instance after its token: where the template is,
// the template itself when it stands here for the first time, and the values.
func (s *scan) instance() instance {
	s.take(5) // of unknown use, and the template's number
	offset := int(s.u32())
	if s.err != nil {
		return instance{}
	}
	p, size := s.r.template(offset)
	if offset == s.at {
		s.take(size)
	}
	if s.err == nil && p.err != nil {
		s.fail(p.err)
	}
	return instance{program: p, values: s.values()}
}

// values reads the values of an instance: their number, size and type of each,
// then the values themselves.
func (s *scan) values() []Value {
	count := int(s.u32())
	if count < 0 || count > (s.end-s.at)/4 {
		s.fail(ErrTruncated)
	}
	described := scan{r: s.r, at: s.at, end: s.end}
	s.take(4 * count)
	if s.err != nil || s.r.work(4*count) != nil {
		s.fail(ErrTooLarge)
		return nil
	}
	from := len(s.r.values)
	for range count {
		size, t := int(described.u16()), described.u8()
		described.u8()
		at := s.at
		s.r.values = append(s.r.values, Value{Type: Type(t &^ arrayFlag), Array: t&arrayFlag != 0, Data: s.take(size), at: at})
	}
	return s.r.values[from:len(s.r.values):len(s.r.values)]
}

// template gives the template at an offset of the chunk, read once, and its
// size: the offset of another template, a GUID, the size of the binary XML.
func (r *Reader) template(offset int) (*program, int) {
	if t, ok := r.templates[offset]; ok {
		return t.program, t.size
	}
	const header = 24
	s := scan{r: r, at: offset, end: len(r.chunk)}
	if offset < 0 || offset > len(r.chunk) {
		return &program{err: ErrOffset}, 0
	}
	s.take(header - 4)
	size := int(s.u32())
	if s.err != nil || size < 0 || size > s.end-s.at {
		return &program{err: ErrOffset}, 0
	}
	if r.nested >= maxTemplates {
		return &program{err: ErrDepth}, 0
	}
	r.templates[offset] = template{&program{err: ErrLoop}, header + size}
	r.nested++
	p := r.compile(s.at, s.at+size, true)
	r.nested--
	r.templates[offset] = template{p, header + size}
	return p, header + size
}

type template struct {
	program *program
	size    int
}
