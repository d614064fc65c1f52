package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

func watching(tb rapid.TB) *Watch {
	tb.Helper()
	p, err := NewPack(&sigma.Collection{}, Settings{})
	if err != nil {
		tb.Fatal(err)
	}
	w, err := NewWatch(p)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func logon(at time.Time, record uint64, ok bool) *event.Event {
	ev := &event.Event{
		Record: record, Time: at, Source: "vpn", Format: "jsonlines", ClassUID: event.ClassAuthentication, ActivityID: event.ActivityLogon,
		StatusID: event.StatusFailure, ActorUser: "abe", SrcIP: "192.0.2.1",
	}
	if ok {
		ev.StatusID = event.StatusSuccess
	}
	return ev
}

func start() time.Time { return time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestLateEventIsJudgedAndCounted(t *testing.T) {
	w := watching(t)
	w.Observe(logon(start().Add(time.Hour), 1, true))
	w.End(start().Add(time.Hour))
	w.Observe(logon(start(), 2, true))
	if got := w.Stats(); got.Late != 1 || got.Observed != 2 {
		t.Errorf("stats %+v, want one late of two events", got)
	}
}

func TestEventsWaitForEarlierOnes(t *testing.T) {
	w := watching(t)
	events := []*event.Event{logon(start().Add(3*time.Second), 4, true)}
	for i := range 3 {
		events = append(events, logon(start().Add(time.Duration(i)*time.Second), uint64(i+1), false))
	}
	var out []finding.Finding
	for _, ev := range events { // the success arrives first
		out = append(out, w.Observe(ev)...)
	}
	out = append(out, w.Advance(start().Add(time.Minute))...)
	if len(out) != 1 || out[0].RuleID != "baseline-failed-then-success" {
		t.Errorf("three failures and a success out of order: %+v", out)
	}
}

func TestArrivalOrderWithinReorderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []*event.Event
		for i := range rapid.IntRange(1, 60).Draw(t, "events") {
			at := start().Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "second")) * time.Second)
			ev := logon(at, uint64(i+1), rapid.Bool().Draw(t, "ok"))
			ev.ActorUser = rapid.SampledFrom([]string{"abe", "baba", "chiba"}).Draw(t, "account")
			ev.SrcIP = rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "198.51.100.3"}).Draw(t, "address")
			events = append(events, ev)
		}
		inOrder := func(a, b *event.Event) int {
			return a.Time.Compare(b.Time)*2 + int(min(max(int64(a.Record)-int64(b.Record), -1), 1))
		}
		slices.SortFunc(events, inOrder)
		want := findings(watching(t), events)
		arrival := make(map[*event.Event]time.Time)
		for _, ev := range events {
			arrival[ev] = ev.Time.Add(time.Duration(rapid.IntRange(0, 9_900).Draw(t, "delay")) * time.Millisecond)
		}
		slices.SortStableFunc(events, func(a, b *event.Event) int { return arrival[a].Compare(arrival[b]) })
		if d := cmp.Diff(want, findings(watching(t), events)); d != "" {
			t.Errorf("another order of arrival gives other findings:\n%s", d)
		}
	})
}

func findings(w *Watch, events []*event.Event) []string {
	var out []string
	take := func(list []finding.Finding) {
		for _, f := range list {
			out = append(out, f.ID+" "+f.Why)
		}
	}
	for _, ev := range events {
		take(w.Observe(ev))
	}
	take(w.End(start().Add(24 * time.Hour)))
	slices.Sort(out)
	return out
}

func TestSecretsAreFindingsWithoutTheSecret(t *testing.T) {
	p, err := NewPack(&sigma.Collection{}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	ev := &event.Event{
		Record: 5, Time: start(), Source: "chat", Format: "slack", ClassUID: event.ClassWebResources, ActorUser: "abe",
		Statement: "検証環境です。ID: deploy パスワード：Suzume-1234!", Object: "パスワード：Suzume-1234!",
	}
	found := NewDetector(p).Look(ev, []byte(`{"text":"検証環境です。ID: deploy パスワード：Suzume-1234!"}`), nil)
	if len(found) == 0 {
		t.Fatal("nothing found")
	}
	for _, f := range found {
		if f.Kind != finding.KindSecret || f.ID == "" || f.Why == "" || f.WhyJA == "" || len(f.Records) != 1 {
			t.Errorf("incomplete: %+v", f)
		}
		if text := fmt.Sprintf("%+v", f); strings.Contains(text, "Suzume") {
			t.Errorf("the secret is told: %s", text)
		}
	}
}
