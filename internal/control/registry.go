package control

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/jsonx"
)

// registry is what konseki's own records say: sources, imports, findings and
// cases. It is folded from the vault and never stored.
type registry struct {
	mu        sync.RWMutex
	order     []string // source ids in the order registered
	byID      map[string]coverage.Source
	imported  map[string]ImportedFile // by SHA-256 of the content
	begun     map[string]uint64       // imports begun and not ended whole: Seq of the record that says so
	found     map[string]bool         // finding ids
	items     []story.Item            // the findings that were read
	unread    []uint64                // records of findings that were not
	foundAt   map[string]int          // places in items, by finding id
	mutes     []Mute
	fromFiles map[string]bool // sources of which files were imported
	changes   uint64
	holds     []Hold
	expiries  expiries
	shredded  map[string][]coverage.Absence // by source
	lost      *coverage.Losses              // everything sealed as lost
	shut      coverage.ShutFiles
	lossSeq   uint64 // the last record of losses that was folded in
	counted   uint64 // up to here it is sealed what deriving records lost
	desk      *investigate.Desk

	attestations []event.Attestation
	lastAttested map[attestedBy]int // places in attestations
}

func newRegistry() *registry {
	return &registry{byID: map[string]coverage.Source{}, imported: map[string]ImportedFile{}, begun: map[string]uint64{}, found: map[string]bool{}, foundAt: map[string]int{}, fromFiles: map[string]bool{}, lost: coverage.NewLosses(maxSealed), shut: coverage.NewShutFiles(), desk: investigate.NewDesk(), lastAttested: map[attestedBy]int{}}
}

// Apply folds one own record in, in Seq order; others are passed over.
func (s *Service) Apply(rec event.Record) {
	if err := s.registry.apply(rec); err != nil {
		s.Logger.Warn("own record left out", "record", rec.Seq, "source", rec.Source, "error", err)
	}
}

func (r *registry) apply(rec event.Record) error {
	switch rec.Source {
	case event.SourceCase:
		return r.desk.Apply(rec)
	case event.SourceRegistry:
		return r.applySource(rec)
	case event.SourceCoverage:
		return r.applyAttestation(rec)
	case event.SourceHold:
		return r.applyHold(rec)
	case event.SourceExpiry:
		return r.applyExpiry(rec)
	case event.SourceShred:
		return r.applyShred(rec)
	case event.SourceImport:
		var f ImportedFile
		if err := jsonx.Unmarshal(rec.Raw, &f, jsonx.DefaultLimits()); err != nil {
			return err
		}
		r.applyImport(rec.Seq, f)
	case event.SourceLoss:
		return r.applyLoss(rec)
	case event.SourceFinding:
		return r.applyFinding(rec)
	case event.SourceMute:
		return r.applyMute(rec)
	}
	return nil
}

func (r *registry) applyImport(seq uint64, f ImportedFile) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.begun[f.SHA256]; f.Op == "import.begin" && !again {
		r.begun[f.SHA256] = seq
	}
	if f.Op == "import" {
		r.imported[f.SHA256] = f
		r.fromFiles[f.Source] = true
		if f.Error == "" {
			r.shut.Took(seq, f.Path)
		}
		r.changes++
	}
}

// begunAt gives where the first import of a content began.
func (r *registry) begunAt(sha256 string) (seq uint64, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	seq, ok = r.begun[sha256]
	return seq, ok
}

// applySource folds in what was said of a source: it replaces what was said
// before, but for what it was asked of others. What was merely seen replaces
// nothing that a person said.
func (r *registry) applySource(rec event.Record) error {
	var op sourceOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	src, id := op.Source, op.Source.ID
	old, known := r.byID[id]
	if !known {
		r.order = append(r.order, id)
	}
	switch {
	case op.Op == opSourceRequest && op.Request != nil:
		src, src.ID = old, id
		again := func(r coverage.Request) bool { return r.At.Equal(op.Request.At) && r.State == op.Request.State }
		if !slices.ContainsFunc(old.Requests, again) { // the tail is read twice when a vault is opened
			src.Requests = append(slices.Clone(old.Requests), *op.Request)
		}
	case known && !src.Expected && old.Expected:
		old.Ack = cmp.Or(src.Ack, old.Ack)
		src = old
	case known:
		src.Ack, src.Requests = cmp.Or(src.Ack, old.Ack), old.Requests
	}
	if src.Since = old.Since; src.Expected && !old.Expected {
		src.Since = op.At
	}
	r.byID[id] = src
	return nil
}

func (r *registry) version() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.changes
}

func (r *registry) sources() []coverage.Source {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]coverage.Source, 0, len(r.order))
	for _, id := range r.order {
		out = append(out, r.byID[id])
	}
	return out
}

func (r *registry) source(id string) (coverage.Source, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.byID[id]
	return s, ok
}

func (r *registry) findings() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return int64(len(r.found))
}

// Raised reports whether a finding of this id was sealed before.
func (s *Service) Raised(id string) bool {
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	return s.registry.found[id]
}

