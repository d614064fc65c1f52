package estate

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/jsonx"
)

// Software is a version of a package that a host, or a service, runs.
type Software struct {
	Host      string `json:"host"`
	Package   string `json:"package"`
	Version   string `json:"version"`
	Ecosystem string `json:"ecosystem,omitempty"` // as OSV names it, "Maven", "Debian:12"; "" when nobody said it
	Validity
}

// Software lists all that is known to run, or to have run, in the order that it
// was imported.
func (e *Estate) Software() []Software {
	if e == nil {
		return nil
	}
	return slices.Clone(e.software)
}

// withSoftware adds an edition. What it says of a host takes the place of what
// was said of it before, from its import on; how it was before stays known.
func withSoftware(old []Software, ed *Edition) []Software {
	named, known := map[string]bool{}, map[string]bool{}
	for i := range ed.Software {
		named[strings.ToLower(ed.Software[i].Host)] = true
	}
	out := slices.Clone(old)
	for i := range out {
		s := &out[i]
		host := strings.ToLower(s.Host)
		known[host] = true
		if named[host] && (s.To.IsZero() || s.To.After(ed.At)) {
			s.To = ed.At
		}
	}
	for _, s := range ed.Software {
		if s.From.IsZero() && known[strings.ToLower(s.Host)] {
			s.From = ed.At
		}
		out = append(out, s)
	}
	return out
}

// hostOf is the host that a file is named for: "web01.json", "web01.dpkg".
func hostOf(file string) string {
	file = path.Base(file)
	for _, ending := range []string{".json", ".txt", ".dpkg", ".lst", ".cdx"} {
		file = strings.TrimSuffix(file, ending)
	}
	return file
}

// isPackages reports whether a text is what dpkg -l or dpkg-query -W printed.
func isPackages(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Desired=") || strings.HasPrefix(line, "ii  ") {
			return true
		}
		name, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		return ok && rest != "" && !strings.Contains(name, ",") && strings.ContainsAny(rest[:1], "0123456789")
	}
	return false
}

// packages reads dpkg -l, of which installed packages count, or dpkg-query -W
// with "${Package}\t${Version}\n" or, better, because advisories name source packages,
// '${source:Package}\t${source:Version}\n'.
func packages(text, host string) ([]Software, error) {
	var out []Software
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		name, version, ok := strings.Cut(line, "\t")
		if !ok {
			words := strings.Fields(line)
			if len(words) < 3 || len(words[0]) < 2 || words[0][1] != 'i' {
				continue
			}
			name, version = words[1], words[2]
		}
		name, _, _ = strings.Cut(name, ":") // the architecture
		version, _, _ = strings.Cut(version, "\t")
		if len(name) > maxText || len(version) > maxText {
			return nil, fmt.Errorf("%w: line %d: a value is too long; at most %d bytes", ErrFile, n, maxText)
		}
		if key := name + "\t" + version; name != "" && version != "" && !seen[key] && len(out) <= maxRows {
			seen[key] = true
			out = append(out, Software{Host: host, Package: name, Version: version, Ecosystem: "Debian"})
		}
	}
	return out, nil
}

// isBOM reports whether a text is a bill of materials in CycloneDX JSON.
func isBOM(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") && strings.Contains(text, `"CycloneDX"`)
}

// component is one of a bill of materials. Source: CycloneDX 1.6, JSON schema.
type component struct {
	Group      string      `json:"group"`
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	PURL       string      `json:"purl"`
	Components []component `json:"components"`
}

// bom reads a bill of materials. The host is the component that it is about,
// else what the file is named for.
func bom(text, host string) ([]Software, error) {
	var b struct {
		Metadata struct {
			Component component `json:"component"`
		} `json:"metadata"`
		Components []component `json:"components"`
	}
	if err := jsonx.Unmarshal([]byte(text), &b, jsonx.DefaultLimits()); err != nil {
		return nil, fmt.Errorf("%w: it is no CycloneDX JSON: %w", ErrFile, err)
	}
	host = cmp.Or(b.Metadata.Component.Name, host)
	var out []Software
	for list := b.Components; len(list) > 0; list = list[1:] {
		c := list[0]
		list = append(list, c.Components...)
		s := Software{Host: host, Package: c.Name, Version: c.Version}
		c.identify(&s)
		switch {
		case max(len(s.Host), len(s.Package), len(s.Version), len(s.Ecosystem)) > maxText:
			return nil, fmt.Errorf("%w: a name or version is too long; at most %d bytes", ErrFile, maxText)
		case s.Package != "" && s.Version != "" && len(out) <= maxRows:
			out = append(out, s)
		}
	}
	return out, nil
}

// identify takes the ecosystem and the name in it from a package URL. Source:
// purl-spec, its types and their namespaces.
func (c *component) identify(s *Software) {
	rest, ok := strings.CutPrefix(c.PURL, "pkg:")
	if !ok {
		if c.Group != "" {
			s.Package = c.Group + ":" + c.Name
		}
		return
	}
	rest, qualifiers, _ := strings.Cut(rest, "?")
	kind, name, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name = name[:i]
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	kinds := map[string]string{
		"maven": "Maven", "npm": "npm", "pypi": "PyPI", "golang": "Go", "cargo": "crates.io", "nuget": "NuGet", "gem": "RubyGems", "composer": "Packagist",
		"pub": "Pub", "hex": "Hex", "cran": "CRAN", "hackage": "Hackage", "apk": "Alpine",
	}
	s.Ecosystem = kinds[kind]
	switch kind {
	case "maven":
		if group, artifact, ok := strings.Cut(name, "/"); ok {
			name = group + ":" + artifact
		}
	case "deb", "rpm", "apk":
		distribution, bare, ok := strings.Cut(name, "/")
		if ok {
			name = bare
			distributions := map[string]string{"debian": "Debian", "ubuntu": "Ubuntu", "redhat": "Red Hat", "rocky": "Rocky Linux", "almalinux": "AlmaLinux", "opensuse": "openSUSE"}
			s.Ecosystem = cmp.Or(distributions[distribution], s.Ecosystem)
		}
		if q, err := url.ParseQuery(qualifiers); err == nil && s.Ecosystem != "" {
			if _, release, ok := strings.Cut(q.Get("distro"), "-"); ok {
				s.Ecosystem += ":" + release
			}
		}
	}
	s.Package = cmp.Or(name, s.Package)
}
