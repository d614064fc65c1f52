package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	saveEvery     = 5 * time.Second // how much work an interruption may cost
	stateVersion  = 1
	maxStateBytes = 256 << 20
)

// Resumed says what an interrupted run had done already.
type Resumed struct {
	Segments int       `json:"segments"` // verified by it, unchanged since and not read again
	At       time.Time `json:"at"`       // when the last of them was verified
}

// verifyState is what an interrupted run leaves.
type verifyState struct {
	Version  int           `json:"version"`
	Origin   string        `json:"origin"`
	Size     uint64        `json:"size"` // of the checkpoint that the run began with
	Root     []byte        `json:"root"`
	Sealed   uint64        `json:"sealed"`
	Saved    time.Time     `json:"saved"`
	Segments []segmentTold `json:"segments"`
}

// segmentTold is what one segment that was read to its end added to the report.
type segmentTold struct {
	Name     string                 `json:"name"`
	Bytes    int64                  `json:"bytes"`
	Modified time.Time              `json:"modified"`
	Verified time.Time              `json:"verified"`
	Records  uint64                 `json:"records"`
	RawBytes int64                  `json:"raw_bytes"`
	Problems []Problem              `json:"problems,omitempty"`
	Unlisted int                    `json:"unlisted,omitzero"`
	Dropped  [][2]uint64            `json:"dropped,omitempty"`
	Gone     [][2]uint64            `json:"gone,omitempty"`
	Keys     map[string][][2]uint64 `json:"keys,omitempty"`
	Locked   map[string]uint64      `json:"locked,omitempty"`
	Own      []declaredText         `json:"own,omitempty"`
}

type declaredText struct {
	Record uint64 `json:"record"`
	Source string `json:"source"`
	Raw    []byte `json:"raw"`
}

// progress is the state of a run that can be resumed.
type progress struct {
	path  string
	now   func() time.Time
	state verifyState
	known map[string]segmentTold // from the interrupted run
	saved time.Time
	began marks
}

// marks are the report's numbers before a segment.
type marks struct {
	records  uint64
	raw      int64
	problems int
	unlisted int
	dropped  int
	let      letGo
}

// resume reads what an interrupted run left, when that is asked for, and checks
// that the log still begins with what it had seen.
func (a *audit) resume(cp seal.Checkpoint) error {
	if a.opts.State == "" {
		return nil
	}
	now := a.opts.Now
	if now == nil {
		now = time.Now
	}
	p := &progress{path: a.opts.State, now: now, saved: now(), known: map[string]segmentTold{}}
	p.state = verifyState{Version: stateVersion, Origin: a.report.Origin, Size: cp.Size, Root: cp.Root[:], Sealed: a.sealed}
	a.progress = p
	if !a.opts.Resume {
		return nil
	}
	old, err := readState(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("what the interrupted run left: %w: remove %s to begin anew", err, p.path)
	}
	if old.Origin != p.state.Origin {
		return fmt.Errorf("%s was left by the verification of %q, and this is %q: name another file", p.path, old.Origin, p.state.Origin)
	}
	root, err := ondisk.LogRoot(a.ctx, a.dir, old.Size)
	switch {
	case errors.Is(err, ondisk.ErrLogSize):
		a.problem(KindCheckpoint, ondisk.LogDir+"/checkpoint", 0, "the interrupted run saw %d entries in the log and there are %d: the vault was put back to an older state", old.Size, cp.Size)
		return nil
	case a.ctx.Err() != nil:
		return a.ctx.Err()
	case err != nil || root != tlog.Hash(old.Root):
		a.problem(KindLog, ondisk.LogDir, 0, "the first %d entries of the log are not those that the interrupted run saw: the log was replaced", old.Size)
		return nil
	}
	for _, s := range old.Segments {
		p.known[s.Name] = s
	}
	return nil
}

func readState(path string) (*verifyState, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxStateBytes+1))
	if err != nil {
		return nil, err
	}
	var s verifyState
	if err := json.Unmarshal(b, &s); err != nil || len(b) > maxStateBytes {
		return nil, errors.New("the file is damaged")
	}
	if s.Version != stateVersion || len(s.Root) != tlog.HashSize {
		return nil, errors.New("the file is of another version")
	}
	return &s, nil
}

