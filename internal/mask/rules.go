package mask

import (
	"regexp"
	"strings"

	"github.com/konseki/konseki/internal/detect/secret"
)

// A rule finds one way in which systems and people write a secret. Detection
// must not cry wolf and leaves doubtful values alone; what is shown hides them.
type rule struct {
	kind    string
	stems   []string // one of them is in the text, in lower case, or nothing matches
	pattern *regexp.Regexp
	refuses func(text string, from, to int) bool
	bare    bool // the value may run on to the next pair
}

// quotedValue is a value in quotes, also as JSON escapes them, or without.
const (
	quotedValue = `(?:\\+"(.*?)\\+"|\\+'(.*?)\\+'|\\u0027(.*?)\\u0027|\\u0022(.*?)\\u0022|&#0?39;(.*?)&#0?39;|&quot;(.*?)&quot;|"((?:[^"\\\n]|\\.)+)|'((?:[^'\\\n]|\\.|'')+))`
	anyValue    = `(?:` + quotedValue + `|([^\s"'<>]+))`
	label       = `(?:(?:password|passwd|passphrase|passcode|passwort|pwd)(?:[_-]?(?:confirm(?:ation)?|again|repeat|new|old|current|hash|[0-9]{1,2}))?|(?:^|[^a-z0-9])(?:pass|pw)[0-9]?|_(?:pass|pw)|パスワード|ﾊﾟｽﾜｰﾄﾞ|暗証番号)`
	keyLabel    = `(?:client[_-]?secret|secret[_-]?key|shared[_-]?secret|api[_-]?key|(?:access|refresh|id|auth)[_-]?token|private[_-]?key)`
	opening     = `\s*[\[({]?\s*`
)

// passwordStems are what a text has that names a password.
func passwordStems() []string {
	return []string{"pass", "pwd", "pw", "パスワード", "ﾊﾟｽﾜｰﾄﾞ", "暗証番号"}
}

// rules are those of this room; see [secret.Locator] for the others.
func rules() []rule {
	make := func(kind, pattern string, refuses func(string, int, int) bool, stems ...string) rule {
		return rule{kind: kind, stems: stems, pattern: regexp.MustCompile(`(?i)` + pattern), refuses: refuses}
	}
	bare := func(r rule) rule { r.bare = true; return r }
	password := passwordStems()
	return []rule{
		bare(make(secret.KindPassword, label+`(?:\\*["'])?\s*(?:=>|->|→|:=|==?|%3d)`+opening+anyValue, notTyped, password...)),
		make(secret.KindPassword, label+`(?:\\*["'])?\s*(?::|：|\|)`+opening+quotedValue, notTyped, password...),
		bare(make(secret.KindPassword, label+`\\*["']\s*:`+opening+anyValue, notTyped, password...)),
		bare(make(secret.KindPassword, label+`\s*[:：]\s*([^\s"'<>]+)`, notSaid, password...)),
		make(secret.KindPassword, `(?:^|[\s"'])(?:--?(?:password|passwd|passphrase|pass|pwd)[ =]|/(?:password|pass|pwd|rp)(?:[ :=])|/p:)\s*`+anyValue, notTyped, password...),
		make(secret.KindPassword, `(?:^|[\s"'])/(?:rp|p)[ :]\s*`+anyValue, notTyped, "/p:", "/rp", "schtasks", "cmdkey"),
		make(secret.KindPassword, `\bnet1?(?:\.exe)?"?\s+user\s+(?:"[^"]+"|[^\s/]\S*)\s+(?:"([^"]+)|([^\s/*"]\S*))`, never, "user "),
		make(secret.KindPassword, `\bcurl\b[^\n|;]*?\s(?:-u|--user)[ =]?\s*["']?[^\s:'"]+:([^\s'"]+)`, never, "curl"),
		make(secret.KindPassword, `(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+|values\s+)?|\bpassword\s*\(\s*|\bpassword\s+|\bset\s+password\b[^=\n]{0,120}=\s*|\bpassword\s*=\s*)n?`+quotedValue, notTyped, "identified", "password"),
		make(secret.KindPassword, `\bidentified\s+by\s+([^\s;'",]+)`, notTyped, "identified"),
		make(secret.KindPassword, `\[[^/\[\]\s]*/(.+?)\](?:\s|$|,|\(|"|\\)`, notSignIn, "login", "logon", "auth", "sign", "user", "password", "認証", "ログイン"),
		make(secret.KindConnection, `[a-z][a-z0-9+.-]*://[^\s:/@"'<>?#]*:([^\s/"'<>?#]+)@`, never, "@"),
		make(secret.KindConnection, `\bjdbc:oracle:\w+:[^/\s]+/([^@\s]+)@`, never, "jdbc:oracle"),
		make(secret.KindConnection, `\bsqlplus\b(?:\s+-\S+)*\s+["']?[^\s/"'-]+/([^\s@"']+)`, never, "sqlplus"),
		make(secret.KindBasic, `authorization(?:\\*["'])?\s*[:=,]\s*(?:\\*["'])?\s*(?:(?:basic|bearer|digest|negotiate|ntlm|token|apikey)(?:\s+|%20|\+))([^\s"'\\,;]{4,})`, never, "authorization"),
		make(secret.KindBasic, `authorization(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?([^\s"'\\,;]{16,})`, never, "authorization"),
		make(secret.KindToken, `\bbearer(?:\s+|%20)([a-z0-9._~+/-]{16,}=*)`, never, "bearer"),
		make(secret.KindBasic, `\bbasic(?:\s+|%20)([a-z0-9+/]{12,}=*)(?:[^a-z0-9+/=]|$)`, notEncoded, "basic"),
		bare(make(secret.KindToken, keyLabel+`(?:\\*["'])?\s*(?:=>|:=|[=:]|%3d)`+opening+anyValue, notTyped, "secret", "key", "token")),
	}
}

