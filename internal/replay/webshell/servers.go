package webshell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// javaLine is a line of the application's log (log4j).
func javaLine(t time.Time, level, thread, class string, n int, message string) string {
	return fmt.Sprintf("%s %-5s [%s] %s (%s.java:%d) - %s", t.Format("2006-01-02 15:04:05,000"), level, thread, class, class[strings.LastIndexByte(class, '.')+1:], n, message)
}

// application is a day of a site's application: payments, exceptions of
// everyday, and what the attack left.
func (s *site) application(d *raw.Day) {
	thread := func() string { return fmt.Sprintf("http-bio-8080-exec-%d", 1+d.RNG.IntN(60)) }
	d.Scattered(max(8, s.visits/5), 6, 24, func(t time.Time) {
		d.Add(t, javaLine(t, "INFO", thread(), "jp.example.pay.PaymentAction", 88, "accepted "+order(d)))
	})
	for _, when := range []string{"02-21 14:07:33", "03-02 11:42:10", "03-08 13:20:51", "03-09 19:33:07"} {
		if s.name == "ins" { // declined: and what should never be written anywhere
			d.On(at(when), func(t time.Time) {
				d.Add(t, javaLine(t, "INFO", thread(), "jp.example.pay.PaymentAction", 121, fmt.Sprintf("declined %s securityCode=%03d", order(d), d.RNG.IntN(1000))))
			})
		}
	}
	d.Scattered(2+d.RNG.IntN(4), 7, 24, func(t time.Time) {
		s.exception(d, t, thread(), raw.Pick(d.RNG, []string{"org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe", "jp.example.pay.CheckException: expired card"}))
	})
	for _, x := range s.touches() {
		if x.path == s.backdoor {
			continue
		}
		d.On(x.at.Add(40*time.Millisecond), func(t time.Time) {
			what := "org.apache.commons.fileupload.FileUploadBase$InvalidContentTypeException: the request doesn't contain a multipart/form-data or multipart/mixed stream, content type header is " + x.contentType
			d.Add(t, javaLine(t, "WARN", thread(), "org.apache.struts2.dispatcher.multipart.JakartaMultiPartRequest", 61, "Unable to parse request")+"\n"+what+
				"\n\tat org.apache.commons.fileupload.FileUploadBase$FileItemIteratorImpl.<init>(FileUploadBase.java:948)")
		})
	}
	if s.name == "tax" {
		for i := range 75 { // the burst that people noticed
			d.On(at("03-08 18:19:04").Add(time.Duration(i)*1400*time.Millisecond), func(t time.Time) {
				s.exception(d, t, thread(), raw.Pick(d.RNG, []string{`ognl.OgnlException: source is null for getProperty(null, "x")`, `ognl.MethodFailedException: Method "getInputStream" failed for object`}))
			})
		}
	}
}

// order is a payment as the application writes it down.
func order(d *raw.Day) string {
	return fmt.Sprintf("order=%d member=%d card=411111******1111 expire=%02d%02d", 7_000_000+d.RNG.IntN(900_000), d.RNG.IntN(400_000), 1+d.RNG.IntN(12), 17+d.RNG.IntN(5))
}

// exception is one with its trace.
func (s *site) exception(d *raw.Day, t time.Time, thread, what string) {
	d.Add(t, javaLine(t, "ERROR", thread, "jp.example.pay.ErrorInterceptor", 47, "request failed")+"\n"+what+
		"\n\tat jp.example.pay.PaymentAction.execute(PaymentAction.java:"+fmt.Sprint(60+d.RNG.IntN(60))+")\n\tat com.opensymphony.xwork2.DefaultActionInvocation.invoke(DefaultActionInvocation.java:238)")
}

// An act is something that the kernel's audit tells.
type act struct {
	at   time.Time
	text func(serial int) string
}

