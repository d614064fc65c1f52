package casework

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/investigate"
)

// answers remembers what questions were answered with: a page of a case asks
// all of them, and many people look at it.
type answers struct {
	mu sync.Mutex
	of map[string]told
}

// told is an answer, what it rests on, and what it cost.
type told struct {
	answer coverage.Answer
	stamp  control.Stamp
	at     time.Time
	took   time.Duration
}

// An answer holds for answerAge while nothing that it rests on changes, because
// the clock changes it too. While records keep arriving it holds for
// arrivalAge, or answerShare times as long as it took.
const (
	answerAge   = time.Minute
	arrivalAge  = 2 * time.Second
	answerShare = 10
	maxAnswers  = 10_000
)

// holds reports whether the answer need not be found anew.
func (t told) holds(stamp control.Stamp, now time.Time) bool {
	age := now.Sub(t.at)
	if t.stamp == stamp {
		return age >= 0 && age < answerAge
	}
	return age >= 0 && age < min(answerAge, max(arrivalAge, answerShare*t.took)) && t.stamp.OnlyArrivals(stamp)
}

// answer answers a question. What is given must not be changed.
func (s *Service) answer(ctx context.Context, q *investigate.Question) (coverage.Answer, error) {
	key := strings.Join(append([]string{q.Query, q.From.UTC().Format(time.RFC3339Nano), q.To.UTC().Format(time.RFC3339Nano)}, q.Sources...), "\x00")
	stamp, now := s.Stamp(), s.Now()
	s.told.mu.Lock()
	known, ok := s.told.of[key]
	s.told.mu.Unlock()
	if ok && known.holds(stamp, now) {
		return known.answer, nil
	}
	began := time.Now()
	a, err := s.Answer(ctx, q.Query, q.Sources, q.From, q.To)
	if err != nil {
		return a, err
	}
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	if s.told.of == nil || len(s.told.of) >= maxAnswers {
		s.told.of = map[string]told{}
	}
	s.told.of[key] = told{a, stamp, now, time.Since(began)}
	return a, nil
}
