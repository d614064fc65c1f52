package shape

import "slices"

// A phrase is one statement as words, and those of them outside all brackets.
type phrase struct {
	words []string
	top   []string
}

// topLevel leaves out what stands in brackets.
func topLevel(words []string) []string {
	depth, out := 0, make([]string, 0, len(words))
	for _, w := range words {
		switch w {
		case "(":
			depth++
		case ")":
			depth = max(depth-1, 0)
		default:
			if depth == 0 {
				out = append(out, w)
			}
		}
	}
	return out
}

// verb is the word that says what a statement does.
func (p *phrase) verb() string {
	if len(p.top) == 0 || p.top[0] == "with" || p.top[0] == "explain" {
		for _, w := range p.top {
			switch w {
			case "select", "insert", "update", "delete", "merge":
				return w
			}
		}
		for _, w := range p.words { // all of it stands in brackets
			if w != "(" {
				return w
			}
		}
	}
	if len(p.top) == 0 {
		return ""
	}
	return p.top[0]
}

func (p *phrase) has(word string) bool { return slices.Contains(p.top, word) }

// after gives the word after one, or "".
func after(words []string, word string) string {
	if i := slices.Index(words, word); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}

// table is the first name after a word that a name follows.
func (p *phrase) table() string {
	for i, w := range p.words {
		switch w {
		case "from", "into", "update", "table", "join", "database", "schema", "truncate", "copy":
		default:
			continue
		}
		for _, next := range p.words[i+1:] {
			switch next {
			case "if", "not", "exists", "only", "ignore", "low_priority", "delayed", "concurrently", "table", "(":
				continue
			case "select", "?", "set", "outfile", "dumpfile":
			default:
				return next
			}
			break
		}
	}
	return ""
}

// destroys says what a statement takes away for good.
func (p *phrase) destroys(verb string) string {
	switch verb {
	case "truncate":
		return "truncate"
	case "drop":
		switch second := word(p.top, 1); second {
		case "table", "tables", "database", "schema", "user", "role", "tablespace":
			return "drop"
		}
	case "alter":
		if what := after(p.top, "drop"); what != "" && what != "constraint" && what != "index" && what != "default" && what != "not" &&
			what != "foreign" && what != "key" && what != "check" && word(p.top, 1) == "table" {
			return "drop of a column"
		}
	case "delete", "update":
		if !p.conditional() {
			return verb + " without where"
		}
	}
	return ""
}

// conditional reports whether a condition or a limit stands that is not always true.
func (p *phrase) conditional() bool {
	if p.has("limit") {
		return true
	}
	i := slices.Index(p.top, "where")
	if i < 0 {
		return false
	}
	rest := p.top[i+1:]
	always := len(rest) == 1 && (rest[0] == "?" || rest[0] == "true") || len(rest) == 3 && rest[0] == "?" && rest[1] == "=" && rest[2] == "?"
	return !always
}

// whole reports whether all rows of a table are asked for.
func (p *phrase) whole(verb string) bool {
	if verb != "select" || !p.has("from") || p.has("where") || p.has("limit") || p.has("group") || p.has("join") || p.has("fetch") || p.has("top") {
		return false
	}
	for i, w := range p.words {
		switch w {
		case "count", "sum", "max", "min", "avg", "exists":
			if word(p.words, i+1) == "(" {
				return false
			}
		}
	}
	next := after(p.top, "from")
	return next != "" && next != "dual"
}

// dump reports whether a statement is one that backups are made with.
func (p *phrase) dump(verb string) bool {
	switch verb {
	case "copy":
		return p.has("to")
	case "select":
		return p.has("outfile") || p.has("sql_no_cache") && p.has("*") && !p.has("where")
	}
	return false
}

func word(words []string, i int) string {
	if i < len(words) {
		return words[i]
	}
	return ""
}
