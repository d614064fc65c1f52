// Package manifest reads the file that comes with evidence and says which sources its files belong to and which records are absent, and why.
package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/konseki/konseki/internal/coverage"
)

// Name is the file at the root of an imported folder.
const Name = "konseki-sources.yaml"

// Manifest is the content of such a file.
type Manifest struct {
	Zone    string            `yaml:"zone"` // of times that state none
	Sources []coverage.Source `yaml:"sources"`
	Root    string            `yaml:"-"` // the folder it stands in
}

// maxSize bounds the file, bytes.
const maxSize = 1 << 20

// ErrNotFolder means that what is imported is no folder, so that no manifest
// comes with it; ErrInvalid, that it cannot be read as one.
var (
	ErrNotFolder = errors.New("not a folder")
	ErrInvalid   = errors.New("not a list of sources")
)

// Read reads the manifest of a folder; a folder without one gives an error that
// wraps fs.ErrNotExist.
func Read(root string) (*Manifest, error) {
	if st, err := os.Stat(root); err == nil && !st.IsDir() {
		return nil, ErrNotFolder
	}
	path := filepath.Join(root, Name)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxSize {
		return nil, fmt.Errorf("%w: %s is larger than 1 MiB", ErrInvalid, path)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	m := Manifest{Root: root}
	if err := d.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %s: %w", ErrInvalid, path, err)
	}
	for _, zone := range append([]string{m.Zone}, zonesOf(m.Sources)...) {
		if _, err := time.LoadLocation(zone); err != nil {
			return nil, fmt.Errorf("%w: %s: %q is not an IANA zone such as Asia/Tokyo", ErrInvalid, path, zone)
		}
	}
	return &m, nil
}

func zonesOf(sources []coverage.Source) []string {
	var out []string
	for _, s := range sources {
		out = append(out, s.Zone)
	}
	return out
}

// Place finds the source whose paths hold a file, with the zone of its times and
// the host that a {host} in the pattern stands for, where there is one. What
// follows an exclamation mark is inside an archive.
func (m *Manifest) Place(path string) (source, zone, host string, ok bool) {
	outer, _, _ := strings.Cut(path, "!")
	for _, s := range m.Sources {
		for _, pattern := range s.Paths {
			if host, ok := matchPath(pattern, outer); ok {
				return s.ID, cmp.Or(s.Zone, m.Zone), host, true
			}
		}
	}
	return "", "", "", false
}

// matchPath matches a path against a pattern in which * stands for any run
// without a slash, ** for any run and {host} for a folder that is named after
// the machine whose files it holds.
func matchPath(pattern, path string) (host string, ok bool) {
	expr := regexp.QuoteMeta(pattern)
	expr = strings.ReplaceAll(expr, `\*\*`, `.*`)
	expr = strings.ReplaceAll(expr, `\*`, `[^/]*`)
	expr = strings.Replace(expr, `\{host\}`, `([^/]+)`, 1)
	re, err := regexp.Compile("^" + expr + "$")
	if err != nil {
		return "", false
	}
	found := re.FindStringSubmatch(path)
	if len(found) > 1 {
		host = found[1]
	}
	return host, found != nil
}
