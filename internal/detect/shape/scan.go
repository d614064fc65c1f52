package shape

import (
	"bytes"
	"strings"
)

// Bounds of what is read of a statement and of its shape, in bytes.
const (
	maxRead = 16 << 10
	maxText = 2 << 10
)

// A scanner writes the shape of one statement at a time.
type scanner struct {
	out    []byte
	starts []int // of the tokens in out
	nested bool  // within a comment that MySQL executes
}

// reduce gives the shape of a statement; it is good until the next call.
func (s *scanner) reduce(sql string) []byte {
	s.out, s.starts, s.nested = s.out[:0], s.starts[:0], false
	if len(sql) > maxRead {
		sql = sql[:maxRead]
	}
	for sql != "" && len(s.out) < maxText {
		sql = s.token(sql)
	}
	if s.is(1, ";") {
		s.drop(1)
	}
	if len(s.out) >= maxText {
		s.out = append(bytes.ToValidUTF8(s.out[:maxText], nil), " …"...)
	}
	return s.out
}

// token reads one token, or what stands between tokens.
func (s *scanner) token(sql string) string {
	c := sql[0]
	switch {
	case c <= ' ':
		return sql[1:]
	case c == '\'':
		return s.value(sql, quoted(sql, c))
	case c == '"' && s.valueExpected():
		return s.value(sql, quoted(sql, c))
	case c == '"' || c == '`':
		return s.name(sql)
	case c == '#' && !strings.HasPrefix(sql, "#>") && !strings.HasPrefix(sql, "#-"), strings.HasPrefix(sql, "--"):
		return line(sql)
	case strings.HasPrefix(sql, "/*"):
		return s.comment(sql)
	case s.nested && strings.HasPrefix(sql, "*/"):
		s.nested = false
		return sql[2:]
	case digit(c), c == '.' && len(sql) > 1 && digit(sql[1]):
		return s.value(sql, number(sql))
	case c == '$':
		return s.dollar(sql)
	case c == '?', c == ':' && len(sql) > 1 && letter(sql[1]), c == '%' && strings.HasPrefix(sql, "%s"):
		return s.value(sql, 1+letters(sql[1:]))
	case letter(c) || c == '@':
		return s.word(sql)
	case strings.HasPrefix(sql, "::"): // PostgreSQL's cast
		s.put("::")
		return sql[2:]
	}
	s.operator(sql[:1])
	return sql[1:]
}

// comment passes over a comment, but reads what MySQL executes of it.
func (s *scanner) comment(sql string) string {
	rest, executed := strings.CutPrefix(sql, "/*!")
	if !executed {
		rest, executed = strings.CutPrefix(sql, "/*M!")
	}
	if executed {
		s.nested = true
		return strings.TrimLeft(rest, "0123456789")
	}
	_, after, _ := strings.Cut(sql[2:], "*/")
	return after
}

func line(sql string) string {
	_, rest, _ := strings.Cut(sql, "\n")
	return rest
}

// quoted measures a text in quotes; a quote in it is doubled or escaped.
func quoted(sql string, quote byte) int {
	for i := 1; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case quote:
			if i+1 == len(sql) || sql[i+1] != quote {
				return i + 1
			}
			i++
		}
	}
	return len(sql)
}

func number(sql string) int {
	i := 0
	for i < len(sql) && (digit(sql[i]) || letter(sql[i]) || sql[i] == '.') {
		if (sql[i] == 'e' || sql[i] == 'E') && i+1 < len(sql) && (sql[i+1] == '-' || sql[i+1] == '+') {
			i++
		}
		i++
	}
	return i
}

// dollar reads "$1" and PostgreSQL's "$tag$ text $tag$".
func (s *scanner) dollar(sql string) string {
	n := 1 + letters(sql[1:])
	if n < len(sql) && sql[n] == '$' {
		tag := sql[:n+1]
		if i := strings.Index(sql[n+1:], tag); i >= 0 {
			return s.value(sql, n+1+i+len(tag))
		}
		return s.value(sql, len(sql))
	}
	return s.value(sql, n)
}

// value writes "?" for a value of n bytes, and one "?" for a list of them.
func (s *scanner) value(sql string, n int) string {
	if (s.is(1, "-") || s.is(1, "+")) && s.signAt(len(s.starts)-2) {
		s.drop(1)
	}
	switch string(s.last()) {
	case "n", "e", "x", "b", "u&": // N'a', E'a', X'0a', B'1'
		s.drop(1)
	}
	switch {
	case s.is(1, "?"): // 'a' 'b' is one text
	case s.is(1, ",") && s.is(2, "?"):
		s.drop(1)
	default:
		s.put("?")
	}
	return sql[n:]
}

