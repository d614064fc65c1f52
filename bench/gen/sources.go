package main

import (
	"fmt"
	"time"
)

// printf appends to the message.
func (e *estate) printf(format string, args ...any) { e.msg = fmt.Appendf(e.msg, format, args...) }

// envelope begins a message as RFC 3164 has it, without priority.
func (e *estate) envelope(ev *entry, program string) {
	e.msg = ev.at.AppendFormat(e.msg, time.Stamp)
	e.printf(" %s %s: ", ev.host, program)
}

func (e *estate) pid() int { return 1_000 + e.r.IntN(60_000) }

func (e *estate) ephemeral() int { return 1_024 + e.r.IntN(64_000) }

func (e *estate) sshd(ev *entry) {
	ev.source, ev.host, ev.src = "sshd", e.machine("srv", 3, 120), e.mixed(33)
	ev.action, ev.outcome = "login", "failure"
	e.envelope(ev, fmt.Sprintf("sshd[%d]", e.pid()))
	switch e.r.IntN(5) {
	case 0:
		ev.outcome = "success"
		e.printf("Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%016x%016x", ev.user, ev.src, e.ephemeral(), e.r.Uint64(), e.r.Uint64())
	case 1, 2:
		e.printf("Failed password for %s from %s port %d ssh2", ev.user, ev.src, e.ephemeral())
	case 3:
		e.printf("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s user=%s", ev.src, ev.user)
	default:
		ev.action, ev.outcome = "logout", "success"
		e.printf("Disconnected from user %s %s port %d", ev.user, ev.src, e.ephemeral())
	}
}

func (e *estate) vpn(ev *entry) {
	ev.source, ev.host, ev.src, ev.dst = "vpn", e.machine("vpn", 2, 4), e.public(), e.internal()
	ev.action = pick(e.r, []string{"vpn_connect", "vpn_disconnect", "vpn_auth"})
	if e.oneOf(6) {
		ev.outcome = "failure"
	}
	ev.bytes = e.r.Int64N(1 << 30)
	e.envelope(ev, "vpnd")
	e.printf("event=%s user=%s remote=%s assigned=%s result=%s duration=%d tx=%d rx=%d session=%016x mfa=totp",
		ev.action, ev.user, ev.src, ev.dst, ev.outcome, e.r.IntN(36_000), ev.bytes, e.r.Int64N(1<<30), e.r.Uint64())
}

func (e *estate) web(ev *entry) {
	ev.source, ev.host, ev.src = "nginx", e.machine("web", 2, 24), e.mixed(75)
	ev.status, ev.action = pick(e.r, e.lists.statuses), pick(e.r, e.lists.methods)
	if ev.status >= 400 {
		ev.outcome = "failure"
	}
	ev.bytes = e.r.Int64N(200_000)
	login := "-"
	if e.oneOf(3) {
		login = ev.user
	} else {
		ev.user = ""
	}
	e.printf("%s - %s [", ev.src, login)
	e.msg = ev.at.AppendFormat(e.msg, "02/Jan/2006:15:04:05 -0700")
	e.printf(`] "%s %s?id=%d HTTP/1.1" %d %d "https://intra.example.jp/%s" "%s" rt=%.3f`,
		ev.action, pick(e.r, e.lists.paths), e.r.IntN(10_000_000), ev.status, ev.bytes, pick(e.r, e.lists.departments), pick(e.r, e.lists.agents), e.r.Float64())
}

func (e *estate) firewall(ev *entry, i int) {
	ev.source, ev.host, ev.user = "firewall", e.machine("fw", 2, 6), ""
	ev.src, ev.dst = e.public(), e.internal()
	if e.oneOf(2) {
		ev.src, ev.dst = ev.dst, ev.src
	}
	ev.port, ev.action = pick(e.r, e.lists.ports), "allow"
	if e.oneOf(3) {
		ev.action, ev.outcome = "deny", "failure"
	}
	ev.bytes = e.r.Int64N(1_500)
	e.envelope(ev, "kernel")
	e.printf("[%d.%06d] FW-%s IN=eth0 OUT=eth1 SRC=%s DST=%s LEN=%d TOS=0x00 PREC=0x00 TTL=%d ID=%d DF PROTO=TCP SPT=%d DPT=%d WINDOW=%d SYN",
		i, e.r.IntN(1_000_000), ev.action, ev.src, ev.dst, ev.bytes, 30+e.r.IntN(90), e.r.IntN(1<<16), e.ephemeral(), ev.port, e.r.IntN(1<<16))
}

func (e *estate) database(ev *entry) {
	ev.source, ev.host, ev.src = "pgaudit", e.machine("db", 2, 12), e.internal()
	table := pick(e.r, e.lists.tables)
	class, command, sql := e.statement(table)
	ev.action = command
	e.msg = ev.at.AppendFormat(e.msg, "2006-01-02 15:04:05.000 UTC")
	e.printf(` [%d] %s@erp %s LOG:  AUDIT: SESSION,%d,1,%s,%s,TABLE,public.%s,"%s",<none>`,
		e.pid(), ev.user, ev.src, e.r.IntN(10_000), class, command, table, sql)
}

// statement is mostly a read, in a third a write and once in twelve thousand a
// table dropped.
func (e *estate) statement(table string) (class, command, sql string) {
	switch x := e.r.IntN(100_000); {
	case x < 8:
		return "DDL", "DROP TABLE", "DROP TABLE salaries_2025_copy"
	case x < 20_000:
		return "WRITE", "UPDATE", fmt.Sprintf("UPDATE %s SET amount = %d, changed_at = now() WHERE id = %d", table, e.r.IntN(1_000_000), e.r.IntN(50_000_000))
	case x < 35_000:
		return "WRITE", "INSERT", fmt.Sprintf("INSERT INTO %s (id, name, amount) VALUES (%d, '%s', %d)", table, e.r.IntN(50_000_000), e.user(e.r.Uint64N(5_000)), e.r.IntN(1_000_000))
	}
	return "READ", "SELECT", fmt.Sprintf("SELECT id, name, amount FROM %s WHERE id = %d AND dept = '%s'", table, e.r.IntN(50_000_000), pick(e.r, e.lists.departments))
}

func (e *estate) groupware(ev *entry, i int) {
	ev.source, ev.host, ev.src = "groupware", e.machine("gw", 2, 3), e.internal()
	ev.action = pick(e.r, e.lists.operations)
	if e.oneOf(30) {
		ev.outcome = "failure"
	}
	ev.bytes = e.r.Int64N(50 << 20)
	department := pick(e.r, e.lists.departments)
	e.printf("audit seq=%d actor=%s dept=%s client=%s op=%s object=/share/%s/%d/%s size=%d result=%s reqid=%016x",
		i, ev.user, department, ev.src, ev.action, department, e.r.IntN(40_000), pick(e.r, e.lists.files), ev.bytes, ev.outcome, e.r.Uint64())
}
