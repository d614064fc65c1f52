// Package replay writes the five incidents as raw logs in real formats, with everyday noise.
//
// A scenario is one of them, or weeks in which nothing happens. It is a set of
// files, each written day by day in time order: the everyday lines of its host
// or service, seeded, and among them the facts at their exact times. What was
// lost in reality is not written.
package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Info describes a scenario.
type Info struct {
	Name           string
	Title, TitleJA string
	First          time.Time // the first trace in any log; zero where nothing happens
	Noticed        time.Time // when it was noticed in reality; zero where nothing happens
}

// Options say how a scenario is written.
type Options struct {
	Seed     uint64                  // of the everyday noise; 0 means 1
	Records  int                     // about how many, no fewer than the scenario needs; 0 means 320,000
	Weeks    int                     // of ordinary life before a benign week, to learn from; 0 means 2, at most 52
	Progress func(done, total int64) // days of files written; may be nil
}

// Summary counts what was written.
type Summary struct {
	Files          int
	Records, Bytes int64
}

// ErrUnknown marks the name of a scenario that there is not.
var ErrUnknown = errors.New("no such incident; konseki replay list names them")

// scenario is what an incident, or a week without one, is made of.
type scenario struct {
	info  Info
	plain map[string]string // files written as they are: manifest, case
	open  func(o Options) span
}

// span is the time a scenario takes and the files of it.
type span struct {
	from, to time.Time
	files    []file
}

// maxWeeks bounds Options.Weeks.
const maxWeeks = 52

// file is one log file: lines gives the lines of one day, any order.
type file struct {
	path string
	from time.Time // of the first record, where it is not the scenario's begin: what was before is lost
	to   time.Time // nothing from here on is written
	day  func(d *day)
}

func scenarios() []scenario { return []scenario{stolenVPNWipe(), benignWeek()} }

// Names lists the scenarios.
func Names() []Info {
	var out []Info
	for _, s := range scenarios() {
		out = append(out, s.info)
	}
	return out
}

// Write writes a scenario under dir, which must be absent or empty: one
// folder per source, konseki-sources.yaml for import and, for an incident,
// konseki-case.yaml with the investigator's work. The same seed gives the same
// bytes.
func Write(ctx context.Context, name, dir string, o Options) (Summary, error) {
	for _, s := range scenarios() {
		if s.info.Name == name {
			return s.write(ctx, dir, o)
		}
	}
	return Summary{}, fmt.Errorf("replay: %q: %w", name, ErrUnknown)
}

func (s scenario) write(ctx context.Context, dir string, o Options) (Summary, error) {
	o.Seed, o.Records, o.Weeks = cmp.Or(o.Seed, 1), cmp.Or(o.Records, 320_000), cmp.Or(o.Weeks, 2)
	if o.Weeks < 0 || o.Weeks > maxWeeks {
		return Summary{}, fmt.Errorf("replay: %d weeks before the week: ask for 1 to %d", o.Weeks, maxWeeks)
	}
	if err := emptyFolder(dir); err != nil {
		return Summary{}, err
	}
	var sum Summary
	for name, text := range s.plain {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return sum, fmt.Errorf("replay: %w", err)
		}
	}
	all := s.open(o)
	for n, f := range all.files {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		records, bytes, err := f.write(dir, all.from, all.to, o.Seed)
		if err != nil {
			return sum, fmt.Errorf("replay: %s: %w", f.path, err)
		}
		sum.Files, sum.Records, sum.Bytes = sum.Files+1, sum.Records+records, sum.Bytes+bytes
		if o.Progress != nil {
			o.Progress(int64(n+1), int64(len(all.files)))
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
