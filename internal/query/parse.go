package query

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// Options is what a query's meaning depends on besides its text.
type Options struct {
	Zone *time.Location // of times that state none; nil is UTC
	Now  time.Time      // what relative times refer to; zero is the present
	// Known resolves person:, device:, network: and item:; where it is nil they
	// are refused.
	Known Resolver
}

// Parse reads a query. The error is a *SyntaxError, or one of [Options.Known]'s.
func Parse(text string, opts Options) (*Plan, error) {
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{Pos: 1, Msg: "the query is not UTF-8", Hint: "convert it to UTF-8"}
	}
	if opts.Zone == nil {
		opts.Zone = time.UTC
	}
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	p := parser{text: []rune(text), opts: opts}
	if len(p.text) > maxLength {
		return nil, p.fail(maxLength, "the query is too long", "split it into several")
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	plan := &Plan{Root: root}
	if height(root) > maxDepth || utf8.RuneCountInString(plan.String()) > maxLength {
		return nil, p.fail(0, "the query is too long or nested too deep", "split it into several")
	}
	plan.bound()
	if err := p.resolve(plan); err != nil {
		return nil, err
	}
	return plan, nil
}

// parser reads a query by recursive descent, rune by rune.
type parser struct {
	text  []rune
	at    int
	depth int
	terms int
	opts  Options
	// within is the field of an open field:( … ), nil outside.
	within *field
	// places is where each term stands that is to be resolved, in their order.
	places []int
}

func (p *parser) fail(at int, msg, hint string) error {
	return &SyntaxError{Pos: at + 1, Msg: msg, Hint: hint}
}

func (p *parser) parse() (Node, error) {
	p.space()
	if p.at == len(p.text) {
		return And{}, nil
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.fail(p.at, "this parenthesis was never opened", "remove it, or quote the word it belongs to")
	}
	return root, nil
}

func (p *parser) or() (Node, error) {
	var nodes []Node
	for {
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if !p.keyword("OR") {
			return joinOr(nodes), nil
		}
	}
}

func (p *parser) and() (Node, error) {
	var nodes []Node
	for {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if p.keyword("AND") {
			continue
		}
		if p.at == len(p.text) || isClose(p.text[p.at]) || p.sees("OR") {
			return joinAnd(nodes), nil
		}
	}
}

func (p *parser) not() (Node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.fail(p.at, "nested too deep", "use fewer parentheses")
	}
	if p.keyword("NOT") || p.minus() {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		if inner, ok := n.(Not); ok {
			return inner.Node, nil
		}
		return Not{n}, nil
	}
	return p.primary()
}

func (p *parser) primary() (Node, error) {
	if p.at == len(p.text) || isClose(p.text[p.at]) || p.sees("OR") || p.sees("AND") {
		return nil, p.fail(p.at, "a term is missing here", `write field:value or a word; quote "AND", "OR" and "NOT" to search for them`)
	}
	if isOpen(p.text[p.at]) {
		return p.group()
	}
	if p.terms++; p.terms > maxTerms {
		return nil, p.fail(p.at, "too many terms", "split the query into several")
	}
	var n Node
	var err error
	if p.within != nil {
		n, err = p.value(*p.within)
	} else {
		n, err = p.term()
	}
	p.space()
	return n, err
}

// group reads ( … ).
func (p *parser) group() (Node, error) {
	open := p.at
	p.at++
	p.space()
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at == len(p.text) {
		return nil, p.fail(open, "this parenthesis is never closed", `add ")", or quote the word it belongs to`)
	}
	p.at++
	p.space()
	return n, nil
}

// term reads field:value, field:( … ) or a free word.
func (p *parser) term() (Node, error) {
	start := p.at
	f, ok, err := p.field()
	if err != nil {
		return nil, err
	}
	if !ok {
		p.at = start
		return p.word()
	}
	if p.at < len(p.text) && isOpen(p.text[p.at]) {
		p.within = &f
		n, err := p.group()
		p.within = nil
		return n, err
	}
	return p.value(f)
}