// MarkRaised remembers that a finding of this id was sealed, as a record that
// is read when stories are asked for.
func (s *Service) MarkRaised(id string, record uint64) {
	s.registry.mu.Lock()
	defer s.registry.mu.Unlock()
	s.registry.found[id] = true
	s.registry.unread = append(s.registry.unread, record)
}

// Sources implements [Operations].
func (s *Service) Sources(context.Context) ([]Source, error) { return s.registry.sources(), nil }

// AddSource implements [Operations].
func (s *Service) AddSource(ctx context.Context, by string, src Source) error {
	src.ID = strings.TrimSpace(src.ID)
	if err := validSource(src); err != nil {
		return err
	}
	src.Expected, src.Since = true, time.Time{} // the record's own time says since when
	if err := s.keepsEnough(&src); err != nil {
		return err
	}
	_, err := s.seal(ctx, event.SourceRegistry, sourceOp{At: s.Now(), By: by, Op: opSourceAdd, Source: src})
	return err
}

// Seen registers a source that sent records and that nobody had registered.
func (s *Service) Seen(ctx context.Context, id, kind, ack string) error {
	if old, ok := s.registry.source(id); ok && old.Ack != "" {
		return nil
	}
	rec, err := OwnRecord(event.SourceRegistry, sourceOp{At: s.Now(), By: "konseki", Op: opSourceSeen, Source: Source{ID: id, Kind: kind, Ack: ack}})
	if err != nil {
		return err
	}
	if err := s.Vault.Append(ctx, []event.Record{rec}); err != nil {
		return fmt.Errorf("control: register %s: %w", id, err)
	}
	return s.registry.apply(rec) // known at once, so that it is said once
}

// sourceOp is the own record of what was said of a source.
type sourceOp struct {
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Op      string            `json:"op"`
	Source  Source            `json:"registered"` // of a request: its id alone
	Request *coverage.Request `json:"request,omitempty"`
}

const (
	opSourceAdd     = "source.add"
	opSourceSeen    = "source.seen"
	opSourceRequest = "source.request"
)

// maxID bounds the name of a source.
const maxID = 128

func validSource(src Source) error {
	bad := src.ID == "" || len(src.ID) > maxID || event.IsOwn(src.ID) ||
		src.ID != strings.ToLower(src.ID) || strings.ContainsAny(src.ID, " \t\r\n\"():;*?")
	if bad {
		return event.Refuse(ErrInvalid, "a source is named with lower-case letters, digits, dots, slashes and dashes, such as vpn or web/app-1; %q is not", "ログ源の名前は vpn や web/app-1 のように、小文字の英数字・点・斜線・ハイフンで書きます（%q は使えません）", src.ID)
	}
	if src.Kind != "" && !slices.ContainsFunc(coverage.Kinds(), func(k coverage.Kind) bool { return k.Name == src.Kind }) {
		return event.Refuse(ErrInvalid, "unknown kind of source %q", "%q という種類のログ源はありません", src.Kind)
	}
	if err := validMatch(src); err != nil {
		return err
	}
	for _, a := range src.Absent {
		switch a.State {
		case coverage.Expired, coverage.Deleted, coverage.Refused, coverage.NeverCollected:
		default:
			return event.Refuse(ErrInvalid, "source %s: records are absent because they expired, were deleted, were refused or were never_collected, not %q", "ログ源 %s: 記録が無い理由は expired、deleted、refused、never_collected のいずれかです（%q ではありません）", src.ID, a.State)
		}
		if !a.From.Before(a.To) {
			return event.Refuse(ErrInvalid, "source %s: an absence must begin before it ends", "ログ源 %s: 記録が無い期間の終わりが始まりより前です", src.ID)
		}
	}
	for _, c := range src.Covers {
		if !c.From.Before(c.To) {
			return event.Refuse(ErrInvalid, "source %s: what is covered must begin before it ends", "ログ源 %s: 揃っている期間の終わりが始まりより前です", src.ID)
		}
	}
	return nil
}

// validMatch checks what live records a source is recognised by, and its zone.
func validMatch(src Source) error {
	for _, a := range src.Match.Addresses {
		if _, ok := coverage.Network(a); !ok {
			return event.Refuse(ErrInvalid, "source %s: %q is neither an address nor a network such as 192.0.2.0/24", "ログ源 %s: %q はアドレスでも 192.0.2.0/24 のようなネットワークでもありません", src.ID, a)
		}
	}
	for _, p := range slices.Concat(src.Match.Hosts, src.Match.Programs, src.Match.Senders) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return event.Refuse(ErrInvalid, "source %s: %q is no name or pattern with *", "ログ源 %s: %q は名前でも * を含むパターンでもありません", src.ID, p)
		}
	}
	if _, err := time.LoadLocation(src.Zone); err != nil {
		return event.Refuse(ErrInvalid, "source %s: %q is not an IANA zone such as Asia/Tokyo", "ログ源 %s: %q は Asia/Tokyo のような IANA のタイムゾーンではありません", src.ID, src.Zone)
	}
	return nil
}
