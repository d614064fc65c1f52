package database

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// pgField is a field of PostgreSQL's log; pgFieldNames has jsonlog's names.
type pgField uint8

const (
	pgTime pgField = iota
	pgUser
	pgDB
	pgPID
	pgRemoteHost
	pgRemotePort
	pgSession
	pgLine
	pgTag
	pgSessionStart
	pgVXID
	pgTXID
	pgSeverity
	pgState
	pgMessage
	pgDetail
	pgHint
	pgInternalQuery
	pgInternalPosition
	pgContext
	pgStatement
	pgCursor
	pgFunc
	pgFile
	pgFileLine
	pgApplication
	pgBackend
	pgLeader
	pgQueryID
	pgFieldCount
)

// pgRecord is one record of PostgreSQL's log.
type pgRecord [pgFieldCount]string

func pgFieldNames() [pgFieldCount]string {
	return [pgFieldCount]string{
		"timestamp", "user", "dbname", "pid", "remote_host", "remote_port", "session_id", "line_num", "ps", "session_start",
		"vxid", "txid", "error_severity", "state_code", "message", "detail", "hint", "internal_query", "internal_position",
		"context", "statement", "cursor_position", "func_name", "file_name", "file_line_num", "application_name",
		"backend_type", "leader_pid", "query_id",
	}
}

// pgCSVColumns lists the fields in the order of csvlog's columns. Its one
// column "location" goes to func_name.
func pgCSVColumns() [26]pgField {
	return [26]pgField{
		pgTime, pgUser, pgDB, pgPID, pgRemoteHost, pgSession, pgLine, pgTag, pgSessionStart, pgVXID, pgTXID, pgSeverity,
		pgState, pgMessage, pgDetail, pgHint, pgInternalQuery, pgInternalPosition, pgContext, pgStatement, pgCursor, pgFunc,
		pgApplication, pgBackend, pgLeader, pgQueryID,
	}
}

// fill writes the record to an event.
func (r *pgRecord) fill(in *format.Input, ev *event.Event) {
	if st, ok := format.ParseTime(r[pgTime]); ok {
		st.Set(in, ev)
	}
	ev.ActorUser = r[pgUser]
	ev.SrcIP, ev.SrcPort = format.Address(r[pgRemoteHost]), format.Port(r[pgRemotePort])
	ev.SessionUID = cmp.Or(r[pgSession], r[pgPID])
	ev.NativeSeq = r[pgLine]
	ev.ClientApp = r[pgApplication]
	ev.Statement = r[pgStatement]
	ev.EventCode = cmp.Or(r[pgState], r[pgSeverity])
	ev.SeverityID = pgSeverityID(r[pgSeverity])
	ev.Message = format.Message(r[pgMessage])
	ev.Fields = make([]event.Field, 0, pgFieldCount+10)
	names := pgFieldNames()
	for i, v := range r {
		ev.Add(names[i], v)
	}
	r.classify(ev)
}

// classify tells what happened from the message, whose wording is PostgreSQL's.
func (r *pgRecord) classify(ev *event.Event) {
	message := r[pgMessage]
	head, rest, _ := strings.Cut(message, ": ")
	switch {
	case head == "AUDIT":
		pgAudit(ev, rest)
	case head == "connection received":
		r.connection(ev, rest, event.ClassNetwork, event.ActivityNetworkOpen, event.StatusUnknown)
	case head == "connection authorized" || head == "replication connection authorized":
		r.connection(ev, rest, event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess)
	case head == "connection authenticated":
		r.connection(ev, rest, event.ClassAuthentication, event.ActivityOther, event.StatusSuccess)
	case head == "disconnection":
		r.connection(ev, rest, event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess)
	case r.refused():
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusFailure
		ev.ActorUser = cmp.Or(format.Between(message, `user "`, `"`), format.Between(message, `role "`, `"`), ev.ActorUser)
		if ip := format.Address(format.Between(message, `host "`, `"`)); ip != "" {
			ev.SrcIP = ip
		}
	case pgStatementText(message) != "":
		pgQuery(ev, pgStatementText(message))
	case ev.SeverityID >= event.SeverityMedium:
		r.failed(ev)
	case isPgLifecycle(message):
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	case ev.Statement != "":
		pgQuery(ev, ev.Statement)
	}
}

// refused reports whether a connection was turned away for who asked: SQLSTATE
// class 28, or the wording where the state is not logged.
func (r *pgRecord) refused() bool {
	m := r[pgMessage]
	return strings.HasPrefix(r[pgState], "28") || r[pgSeverity] == "FATAL" && (strings.Contains(m, "authentication failed for user") ||
		strings.Contains(m, "pg_hba.conf") || strings.HasPrefix(m, `role "`) || strings.Contains(m, "is not permitted to log in"))
}

