package machine

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// exceptionBurst watches for applications that fail far more often than they do.
type exceptionBurst struct {
	kit             *learn.Kit
	learn, remember int32
	floor, times    uint64
	applications    *bounded.Table[string, failing]
	classes         sightingDays[[2]string]              // by application and class
	firsts          *bounded.Table[[2]string, time.Time] // when a class was first seen, lately
	restarts        *bounded.Table[string, time.Time]    // by host
	info            finding.Info
}

// A failing is what is known of an application's exceptions.
type failing struct {
	days    learn.Dayset
	rate    rate
	highest peaks // within ten minutes, by day, but for restarts
	fresh   rate  // of classes it never had
	records cited
	quiet   time.Time // told until then
}

const maxApplications = 5_000

func newExceptionBurst(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-exception-burst")
	b := &exceptionBurst{kit: k, learn: spanDays(t, "learn", 7, peakDays-1), remember: spanDays(t, "remember", 60, learn.MaxDays)}
	b.floor, b.times = uint64(t.Int("exceptions", 30)), uint64(t.Int("times", 5))
	b.applications = bounded.NewTable[string, failing](maxApplications, k.Evicted())
	b.classes = newSightingDays[[2]string](k, maxApplications*4, b.remember)
	b.firsts = bounded.NewTable[[2]string, time.Time](maxApplications, new(uint64)) // forgetting these loses nothing
	b.restarts = bounded.NewTable[string, time.Time](maxApplications, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-exception-burst",
		Title: "Burst of application exceptions", TitleJA: "アプリケーションの例外の急増",
		Description: "An application writes at least exceptions exceptions within ten minutes and times what it wrote in that time on any of the last 31 days. Medium when at least a third are of classes " +
			"it never wrote in the remembered days and that do not tell of a machine that fails to answer: an attack makes code fail in new ways; low otherwise, and when a service of the host stopped or started again within the ten minutes before (deployment). " +
			"While konseki is learning, low. It needs exceptions with their class in the log.",
		DescriptionJA: "アプリケーションが 10 分間に exceptions 件以上の例外を出し、過去 31 日間のどの日の 10 分間と比べても times 倍以上ある。その 3 分の 1 以上が、記憶している日数に出したことのないクラスの例外で、相手の応答がないことによるものでなければ「中」（攻撃を受けた" +
			"プログラムは、これまでにない失敗をする）。それ以外、直前の 10 分間にホストのサービスが停止・再起動したとき（デプロイ）、学習中は「低」。例外のクラスがログに残っていることが前提。",
		Level: finding.LevelMedium, Tags: []string{"attack.initial-access", "attack.t1190"},
		Params: t.Params(),
	}
	return b
}

func (b *exceptionBurst) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *exceptionBurst) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassApplicationError:
		return true
	case event.ClassAppLifecycle:
		return ev.ActivityID == event.ActivityAppStop && ev.Host != ""
	}
	return ev.ClassUID == event.ClassBase && len(ev.Notes) > 0 && ev.Note("exception") != ""
}

func (b *exceptionBurst) Advance(time.Time) {}

func (b *exceptionBurst) Observe(ev *event.Event) {
	if ev.ClassUID == event.ClassAppLifecycle {
		at, _ := b.restarts.Get(bare(ev.Host))
		*at = learn.Later(*at, ev.Time)
		return
	}
	today := learn.DayOf(ev.Time)
	name := bare(cmp.Or(ev.ClientApp, ev.Note("application"), ev.Source))
	class, operational := classOf(ev)
	if class == "" {
		return
	}
	a, _ := b.applications.Get(name)
	a.days.Mark(today)
	a.records.add(ev.Record)
	restarted := b.restarted(ev)
	sum, usual := a.rate.add(ev.Time, 1), a.highest.before(today)
	if !restarted {
		a.highest.note(today, sum)
	}
	n := b.countNew(a, ev, name, class, today)
	if sum < b.floor || sum < usual*b.times || ev.Time.Before(a.quiet) {
		return
	}
	level := finding.LevelLow
	watched := learned(&a.days, today, b.learn, peakDays-1)
	if watched && !restarted && !operational && n*3 >= sum {
		level = finding.LevelMedium
	} else if sum < b.floor*2 {
		return // it may yet turn out to be of a new kind
	}
	a.quiet = ev.Time.Add(time.Hour)
	b.raise(ev, a, name, class, level, [3]uint64{sum, usual, n})
}

// classOf gives the class of an exception, and whether it tells of a machine
// that does not answer, which is no sign of an attack.
func classOf(ev *event.Event) (class string, operational bool) {
	text := strings.ToLower(cmp.Or(ev.Note("exception"), ev.EventCode))
	for _, word := range [...]string{"timed out", "timeout", "refused", "reset", "unavailable", "broken pipe", "too many connections", "unreachable", "unknownhost"} {
		operational = operational || strings.Contains(text, word)
	}
	class, _, _ = strings.Cut(text, ":")
	return plain(class), operational
}

// countNew counts the exceptions of classes that are new to an application
// since at most ten minutes.
func (b *exceptionBurst) countNew(a *failing, ev *event.Event, name, class string, today int32) uint64 {
	key := [2]string{name, class}
	if !b.classes.seen(key, today) {
		at, _ := b.firsts.Get(key)
		*at = ev.Time
	}
	if at := b.firsts.Find(key); at != nil && ev.Time.Sub(*at) < burst {
		return a.fresh.add(ev.Time, 1)
	}
	return a.fresh.add(ev.Time, 0)
}

// restarted reports whether a service of the event's host was stopped just before.
func (b *exceptionBurst) restarted(ev *event.Event) bool {
	at := b.restarts.Find(bare(ev.Host))
	return at != nil && ev.Time.Sub(*at) < burst && !ev.Time.Before(*at)
}

func (b *exceptionBurst) raise(ev *event.Event, a *failing, name, class, level string, n [3]uint64) {
	f := learn.About(ev, level)
	f.Records = append([]uint64(nil), a.records...)
	f.Object = cmp.Or(f.Object, name)
	f.Why = fmt.Sprintf("%s wrote %d exceptions within ten minutes, the last %s, %d of them of a class it never had in %d days; on no day of the last 31 were it more than %d in that time.",
		finding.Shown(name), n[0], finding.Shown(class), n[2], b.remember, n[1])
	f.WhyJA = fmt.Sprintf("%s が 10 分間に %d 件の例外を出した（最後は %s）。うち %d 件は過去 %d 日間に出したことのないクラスである。過去 31 日間、同じ時間では多い日で %d 件だった。",
		finding.Shown(name), n[0], finding.Shown(class), n[2], b.remember, n[1])
	b.kit.Raise(f, &b.info, name, level)
}
