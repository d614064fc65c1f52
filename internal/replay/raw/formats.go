package raw

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// rfc3339 is how rsyslog's modern file format stamps a line.
const rfc3339 = "2006-01-02T15:04:05.000000-07:00"

// SyslogLine is a line as rsyslog writes it to a file.
func SyslogLine(at time.Time, host, tag, msg string) string {
	return at.Format(rfc3339) + " " + host + " " + tag + ": " + msg
}

// SSHDAccepted is the three lines of a login by key or password.
func SSHDAccepted(d *Day, at time.Time, host, user, from, method string) {
	pid := 2000 + d.RNG.IntN(60000)
	tag := fmt.Sprintf("sshd[%d]", pid)
	d.Add(at, SyslogLine(at, host, tag, fmt.Sprintf("Accepted %s for %s from %s port %d ssh2", method, user, from, 1024+d.RNG.IntN(60000))))
	at = at.Add(time.Duration(3+d.RNG.IntN(40)) * time.Millisecond)
	d.Add(at, SyslogLine(at, host, tag, fmt.Sprintf("pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)", user, 1000+len(user)*7)))
	at = at.Add(time.Duration(3+d.RNG.IntN(90)) * time.Minute)
	d.Add(at, SyslogLine(at, host, tag, "pam_unix(sshd:session): session closed for user "+user))
}

// SSHDFailed is a refused password.
func SSHDFailed(d *Day, at time.Time, host, user, from string) {
	d.Add(at, SyslogLine(at, host, fmt.Sprintf("sshd[%d]", 2000+d.RNG.IntN(60000)),
		fmt.Sprintf("Failed password for %s from %s port %d ssh2", user, from, 1024+d.RNG.IntN(60000))))
}

// SudoCommand is a command run as another user.
func SudoCommand(at time.Time, host, user, target, dir, command string) string {
	return SyslogLine(at, host, "sudo", fmt.Sprintf("%8s : TTY=pts/0 ; PWD=%s ; USER=%s ; COMMAND=%s", user, dir, target, command))
}

// CronRun is a job that cron starts.
func CronRun(at time.Time, host string, pid int, command string) string {
	return SyslogLine(at, host, fmt.Sprintf("CRON[%d]", pid), "(root) CMD ("+command+")")
}

// Audit writes the kernel's audit lines of one event; they share a serial.
type Audit struct {
	At     time.Time
	Serial int
	lines  []string
}

// Line adds a line of a kind, with what stands behind the serial.
func (a *Audit) Line(kind, body string) {
	a.lines = append(a.lines, fmt.Sprintf("type=%s msg=audit(%d.%03d:%d): %s", kind, a.At.Unix(), a.At.Nanosecond()/1e6, a.Serial, body))
}

// Text is the record: one line of the log per audit line.
func (a *Audit) Text() string { return strings.Join(a.lines, "\n") }

// Execve is a program started: SYSCALL, EXECVE, CWD and PATH.
func Execve(r *rand.Rand, at time.Time, serial int, uid, exe string, argv ...string) string {
	return Program{UID: uid, Login: "1001", TTY: "pts1", Cwd: "/var/tmp", Exe: exe, Argv: argv}.Audit(r, at, serial)
}

// Program is a program started on a host.
type Program struct {
	UID, Login string // of the account it runs as, and of the one that logged in; 4294967295 for none
	TTY, Cwd   string
	Exe        string
	Argv       []string
}

