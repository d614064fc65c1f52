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

// loggingStopped watches for logs that are cleared, deleted or switched off.
type loggingStopped struct {
	kit     *learn.Kit
	wait    time.Duration
	pending *bounded.Table[string, stopped] // by host
	downs   *bounded.Table[string, stretch] // services stopped, by host
	info    finding.Info
}

// A stopped waits for logging to start again on its host.
type stopped struct {
	f     finding.Finding
	what  string
	at    time.Time
	later int // events of the host since
	down  bool
}

const maxStopped = 2_000

func newLoggingStopped(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-logging-stopped")
	b := &loggingStopped{kit: k, wait: t.Duration("wait", 15*time.Minute)}
	b.pending = bounded.NewTable[string, stopped](maxStopped, k.Evicted())
	b.downs = bounded.NewTable[string, stretch](maxStopped, k.Evicted())
	b.info = finding.Info{
		ID:    "baseline-logging-stopped",
		Title: "Log cleared or logging stopped", TitleJA: "ログの消去または記録の停止",
		Description: "A log is cleared, deleted or emptied, or auditing switched off by command, setting or statement: high, medium where it is not one of security. Or a log service stops and has not " +
			"started again after wait: medium while other records of the host go on, high when nothing came from the host any more; low when several other services of it stopped at the same time, as they do when a machine is " +
			"shut down. Restarts and rotation do not count. What is not logged before logging ends cannot be seen; silence without a word is told by another baseline.",
		DescriptionJA: "ログが消去・削除・空にされた、または監査がコマンド・設定・SQL 文で止められた: 「高」（セキュリティのログでなければ「中」）。ログのサービスが止まり、wait を過ぎても再開しないとき、ホストのほかの記録が続いていれば「中」、" +
			"ホストから何も届かなくなれば「高」、同時にほかのサービスも複数止まっていれば（シャットダウン）「低」。再起動やローテーションは数えない。止まる前に記録されなかったことは見えない。前触れなく届かなくなったログ源は別の検知が知らせる。",
		Level: finding.LevelHigh, Tags: []string{"attack.defense-impairment", "attack.t1685.001", "attack.t1685.004", "attack.t1685.005", "attack.t1685.006"},
		Params: t.Params(),
	}
	return b
}

func (b *loggingStopped) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *loggingStopped) Wants(ev *event.Event) bool {
	switch ev.ClassUID {
	case event.ClassEventLog:
		return true
	case event.ClassAppLifecycle:
		return ev.Object != ""
	case event.ClassProcess, event.ClassAuthentication:
		if ev.CmdLine != "" && aboutLogs(ev.CmdLine) {
			return true
		}
	case event.ClassFileSystem:
		if ev.ActivityID == event.ActivityFileDelete && strings.HasPrefix(ev.Object, "/var/log/") {
			return true
		}
	case event.ClassDatastore:
		if strings.Contains(ev.Statement, "audit") {
			return true
		}
	}
	if strings.HasPrefix(ev.EventCode, "DAEMON_") || len(ev.Notes) > 0 && ev.Note("logging") != "" {
		return true
	}
	return b.pending.Len() > 0 && b.pending.Find(hostOf(ev)) != nil
}

// hostOf is the host that an event tells of, or its source.
func hostOf(ev *event.Event) string { return cmp.Or(ev.Host, ev.Source) }

// aboutLogs is a cheap sieve before a command is looked at.
func aboutLogs(command string) bool {
	for _, word := range [...]string{"/var/log/", "auditctl", "auditd", "rsyslog", "syslog-ng", "journal", "wevtutil", "lear-EventLog", "HISTFILE", "history -c"} {
		if strings.Contains(command, word) {
			return true
		}
	}
	return false
}

func (b *loggingStopped) Observe(ev *event.Event) {
	b.tell(ev.Time)
	host := hostOf(ev)
	if p := b.pending.Find(host); p != nil && ev.Time.After(p.at.Add(time.Minute)) {
		p.later++
	}
	if what, whatJA, level := silenced(ev); what != "" {
		f := learn.About(ev, level)
		f.Why = fmt.Sprintf("On %s %s %s.", finding.Shown(host), finding.Shown(cmp.Or(ev.ActorUser, "somebody")), what)
		f.WhyJA = fmt.Sprintf("%s で %s が%s。", finding.Shown(host), finding.Shown(cmp.Or(ev.ActorUser, "何者か")), whatJA)
		b.kit.Raise(f, &b.info, host, what)
		return
	}
	service, on, off := logService(ev)
	switch {
	case on:
		b.pending.Drop(host)
	case off:
		if p, known := b.pending.Get(host); !known {
			*p = stopped{f: learn.About(ev, finding.LevelMedium), what: service, at: ev.Time, down: b.goesDown(host, ev.Time)}
		}
	case ev.ClassUID == event.ClassAppLifecycle && ev.ActivityID == event.ActivityAppStop:
		d, _ := b.downs.Get(host)
		if n := d.add(folded(ev.Object), ev.Time); n >= 4 {
			if p := b.pending.Find(host); p != nil {
				p.down = true
			}
		}
	}
}

