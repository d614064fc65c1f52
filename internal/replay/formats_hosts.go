package replay

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// comm is the program's name as the kernel knows it.
func (p program) comm() string {
	name := p.exe[strings.LastIndexByte(p.exe, '/')+1:]
	return name[:min(len(name), 15)]
}

// auditFile is a file made ("CREATE") or removed ("DELETE") by the program, as
// the kernel's audit writes it.
func (p program) auditFile(r *rand.Rand, at time.Time, serial int, name, how string) string {
	a := &audit{at: at, serial: serial}
	a.line("SYSCALL", fmt.Sprintf(`arch=c000003e syscall=%d success=yes exit=3 a0=ffffff9c a1=7ffd10 a2=241 a3=1b6 items=2 ppid=%d pid=%d auid=%s uid=%s gid=%s euid=%s suid=%s fsuid=%s egid=%s sgid=%s fsgid=%s tty=%s ses=%d comm="%s" exe="%s" key="files"`,
		fileCall(how), 1000+r.IntN(30000), 1000+r.IntN(30000), p.login, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.uid, p.tty, 1+r.IntN(900), p.comm(), p.exe))
	a.line("CWD", `cwd="`+p.cwd+`"`)
	a.line("PATH", fmt.Sprintf(`item=1 name=%s inode=%d dev=08:01 mode=0100644 ouid=%s ogid=%s rdev=00:00 nametype=%s`, auditText(name), 100000+r.IntN(900000), p.uid, p.uid, how))
	return a.text()
}

// fileCall is the number of the system call: openat makes, unlinkat removes.
func fileCall(how string) int {
	if how == "DELETE" {
		return 263
	}
	return 257
}

// laurel is the program's start as the audit plugin Laurel writes it.
func (p program) laurel(r *rand.Rand, at time.Time, serial int, host string) string {
	return append(p.laurelHead(r, at, serial, host, 59, "execve", "exec"),
		member{"EXECVE", object{{"argc", len(p.argv)}, {"ARGV", p.argv}}}, member{"CWD", object{{"cwd", p.cwd}}},
		member{"PATH", []rawText{rawText(object{{"item", 0}, {"name", p.exe}, {"nametype", "NORMAL"}}.text())}},
	).text()
}

// laurelFile is a file made or removed by the program.
func (p program) laurelFile(r *rand.Rand, at time.Time, serial int, host, name, how string) string {
	call := "openat"
	if how == "DELETE" {
		call = "unlinkat"
	}
	return append(p.laurelHead(r, at, serial, host, fileCall(how), call, "files"),
		member{"CWD", object{{"cwd", p.cwd}}},
		member{"PATH", []rawText{rawText(object{{"item", 1}, {"name", name}, {"nametype", how}}.text())}},
	).text()
}

func (p program) laurelHead(r *rand.Rand, at time.Time, serial int, host string, number int, call, key string) object {
	uid, _ := strconv.Atoi(p.uid)
	login, _ := strconv.ParseUint(p.login, 10, 32)
	return object{
		{"ID", fmt.Sprintf("%d.%03d:%d", at.Unix(), at.Nanosecond()/1e6, serial)}, {"NODE", host},
		{"SYSCALL", object{
			{"arch", "0xc000003e"}, {"syscall", number}, {"success", "yes"}, {"exit", 0}, {"ppid", 1000 + r.IntN(30000)}, {"pid", 1000 + r.IntN(30000)},
			{"auid", login}, {"uid", uid}, {"gid", uid}, {"euid", uid}, {"tty", p.tty}, {"ses", 1 + r.IntN(900)}, {"comm", p.comm()}, {"exe", p.exe},
			{"key", key}, {"ARCH", "x86_64"}, {"SYSCALL", call},
		}},
	}
}

// visit is a request to a web server.
type visit struct {
	from, user, method, path string
	status, bytes            int
	referer, agent           string
	contentType              string // as the client sent it
}

// common is the line in the combined format.
func (v visit) common(at time.Time) string {
	return fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %d %d "%s" "%s"`, v.from, orDash(v.user), at.Format("02/Jan/2006:15:04:05 -0700"),
		v.method, v.path, v.status, v.bytes, orDash(v.referer), orDash(v.agent))
}

// nginx is the line of nginx with what this company has it add: the time a
// request took and the content type.
func (v visit) nginx(at time.Time, r *rand.Rand) string {
	return fmt.Sprintf(`%s rt=%.3f "%s"`, v.common(at), r.Float64()/4, orDash(v.contentType))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// nginxProblem is a line of nginx's error log about a request.
func nginxProblem(at time.Time, r *rand.Rand, level, what string, v visit) string {
	return fmt.Sprintf(`%s [%s] %d#%d: *%d %s, client: %s, server: www.example.jp, request: "%s %s HTTP/1.1", host: "www.example.jp"`,
		at.Format("2006/01/02 15:04:05"), level, 812, 812, 1000+r.IntN(1<<20), what, v.from, v.method, v.path)
}

// backend is one session of PostgreSQL.
type backend struct {
	pid                 int
	user, db, app, from string
}

// line is a line of the server's log with the prefix
// "%m [%p] %u@%d/%a %h ".
func (b backend) line(at time.Time, text string) string {
	return fmt.Sprintf("%s [%d] %s@%s/%s %s LOG:  %s", at.UTC().Format("2006-01-02 15:04:05.000 UTC"), b.pid, b.user, b.db, b.app, b.from, text)
}

// audited is a statement as pgaudit writes it, with the rows it gave.
func (b backend) audited(at time.Time, n int, class, command, kind, object, statement string, rows int) string {
	return b.line(at, fmt.Sprintf("AUDIT: SESSION,%d,1,%s,%s,%s,%s,%s,<none>,%d", n, class, command, kind, object, `"`+strings.ReplaceAll(statement, `"`, `""`)+`"`, rows))
}
