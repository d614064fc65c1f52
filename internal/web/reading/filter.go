package reading

import (
	"slices"
	"strings"
)

// Term writes field:value for the query language; a value that could be read
// as anything else is quoted.
func Term(field, value string) string {
	return field + ":" + quoted(value)
}

// quoted quotes a value unless it is plainly one word.
func quoted(value string) string {
	plain := value != "" && !strings.ContainsFunc(value, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./@", c))
	}) && !strings.Contains(value, "..") && !strings.Contains(value, "//") && value[0] != '-'
	switch value {
	case "AND", "OR", "NOT":
		plain = false
	}
	if plain {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// Narrowed adds a term to a query.
func Narrowed(query, term string) string {
	query = strings.TrimSpace(query)
	if query == "" {
		return term
	}
	if strings.Contains(strings.ToUpper(query), "OR") && !enclosed(query) {
		query = "(" + query + ")"
	}
	return query + " AND " + term
}

// enclosed reports whether the query is one pair of parentheses already.
func enclosed(query string) bool {
	return strings.HasPrefix(query, "(") && strings.Count(query, "(") == 1 && strings.HasSuffix(query, ")")
}

// Widened takes a term out of a plain chain of AND, and tells whether it was
// in one. A query with anything else in it is left alone.
func Widened(query, term string) (string, bool) {
	if strings.ContainsAny(query, "()") || strings.Contains(query, " OR ") {
		return query, false
	}
	parts := strings.Split(query, " AND ")
	i := slices.Index(parts, term)
	if i < 0 {
		return query, false
	}
	return strings.Join(slices.Delete(parts, i, i+1), " AND "), true
}
