package liveness

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
)

// fared tells the baselines every ten seconds how a pull fares that was asked
// once a minute and failed between two minutes, and gives what they find.
func fared(t *testing.T, b *learn.Set, begin time.Time, from, to, end int, x learn.Pull) []finding.Finding {
	t.Helper()
	for s := 0; s <= end*60; s += 10 {
		now := begin.Add(time.Duration(s) * time.Second)
		p := x
		p.Complete = begin.Add(time.Duration(min(s/60, from)) * time.Minute)
		if m := s / 60; m >= from && m < to {
			p.Failing, p.Failures = begin.Add(time.Duration(from)*time.Minute), m-from+1
		} else {
			p.Refused, p.Answer = false, ""
		}
		b.Expect(map[string]learn.Expectation{"idp": {Pull: &p}})
		b.Tick(now)
	}
	return b.Take()
}

func TestAPullThatFailsForTenMinutesIsNotTold(t *testing.T) {
	begin := jst(t, "2026-03-02 09:00:00")
	b := watching(t, nil)
	b.Resume(begin)
	if found := fared(t, b, begin, 5, 15, 120, learn.Pull{API: "okta/system", Every: 2 * time.Minute, Answer: "no such host"}); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestAPullThatGoesOnFailingIsToldOncePerOutage(t *testing.T) {
	begin := jst(t, "2026-03-02 09:00:00")
	b := watching(t, nil)
	b.Resume(begin)
	x := learn.Pull{API: "okta/system", Every: 2 * time.Minute, Answer: "no such host"}
	found := fared(t, b, begin, 5, 300, 400, x)
	if len(found) != 1 {
		t.Fatalf("%d findings", len(found))
	}
	f := found[0]
	if f.RuleID != "baseline-pull-fails" || f.Level != finding.LevelMedium || f.Source != "idp" || !f.Time.Equal(begin.Add(5*time.Minute)) || f.Until.Sub(f.Time) != 30*time.Minute {
		t.Errorf("%+v", f)
	}
	for _, part := range []string{"okta/system", "idp", "since 2026-03-02 00:05:00 UTC", "no such host", "after 2026-03-02 00:05:00 UTC is not known", "goes on trying"} {
		if !strings.Contains(f.Why, part) {
			t.Errorf("%q lacks %q", f.Why, part)
		}
	}
	if !strings.Contains(f.WhyJA, "続けて失敗") || !strings.Contains(f.WhyJA, "分からない") {
		t.Error(f.WhyJA)
	}
	if again := fared(t, b, begin.Add(7*time.Hour), 1, 60, 90, x); len(again) != 1 || again[0].ID == f.ID {
		t.Errorf("the next outage gives %+v", again)
	}
}

func TestASlowPullIsGivenThreeOfItsIntervals(t *testing.T) {
	begin := jst(t, "2026-03-02 09:00:00")
	b := watching(t, nil)
	b.Resume(begin)
	x := learn.Pull{API: "slack/audit", Every: 20 * time.Minute, Answer: "answer 503"}
	if found := fared(t, b, begin, 1, 60, 90, x); len(found) != 0 {
		t.Errorf("told before three intervals: %+v", found)
	}
	if found := fared(t, b, begin.Add(2*time.Hour), 1, 90, 120, x); len(found) != 1 || found[0].Until.Sub(found[0].Time) != time.Hour {
		t.Errorf("%+v", found)
	}
}

func TestARefusalIsToldAtTheSecond(t *testing.T) {
	begin := jst(t, "2026-03-02 09:00:00")
	b := watching(t, nil)
	b.Resume(begin)
	x := learn.Pull{API: "okta/system", Every: 2 * time.Minute, Refused: true, Answer: "answer 401"}
	if found := fared(t, b, begin, 1, 2, 10, x); len(found) != 0 {
		t.Errorf("one refusal is told: %+v", found)
	}
	found := fared(t, b, begin.Add(time.Hour), 1, 60, 90, x)
	if len(found) != 1 || found[0].Level != finding.LevelHigh || found[0].Until.Sub(found[0].Time) != time.Minute || !strings.Contains(found[0].Why, "revoked") {
		t.Errorf("%+v", found)
	}
}

func TestTimeInWhichKonsekiWasAwayIsNoOutage(t *testing.T) {
	begin := jst(t, "2026-03-02 09:00:00")
	b := watching(t, nil)
	x := learn.Pull{API: "okta/system", Every: 2 * time.Minute, Failing: begin, Failures: 3, Answer: "timeout"}
	b.Expect(map[string]learn.Expectation{"idp": {Pull: &x}})
	b.Resume(begin.Add(8 * time.Hour)) // the machine slept
	b.Tick(begin.Add(8*time.Hour + time.Minute))
	if found := b.Take(); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	b.Tick(begin.Add(8*time.Hour + 30*time.Minute))
	if found := b.Take(); len(found) != 1 {
		t.Errorf("%+v", found)
	}
}

func TestAnAnswerIsShownShortAndHarmless(t *testing.T) {
	for _, s := range []string{strings.Repeat("拒否", 500), strings.Repeat("\u202e", 500), "\x1b[2J\u202eevil\n\x00", "\xff\xfe"} {
		got := answered(s)
		if utf8.RuneCountInString(got) > 200 || strings.ContainsAny(got, "\x1b\u202e\n\x00") || !utf8.ValidString(got) {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	if got := answered("\u202eok"); got != `\u{202e}ok` {
		t.Errorf("%q", got)
	}
}
