package database

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mariadb reads the log of MariaDB's server_audit plugin, from its file and
// from syslog, where the time is left out. Source: MariaDB documentation,
// "MariaDB Audit Plugin - Log Format".
type mariadb struct{}

// NewMariaDB returns the format "mariadb".
func NewMariaDB() format.Format { return mariadb{} }

func (mariadb) Name() string { return "mariadb" }

func (mariadb) Matches(raw []byte) bool {
	head := raw[:min(len(raw), 1024)]
	var r auditRow
	return bytes.Count(head, []byte(",")) >= 8 && r.parse(string(head))
}

// auditRow is one line: time, server, user, host, connection, query id,
// operation, database, object, return code.
type auditRow struct {
	time                                  string
	server, user, host, connection, query string
	operation, database, object, code     string
}

func (mariadb) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var r auditRow
	if !r.parse(in.Text()) {
		return dst, false
	}
	dst = append(dst, in.New("mariadb", event.ClassDatastore))
	ev := &dst[len(dst)-1]
	if m, ok := compactTime(r.time); ok {
		m.Set(in, ev)
	}
	ev.Host = cmp.Or(r.server, ev.Host)
	ev.ActorUser, ev.SrcIP, ev.SessionUID = r.user, format.Address(r.host), r.connection
	if r.query != "0" {
		ev.NativeSeq = r.query
	}
	switch r.code {
	case "":
	case "0":
		ev.StatusID = event.StatusSuccess
	default:
		ev.StatusID = event.StatusFailure
	}
	for _, f := range [...]event.Field{
		{Name: "timestamp", Value: r.time}, {Name: "serverhost", Value: r.server}, {Name: "username", Value: r.user},
		{Name: "host", Value: r.host}, {Name: "connectionid", Value: r.connection}, {Name: "queryid", Value: r.query},
		{Name: "operation", Value: r.operation}, {Name: "database", Value: r.database}, {Name: "object", Value: r.object},
		{Name: "retcode", Value: r.code},
	} {
		ev.Add(f.Name, f.Value)
	}
	r.classify(ev)
	return dst, true
}

func (r *auditRow) parse(text string) bool {
	if m, ok := compactTime(text); ok && len(text) > len(m.Text) && text[len(m.Text)] == ',' {
		r.time, text = m.Text, text[len(m.Text)+1:]
	}
	for _, field := range [...]*string{&r.server, &r.user, &r.host, &r.connection, &r.query, &r.operation, &r.database} {
		var ok bool
		if *field, text, ok = strings.Cut(text, ","); !ok || len(*field) > 512 {
			return false
		}
	}
	if strings.ContainsAny(r.server, " <>\t\"") {
		return false // a syslog header: what stands before is not the server's name
	}
	if !format.IsDecimal(r.connection) || !format.IsDecimal(r.query) || !isAuditOperation(r.operation) {
		return false
	}
	i := strings.LastIndexByte(text, ',')
	if i < 0 {
		// Too long a line is cut off by the plugin or by syslog.
		r.object = text
	} else {
		r.object, r.code = text[:i], text[i+1:]
	}
	if strings.HasPrefix(r.object, "'") && len(r.object) > 1 {
		r.object = unescapeSQL(strings.TrimSuffix(r.object[1:], "'"))
	}
	return true
}

func (r *auditRow) classify(ev *event.Event) {
	ev.EventCode = r.operation
	ev.Message = format.Message(strings.TrimSpace(strings.Join([]string{r.operation, r.user + "@" + r.host, r.database, r.object}, " ")))
	switch r.operation {
	case "CONNECT", "PROXY_CONNECT", "CHANGEUSER":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
		ev.Object = r.database
	case "FAILED_CONNECT":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
	case "DISCONNECT":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
		ev.Object = r.database
	case "QUERY", "QUERY_DDL", "QUERY_DML", "QUERY_DCL":
		ev.Statement, ev.Object = r.object, sqlObject(r.object, r.database)
		ev.EventCode = cmp.Or(commandTag(r.object), r.operation)
		ev.ActivityID = event.ActivityDatastoreQuery
		if a := format.StatementActivity(sqlVerb(r.object)); a != 0 {
			ev.ActivityID = a
		}
		ev.Message = format.Message(r.object)
	default: // READ, WRITE, CREATE, ALTER, RENAME, DROP of a table
		ev.ActivityID = format.StatementActivity(r.operation)
		ev.Object = strings.Trim(r.database+"."+r.object, ".")
	}
}

func isAuditOperation(s string) bool {
	switch s {
	case "CONNECT", "PROXY_CONNECT", "CHANGEUSER", "FAILED_CONNECT", "DISCONNECT", "QUERY", "QUERY_DDL", "QUERY_DML", "QUERY_DCL",
		"READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP":
		return true
	}
	return false
}

// unescapeSQL undoes the backslashes of a quoted statement.
func unescapeSQL(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			i++
			switch c = s[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// compactTime reads "20261122 03:05:02" and "180301 12:12:50", whose hour may
// be one digit after two spaces, at the beginning of s.
func compactTime(s string) (format.Moment, bool) {
	_, n := format.LeadingDigits(s, 9)
	century := ""
	switch n {
	case 6:
		century = "20"
	case 8:
	default:
		return format.Moment{}, false
	}
	digits := century + s[:n]
	m, ok := format.Date(format.Digits(digits, 0, 4), time.Month(format.Digits(digits, 4, 2)), format.Digits(digits, 6, 2))
	if !ok || len(s) <= n || s[n] != ' ' {
		return format.Moment{}, false
	}
	rest := strings.TrimLeft(s[n:], " ")
	d, p, used := format.LooseClock(rest)
	if used == 0 {
		return format.Moment{}, false
	}
	return format.Moment{Wall: m.Add(d), Precision: p, Text: s[:len(s)-len(rest)+used]}, true
}
