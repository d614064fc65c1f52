// Package casework is what people do on a case: its parts, its checks, its reports and its bundle.
package casework

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/advised"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/investigate/script"
	"github.com/konseki/konseki/internal/report/exchange"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// Operations is everything that a person may ask, cases included. Errors for
// people are those of [control.Operations] and *[investigate.Conflict].
type Operations interface {
	control.Operations

	// Cases lists the cases, the newest opened first, as they were sealed.
	Cases(ctx context.Context) ([]*investigate.Case, error)
	// Case is a case with the answers of its questions computed now, and how
	// certain the order of its timeline is.
	Case(ctx context.Context, id string) (*investigate.Case, error)
	OpenCase(ctx context.Context, by, id string, title event.Phrase) (*investigate.Case, error)
	CloseCase(ctx context.Context, by, id string, reason event.Phrase) error
	ReopenCase(ctx context.Context, by, id string) error

	// Put adds a part to a case, or puts it in the place of the one that has its
	// id. What a part says by a query is computed: citations, answer, number.
	// base is the version (Head.Recorded) that a change was made from: when
	// others changed the part meanwhile, the edits are merged, field by field,
	// or it fails with an *[investigate.Conflict]. A new part has base 0; putting
	// an id that exists with base 0 is a conflict too. It returns the part as
	// recorded.
	Put(ctx context.Context, by, caseID string, p investigate.Part, base uint64) (investigate.Part, error)
	// Weigh is what Put would record, without recording it: with the citations
	// and the coverage of a statement while it is being written. Where the part
	// could not be put, it is returned with the error that says why.
	Weigh(ctx context.Context, caseID string, p investigate.Part) (investigate.Part, error)
	// Part is a part as it stands, or as one version of it was; 0 is the newest.
	Part(ctx context.Context, caseID string, k investigate.Kind, id string, version uint64) (investigate.Part, error)
	// Withdraw says that a part is no longer upheld, and why. Nothing is deleted.
	Withdraw(ctx context.Context, by, caseID string, k investigate.Kind, id string, reason event.Phrase) error

	// Check runs the checks of containments, conditions and measures now and
	// records what they found; k and id narrow it where given. A containment that
	// did not work leaves a finding.
	Check(ctx context.Context, by, caseID string, k investigate.Kind, id string) ([]Outcome, error)
	// Sign signs a condition or measure off: a second person, not the one who
	// wrote it or brought its evidence.
	Sign(ctx context.Context, by, caseID string, k investigate.Kind, id string) error
	// Override lets a condition count as dealt with though it is not met.
	Override(ctx context.Context, by, caseID string, k investigate.Kind, id string, reason event.Phrase) error

	// Duties tells how each deadline stands now, what it asks for and what of that
	// the case says.
	Duties(ctx context.Context, caseID string) ([]duty.Duty, error)
	// Calendar writes them as iCalendar (RFC 5545), in ja or en.
	Calendar(ctx context.Context, caseID, lang string, w io.Writer) error
	// Lint finds where a case contradicts itself, its records or an earlier report.
	Lint(ctx context.Context, by, caseID string) ([]lint.Problem, error)
	// LintPart is what Lint would say of a part if it were put as it is: while it
	// is being written.
	LintPart(ctx context.Context, caseID string, p investigate.Part) ([]lint.Problem, error)
	// CaseFindings are the findings that a case cites, or that rest on a record it
	// cites, the newest first.
	CaseFindings(ctx context.Context, by, caseID string) ([]control.Finding, error)
	// HandOver lists what a scope counts, for those whom it concerns.
	HandOver(ctx context.Context, by auth.Person, caseID, scope, unmask string, w io.Writer) (int64, error)
	// ApplyFile does the work of a case file.
	ApplyFile(ctx context.Context, by string, f *script.Script) (Applied, error)

	// Report writes the case as a document: a preview that nothing remembers but
	// the record of who read it.
	Report(ctx context.Context, by, caseID string, d Document, w io.Writer) error
	// Issue writes a kind of report in both languages and all formats, seals each
	// document and the version that they make, and leaves the case as it then
	// was with it: see [investigate.Version].
	Issue(ctx context.Context, by, caseID, kind string) (*investigate.Version, error)
	// Issued writes a document of a version, "ja.html" say, byte by byte as it was
	// issued.
	Issued(ctx context.Context, by, caseID, version, name string, w io.Writer) error
	// Export writes the self-verifying bundle (zip).
	Export(ctx context.Context, by, caseID string, masks []string, w io.Writer) error
	// Exchange writes what the case cites for another tool: masked and under public
	// names, unless an administrator or analyst says why not; that is recorded
	// first, as is who took it.
	Exchange(ctx context.Context, by auth.Person, caseID string, x Exchange, w io.Writer) (exchange.Count, error)
}

