package secret

import (
	"strings"
	"unicode/utf8"
)

// notASecret reports whether what stands where a password would stand is none:
// a placeholder, a variable, a hash, a link, a rule about passwords, prose.
// after is the text behind it.
func notASecret(value, after string) bool {
	if len(value) < 4 || isFiller(value) || isReference(value) || isHash(value) || isKnownWord(value) || isDate(value) {
		return true
	}
	if strings.Contains(value, "://") || strings.HasPrefix(value, "//") || isFileName(value) {
		return true
	}
	if isQuantity(value, after) || len(value) < 6 && strings.Trim(value, "0123456789") == "" {
		return true
	}
	return isProse(value, after)
}

// notInASentence is notASecret for what follows "is" or "は": a word without a
// digit is one of the sentence's own, unless Japanese goes on behind it.
func notInASentence(value, after string) bool {
	if notASecret(value, after) {
		return true
	}
	rest := strings.TrimLeft(after, "\"'」』)>】] ")
	return !strings.ContainsAny(value, "0123456789") && (rest == "" || rest[0] < utf8.RuneSelf)
}

// notAPIN is for numbers that are secret however short.
func notAPIN(value, after string) bool { return isFiller(value) || isQuantity(value, after) }

// isFiller reports whether a value is made of the signs that hide one.
func isFiller(v string) bool {
	distinct := map[rune]bool{}
	for _, r := range strings.ToLower(v) {
		distinct[r] = true
	}
	if len(distinct) == 1 {
		return true
	}
	return strings.Trim(strings.ToLower(v), "*x.-_?#•●") == "" || strings.Contains(v, "***") || strings.Contains(v, "...") || strings.Contains(strings.ToLower(v), "xxxx")
}

// isReference reports whether a value names where the secret comes from: a
// variable, a template, a bind parameter, a call.
func isReference(v string) bool {
	if strings.HasPrefix(v, "<") || strings.HasPrefix(v, "${") || strings.HasPrefix(v, "{{") || strings.HasPrefix(v, "#{") || strings.HasPrefix(v, "$(") || strings.HasPrefix(v, "%{") || strings.HasPrefix(v, "&lt") {
		return true
	}
	lower := strings.ToLower(v)
	for _, w := range [...]string{"process.env", "os.environ", "getenv", "env[", "config.", "settings.", "secrets.", "vault:", "self.", "this."} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	rest, sign := v[1:], v[0]
	switch sign {
	case '$':
		return isName(rest) && (rest == strings.ToUpper(rest) || !strings.ContainsAny(rest, "0123456789"))
	case '%':
		return strings.HasSuffix(rest, "%") || len(rest) <= 3
	case ':', '@', '?':
		return isName(rest) && !strings.ContainsAny(rest, "0123456789")
	case '{', '[':
		return strings.HasSuffix(rest, "}") || strings.HasSuffix(rest, "]") || isName(rest)
	}
	name, args, call := strings.Cut(v, "(")
	return call && isName(name) && (args == "" || strings.HasSuffix(args, ")") || isName(args))
}

// isName reports whether s is a name as programs have them.
func isName(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) && s[i] != '.' {
			return false
		}
	}
	return s != ""
}

// isHash reports whether a value is stored form and not clear text.
func isHash(v string) bool {
	switch len(v) {
	case 32, 40, 64, 128:
		if strings.Trim(strings.ToLower(v), "0123456789abcdef") == "" {
			return true
		}
	case 41:
		if v[0] == '*' && strings.Trim(v[1:], "0123456789ABCDEFabcdef") == "" { // MySQL's
			return true
		}
	case 35:
		if strings.HasPrefix(v, "md5") { // PostgreSQL's
			return true
		}
	}
	for _, p := range [...]string{"$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$argon2", "$P$", "SCRAM-SHA-256$", "{SSHA", "{SHA", "pbkdf2", "ENC("} {
		if strings.HasPrefix(v, p) {
			return true
		}
	}
	return false
}

// isKnownWord reports whether a value is a word that forms, errors and manuals
// put behind a label.
func isKnownWord(v string) bool {
	switch strings.ToLower(strings.Trim(v, "()[]{}<>!?*")) {
	case "password", "passwd", "passphrase", "passcode", "secret", "pass", "your", "yourpassword", "your_password", "your-password", "mypassword", "example",
		"sample", "dummy", "placeholder", "none", "null", "nil", "undefined", "true", "false", "required", "optional", "empty", "hidden", "masked", "redacted",
		"filtered", "removed", "withheld", "string", "text", "input", "same", "there", "here", "correct", "incorrect", "wrong", "invalid", "valid", "expired",
		"reset", "changed", "change", "unset", "unchanged", "stored", "encrypted", "protected", "disabled", "enabled", "forgot", "forgotten", "confirm",
		"confirmation", "login", "username", "user", "email", "failed", "failure", "success", "accepted", "rejected", "missing", "unknown", "authentication",
		"prompt", "prohibited", "policy", "field", "hint", "weak", "strong", "new_password", "old_password", "current_password", "newpassword", "varchar",
		"bytes", "with", "must", "cannot", "should", "will", "from", "that", "this", "varchar(255)":
		return true
	}
	return false
}

func isDate(v string) bool {
	digits, marks := 0, 0
	for i := range len(v) {
		switch {
		case v[i]-'0' <= 9:
			digits++
		case v[i] == '/' || v[i] == '-' || v[i] == ':' || v[i] == '.':
			marks++
		default:
			return false
		}
	}
	return marks > 0 && digits <= 14
}

func isFileName(v string) bool {
	i := strings.LastIndexByte(v, '.')
	if i <= 0 {
		return false
	}
	switch strings.ToLower(v[i+1:]) {
	case "xls", "xlsx", "doc", "docx", "pptx", "pdf", "txt", "csv", "md", "png", "jpg", "zip", "html", "htm", "php", "jsp", "aspx", "js", "go", "java", "py", "yml", "yaml", "json", "conf":
		return true
	}
	return false
}

// isQuantity reports whether a value is a number of characters, days or tries.
func isQuantity(v, after string) bool {
	if v == "" || v[0]-'0' > 9 {
		return false
	}
	after = strings.TrimLeft(after, " -~〜～")
	for _, unit := range [...]string{"文字", "桁", "日", "回", "件", "分", "秒", "年", "か月", "ヶ月", "ケ月", "時", "以上", "以下", "以内", "character", "char", "digit", "day", "time", "minute", "attempt"} {
		if strings.HasPrefix(after, unit) {
			return true
		}
	}
	return false
}

// isProse reports whether a value of letters alone goes on as a sentence.
func isProse(v, after string) bool {
	letters := strings.TrimFunc(v, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }) == ""
	if !letters && !isHyphenated(v) {
		return false
	}
	after = strings.TrimLeft(after, `"'」』)>】]`)
	rest := strings.TrimLeft(after, " \t")
	if rest == "" || rest[0] == '\n' || rest[0] == '\r' {
		return len(v) < 6
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return r < utf8.RuneSelf && rest[0] != '/' && rest[0] != ',' && rest[0] != '|' && rest[0] != '&' || len(v) < 6
}

// isHyphenated reports whether v is words joined by hyphens or underscores.
func isHyphenated(v string) bool {
	for i := range len(v) {
		if c := v[i] | 0x20; (c < 'a' || c > 'z') && v[i] != '-' && v[i] != '_' {
			return false
		}
	}
	return true
}