// failed classes an error: one of a client's statement, or of the server.
func (r *pgRecord) failed(ev *event.Event) {
	ev.StatusID = event.StatusFailure
	if r[pgUser] == "" && ev.Statement == "" {
		ev.ClassUID = event.ClassApplicationError
		return
	}
	ev.ClassUID, ev.ActivityID = event.ClassDatastore, event.ActivityDatastoreQuery
	if a := format.StatementActivity(sqlVerb(ev.Statement)); a != 0 {
		ev.ActivityID = a
	}
}

// connection reads the "name=value" words that follow a connection's message.
func (r *pgRecord) connection(ev *event.Event, words string, class, activity, status int32) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = class, activity, status
	for word := range strings.FieldsSeq(words) {
		name, value, _ := strings.Cut(word, "=")
		switch value = strings.Trim(value, `"`); name {
		case "user", "identity":
			ev.ActorUser = cmp.Or(ev.ActorUser, value)
		case "host":
			ev.SrcIP = cmp.Or(ev.SrcIP, format.Address(value))
		case "port":
			ev.SrcPort = max(ev.SrcPort, format.Port(value))
		case "application_name":
			ev.ClientApp = cmp.Or(ev.ClientApp, value)
		case "database":
			ev.Object = value
		}
	}
}

// pgAudit reads what pgaudit writes after "AUDIT: " (its README, "Format").
func pgAudit(ev *event.Event, text string) {
	names := [...]string{
		"audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name",
		"audit_statement", "parameter", "rows",
	}
	ev.ClassUID, ev.ActivityID = event.ClassDatastore, event.ActivityDatastoreQuery
	cells, _ := format.SplitCSV(nil, text, ',') // cut short by log_parameter_max_length or not, what is there counts
	for i, cell := range cells {
		if i < len(names) {
			ev.Add(names[i], cell)
		}
	}
	if len(cells) < 8 {
		return
	}
	ev.EventCode, ev.Object, ev.Statement = cells[4], cells[6], cells[7]
	verb, _, _ := strings.Cut(cells[4], " ")
	if a := format.StatementActivity(verb); a != 0 {
		ev.ActivityID = a
	}
	if ev.ActivityID == event.ActivityDatastoreQuery {
		switch cells[3] {
		case "READ":
			ev.ActivityID = event.ActivityDatastoreRead
		case "WRITE":
			ev.ActivityID = event.ActivityDatastoreWrite
		}
	}
}

// pgStatementText gives the SQL of the lines of log_statement and
// log_min_duration_statement, or "".
func pgStatementText(message string) string {
	if rest, ok := strings.CutPrefix(message, "duration: "); ok {
		_, message, _ = strings.Cut(rest, " ms  ")
	}
	head, sql, ok := strings.Cut(message, ": ")
	if !ok {
		return ""
	}
	switch word, _, _ := strings.Cut(head, " "); word {
	case "statement", "execute", "parse", "bind":
		return sql
	}
	return ""
}

func pgQuery(ev *event.Event, sql string) {
	ev.ClassUID, ev.ActivityID, ev.Statement = event.ClassDatastore, event.ActivityDatastoreQuery, sql
	if a := format.StatementActivity(sqlVerb(sql)); a != 0 {
		ev.ActivityID = a
	}
	ev.EventCode = cmp.Or(commandTag(sql), ev.EventCode)
}

func isPgLifecycle(message string) bool {
	for _, p := range [...]string{
		"starting PostgreSQL", "database system ", "shutting down", "received fast shutdown", "received smart shutdown",
		"received immediate shutdown", "listening on ", "received SIGHUP",
	} {
		if strings.HasPrefix(message, p) {
			return true
		}
	}
	return false
}

func pgSeverityID(severity string) int32 {
	switch severity {
	case "LOG", "INFO", "NOTICE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "ログ", "情報":
		return event.SeverityInformational
	case "WARNING", "警告":
		return event.SeverityLow
	case "ERROR", "エラー":
		return event.SeverityMedium
	case "FATAL", "致命的エラー":
		return event.SeverityHigh
	case "PANIC", "パニック":
		return event.SeverityCritical
	}
	return event.SeverityUnknown
}

// isPgSeverity reports whether a word begins a message of its own.
func isPgSeverity(word string) bool { return pgSeverityID(word) != event.SeverityUnknown }

// isPgPart reports whether a word begins a part of the message before it.
func isPgPart(word string) bool {
	switch word {
	case "DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION", "詳細", "ヒント", "文脈", "コンテキスト", "文", "ステートメント", "クエリ", "場所":
		return true
	}
	return false
}
