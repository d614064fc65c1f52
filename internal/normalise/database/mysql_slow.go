package database

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// isSlowHead reports whether a line begins a record of the slow query log.
func isSlowHead(line string) bool {
	return strings.HasPrefix(line, "# Time: ") || strings.HasPrefix(line, "# User@Host: ")
}

// slow reads one record of the slow query log: comment lines, then the
// statement after "SET timestamp=…;".
func (m mysql) slow(in *format.Input, dst []event.Event, text string) ([]event.Event, bool) {
	dst = append(dst, in.New(m.Name(), event.ClassDatastore))
	ev := &dst[len(dst)-1]
	ev.ActivityID = event.ActivityDatastoreQuery
	var sql strings.Builder
	db, timed := "", false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if rest, ok := strings.CutPrefix(line, "# "); ok && sql.Len() == 0 {
			timed = slowComment(in, ev, rest) || timed
			continue
		}
		if value, ok := strings.CutPrefix(line, "SET timestamp="); ok && sql.Len() == 0 {
			if c, ok := format.ParseEpoch(strings.TrimSuffix(value, ";")); ok && !timed {
				c.Set(in, ev)
			}
			ev.Add("timestamp", strings.TrimSuffix(value, ";"))
			continue
		}
		if value, ok := strings.CutPrefix(line, "use "); ok && sql.Len() == 0 {
			db = strings.Trim(value, "`;")
			ev.Add("database", db)
			continue
		}
		sql.WriteString(line)
		sql.WriteByte('\n')
	}
	statement := strings.TrimRight(sql.String(), "\n; ")
	if statement != "" {
		mysqlStatement(ev, statement, db)
	}
	ev.Message = format.Message(cmp.Or(statement, text))
	return dst, true
}

// slowComment reads "Time: …", "User@Host: app[app] @ host [192.0.2.1]  Id: 7"
// and "Query_time: 4.0  Lock_time: 0.0 …"; it reports whether it set the time.
func slowComment(in *format.Input, ev *event.Event, line string) bool {
	if text, ok := strings.CutPrefix(line, "Time: "); ok {
		m, ok := errorTime(strings.TrimSpace(text))
		if ok {
			m.Set(in, ev)
		}
		return ok
	}
	if text, ok := strings.CutPrefix(line, "User@Host: "); ok {
		user, rest, _ := strings.Cut(text, "[")
		host := format.Between(rest, "@ ", "[")
		ev.ActorUser, ev.SrcIP = strings.TrimSpace(user), format.Address(strings.TrimSpace(format.Between(rest, " [", "]")))
		ev.Add("user", ev.ActorUser)
		ev.Add("host", strings.TrimSpace(host))
		_, id, _ := strings.Cut(rest, "Id:")
		ev.SessionUID = strings.TrimSpace(id)
		ev.Add("thread_id", ev.SessionUID)
		return false
	}
	words := strings.Fields(line)
	for i := 0; i+1 < len(words); i++ {
		if name, ok := strings.CutSuffix(words[i], ":"); ok {
			ev.Add(name, words[i+1])
		}
	}
	return false
}
