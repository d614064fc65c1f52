package control

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

// ManifestName is the file at the root of an imported folder that declares
// which sources its files belong to and which records are absent, and why.
const ManifestName = "konseki-sources.yaml"

// Manifest is the content of such a file.
type Manifest struct {
	Zone    string   `yaml:"zone"` // of times that state none
	Sources []Source `yaml:"sources"`
}

// rooted is a manifest with the folder it stands in.
type rooted struct {
	root string
	Manifest
}

// maxManifest bounds the manifest file, bytes.
const maxManifest = 1 << 20

// readManifests reads the manifests of the imported folders and registers
// their sources.
func (s *Service) readManifests(ctx context.Context, by string, paths []string) ([]rooted, error) {
	var out []rooted
	for _, root := range paths {
		m, err := readManifest(filepath.Join(root, ManifestName))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotFolder) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range m.Sources {
			src := &m.Sources[i]
			src.ID, src.Zone, src.Ack = strings.TrimSpace(src.ID), cmp.Or(src.Zone, m.Zone), "file"
			if err := validSource(*src); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(root, ManifestName), err)
			}
		}
		out = append(out, rooted{root, *m})
	}
	for _, m := range out {
		for _, src := range m.Sources {
			if s.registered(src) {
				continue
			}
			if err := s.AddSource(ctx, by, src); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(m.root, ManifestName), err)
			}
		}
	}
	return out, nil
}

// registered reports whether a source is registered exactly so.
func (s *Service) registered(src Source) bool {
	src.Expected = true
	known, ok := s.registry.source(src.ID)
	if !ok {
		return false
	}
	src = keptAs(src, known)
	src.Since, src.Requests = known.Since, known.Requests
	a, errA := json.Marshal(known, json.Deterministic(true))
	b, errB := json.Marshal(src, json.Deterministic(true))
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

var errNotFolder = errors.New("not a folder")

func readManifest(path string) (*Manifest, error) {
	if st, err := os.Stat(filepath.Dir(path)); err == nil && !st.IsDir() {
		return nil, errNotFolder
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxManifest {
		return nil, fmt.Errorf("%w: %s is larger than 1 MiB", ErrInvalid, path)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var m Manifest
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

func zonesOf(sources []Source) []string {
	var out []string
	for _, s := range sources {
		out = append(out, s.Zone)
	}
	return out
}

// declared finds the source whose paths hold a file, with the zone of its times
// and the host that a {host} in the pattern stands for, where there is one.
func (p placer) declared(path string) (source, zone, host string, ok bool) {
	outer, _, _ := strings.Cut(path, "!")
	for _, m := range p.manifest {
		for _, s := range m.Sources {
			for _, pattern := range s.Paths {
				if host, ok := matchPath(pattern, outer); ok {
					return s.ID, cmp.Or(s.Zone, m.Zone), host, true
				}
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
