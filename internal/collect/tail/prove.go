package tail

import (
	"context"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// sealEvery is how often it is sealed that nothing is missing.
const sealEvery = 15 * time.Minute

func truncatedAfterCopy() event.Phrase {
	return event.Phrase{
		JA: "ファイルが切り詰められた。コピー後、切り詰めまでに書かれた行があれば残っていない",
		EN: "a file was truncated; lines written between its copy and the truncation would be gone",
	}
}

func goneBefore(cut bool) event.Phrase {
	if cut {
		return event.Phrase{
			JA: "ファイルが切り詰められ、前の内容のコピーが見つからない",
			EN: "a file was truncated, and no copy of what it held was found",
		}
	}
	return event.Phrase{
		JA: "ファイルがなくなり、最後まで読めたか分からない",
		EN: "a file vanished, and whether it had been read to its end is not known",
	}
}

// hole says that an unknown number of a source's records is missing, between
// when everything was last read and now.
func (t *Tailer) hole(f *file, now time.Time, why event.Phrase) {
	from := f.Looked
	if p, ok := t.state.Proven[f.Source]; ok && !p.To.IsZero() {
		from = p.To
	}
	t.state.Holes = append(t.state.Holes, event.Attestation{
		Source: f.Source, From: from.UTC(), To: now.UTC(), Proof: event.ProofCursor, Missing: -1, Reason: why,
	})
	t.changed = true
}

// prove attests up to when each source was read to its end. The times are those
// of reading, for files tell none: for logs that are written as things happen both
// agree within the lag of the writer and one look.
func (t *Tailer) prove(ctx context.Context, now time.Time, stopping bool) error {
	if err := t.sealHoles(ctx); err != nil {
		return err
	}
	whole, any := map[string]bool{}, map[string]bool{}
	for _, s := range t.sets {
		whole[s.Source] = !t.blind[s.Source]
	}
	for _, f := range t.files {
		if f.Old {
			continue
		}
		any[f.Source] = true
		if f.Lost || !f.atEnd {
			whole[f.Source] = false
		}
	}
	for _, s := range t.sets {
		if !any[s.Source] {
			continue
		}
		p := t.state.Proven[s.Source]
		if whole[s.Source] && !stopping {
			if p.To = now.UTC(); p.From.IsZero() {
				p.From = p.To
			}
			t.state.Proven[s.Source] = p
		}
		if due := p.To.Sub(p.From) >= sealEvery || stopping; !due || p.From.IsZero() || !p.From.Before(p.To) {
			continue
		}
		if err := t.opts.Attest(ctx, event.Attestation{Source: s.Source, From: p.From, To: p.To, Proof: event.ProofCursor, Records: p.Records}); err != nil {
			return fmt.Errorf("tail: attest: %w", err)
		}
		t.state.Proven[s.Source] = proven{From: p.To, To: p.To}
		t.changed = true
	}
	return nil
}

// sealHoles attests what is missing, at once, and before it what was whole.
func (t *Tailer) sealHoles(ctx context.Context) error {
	for len(t.state.Holes) > 0 {
		h := t.state.Holes[0]
		p := t.state.Proven[h.Source]
		if p.From.Before(h.From) && !p.From.IsZero() {
			a := event.Attestation{Source: h.Source, From: p.From, To: h.From, Proof: event.ProofCursor, Records: p.Records}
			if err := t.opts.Attest(ctx, a); err != nil {
				return fmt.Errorf("tail: attest: %w", err)
			}
		}
		t.opts.Logger.Warn("records of a followed file may be missing", "source", h.Source, "from", h.From, "to", h.To, "reason", h.Reason.EN)
		t.state.Proven[h.Source] = proven{From: h.To, To: h.To}
		if !h.From.Before(h.To) {
			h.To = h.From.Add(time.Second)
		}
		if err := t.opts.Attest(ctx, h); err != nil {
			return fmt.Errorf("tail: attest: %w", err)
		}
		t.state.Holes = t.state.Holes[1:]
		t.changed = true
	}
	return nil
}
