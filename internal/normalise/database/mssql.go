package database

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mssql reads the error log of Microsoft SQL Server, one message of a line or
// several (Microsoft Learn, "View the SQL Server error log"). Its times are
// those of the machine, without a zone.
type mssql struct{}

// NewMSSQL returns the format "mssql".
func NewMSSQL() format.Format { return mssql{} }

func (mssql) Name() string { return "mssql" }

// Matches looks for "2022-12-20 12:36:54.17 Logon       ": the origin is padded
// to twelve characters.
func (mssql) Matches(raw []byte) bool {
	return isMSSQLLine(raw)
}

func isMSSQLLine(line []byte) bool {
	if len(line) < 36 || line[4] != '-' || line[10] != ' ' || line[13] != ':' || line[19] != '.' || line[22] != ' ' {
		return false
	}
	origin := bytes.TrimRight(line[23:35], " ")
	return line[34] == ' ' && isMSSQLOrigin(string(origin))
}

// isMSSQLOrigin knows Server, Logon, Backup and the sessions: spid51, spid7s.
func isMSSQLOrigin(s string) bool {
	switch s {
	case "Server", "Logon", "Backup", "Errorlog", "System":
		return true
	}
	number, ok := strings.CutPrefix(s, "spid")
	return ok && format.IsDecimal(strings.TrimSuffix(number, "s"))
}

// Shape takes files whose first line is one of SQL Server.
func (f mssql) Shape(head []byte) (event.Shape, bool) {
	lines := format.SampleLines(head)
	if len(lines) == 0 || !isMSSQLLine(lines[0]) {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Continues: func(_, line []byte) bool { return !isMSSQLLine(line) }}, true
}

func (f mssql) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !isMSSQLLine(in.Raw) {
		return dst, false
	}
	text := in.Text()
	at, end, ok := format.ISOTime(text)
	if !ok || end != 22 {
		return dst, false
	}
	ev := in.New(f.Name(), event.ClassBase)
	at.Set(in, &ev)
	origin := strings.TrimRight(text[23:35], " ")
	message := strings.ReplaceAll(strings.TrimSpace(text[35:]), "\r", "")
	ev.Add("origin", origin)
	ev.Add("message", message)
	if strings.HasPrefix(origin, "spid") {
		ev.SessionUID = origin
	}
	ev.Message = format.Message(message)
	mssqlClassify(&ev, message)
	return append(dst, ev), true
}

// mssqlClassify tells what happened from the wording of the message.
func mssqlClassify(ev *event.Event, s string) {
	switch {
	case strings.HasPrefix(s, "Login failed for user"):
		mssqlLogon(ev, s, event.StatusFailure)
		ev.EventCode = "18456"
	case strings.HasPrefix(s, "Login succeeded for user"):
		mssqlLogon(ev, s, event.StatusSuccess)
		ev.EventCode = "18454"
	case strings.HasPrefix(s, "Error: ") && strings.Contains(s, ", Severity: "):
		mssqlError(ev, s)
	case strings.HasPrefix(s, "Configuration option '"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassDatastore, event.ActivityDatastoreUpdate, event.StatusSuccess
		ev.EventCode, ev.Object, ev.Statement = "15457", format.Between(s, "'", "'"), s
	case strings.HasPrefix(s, "Database backed up.") || strings.HasPrefix(s, "Log was backed up.") || strings.HasPrefix(s, "BACKUP "):
		mssqlDatabase(ev, s, event.ActivityDatastoreRead)
	case strings.HasPrefix(s, "Database was restored") || strings.HasPrefix(s, "Log was restored") || strings.HasPrefix(s, "RESTORE "):
		mssqlDatabase(ev, s, event.ActivityDatastoreWrite)
	case strings.HasPrefix(s, "SQL Trace ") && strings.Contains(s, " by login "):
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, event.ActivityOther
		ev.ActorUser = format.Between(s, `by login "`, `"`)
	case strings.HasPrefix(s, "SQL Server Audit "):
		ev.ClassUID, ev.ActivityID = event.ClassEventLog, event.ActivityOther
	default:
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	}
}

// mssqlLogon reads "… user 'NAME'. Reason: … [CLIENT: ADDRESS]". The address
// stands last; the name is what its peer has sent.
func mssqlLogon(ev *event.Event, s string, status int32) {
	user := format.After(s, "for user '")
	for _, end := range [...]string{"'. Reason:", "'. Connection made", "'. ", "'."} {
		if i := strings.LastIndex(user, end); i >= 0 {
			user = user[:i]
			break
		}
	}
	format.Logon(ev, user, status)
	if i := strings.LastIndex(s, "[CLIENT: "); i >= 0 {
		client := format.Between(s[i:], "[CLIENT: ", "]")
		ev.SrcIP = format.Address(client)
		ev.Add("client", client)
	}
	ev.Add("reason", strings.TrimSpace(format.Between(s, "Reason: ", " [CLIENT")))
}

// mssqlError reads "Error: 18456, Severity: 14, State: 8.": the message itself
// stands in the record after it.
func mssqlError(ev *event.Event, s string) {
	ev.EventCode = format.Between(s, "Error: ", ",")
	ev.Add("error", ev.EventCode)
	severity := format.Between(s, "Severity: ", ",")
	ev.Add("severity", severity)
	state, _, _ := strings.Cut(format.After(s, "State: "), ".")
	ev.Add("state", state)
	ev.ClassUID, ev.StatusID = event.ClassApplicationError, event.StatusFailure
	switch n, _ := format.LeadingDigits(severity, 2); {
	case n >= 20:
		ev.SeverityID = event.SeverityCritical
	case n >= 17:
		ev.SeverityID = event.SeverityHigh
	case n >= 11:
		ev.SeverityID = event.SeverityMedium
	default:
		ev.SeverityID = event.SeverityInformational
	}
}

func mssqlDatabase(ev *event.Event, s string, activity int32) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassDatastore, activity, event.StatusSuccess
	name, _, _ := strings.Cut(format.After(s, "Database: "), ",")
	if name == "" {
		name = format.Between(s, "DATABASE ", " ")
	}
	if strings.Contains(s, "failed") || strings.Contains(s, "terminating abnormally") {
		ev.StatusID = event.StatusFailure
	}
	ev.Object, ev.Statement = strings.TrimSpace(name), s
}
