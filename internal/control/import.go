package control

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/manifest"
	"github.com/konseki/konseki/internal/normalise"
)

// Import is a request to import files and folders.
type Import struct {
	Paths    []string
	Source   string             // for every file; empty: by manifest, else by folder or format
	Zone     string             // IANA zone of times that state none; empty: Service.Zone, marked assumed
	Host     string             // where the lines do not say
	Map      string             // which headings of CSV files stand for which columns: "time=日時,user=ユーザー"
	Again    bool               // also what was imported before
	NoEstate bool               // leave what the company knows of itself where it is
	Covers   []coverage.Claim   // intervals of which the files are said to have everything; needs Source
	Missing  []coverage.Absence // intervals of which they are said to have nothing, and why; needs Source
	Progress func(collect.Progress)
	Each     func(ImportedFile) // told as each file is durable; its event counts are not known yet
}

// ImportedFile is what became of one file; also the record that is sealed.
type ImportedFile struct {
	At       time.Time        `json:"at"`
	By       string           `json:"by"`
	Op       string           `json:"op"`
	Path     string           `json:"path"`
	Source   string           `json:"source,omitempty"`
	Format   string           `json:"format,omitempty"`
	SHA256   string           `json:"sha256,omitempty"`
	Bytes    int64            `json:"bytes"`
	Records  int64            `json:"records"`
	Events   int64            `json:"events"`
	Unparsed int64            `json:"unparsed"`
	First    *time.Time       `json:"first,omitempty"` // event times
	Last     *time.Time       `json:"last,omitempty"`
	Formats  map[string]int64 `json:"formats,omitempty"`
	// ZoneAssumed says that times of it state no zone and that nobody said one:
	// Zone was taken.
	ZoneAssumed bool             `json:"zone_assumed,omitempty"`
	Zone        string           `json:"zone,omitempty"`
	Duplicate   bool             `json:"duplicate,omitempty"`
	Error       string           `json:"error,omitempty"`
	Covers      []coverage.Claim `json:"covers,omitempty"` // declared with the file
	id          string
}

// Imported is the summary of an import.
type Imported struct {
	Records  int64          `json:"records"`
	Events   int64          `json:"events"`
	Unparsed int64          `json:"unparsed"`
	Findings int64          `json:"findings"`
	Files    []ImportedFile `json:"files"`

	Estate []ImportedEstate `json:"estate,omitempty"`
}

