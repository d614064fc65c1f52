// Package replay writes the five incidents as raw logs in real formats, with everyday noise.
//
// An incident is a set of files, each written day by day in time order: the
// everyday lines of its host or service, seeded, and among them the facts at
// their exact times. What was lost in reality is not written.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Info describes an incident.
type Info struct {
	Name           string
	Title, TitleJA string
	First          time.Time // the first trace in any log
	Noticed        time.Time // when it was noticed in reality
}

// Options say how an incident is written.
type Options struct {
	Seed     uint64                  // of the everyday noise; 0 means 1
	Records  int                     // about how many; 0 means 320,000
	Progress func(done, total int64) // days of files written; may be nil
}

// Summary counts what was written.
type Summary struct {
	Files          int
	Records, Bytes int64
}

// ErrUnknown marks the name of an incident that there is not.
var ErrUnknown = errors.New("no such incident; konseki replay list names them")

// incident is what one incident is made of.
type incident struct {
	info     Info
	from, to time.Time
	plain    map[string]string // files written as they are: manifest, case
	files    func(o Options) []file
}

// file is one log file: lines gives the lines of one day, any order.
type file struct {
	path string
	from time.Time // nothing before is written: it was lost
	to   time.Time // nothing from here on is written
	day  func(d *day)
}

func incidents() []incident { return []incident{stolenVPNWipe()} }

// Names lists the incidents.
func Names() []Info {
	var out []Info
	for _, i := range incidents() {
		out = append(out, i.info)
	}
	return out
}

// Write writes an incident under dir, which must be absent or empty: one
// folder per source, konseki-sources.yaml for import and konseki-case.yaml
// with the investigator's work. The same seed gives the same bytes.
func Write(ctx context.Context, name, dir string, o Options) (Summary, error) {
	for _, i := range incidents() {
		if i.info.Name == name {
			return i.write(ctx, dir, o)
		}
	}
	return Summary{}, fmt.Errorf("replay: %q: %w", name, ErrUnknown)
}

func (i incident) write(ctx context.Context, dir string, o Options) (Summary, error) {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Records == 0 {
		o.Records = 320_000
	}
	if err := emptyFolder(dir); err != nil {
		return Summary{}, err
	}
	var sum Summary
	for name, text := range i.plain {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return sum, fmt.Errorf("replay: %w", err)
		}
	}
	files := i.files(o)
	for n, f := range files {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		records, bytes, err := f.write(dir, i.from, i.to, o.Seed)
		if err != nil {
			return sum, fmt.Errorf("replay: %s: %w", f.path, err)
		}
		sum.Files, sum.Records, sum.Bytes = sum.Files+1, sum.Records+records, sum.Bytes+bytes
		if o.Progress != nil {
			o.Progress(int64(n+1), int64(len(files)))
		}
	}
	return sum, nil
}

func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replay: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("replay: %s is not empty; name a new folder", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// open makes the file and its folders.
func (f file) open(dir string) (*os.File, error) {
	full := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+f.path)))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return nil, err
	}
	return os.Create(full)
}
