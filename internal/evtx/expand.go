package evtx

// expansion makes elements of an instance. The element being made is the last
// of the reader's path.
type expansion struct {
	r    *Reader
	in   *instance
	attr bool // values belong to the last attribute of the element
}

// expand appends the elements of an instance to parent, which stands at a depth.
func (r *Reader) expand(in *instance, parent *Node, depth int) error {
	from := len(r.path)
	r.path = append(r.path, parent)
	x := expansion{r: r, in: in}
	err := x.run(in.program.ops, depth)
	r.path = r.path[:from]
	return err
}

// top is the element being made.
func (x *expansion) top() *Node { return x.r.path[len(x.r.path)-1] }

func (x *expansion) run(ops []op, depth int) error {
	base := len(x.r.path)
	for i := 0; i < len(ops); i++ {
		o := &ops[i]
		if err := x.r.spend(8 + len(o.name) + len(o.text)); err != nil {
			return err
		}
		switch o.kind {
		case opOpen:
			if o.slot >= 0 && o.slot < len(x.in.values) && x.in.values[o.slot].Type == Null {
				i = o.skip - 1
				continue
			}
			if depth+len(x.r.path)-base >= maxDepth {
				return ErrDepth
			}
			n, parent := x.r.node(o.name), x.top()
			parent.Children = append(parent.Children, n)
			x.r.path = append(x.r.path, n)
		case opAttr:
			x.endAttr()
			x.top().addAttr(o.name)
			x.attr = true
		case opBody:
			x.endAttr()
		case opClose:
			x.r.path = x.r.path[:len(x.r.path)-1]
		case opPI:
			n, parent := x.r.node(o.name), x.top()
			n.Values = append(n.Values, Value{Type: String, text: o.text})
			parent.Children = append(parent.Children, n)
		case opText:
			x.put(&Value{Type: String, text: o.text})
		case opSlot, opInstance:
			if err := x.nested(o, depth+len(x.r.path)-base); err != nil {
				return err
			}
		}
	}
	return nil
}

// nested puts a value, or the elements of a value or of another template.
func (x *expansion) nested(o *op, depth int) error {
	if o.kind == opInstance {
		return x.r.expand(o.with, x.top(), depth)
	}
	v := x.in.value(o.slot)
	if err := x.r.spend(len(v.Data)); err != nil {
		return err
	}
	if v.Type == BinXML && !v.Array {
		return x.r.fragment(v.at, v.at+len(v.Data), x.top(), depth, false)
	}
	x.put(v)
	return nil
}

// put appends a value to the element, or to its attribute, being made.
func (x *expansion) put(v *Value) {
	if v.Type == Null {
		return
	}
	n := x.top()
	if x.attr {
		a := &n.Attrs[len(n.Attrs)-1]
		a.Values = append(a.Values, *v)
		return
	}
	n.Values = append(n.Values, *v)
}

// endAttr drops an attribute that turned out to have no value.
func (x *expansion) endAttr() {
	n := x.top()
	if last := len(n.Attrs) - 1; x.attr && len(n.Attrs[last].Values) == 0 {
		n.Attrs = n.Attrs[:last]
	}
	x.attr = false
}

// fragment appends the elements of the binary XML from at to end to parent:
// those of template instances, or those that stand there themselves.
func (r *Reader) fragment(at, end int, parent *Node, depth int, dependent bool) error {
	if depth >= maxDepth {
		return ErrDepth
	}
	if err := r.work(end - at); err != nil {
		return err
	}
	s := scan{r: r, at: at, end: end}
	for s.at < s.end {
		before := s.at
		switch s.u8() {
		case tokenEOF:
			return nil
		case tokenFragment:
			s.take(3)
		case tokenTemplate:
			in := s.instance()
			if s.err != nil {
				return s.err
			}
			if err := r.expand(&in, parent, depth); err != nil {
				return err
			}
		default:
			p := r.compile(before, end, dependent)
			if p.err != nil {
				return p.err
			}
			return r.expand(&instance{program: p}, parent, depth)
		}
	}
	return s.err
}

// spend counts what an event expands to.
func (r *Reader) spend(n int) error {
	r.event += n
	if r.event > maxEvent || r.events+r.event > maxEvents {
		return ErrTooLarge
	}
	return nil
}

// work counts the bytes read of a chunk.
func (r *Reader) work(n int) error {
	if r.worked += n; r.worked > maxWork {
		return ErrTooLarge
	}
	return nil
}
