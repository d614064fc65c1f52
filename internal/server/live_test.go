package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

func TestSearchesMadeAreRecordsThatCanBeSearched(t *testing.T) {
	t.Parallel()
	s := started(t)
	imported(t, s, evidence(t))
	for range 3 { // the same question within a minute is one
		search(t, s, "user:staff01")
	}
	if _, err := s.Search(t.Context(), "tanaka", control.Search{Query: "user:staff01"}); err != nil {
		t.Fatal(err)
	}
	r := search(t, s, "source:konseki.access staff01")
	if r.Total != 2 {
		t.Errorf("%d searches for staff01 are recorded", r.Total)
	}
	who := map[string]bool{}
	for _, ev := range r.Events {
		who[ev.ActorUser] = true
	}
	if diff := cmp.Diff(map[string]bool{"sato": true, "tanaka": true}, who); diff != "" {
		t.Error(diff)
	}
	for _, q := range []string{"", "staff01", "NOT source:vpn"} {
		for _, ev := range search(t, s, q).Events {
			if strings.HasPrefix(ev.Source, event.OwnPrefix) && ev.Source != event.SourceFinding {
				t.Errorf("%q finds %s, which was not asked for", q, ev.Source)
			}
		}
	}
}

func TestFindingsAreThoseOfTheQueryOnly(t *testing.T) {
	t.Parallel()
	s := started(t)
	imported(t, s, evidence(t))
	all := findings(t, s)
	got, err := s.Findings(t.Context(), "sato", control.Search{Query: "severity_id:>=1 OR user:sato"})
	if err != nil || len(got) == 0 || len(got) > len(all) {
		t.Errorf("%d findings of %d, %v", len(got), len(all), err)
	}
	if _, err := s.Findings(t.Context(), "sato", control.Search{Query: "x) OR (source:vpn"}); err == nil {
		t.Error("what is no query finds something")
	}
}

func TestASourceSeenIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	var recs []event.Record
	for i := range batchRecords + 10 { // the registration follows in another batch
		recs = append(recs, event.Record{Source: "app", Transport: "syslog/udp", Raw: []byte(fmt.Sprint("<13>1 2018-04-02T00:00:00+09:00 web-01 app - - - ", i))})
	}
	if err := s.Vault().Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n := search(t, s, "source:app").Total; n != int64(len(recs)) {
			t.Errorf("%d events of %d", n, len(recs))
		}
		if seen := own(t, s, event.SourceRegistry); len(seen) != 1 {
			t.Errorf("%d registrations", len(seen))
		}
		sources, err := s.Sources(t.Context())
		if err != nil || len(sources) != 1 || sources[0].ID != "app" || sources[0].Expected || sources[0].Ack != "datagram" {
			t.Errorf("sources are %+v, %v", sources, err)
		}
		closed(t, s)
		s = start(t, dir)
	}
	if err := s.AddSource(t.Context(), "sato", control.Source{ID: "app", Kind: "server", Owner: "infra"}); err != nil {
		t.Fatal(err)
	}
	sources, err := s.Sources(t.Context())
	if err != nil || len(sources) != 1 || !sources[0].Expected || sources[0].Owner != "infra" || sources[0].Ack != "datagram" {
		t.Errorf("once registered it is %+v, %v", sources, err)
	}
	closed(t, s)
}

func TestTheSilenceOfALiveSourceIsOneFinding(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	live := func(o *Options) { o.Live = true }
	s := start(t, dir, live)
	now := time.Now().Add(-2 * time.Hour).Truncate(time.Second)
	var recs []event.Record
	for i := range 240 { // a heartbeat every half minute
		at := now.Add(time.Duration(i) * 30 * time.Second)
		recs = append(recs, event.Record{Source: "app", Transport: "syslog/tcp", Received: at, Raw: []byte("<13>1 " + at.Format(time.RFC3339) + " web-01 app - - - alive")})
	}
	if err := s.Vault().Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	if got := findings(t, s); len(got) != 0 {
		t.Fatalf("findings while it speaks: %+v", got)
	}
	last := recs[len(recs)-1].Received
	for _, after := range []time.Duration{time.Minute, 20 * time.Minute, 40 * time.Minute, 3 * time.Hour} {
		if err := s.flow.raise(t.Context(), s.flow.live.watch.Advance(last.Add(after))); err != nil {
			t.Fatal(err)
		}
		want := 1
		if after == time.Minute {
			want = 0
		}
		if got := findings(t, s); len(got) != want || want == 1 && got[0].Source != "app" {
			t.Errorf("%s after its last word: %d findings %+v", after, len(got), got)
		}
	}
	closed(t, s)
	s = start(t, dir, live)
	defer closed(t, s)
	if err := s.flow.raise(t.Context(), s.flow.live.watch.Advance(last.Add(4*time.Hour))); err != nil {
		t.Fatal(err)
	}
	if got := findings(t, s); len(got) != 1 {
		t.Errorf("%d findings after reopening", len(got))
	}
}

func TestAFolderWithoutAVaultIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	o := Options{Logger: started(t).logger}
	if s, err := Open(t.Context(), t.TempDir(), o); err == nil {
		closed(t, s)
		t.Error("an empty folder opens")
	}
}
