// Package raw is what the incidents are written with: files written day by day, lines as real systems write them, ordinary people.
//
// A scenario is a set of files. Each is written day by day in time order: the
// everyday lines of its host or service, seeded, and among them the facts at
// their exact times. No more than one day of one file is held in memory.
package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Info describes a scenario.
type Info struct {
	Name           string
	Title, TitleJA string
	First          time.Time // the first trace in any log; zero where nothing happens
	Noticed        time.Time // when it was noticed in reality; zero where nothing happens

	// Assumptions are what the logs hold beyond the published facts, one
	// sentence each: routes, hours, numbers, names that no report gives.
	Assumptions []event.Phrase
}

// Told is the title, and what is assumed where anything is, in Japanese or in
// English.
func (i Info) Told(japanese bool) string {
	title, head := i.Title, "Assumed, because the published facts do not tell:"
	if japanese {
		title, head = i.TitleJA, "公表された事実にないため、次のように仮定した。"
	}
	if len(i.Assumptions) == 0 {
		return title + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", title, head)
	for _, a := range i.Assumptions {
		text := a.EN
		if japanese {
			text = a.JA
		}
		fmt.Fprintf(&b, "- %s\n", text)
	}
	return b.String()
}

// Options say how a scenario is written.
type Options struct {
	Seed     uint64                  // of the everyday noise; 0 means 1
	Records  int                     // about how many, no fewer than the scenario needs, at most 10,000,000; 0 means 320,000
	Weeks    int                     // of ordinary life before a benign week, to learn from; 0 means 2, at most 52
	Progress func(done, total int64) // files written; may be nil
}

// Summary counts what was written.
type Summary struct {
	Files   int   `json:"files"`
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"`
}

// Scenario is what an incident, or a week without one, is made of.
type Scenario struct {
	Info Info
	// Warned are words of what is told before the first trace and is right: a
	// published flaw of what is run. A story that holds one is no false one.
	Warned []string

	Plain map[string]string // files written as they are, by path: manifest, case, konseki-estate/devices.csv
	Open  func(o Options) Span

	// Words are names that only this scenario uses: hosts, people, addresses,
	// tools. No rule and no baseline may know one of them.
	Words []string

	// Traces are what only the lines of the incident itself hold - the
	// intruder's addresses, accounts, tools and files: a story that tells of one
	// of them is a true one. Unknown are the questions of the case, by their ids,
	// that no record can answer.
	Traces  []string
	Unknown []string
}

// Span is the time a scenario takes and the files of it.
type Span struct {
	From, To time.Time
	Files    []File
}

// Bounds of Options.
const (
	maxWeeks   = 52
	maxRecords = 10_000_000
)

// File is one log file. Day puts the lines of one day into d, in any order.
type File struct {
	Path string
	From time.Time // of the first record, where it is not the scenario's begin: what was before is lost
	To   time.Time // nothing from here on is written
	Day  func(d *Day)
}

// Write writes the scenario under dir, which must be absent or empty. The same
// options give the same bytes.
func (s Scenario) Write(ctx context.Context, dir string, o Options) (Summary, error) {
	o.Seed, o.Records, o.Weeks = cmp.Or(o.Seed, 1), cmp.Or(o.Records, 320_000), cmp.Or(o.Weeks, 2)
	if o.Weeks < 0 || o.Weeks > maxWeeks {
		return Summary{}, fmt.Errorf("replay: %d weeks before the week: ask for 1 to %d", o.Weeks, maxWeeks)
	}
	if o.Records < 0 || o.Records > maxRecords {
		return Summary{}, fmt.Errorf("replay: %d records: ask for 1 to %d", o.Records, maxRecords)
	}
	if err := emptyFolder(dir); err != nil {
		return Summary{}, err
	}
	var sum Summary
	for name, text := range s.plain() {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			return sum, fmt.Errorf("replay: %w", err)
		}
	}
	all := s.Open(o)
	for n, f := range all.Files {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		records, bytes, err := f.write(dir, all.From, all.To, o.Seed)
		if err != nil {
			return sum, fmt.Errorf("replay: %s: %w", f.Path, err)
		}
		sum.Files, sum.Records, sum.Bytes = sum.Files+1, sum.Records+records, sum.Bytes+bytes
		if o.Progress != nil {
			o.Progress(int64(n+1), int64(len(all.Files)))
		}
	}
	return sum, nil
}

// plain are the files written as they are, with the assumptions in both
// languages where there are any.
func (s Scenario) plain() map[string]string {
	out := maps.Clone(s.Plain)
	if len(s.Info.Assumptions) == 0 {
		return out
	}
	out["konseki-assumptions.txt"] = s.Info.Told(true) + "\n" + s.Info.Told(false)
	return out
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
func (f File) open(dir string) (*os.File, error) {
	full := filepath.Join(dir, filepath.FromSlash(path.Clean("/"+f.Path)))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return nil, err
	}
	return os.Create(full)
}

// JST is the zone of the incidents.
func JST() *time.Location { return time.FixedZone("JST", 9*60*60) }

// At reads an instant that a scenario names, "2018-03-01 11:40:00" in JST.
func At(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, JST())
	if err != nil {
		panic("replay: a time of the program's own: " + err.Error())
	}
	return t
}
