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

// massFiles watches for many files deleted, renamed or rewritten at once.
type massFiles struct {
	kit             *learn.Kit
	learn, remember int32
	files, hosted   uint64
	times           uint64
	endings         int
	seen            *bounded.Table[string, learn.Dayset] // days with file events, by host or service
	changers        *bounded.Table[changer, changes]
	known           sightingDays[string] // endings of file names
	fresh           *bounded.Table[[2]string, ending]
	info            finding.Info
}

// A changer is an account on a host, or of a service, doing one kind of thing.
type changer struct {
	where, account string
	activity       int32
}

type changes struct {
	rate    rate
	highest peaks
	records cited
}

// An ending is one that is new to the estate, on one host.
type ending struct {
	first   time.Time
	rate    rate
	records cited
}

const maxChangers = 20_000

func newMassFiles(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-mass-file-change")
	b := &massFiles{kit: k, learn: spanDays(t, "learn", 7, peakDays-1), remember: spanDays(t, "remember", 60, learn.MaxDays)}
	b.files, b.hosted, b.times, b.endings = uint64(t.Int("files", 100)), uint64(t.Int("hosted", 200)), uint64(t.Int("times", 5)), t.Int("endings", 20)
	b.seen = bounded.NewTable[string, learn.Dayset](maxChangers/4, k.Evicted())
	b.changers = bounded.NewTable[changer, changes](maxChangers, k.Evicted())
	b.known = newSightingDays[string](k, maxChangers, b.remember)
	b.fresh = bounded.NewTable[[2]string, ending](maxChangers/4, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-mass-file-change",
		Title: "Many files deleted, renamed or encrypted", TitleJA: "大量のファイルの削除・改名・暗号化",
		Description: "Within ten minutes an account deletes or renames at least files files of a host, or hosted documents of a service, and times what it did within ten minutes on any of the last 31 days: " +
			"medium, high from ten times that number, low while konseki is learning. High when endings files get one ending that the estate never had. Folders for temporary " +
			"files, caches and builds are not counted when files are deleted. It needs file events; deletion by formatting or of a whole virtual disk it cannot see.",
		DescriptionJA: "10 分間に、アカウントがホスト上のファイルを files 件以上、またはサービス上の文書を hosted 件以上削除・改名し、過去 31 日間のどの日の 10 分間と比べても times 倍以上のとき「中」。その 10 倍の件数からは「高」、学習中は「低」。" +
			"これまで使われたことのない一つの拡張子が endings 件以上のファイルに付いたときは「高」。削除については、一時ファイル・キャッシュ・ビルドのフォルダを数えない。ファイルの記録が必要で、初期化や仮想ディスクごとの削除は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.impact", "attack.t1485", "attack.t1486"},
		Params: t.Params(),
	}
	return b
}

func (b *massFiles) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *massFiles) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassFileSystem:
		return ev.ActivityID >= event.ActivityFileCreate && ev.ActivityID <= event.ActivityFileRename && ev.ActivityID != event.ActivityFileRead && ev.Object != ""
	case event.ClassFileHosting:
		return ev.ActivityID == event.ActivityHostingDelete || ev.ActivityID == event.ActivityHostingUpdate
	}
	return false
}

func (b *massFiles) Advance(time.Time) {}

func (b *massFiles) Observe(ev *event.Event) {
	if ev.StatusID == event.StatusFailure {
		return
	}
	today := learn.DayOf(ev.Time)
	where := bare(ev.Host)
	if ev.ClassUID == event.ClassFileHosting || where == "" {
		where = bare(ev.Source)
	}
	d, _ := b.seen.Get(where)
	watched := learned(d, today, b.learn, peakDays-1)
	d.Mark(today)
	b.judgeEnding(ev, where, today, watched)
	b.judgeCount(ev, where, today, watched)
}

// counted reports whether an event takes a file away or its name.
func counted(ev *event.Event) bool {
	if ev.ClassUID == event.ClassFileHosting {
		return ev.ActivityID == event.ActivityHostingDelete
	}
	switch ev.ActivityID {
	case event.ActivityFileRename:
		return true
	case event.ActivityFileDelete:
		return !writable(ev.Object) && !built(ev.Object)
	}
	return false
}

