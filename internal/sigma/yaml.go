package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/sigma/pattern"
)

// maxNodes bounds what one file takes in: its YAML nodes, aliases counted each
// time they are followed, and the values of its conditions.
const maxNodes = 400_000

// maxProgramOfFile and maxProgramOfAll bound the instructions of the regular
// expressions of a file and of all that are loaded, about 100 bytes each.
const (
	maxProgramOfFile = 200_000
	maxProgramOfAll  = 2_000_000
)

// A located error knows its line.
type located struct {
	line int
	err  error
}

func (e *located) Error() string { return e.err.Error() }
func (e *located) Unwrap() error { return e.err }

// at gives an error the line of a node, unless it knows its own.
func at(n *yaml.Node, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*located](err); ok {
		return err
	}
	return &located{n.Line, err}
}

func atf(n *yaml.Node, format string, args ...any) error {
	return at(n, fmt.Errorf(format, args...))
}

// documents decodes the documents of a YAML stream, without the empty ones.
// The decoder is other people's code on hostile input: should it panic, that
// is an error too.
func documents(data []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return docs, yamlError(err)
		case len(doc.Content) != 1 || doc.Content[0].ShortTag() == "!!null":
			continue
		case len(docs) == maxDocuments:
			return docs, fmt.Errorf("more than %d documents in one file", maxDocuments)
		}
		docs = append(docs, doc.Content[0])
	}
}

// yamlError takes the line out of a decoder's error.
func yamlError(err error) error {
	rest, ok := strings.CutPrefix(err.Error(), "yaml: line ")
	number, reason, cut := strings.Cut(rest, ": ")
	line, convErr := strconv.Atoi(number)
	if !ok || !cut || convErr != nil {
		return err
	}
	return &located{line, errors.New("yaml: " + reason)}
}

// A walker follows the YAML nodes of one file within bounds.
type walker struct {
	options Options
	// left is how many nodes and values the file may still take in, program
	// how many instructions of regular expressions.
	left, program int
}

// newWalker makes a walker for a file of size bytes. A file may take in about
// as much as it spells out, so that aliases and conditions that name the same
// selection over and over cannot make much out of little.
func newWalker(o Options, size, left, program int) *walker {
	allowance := 5_000 + size
	for _, values := range o.Placeholders {
		allowance += min(4*len(values), maxExpansions)
	}
	return &walker{options: o, left: min(allowance, maxNodes, left), program: min(maxProgramOfFile, program)}
}

// spend counts what the file takes in.
func (w *walker) spend(n int) error {
	if w.left -= n; w.left < 0 {
		return errors.New("takes in more values than a file of its size may, aliases counted")
	}
	return nil
}

// resolve follows an alias and counts the node.
func (w *walker) resolve(n *yaml.Node) (*yaml.Node, error) {
	for range maxDepth {
		if err := w.spend(1); err != nil {
			return nil, at(n, err)
		}
		if n.Kind != yaml.AliasNode {
			return n, nil
		}
		n = n.Alias
	}
	return nil, atf(n, "aliases nested deeper than %d", maxDepth)
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    *yaml.Node
	value *yaml.Node
}

// entries lists a mapping in order; a key written twice is an error.
func (w *walker) entries(n *yaml.Node) ([]entry, error) {
	out := make([]entry, 0, len(n.Content)/2)
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, err := w.resolve(n.Content[i])
		if err != nil {
			return nil, err
		}
		if k.Kind != yaml.ScalarNode {
			return nil, atf(k, "a key must be plain text")
		}
		if k.Tag == "!!merge" {
			return nil, atf(k, "merge keys (<<) are not available")
		}
		if seen[k.Value] {
			return nil, atf(k, "key %q stands twice", k.Value)
		}
		seen[k.Value] = true
		v, err := w.resolve(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		out = append(out, entry{k.Value, k, v})
	}
	return out, nil
}

// A scalar is one value as a rule writes it.
type scalar struct {
	text string
	null bool
	bare bool // a number or truth value: wildcards have no meaning in it
}

func (s scalar) pattern() pattern.Pattern {
	if s.bare {
		return pattern.Text(s.text)
	}
	return pattern.Parse(s.text)
}

func scalarOf(n *yaml.Node) scalar {
	switch n.ShortTag() {
	case "!!null":
		return scalar{null: true}
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return scalar{text: strconv.FormatBool(b), bare: true}
		}
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return scalar{text: strconv.FormatInt(i, 10), bare: true}
		}
	}
	return scalar{text: n.Value}
}

// scalars reads a scalar or a list of scalars.
func (w *walker) scalars(n *yaml.Node) ([]scalar, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []scalar{scalarOf(n)}, nil
	case yaml.SequenceNode:
		out := make([]scalar, 0, len(n.Content))
		for _, item := range n.Content {
			item, err := w.resolve(item)
			if err != nil {
				return nil, err
			}
			if item.Kind != yaml.ScalarNode {
				return nil, atf(item, "a list of values may hold plain values only")
			}
			out = append(out, scalarOf(item))
		}
		return out, nil
	}
	return nil, atf(n, "expected a value or a list of values")
}

// texts reads a list of strings; what is none is left out.
func (w *walker) texts(n *yaml.Node) []string {
	list, err := w.scalars(n)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !s.null {
			out = append(out, s.text)
		}
	}
	return out
}