// skip takes over what the interrupted run found in a segment that has not
// changed since, and says whether there is nothing more to do.
func (a *audit) skip(s ondisk.Segment) (bool, error) {
	if a.progress == nil || s.Last > a.sealed {
		return false, nil
	}
	old, ok := a.progress.known[s.Name]
	info, err := os.Stat(s.Path)
	if !ok || err != nil || info.Size() != old.Bytes || !info.ModTime().Equal(old.Modified) {
		return false, nil
	}
	if err := a.passBatches(s.Last + 1); err != nil {
		return false, err
	}
	a.report.Records += old.Records
	a.report.RawBytes += old.RawBytes
	a.unlisted += old.Unlisted
	for _, p := range old.Problems {
		a.problem(p.Kind, p.Segment, p.Record, "%s", p.Detail)
	}
	name := ondisk.SegmentDir + "/" + s.Name
	for _, d := range old.Dropped {
		a.dropped = append(a.dropped, ondisk.Span{First: d[0], Last: d[1]})
	}
	for _, g := range old.Gone {
		a.let.gone = append(a.let.gone, goneSpan{ondisk.Span{First: g[0], Last: g[1]}, name})
	}
	for key, spans := range old.Keys {
		for _, g := range spans {
			a.let.destroyed(key, ondisk.Span{First: g[0], Last: g[1]}, name)
		}
	}
	for key, n := range old.Locked {
		a.let.lock(key, n)
	}
	for _, d := range old.Own {
		a.let.own = append(a.let.own, declared{d.Record, d.Source, d.Raw})
	}
	a.progress.state.Segments = append(a.progress.state.Segments, old)
	if a.report.Resumed == nil {
		a.report.Resumed = &Resumed{}
	}
	a.report.Resumed.Segments++
	if old.Verified.After(a.report.Resumed.At) {
		a.report.Resumed.At = old.Verified
	}
	a.tell(int(min(old.Records, 1<<30)))
	return true, nil
}

// passBatches moves to the batch that record next is in.
func (a *audit) passBatches(next uint64) error {
	for a.current == nil || a.current.End() <= next {
		if c := a.current; c != nil && c.present > 0 {
			if err := a.finishBatch(); err != nil {
				return err
			}
		}
		b, err, ok := a.nextBatch()
		if err != nil {
			return err
		}
		if !ok {
			a.current = nil
			return nil
		}
		a.current = &openBatch{Batch: b}
	}
	a.current.leaves = a.leavesFor(a.current.Count)
	return nil
}

// begin marks where a segment's part of the report begins.
func (a *audit) begin() {
	if a.progress == nil {
		return
	}
	r := a.report
	a.progress.began = marks{r.Records, r.RawBytes, len(r.Problems), a.unlisted, len(a.dropped), a.let}
	a.let = letGo{}
}

// end takes note of a segment that was read to its end, and now and then makes
// what is known durable.
func (a *audit) end(s ondisk.Segment) error {
	p := a.progress
	if p == nil {
		return nil
	}
	whole := a.current == nil || a.current.End() == s.Last+1
	if whole {
		if err := a.finishBatch(); err != nil {
			return err
		}
		if err := a.settleRoots(len(a.roots)); err != nil {
			return err
		}
	}
	part := a.let
	a.let = p.began.let
	a.let.add(part)
	info, err := os.Stat(s.Path)
	if err != nil || info.Size() != s.Bytes || !whole || s.Last > a.sealed {
		return nil // read again next time
	}
	told := segmentTold{
		Name: s.Name, Bytes: s.Bytes, Modified: info.ModTime(), Verified: p.now().UTC(),
		Records: a.report.Records - p.began.records, RawBytes: a.report.RawBytes - p.began.raw,
		Problems: slices.Clone(a.report.Problems[p.began.problems:]), Unlisted: a.unlisted - p.began.unlisted,
		Locked: part.locked,
	}
	for _, d := range a.dropped[p.began.dropped:] {
		told.Dropped = append(told.Dropped, [2]uint64{d.First, d.Last})
	}
	for _, g := range part.gone {
		told.Gone = append(told.Gone, [2]uint64{g.First, g.Last})
	}
	for key, spans := range part.keys {
		if told.Keys == nil {
			told.Keys = map[string][][2]uint64{}
		}
		for _, g := range spans {
			told.Keys[key] = append(told.Keys[key], [2]uint64{g.First, g.Last})
		}
	}
	for _, d := range part.own {
		told.Own = append(told.Own, declaredText{d.seq, d.source, d.raw})
	}
	p.state.Segments = append(p.state.Segments, told)
	if p.now().Sub(p.saved) >= saveEvery {
		a.save()
	}
	return nil
}

// add joins what another part of the vault tells.
func (l *letGo) add(o letGo) {
	l.gone = append(l.gone, o.gone...)
	for key, n := range o.locked {
		l.lock(key, n)
	}
	l.own = append(l.own, o.own...)
	for _, key := range slices.Sorted(maps.Keys(o.keys)) {
		for _, g := range o.keys[key] {
			l.destroyed(key, g.Span, g.file)
		}
	}
}

// save makes the state durable. A run goes on when that fails: only an
// interruption would cost more.
func (a *audit) save() {
	p := a.progress
	p.saved = p.now()
	p.state.Saved = p.saved.UTC()
	b, err := json.Marshal(&p.state, json.Deterministic(true))
	if err == nil {
		err = durable.Replace(p.path, b, 0o600)
	}
	a.report.StateError = ""
	if err != nil {
		a.report.StateError = err.Error()
	}
}

// leave is called when a run ends: one that was interrupted leaves its state.
func (a *audit) leave(err error) {
	switch {
	case a.progress == nil:
	case err == nil:
		if err := os.Remove(a.progress.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			a.report.StateError = err.Error()
		}
	case a.ctx.Err() != nil:
		a.save()
	}
}
