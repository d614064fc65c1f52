package database

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// oracle reads Oracle's traditional audit trail from its .aud files and from
// syslog: the trail of SYS, NAME :[LENGTH] 'VALUE' one a line, and that of all
// others, NAME:[LENGTH] "VALUE" in one line (Oracle Database Security Guide,
// "Where Are the Audit Records Stored?").
type oracle struct{}

// NewOracle returns the format "oracle".
func NewOracle() format.Format { return oracle{} }

func (oracle) Name() string { return "oracle" }

func (oracle) Matches(raw []byte) bool {
	return isOracleStart(raw) && bytes.Contains(raw, []byte(":[")) || bytes.HasPrefix(raw, []byte("LENGTH")) && bytes.Contains(raw, []byte(":[")) ||
		bytes.HasPrefix(raw, []byte("Audit file "))
}

// isOracleStart looks for "Wed Oct 21 11:58:08 2020 -04:00".
func isOracleStart(line []byte) bool {
	return len(line) >= 24 && line[3] == ' ' && line[7] == ' ' && line[13] == ':' && line[16] == ':' && line[19] == ' ' && line[20] == '2'
}

// Shape takes a file with a record of the trail near its beginning, maybe
// behind the heading of the file.
func (f oracle) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	for i, line := range lines {
		if isOracleStart(line) && i+1 < len(lines) && bytes.HasPrefix(lines[i+1], []byte("LENGTH")) {
			return event.Shape{Format: f.Name(), Continues: func(_, line []byte) bool { return !isOracleStart(line) }}, true
		}
	}
	return event.Shape{}, false
}

func (f oracle) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	ev := in.New(f.Name(), event.ClassDatastore)
	if strings.HasPrefix(text, "Audit file ") {
		ev.ClassUID, ev.EventCode, ev.Message = event.ClassBase, "header", format.Message(text)
		return append(dst, ev), true
	}
	if isOracleStart(in.Raw) {
		line, rest, _ := strings.Cut(text, "\n")
		line = strings.TrimSpace(line)
		at, ok := oracleTime(line)
		if !ok {
			return dst, false
		}
		at.Set(in, &ev)
		text = rest
	}
	if !oracleFields(&ev, text) {
		return dst, false
	}
	oracleColumns(&ev)
	return append(dst, ev), true
}

// oracleTime reads "Wed Oct 21 11:58:08 2020 -04:00".
func oracleTime(line string) (format.Moment, bool) {
	at, end, ok := format.BSDTime(line[4:])
	if !ok || at.Yearless {
		return at, false
	}
	at.Text = line
	if zone := strings.TrimSpace(line[4+end:]); zone != "" {
		seconds, stop, ok := format.Offset(zone, 0)
		if !ok || stop != len(zone) {
			return at, false
		}
		at.Offset, at.Zoned = seconds, true
	}
	return at, true
}

// maxOracleFields bounds the fields of a record.
const maxOracleFields = 256

// oracleFields reads NAME:[LENGTH] QUOTE VALUE QUOTE, again and again. The
// length is in bytes of the database's character set: where it does not lead to
// the closing quote, the quote before the next name is taken.
func oracleFields(ev *event.Event, s string) bool {
	for range maxOracleFields {
		s = strings.TrimLeft(s, " \t\r\n")
		name, rest, ok := strings.Cut(s, ":")
		if !ok || len(name) > 64 || strings.ContainsAny(name, "\n'\"") {
			break
		}
		rest = strings.TrimLeft(rest, " ")
		length := -1
		if inner, ok := strings.CutPrefix(rest, "["); ok {
			var digits string
			if digits, rest, ok = strings.Cut(inner, "]"); !ok || !format.IsDecimal(digits) || len(digits) > 8 {
				return false
			}
			length, _ = format.LeadingDigits(digits, 8)
		}
		rest = strings.TrimLeft(rest, " ")
		if rest == "" || rest[0] != '\'' && rest[0] != '"' {
			return false
		}
		var value string
		value, s = oracleValue(rest[1:], rest[0], length)
		ev.Add(strings.TrimSpace(name), value)
	}
	return len(ev.Fields) > 2
}

