package database

import (
	"strings"

	"github.com/konseki/konseki/internal/normalise/format"
)

// sqlVerb gives the first word of a statement, in capitals, past comments and
// opening brackets.
func sqlVerb(sql string) string {
	word, _ := sqlWord(sql)
	return strings.ToUpper(word)
}

// commandTag names a statement as the databases themselves do: the verb, and
// for a change of structure what it is about: "DROP DATABASE", "SELECT".
func commandTag(sql string) string {
	word, rest := sqlWord(sql)
	verb := strings.ToUpper(word)
	switch verb {
	case "CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME":
	default:
		if format.StatementActivity(verb) == 0 {
			return ""
		}
		return verb
	}
	for range 6 { // CREATE OR REPLACE TEMPORARY TABLE
		word, rest = sqlWord(rest)
		switch thing := strings.ToUpper(word); thing {
		case "DATABASE", "SCHEMA", "TABLE", "INDEX", "VIEW", "USER", "ROLE", "FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "SEQUENCE",
			"EXTENSION", "TYPE", "TABLESPACE", "SYSTEM", "SERVER", "POLICY", "PUBLICATION", "SUBSCRIPTION":
			return verb + " " + thing
		}
	}
	return verb
}

// sqlObject gives the first table, database or account that a statement names,
// with the database before a table's name where one is known.
func sqlObject(sql, db string) string {
	word, rest := "", sql
	for range 256 {
		if word, rest = sqlWord(rest); word == "" {
			return ""
		}
		switch keyword := strings.ToUpper(word); keyword {
		case "FROM", "INTO", "UPDATE", "TABLE", "TRUNCATE", "JOIN", "DATABASE", "SCHEMA", "USER":
			name, after := sqlName(rest)
			if name == "" {
				continue
			}
			if strings.EqualFold(name, "OUTFILE") || strings.EqualFold(name, "DUMPFILE") || strings.EqualFold(name, "TABLE") {
				if !strings.EqualFold(name, "TABLE") {
					rest = after
				}
				continue
			}
			if db == "" || keyword == "DATABASE" || keyword == "SCHEMA" || keyword == "USER" || strings.Contains(name, ".") {
				return name
			}
			return db + "." + name
		}
	}
	return ""
}

// sqlName reads the name after a keyword, past the words that may stand between.
func sqlName(s string) (name, rest string) {
	for range 4 {
		var word string
		if word, s = sqlWord(s); word == "" {
			return "", s
		}
		switch strings.ToUpper(word) {
		case "IF", "NOT", "EXISTS", "ONLY", "IGNORE", "LOW_PRIORITY", "DELAYED", "CONCURRENTLY":
			continue
		}
		return unquoteName(word), s
	}
	return "", s
}

// unquoteName leaves the quotes of a name out.
func unquoteName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '`' || r == '"' || r == '\'' {
			return -1
		}
		return r
	}, name)
}

// sqlWord takes the next word: a name with its quotes and dots, a quoted text,
// a number. Comments, brackets and operators are passed over.
func sqlWord(s string) (word, rest string) {
	s = skipSQL(s)
	if s == "" {
		return "", ""
	}
	if s[0] == '\'' {
		end := 1
		for end < len(s) && s[end] != '\'' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(s))
		return s[:end], s[end:]
	}
	end := 0
	for end < len(s) && isSQLNameByte(s[end]) {
		if q := s[end]; q == '`' || q == '"' {
			close := strings.IndexByte(s[end+1:], q)
			if close < 0 {
				return s, ""
			}
			end += close + 1
		}
		end++
	}
	return s[:end], s[end:]
}

// skipSQL passes over what is not a word: spaces, comments, brackets, operators.
// The text of MySQL's /*! … */ is executed, so it is not passed over.
func skipSQL(s string) string {
	for s != "" {
		switch {
		case strings.HasPrefix(s, "/*!"), strings.HasPrefix(s, "/*M!"):
			s = strings.TrimLeft(s, "/*M!0123456789")
		case strings.HasPrefix(s, "/*"):
			_, s, _ = strings.Cut(s[2:], "*/")
		case strings.HasPrefix(s, "--"):
			_, s, _ = strings.Cut(s, "\n")
		case s[0] == '\'' || isSQLNameByte(s[0]):
			return s
		default:
			s = s[1:]
		}
	}
	return ""
}

func isSQLNameByte(c byte) bool {
	return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || format.IsDigit(c) || c == '_' || c == '.' || c == '$' || c == '`' || c == '"' || c == '@'
}
