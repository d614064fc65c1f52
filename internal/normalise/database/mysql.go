package database

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mysql reads the general query log, the error log and the slow query log of
// MySQL and MariaDB. Source: MySQL 8.0 Reference Manual, 5.4, "MySQL Server
// Logs"; MariaDB documentation, "General Query Log".
type mysql struct{}

// NewMySQL returns the format "mysql".
func NewMySQL() format.Format { return mysql{} }

func (mysql) Name() string { return "mysql" }

func (mysql) Matches(raw []byte) bool {
	if len(raw) == 0 || !format.IsDigit(raw[0]) && bytes.IndexByte([]byte("\t#/T"), raw[0]) < 0 && !bytes.Contains(raw, []byte("started with:")) {
		return false
	}
	line, _, _ := bytes.Cut(raw[:min(len(raw), 512)], []byte("\n"))
	text := string(line)
	if isMySQLHeader(text) || isSlowHead(text) {
		return true
	}
	if _, ok := parseCommand(text); ok {
		return true
	}
	_, ok := parseMySQLError(text)
	return ok
}

// Shape takes the logs whose records go over several lines: the general log,
// where a statement may and where MariaDB leaves out a time that has not
// changed, and the slow log.
func (m mysql) Shape(head []byte) (event.Shape, bool) {
	lines, votes, general := 0, 0, false
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if lines++; lines > format.MaxSample {
			break
		}
		if c, ok := parseCommand(text); ok && c.time.Text != "" || isMySQLHeader(text) {
			votes, general = votes+1, true
		}
		if isSlowHead(text) {
			votes += 2
		}
	}
	if votes == 0 || !general && votes*8 < lines {
		return event.Shape{}, false
	}
	return event.Shape{Format: m.Name(), Framing: event.FrameLines, Continues: mysqlContinues}, true
}

func mysqlContinues(first, line []byte) bool {
	text := string(line)
	if isSlowHead(string(first)) {
		begins := strings.HasPrefix(text, "# Time:") || strings.HasPrefix(text, "# User@Host:") && bytes.Contains(first, []byte("# User@Host:"))
		return !begins && !isMySQLHeader(text)
	}
	if c, ok := parseCommand(text); ok {
		return c.time.Text == "" && !isMySQLHeader(string(first))
	}
	if _, ok := parseMySQLError(text); ok || isSlowHead(text) {
		return false
	}
	return !isMySQLHeader(text) || isMySQLHeader(string(first)) && !strings.HasSuffix(text, "started with:")
}

func (m mysql) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	switch {
	case isMySQLHeader(text):
		dst = append(dst, in.New(m.Name(), event.ClassAppLifecycle))
		ev := &dst[len(dst)-1]
		ev.ActivityID, ev.Message = event.ActivityOther, format.Message(text)
		return dst, true
	case isSlowHead(text):
		return m.slow(in, dst, text)
	}
	if e, ok := parseMySQLError(text); ok {
		dst = append(dst, in.New(m.Name(), event.ClassApplicationError))
		e.fill(in, &dst[len(dst)-1])
		return dst, true
	}
	return m.general(in, dst, text)
}

// isMySQLHeader recognises the lines that the server writes when it opens a log.
func isMySQLHeader(line string) bool {
	first, _, _ := strings.Cut(line, "\n")
	first = strings.TrimRight(first, "\r")
	return strings.HasSuffix(first, "started with:") && strings.Contains(first, ", Version: ") ||
		strings.HasPrefix(first, "Tcp port: ") || strings.HasPrefix(first, "Time ") && strings.Contains(first, "Id Command")
}

// command is one line of the general log.
type command struct {
	time     format.Moment // not set where the line has none
	thread   string
	name     string
	argument string
}

// parseCommand reads "2018-03-01T03:12:50.1Z\t   12 Query\tselect 1",
// "180301 12:12:50\t   12 Query\tselect 1" and "\t\t   12 Query\tselect 1".
func parseCommand(line string) (c command, ok bool) {
	rest, untimed := strings.CutPrefix(line, "\t\t")
	if !untimed {
		if c.time, ok = mysqlTime(line); !ok {
			return command{}, false
		}
		rest = line[len(c.time.Text):]
		if !strings.HasPrefix(rest, "\t") && !strings.HasPrefix(rest, "  ") {
			return command{}, false
		}
	}
	rest = strings.TrimLeft(rest, " \t")
	c.thread, rest, ok = strings.Cut(rest, " ")
	if !ok || !format.IsDecimal(c.thread) {
		return command{}, false
	}
	c.name, c.argument, _ = strings.Cut(rest, "\t")
	c.name = strings.TrimSpace(c.name)
	return c, isCommandName(c.name)
}

