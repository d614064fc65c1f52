package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// newProgram watches for a program or script that is new and appears on several
// hosts at once.
type newProgram struct {
	kit             *learn.Kit
	learn, remember int32
	hosts           int
	seen            learn.Dayset
	programs        *bounded.Table[string, program]
	spread          sightingDays[[2]string] // by account and folder: what was put on many hosts before
	info            finding.Info
}

// A program is what is known of one program of the estate.
type program struct {
	last  int32     // day
	first time.Time // of its current presence
	on    placed
}

const maxPrograms = 40_000

func newNewProgram(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-new-program")
	b := &newProgram{kit: k, learn: spanDays(t, "learn", 7, learn.MaxDays), remember: spanDays(t, "remember", 60, learn.MaxDays), hosts: t.Int("hosts", 3)}
	b.programs = bounded.NewTable[string, program](maxPrograms, k.Evicted())
	b.spread = newSightingDays[[2]string](k, maxPrograms/4, b.remember)
	b.info = finding.Info{
		ID:    "baseline-new-program",
		Title: "Same new program on many hosts", TitleJA: "同じ新しいプログラムが多くのホストで動いた",
		Description: "A program or script that ran nowhere in the remembered days runs on hosts hosts within ten minutes. High from a folder that anybody may write to or somebody's home, medium from " +
			"elsewhere; low from folders of the system's packages, from a folder that the same account put programs into on many hosts before (deployments, configuration management). While konseki is " +
			"learning, low and only from the folders first named. Digits in names count as equal. It needs process events, and cannot see a known program that was replaced.",
		DescriptionJA: "記憶している日数にどこでも動いたことのないプログラムやスクリプトが、10 分以内に hosts 台以上のホストで動いた。誰でも書き込めるフォルダやホームからなら「高」、ほかは「中」。システムのパッケージのフォルダ、" +
			"同じアカウントが以前にも多くのホストへ配ったことのあるフォルダ（デプロイや構成管理）からなら「低」。学習中は、初めに挙げた場所のものだけを「低」で知らせる。名前の中の数字の違いは区別しない。プロセスの記録が必要で、既知のプログラムの差し替えは見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.execution", "attack.lateral-movement", "attack.t1072"},
		Params: t.Params(),
	}
	return b
}

func (b *newProgram) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *newProgram) Wants(ev *event.Event) bool {
	return ev.ClassUID == event.ClassProcess && ev.ActivityID == event.ActivityProcessLaunch && ev.Host != "" && (ev.ProcessPath != "" || ev.CmdLine != "")
}

func (b *newProgram) Advance(time.Time) {}

func (b *newProgram) Observe(ev *event.Event) {
	path := programOf(ev)
	today := learn.DayOf(ev.Time)
	b.seen.Mark(today)
	p, known := b.programs.Get(plain(path))
	if !known || today-p.last > b.remember {
		*p = program{first: ev.Time}
	}
	p.last = max(p.last, today)
	if ev.Time.Sub(p.first) >= burst {
		p.on = placed{}
		return
	}
	if n := p.on.add(bare(ev.Host), ev.Time, ev.Record, burst); n == b.hosts {
		b.raise(ev, path, p, today)
	}
}

func (b *newProgram) raise(ev *event.Event, path string, p *program, today int32) {
	before := b.rolledOut(ev, path, today)
	watched := learned(&b.seen, today, b.learn, b.remember)
	if !watched && !writable(path) && !homely(path) {
		return // everything is new at first
	}
	level := finding.LevelMedium
	switch {
	case before, packaged(path), !watched:
		level = finding.LevelLow
	case writable(path), homely(path), fetches(ev.CmdLine) != "":
		level = finding.LevelHigh
	}
	f := learn.About(ev, level)
	f.Records = slices.Clone(p.on.record)
	if f.Object == "" {
		f.Object = path
	}
	span := ev.Time.Sub(p.first)
	f.Why = fmt.Sprintf("%s ran on %d hosts within %s (%s) and on none in the %d days before.", finding.Shown(path), len(p.on.hosts), finding.Span(span), finding.List(p.on.hosts), b.remember)
	f.WhyJA = fmt.Sprintf("%s が %s の間に %d 台のホストで動いた（%s）。それまでの %d 日間はどのホストでも動いていない。", finding.Shown(path), finding.SpanJA(span), len(p.on.hosts), finding.List(p.on.hosts), b.remember)
	b.kit.Raise(f, &b.info, plain(path))
}

// rolledOut learns who put programs of a folder on many hosts, and reports
// whether they did so before. A program of the system's packages that starts
// what it installs, such as the agent that manages computers, counts as who.
func (b *newProgram) rolledOut(ev *event.Event, path string, today int32) bool {
	before := b.spread.seen([2]string{actorKey(ev.ActorUser), plain(folder(path))}, today)
	if parent := ev.Note("parent"); parent != "" && packaged(parent) && !interprets(baseName(parent)) && baseName(parent) != "explorer.exe" && !usual(baseName(parent)) {
		return b.spread.seen([2]string{"", plain(parent)}, today) || before
	}
	return before
}

// usual reports whether a parent starts whatever it is asked to.
func usual(name string) bool {
	switch name {
	case "services.exe", "svchost.exe", "wmiprvse.exe", "psexesvc.exe", "winrshost.exe", "sshd", "cron", "crond", "systemd", "taskeng.exe":
		return true
	}
	return false
}

// homely reports whether a path lies in somebody's home.
func homely(path string) bool {
	p := strings.ToLower(path)
	top, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return top == "home" || top == "root" || strings.Contains(p, `\downloads\`) || strings.Contains(p, `\desktop\`)
}
