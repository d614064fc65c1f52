package clock

import (
	"cmp"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// State is how a deadline stands.
type State string

// The states.
const (
	Running       State = "running"
	DueSoon       State = "due_soon" // less than a quarter of the time, or three days, are left
	Late          State = "late"
	InTime        State = "submitted_in_time"
	SubmittedLate State = "submitted_late"
	Possible      State = "possible"       // facts that decide are not known: see Because
	NotApplicable State = "not_applicable" // the facts say so: see Because
)

// States lists the states with their labels.
func States() []struct {
	State State
	Label event.Phrase
} {
	return []struct {
		State State
		Label event.Phrase
	}{
		{Running, event.Phrase{JA: "進行中", EN: "running"}},
		{DueSoon, event.Phrase{JA: "期限間近", EN: "due soon"}},
		{Late, event.Phrase{JA: "期限超過", EN: "late"}},
		{InTime, event.Phrase{JA: "期限内に提出", EN: "submitted in time"}},
		{SubmittedLate, event.Phrase{JA: "遅れて提出", EN: "submitted late"}},
		{Possible, event.Phrase{JA: "該当の可能性あり", EN: "possible"}},
		{NotApplicable, event.Phrase{JA: "該当しない", EN: "not applicable"}},
	}
}

// Submission is what was handed in for a rule.
type Submission struct {
	ID     string
	Rule   string
	At     time.Time
	Late   event.Phrase // the reason, where it was late
	Record uint64
}

// Due is by when: Earliest to be safe, Latest at the latest; equal where it is no
// range. Both are zero where it is promptly, or where no start is known.
type Due struct {
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`
	Promptly bool      `json:"promptly,omitempty"`
}

// Clock (期限) is a deadline as the facts have it.
type Clock struct {
	Rule      Rule           `json:"rule"`
	State     State          `json:"state"`
	Because   []event.Phrase `json:"because,omitempty"` // why it is possible, does not apply, or has no time
	Start     time.Time      `json:"start,omitzero"`
	StartedBy string         `json:"started_by,omitempty"` // key of the fact, or id of the rule
	Due       Due            `json:"due"`
	Submitted *Submission    `json:"submitted,omitempty"` // the first
	Verified  event.Phrase   `json:"verified"`
	Counsel   event.Phrase   `json:"counsel"`
	History   []Change       `json:"history,omitempty"` // oldest first
}

type facts map[string]Fact

// Compute tells how each deadline of the book stands at now. Facts and submissions
// come in any order; zone is the company's, in which days are counted. The
// deadlines come in the order of the book.
func (b *Book) Compute(list []Fact, submissions []Submission, now time.Time, zone *time.Location) []Clock {
	steps := order(list, submissions)
	out := make([]Clock, len(b.rules))
	for i := range b.rules {
		out[i] = Clock{Rule: b.rules[i], Verified: Verified(b.rules[i].Status), Counsel: Counsel()}
		out[i].History = b.history(&b.rules[i], steps, zone)
	}
	w := b.world(zone)
	for _, s := range steps {
		w.take(s)
	}
	for i := range out {
		b.settle(&out[i], w, now)
	}
	return out
}

// settle fills in how a clock stands in a world.
func (b *Book) settle(c *Clock, w *world, now time.Time) {
	s := w.look(&c.Rule)
	c.Start, c.StartedBy, c.Due, c.Submitted = s.start, s.startedBy, s.due, w.submitted[c.Rule.ID]
	c.Because = b.because(s)
	switch {
	case c.Submitted != nil && s.applies != no:
		c.State = InTime
		if !s.due.Latest.IsZero() && c.Submitted.At.After(s.due.Latest) {
			c.State = SubmittedLate
		}
	case s.applies == no:
		c.State = NotApplicable
	case s.applies == unknown || s.start.IsZero():
		c.State = Possible
	default:
		c.State = progress(s, now)
	}
}

func progress(s sight, now time.Time) State {
	if s.due.Latest.IsZero() {
		return Running
	}
	left := s.due.Earliest.Sub(now)
	switch {
	case now.After(s.due.Latest):
		return Late
	case left < min(s.due.Earliest.Sub(s.start)/4, 72*time.Hour):
		return DueSoon
	}
	return Running
}

// world is what is known at one moment.
type world struct {
	book      *Book
	zone      *time.Location
	facts     facts
	submitted map[string]*Submission // the first of each rule
}

func (b *Book) world(zone *time.Location) *world {
	return &world{b, zone, facts{}, map[string]*Submission{}}
}

// step is one fact or one submission, as it became known.
type step struct {
	at         time.Time
	record     uint64
	fact       *Fact
	submission *Submission
}

// order puts what happened in the order in which it was recorded.
func order(list []Fact, submissions []Submission) []step {
	steps := make([]step, 0, len(list)+len(submissions))
	for i := range list {
		steps = append(steps, step{list[i].At, list[i].Record, &list[i], nil})
	}
	for i := range submissions {
		steps = append(steps, step{submissions[i].At, submissions[i].Record, nil, &submissions[i]})
	}
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.record, b.record))
	})
	return steps
}

func (w *world) take(s step) {
	if s.fact != nil {
		w.facts[s.fact.Key] = *s.fact
		return
	}
	if w.submitted[s.submission.Rule] == nil {
		w.submitted[s.submission.Rule] = s.submission
	}
}

// sight is what a rule makes of a world.
type sight struct {
	applies   truth
	by        []string // the facts that decide it
	moves     []string // the facts that are not known and would move what is due
	start     time.Time
	startedBy string
	due       Due
	problem   string // why no time can be given
}

func (w *world) look(r *Rule) sight {
	var s sight
	s.applies, s.by = r.When.holds(w.facts)
	s.start, s.startedBy = w.start(r)
	zone, err := r.location(w.zone)
	if err != nil { // validated before
		s.problem = err.Error()
		return s
	}
	if s.applies == no {
		return s
	}
	for i := range r.Deadlines {
		d := &r.Deadlines[i]
		holds, by := d.When.holds(w.facts)
		if holds == no {
			continue
		}
		w.widen(&s, d, zone)
		if holds == yes {
			break
		}
		s.moves = unique(append(s.moves, by...))
	}
	return s
}

// widen takes a deadline that counts, or may count, into what is due.
func (w *world) widen(s *sight, d *Deadline, zone *time.Location) {
	if d.Within.Unit == Promptly {
		s.due.Promptly = true
		return
	}
	if s.start.IsZero() {
		return
	}
	for _, n := range []int{d.Within.From, d.Within.To} {
		t, err := after(s.start.In(zone), n, d.Within.Unit, d.DayOne, w.book.calendars[d.Calendar])
		if err != nil {
			s.due.Earliest, s.due.Latest, s.problem = time.Time{}, time.Time{}, err.Error()
			return
		}
		if s.due.Earliest.IsZero() || t.Before(s.due.Earliest) {
			s.due.Earliest = t.UTC()
		}
		if t.After(s.due.Latest) {
			s.due.Latest = t.UTC()
		}
	}
}

// start is the instant that starts a rule's clock, and what says so.
func (w *world) start(r *Rule) (time.Time, string) {
	for _, key := range r.Starts {
		if t, ok := instant(w.facts[key].Value, w.zone); ok {
			return t.UTC(), key
		}
	}
	if r.After == "" {
		return time.Time{}, ""
	}
	if s := w.submitted[r.After]; s != nil {
		return s.At.UTC(), r.After
	}
	for i := range w.book.rules {
		if w.book.rules[i].ID == r.After {
			return w.look(&w.book.rules[i]).due.Latest, r.After
		}
	}
	return time.Time{}, ""
}