// Audit writes the start as the kernel's audit does.
func (p Program) Audit(r *rand.Rand, at time.Time, serial int) string {
	a := &Audit{At: at, Serial: serial}
	comm := p.Exe[strings.LastIndexByte(p.Exe, '/')+1:]
	a.Line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=59 success=yes exit=0 a0=55d1c0 a1=55d1c8 a2=55d1d0 a3=8 items=2 ppid=%d pid=%d auid=%s uid=%s gid=%s euid=%s suid=%s fsuid=%s egid=%s sgid=%s fsgid=%s tty=%s ses=%d comm="%s" exe="%s" key="exec"`,
		1000+r.IntN(30000), 1000+r.IntN(30000), p.Login, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.TTY, 1+r.IntN(900), comm, p.Exe))
	args := "argc=" + strconv.Itoa(len(p.Argv))
	for i, s := range p.Argv {
		args += fmt.Sprintf(" a%d=%s", i, auditText(s))
	}
	a.Line("EXECVE", args)
	a.Line("CWD", `cwd="`+p.Cwd+`"`)
	a.Line("PATH", fmt.Sprintf(`item=0 name="%s" inode=%d dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL`, p.Exe, 100000+r.IntN(900000)))
	return a.Text()
}

// Created is a file made: openat with a PATH of nametype CREATE.
func Created(r *rand.Rand, at time.Time, serial int, exe, name string) string {
	a := &Audit{At: at, Serial: serial}
	a.Line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd10 a2=241 a3=1b6 items=2 ppid=%d pid=%d auid=1001 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=%d comm="%s" exe="%s" key="tmpwrite"`,
		1000+r.IntN(30000), 1000+r.IntN(30000), 1+r.IntN(900), exe[strings.LastIndexByte(exe, '/')+1:], exe))
	a.Line("CWD", `cwd="/var/tmp"`)
	a.Line("PATH", fmt.Sprintf(`item=1 name="%s" inode=%d dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=CREATE`, name, 100000+r.IntN(900000)))
	return a.Text()
}

// auditText quotes an argument as the kernel does: in hex when it holds a
// space or a quote.
func auditText(s string) string {
	if strings.ContainsAny(s, " \"\t\n") {
		return strings.ToUpper(fmt.Sprintf("%x", s))
	}
	return `"` + s + `"`
}

// VPNEvent is a FortiGate SSL-VPN event.
func VPNEvent(at time.Time, action, user, remote string, tunnel int, assigned, reason string) string {
	logid, desc, level, msg := "0101039947", "SSL VPN tunnel up", "information", "SSL tunnel established"
	switch action {
	case "tunnel-down":
		logid, desc, msg = "0101039948", "SSL VPN tunnel down", "SSL tunnel shutdown"
	case "ssl-login-fail":
		logid, desc, level, msg = "0101039426", "SSL VPN login fail", "alert", "SSL user failed to logged in"
	case "ssl-new-con":
		logid, desc, msg = "0101039943", "SSL VPN new connection", "SSL new connection"
	}
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="%s" type="event" subtype="vpn" level="%s" vd="root" logdesc="%s" action="%s" tunneltype="ssl-tunnel" tunnelid=%d remip=%s tunnelip=%s user="%s" group="staff" dst_host="N/A" reason="%s" msg="%s"`,
		at.Format("2006-01-02"), at.Format("15:04:05"), at.Unix(), logid, level, desc, action, tunnel, remote, assigned, user, reason, msg)
}

// VPNState is the appliance's own report of its load.
func VPNState(at time.Time, r *rand.Rand) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0100040704" type="event" subtype="system" level="notice" vd="root" logdesc="System performance statistics" action="perf-stats" cpu=%d mem=%d totalsession=%d msg="Performance statistics"`,
		at.Format("2006-01-02"), at.Format("15:04:05"), at.Unix(), r.IntN(30), 40+r.IntN(10), 200+r.IntN(3000))
}

// Object is a JSON object whose members keep their order.
type Object []Member

// Member is a member of an object; its value is text, a number, a list or an object.
type Member = struct {
	Key   string
	Value any
}

// Text is the object as JSON on one line.
func (o Object) Text() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(m.Key))
		b.WriteByte(':')
		if nested, ok := m.Value.(Object); ok {
			b.WriteString(nested.Text())
			continue
		}
		v, err := json.Marshal(m.Value, json.Deterministic(true))
		if err != nil {
			panic("replay: a value of the program's own cannot be written: " + err.Error())
		}
		b.Write(v)
	}
	b.WriteByte('}')
	return b.String()
}

// GroupwareLogin is a login activity in the shape of the Google Workspace
// Reports API. Accounts are pseudonyms, as in the published report.
func GroupwareLogin(at time.Time, r *rand.Rand, user, from, name string) string {
	return Activity(at, r, "login", user, from, "login", name, Param("login_type", "google_password"))
}