// before is how far before a stem a match may begin.
const before = 128

// spans finds what a rule finds. lower is the text in lower case, pairs those of it.
func (r *rule) spans(text, lower string, pairs *secret.Pairs) (out []secret.Span) {
	if !pairs.HoldsAny(lower, r.stems) {
		return nil
	}
	for at := max(0, firstOf(lower, r.stems)-before); at < len(text); {
		m := r.pattern.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		from, to := valueOf(m)
		from, to = at+from, at+to
		if r.bare && m[len(m)-1] >= 0 {
			to = r.ends(text, from, to)
		}
		next := at + m[0] + 1
		if from < to && !r.refuses(text, from, to) {
			out = append(out, secret.Span{From: from, To: to, Kind: r.kind})
			next = max(next, from)
		}
		at = next
	}
	return out
}

// valueOf gives the group that took part in a match.
func valueOf(m []int) (from, to int) {
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 {
			return m[i], m[i+1]
		}
	}
	return m[1], m[1]
}

// ends gives where a value without quotes ends: before the next pair, and
// before what closes a list around it.
func (r *rule) ends(text string, from, to int) int {
	for i := from; i < to; i++ {
		if strings.IndexByte("&;,|", text[i]) >= 0 && beginsPair(text[i+1:]) {
			to = i
			break
		}
	}
	for to > from+1 && strings.IndexByte(")]}.,;\\", text[to-1]) >= 0 {
		to--
	}
	return to
}

// beginsPair reports whether a text begins with a name and its value, or ends.
func beginsPair(s string) bool {
	i := 0
	for i < len(s) && i < 64 && (s[i] == '_' || s[i] == '-' || s[i] == '.' || s[i] == '%' || s[i] == ' ' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i]-'0' <= 9 || s[i] == '\\') {
		i++
	}
	return i == len(s) || s[i] == '=' || s[i] == ':' || s[i] == '"' || s[i] == '\''
}

func never(string, int, int) bool { return false }

// notTyped reports whether what is assigned to a password is none: a word that
// says that there is none, signs that hide it, or a variable.
func notTyped(text string, from, to int) bool {
	value := text[from:to]
	if isMark(value) {
		return true
	}
	switch strings.ToLower(strings.Trim(value, `"'()<>[]{}`)) {
	case "", "null", "nil", "none", "true", "false", "undefined", "?", "%s", "withheld", "withheld by konseki", "redacted", "filtered", "required", "optional":
		return true
	}
	if strings.Trim(value, "*x•●.-") == "" || strings.HasPrefix(value, "${") || strings.HasPrefix(value, "{{") {
		return true
	}
	return false
}

// isFolder reports whether what follows "PWD=" is the working folder, as shells
// and sudo write it.
func isFolder(text string, from, to int) bool {
	value := text[from:to]
	folder := value[0] == '/' || len(value) > 2 && value[1] == ':' && (value[2] == '\\' || value[2] == '/')
	return folder && strings.HasSuffix(strings.TrimRight(strings.ToLower(text[max(0, from-8):from]), "\"' "), "pwd=")
}

// notSaid is notTyped for what follows "password:", which is often a word of a
// sentence, and for names of programs ("pam_unix(passwd:chauthtok)").
func notSaid(text string, from, to int) bool {
	value := strings.Trim(text[from:to], ".,;:!?()[]")
	if notTyped(text, from, to) || secret.IsWord(value) {
		return true
	}
	head := strings.ToLower(text[max(0, from-12):from])
	return strings.Contains(head, "(passwd:") || strings.Contains(head, "(password:") || strings.HasPrefix(value, "pam_") || strings.HasPrefix(value, "//")
}

// notSignIn reports whether "[name/value]" is no account with its password: what
// stands before speaks of no sign-in, or FreeRADIUS says that it has none.
func notSignIn(text string, from, to int) bool {
	value := text[from:to]
	return isMark(value) || strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">") ||
		firstOf(lowered(text[max(0, from-300):from]), []string{"login", "logon", "auth", "sign-in", "signin", "user", "password", "認証", "ログイン"}) < 0
}

// notEncoded reports whether a word after "basic" is a word.
func notEncoded(text string, from, to int) bool {
	return !strings.ContainsAny(text[from:to], "0123456789=+/") && strings.ToLower(text[from:to]) == text[from:to]
}

// hasStem reports whether a text, in lower case, may hold a secret beside a word
// that names it; pairs are those of the text.
func hasStem(lower string, pairs *secret.Pairs) bool {
	return pairs.HoldsAny(lower, []string{
		"pass", "pwd", "pw", "secret", "psk", "wpa", "key", "cvv", "cvc", "cav", "security", "verification", "identified", "basic ", "mysql", "mariadb",
		"net use", "login", "pin", "otp", "one-time", "code", "card", "パス", "ﾊﾟｽ", "暗証", "共有", "コード", "ワンタイム", "セキュリティ", "ログイン", "キー", "シェアード",
		"\xEF\xBC", "\xEF\xBD", // wide forms
	})
}

// firstOf gives where the first of the stems stands, or -1.
func firstOf(text string, stems []string) int {
	first := -1
	for _, s := range stems {
		if i := strings.Index(text, s); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// lowered writes ASCII letters in lower case; places stay what they are.
func lowered(s string) string {
	for i := range len(s) {
		if s[i]-'A' <= 'Z'-'A' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j]-'A' <= 'Z'-'A' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}
