package query

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/konseki/konseki/internal/event"
)

// kind is how a field compares.
type kind uint8

const (
	kindText kind = iota
	kindNumber
	kindTime
	kindAddress
)

// kindOf gives the kind of a field; native fields are text.
func kindOf(name string, native bool) kind {
	if native {
		return kindText
	}
	switch name {
	case "time", "time_rx":
		return kindTime
	case "src_ip", "dst_ip":
		return kindAddress
	case "record", "class_uid", "activity_id", "status_id", "severity_id", "src_port", "dst_port", "bytes_out":
		return kindNumber
	}
	return kindText
}

// field is what a name in front of a colon stands for.
type field struct {
	names  []string // one, or the columns of an alias, any of which may match
	native bool
	words  map[string]int64 // names that stand for numbers
	known  string           // a field of [Known], with no column of its own
}

func (f field) kind() kind { return kindOf(f.names[0], f.native) }

// number reads a number or one of the field's words.
func (f field) number(s string) (int64, bool) {
	if n, ok := f.words[Fold(s)]; ok {
		return n, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// resolve finds the meaning of a bare field name.
func resolve(name string) field {
	if known := knownField(name); known != "" {
		return field{known: known}
	}
	switch lower := Fold(name); lower {
	case "user":
		return field{names: []string{"actor_user", "target_user"}}
	case "ip":
		return field{names: []string{"src_ip", "dst_ip"}}
	case "class", "class_uid":
		return field{names: []string{"class_uid"}, words: classWords()}
	case "status", "status_id":
		return field{names: []string{"status_id"}, words: statusWords()}
	case "severity", "level", "severity_id":
		return field{names: []string{"severity_id"}, words: severityWords()}
	case "record", "format":
		return field{names: []string{lower}}
	default:
		for _, c := range event.Columns() {
			if c.Name == lower {
				return field{names: []string{lower}}
			}
		}
	}
	return field{names: []string{name}, native: true}
}

func classWords() map[string]int64 {
	words := map[string]int64{}
	for _, c := range event.Classes() {
		words[c.Name] = int64(c.UID)
	}
	return words
}

func statusWords() map[string]int64 {
	return map[string]int64{
		"unknown": int64(event.StatusUnknown), "不明": int64(event.StatusUnknown),
		"success": int64(event.StatusSuccess), "成功": int64(event.StatusSuccess),
		"failure": int64(event.StatusFailure), "失敗": int64(event.StatusFailure),
	}
}

func severityWords() map[string]int64 {
	return map[string]int64{
		"unknown":       int64(event.SeverityUnknown),
		"informational": int64(event.SeverityInformational),
		"info":          int64(event.SeverityInformational),
		"low":           int64(event.SeverityLow),
		"medium":        int64(event.SeverityMedium),
		"high":          int64(event.SeverityHigh),
		"critical":      int64(event.SeverityCritical),
	}
}

// nameRune reports whether r may stand in a bare field name, and begin one.
func nameRune(r rune, first bool) bool {
	if unicode.IsLetter(r) || r == '_' || r == '@' {
		return true
	}
	return !first && (unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(".-/$#[]", r))
}

// plainName reports whether a field name needs no quotes.
func plainName(name string) bool {
	for i, r := range name {
		if !nameRune(r, i == 0) {
			return false
		}
	}
	return name != ""
}