// field reads a name and its colon, and reports whether there was one.
func (p *parser) field() (field, bool, error) {
	var name string
	quoted := p.text[p.at] == '"'
	if quoted {
		var err error
		if name, err = p.quoted(); err != nil {
			return field{}, false, err
		}
	} else {
		start := p.at
		for p.at < len(p.text) && nameRune(p.text[p.at], p.at == start) {
			p.at++
		}
		name = string(p.text[start:p.at])
	}
	if name == "" || p.at == len(p.text) || !isColon(p.text[p.at]) || (!quoted && p.notField(name)) {
		return field{}, false, nil
	}
	p.at++
	if p.at == len(p.text) || isSpace(p.text[p.at]) || isClose(p.text[p.at]) {
		return field{}, false, p.fail(p.at, "no value after the colon", `write field:value without a space, or quote the words: "error: …"`)
	}
	if quoted {
		return field{names: []string{name}, native: true}, true, nil
	}
	return resolve(name), true, nil
}

// notField recognises colons that belong to a word: URLs, Windows paths, IPv6
// addresses.
func (p *parser) notField(name string) bool {
	rest := p.text[p.at+1:]
	switch {
	case len(rest) == 0:
		return false
	case rest[0] == ':':
		return true
	case rest[0] == '\\':
		return len(name) == 1
	}
	return len(rest) > 1 && rest[0] == '/' && rest[1] == '/'
}

// word reads a free word.
func (p *parser) word() (Node, error) {
	parts, err := p.parts()
	if err != nil {
		return nil, err
	}
	pieces := parts.pieces()
	for len(pieces) > 0 && pieces[0].Wild == '*' {
		pieces = pieces[1:]
	}
	for len(pieces) > 0 && pieces[len(pieces)-1].Wild == '*' {
		pieces = pieces[:len(pieces)-1]
	}
	value, wild := joinPattern(pieces)
	if value == "" {
		return And{}, nil
	}
	return Text{Word: value, Wild: wild}, nil
}

// keyword consumes an operator that stands as a word of its own.
func (p *parser) keyword(word string) bool {
	if !p.sees(word) {
		return false
	}
	p.at += len(word)
	p.space()
	return true
}

func (p *parser) sees(word string) bool {
	end := p.at + len(word)
	if end > len(p.text) || string(p.text[p.at:end]) != word {
		return false
	}
	return end == len(p.text) || isSpace(p.text[end]) || isOpen(p.text[end]) || isClose(p.text[end])
}

// minus consumes the "-" of -term.
func (p *parser) minus() bool {
	if p.within != nil || p.at+1 >= len(p.text) || p.text[p.at] != '-' || isSpace(p.text[p.at+1]) || isClose(p.text[p.at+1]) {
		return false
	}
	p.at++
	return true
}

func (p *parser) space() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
}

func isSpace(r rune) bool { return unicode.IsSpace(r) } // U+3000 included
func isOpen(r rune) bool  { return r == '(' || r == '（' }
func isClose(r rune) bool { return r == ')' || r == '）' }
func isColon(r rune) bool { return r == ':' || r == '：' }

// joinAnd and joinOr flatten, so that a plan and its canonical form are equal.
func joinAnd(nodes []Node) Node {
	var flat []Node
	for _, n := range nodes {
		if and, ok := n.(And); ok {
			flat = append(flat, and.Nodes...)
			continue
		}
		flat = append(flat, n)
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return And{flat}
}

func joinOr(nodes []Node) Node {
	var flat []Node
	for _, n := range nodes {
		if or, ok := n.(Or); ok {
			flat = append(flat, or.Nodes...)
			continue
		}
		flat = append(flat, n)
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return Or{flat}
}

func height(n Node) int {
	deepest := 0
	switch n := n.(type) {
	case And:
		for _, c := range n.Nodes {
			deepest = max(deepest, height(c))
		}
	case Or:
		for _, c := range n.Nodes {
			deepest = max(deepest, height(c))
		}
	case Not:
		deepest = height(n.Node)
	default:
		return 1
	}
	return 1 + deepest
}
