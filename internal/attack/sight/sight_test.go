package sight

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/attack"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/sigma"
)

const pack = `title: Refused
id: refused
name: refused
level: low
tags: [attack.t1110, attack.credential-access]
logsource: {category: authentication}
detection: {s: {status_id: 2}, condition: s}
---
title: Log cleared
id: cleared
name: cleared
tags: [attack.t1685.005, attack.t9999]
logsource: {product: windows, service: security}
detection: {s: {EventID: 1102}, condition: s}
---
title: Refused, then cleared
id: ordered
tags: [attack.t1078, attack.t1110]
correlation: {type: temporal_ordered, rules: [refused, cleared], group-by: [host], timespan: 1h, generate: true}
---
title: Refused often
id: often
tags: [attack.t1110.001]
correlation: {type: event_count, rules: [refused, cleared], group-by: [host], timespan: 1h, condition: {gte: 3}, generate: true}
---
title: Inside the appliance
id: inside
tags: [attack.t1190]
logsource: {product: paloalto, category: appliance, service: globalprotect}
detection: {s: {a: b}, condition: s}
`

func logon(status int32) event.Event {
	return event.Event{Source: "vpn", Format: "fortigate", ClassUID: event.ClassAuthentication, ActivityID: 1, StatusID: status}
}

func look(t *testing.T, known bool, kinds ...Kind) *Report {
	t.Helper()
	c := sigma.Load(sigma.Options{}, sigma.Tree{FS: fstest.MapFS{"pack.yml": &fstest.MapFile{Data: []byte(pack)}}})
	for _, p := range c.Problems {
		t.Fatalf("%s:%d: %s", p.File, p.Line, p.Reason)
	}
	silent := Watcher{Info: finding.Info{ID: "silent", Title: "Silent", Tags: []string{"attack.t1685"}}, Kind: finding.KindBaseline, Wants: func(ev *event.Event) bool { return ev.ClassUID == event.ClassFileHosting }}
	return Look(attack.New(), Input{Rules: c, Watchers: []Watcher{silent}, Kinds: kinds, Known: known})
}

func state(r *Report, id string) State {
	for _, t := range r.Techniques {
		if t.ID == id {
			return t.State
		}
	}
	return ""
}

func TestTechniqueIsAbleOnlyWithEventsOfItsLogsource(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	r := look(t, true, Kind{Source: "vpn", Events: 10, First: at, Last: at.Add(time.Hour), Samples: []event.Event{logon(1), logon(2)}})
	for id, want := range map[string]State{
		"T1110": Able, "T1685.005": Blind, "T1110.001": Able, "T1190": Blind, "T1685": Blind, "T1059": NoRule,
		"T1078": Blind, // the correlation wants both inputs
	} {
		if got := state(r, id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	for _, x := range r.Techniques {
		if x.ID == "T1110" && (len(x.Detectors) != 2 || x.Detectors[0].ID != "refused" || strings.Join(x.Detectors[1].Missing, " ") != "windows/*/security") {
			t.Errorf("%+v", x.Detectors)
		}
	}
	if r.Strange["attack.t9999"] != 1 || len(r.Strange) != 1 {
		t.Errorf("strange tags %v", r.Strange)
	}
	for _, l := range r.Logsources {
		switch l.Name {
		case "*/authentication/*":
			if l.Events != 10 || l.Estimated || len(l.Sources) != 1 || !l.Last.Equal(at.Add(time.Hour)) {
				t.Errorf("%+v", l)
			}
		case "windows/*/security":
			if l.Events != 0 || l.Why != "" {
				t.Errorf("%+v", l)
			}
		default:
			if l.Why == "" {
				t.Errorf("%+v: no reason why no event belongs", l)
			}
		}
	}
}

func TestEventsOfMixedKindsAreReckoned(t *testing.T) {
	other := event.Event{Source: "vpn", Format: "fortigate", ClassUID: event.ClassNetwork}
	r := look(t, true, Kind{Source: "vpn", Events: 1001, Samples: []event.Event{logon(1), other, other, other}})
	for _, l := range r.Logsources {
		if l.Name == "*/authentication/*" && (l.Events != 250 || !l.Estimated) {
			t.Errorf("%+v", l)
		}
	}
}

func TestWithoutADataFolderNothingIsAbleOrBlind(t *testing.T) {
	r := look(t, false)
	for _, x := range r.Techniques {
		if x.State != Loaded && x.State != NoRule {
			t.Errorf("%s is %s", x.ID, x.State)
		}
	}
	if got := r.Unknown[len(r.Unknown)-1].EN; !strings.Contains(got, "no data folder") {
		t.Error(got)
	}
}

func TestProbesAgreeWithTheEngineOnEveryLogsource(t *testing.T) {
	var list []sigma.Logsource
	for _, info := range sigma.Logsources() {
		list = append(list, info.Logsource)
	}
	p := newProbes(list)
	for _, ev := range []event.Event{
		logon(2), {Format: "nginx", ClassUID: event.ClassHTTP}, {Format: "laurel", ClassUID: event.ClassProcess, ActivityID: 1},
		{Format: "syslog", Fields: []event.Field{{Name: "program", Value: "sudo"}}}, {Format: "evtx", EventCode: "1102", Fields: []event.Field{{Name: "Channel", Value: "Security"}}},
	} {
		hits := p.count([]event.Event{ev})
		for _, l := range sigma.Compile(nil).Sees(&ev) {
			if hits[l] != 1 {
				t.Errorf("%s: %s is seen, the probe does not hold", ev.Format, l)
			}
		}
	}
}

func TestNavigatorLayerHoldsWhatIsLoaded(t *testing.T) {
	data, err := look(t, true, Kind{Source: "vpn", Events: 1, Samples: []event.Event{logon(2)}}).Navigator("en")
	if err != nil {
		t.Fatal(err)
	}
	var l layer
	if err := json.Unmarshal(data, &l); err != nil {
		t.Fatal(err)
	}
	scores := map[string]int{}
	for _, c := range l.Techniques {
		scores[c.ID+" "+c.Tactic] = c.Score
		if c.Comment == "" || c.Color == "" {
			t.Errorf("%+v", c)
		}
	}
	if scores["T1110 credential-access"] != 100 || scores["T1685.005 defense-impairment"] != 25 || l.Domain != "enterprise-attack" || l.Versions["layer"] != "4.5" {
		t.Errorf("%v %+v", scores, l.Versions)
	}
}
