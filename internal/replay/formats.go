package replay

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

// syslogLine is a line as rsyslog writes it to a file.
func syslogLine(at time.Time, host, tag, msg string) string {
	return at.Format(rfc3339) + " " + host + " " + tag + ": " + msg
}

// sshdAccepted is the three lines of a login by key or password.
func sshdAccepted(d *day, at time.Time, host, user, from, method string) {
	pid := 2000 + d.rng.IntN(60000)
	tag := fmt.Sprintf("sshd[%d]", pid)
	d.add(at, syslogLine(at, host, tag, fmt.Sprintf("Accepted %s for %s from %s port %d ssh2", method, user, from, 1024+d.rng.IntN(60000))))
	at = at.Add(time.Duration(3+d.rng.IntN(40)) * time.Millisecond)
	d.add(at, syslogLine(at, host, tag, fmt.Sprintf("pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)", user, 1000+len(user)*7)))
	at = at.Add(time.Duration(3+d.rng.IntN(90)) * time.Minute)
	d.add(at, syslogLine(at, host, tag, "pam_unix(sshd:session): session closed for user "+user))
}

// sshdFailed is a refused password.
func sshdFailed(d *day, at time.Time, host, user, from string) {
	d.add(at, syslogLine(at, host, fmt.Sprintf("sshd[%d]", 2000+d.rng.IntN(60000)),
		fmt.Sprintf("Failed password for %s from %s port %d ssh2", user, from, 1024+d.rng.IntN(60000))))
}

// sudoCommand is a command run as another user.
func sudoCommand(at time.Time, host, user, target, dir, command string) string {
	return syslogLine(at, host, "sudo", fmt.Sprintf("%8s : TTY=pts/0 ; PWD=%s ; USER=%s ; COMMAND=%s", user, dir, target, command))
}

// cronRun is a job that cron starts.
func cronRun(at time.Time, host string, pid int, command string) string {
	return syslogLine(at, host, fmt.Sprintf("CRON[%d]", pid), "(root) CMD ("+command+")")
}

// audit writes the kernel's audit lines of one event; they share a serial.
type audit struct {
	at     time.Time
	serial int
	lines  []string
}

func (a *audit) line(kind, body string) {
	a.lines = append(a.lines, fmt.Sprintf("type=%s msg=audit(%d.%03d:%d): %s", kind, a.at.Unix(), a.at.Nanosecond()/1e6, a.serial, body))
}

// text is the record: one line of the log per audit line.
func (a *audit) text() string { return strings.Join(a.lines, "\n") }

// execve is a program started: SYSCALL, EXECVE, CWD and PATH.
func execve(r *rand.Rand, at time.Time, serial int, uid, exe string, argv ...string) string {
	return program{uid: uid, login: "1001", tty: "pts1", cwd: "/var/tmp", exe: exe, argv: argv}.audit(r, at, serial)
}

// program is a program started on a host.
type program struct {
	uid, login string // of the account it runs as, and of the one that logged in; 4294967295 for none
	tty, cwd   string
	exe        string
	argv       []string
}

// audit writes the start as the kernel's audit does.
func (p program) audit(r *rand.Rand, at time.Time, serial int) string {
	a := &audit{at: at, serial: serial}
	comm := p.exe[strings.LastIndexByte(p.exe, '/')+1:]
	a.line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=59 success=yes exit=0 a0=55d1c0 a1=55d1c8 a2=55d1d0 a3=8 items=2 ppid=%d pid=%d auid=%s uid=%s gid=%s euid=%s suid=%s fsuid=%s egid=%s sgid=%s fsgid=%s tty=%s ses=%d comm="%s" exe="%s" key="exec"`,
		1000+r.IntN(30000), 1000+r.IntN(30000), p.login, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.tty, 1+r.IntN(900), comm, p.exe))
	args := "argc=" + strconv.Itoa(len(p.argv))
	for i, s := range p.argv {
		args += fmt.Sprintf(" a%d=%s", i, auditText(s))
	}
	a.line("EXECVE", args)
	a.line("CWD", `cwd="`+p.cwd+`"`)
	a.line("PATH", fmt.Sprintf(`item=0 name="%s" inode=%d dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL`, p.exe, 100000+r.IntN(900000)))
	return a.text()
}

// created is a file made: openat with a PATH of nametype CREATE.
func created(r *rand.Rand, at time.Time, serial int, exe, name string) string {
	a := &audit{at: at, serial: serial}
	a.line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd10 a2=241 a3=1b6 items=2 ppid=%d pid=%d auid=1001 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=%d comm="%s" exe="%s" key="tmpwrite"`,
		1000+r.IntN(30000), 1000+r.IntN(30000), 1+r.IntN(900), exe[strings.LastIndexByte(exe, '/')+1:], exe))
	a.line("CWD", `cwd="/var/tmp"`)
	a.line("PATH", fmt.Sprintf(`item=1 name="%s" inode=%d dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=CREATE`, name, 100000+r.IntN(900000)))
	return a.text()
}

// auditText quotes an argument as the kernel does: in hex when it holds a
// space or a quote.
func auditText(s string) string {
	if strings.ContainsAny(s, " \"\t\n") {
		return strings.ToUpper(fmt.Sprintf("%x", s))
	}
	return `"` + s + `"`
}

