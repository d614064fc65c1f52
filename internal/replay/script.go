package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
)

// CaseScript is the work of the people who investigate an incident, as
// konseki-case.yaml holds it. It is applied through the ordinary operations
// on a case: what it cites is what its queries find, and the verdicts are
// computed, not written.
type CaseScript struct {
	ID         string                  `yaml:"id"`
	Title      event.Phrase            `yaml:"title"`
	Timeline   []ScriptRow             `yaml:"timeline"`
	Statements []ScriptStatement       `yaml:"statements"`
	Questions  []ScriptQuestion        `yaml:"questions"`
	Sections   map[string]event.Phrase `yaml:"sections"` // by chapter: summary, method, cause, impact, resumption, prevention
}

// ScriptRow is a timeline row.
type ScriptRow struct {
	At        time.Time    `yaml:"at"`
	Precision string       `yaml:"precision"` // exact (default) or about (頃)
	Kind      string       `yaml:"kind"`      // event (default), action, notice, finding
	Source    string       `yaml:"source"`
	Text      event.Phrase `yaml:"text"`
	Query     string       `yaml:"query"` // finds the records to cite; none for what no log tells
}

// ScriptStatement is a statement with its certainty.
type ScriptStatement struct {
	ID        string       `yaml:"id"`
	Certainty string       `yaml:"certainty"`
	Text      event.Phrase `yaml:"text"`
	Query     string       `yaml:"query"`
	Sources   []string     `yaml:"sources"`
	From      time.Time    `yaml:"from"`
	To        time.Time    `yaml:"to"`
	Reason    event.Phrase `yaml:"reason"`
}

// ScriptQuestion is a question with what people conclude beside the verdict.
type ScriptQuestion struct {
	ID         string       `yaml:"id"`
	Board      string       `yaml:"board"`
	Text       event.Phrase `yaml:"text"`
	Query      string       `yaml:"query"`
	Sources    []string     `yaml:"sources"`
	From       time.Time    `yaml:"from"`
	To         time.Time    `yaml:"to"`
	Conclusion event.Phrase `yaml:"conclusion"`
}

// maxScript bounds a case script, bytes.
const maxScript = 1 << 20

// ReadCase reads a konseki-case.yaml of at most 1 MiB; unknown names and a
// second document are errors.
func ReadCase(r io.Reader) (*CaseScript, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxScript+1))
	if err != nil {
		return nil, fmt.Errorf("replay: case: %w", err)
	}
	if len(raw) > maxScript {
		return nil, errors.New("replay: case: larger than 1 MiB; split the case")
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var c CaseScript
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("replay: case: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("replay: case: more than one document; put all of the case into one")
	}
	return &c, nil
}
