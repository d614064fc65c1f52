package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Placeholders are the values that Sigma rules leave to the installation:
// what %name% stands for where a rule's field has the modifier expand. In a
// value * and ? are wildcards, as in rules.
type Placeholders map[string][]string

// maxPlaceholders bounds the values of one placeholder.
const maxPlaceholders = 100_000

func (p Placeholders) check() error {
	known := regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	for name, values := range p {
		switch {
		case !known.MatchString(name):
			return fmt.Errorf("placeholders: %q is not a name: letters, digits, _, - and . without the percent signs", name)
		case len(values) == 0:
			return fmt.Errorf("placeholders: %s has no values", name)
		case len(values) > maxPlaceholders:
			return fmt.Errorf("placeholders: %s has more than %d values", name, maxPlaceholders)
		case slices.Contains(values, ""):
			return fmt.Errorf("placeholders: %s has an empty value, which could match everything", name)
		}
	}
	return nil
}

// LoadPlaceholders reads a file that holds placeholders and nothing else, one
// "name: [values]" each.
func LoadPlaceholders(path string) (p Placeholders, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("placeholders: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := yaml.NewDecoder(io.LimitReader(f, 16<<20)).Decode(&p); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("placeholders: %s: %w", path, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