// goesDown reports whether several services of a host have just been stopped.
func (b *loggingStopped) goesDown(host string, at time.Time) bool {
	d := b.downs.Find(host)
	if d == nil {
		return false
	}
	n := 0
	for _, t := range d.at {
		if at.Sub(t) < 2*time.Minute {
			n++
		}
	}
	return n >= 3
}

// logService tells of a log service that starts or stops.
func logService(ev *event.Event) (name string, on, off bool) {
	switch ev.EventCode {
	case "DAEMON_END", "DAEMON_ABORT":
		return "auditd", false, true
	case "DAEMON_START", "DAEMON_RESUME":
		return "auditd", true, false
	}
	switch ev.ClassUID {
	case event.ClassEventLog:
		if ev.EventCode == "1100" || ev.EventCode == "6006" { // Windows writes them at every shutdown
			return "", false, false
		}
		return "the log service", ev.ActivityID == event.ActivityLogStart, ev.ActivityID == event.ActivityLogStop
	case event.ClassAppLifecycle:
		for _, unit := range [...]string{"auditd", "rsyslog", "syslog-ng", "systemd-journald", "fluent-bit", "filebeat", "vector.service", "td-agent", "nxlog", "winlogbeat", "sysmon"} {
			if strings.HasPrefix(strings.ToLower(ev.Object), unit) {
				return unit, ev.ActivityID == event.ActivityAppStart, ev.ActivityID == event.ActivityAppStop
			}
		}
	}
	return "", false, false
}

// silenced says what an event did to logs, or "".
func silenced(ev *event.Event) (what, whatJA, level string) {
	switch {
	case ev.StatusID == event.StatusFailure:
		return "", "", ""
	case ev.ClassUID == event.ClassEventLog && ev.ActivityID == event.ActivityLogClear:
		level = finding.LevelMedium
		if ev.EventCode == "1102" || strings.EqualFold(ev.Object, "Security") || strings.Contains(ev.Object, "Sysmon") {
			level = finding.LevelHigh
		}
		name := cmp.Or(ev.Object, "an event log")
		return "cleared " + finding.Shown(name), "ログ（" + finding.Shown(name) + "）を消去した", level
	case ev.Note("logging") == "off":
		return "switched auditing off", "監査を停止した", finding.LevelHigh
	case ev.ClassUID == event.ClassDatastore:
		if s := strings.ToLower(ev.Statement); muted(s) {
			return "switched auditing of the database off: " + finding.Shown(ev.Statement), "データベースの監査を停止した（" + finding.Shown(ev.Statement) + "）", finding.LevelHigh
		}
	case ev.ClassUID == event.ClassFileSystem:
		if ev.ActivityID == event.ActivityFileDelete && isLog(ev.Object) && !rotates(baseName(ev.ProcessPath)) {
			return "deleted " + finding.Shown(ev.Object), finding.Shown(ev.Object) + " を削除した", finding.LevelHigh
		}
	case ev.CmdLine != "":
		return silencing(ev.CmdLine)
	}
	return "", "", ""
}

// muted reports whether a statement switches auditing off.
func muted(s string) bool {
	if !strings.Contains(s, "set") && !strings.Contains(s, "uninstall") && !strings.Contains(s, "alter") && !strings.Contains(s, "drop") {
		return false
	}
	for _, w := range [...]string{"server_audit_logging", "audit_log_policy", "pgaudit.log", "server_audit_events"} {
		if i := strings.Index(s, w); i >= 0 {
			value := strings.Trim(s[i+len(w):], " ='\";")
			value = strings.TrimPrefix(value, "to ")
			value = strings.Trim(value, " '\"")
			return value == "off" || value == "0" || value == "none" || value == "" || value == "false"
		}
	}
	return strings.Contains(s, "uninstall") && strings.Contains(s, "audit") || strings.Contains(s, "drop extension") && strings.Contains(s, "pgaudit")
}