// Outcome is what a check found, and of which part.
type Outcome struct {
	Kind   investigate.Kind
	ID     string
	Text   event.Phrase
	Result investigate.Result
	Drift  bool // it was met before
}

// Service is [advised.Service] that works on cases.
type Service struct {
	*advised.Service
	// Anchors gives the anchors that hold for the log of so many entries, to go
	// into bundles; nil where there are none.
	Anchors func(ctx context.Context, size uint64) ([]anchor.Carried, error)

	edits sync.Mutex // one edit at a time, so that none is lost between reading and sealing
	seen  sightings
	told  answers
	book  atomic.Pointer[clock.Book] // of deadlines
}

var _ Operations = (*Service)(nil)

// New returns s with the operations on cases.
func New(s *advised.Service) *Service { return &Service{Service: s} }

// Cases implements [Operations].
func (s *Service) Cases(context.Context) ([]*investigate.Case, error) { return s.Desk().Cases(), nil }

// Case implements [Operations].
func (s *Service) Case(ctx context.Context, id string) (*investigate.Case, error) {
	c, err := s.sealed(id)
	if err != nil {
		return nil, err
	}
	return s.Shown(ctx, c)
}

// CaseFindings implements [Operations].
func (s *Service) CaseFindings(ctx context.Context, by, caseID string) ([]control.Finding, error) {
	c, err := s.sealed(caseID)
	if err != nil {
		return nil, err
	}
	return s.FindingsOn(ctx, by, "case "+caseID, c.Cited(false))
}

// Shown is a case, as its operations say it is, with what [Service.Case] computes:
// Questions and Timeline are other slices, in the same order; all else is the same.
func (s *Service) Shown(ctx context.Context, sealed *investigate.Case) (*investigate.Case, error) {
	shown := *sealed
	if err := s.answerNow(ctx, &shown); err != nil {
		return nil, err
	}
	return &shown, s.markOrder(ctx, &shown)
}

// sealed is a case as its operations say.
func (s *Service) sealed(id string) (*investigate.Case, error) {
	if c := s.Desk().Case(id); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("case %s: %w", id, control.ErrNotFound)
}

// OpenCase implements [Operations].
func (s *Service) OpenCase(ctx context.Context, by, id string, title event.Phrase) (*investigate.Case, error) {
	s.edits.Lock()
	defer s.edits.Unlock()
	if s.Desk().Case(id) != nil {
		return nil, event.Refuse(control.ErrInvalid, "case %s exists; choose another id", "事案 %s は既にあります。別の ID にしてください", id)
	}
	if _, err := s.operate(ctx, investigate.Operation{Case: id, Op: "open", By: by, Title: title}); err != nil {
		return nil, err
	}
	return s.Case(ctx, id)
}

// CloseCase implements [Operations].
func (s *Service) CloseCase(ctx context.Context, by, id string, reason event.Phrase) error {
	_, err := s.operate(ctx, investigate.Operation{Case: id, Op: "close", By: by, Reason: reason})
	return err
}

// ReopenCase implements [Operations].
func (s *Service) ReopenCase(ctx context.Context, by, id string) error {
	_, err := s.operate(ctx, investigate.Operation{Case: id, Op: "reopen", By: by})
	return err
}

// operate seals one operation on a case.
func (s *Service) operate(ctx context.Context, op investigate.Operation) (event.Record, error) {
	if op.At.IsZero() {
		op.At = s.Now()
	}
	if op.Op != "open" {
		if _, err := s.sealed(op.Case); err != nil {
			return event.Record{}, err
		}
	}
	if err := op.Validate(); err != nil {
		return event.Record{}, err
	}
	rec, err := s.Seal(ctx, event.SourceCase, op)
	if err != nil {
		return rec, fmt.Errorf("casework: %w", err)
	}
	return rec, nil
}
