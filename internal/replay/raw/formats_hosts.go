package raw

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// comm is the program's name as the kernel knows it.
func (p Program) comm() string {
	name := p.Exe[strings.LastIndexByte(p.Exe, '/')+1:]
	return name[:min(len(name), 15)]
}

// AuditFile is a file made ("CREATE") or removed ("DELETE") by the program, as
// the kernel's audit writes it.
func (p Program) AuditFile(r *rand.Rand, at time.Time, serial int, name, how string) string {
	a := &Audit{At: at, Serial: serial}
	a.Line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=%d success=yes exit=3 a0=ffffff9c a1=7ffd10 a2=241 a3=1b6 items=2 ppid=%d pid=%d auid=%s uid=%s gid=%s euid=%s suid=%s fsuid=%s egid=%s sgid=%s fsgid=%s tty=%s ses=%d comm="%s" exe="%s" key="files"`,
		fileCall(how), 1000+r.IntN(30000), 1000+r.IntN(30000), p.Login, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.UID, p.TTY, 1+r.IntN(900), p.comm(), p.Exe))
	a.Line("CWD", `cwd="`+p.Cwd+`"`)
	a.Line("PATH", fmt.Sprintf(`item=1 name=%s inode=%d dev=08:01 mode=0100644 ouid=%s ogid=%s rdev=00:00 nametype=%s`, auditText(name), 100000+r.IntN(900000), p.UID, p.UID, how))
	return a.Text()
}

// fileCall is the number of the system call: openat makes, unlinkat removes.
func fileCall(how string) int {
	if how == "DELETE" {
		return 263
	}
	return 257
}

// Laurel is the program's start as the audit plugin Laurel writes it.
func (p Program) Laurel(r *rand.Rand, at time.Time, serial int, host string) string {
	return append(p.laurelHead(r, at, serial, host, 59, "execve", "exec"),
		Member{"EXECVE", Object{{"argc", len(p.Argv)}, {"ARGV", p.Argv}}}, Member{"CWD", Object{{"cwd", p.Cwd}}},
		Member{"PATH", []RawText{RawText(Object{{"item", 0}, {"name", p.Exe}, {"nametype", "NORMAL"}}.Text())}},
	).Text()
}

// LaurelFile is a file made or removed by the program.
func (p Program) LaurelFile(r *rand.Rand, at time.Time, serial int, host, name, how string) string {
	call := "openat"
	if how == "DELETE" {
		call = "unlinkat"
	}
	return append(p.laurelHead(r, at, serial, host, fileCall(how), call, "files"),
		Member{"CWD", Object{{"cwd", p.Cwd}}},
		Member{"PATH", []RawText{RawText(Object{{"item", 1}, {"name", name}, {"nametype", how}}.Text())}},
	).Text()
}

func (p Program) laurelHead(r *rand.Rand, at time.Time, serial int, host string, number int, call, key string) Object {
	uid, _ := strconv.Atoi(p.UID)
	login, _ := strconv.ParseUint(p.Login, 10, 32)
	return Object{
		{"ID", fmt.Sprintf("%d.%03d:%d", at.Unix(), at.Nanosecond()/1e6, serial)}, {"NODE", host},
		{"SYSCALL", Object{
			{"arch", "0xc000003e"}, {"syscall", number}, {"success", "yes"}, {"exit", 0}, {"ppid", 1000 + r.IntN(30000)}, {"pid", 1000 + r.IntN(30000)},
			{"auid", login}, {"uid", uid}, {"gid", uid}, {"euid", uid}, {"tty", p.TTY}, {"ses", 1 + r.IntN(900)}, {"comm", p.comm()}, {"exe", p.Exe},
			{"key", key}, {"ARCH", "x86_64"}, {"SYSCALL", call},
		}},
	}
}

// Visit is a request to a web server.
type Visit struct {
	From, User, Method, Path string
	Status, Bytes            int
	Referer, Agent           string
	ContentType              string // as the client sent it
}

// Common is the line in the combined format.
func (v Visit) Common(at time.Time) string {
	return fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %d %d "%s" "%s"`, v.From, orDash(v.User), at.Format("02/Jan/2006:15:04:05 -0700"),
		v.Method, v.Path, v.Status, v.Bytes, orDash(v.Referer), orDash(v.Agent))
}

// Nginx is the line of nginx with what this company has it add: the time a
// request took and the content type.
func (v Visit) Nginx(at time.Time, r *rand.Rand) string {
	return fmt.Sprintf(`%s rt=%.3f "%s"`, v.Common(at), r.Float64()/4, orDash(v.ContentType))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// NginxProblem is a line of nginx's error log about a request.
func NginxProblem(at time.Time, r *rand.Rand, level, what string, v Visit) string {
	return fmt.Sprintf(`%s [%s] %d#%d: *%d %s, client: %s, server: www.example.jp, request: "%s %s HTTP/1.1", host: "www.example.jp"`,
		at.Format("2006/01/02 15:04:05"), level, 812, 812, 1000+r.IntN(1<<20), what, v.From, v.Method, v.Path)
}

// Backend is one session of PostgreSQL.
type Backend struct {
	pid                 int
	User, DB, App, From string
}

// line is a line of the server's log with the prefix
// "%m [%p] %u@%d/%a %h ".
func (b Backend) line(at time.Time, text string) string {
	return fmt.Sprintf("%s [%d] %s@%s/%s %s LOG:  %s", at.UTC().Format("2006-01-02 15:04:05.000 UTC"), b.pid, b.User, b.DB, b.App, b.From, text)
}

// Audited is a statement as pgaudit writes it, with the rows it gave.
func (b Backend) Audited(at time.Time, n int, class, command, kind, object, statement string, rows int) string {
	return b.line(at, fmt.Sprintf("AUDIT: SESSION,%d,1,%s,%s,%s,%s,%s,<none>,%d", n, class, command, kind, object, `"`+strings.ReplaceAll(statement, `"`, `""`)+`"`, rows))
}

// ServerSays is what the server says for itself, outside of any session.
func ServerSays(at time.Time, text string) string { return Backend{pid: 812}.line(at, text) }

// Session writes the log of one session of PostgreSQL: it is opened, says what
// statements gives, and is closed.
func Session(d *Day, t time.Time, b Backend, length time.Duration, statements func(b Backend, n int, t time.Time) string, count int) {
	b.pid = 2000 + d.RNG.IntN(60000)
	d.Add(t, b.line(t, fmt.Sprintf("connection authorized: user=%s database=%s application_name=%s", b.User, b.DB, b.App)))
	for n := range count {
		u := t.Add(length * time.Duration(n+1) / time.Duration(count+1))
		d.Add(u, statements(b, n+1, u))
	}
	end := t.Add(length)
	d.Add(end, b.line(end, fmt.Sprintf("disconnection: session time: %d:%02d:%02d.000 user=%s database=%s host=%s port=%d", int(length.Hours()), int(length.Minutes())%60, int(length.Seconds())%60, b.User, b.DB, b.From, 30000+d.RNG.IntN(30000))))
}
