package machine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/basetest"
	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// watchingMachines is a Set of the baselines about machines only.
func watchingMachines(settings learn.Settings) *learn.Set {
	s, err := learn.NewSet(settings, Builders()...)
	if err != nil {
		panic(err)
	}
	return s
}

// estate is days of machines that do a little of everything, now and then much of it.
func estate(start time.Time, days int, seed uint64) *story {
	s, rng := &story{}, rand.New(rand.NewPCG(seed, 7))
	one := func(words ...string) string { return words[rng.IntN(len(words))] }
	for d := range days {
		day := start.AddDate(0, 0, d)
		for range 16 {
			at := day.Add(time.Duration(rng.IntN(86400)) * time.Second)
			host, many := one("app-01", "app-02", "app-03", "app-04"), 1
			if rng.IntN(60) == 0 {
				many = 30 + rng.IntN(60)
			}
			kind, name := rng.IntN(11), one("a", "b", "c", "d", "e", "f", "g", "h")
			for i := range many {
				s.little(kind, at.Add(time.Duration(i)*time.Second), host, name, i, one)
			}
		}
	}
	return s
}

// little adds one event of a kind.
func (s *story) little(kind int, at time.Time, host, name string, i int, one func(...string) string) {
	switch kind {
	case 0:
		s.sql(at, one("shop", "batch"), "shop", "10.0.0.9", "SELECT * FROM "+one("t", "u", "v")+name+" WHERE id = 1", 1+i*7)
	case 1:
		s.sql(at, one("shop", "dba"), one("psql", "flyway", ""), "10.0.0.9", one("DROP TABLE ", "TRUNCATE ", "DELETE FROM ", "COPY t TO STDOUT --")+name+one("x", "y"), 0)
	case 2:
		s.ran(at, one("app-01", "app-02", "app-03", "app-04"), one("root", "deploy"), one("/tmp/", "/opt/x/", "/usr/bin/")+name, name)
	case 3:
		s.file(at, host, one("root", "ci"), "/usr/bin/x", fmt.Sprintf("/srv/%d.doc.%sz", i, name), event.ActivityFileRename)
	case 4:
		s.job(at, host, one("root", "www-data"), "/opt/bin/"+name, "", event.ActivityJobStart)
	case 5:
		s.file(at, host, "www-data", "/usr/sbin/php-fpm8.2", "/var/www/"+name+"/x.php", event.ActivityFileCreate)
	case 6:
		s.fails(at, host, "example."+name+"Exception: "+one("no", "timed out"))
	case 7:
		activity := event.ActivityLogStart
		if strings.HasPrefix(one("stop", "start"), "stop") {
			activity = event.ActivityLogStop
		}
		s.logging(at, host, activity)
	case 8:
		s.sent(at, "10.0.0.5", "203.0."+fmt.Sprint(at.Unix()/3600%250)+".9", one("", "7"), int64(1+i*3))
	case 9:
		from := "203.0.113." + one("1", "2", "3")
		if i%3 == 2 {
			s.refusedAt(at, from, 1)
			return
		}
		s.asked(at, from, "/"+name+one("a", "b", "c", "d", "e", "f"))
	default:
		s.download(at, one("sato", "mori"), name, 1)
		s.ran(at, host, one("root", "sato"), "/usr/bin/"+one("rclone", "nmap", "psexec"), "x")
	}
}

func TestMachineFindingsDoNotDependOnWhenTheWatchBegan(t *testing.T) {
	settings := learn.Settings{
		"baseline-new-statement": {"remember": "12d", "learn": "4d", "learn_statements": "5"}, "baseline-bulk-read": {"remember": "12d", "learn": "4d", "rows": "300", "times": "3"},
		"baseline-destructive-statement": {"remember": "12d", "learn": "4d"}, "baseline-new-program": {"remember": "12d", "learn": "4d"},
		"baseline-mass-file-change": {"remember": "12d", "learn": "4d", "files": "30", "times": "2"}, "baseline-new-job": {"remember": "12d", "learn": "4d"},
		"baseline-web-script": {"remember": "12d"}, "baseline-exception-burst": {"remember": "12d", "learn": "4d", "exceptions": "20", "times": "2"},
		"baseline-outbound-transfer": {"remember": "12d", "learn": "4d", "megabytes": "100", "times": "2"}, "baseline-admin-tool": {"remember": "12d"},
		"baseline-bulk-download": {"files": "20", "learn": "4d", "times": "2"}, "baseline-block-evaded": {"remember": "12d", "learn": "4d", "denials": "1"},
	}
	const horizon, compared = 45, 10
	start, kinds := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		late := rapid.IntRange(1, 20).Draw(rt, "days before the later start")
		whole := estate(start, late+horizon+compared, rapid.Uint64().Draw(rt, "seed"))
		slices.SortStableFunc(whole.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
		for i := range whole.events {
			whole.events[i].Record = uint64(i + 1)
		}
		begin, from := start.AddDate(0, 0, late), start.AddDate(0, 0, late+horizon)
		run := func(since time.Time) []finding.Finding {
			b := watchingMachines(settings)
			for i := range whole.events {
				if ev := &whole.events[i]; !ev.Time.Before(since) && b.Wants(ev) {
					b.Observe(ev)
				}
			}
			b.Advance(whole.events[len(whole.events)-1].Time)
			return slices.DeleteFunc(b.Take(), func(f finding.Finding) bool { return f.Time.Before(from) })
		}
		a, b := run(time.Time{}), run(begin)
		for _, f := range a {
			kinds[f.RuleID]++
		}
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatalf("a later start gives other findings (-early +late):\n%s", d)
		}
	})
	t.Log(kinds)
	if len(kinds) < 11 {
		t.Errorf("only %v compared", kinds)
	}
}

