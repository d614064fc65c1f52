package pull

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// sealEvery is how often it is sealed that nothing is wrong.
const sealEvery = 15 * time.Minute

// reach adds that everything up to an instant was read.
func (s *stream) reach(upto time.Time) {
	if !upto.After(s.st.Proven) {
		return
	}
	s.prove(event.Attestation{From: s.st.Proven, To: upto, Proof: event.ProofCursor, Records: s.st.New})
	s.st.Proven, s.st.New = upto, 0
}

// prove adds a proof that waits to be sealed, or extends the one before it.
func (s *stream) prove(a event.Attestation) {
	a.Source = s.Source
	a.From, a.To = a.From.UTC(), a.To.UTC()
	if !a.To.After(a.From) {
		if !wrong(a) {
			return
		}
		a.To = a.From.Add(time.Second)
	}
	if !wrong(a) {
		for i := range s.st.Open {
			if o := &s.st.Open[i]; !wrong(*o) && o.Proof == a.Proof && o.To.Equal(a.From) {
				o.To, o.Records = a.To, o.Records+a.Records
				return
			}
		}
	}
	s.st.Open = append(s.st.Open, a)
}

// wrong says that an attestation cannot wait.
func wrong(a event.Attestation) bool { return a.Missing != 0 || !a.Reason.Empty() }

// sealProofs seals what is wrong at once and the rest now and then. What could
// not be sealed waits in the state.
func (s *stream) sealProofs(ctx context.Context, now time.Time) error {
	due := now.Sub(s.st.Sealed) >= sealEvery || s.st.Sealed.After(now)
	sealed := false
	for i := 0; i < len(s.st.Open); {
		a := s.st.Open[i]
		if !wrong(a) && !due {
			i++
			continue
		}
		if wrong(a) {
			s.logger.Warn("records of a service are not whole", "api", s.api, "source", a.Source, "from", a.From, "to", a.To, "missing", a.Missing, "reason", a.Reason.EN)
			s.trouble(a)
		} else {
			s.st.Sealed = now.UTC()
		}
		if err := s.attest(ctx, a); err != nil {
			return fmt.Errorf("attest: %w", err)
		}
		s.st.Open = slices.Delete(s.st.Open, i, i+1)
		sealed = true
	}
	if !sealed {
		return nil
	}
	return s.write(s.st.Window != nil)
}