// mysqlTime reads the ISO time of MySQL 5.7 and later, and the older one.
func mysqlTime(line string) (format.Moment, bool) {
	if m, _, ok := format.ISOTime(line); ok {
		return m, true
	}
	return compactTime(line)
}

func isCommandName(s string) bool {
	switch s {
	case "Connect", "Query", "Quit", "Init DB", "Prepare", "Execute", "Close stmt", "Reset stmt", "Field List", "Statistics", "Ping",
		"Change user", "Kill", "Binlog Dump", "Binlog Dump GTID", "Fetch", "Long Data", "Shutdown", "Refresh", "Create DB", "Drop DB",
		"Processlist", "Debug", "Register Slave", "Set option", "Daemon", "Sleep", "Table Dump", "Connect Out", "Delayed insert",
		"Reset Connection", "Bulk_execute", "Error":
		return true
	}
	return false
}

// general reads one record of the general log: the commands of one instant.
func (m mysql) general(in *format.Input, dst []event.Event, text string) ([]event.Event, bool) {
	var commands []command
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if c, ok := parseCommand(line); ok {
			commands = append(commands, c)
			continue
		}
		if len(commands) == 0 {
			return dst, false
		}
		last := &commands[len(commands)-1]
		last.argument += "\n" + line
	}
	for _, c := range commands {
		if c.time.Text == "" {
			c.time = commands[0].time
		}
		dst = append(dst, in.New(m.Name(), event.ClassDatastore))
		c.fill(in, &dst[len(dst)-1])
	}
	return dst, len(commands) > 0
}

func (c *command) fill(in *format.Input, ev *event.Event) {
	if c.time.Text != "" {
		c.time.Set(in, ev)
	}
	ev.SessionUID, ev.EventCode = c.thread, c.name
	ev.Message = format.Message(strings.TrimSpace(c.name + " " + c.argument))
	ev.Add("thread_id", c.thread)
	ev.Add("command_type", c.name)
	ev.Add("argument", c.argument)
	switch c.name {
	case "Connect", "Change user":
		connectArgument(ev, c.argument)
	case "Quit":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
	case "Query", "Execute", "Prepare", "Bulk_execute":
		mysqlStatement(ev, c.argument, "")
	case "Init DB":
		ev.ActivityID, ev.Object = event.ActivityDatastoreConnect, c.argument
	case "Create DB":
		ev.ActivityID, ev.Object = event.ActivityDatastoreCreate, c.argument
	case "Drop DB":
		ev.ActivityID, ev.Object = event.ActivityDatastoreDelete, c.argument
	default:
		ev.ActivityID = event.ActivityOther
	}
}

func mysqlStatement(ev *event.Event, sql, db string) {
	ev.ClassUID, ev.ActivityID = event.ClassDatastore, event.ActivityDatastoreQuery
	if a := format.StatementActivity(sqlVerb(sql)); a != 0 {
		ev.ActivityID = a
	}
	ev.Statement, ev.Object = sql, sqlObject(sql, db)
	ev.EventCode = cmp.Or(commandTag(sql), ev.EventCode)
}

// connectArgument reads "root@192.0.2.1 on shop using TCP/IP" and "Access
// denied for user 'root'@'192.0.2.1' (using password: YES)".
func connectArgument(ev *event.Event, argument string) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
	if accessDenied(ev, argument) {
		return
	}
	account, rest, _ := strings.Cut(argument, " ")
	user, host := account, ""
	if i := strings.LastIndexByte(account, '@'); i >= 0 {
		user, host = account[:i], account[i+1:]
	}
	ev.ActorUser, ev.SrcIP = user, format.Address(host)
	ev.Add("host", host)
	if _, db, ok := strings.Cut(" "+rest, " on "); ok {
		db, _, _ = strings.Cut(db, " using ")
		ev.Object = strings.TrimSpace(db)
	}
}

// accessDenied reads the refusal that both general and error log word alike.
func accessDenied(ev *event.Event, message string) bool {
	_, rest, ok := strings.Cut(message, "Access denied for user '")
	if !ok {
		return false
	}
	user, rest, _ := strings.Cut(rest, "'@'")
	host, rest, _ := strings.Cut(rest, "'")
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
	ev.ActorUser, ev.SrcIP = user, format.Address(host)
	ev.Object = format.Between(rest, "to database '", "'")
	ev.Add("user", user)
	ev.Add("host", host)
	ev.Add("using_password", format.Between(rest, "(using password: ", ")"))
	return true
}