// oracleValue takes a value and returns what follows its closing quote.
func oracleValue(s string, quote byte, length int) (value, rest string) {
	if length >= 0 && length < len(s) && s[length] == quote && oracleEnds(s[length+1:]) {
		return s[:length], s[length+1:]
	}
	for i := 0; i < len(s); i++ {
		if s[i] == quote && oracleEnds(s[i+1:]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// oracleEnds reports whether a value may end before s: nothing follows, or the
// next name.
func oracleEnds(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	if s == "" {
		return true
	}
	name, rest, ok := strings.Cut(s[:min(len(s), 80)], ":")
	return ok && name != "" && strings.HasPrefix(rest, "[") && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ$_ ") == ""
}

// oracleColumns fills the columns from the fields of either trail.
func oracleColumns(ev *event.Event) {
	get := func(names ...string) string {
		for _, name := range names {
			if v, ok := ev.Get(name); ok {
				return v
			}
		}
		return ""
	}
	number := get("ACTION NUMBER")
	action := get("ACTION")
	if number == "" && format.IsDecimal(action) {
		number, action = action, ""
	}
	ev.ActorUser = cmp.Or(get("DATABASE USER", "USERID"), get("CURRENT_USER"))
	ev.Host, ev.SessionUID = cmp.Or(ev.Host, ""), get("SESSIONID")
	ev.ClientApp = get("CLIENT TERMINAL", "TERMINAL")
	address := get("CLIENT ADDRESS")
	ev.SrcIP, ev.SrcPort = format.Address(address), 0
	for _, text := range [...]string{address, get("COMMENT$TEXT")} {
		if ev.SrcIP == "" {
			ev.SrcIP, ev.SrcPort = format.Address(format.Between(text, "(HOST=", ")")), format.Port(format.Between(text, "(PORT=", ")"))
		}
	}
	ev.StatusID = event.StatusFailure
	if code := get("STATUS", "RETURNCODE"); code == "0" {
		ev.StatusID = event.StatusSuccess
	} else if code == "" {
		ev.StatusID = event.StatusUnknown
	}
	ev.Object = strings.Trim(get("OBJ$CREATOR")+"."+get("OBJ$NAME"), ".")
	oracleAction(ev, number, cmp.Or(action, get("SQL$TEXT", "SQLTEXT")))
}

// oracleAction sets class, activity, code and statement. Numbers are those of
// the view AUDIT_ACTIONS.
func oracleAction(ev *event.Event, number, sql string) {
	name := oracleActionName(number)
	switch {
	case name == "LOGON" || sql == "CONNECT":
		ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassAuthentication, event.ActivityLogon, "LOGON"
		ev.Message = "LOGON " + ev.ActorUser
		return
	case strings.HasPrefix(name, "LOGOFF") || sql == "DISCONNECT":
		ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassAuthentication, event.ActivityLogoff, cmp.Or(name, "LOGOFF")
		ev.Message = ev.EventCode + " " + ev.ActorUser
		return
	}
	ev.Statement = sql
	ev.EventCode = cmp.Or(commandTag(sql), name, number)
	verb := sqlVerb(sql)
	if sql == "" {
		verb, _, _ = strings.Cut(name, " ")
	}
	if ev.ActivityID = format.StatementActivity(verb); ev.ActivityID == 0 {
		ev.ActivityID = event.ActivityDatastoreQuery
	}
	if ev.Object == "" {
		ev.Object = sqlObject(sql, "")
	}
	ev.Message = format.Message(cmp.Or(sql, strings.TrimSpace(ev.EventCode+" "+ev.Object)))
}

func oracleActionName(number string) string {
	for _, a := range [...]struct{ number, name string }{
		{"1", "CREATE TABLE"},
		{"2", "INSERT"},
		{"3", "SELECT"},
		{"6", "UPDATE"},
		{"7", "DELETE"},
		{"12", "DROP TABLE"},
		{"15", "ALTER TABLE"},
		{"17", "GRANT OBJECT"},
		{"18", "REVOKE OBJECT"},
		{"30", "AUDIT OBJECT"},
		{"31", "NOAUDIT OBJECT"},
		{"42", "ALTER SESSION"},
		{"43", "ALTER USER"},
		{"47", "PL/SQL EXECUTE"},
		{"49", "ALTER SYSTEM"},
		{"51", "CREATE USER"},
		{"53", "DROP USER"},
		{"85", "TRUNCATE TABLE"},
		{"100", "LOGON"},
		{"101", "LOGOFF"},
		{"102", "LOGOFF BY CLEANUP"},
		{"103", "SESSION REC"},
		{"104", "SYSTEM AUDIT"},
		{"105", "SYSTEM NOAUDIT"},
		{"114", "GRANT ROLE"},
		{"115", "REVOKE ROLE"},
	} {
		if a.number == number {
			return a.name
		}
	}
	return ""
}
