package tail

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// resume looks at the first entry that journalctl prints after it was told to
// begin with the last one read, and reports whether it is that one. If not, the
// journal let it go, and with it what came after and was not read: nothing of it
// is passed over unsaid.
func (j *Journal) resume(ctx context.Context, raw []byte) (again bool, err error) {
	first := cursorOf(raw)
	if j.after == "" || first == "" {
		return false, nil
	}
	last, next := cursorPlace(j.after), cursorPlace(first)
	again = first == j.after || last.journal != "" && last.journal == next.journal && last.number == next.number
	if missing := last.before(next); !again && missing != 0 {
		if err = j.lost(ctx, last, next, missing); err != nil {
			return false, err
		}
	}
	j.after = ""
	return again, nil
}

// lost attests that entries between two places are gone.
func (j *Journal) lost(ctx context.Context, last, next entryPlace, missing int64) error {
	now := j.opts.Now().UTC()
	a := event.Attestation{
		Source: j.opts.Source, From: last.at, To: next.at, Proof: event.ProofCursor, Missing: missing,
		Reason: event.Phrase{
			JA: "読む前にジャーナルから消えた（容量・期間の上限、または手作業の削除）",
			EN: "entries left the journal before they were read (its limit of size or age, or somebody removed them)",
		},
	}
	if a.From.IsZero() {
		a.From = j.state.From
	}
	if a.To.IsZero() {
		a.To = now
	}
	if !a.From.Before(a.To) { // a clock was set back
		a.From, a.To = a.To, a.From.Add(time.Microsecond)
	}
	j.opts.Logger.Warn("entries left the journal before they were read; raise SystemMaxUse in journald.conf, or keep konseki running",
		"source", a.Source, "from", a.From, "to", a.To, "entries", missing)
	if err := j.opts.Attest(ctx, a); err != nil {
		return fmt.Errorf("tail: journald: attest a gap: %w", err)
	}
	return nil
}

// An entryPlace is what a cursor tells of where its entry stands: the journal's
// identity, the entry's number in it, and its time.
type entryPlace struct {
	journal string
	number  uint64
	at      time.Time
}

// cursorPlace reads a cursor, fields NAME=VALUE between semicolons; what is not
// understood of it stays zero.
func cursorPlace(cursor string) (p entryPlace) {
	for field := range strings.SplitSeq(cursor, ";") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "s":
			p.journal = value
		case "i":
			p.number, _ = strconv.ParseUint(value, 16, 64)
		case "t":
			if us, err := strconv.ParseUint(value, 16, 63); err == nil {
				p.at = time.UnixMicro(int64(us)).UTC()
			}
		}
	}
	return p
}

// before tells how many entries stood between this place and a later one; -1
// where nobody can know.
func (p entryPlace) before(next entryPlace) int64 {
	if p.journal == "" || p.journal != next.journal || p.number == 0 || next.number <= p.number {
		return -1
	}
	return int64(min(next.number-p.number-1, 1<<62))
}
