package measure

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

//go:embed presets.yaml
var presets []byte

// Frame is a catalogue of controls, and how far its numbers were checked: V1 in the
// text of the requirement, V2 on a secondary page, G general knowledge.
type Frame struct {
	ID     string       `yaml:"-"`
	Name   string       `yaml:"name"`
	Status string       `yaml:"status"`
	Note   event.Phrase `yaml:"note"`
}

// Catalogue is the measures that reports promise most often.
type Catalogue struct {
	Checked  string                `yaml:"checked"` // date of the last check of the numbers
	Frames   map[string]Frame      `yaml:"frames"`
	Measures []investigate.Measure `yaml:"measures"`
}

// Presets reads the catalogue that is built in. Its measures are planned; the ids
// of their controls begin with the id of their frame.
func Presets() (*Catalogue, error) {
	d := yaml.NewDecoder(bytes.NewReader(presets))
	d.KnownFields(true)
	var c Catalogue
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("measure: presets: %w", err)
	}
	for i := range c.Measures {
		c.Measures[i].Status = "planned"
	}
	return &c, nil
}

// Preset is one measure of the catalogue by its id, or an error that names all.
func (c *Catalogue) Preset(id string) (*investigate.Measure, error) {
	i := slices.IndexFunc(c.Measures, func(m investigate.Measure) bool { return m.ID == id })
	if i < 0 {
		var all []string
		for j := range c.Measures {
			all = append(all, c.Measures[j].ID)
		}
		return nil, event.Refuse(investigate.ErrInvalid, "no preset %q; there are %s", "%q というひな型はありません。あるのは %s です", id, strings.Join(all, ", "))
	}
	m := c.Measures[i]
	return &m, nil
}

// Of is the frame that a control belongs to, by the first word of its id.
func (c *Catalogue) Of(control string) (Frame, bool) {
	id, _, _ := strings.Cut(control, " ")
	f, ok := c.Frames[id]
	f.ID = id
	return f, ok
}