// signAt reports whether a minus after a token is the sign of a number.
func (s *scanner) signAt(i int) bool {
	if i < 0 {
		return true
	}
	switch string(s.tokenAt(i)) {
	case "(", ",", "=", "<", ">", "values", "between", "and", "limit", "then", "else", "when", "select", "in":
		return true
	}
	return false
}

// valueExpected reports whether a text in double quotes is a value here: after
// an operator or where MySQL's values stand.
func (s *scanner) valueExpected() bool {
	switch string(s.last()) {
	case "=", "<", ">", "like", "between", "and", "limit", "rlike", "regexp":
		return true
	case "(":
		return s.is(2, "in") || s.is(2, "values") || s.is(2, ",")
	case ",":
		return s.is(2, "?")
	}
	return false
}

// word writes a word in lower case with the digits of a name as one "#".
func (s *scanner) word(sql string) string {
	n := 1 + letters(sql[1:])
	s.begin()
	s.append(sql[:n])
	for n+1 < len(sql) && sql[n] == '.' && (letter(sql[n+1]) || sql[n+1] == '`' || sql[n+1] == '"') {
		s.out = append(s.out, '.')
		rest := sql[n+1:]
		if letter(rest[0]) {
			m := letters(rest)
			s.append(rest[:m])
			n += 1 + m
			continue
		}
		n += 1 + s.unquoted(rest)
	}
	switch string(s.last()) {
	case "null", "true", "false", "default":
		if s.is(2, ",") || s.is(2, "(") || s.is(2, "=") {
			s.drop(1)
			return s.value(sql, n)
		}
	}
	return sql[n:]
}

// name writes a name in quotes without them, and what follows its dot.
func (s *scanner) name(sql string) string {
	s.begin()
	n := s.unquoted(sql)
	for n+1 < len(sql) && sql[n] == '.' {
		s.out = append(s.out, '.')
		rest := sql[n+1:]
		switch {
		case rest[0] == '`' || rest[0] == '"':
			n += 1 + s.unquoted(rest)
		case letter(rest[0]):
			m := letters(rest)
			s.append(rest[:m])
			n += 1 + m
		default:
			return rest
		}
	}
	return sql[n:]
}

// unquoted writes a name that stands in quotes and gives its length with them.
func (s *scanner) unquoted(sql string) int {
	n := quoted(sql, sql[0])
	inner := strings.TrimSuffix(sql[1:n], sql[:1])
	if inner == "" {
		inner = "_"
	}
	s.append(inner)
	return n
}

// append writes a part of a name: lower case, no space, digits as "#".
func (s *scanner) append(part string) {
	for i := 0; i < len(part); i++ {
		switch c := part[i]; {
		case digit(c):
			if len(s.out) == 0 || s.out[len(s.out)-1] != '#' {
				s.out = append(s.out, '#')
			}
		case c <= ' ' || c == ';':
			s.out = append(s.out, '_')
		case c >= 'A' && c <= 'Z':
			s.out = append(s.out, c+'a'-'A')
		default:
			s.out = append(s.out, c)
		}
	}
}

// operator writes a sign; a list of rows of values is written once.
func (s *scanner) operator(sign string) {
	if sign[0] >= 0x80 {
		sign = "¿"
	}
	s.put(sign)
	if sign == ")" && s.is(2, "?") && s.is(3, "(") && s.is(4, ",") && s.is(5, ")") && s.is(6, "?") && s.is(7, "(") {
		s.drop(4)
	}
}

// begin begins a token.
func (s *scanner) begin() {
	if len(s.out) > 0 {
		s.out = append(s.out, ' ')
	}
	s.starts = append(s.starts, len(s.out))
}

func (s *scanner) put(token string) {
	s.begin()
	s.out = append(s.out, token...)
}

// is reports whether the n-th token from the end is a certain one.
func (s *scanner) is(n int, token string) bool { return string(s.at(n)) == token }

func (s *scanner) last() []byte { return s.at(1) }

// at gives the n-th token from the end, or nothing. It is good until the next write.
func (s *scanner) at(n int) []byte {
	if n > len(s.starts) {
		return nil
	}
	return s.tokenAt(len(s.starts) - n)
}

func (s *scanner) tokenAt(i int) []byte {
	end := len(s.out)
	if i+1 < len(s.starts) {
		end = s.starts[i+1] - 1
	}
	return s.out[s.starts[i]:end]
}

// drop takes the last n tokens back.
func (s *scanner) drop(n int) {
	first := len(s.starts) - n
	s.out = s.out[:max(s.starts[first]-1, 0)]
	s.starts = s.starts[:first]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// letters measures the letters, digits and signs of names at the beginning.
func letters(s string) int {
	i := 0
	for i < len(s) && (letter(s[i]) || digit(s[i]) || s[i] == '@') {
		i++
	}
	return i
}
