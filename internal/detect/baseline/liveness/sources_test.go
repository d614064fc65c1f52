package liveness

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

var update = flag.Bool("update", false, "write the documents anew")

func TestBaselinesAboutSourcesAreDocumented(t *testing.T) {
	intro := "# Baselines about log sources / ログ源そのものに関する検知\n\n" +
		"Written from the program's own descriptions. Parameters are set in konseki.yaml: `detect: baselines: {ID: {PARAMETER: VALUE}}`.\n\n" +
		"What arrives live is judged by the instant of receipt and the server's clock, imported files in event time. While konseki is stopped, asleep or behind with its own work, nobody is silent. Hours of the week are UTC.\n\n" +
		"プログラム自身の説明から作成している。パラメーターは konseki.yaml の `detect: baselines: {ID: {パラメーター: 値}}` で変える。\n\n" +
		"受信中のログは受信時刻とサーバーの時計で、取り込んだファイルは記録の時刻で判断する。konseki が停止・休止していた間や処理が追いついていない間は、沈黙とみなさない。曜日と時間帯は UTC で数える。\n\n"
	basetest.Documented(t, "baselines-liveness.md", intro, watching(t, nil).Rules(), *update)
}

func TestAShareThatCannotBeReadIsTold(t *testing.T) {
	start, _ := monthStart()
	var s story
	for i := range 3000 {
		at := start.Add(time.Duration(i) * 2 * time.Second)
		ev := event.Event{Time: at, TimeRx: at, Source: "app", Host: "web1", Format: "jsonlines"}
		if i%20 == 0 || i > 2400 && i%2 == 0 {
			ev.Format, ev.Host = event.Unparsed, ""
		}
		s.events = append(s.events, ev)
	}
	found := s.receive(watching(t, nil), start.Add(100*time.Minute))
	if len(found) != 1 || found[0].RuleID != "baseline-unparsed-share" || found[0].Time.Before(start.Add(80*time.Minute)) {
		t.Errorf("%d findings %+v", len(found), found)
	}
}

func TestAQueueThatEmptiesIsNoClockJump(t *testing.T) {
	start, _ := monthStart()
	var s story
	for i := range 1200 {
		at := start.Add(time.Duration(i) * 3 * time.Second)
		ev := event.Event{Time: at, TimeRx: at, Source: "app", Host: "web1", Format: "jsonlines", Quality: event.Quality{Zone: event.ZoneStated}}
		if cut := start.Add(40 * time.Minute); i >= 600 && at.Before(cut) { // held back for ten minutes, then handed on within one
			ev.TimeRx = cut.Add(time.Duration(i-600) * 100 * time.Millisecond)
		}
		s.events = append(s.events, ev)
	}
	if found := ofRule(s.receive(watching(t, nil), start.Add(time.Hour)), "baseline-clock-jump", start); len(found) != 0 {
		t.Errorf("%d findings, first: %s", len(found), found[0].Why)
	}
}

func TestClocksThatWereSetAreToldByTheirSize(t *testing.T) {
	for note, want := range map[string]string{"12.0": "", "-31": finding.LevelLow, "1980.1": finding.LevelMedium, "-32400": finding.LevelHigh, "set": finding.LevelMedium, "1e300": finding.LevelHigh} {
		b := watching(t, nil)
		start, _ := monthStart()
		observe(b, &event.Event{Time: start, Source: "server", Host: "web1", Notes: []event.Field{{Name: "clock", Value: note}}})
		found, got := b.Take(), ""
		if len(found) > 0 {
			got = found[0].Level
		}
		if got != want {
			t.Errorf("%s gives %q, want %q", note, got, want)
		}
	}
}

func TestHostileNamesAndTimesStayWithinBounds(t *testing.T) {
	b := watching(t, nil)
	for i := range 60_000 {
		name := fmt.Sprint(strings.Repeat("x", i%400), i)
		at := time.Unix(int64(i)*77_777-1_000_000, 0)
		b.Arrive(&event.Event{Time: at, TimeRx: at, Source: "s", Host: name, Peer: name, Format: name, Live: i%2 == 0, Fields: []event.Field{{Name: "program", Value: name}}})
	}
	if n := b.Stats().Evicted; n == 0 {
		t.Error("nothing was forgotten, nothing counted")
	}
}

func BenchmarkArrive(b *testing.B) {
	set := func() *learn.Set {
		s, err := learn.NewSet(nil, Builders()...)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}()
	start, _ := monthStart()
	hosts := make([]string, 1000)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("host%04d", i)
	}
	ev := event.Event{Source: "server", Format: "syslog", Live: true, Peer: "192.0.2.1", Fields: []event.Field{{Name: "program", Value: "sshd"}}, Quality: event.Quality{Zone: event.ZoneStated}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev.Time = start.Add(time.Duration(i) * 50 * time.Millisecond)
		ev.TimeRx, ev.Host, ev.Record = ev.Time, hosts[i%1000], uint64(i)
		set.Arrive(&ev)
	}
}