// ImportedEstate is what became of one file of what the company knows of itself
// that lay with the evidence. Left is why it was not to be taken, Error why it could
// not be.
type ImportedEstate struct {
	File      string `json:"file"`
	Kind      string `json:"kind,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	Version   int    `json:"version,omitzero"`
	Rows      int    `json:"rows,omitzero"`
	Record    uint64 `json:"record,omitzero"`
	Duplicate bool   `json:"duplicate,omitempty"`
	Left      string `json:"left,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Why a file of what the company knows of itself was left where it is.
const (
	LeftAsAsked         = "as_asked"
	LeftWithoutManifest = "no_manifest"
)

// EstateFolder is where the evidence's own folder has what the company knows of
// itself; its files are no evidence.
const EstateFolder = "konseki-estate"

// Partial reports whether something of what was given is missing.
func (r *Imported) Partial() bool {
	for _, f := range r.Files {
		if f.Error != "" {
			return true
		}
	}
	return slices.ContainsFunc(r.Estate, func(e ImportedEstate) bool { return e.Error != "" })
}

// Import brings evidence files in: seals them, derives their events and runs
// detection over all that is known, in event time. What was acknowledged
// before an error stays and is in the summary. Imports wait for each other, so
// that a file which two people bring is sealed once.
func (s *Service) Import(ctx context.Context, by string, req Import) (*Imported, error) {
	select {
	case s.bringing <- struct{}{}:
		defer func() { <-s.bringing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	manifests, err := s.readManifests(ctx, by, req.Paths)
	if err != nil {
		return nil, err
	}
	if req.Source != "" {
		if err := validSource(Source{ID: req.Source, Absent: req.Missing, Covers: req.Covers}); err != nil {
			return nil, err
		}
	} else if len(req.Covers)+len(req.Missing) > 0 {
		return nil, fmt.Errorf("%w: what files cover, and what is missing from them, is said of one source: name it", ErrInvalid)
	}
	if err := s.declare(ctx, by, req); err != nil {
		return nil, err
	}
	recognise, err := recogniser(&req)
	if err != nil {
		return nil, err
	}
	before := s.registry.findings()
	p := placer{req: req, manifest: manifests, zone: s.Zone.String(), registered: s.registry.source}
	var to collect.Appender = s.Vault
	known := s.imported
	if !req.Again {
		r := s.resume(ctx, by)
		to, known = r, r.known
	}
	files, importErr := collect.Import(ctx, to, req.Paths, collect.ImportOptions{
		Recognise: recognise, Known: known, Again: req.Again, Place: p.place,
		Progress: req.Progress, Logger: s.Logger,
	}, func(f collect.File) {
		if req.Each != nil {
			req.Each(importedFile(f))
		}
	})
	out := &Imported{Files: []ImportedFile{}}
	if err := s.Flow.Sync(ctx); err != nil {
		return out, cmp.Or(importErr, err)
	}
	s.lostFiles(files, p)
	if err := s.SealCounted(ctx); err != nil {
		return out, cmp.Or(importErr, err)
	}
	s.Vault.Cut()
	if err := s.sealImport(ctx, by, files, req.Covers, out); err != nil {
		return out, cmp.Or(importErr, err)
	}
	if out.Records > 0 {
		if err := s.Flow.Correlate(ctx); err != nil {
			return out, cmp.Or(importErr, err)
		}
	}
	out.Findings = s.registry.findings() - before
	if importErr != nil {
		return out, fmt.Errorf("control: %w", importErr)
	}
	return out, nil
}

// recogniser tells how files are recognised; with a map CSV files may have any
// headings.
func recogniser(req *Import) (func(name string, head []byte) event.Shape, error) {
	if req.Map == "" {
		return normalise.Recognise, nil
	}
	hint, err := normalise.JoinMap(req.Map)
	if err != nil {
		return nil, fmt.Errorf("%w: map: %w", ErrInvalid, err)
	}
	req.Map = hint
	return normalise.Mapped, nil
}

// declare registers what an import says is missing, each absence once.
func (s *Service) declare(ctx context.Context, by string, req Import) error {
	if len(req.Missing) == 0 {
		return nil
	}
	src, known := s.registry.source(req.Source)
	if !known {
		src = Source{ID: req.Source, Ack: "file", Zone: req.Zone}
	}
	more := false
	for _, a := range req.Missing {
		if !slices.ContainsFunc(src.Absent, a.Same) {
			src.Absent, more = append(slices.Clone(src.Absent), a), true
		}
	}
	if !more {
		return nil
	}
	return s.AddSource(ctx, by, src)
}

// sealImport seals what became of each file and sums up.
func (s *Service) sealImport(ctx context.Context, by string, files []collect.File, covers []coverage.Claim, out *Imported) error {
	for _, f := range files {
		im := importedFile(f)
		im.At, im.By, im.Op, im.Covers = s.Now(), by, "import", covers
		if !f.Duplicate && f.Records > 0 {
			im.addTally(s.Flow.Tally(f.ID))
			if im.ZoneAssumed {
				im.Zone = s.Zone.String()
			}
		}
		out.Files = append(out.Files, im)
		out.Records, out.Events, out.Unparsed = out.Records+im.Records, out.Events+im.Events, out.Unparsed+im.Unparsed
		if im.Duplicate || im.SHA256 == "" {
			continue
		}
		if _, err := s.seal(ctx, event.SourceImport, im); err != nil {
			return err
		}
	}
	return nil
}

func importedFile(f collect.File) ImportedFile {
	return ImportedFile{
		Path: f.Path, Source: f.Source, Format: f.Format, SHA256: f.SHA256, Bytes: f.Bytes,
		Records: f.Records, Duplicate: f.Duplicate, Error: f.Error, id: f.ID,
	}
}

func (f *ImportedFile) addTally(t Tally) {
	f.Events, f.Unparsed, f.Formats, f.ZoneAssumed = t.Events, t.Unparsed, t.Formats, t.ZoneAssumed
	if !t.First.IsZero() {
		f.First, f.Last = &t.First, &t.Last
	}
	var most int64
	for name, n := range t.Formats {
		if f.Format == "" && (n > most || n == most && name < f.Format) && name != event.Unparsed {
			f.Format, most = name, n
		}
	}
	if f.Format == "" {
		f.Format = event.Unparsed
	}
}

func (s *Service) imported(sha256 string) bool {
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	f, ok := s.registry.imported[sha256]
	return ok && f.Error == ""
}

// placer says where each imported file belongs.
type placer struct {
	req        Import
	manifest   []*manifest.Manifest
	zone       string
	registered func(id string) (Source, bool)
}

func (p placer) place(path string, shape event.Shape) collect.Place {
	base := filepath.Base(path)
	if base == manifest.Name || base == "konseki-case.yaml" || base == "konseki-assumptions.txt" || filepath.Dir(path) == EstateFolder {
		return collect.Place{Skip: true}
	}
	out := collect.Place{Source: p.req.Source, Zone: p.zone, ZoneFrom: "assumed", Host: p.req.Host, Map: p.req.Map, Reference: p.modified(path)}
	if src, zone, host, ok := p.declared(path); ok {
		out.Source, out.Host = cmp.Or(out.Source, src), cmp.Or(out.Host, host)
		if zone != "" {
			out.Zone, out.ZoneFrom = zone, "configured"
		}
	}
	if out.Source == "" {
		out.Source = sourceName(path, shape)
	}
	if src, _ := p.registered(out.Source); src.Zone != "" && out.ZoneFrom == "assumed" {
		out.Zone, out.ZoneFrom = src.Zone, "configured"
	}
	if p.req.Zone != "" {
		out.Zone, out.ZoneFrom = p.req.Zone, "configured"
	}
	return out
}

// sourceOf is the source of a file of which nothing was read: the one that a
// person said, or that its folder names if known holds it; else "".
func (p placer) sourceOf(path string, known func(id string) bool) string {
	id := p.place(path, event.Shape{}).Source
	if _, _, _, declared := p.declared(path); p.req.Source != "" || declared || known(id) {
		return id
	}
	return ""
}

// sourceName names the source of a file that nobody declared: the top folder
// of what was imported, else the format recognised, else "import".
func sourceName(path string, shape event.Shape) string {
	if dir, _, ok := strings.Cut(path, "/"); ok && !strings.Contains(dir, "!") {
		if id := strings.ToLower(dir); validSource(Source{ID: id}) == nil {
			return id
		}
	}
	return cmp.Or(shape.Format, "import")
}

// modified is the time a file was last written to: the latest its lines can be.
func (p placer) modified(path string) time.Time {
	outer, _, _ := strings.Cut(path, "!")
	for _, root := range p.req.Paths {
		for _, name := range []string{filepath.Join(root, outer), root} {
			if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() && filepath.Base(name) == filepath.Base(outer) {
				return st.ModTime()
			}
		}
	}
	return time.Time{}
}