// vpnEvent is a FortiGate SSL-VPN event.
func vpnEvent(at time.Time, action, user, remote string, tunnel int, assigned, reason string) string {
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

// vpnState is the appliance's own report of its load.
func vpnState(at time.Time, r *rand.Rand) string {
	return fmt.Sprintf(`date=%s time=%s devname="fgt-01" devid="FG100D3G18000001" eventtime=%d tz="+0900" logid="0100040704" type="event" subtype="system" level="notice" vd="root" logdesc="System performance statistics" action="perf-stats" cpu=%d mem=%d totalsession=%d msg="Performance statistics"`,
		at.Format("2006-01-02"), at.Format("15:04:05"), at.Unix(), r.IntN(30), 40+r.IntN(10), 200+r.IntN(3000))
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

func (o object) text() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(m.key))
		b.WriteByte(':')
		if nested, ok := m.value.(object); ok {
			b.WriteString(nested.text())
			continue
		}
		v, err := json.Marshal(m.value, json.Deterministic(true))
		if err != nil {
			panic("replay: a value of the program's own cannot be written: " + err.Error())
		}
		b.Write(v)
	}
	b.WriteByte('}')
	return b.String()
}

// groupwareLogin is a login activity in the shape of the Google Workspace
// Reports API. Accounts are pseudonyms, as in the published report.
func groupwareLogin(at time.Time, r *rand.Rand, user, from, name string) string {
	return activity(at, r, "login", user, from, "login", name, param("login_type", "google_password"))
}

// activity is one activity of the Reports API: who, from where, in which
// application, and one event with its parameters.
func activity(at time.Time, r *rand.Rand, application, user, from, kind, name string, params ...rawText) string {
	return object{
		{"kind", "admin#reports#activity"},
		{"id", object{{"time", at.UTC().Format("2006-01-02T15:04:05.000Z")}, {"uniqueQualifier", strconv.FormatInt(r.Int64(), 10)}, {"applicationName", application}}},
		{"actor", object{{"email", user}, {"profileId", profile(user)}}},
		{"ipAddress", from},
		{"events", []rawText{rawText(object{{"type", kind}, {"name", name}, {"parameters", params}}.text())}},
	}.text()
}

// groupwareDrive is a document viewed or downloaded.
func groupwareDrive(at time.Time, r *rand.Rand, user, from, name string, doc document) string {
	return activity(at, r, "drive", user, from, "access", name, doc.params()...)
}

// params are the parameters by which Drive names a document.
func (doc document) params() []rawText {
	return []rawText{
		param("doc_id", fmt.Sprintf("1%x", hashOf(doc.title))), param("doc_title", doc.title), param("doc_type", doc.kind),
		param("owner", doc.owner), param("visibility", doc.visibility),
	}
}

func param(name, value string) rawText {
	return rawText(object{{"name", name}, {"value", value}}.text())
}

func profile(user string) string { return strconv.FormatUint(hashOf(user)>>4, 10) }

// rawText is JSON that stands as it is.
type rawText string

// MarshalJSON implements json.Marshaler.
func (t rawText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// chatAction is an entry of a chat service's audit log, in the shape of Slack's.
func chatAction(at time.Time, r *rand.Rand, user, from, action, agent string) string {
	return chatEntry{who: user, from: from, action: action, agent: agent, team: object{{"type", "workspace"}, {"id", "T0GAMES"}, {"name", "games"}}}.text(at, r)
}

// chatEntry is an entry of the audit log; entity is what was acted upon, the
// person themselves where there is none.
type chatEntry struct {
	who, from, action, agent string
	entity, team             object
}

func (e chatEntry) text(at time.Time, r *rand.Rand) string {
	who := chatPerson(e.who)
	if e.entity == nil {
		e.entity = who
	}
	return object{
		{"id", fmt.Sprintf("%08x-%04x", r.Uint32(), r.IntN(1<<16))},
		{"date_create", at.Unix()},
		{"action", e.action},
		{"actor", who},
		{"entity", e.entity},
		{"context", object{{"location", e.team}, {"ua", e.agent}, {"ip_address", e.from}}},
	}.text()
}

// chatPerson is a member of the chat as an actor or an entity.
func chatPerson(user string) object {
	return object{{"type", "user"}, {"user", object{{"id", "W" + strings.ToUpper(strconv.FormatUint(hashOf(user)>>32, 36))}, {"name", user}}}}
}

// chatMessage is a message of a chat export.
func chatMessage(at time.Time, r *rand.Rand, user, channel, text string) string {
	return object{
		{"client_msg_id", fmt.Sprintf("%08x-%08x", r.Uint32(), r.Uint32())}, {"type", "message"}, {"text", text}, {"user", user},
		{"ts", fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)}, {"channel", channel},
	}.text()
}

// mariadbAudit is a line of MariaDB's server_audit plugin.
func mariadbAudit(at time.Time, host, user, from string, conn, id int, op, db, what string, code int) string {
	if what != "" {
		what = "'" + strings.ReplaceAll(what, "'", `\'`) + "'"
	}
	return fmt.Sprintf("%s,%s,%s,%s,%d,%d,%s,%s,%s,%d", at.Format("20060102 15:04:05"), host, user, from, conn, id, op, db, what, code)
}

// monitorLine is a line of a monitoring service's JSON log.
func monitorLine(at time.Time, level, host, check, text string) string {
	return object{{"time", at.Format(time.RFC3339)}, {"level", level}, {"host", host}, {"check", check}, {"message", text}}.text()
}
