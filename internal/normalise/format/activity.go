package format

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Activities of OCSF Account Change.
const (
	ActivityAccountCreate  int32 = 1
	ActivityAccountEnable  int32 = 2
	ActivityPasswordChange int32 = 3
	ActivityPasswordReset  int32 = 4
	ActivityAccountDisable int32 = 5
	ActivityAccountDelete  int32 = 6
	ActivityAccountLock    int32 = 9
	ActivityAccountUnlock  int32 = 12
)

// Logon makes the event a logon of user.
func Logon(ev *event.Event, user string, status int32) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, status
	ev.ActorUser = user
}

// HTTPActivity is the OCSF activity of an HTTP method, 0 for anything else.
func HTTPActivity(method string) int32 {
	switch strings.ToUpper(method) {
	case "CONNECT":
		return 1
	case "DELETE":
		return 2
	case "GET":
		return 3
	case "HEAD":
		return 4
	case "OPTIONS":
		return 5
	case "POST":
		return 6
	case "PUT":
		return 7
	case "TRACE":
		return 8
	case "PATCH":
		return 9
	}
	return 0
}

// StatementActivity is the OCSF datastore activity of an SQL verb, 0 for
// anything else.
func StatementActivity(verb string) int32 {
	switch strings.ToUpper(verb) {
	case "SELECT", "SHOW", "FETCH", "WITH", "TABLE", "VALUES", "DESCRIBE", "DESC", "READ", "HANDLER":
		return event.ActivityDatastoreRead
	case "INSERT", "REPLACE", "LOAD", "MERGE", "WRITE", "IMPORT":
		return event.ActivityDatastoreWrite
	case "UPDATE", "ALTER", "GRANT", "REVOKE", "RENAME", "COMMENT", "REASSIGN", "SECURITY":
		return event.ActivityDatastoreUpdate
	case "CREATE":
		return event.ActivityDatastoreCreate
	case "DELETE", "DROP", "TRUNCATE", "PURGE":
		return event.ActivityDatastoreDelete
	case "COPY", "EXECUTE", "CALL", "DO", "SET", "RESET", "BEGIN", "COMMIT", "ROLLBACK", "USE", "EXPLAIN", "ANALYZE", "VACUUM",
		"LOCK", "UNLOCK", "START", "PREPARE", "DEALLOCATE", "DISCARD", "CHECKPOINT", "KILL", "FLUSH", "CLOSE", "DECLARE", "REFRESH",
		"REINDEX", "CLUSTER", "LISTEN", "NOTIFY", "SAVEPOINT", "RELEASE", "INSTALL", "UNINSTALL", "OPTIMIZE", "CHECK", "REPAIR",
		"HELP", "BINLOG", "CHANGE", "STOP", "XA", "SHUTDOWN":
		return event.ActivityDatastoreQuery
	}
	return 0
}
