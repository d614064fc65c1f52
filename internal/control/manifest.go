package control

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/manifest"
)

// ManifestName is the file that tells of imported evidence.
const ManifestName = manifest.Name

// HasManifest reports whether a folder has one.
func HasManifest(root string) bool {
	info, err := os.Stat(filepath.Join(root, ManifestName))
	return err == nil && info.Mode().IsRegular()
}

// readManifests reads the manifests of the imported folders and registers
// their sources.
func (s *Service) readManifests(ctx context.Context, by string, paths []string) ([]*manifest.Manifest, error) {
	var out []*manifest.Manifest
	for _, root := range paths {
		m, err := manifest.Read(root)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, manifest.ErrNotFolder) {
			continue
		}
		if errors.Is(err, manifest.ErrInvalid) {
			err = fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		if err != nil {
			return nil, err
		}
		for i := range m.Sources {
			src := &m.Sources[i]
			src.ID, src.Zone, src.Ack = strings.TrimSpace(src.ID), cmp.Or(src.Zone, m.Zone), "file"
			if err := validSource(*src); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(root, manifest.Name), err)
			}
		}
		out = append(out, m)
	}
	for _, m := range out {
		for _, src := range m.Sources {
			if s.registered(src) {
				continue
			}
			if err := s.AddSource(ctx, by, src); err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Join(m.Root, manifest.Name), err)
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

// declared finds the source whose paths hold a file, with the zone of its times
// and the host that its folder names, where there is one.
func (p placer) declared(path string) (source, zone, host string, ok bool) {
	for _, m := range p.manifest {
		if source, zone, host, ok = m.Place(path); ok {
			return source, zone, host, true
		}
	}
	return "", "", "", false
}
