// Package script reads a case that people wrote as a file.
package script

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Script is the work of the people who investigate an incident, as a YAML file
// holds it: the parts of a case by their field names. It is applied through the
// ordinary operations on a case: what it cites is what its queries find, and
// verdicts are computed, not written. Of a fact several versions may be given, in
// the order that they were known.
type Script struct {
	ID           string                    `yaml:"id"`
	Title        event.Phrase              `yaml:"title"`
	Timeline     []investigate.Row         `yaml:"timeline"`
	Statements   []investigate.Statement   `yaml:"statements"`
	Questions    []investigate.Question    `yaml:"questions"`
	Sections     map[string]event.Phrase   `yaml:"sections"` // by chapter, see [investigate.Case.Section]
	Entities     []investigate.Entity      `yaml:"entities"`
	Scopes       []investigate.Scope       `yaml:"scopes"`
	Facts        []investigate.Fact        `yaml:"facts"`
	Clocks       []investigate.Clock       `yaml:"clocks"`
	Submissions  []investigate.Submission  `yaml:"submissions"`
	Told         []investigate.Told        `yaml:"told"`
	Tasks        []investigate.Task        `yaml:"tasks"`
	Decisions    []investigate.Decision    `yaml:"decisions"`
	Containments []investigate.Containment `yaml:"containments"`
	Conditions   []investigate.Condition   `yaml:"conditions"`
	Measures     []investigate.Measure     `yaml:"measures"`
}

// maxScript bounds a case file, bytes.
const maxScript = 16 << 20

// Read reads a case file of at most 16 MiB; unknown names and a second document
// are errors.
func Read(r io.Reader) (*Script, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxScript+1))
	if err != nil {
		return nil, fmt.Errorf("case file: %w", err)
	}
	if len(raw) > maxScript {
		return nil, errors.New("case file: larger than 16 MiB; split it")
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var s Script
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("case file: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("case file: more than one document; put all of the case into one")
	}
	return &s, nil
}

// Parts lists the parts of the file: what others refer to comes first.
func (s *Script) Parts() []investigate.Part {
	var out []investigate.Part
	add[investigate.Entity](&out, s.Entities)
	add[investigate.Fact](&out, s.Facts)
	add[investigate.Row](&out, s.Timeline)
	add[investigate.Statement](&out, s.Statements)
	add[investigate.Question](&out, s.Questions)
	for _, name := range slices.Sorted(maps.Keys(s.Sections)) {
		out = append(out, &investigate.Section{Head: investigate.Head{ID: name}, Text: s.Sections[name]})
	}
	add[investigate.Scope](&out, s.Scopes)
	add[investigate.Clock](&out, s.Clocks)
	add[investigate.Submission](&out, s.Submissions)
	add[investigate.Told](&out, s.Told)
	add[investigate.Task](&out, s.Tasks)
	add[investigate.Decision](&out, s.Decisions)
	add[investigate.Containment](&out, s.Containments)
	add[investigate.Condition](&out, s.Conditions)
	add[investigate.Measure](&out, s.Measures)
	return out
}

func add[T any, P interface {
	*T
	investigate.Part
}](out *[]investigate.Part, list []T) {
	for i := range list {
		*out = append(*out, P(&list[i]))
	}
}
