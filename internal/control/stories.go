package control

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// Triage is what a person may ask about what wants looking at.
type Triage interface {
	// Stories puts the findings together into stories.
	Stories(ctx context.Context, by string, q StoryQuery) (*Stories, error)
	// Mutes lists the mutes, the ended ones too, oldest first.
	Mutes(ctx context.Context) ([]Mute, error)
	// AddMute leaves findings out of stories for a time.
	AddMute(ctx context.Context, by string, m story.Mute) (*Mute, error)
	// EndMute ends a mute before its time; it needs a reason.
	EndMute(ctx context.Context, by, id, reason string) (*Mute, error)
}

// StoryQuery says which stories are wanted.
type StoryQuery struct {
	From, To time.Time // stories that have a finding in it; zero means open
	Level    string    // the lowest; "" for medium
	Budget   int       // stories a day; 0 for what is configured, negative for all
	Zone     *time.Location
}

// Stories is what wants looking at, and what is left out of it.
type Stories struct {
	// Stories are those of the level asked for, the newest first, those beyond
	// the budget marked so.
	Stories []story.Story `json:"stories"`
	Days    []story.Day   `json:"days"`
	Below   int           `json:"below"`          // stories under the level asked for
	Muted   int           `json:"muted"`          // findings left out by mutes
	Over    int           `json:"over"`           // stories beyond their day's budget
	Watch   Watched       `json:"watch,omitzero"` // what correlations and baselines did not do perfectly
}

// Watched is what correlations and baselines looked at since this process
// started or last imported, and what they could not do perfectly.
type Watched struct {
	Observed uint64 `json:"observed"` // events judged in order of time
	Late     uint64 `json:"late"`     // events judged out of order
	Crowded  uint64 `json:"crowded"`  // events judged early, because too many were waiting
	Evicted  uint64 `json:"evicted"`  // what was forgotten to bound memory
	Clipped  uint64 `json:"clipped"`  // values left out of sums, averages and percentiles
}

// Mute is a mute and how it came and went.
type Mute struct {
	story.Mute
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Record uint64    `json:"record"`
	Ended  *Release  `json:"ended,omitempty"` // before its time
}

// muteOp is the record of a mute made or ended.
type muteOp struct {
	At     time.Time   `json:"at"`
	By     string      `json:"by"`
	Op     string      `json:"op"` // mute.add or mute.end
	Mute   *story.Mute `json:"mute,omitempty"`
	ID     string      `json:"id,omitempty"`
	Reason string      `json:"reason,omitempty"`
}

const (
	opMuteAdd = "mute.add"
	opMuteEnd = "mute.end"
)

// Stories implements [Triage].
func (s *Service) Stories(ctx context.Context, by string, q StoryQuery) (*Stories, error) {
	if err := s.sync(ctx); err != nil {
		return nil, fmt.Errorf("control: stories: %w", err)
	}
	if q.Zone == nil {
		q.Zone = s.Zone
	}
	if q.Budget == 0 {
		q.Budget = s.Budget
	}
	items, err := s.allFound(ctx)
	if err != nil {
		return nil, err
	}
	out, err := StoriesOf(items, s.registry.activeMutes(), q)
	if err != nil {
		return nil, err
	}
	out.Watch = s.Flow.Watched()
	q.Level = cmp.Or(q.Level, finding.LevelMedium)
	return out, s.record(ctx, access{By: by, Op: "stories", Query: q.Level, From: q.From, To: q.To, Found: int64(len(out.Stories))})
}

// StoriesOf puts findings together as a query asks. Nobody is told that it was
// asked: that is for [Triage].
func StoriesOf(items []story.Item, mutes []story.Mute, q StoryQuery) (*Stories, error) {
	q.Level = cmp.Or(q.Level, finding.LevelMedium)
	if finding.Rank(q.Level) == 0 && q.Level != finding.LevelInformational {
		return nil, event.Refuse(ErrInvalid, "level %q is none of informational, low, medium, high, critical", "%q は informational、low、medium、high、critical のいずれでもありません", q.Level)
	}
	out := &Stories{Stories: []story.Story{}}
	all := story.Build(items, story.Options{Level: q.Level, Budget: q.Budget, Zone: q.Zone, Mutes: mutes})
	all = slices.DeleteFunc(all, func(t story.Story) bool {
		return !q.From.IsZero() && t.Last.Before(q.From) || !q.To.IsZero() && !t.First.Before(q.To)
	})
	out.Days = story.Days(all, q.Level, q.Zone)
	for _, t := range slices.Backward(all) {
		out.Muted += t.Muted
		switch {
		case len(t.Findings) == 0:
		case !t.Counts(q.Level):
			out.Below++
		default:
			if t.Over {
				out.Over++
			}
			out.Stories = append(out.Stories, t)
		}
	}
	return out, nil
}

// Mutes implements [Triage].
func (s *Service) Mutes(context.Context) ([]Mute, error) {
	return slices.Clone(s.registry.allMutes()), nil
}