// built reports whether a path lies in a folder of what can be made again.
func built(path string) bool {
	p := strings.ToLower(path)
	for _, dir := range [...]string{"/cache/", "/.cache/", "/caches/", "/build/", "/builds/", "/node_modules/", "/.git/", "/target/", "/overlay2/", "/releases/", `\temp\`, `\cache\`, `\node_modules\`} {
		if strings.Contains(p, dir) {
			return true
		}
	}
	return false
}

func (b *massFiles) judgeCount(ev *event.Event, where string, today int32, watched bool) {
	if !counted(ev) {
		return
	}
	c, _ := b.changers.Get(changer{where, bare(ev.ActorUser), ev.ActivityID})
	c.records.add(ev.Record)
	sum, usual := c.rate.add(ev.Time, 1), c.highest.before(today)
	c.highest.note(today, sum)
	floor := b.files
	if ev.ClassUID == event.ClassFileHosting {
		floor = b.hosted
	}
	if sum < floor || sum < usual*b.times {
		return
	}
	level := finding.LevelMedium
	switch {
	case !watched:
		level = finding.LevelLow
	case sum >= floor*10:
		level = finding.LevelHigh
	}
	did, didJA := "deleted", "削除した"
	if ev.ClassUID == event.ClassFileSystem && ev.ActivityID == event.ActivityFileRename {
		did, didJA = "renamed", "改名した"
	}
	f := learn.About(ev, level)
	f.Records = append([]uint64(nil), c.records...)
	who := finding.Shown(cmp.Or(ev.ActorUser, ev.ProcessPath))
	f.Why = fmt.Sprintf("%s %s %d files on %s within ten minutes, the last %s; on no day of the last 31 were it more than %d in that time.", who, did, sum, on(ev), finding.Shown(ev.Object), usual)
	f.WhyJA = fmt.Sprintf("%s が %s で 10 分間に %d 件のファイルを%s（最後は %s）。過去 31 日間、同じ時間では多い日で %d 件である。", who, on(ev), sum, didJA, finding.Shown(ev.Object), usual)
	b.kit.Raise(f, &b.info, where, bare(ev.ActorUser), level)
}

// judgeEnding notices an ending that is new to the estate and spreads.
func (b *massFiles) judgeEnding(ev *event.Event, where string, today int32, watched bool) {
	if ev.ClassUID != event.ClassFileSystem || ev.ActivityID == event.ActivityFileDelete {
		return
	}
	end := endingOf(ev.Object)
	if end == "" {
		return
	}
	key := [2]string{where, end}
	e := b.fresh.Find(key)
	current := e != nil && ev.Time.Sub(e.first) < burst
	if known := b.known.seen(end, today); known && !current {
		return
	}
	if !current {
		e, _ = b.fresh.Get(key)
		*e = ending{first: ev.Time}
	}
	e.records.add(ev.Record)
	if n := e.rate.add(ev.Time, 1); n != uint64(b.endings) || !watched {
		return
	}
	f := learn.About(ev, finding.LevelHigh)
	f.Records = append([]uint64(nil), e.records...)
	f.Why = fmt.Sprintf("%d files on %s got the ending .%s within %s, the last %s; no file had it in %d days.", b.endings, on(ev), finding.Shown(end), finding.Span(ev.Time.Sub(e.first)), finding.Shown(ev.Object), b.remember)
	f.WhyJA = fmt.Sprintf("%s の %d 件のファイルに %s の間に拡張子 .%s が付いた（最後は %s）。過去 %d 日間、この拡張子のファイルはなかった。", on(ev), b.endings, finding.SpanJA(ev.Time.Sub(e.first)), finding.Shown(end), finding.Shown(ev.Object), b.remember)
	b.kit.Raise(f, &b.info, where, "ending", end)
}

// endingOf gives the second of two endings, "locked" of "a.docx.locked": a file
// that was encrypted keeps its old name before it.
func endingOf(path string) string {
	name := baseName(path)
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name)-i > 32 || !strings.Contains(name[:i], ".") || strings.HasPrefix(name, ".") {
		return ""
	}
	end := folded(name[i+1:])
	switch end {
	case "", "#", "gz", "bz#", "xz", "zst", "zip", "tmp", "temp", "swp", "bak", "old", "new", "log", "part", "lock", "map", "min", "js", "jar", "so", "dpkg-new", "rpmnew", "orig", "rej", "pyc", "tar", "txt", "json", "sha#", "md#", "asc", "sig":
		return ""
	}
	return end
}
