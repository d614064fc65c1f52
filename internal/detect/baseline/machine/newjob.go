package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// newJob watches for what makes a program run again by itself, or lets somebody
// in again: scheduled jobs, services, keys of SSH.
type newJob struct {
	kit             *learn.Kit
	learn, remember int32
	hosts           int
	seen            learn.Dayset
	jobs            sightingDays[string]
	pending         *bounded.Table[string, pendingJob]
	info            finding.Info
}

// A pendingJob waits for the same on other hosts.
type pendingJob struct {
	job
	f     finding.Finding
	first time.Time
	on    placed
}

// A job is what an event says was put in place.
type job struct {
	key, text        string
	what, whatJA     string
	suspect          string // why it is suspicious, or ""
	suspectJA, level string
}

const maxJobs = 40_000

func newNewJob(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-new-job")
	b := &newJob{kit: k, learn: spanDays(t, "learn", 7, learn.MaxDays), remember: spanDays(t, "remember", 60, learn.MaxDays), hosts: t.Int("hosts", 5)}
	b.jobs = newSightingDays[string](k, maxJobs, b.remember)
	b.pending = bounded.NewTable[string, pendingJob](maxJobs/8, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-new-job",
		Title: "New scheduled job, service or SSH key", TitleJA: "新しい定期実行・サービス・SSH 鍵",
		Description: "A scheduled job, a service or a file that starts programs appears, of a shape that no host had in the remembered days; or somebody's authorized keys change on a host where that " +
			"account and program never did so. High at once when the command runs what it downloads, opens a shell or lies where anybody may write, or when the account is that of a web server or database; " +
			"medium for keys of SSH; low otherwise. The same on hosts hosts within ten minutes is one finding, low: configuration management. It sees cron by what cron runs, crontabs, systemd units, Windows services and tasks.",
		DescriptionJA: "記憶している日数にどのホストにもなかった定期実行・サービス・起動用のファイルが現れた、またはそのアカウントとプログラムがしたことのないホストで SSH の公開鍵の一覧（authorized_keys）が変えられた。" +
			"取得したものをそのまま実行する、外へシェルを開く、誰でも書ける場所にあるもの、Web サーバーやデータベースのアカウントによるものは、ただちに「高」。SSH 鍵は「中」、ほかは「低」。10 分以内に hosts 台以上で同じものは" +
			"構成管理とみて一つの「低」にまとめる。cron の実行、crontab、systemd のユニット、Windows のサービスとタスクを見る。",
		Level: finding.LevelHigh, Tags: []string{"attack.persistence", "attack.t1053", "attack.t1543", "attack.t1098.004"},
		Params: t.Params(),
	}
	return b
}

func (b *newJob) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *newJob) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassScheduledJob:
		return ev.ActivityID != event.ActivityJobDelete
	case event.ClassAppLifecycle:
		return ev.ActivityID == event.ActivityAppInstall
	case event.ClassFileSystem:
		return ev.ActivityID != event.ActivityFileRead && ev.ActivityID != event.ActivityFileDelete && startsPrograms(ev.Object)
	case event.ClassProcess:
		return strings.Contains(ev.CmdLine, "authorized_keys") || strings.Contains(ev.CmdLine, "schtasks") || strings.Contains(ev.CmdLine, "systemctl enable")
	}
	return false
}