// Activity is one activity of the Reports API: who, from where, in which
// application, and one event with its parameters.
func Activity(at time.Time, r *rand.Rand, application, user, from, kind, name string, params ...RawText) string {
	return Object{
		{"kind", "admin#reports#activity"},
		{"id", Object{{"time", at.UTC().Format("2006-01-02T15:04:05.000Z")}, {"uniqueQualifier", strconv.FormatInt(r.Int64(), 10)}, {"applicationName", application}}},
		{"actor", Object{{"email", user}, {"profileId", profile(user)}}},
		{"ipAddress", from},
		{"events", []RawText{RawText(Object{{"type", kind}, {"name", name}, {"parameters", params}}.Text())}},
	}.Text()
}

// GroupwareDrive is a document viewed or downloaded.
func GroupwareDrive(at time.Time, r *rand.Rand, user, from, name string, doc Document) string {
	return Activity(at, r, "drive", user, from, "access", name, doc.Params()...)
}

// Params are the parameters by which Drive names a document.
func (doc Document) Params() []RawText {
	return []RawText{
		Param("doc_id", fmt.Sprintf("1%x", Hash(doc.Title))), Param("doc_title", doc.Title), Param("doc_type", doc.Kind),
		Param("owner", doc.Owner), Param("visibility", doc.Visibility),
	}
}

// Param is a parameter of an activity.
func Param(name, value string) RawText {
	return RawText(Object{{"name", name}, {"value", value}}.Text())
}

func profile(user string) string { return strconv.FormatUint(Hash(user)>>4, 10) }

// RawText is JSON that stands as it is.
type RawText string

// MarshalJSON implements json.Marshaler.
func (t RawText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// ChatAction is an entry of a chat service's audit log, in the shape of Slack's.
func ChatAction(at time.Time, r *rand.Rand, user, from, action, agent string) string {
	return ChatEntry{Who: user, From: from, Action: action, Agent: agent, Team: Object{{"type", "workspace"}, {"id", "T0GAMES"}, {"name", "games"}}}.Text(at, r)
}

// ChatEntry is an entry of the audit log; entity is what was acted upon, the
// person themselves where there is none.
type ChatEntry struct {
	Who, From, Action, Agent string
	Entity, Team             Object
}

// Text is the entry as JSON on one line.
func (e ChatEntry) Text(at time.Time, r *rand.Rand) string {
	who := ChatPerson(e.Who)
	if e.Entity == nil {
		e.Entity = who
	}
	return Object{
		{"id", fmt.Sprintf("%08x-%04x", r.Uint32(), r.IntN(1<<16))},
		{"date_create", at.Unix()},
		{"action", e.Action},
		{"actor", who},
		{"entity", e.Entity},
		{"context", Object{{"location", e.Team}, {"ua", e.Agent}, {"ip_address", e.From}}},
	}.Text()
}

// ChatPerson is a member of the chat as an actor or an entity.
func ChatPerson(user string) Object {
	return Object{{"type", "user"}, {"user", Object{{"id", "W" + strings.ToUpper(strconv.FormatUint(Hash(user)>>32, 36))}, {"name", user}}}}
}

// ChatMessage is a message of a chat export.
func ChatMessage(at time.Time, r *rand.Rand, user, channel, text string) string {
	return Object{
		{"client_msg_id", fmt.Sprintf("%08x-%08x", r.Uint32(), r.Uint32())}, {"type", "message"}, {"text", text}, {"user", user},
		{"ts", fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)}, {"channel", channel},
	}.Text()
}

// MariadbAudit is a line of MariaDB's server_audit plugin.
func MariadbAudit(at time.Time, host, user, from string, conn, id int, op, db, what string, code int) string {
	if what != "" {
		what = "'" + strings.ReplaceAll(what, "'", `\'`) + "'"
	}
	return fmt.Sprintf("%s,%s,%s,%s,%d,%d,%s,%s,%s,%d", at.Format("20060102 15:04:05"), host, user, from, conn, id, op, db, what, code)
}

// MonitorLine is a line of a monitoring service's JSON log.
func MonitorLine(at time.Time, level, host, check, text string) string {
	return Object{{"time", at.Format(time.RFC3339)}, {"level", level}, {"host", host}, {"check", check}, {"message", text}}.Text()
}

// Process names a program with a number.
func Process(d *Day, name string) string { return fmt.Sprintf("%s[%d]", name, 1000+d.RNG.IntN(60000)) }
