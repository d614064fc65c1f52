package sigma

import "fmt"

type resolution uint8

const (
	unresolved resolution = iota
	resolving
	resolved
)

// maxChain bounds how deep correlations take correlations as inputs.
const maxChain = 16

// A resolver finds the inputs of correlations.
type resolver struct {
	directory *directory
	out       *Collection
}

// resolve finds the inputs of a correlation, those of its inputs first, and
// adds it to the collection. It is refused when one of them was.
func (r *resolver) resolve(p *document) {
	d := p.correlation
	if p.refused != nil || d.state != unresolved {
		return
	}
	d.state = resolving
	err := r.inputs(p, d)
	d.state = resolved
	if err != nil {
		p.refuse(err)
		return
	}
	d.Meta = p.Meta
	d.made = &d.Correlation
	r.out.Correlations = append(r.out.Correlations, d.made)
}

func (r *resolver) inputs(p *document, d *draft) error {
	at := make(map[*document]int, len(d.refs))
	for _, ref := range d.refs {
		in, err := r.input(p.File, ref)
		if err != nil {
			return err
		}
		if _, ok := at[in]; ok {
			return &located{ref.line, fmt.Errorf("%q stands twice among the rules", ref.text)}
		}
		at[in] = len(d.Inputs)
		input := Input{Rule: in.rule, Aliases: make(map[string]string)}
		if in.rule != nil {
			d.Secret = d.Secret || in.rule.Secret
		} else {
			input.Correlation = in.correlation.made
			d.Secret = d.Secret || input.Correlation.Secret
			d.chain = max(d.chain, in.correlation.chain+1)
		}
		d.Inputs = append(d.Inputs, input)
	}
	if d.chain > maxChain {
		return fmt.Errorf("correlations take each other as inputs more than %d deep", maxChain)
	}
	return r.aliases(p, d, at)
}

// aliases gives each alias to the input that it is for.
func (r *resolver) aliases(p *document, d *draft, at map[*document]int) error {
	for _, a := range d.aliases {
		in, err := r.directory.find(p.File, a.input)
		if err != nil {
			return err
		}
		i, ok := at[in]
		if !ok {
			return &located{a.input.line, fmt.Errorf("alias %q: %q is not among the rules", a.alias, a.input.text)}
		}
		d.Inputs[i].Aliases[a.alias] = a.field
	}
	return nil
}

// input finds one input and, where it is a correlation, resolves it.
func (r *resolver) input(file string, ref reference) (*document, error) {
	in, err := r.directory.find(file, ref)
	if err != nil {
		return nil, err
	}
	if in.filter != nil {
		return nil, &located{ref.line, fmt.Errorf("%q is a filter", ref.text)}
	}
	if in.correlation == nil {
		return in, nil
	}
	if in.correlation.state == resolving {
		return nil, &located{ref.line, fmt.Errorf("%q takes this correlation as an input in turn", ref.text)}
	}
	r.resolve(in)
	return r.directory.find(file, ref)
}

// quieten marks what only correlations without generate ask for.
func (c *Collection) quieten() {
	for _, quiet := range []bool{true, false} {
		for _, user := range c.Correlations {
			if user.Generate == quiet {
				continue
			}
			for _, in := range user.Inputs {
				if in.Rule != nil {
					in.Rule.Quiet = quiet
				} else {
					in.Correlation.Quiet = quiet
				}
			}
		}
	}
}
