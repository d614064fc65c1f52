package database

import (
	"strings"

	"github.com/konseki/konseki/internal/normalise/format"
)

// maxPgPrefix bounds what log_line_prefix may give, in bytes.
const maxPgPrefix = 512

// pgStderr reads a record of the stderr log: a message, and maybe the lines
// that go on with it and its parts.
func pgStderr(r *pgRecord, text string) bool {
	first, rest, more := strings.Cut(text, "\n")
	severity, message, ok := pgPrefix(r, first)
	if !ok {
		return false
	}
	r[pgSeverity] = severity
	part := pgMessage
	if isPgPart(severity) {
		part = pgPart(severity)
	}
	var b strings.Builder
	b.WriteString(message)
	flush := func() {
		r[part] = b.String()
		b.Reset()
	}
	for more {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		var other pgRecord
		if word, message, ok := pgPrefix(&other, line); ok && isPgPart(word) {
			flush()
			part = pgPart(word)
			b.WriteString(message)
			continue
		}
		b.WriteByte('\n')
		b.WriteString(strings.TrimPrefix(line, "\t"))
	}
	flush()
	if r[pgMessage] == "" {
		r[pgMessage] = r[part]
	}
	return true
}

func pgPart(word string) pgField {
	switch word {
	case "DETAIL", "詳細":
		return pgDetail
	case "HINT", "ヒント":
		return pgHint
	case "STATEMENT", "文", "ステートメント":
		return pgStatement
	case "QUERY", "クエリ":
		return pgInternalQuery
	case "LOCATION", "場所":
		return pgFunc
	}
	return pgContext
}

// pgPrefix reads a log line up to its severity, whatever log_line_prefix was:
// a time must be in it (or the "[3-1]" of syslog), and a process, a session or
// an account. What is read goes to r; the message is what follows the severity.
func pgPrefix(r *pgRecord, line string) (severity, message string, ok bool) {
	prefix, severity, message, ok := pgCutSeverity(line)
	if !ok {
		return "", "", false
	}
	rest := prefix
	for i := 0; i < len(prefix); i++ {
		if !format.IsDigit(prefix[i]) || i > 0 && prefix[i-1] != ' ' && prefix[i-1] != '[' && prefix[i-1] != '<' && prefix[i-1] != ':' {
			continue
		}
		if st, n, ok := format.ScanTime(prefix[i:]); ok {
			r[pgTime] = st.Text
			rest = prefix[:i] + " " + prefix[i+n:]
			break
		}
	}
	app := false
	for word := range strings.FieldsSeq(rest) {
		app = r.prefixWord(word, app)
	}
	known := r[pgPID] != "" || r[pgUser] != "" || r[pgSession] != "" || r[pgRemoteHost] != ""
	return severity, message, known && (r[pgTime] != "" || strings.HasPrefix(prefix, "["))
}

// pgCutSeverity finds the severity, "LOG:  " with two spaces.
func pgCutSeverity(line string) (prefix, severity, message string, ok bool) {
	for from := 0; from < min(len(line), maxPgPrefix); {
		i := strings.Index(line[from:min(len(line), maxPgPrefix)], ":  ")
		if i < 0 {
			return "", "", "", false
		}
		i += from
		begin := i
		for begin > 0 && !strings.ContainsRune(" :]>|,;", rune(line[begin-1])) {
			begin--
		}
		if word := line[begin:i]; isPgSeverity(word) || isPgPart(word) {
			return line[:begin], word, line[i+3:], true
		}
		from = i + 3
	}
	return "", "", "", false
}

// prefixWord reads one word of the prefix. afterApp says that the word before
// was or went on with an application name, which may hold spaces; the result
// says the same for the next word.
func (r *pgRecord) prefixWord(word string, afterApp bool) bool {
	word = strings.Trim(word, ":,;|-<>()")
	if word == "" {
		return afterApp
	}
	if r.endpoint(word) {
		return false
	}
	switch {
	case word[0] == '[' && strings.HasSuffix(word, "]"):
		r.bracket(word[1 : len(word)-1])
		return false
	case strings.Contains(word, "="):
		r.pairs(word)
		return false
	case strings.Contains(word, ":"):
		for piece := range strings.SplitSeq(word, ":") {
			afterApp = r.prefixWord(piece, false)
		}
		return afterApp
	case strings.Contains(word, "@"):
		return r.account(word)
	case isPgSession(word):
		r[pgSession] = word
	case afterApp:
		r[pgApplication] += " " + word
		return true
	}
	return false
}

// endpoint reads an address, "192.0.2.1(5432)" of %r, and "[local]".
func (r *pgRecord) endpoint(word string) bool {
	if word == "[local]" {
		r[pgRemoteHost] = word
		return true
	}
	host, number, hasPort := strings.Cut(strings.TrimSuffix(word, ")"), "(")
	if format.Address(host) == "" || hasPort && !format.IsDecimal(number) {
		return false
	}
	r[pgRemoteHost], r[pgRemotePort] = host, number
	return true
}

// bracket reads "[3252]", "[3252-4]" of %p-%l and, once the process is known,
// "[4-1]" of %l-1.
func (r *pgRecord) bracket(inside string) {
	number, line, both := strings.Cut(inside, "-")
	if _, n := format.LeadingDigits(number, 10); n == 0 || n != len(number) {
		return
	}
	switch {
	case both && r[pgPID] != "":
		r[pgLine] = number
	case both && line != "1":
		r[pgPID], r[pgLine] = number, line
	case both:
		r[pgLine] = number
	case r[pgPID] == "":
		r[pgPID] = number
	}
}

// pairs reads "user=app,db=shop,app=psql,client=192.0.2.1".
func (r *pgRecord) pairs(word string) {
	for pair := range strings.SplitSeq(word, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if value == "" || value == "[unknown]" {
			continue
		}
		switch name {
		case "user", "u":
			r[pgUser] = value
		case "db", "database", "d":
			r[pgDB] = value
		case "app", "application", "a", "application_name":
			r[pgApplication] = value
		case "client", "host", "h", "remote", "r":
			if !r.endpoint(value) {
				r[pgRemoteHost] = value
			}
		case "pid":
			r[pgPID] = value
		case "session", "sid":
			r[pgSession] = value
		}
	}
}

// account reads "user@db" or "user@db/app" and reports whether an application
// name was read. The account comes first, so that an "@" in the database's
// name cannot stand for another account.
func (r *pgRecord) account(word string) bool {
	user, db, _ := strings.Cut(word, "@")
	db, app, hasApp := strings.Cut(db, "/")
	r.keep(pgUser, user)
	r.keep(pgDB, db)
	r.keep(pgApplication, app)
	return hasApp && app != "[unknown]" && app != ""
}

// keep sets a field that is not yet set, unless the server did not know it.
func (r *pgRecord) keep(field pgField, value string) {
	if value != "[unknown]" && r[field] == "" {
		r[field] = value
	}
}

// isPgSession recognises %c, "6b025bad.cb8": the start time and the process in hexadecimal.
func isPgSession(word string) bool {
	start, pid, ok := strings.Cut(word, ".")
	return ok && len(start) == 8 && len(pid) > 0 && len(pid) <= 8 && isHex(start) && isHex(pid)
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !format.IsDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
