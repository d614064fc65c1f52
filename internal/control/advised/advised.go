// Package advised adds to the operations what is published about flaws of what the company runs.
package advised

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/advisory"
	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/known"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/query"
)

// Service is [known.Service] that matches advisories. What it knows is computed
// from records whenever it is asked; only acknowledgements are folded.
type Service struct {
	*known.Service
	// Escalation says when it is told again that nobody has acknowledged.
	Escalation advisory.Escalation
	// Raise seals findings, each once.
	Raise func(ctx context.Context, found []finding.Finding) error

	mu   sync.Mutex
	acks map[string][]advisory.Ack // by name, in capitals
}

// New returns s with nothing acknowledged yet.
func New(s *known.Service) *Service {
	return &Service{Service: s, Escalation: advisory.DefaultEscalation(), acks: map[string][]advisory.Ack{}}
}

// ackOp is the own record of an acknowledgement.
type ackOp struct {
	Op string `json:"op"` // "advisory.ack"
	ID string `json:"id"` // as it was said
	advisory.Ack
}

// Apply folds one own record in, in Seq order, as [control.Service.Apply] does.
func (s *Service) Apply(rec event.Record) {
	if rec.Source != event.SourceAdvisory {
		s.Service.Apply(rec)
		return
	}
	var op ackOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil || op.Op != "advisory.ack" {
		s.Logger.Warn("own record left out", "record", rec.Seq, "source", rec.Source, "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := strings.ToUpper(op.ID)
	for _, a := range s.acks[name] {
		if a == op.Ack {
			return // folded before, from the tail
		}
	}
	s.acks[name] = append(s.acks[name], op.Ack)
}

// ImportEstate is [known.Service.ImportEstate]; what is imported of software is
// matched at once.
func (s *Service) ImportEstate(ctx context.Context, by, kind, file string, content []byte) (*estate.Edition, error) {
	ed, err := s.Service.ImportEstate(ctx, by, kind, file, content)
	if err != nil || ed.Kind != estate.KindSoftware {
		return ed, err
	}
	until, err := s.horizon(ctx)
	if err != nil {
		return ed, err
	}
	return ed, s.Advise(ctx, until)
}

// Import is [known.Service.Import]; software that came with the evidence is
// matched once all of it is here.
func (s *Service) Import(ctx context.Context, by string, req control.Import) (*control.Imported, error) {
	out, err := s.Service.Import(ctx, by, req)
	if err != nil || !slices.ContainsFunc(out.Estate, func(e control.ImportedEstate) bool { return e.Kind == estate.KindSoftware && e.Record > 0 }) {
		return out, err
	}
	until, err := s.horizon(ctx)
	if err != nil {
		return out, err
	}
	before, err := s.raised(ctx)
	if err != nil {
		return out, err
	}
	if err := s.Advise(ctx, until); err != nil {
		return out, err
	}
	after, err := s.raised(ctx)
	out.Findings += after - before
	return out, err
}

// raised counts the findings that are sealed.
func (s *Service) raised(ctx context.Context) (int64, error) {
	plan, err := query.Parse(`source:"`+event.SourceFinding+`"`, query.Options{})
	if err != nil {
		return 0, fmt.Errorf("advised: %w", err)
	}
	n, err := s.Index.Count(ctx, index.Request{Plan: plan, Own: true})
	if err != nil {
		return 0, fmt.Errorf("advised: %w", err)
	}
	return n, nil
}

// horizon is the time of the last event at hand, or now if that is earlier.
func (s *Service) horizon(ctx context.Context) (time.Time, error) {
	page, err := s.Index.Search(ctx, index.Request{Limit: 1})
	if err != nil {
		return time.Time{}, fmt.Errorf("advised: %w", err)
	}
	now := s.Now()
	if len(page.Events) > 0 && page.Events[0].Time.Before(now) {
		return page.Events[0].Time, nil
	}
	return now, nil
}

// Advise matches all advisories with all that is run and seals the findings
// that there are up to an instant and that were not sealed before.
func (s *Service) Advise(ctx context.Context, until time.Time) error {
	book, err := s.Book(ctx)
	if err != nil {
		return err
	}
	found := book.Findings(s.Escalation, until)
	if len(found) == 0 {
		return nil
	}
	if err := s.Raise(ctx, found); err != nil {
		return fmt.Errorf("advised: %w", err)
	}
	if err := s.Flow.Sync(ctx); err != nil {
		return fmt.Errorf("advised: %w", err)
	}
	return nil
}

// Book is every flaw that concerns what is run, or was.
func (s *Service) Book(ctx context.Context) (*advisory.Book, error) {
	software := s.Estate().Software()
	if len(software) == 0 {
		return &advisory.Book{}, nil
	}
	inventory := advisory.NewInventory(software)
	keys := map[string]bool{}
	err := s.editions(ctx, func(n *notice.Notice) error {
		if inventory.Names(n) {
			keys[n.Key()], keys[n.ID] = true, true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var concern []notice.Notice
	if len(keys) > 0 {
		err = s.editions(ctx, func(n *notice.Notice) error {
			if !keys[n.Key()] && !keys[n.ID] {
				return nil
			}
			err := s.received(ctx, n)
			concern = append(concern, *n)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return advisory.Make(concern, inventory, s.acknowledged()), nil
}

// received keeps when an edition was received, unless it was imported from a
// file, which says nothing of when it could be known.
func (s *Service) received(ctx context.Context, n *notice.Notice) error {
	rec, err := s.Vault.Get(ctx, n.Record)
	if err != nil {
		return fmt.Errorf("advised: record %d: %w", n.Record, err)
	}
	if event.ParseTransport(rec.Transport).Kind == "file" {
		n.Received = time.Time{}
	}
	return nil
}

// pageSize bounds the advisories that are in memory at a time.
const pageSize = 2000

// editions gives every edition of every advisory, in order of time.
func (s *Service) editions(ctx context.Context, each func(n *notice.Notice) error) error {
	plan, err := query.Parse("class:vulnerability", query.Options{})
	if err != nil {
		return fmt.Errorf("advised: %w", err)
	}
	req := index.Request{Plan: plan, Oldest: true, Limit: pageSize}
	for {
		page, err := s.Index.Search(ctx, req)
		if err != nil {
			return fmt.Errorf("advised: %w", err)
		}
		for i := range page.Events {
			if n, ok := notice.Of(&page.Events[i]); ok {
				if err := each(&n); err != nil {
					return err
				}
			}
		}
		if req.After = page.Next; req.After == "" {
			return nil
		}
	}
}

func (s *Service) acknowledged() map[string][]advisory.Ack {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string][]advisory.Ack, len(s.acks))
	for name, list := range s.acks {
		out[name] = append([]advisory.Ack(nil), list...)
	}
	return out
}

// maxNote bounds what somebody says with an acknowledgement.
const maxNote = 2000

// Acknowledge seals that somebody has read an advisory, by any of its names,
// and what was said to it. What concerns nothing that is run can be
// acknowledged too, if there is such an advisory.
func (s *Service) Acknowledge(ctx context.Context, by, id, note string) (*advisory.Flaw, error) {
	if !notice.Sound(id) || len(note) > maxNote {
		return nil, fmt.Errorf("%w: name one advisory, such as CVE-2026-0001, and a note of at most %d bytes", control.ErrInvalid, maxNote)
	}
	if _, err := s.Flaw(ctx, id); err != nil {
		return nil, err
	}
	rec, err := control.OwnRecord(event.SourceAdvisory, ackOp{Op: "advisory.ack", ID: id, Ack: advisory.Ack{At: s.Now().UTC(), By: by, Note: note}})
	if err != nil {
		return nil, fmt.Errorf("advised: %w", err)
	}
	if err := s.Vault.Append(ctx, []event.Record{rec}); err != nil {
		return nil, fmt.Errorf("advised: %w", err)
	}
	if err := s.Flow.Sync(ctx); err != nil {
		return nil, fmt.Errorf("advised: %w", err)
	}
	return s.Flaw(ctx, id)
}

// Flaw is the flaw that has a name, with its hits; control.ErrNotFound when no
// advisory has it.
func (s *Service) Flaw(ctx context.Context, id string) (*advisory.Flaw, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	for i := range book.Flaws {
		if book.Flaws[i].Has(id) {
			return &book.Flaws[i], nil
		}
	}
	var editions []notice.Notice
	err = s.editions(ctx, func(n *notice.Notice) error {
		for _, name := range n.Names() {
			if strings.EqualFold(name, id) {
				editions = append(editions, *n)
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(editions) == 0 {
		return nil, fmt.Errorf("%w: no advisory is called %q", control.ErrNotFound, id)
	}
	return advisory.About(editions, s.acknowledged()), nil
}
