package machine

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// bulkDownload watches for accounts that download far more than they do.
type bulkDownload struct {
	kit      *learn.Kit
	learn    int32
	files    uint64 // within ten minutes
	bytes    uint64 // within ten minutes
	daily    uint64 // files within a day
	times    uint64
	accounts *bounded.Table[[2]string, downloads] // by source and account
	info     finding.Info
}

type downloads struct {
	days                    learn.Dayset
	rate, size              rate
	highest, heaviest, each peaks
	records                 cited
}

const maxDownloaders = 20_000

func newBulkDownload(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-bulk-download")
	b := &bulkDownload{kit: k, learn: spanDays(t, "learn", 7, peakDays-1)}
	b.files, b.bytes = uint64(t.Int("files", 60)), uint64(t.Int("megabytes", 1000))<<20
	b.daily, b.times = uint64(t.Int("daily", 300)), uint64(t.Int("times", 5))
	b.accounts = bounded.NewTable[[2]string, downloads](maxDownloaders, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-bulk-download",
		Title: "Many documents downloaded", TitleJA: "文書の大量ダウンロード",
		Description: "An account downloads or exports from a file service at least files documents or megabytes within ten minutes, or daily documents within a UTC day, and times its highest of the last 31 days: medium, " +
			"high from ten times that many; low for an account that the service has not known for learn. Opening and previewing do not count, nor does what a synchronising client fetches where the log does not say so.",
		DescriptionJA: "アカウントがファイルサービスから、10 分間に files 件以上または megabytes 以上、あるいは UTC の 1 日に daily 件以上の文書をダウンロード・書き出しし、過去 31 日間の最大の times 倍以上ある: 「中」。その 10 倍からは「高」、" +
			"サービスでの利用が learn に満たないアカウントは「低」。閲覧やプレビューは数えない。同期クライアントの取得のうちログに残らないものは見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.collection", "attack.t1213", "attack.t1530", "attack.exfiltration"},
		Params: t.Params(),
	}
	return b
}

func (b *bulkDownload) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *bulkDownload) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassFileHosting:
		return ev.ActivityID == event.ActivityHostingDownload && ev.ActorUser != ""
	case event.ClassWebResources:
		return ev.ActivityID == event.ActivityWebExport && ev.ActorUser != ""
	}
	return false
}

func (b *bulkDownload) Advance(time.Time) {}

func (b *bulkDownload) Observe(ev *event.Event) {
	if ev.StatusID == event.StatusFailure {
		return
	}
	today := learn.DayOf(ev.Time)
	key := [2]string{bare(ev.Source), bare(learn.AccountKey(ev.ActorUser))}
	a, _ := b.accounts.Get(key)
	known := learned(&a.days, today, b.learn, peakDays-1)
	a.days.Mark(today)
	a.records.add(ev.Record)
	sum, size, all := a.rate.add(ev.Time, 1), a.size.add(ev.Time, uint64(max(ev.BytesOut, 0))), a.each.add(today, 1)
	usual, weight, daily := a.highest.before(today), a.heaviest.before(today), a.each.before(today)
	a.highest.note(today, sum)
	a.heaviest.note(today, size)
	many, heavy, long := sum >= b.files && sum >= usual*b.times, size >= b.bytes && size >= weight*b.times, all >= b.daily && all >= daily*b.times
	if !many && !heavy && !long {
		return
	}
	level := finding.LevelMedium
	switch {
	case !known:
		level = finding.LevelLow
	case sum >= b.files*10, size >= b.bytes*10, all >= b.daily*10:
		level = finding.LevelHigh
	}
	f := learn.About(ev, level)
	f.Records = append([]uint64(nil), a.records...)
	who := finding.Shown(ev.ActorUser)
	f.Why = fmt.Sprintf("%s downloaded %d documents (%d MB) from %s within ten minutes and %d since midnight UTC; on no day of the last 31 were it more than %d and %d.", who, sum, size>>20, finding.Shown(ev.Source), all, usual, daily)
	f.WhyJA = fmt.Sprintf("%s が %s から 10 分間に %d 件（%d MB）、UTC の 0 時から %d 件の文書をダウンロードした。過去 31 日間は多い日でそれぞれ %d 件、%d 件である。", who, finding.Shown(ev.Source), sum, size>>20, all, usual, daily)
	b.kit.Raise(f, &b.info, key[0], key[1], level)
}
