package casework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/exchange"
	"github.com/konseki/konseki/internal/vault"
)

// Exchange says how a case is written for another tool.
type Exchange struct {
	Format  string // of [exchange.Formats]
	Lang    string // ja or en
	Marking string // TLP of indicators; amber when empty
	Unmask  string // why real names and secrets are to be written; "": public names, masked
}

// Exchange implements [Operations]; see [exchange.Write]. Records that are gone are
// counted as left out.
func (s *Service) Exchange(ctx context.Context, by auth.Person, caseID string, x Exchange, w io.Writer) (exchange.Count, error) {
	if x.Lang != "ja" && x.Lang != "en" {
		return exchange.Count{}, event.Refuse(control.ErrInvalid, "names and texts are written in ja or en, not %q", "名前と文の言語は ja か en です（%q ではありません）", x.Lang)
	}
	in, err := s.exchanged(ctx, caseID, x)
	if err != nil {
		return exchange.Count{}, err
	}
	if in.Real {
		err = s.Unmasking(ctx, by, "case:"+caseID, x.Unmask)
	} else {
		err = s.Accessed(ctx, by.Name, "exchange", "case:"+caseID)
	}
	if err != nil {
		return exchange.Count{}, err
	}
	var gone int64
	in.Events = s.citedEvents(ctx, in.Case.Cited(false), nil, &gone)
	n, err := exchange.Write(w, x.Format, in)
	n.Left += gone
	if errors.Is(err, exchange.ErrInvalid) {
		return n, fmt.Errorf("%w: %w", control.ErrInvalid, err)
	}
	if err != nil {
		return n, fmt.Errorf("casework: %w", err)
	}
	return n, nil
}

func (s *Service) exchanged(ctx context.Context, caseID string, x Exchange) (exchange.Input, error) {
	c, err := s.Case(ctx, caseID)
	return exchange.Input{Case: c, Zone: s.Zone, Lang: x.Lang, Version: s.Version, Marking: x.Marking, Real: x.Unmask != ""}, err
}

// citedEvents derives the events of records, without the words to hide, and
// counts the records of which nothing can be shown.
func (s *Service) citedEvents(ctx context.Context, seqs []uint64, hide *report.Masks, gone *int64) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		read := normalise.New()
		var evs []event.Event
		for rec, err := range s.Vault.Pick(ctx, sorted(seqs)) {
			if errors.Is(err, vault.ErrGone) {
				*gone++
				continue
			}
			shown := rec.Record
			if words := hide.Hide(shown.Raw); err == nil && len(words) > 0 {
				shown, _, err = rec.Disclose(words)
			}
			if err != nil {
				yield(event.Event{}, fmt.Errorf("casework: record %d: %w", rec.Seq, err))
				return
			}
			evs = read.Events(evs[:0], &shown)
			for _, ev := range evs {
				if !yield(ev, nil) {
					return
				}
			}
		}
	}
}

// exchangeFiles are the files of a bundle that are for other tools. They are
// written aside all at once, so that each record is read only once more, and
// while the documents are written: who wants one waits. remove ends that and takes
// it away.
func (s *Service) exchangeFiles(ctx context.Context, in report.Input, hide *report.Masks) (files []report.File, remove func(), err error) {
	dir, err := os.MkdirTemp("", "konseki-exchange-")
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	written := make(chan struct{})
	var failed error
	for _, f := range exchange.Formats() {
		files = append(files, report.File{Name: f.File, Write: func(w io.Writer) error {
			if <-written; failed != nil {
				return failed
			}
			return copied(w, filepath.Join(dir, f.File))
		}})
	}
	go func() {
		defer close(written)
		failed = s.writeExchange(ctx, dir, in, hide)
	}()
	return files, func() { cancel(); <-written; _ = os.RemoveAll(dir) }, nil
}

// writeExchange writes every exchange format into a folder.
func (s *Service) writeExchange(ctx context.Context, dir string, in report.Input, hide *report.Masks) (err error) {
	to := map[string]io.Writer{}
	for _, f := range exchange.Formats() {
		out, failed := os.OpenFile(filepath.Join(dir, f.File), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		to[f.Name] = out
	}
	var gone int64
	x := exchange.Input{Case: in.Case, Events: s.citedEvents(ctx, in.Case.Cited(false), hide, &gone), Zone: s.Zone, Lang: "ja", Version: s.Version}
	_, err = exchange.WriteAll(to, x)
	return err
}

func copied(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// decisions lists the records of konseki's own by which records were let go, when
// one of those cited is gone: they say why it cannot be shown.
func (s *Service) decisions(ctx context.Context, cited []uint64, have map[uint64]report.Cited) (out []uint64, err error) {
	missing := false
	for _, seq := range cited {
		if _, ok := have[seq]; !ok {
			missing = true
		}
	}
	if !missing {
		return nil, nil
	}
	for ev, err := range s.All(ctx, control.Search{Query: "source:(" + event.SourceExpiry + " OR " + event.SourceShred + ")"}) {
		if err != nil {
			return nil, err
		}
		out = append(out, ev.Record)
	}
	return out, nil
}