// isLog reports whether a path is that of a log in use: one that was rotated
// away may be thrown away.
func isLog(path string) bool {
	if !strings.HasPrefix(path, "/var/log/") || strings.ContainsAny(path, "*?") && !strings.HasSuffix(path, "/*") {
		return false
	}
	switch name := baseName(path); name {
	case "auth.log", "secure", "messages", "syslog", "audit.log", "wtmp", "btmp", "lastlog", "utmp", "kern.log", "cron", "maillog", "*":
		return true
	default:
		return strings.HasSuffix(name, "access.log") || strings.HasSuffix(name, "error.log") || strings.HasSuffix(name, "access_log")
	}
}

func rotates(program string) bool {
	switch program {
	case "logrotate", "rsyslogd", "systemd-journald", "savelog", "newsyslog", "syslog-ng", "auditd", "gzip", "xz", "zstd":
		return true
	}
	return false
}

// silencing says what a command does to logs, or "".
func silencing(command string) (what, whatJA, level string) {
	for _, sign := range [...]struct{ words, level string }{
		{"auditctl -e 0", finding.LevelHigh}, {"auditctl -e0", finding.LevelHigh}, {"auditctl -D", finding.LevelHigh},
		{"stop auditd", finding.LevelMedium}, {"disable auditd", finding.LevelMedium}, {"mask auditd", finding.LevelHigh}, {"auditd stop", finding.LevelMedium},
		{"stop rsyslog", finding.LevelMedium}, {"disable rsyslog", finding.LevelMedium}, {"mask rsyslog", finding.LevelHigh}, {"rsyslog stop", finding.LevelMedium},
		{"stop systemd-journald", finding.LevelMedium}, {"mask systemd-journald", finding.LevelHigh}, {"stop syslog-ng", finding.LevelMedium},
		{"wevtutil cl ", finding.LevelHigh}, {"wevtutil.exe cl ", finding.LevelHigh}, {"wevtutil clear-log", finding.LevelHigh}, {"Clear-EventLog", finding.LevelHigh},
		{"unset HISTFILE", finding.LevelMedium}, {"HISTFILE=/dev/null", finding.LevelMedium}, {"history -c", finding.LevelMedium},
	} {
		if strings.Contains(command, sign.words) {
			return "ran " + finding.Shown(command), "「" + finding.Shown(command) + "」を実行した", sign.level
		}
	}
	words := strings.Fields(command[:min(len(command), 2048)])
	for i, w := range words {
		takes := i > 0 && (slices.Contains([]string{"rm", "shred", "truncate", "unlink", "srm"}, baseName(words[0])) || words[i-1] == ">" || len(words) > 2 && baseName(words[0]) == "cp" && words[1] == "/dev/null")
		if path := strings.TrimLeft(w, ">"); (takes || strings.HasPrefix(w, ">") && !strings.HasPrefix(w, ">>")) && isLog(strings.Trim(path, `"'`)) {
			return "ran " + finding.Shown(command), "「" + finding.Shown(command) + "」を実行した", finding.LevelHigh
		}
	}
	return "", "", ""
}

// tell reports logging that has not started again in time.
func (b *loggingStopped) tell(now time.Time) {
	var due []string
	for host, p := range b.pending.All {
		if now.Sub(p.at) >= b.wait {
			due = append(due, host)
		}
	}
	slices.Sort(due)
	for _, host := range due {
		p := *b.pending.Find(host)
		b.pending.Drop(host)
		f := p.f
		since, sinceJA := fmt.Sprintf("%d other records of the host came since", p.later), fmt.Sprintf("その後もほかの記録は %d 件届いている", p.later)
		if p.later == 0 {
			f.Level, since, sinceJA = finding.LevelHigh, "nothing has come from the host since", "その後このホストからは何も届いていない"
		}
		if p.down {
			f.Level, since, sinceJA = finding.LevelLow, since+", and other services of it were stopped with it", sinceJA+"。ほかのサービスも同時に止められている"
		}
		f.Until = p.at.Add(b.wait)
		f.Why = fmt.Sprintf("On %s %s stopped at %s and did not start again within %s; %s.", finding.Shown(host), p.what, finding.Clock(p.at), finding.Span(b.wait), since)
		f.WhyJA = fmt.Sprintf("%s で %s が %s に止まり、%s を過ぎても再開していない。%s。", finding.Shown(host), p.what, finding.ClockJA(p.at), finding.SpanJA(b.wait), sinceJA)
		b.kit.Raise(f, &b.info, host, "stopped")
	}
}

func (b *loggingStopped) Advance(now time.Time) { b.tell(now) }
