// Package shape reduces a statement to its shape: literals, lists and spaces taken out.
//
// It reads SQL as MySQL, MariaDB and PostgreSQL write it, and takes no side
// where they differ: a text in double quotes is a name unless it stands where a
// value does, and a backslash escapes. It parses nothing; what it says of a
// statement it tells from the order of its words.
package shape

import (
	"strings"
)

// A Shape is what statements have in common that differ in their values only.
type Shape struct {
	// Text is the statement with lower-case words, one space between tokens, "?"
	// for every value or list of values, "#" for the digits of names. It is at
	// most 2 KiB; a longer one ends in "…".
	Text string
	// Verb is the first word in capitals: of WITH, the verb that uses it.
	Verb string
	// Table is the first table or database named, in lower case, or "".
	Table string
	// Destroys says what is lost for good, or is "": "drop", "truncate", "delete
	// without where", "update without where" or "drop of a column".
	Destroys string
	// Whole reports that a table is read whole: SELECT without a condition, a
	// limit or an aggregate, or COPY of a table to somewhere.
	Whole bool
	// Dump reports that a program for backups, or one that behaves like it, is
	// reading: SQL_NO_CACHE over a whole table, COPY … TO, INTO OUTFILE.
	Dump bool
	// Probes says how a statement feels its way through a database, or is "":
	// "union select", "sleep", "information_schema", "always true" and others.
	Probes string
	// Steers reports that it neither reads nor writes rows: SET, BEGIN, SHOW …
	Steers bool
}

// maxMemo bounds the shapes that a Reader remembers.
const maxMemo = 4096

// A Reader reduces statements and remembers the shapes it gave. It is used by
// one goroutine at a time.
type Reader struct {
	scan scanner
	memo map[string]*Shape
}

// NewReader returns a Reader that has read nothing.
func NewReader() *Reader { return &Reader{memo: make(map[string]*Shape)} }

// Of gives the shape of a statement. It is shared: do not change it.
func (r *Reader) Of(statement string) *Shape {
	text := r.scan.reduce(statement)
	if s, ok := r.memo[string(text)]; ok {
		return s
	}
	if len(r.memo) >= maxMemo {
		clear(r.memo)
	}
	s := describe(string(text))
	r.memo[s.Text] = s
	return s
}

// describe tells what a statement does from its shape.
func describe(text string) *Shape {
	s := &Shape{Text: text}
	for part := range strings.SplitSeq(text, " ;") {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		p := phrase{words: words, top: topLevel(words)}
		verb := p.verb()
		if s.Verb == "" || s.steers() {
			s.Verb, s.Table = strings.ToUpper(verb), p.table()
		}
		if s.Destroys == "" {
			if s.Destroys = p.destroys(verb); s.Destroys != "" {
				s.Verb, s.Table = strings.ToUpper(verb), p.table()
			}
		}
		dump := p.dump(verb)
		s.Dump = s.Dump || dump
		s.Whole = s.Whole || dump || p.whole(verb)
	}
	s.Steers = s.steers()
	s.Probes = probes(text)
	return s
}

func (s *Shape) steers() bool {
	switch s.Verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "COPY", "LOAD", "CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME",
		"GRANT", "REVOKE", "CALL", "EXECUTE", "DO", "TABLE", "HANDLER", "FETCH":
		return false
	}
	return true
}

// probes names the signs of somebody who does not know what is there, or who
// has put words of his own into another's statement.
func probes(text string) string {
	for _, sign := range [...]struct{ words, name string }{
		{" union select ? ", "union select"}, {" union all select ? ", "union select"}, {" union select null ", "union select"},
		{" sleep (", "sleep"}, {" pg_sleep (", "sleep"}, {" benchmark (", "sleep"}, {" waitfor delay ", "sleep"},
		{" load_file (", "load_file"}, {" xp_cmdshell", "xp_cmdshell"}, {" into outfile ", "into outfile"}, {" into dumpfile ", "into outfile"},
		{" to program ", "copy to program"}, {" from program ", "copy from program"}, {" lo_import (", "lo_import"}, {" pg_read_file (", "pg_read_file"},
		{" extractvalue (", "extractvalue"}, {" updatexml (", "updatexml"},
		{" or ? = ? ", "always true"}, {" or true ", "always true"},
		{" information_schema.", "information_schema"}, {" mysql.user ", "mysql.user"}, {" pg_shadow ", "pg_shadow"}, {" pg_catalog.pg_shadow ", "pg_shadow"}, {" pg_authid ", "pg_authid"},
	} {
		if contains(text, sign.words) {
			return sign.name
		}
	}
	return ""
}

// contains looks for words in a text as if a space stood before and after it.
func contains(text, words string) bool {
	return strings.Contains(text, words) || strings.HasPrefix(text, strings.TrimPrefix(words, " ")) ||
		strings.HasSuffix(text, strings.TrimSuffix(words, " "))
}