func TestMemoryOfMachinesStaysBoundedUnderHostileNames(t *testing.T) {
	var list []learn.Baseline
	remembering := func(build learn.Builder) learn.Builder {
		return func(k *learn.Kit) learn.Baseline { list = append(list, build(k)); return list[len(list)-1] }
	}
	var builders []learn.Builder
	for _, build := range Builders() {
		builders = append(builders, remembering(build))
	}
	set, err := learn.NewSet(nil, builders...)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	long := strings.Repeat("x", 500)
	for i := range 40_000 {
		s := &story{}
		s.little(i%10, at.Add(time.Duration(i)*time.Second), fmt.Sprint(long, i), fmt.Sprint("n", i, long), i, func(w ...string) string { return w[0] + fmt.Sprint(i) })
		for j := range s.events {
			s.events[j].ActorUser, s.events[j].ClientApp = fmt.Sprint("u", i), fmt.Sprint(long, i)
			observe(set, &s.events[j])
		}
	}
	for _, b := range list {
		switch b := b.(type) {
		case *statements:
			if b.clients.Len() > maxDatabaseClients || b.fresh.shapes.table.Len() > maxShapes || b.fresh.tables.table.Len() > maxShapes/4 || b.made.Len() > maxMadeTables {
				t.Error("statements are not bounded")
			}
		case *newProgram:
			if b.programs.Len() > maxPrograms {
				t.Error("programs are not bounded")
			}
		case *newJob:
			if b.jobs.table.Len() > maxJobs || b.pending.Len() > maxJobs/8 {
				t.Error("jobs are not bounded")
			}
		case *exceptionBurst:
			if b.applications.Len() > maxApplications || b.classes.table.Len() > maxApplications*4 {
				t.Error("applications are not bounded")
			}
		case *loggingStopped:
			if b.pending.Len() > maxStopped || b.downs.Len() > maxStopped {
				t.Error("hosts are not bounded")
			}
		case *outbound:
			if b.streams.Len() > maxSenders || b.sessions.Len() > maxTransfers {
				t.Error("transfers are not bounded")
			}
		}
	}
}

func TestRatesAndPeaksAreExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r rate
		var p peaks
		minutes, days := map[int64]uint64{}, map[int32]uint64{}
		at, day := int64(0), int32(100)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			at += rapid.Int64Range(0, 5*60).Draw(rt, "seconds")
			day += rapid.Int32Range(0, 12).Draw(rt, "days")
			n := rapid.Uint64Range(1, 9).Draw(rt, "n")
			minutes[at/60] += n
			var want, most uint64
			for m, c := range minutes {
				if m > at/60-10 {
					want += c
				}
			}
			for d, c := range days {
				if d < day && d > day-peakDays {
					most = max(most, c)
				}
			}
			if got := r.add(time.Unix(at, 0), n); got != want {
				rt.Fatalf("rate %d, want %d", got, want)
			}
			if got := p.before(day); got != most {
				rt.Fatalf("peak %d, want %d", got, most)
			}
			days[day] = max(days[day], n)
			p.note(day, n)
		}
	})
}

func TestBaselinesAboutMachinesAreDocumented(t *testing.T) {
	intro := "# Baselines about machines / サーバー・データベース・アプリケーションに関する検知\n\n" +
		"Written from the program's own descriptions. Parameters are set in konseki.yaml: `detect: baselines: {ID: {PARAMETER: VALUE}}`.\n\n" +
		"A finding depends on the events of the remembered days before it and on what those depended on: twice `remember` in all, and 32 days where peaks are compared; on nothing older. " +
		"Digits in paths, commands and names of tables count as equal. \"Within ten minutes\" is counted by whole minutes, days are UTC. What one is compared with are the days before the current one.\n\n" +
		"プログラム自身の説明から作成している。パラメーターは konseki.yaml の `detect: baselines: {ID: {パラメーター: 値}}` で変える。\n\n" +
		"検知は、その前の記憶している日数（`remember`）の出来事と、それらが拠った出来事だけで決まる（`remember` の 2 倍。最大値と比べるものは 32 日）。それより前の記録には左右されない。" +
		"パス・コマンド・表の名前の中の数字の違いは区別しない。「10 分間」は分単位で数え、日の区切りは UTC である。比べる相手は前日までの値である。\n\n"
	basetest.Documented(t, "baselines-machines.md", intro, watching(t, nil).Rules(), *update)
}

func BenchmarkMachines(b *testing.B) {
	whole := estate(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), 30, 1)
	slices.SortStableFunc(whole.events, func(a, b event.Event) int { return a.Time.Compare(b.Time) })
	k := learn.NewKit(nil)
	var list []learn.Baseline
	for _, build := range Builders() {
		list = append(list, build(k))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev := &whole.events[i%len(whole.events)]
		for _, l := range list {
			if l.Wants(ev) {
				l.Observe(ev)
			}
		}
	}
}