// audit is a day of an application server's audit. The serials count up in
// time order, as the kernel's do.
func (s *site) audit(d *raw.Day) {
	const java, none = "/usr/java/jdk1.8.0_121/bin/java", "4294967295"
	var acts []act
	root := raw.Program{UID: "0", Login: none, TTY: "(none)", Cwd: "/"}
	server := raw.Program{UID: "91", Login: none, TTY: "(none)", Cwd: "/opt/tomcat", Exe: java}
	add := func(t time.Time, text func(serial int) string) {
		if !t.Before(d.Start) && t.Before(d.Start.AddDate(0, 0, 1)) {
			acts = append(acts, act{t, text})
		}
	}
	ran := func(t time.Time, p raw.Program, exe string, argv ...string) {
		p.Exe, p.Argv = exe, argv
		add(t, func(serial int) string { return p.Audit(d.RNG, t, serial) })
	}
	wrote := func(t time.Time, p raw.Program, name string) {
		add(t, func(serial int) string { return p.AuditFile(d.RNG, t, serial, name, "CREATE") })
	}
	d.Every(time.Hour, 4*time.Minute, func(t time.Time) { ran(t, root, "/usr/lib64/sa/sa1", "/usr/lib64/sa/sa1", "1", "1") })
	d.On(d.Start.Add(3*time.Hour+22*time.Minute), func(t time.Time) { ran(t, root, "/usr/sbin/logrotate", "/usr/sbin/logrotate", "/etc/logrotate.conf") })
	d.Scattered(3, 6, 22, func(t time.Time) {
		wrote(t, server, fmt.Sprintf("/opt/tomcat/temp/upload_%08x.tmp", d.RNG.Uint32()))
	})
	script := "/opt/tomcat/webapps" + s.backdoor
	wrote(s.placed, server, script)
	for i, command := range []string{"id", "ls -l /opt/tomcat/webapps", "cat /opt/tomcat/webapps/" + s.context + "/WEB-INF/classes/jdbc.properties"} {
		ran(s.placed.Add(time.Duration(30+i*70)*time.Second), server, "/bin/sh", "/bin/sh", "-c", command)
	}
	slices.SortStableFunc(acts, func(a, b act) int { return a.at.Compare(b.at) })
	for _, a := range acts {
		s.serial++
		d.Add(a.at, a.text(s.serial))
	}
}

// auth is a day of the logins to an application server.
func (s *site) auth(d *raw.Day) {
	host := s.name + "-ap01"
	d.Every(20*time.Minute, 5*time.Minute, func(t time.Time) {
		d.Add(t, raw.CronRun(t, host, 1000+d.RNG.IntN(30000), "/usr/lib64/sa/sa1 1 1"))
	})
	if d.Workday() {
		d.Scattered(2, 10, 18, func(t time.Time) { raw.SSHDAccepted(d, t, host, "operator", "10.3.9.20", "publickey") })
	}
}

// database is a day of a site's database, with pgaudit: the site's own
// statements, the nightly copy, and what was read through the script with the
// site's own account.
func (s *site) database(d *raw.Day) {
	own := raw.Backend{User: s.db + "_app", DB: s.db, App: s.context + "-site", From: s.app}
	questions := []struct{ class, command, table, text string }{
		{"READ", "SELECT", "public.payment", "SELECT status, amount FROM payment WHERE order_id = %d"},
		{"WRITE", "INSERT", "public.payment", "INSERT INTO payment (order_id, member_id, amount) VALUES (%d, 12, 34000)"},
		{"READ", "SELECT", "public.card_member", "SELECT card_no_enc, expire_enc FROM card_member WHERE member_id = %d"},
		{"WRITE", "UPDATE", "public.payment", "UPDATE payment SET status = 'done' WHERE order_id = %d"},
		{"READ", "SELECT", "public.notice", "SELECT body FROM notice WHERE id = %d"},
	}
	sessions := max(5, s.visits/20)
	for i := range sessions { // a pool opens them again one after another
		step := 17.5 / float64(sessions)
		t := d.Within(6+float64(i)*step, 6+float64(i+1)*step)
		raw.Session(d, t, own, 15*time.Minute, func(b raw.Backend, n int, u time.Time) string {
			q := questions[d.RNG.IntN(len(questions))]
			return b.Audited(u, n, q.class, q.command, "TABLE", q.table, fmt.Sprintf(q.text, d.RNG.IntN(400_000)), 1)
		}, 4)
	}
	night := d.Start.Add(time.Hour + 10*time.Minute)
	raw.Session(d, night, raw.Backend{User: "backup", DB: s.db, App: "pg_dump", From: "10.3.9.30"}, 12*time.Minute, func(b raw.Backend, n int, u time.Time) string {
		table := []string{"payment", "card_member", "notice"}[n-1]
		return b.Audited(u, n, "READ", "COPY", "TABLE", "public."+table, "COPY public."+table+" TO stdout;", 300_000)
	}, 3)
	for i, at := range s.reads() {
		d.On(at, func(t time.Time) { s.stolen(d, t, own, i) })
	}
}

// rowsEach is how many members' cards one statement read.
const rowsEach = 12_000

// stolen is one session of reading. The first looks around before it reads.
func (s *site) stolen(d *raw.Day, t time.Time, own raw.Backend, i int) {
	first, count := 0, 1
	if i == 0 {
		first, count = 1, 2
	}
	raw.Session(d, t, own, 38*time.Second, func(b raw.Backend, n int, u time.Time) string {
		if n == first {
			return b.Audited(u, n, "READ", "SELECT", "TABLE", "information_schema.columns", "SELECT table_name, column_name FROM information_schema.columns WHERE column_name LIKE '%card%'", 14)
		}
		text := fmt.Sprintf("SELECT m.member_id, m.name, m.mail, m.card_no_enc, m.expire_enc FROM card_member m WHERE m.member_id BETWEEN %d AND %d", i*rowsEach+1, (i+1)*rowsEach)
		return b.Audited(u, n, "READ", "SELECT", "TABLE", "public.card_member", text, rowsEach)
	}, count)
}