// AddMute implements [Triage].
func (s *Service) AddMute(ctx context.Context, by string, m story.Mute) (*Mute, error) {
	m.Owner, m.Reason = strings.TrimSpace(m.Owner), strings.TrimSpace(m.Reason)
	if err := m.Check(s.Now()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if len(m.Reason) > maxReason || len(m.Owner) > maxReason {
		return nil, event.Refuse(ErrInvalid, "owner and reason have at most %d bytes", "担当と理由は %d バイトまでです", maxReason)
	}
	rec, err := s.seal(ctx, event.SourceMute, muteOp{At: s.Now(), By: by, Op: opMuteAdd, Mute: &m})
	if err != nil {
		return nil, err
	}
	return find(s.registry.allMutes(), func(x Mute) bool { return x.Record == rec.Seq }), nil
}

// EndMute implements [Triage].
func (s *Service) EndMute(ctx context.Context, by, id, reason string) (*Mute, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "" || len(reason) > maxReason:
		return nil, event.Refuse(ErrInvalid, "say why mute %s ends, in at most %d bytes; the reason is recorded", "ミュート %s を終える理由を %d バイト以内で書いてください。理由は記録されます", id, maxReason)
	case !slices.ContainsFunc(s.registry.allMutes(), func(m Mute) bool { return m.ID == id && m.Ended == nil }):
		return nil, fmt.Errorf("mute %s: %w; konseki mute list shows the mutes", id, ErrNotFound)
	}
	if _, err := s.seal(ctx, event.SourceMute, muteOp{At: s.Now(), By: by, Op: opMuteEnd, ID: id, Reason: reason}); err != nil {
		return nil, err
	}
	return find(s.registry.allMutes(), func(m Mute) bool { return m.ID == id }), nil
}

// applyMute folds a mute made or ended; a record folded before changes nothing.
func (r *registry) applyMute(rec event.Record) error {
	var op muteOp
	if err := jsonx.Unmarshal(rec.Raw, &op, jsonx.DefaultLimits()); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	mutes := slices.Clone(r.mutes) // readers have the old one
	switch {
	case op.Op == opMuteAdd && op.Mute != nil:
		if slices.ContainsFunc(mutes, func(m Mute) bool { return m.Record == rec.Seq }) {
			return nil
		}
		m := Mute{Mute: *op.Mute, At: op.At, By: op.By, Record: rec.Seq}
		m.ID = fmt.Sprintf("m%d", rec.Seq)
		mutes = append(mutes, m)
	case op.Op == opMuteEnd:
		for i := range mutes {
			if mutes[i].ID == op.ID && mutes[i].Ended == nil {
				mutes[i].Ended = &Release{At: op.At, By: op.By, Reason: op.Reason, Record: rec.Seq}
			}
		}
	default:
		return fmt.Errorf("control: record %d: unknown operation %q on a mute", rec.Seq, op.Op)
	}
	r.mutes = mutes
	r.changes++
	return nil
}

// applyFinding folds a finding; why the rule held stays in its record.
func (r *registry) applyFinding(rec event.Record) error {
	it := story.Item{Record: rec.Seq}
	if err := jsonx.Unmarshal(rec.Raw, &it.Finding, jsonx.DefaultLimits()); err != nil {
		return err
	}
	it.Because = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.foundAt[it.ID]; ok {
		r.items[at].Record = rec.Seq
	} else {
		r.foundAt[it.ID] = len(r.items)
		r.items = append(r.items, it)
	}
	r.found[it.ID] = true
	return nil
}

// allFound gives every finding; those sealed before konseki started are read
// from the vault the first time.
func (s *Service) allFound(ctx context.Context) ([]story.Item, error) {
	r := s.registry
	r.mu.Lock()
	unread := r.unread
	r.unread = nil
	r.mu.Unlock()
	slices.Sort(unread)
	for len(unread) > 0 {
		n, err := s.readFindings(ctx, unread)
		unread = unread[n:]
		if err != nil {
			r.mu.Lock()
			r.unread = append(r.unread, unread...)
			r.mu.Unlock()
			return nil, fmt.Errorf("control: finding %d: %w", unread[0], err)
		}
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.items), nil
}

// near is how many records are rather read than jumped over: findings stand
// close together, and each jump unpacks a page.
const near = 4096

// readFindings folds in the first of some findings and those that stand near
// one another after it, and tells how many were read.
func (s *Service) readFindings(ctx context.Context, seqs []uint64) (n int, err error) {
	last := 1
	for last < len(seqs) && seqs[last]-seqs[last-1] < near {
		last++
	}
	for rec, err := range s.Vault.Records(ctx, seqs[0]) {
		if err != nil {
			return n, err
		}
		for n < last && seqs[n] < rec.Seq {
			n++ // gone without a trace
		}
		if n == last {
			break
		}
		if rec.Seq != seqs[n] {
			continue
		}
		if rec.Gone == event.Present {
			if err := s.registry.applyFinding(rec); err != nil {
				return n, err
			}
		}
		if n++; n == last {
			break
		}
	}
	return last, nil
}

func (r *registry) allMutes() []Mute {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.mutes
}

// activeMutes are the mutes as stories take them: one that was ended holds for
// what happened until then.
func (r *registry) activeMutes() []story.Mute {
	var out []story.Mute
	for _, m := range r.allMutes() {
		if m.Ended != nil && m.Ended.At.Before(m.Until) {
			m.Until = m.Ended.At
		}
		out = append(out, m.Mute)
	}
	return out
}