// startsPrograms reports whether a file is one that programs are started by, or
// that lets somebody in.
func startsPrograms(path string) bool {
	if path == "" || len(path) > 512 {
		return false
	}
	for _, dir := range [...]string{
		"/etc/cron", "/var/spool/cron", "/etc/systemd/system/", "/lib/systemd/system/", "/.config/systemd/user/", "/etc/init.d/", "/etc/rc.local",
		"/etc/ld.so.preload", "/etc/profile.d/", "/.ssh/authorized_keys", `\System32\Tasks\`, `\Start Menu\Programs\Startup\`,
	} {
		if strings.Contains(path, dir) {
			return true
		}
	}
	return false
}

// serves reports whether an account is that of a program that serves others and
// has no reason to schedule anything.
func serves(account string) bool {
	switch learn.AccountKey(account) {
	case "www-data", "apache", "nginx", "httpd", "tomcat", "tomcat8", "tomcat9", "nobody", "mysql", "postgres", "mariadb", "php-fpm", "www", "jetty", "iusr", "defaultapppool", "nodejs", "uwsgi", "33", "48":
		return true
	}
	return false
}

// jobOf tells what an event put in place.
func jobOf(ev *event.Event) (j job, ok bool) {
	command := ev.CmdLine
	switch {
	case ev.ClassUID == event.ClassFileSystem && strings.Contains(ev.Object, "/.ssh/authorized_keys"), ev.ClassUID == event.ClassProcess && strings.Contains(command, "authorized_keys"):
		if ev.ClassUID == event.ClassProcess && !strings.Contains(command, ">") && !strings.Contains(command, "tee ") && !strings.HasPrefix(command, "cp ") {
			return j, false
		}
		j = job{key: "key\x00" + bare(ev.Host) + "\x00" + plain(ev.Object) + "\x00" + actorKey(ev.ActorUser) + "\x00" + baseName(ev.ProcessPath), text: ev.Object + command, what: "the authorized SSH keys", whatJA: "SSH の公開鍵の一覧", level: finding.LevelMedium}
		return j, true // what it holds cannot be seen
	case ev.ClassUID == event.ClassFileSystem:
		j = job{key: "file\x00" + plain(ev.Object), text: ev.Object, what: "a file that starts programs", whatJA: "プログラムを起動するファイル"}
	case ev.ClassUID == event.ClassAppLifecycle:
		j = job{key: "service\x00" + plain(ev.Object) + "\x00" + plain(command+ev.ProcessPath), text: ev.Object + " " + command, what: "a service", whatJA: "サービス"}
	case ev.ClassUID == event.ClassScheduledJob && command == "" && ev.Object == "" && ev.ActivityID != event.ActivityJobUpdate:
		return j, false // only listed, or reloaded
	case ev.ClassUID == event.ClassScheduledJob && command == "":
		if ev.ActivityID != event.ActivityJobUpdate && ev.ActivityID != event.ActivityJobCreate {
			return j, false
		}
		j = job{key: "table\x00" + actorKey(ev.ActorUser) + "\x00" + learn.AccountKey(ev.TargetUser) + "\x00" + plain(ev.Object), text: ev.Object + " " + ev.TargetUser, what: "a scheduled job,", whatJA: "定期実行"}
	default:
		j = job{key: "command\x00" + actorKey(ev.ActorUser) + "\x00" + plain(ev.Object) + "\x00" + plain(command), text: command, what: "the scheduled command", whatJA: "定期実行のコマンド"}
	}
	j.text, j.level = strings.TrimSpace(j.text), finding.LevelLow
	j.suspect, j.suspectJA = suspicious(ev, command)
	return j, true
}

func suspicious(ev *event.Event, command string) (why, whyJA string) {
	how := fetches(command)
	switch {
	case how != "":
		return "it " + how, "取得・隠蔽した内容を実行する"
	case serves(ev.ActorUser) || serves(ev.TargetUser) && ev.ClassUID == event.ClassScheduledJob:
		return "the account serves others and has no reason to", "サービス用のアカウントには理由がない"
	case writable(command) && !strings.Contains(command, "find "):
		return "it lies where anybody may write", "誰でも書き込める場所にある"
	}
	return "", ""
}

// actorKey makes names of accounts comparable; those of machines are all alike.
func actorKey(name string) string {
	if strings.HasSuffix(name, "$") {
		return "$"
	}
	return learn.AccountKey(name)
}

func (b *newJob) Observe(ev *event.Event) {
	if ev.StatusID == event.StatusFailure {
		return
	}
	b.tell(ev.Time)
	today := learn.DayOf(ev.Time)
	b.seen.Mark(today)
	j, ok := jobOf(ev)
	if !ok {
		return
	}
	if p := b.pending.Find(j.key); p != nil {
		p.on.add(bare(ev.Host), ev.Time, ev.Record, burst)
	}
	if b.jobs.seen(j.key, today) {
		return
	}
	f := learn.About(ev, j.level)
	if j.suspect != "" {
		f.Level = finding.LevelHigh
		b.raise(f, &j, 1)
		return
	}
	if !learned(&b.seen, today, b.learn, b.remember) {
		return // everything is new at first
	}
	p, _ := b.pending.Get(j.key)
	*p = pendingJob{job: j, f: f, first: ev.Time}
	p.on.add(bare(ev.Host), ev.Time, ev.Record, burst)
}

// tell reports what has waited long enough for the same on other hosts.
func (b *newJob) tell(now time.Time) {
	var due []string
	for key, p := range b.pending.All {
		if now.Sub(p.first) >= burst {
			due = append(due, key)
		}
	}
	slices.Sort(due)
	for _, key := range due {
		p := b.pending.Find(key)
		f := p.f
		f.Records = p.on.record
		if len(p.on.hosts) >= b.hosts {
			f.Level = finding.LevelLow
		}
		b.raise(f, &p.job, len(p.on.hosts))
		b.pending.Drop(key)
	}
}

func (b *newJob) Advance(now time.Time) { b.tell(now) }

func (b *newJob) raise(f finding.Finding, j *job, hosts int) {
	because, becauseJA := "", ""
	if j.suspect != "" {
		because, becauseJA = "; "+j.suspect, "（"+j.suspectJA+"）"
	}
	place, placeJA := finding.Shown(cmp.Or(f.Host, f.Source)), finding.Shown(cmp.Or(f.Host, f.Source))
	if hosts > 1 {
		place, placeJA = fmt.Sprintf("%s and %d more hosts", place, hosts-1), fmt.Sprintf("%s ほか %d 台", place, hosts-1)
	}
	f.Why = fmt.Sprintf("On %s %s put in place or ran %s %s, of a kind seen on no host in %d days%s.", place, finding.Shown(f.ActorUser), j.what, finding.Shown(j.text), b.remember, because)
	f.WhyJA = fmt.Sprintf("%s で %s により、過去 %d 日間どのホストにもなかった%s（%s）が現れた%s。", placeJA, finding.Shown(f.ActorUser), b.remember, j.whatJA, finding.Shown(j.text), becauseJA)
	b.kit.Raise(f, &b.info, j.key)
}
