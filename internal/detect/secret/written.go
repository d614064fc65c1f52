package secret

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// A writtenRule finds credentials in the words that people and programs put
// beside them. The first group that took part in a match is the value.
type writtenRule struct {
	hit     Hit
	stems   []string // one of them is in the text, in lower case, or nothing matches
	pattern *regexp.Regexp
	may     func(text string) bool         // what its expression needs and is cheaper to look for, nil for nothing
	refuses func(value, after string) bool // what looks like a value and is none
	only    int32                          // class of the events it is for, 0 for all
}

// value is what a person writes for a secret: no white space, not Japanese.
const (
	quoted = `["'「『(\[【<\x60]{0,2}`
	value  = `([!-~]{4,200})`
	equals = `["']?\s*(?:[:=|]|=>|->|→)\s*` + quoted
	prose  = `\s*(?:は|が|:は|\bis)\s*[:=]?\s*` + quoted
)

// writtenRules are the rules for what is written in words.
func writtenRules() []writtenRule {
	rule := func(kind, level, title, titleJA, pattern string, stems ...string) writtenRule {
		return writtenRule{
			hit:   Hit{RuleID: "secret." + kind, Kind: kind, Level: level, Title: title, TitleJA: titleJA},
			stems: stems, pattern: regexp.MustCompile(`(?i)` + pattern), refuses: notASecret,
		}
	}
	const (
		label  = `(?:パスワード|ﾊﾟｽﾜｰﾄﾞ|パスコード|パスフレーズ|暗証番号|(?:[a-z0-9]*[_-])?(?:password|passwd|passphrase|passcode|pwd)|(?:^|[^a-z])(?:pass|pw))(?:\([^()\s]{1,20}\))?`
		shared = `(?:事前共有(?:鍵|キー)|プリシェアードキー|共有シークレット|共有秘密鍵|暗号化?キー|wi-?fi\s?キー|pre-?shared[ _-]?key|shared[ _-]?secret|(?:^|[^a-z])psk|wpa[23]?[ _-]?(?:key|psk|キー|パスフレーズ))`
		code   = `(?:認証コード|確認コード|検証コード|ワンタイム(?:パスワード|コード)|(?:^|[^a-z])otp|verification code|one-?time (?:password|code))`
	)
	password := func(pattern string, stems ...string) writtenRule {
		return rule(KindPassword, "high", "Password in clear text", "パスワードの平文記載", pattern, stems...)
	}
	stems := []string{"パスワード", "ﾊﾟｽﾜｰﾄﾞ", "パスコード", "パスフレーズ", "暗証番号", "pass", "pwd", "pw"}
	rules := []writtenRule{
		password(`(?:id|ユーザー?(?:名|id)?|アカウント|ログイン名|user(?:name)?|login)\s*[/・&,、+]\s*`+label+equals+`[!-~]{1,64}?\s*[/・,、]\s*`+value, stems...),
		password(label+equals+value, stems...),
		password(label+prose+value, stems...),
		password(`ログイン情報\s*[:=]\s*[!-~]{1,64}?\s*[/・,、]\s*`+value, "ログイン情報"),
		password(`(?:暗証番号|パスコード|passcode|(?:^|[^a-z])pin)(?:`+equals+`|`+prose+`)([0-9]{4,8})`, "暗証番号", "パスコード", "passcode", "pin"),
		password(`(?:sshpass\s+-p\s*|(?:mysql|mysqldump|mariadb)\s(?:[^\n;|]{0,80}\s)?-p|net\s+use\s[^\n]{0,80}/user:\S+\s+)["']?`+value, "sshpass", "mysql", "mariadb", "net use"),
		rule(KindPreshared, "high", "Pre-shared key in clear text", "事前共有鍵の平文記載",
			shared+`(?:`+equals+`|`+prose+`|\s+(?:ascii-text\s+)?["'])`+value, "共有鍵", "共有キー", "共有シークレット", "共有秘密", "シェアード", "暗号キー", "暗号化キー", "wi-fi", "wifi", "shared", "psk", "wpa"),
		rule(KindCode, "low", "One-time code in clear text", "認証コードの平文記載",
			code+`(?:\s*[:=]\s*|\s*は\s*|\s+is\s+)`+quoted+`((?:[a-z]-)?[0-9]{4,8})(?:[^0-9]|$)`, "コード", "ワンタイム", "otp", "code", "time password"),
		rule(KindConnection, "high", "Connection string with a password", "パスワードを含む接続文字列",
			`[a-z][a-z0-9+.-]{1,20}://[^\s:/@"'<>?#]{0,64}:([^\s@/"'<>?#]{3,128})@[\w\[]`, "://"),
		rule(KindPrivateKey, "high", "Private key", "秘密鍵の記載", `-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----\s*(?:\\n)?([a-z0-9+/=:, -]{16,})`, "private key"),
	}
	rules[2].refuses, rules[4].refuses = notInASentence, notAPIN
	rules[len(rules)-1].refuses = never
	rules[len(rules)-2].may = hasUserinfo
	sql := rule(KindPassword, "medium", "Password in an SQL statement", "SQL 文中のパスワード",
		`(?:identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?|\bpassword\s+|\bpassword\s*\(\s*|\bpassword\s*=\s*n?)'([^'\s]{4,200})'`, "identified", "password")
	sql.hit.RuleID, sql.only = "secret.sql_password", event.ClassDatastore
	basic := rule(KindBasic, "high", "Authorization header with a password", "パスワードを含む Authorization ヘッダー", `\bbasic\s+([a-z0-9+/]{8,200}={0,2})`, "basic ")
	basic.refuses = notBasic
	return append(rules, sql, basic)
}

func never(string, string) bool { return false }

// hasUserinfo reports whether a URL in text has a colon and then an at sign
// before its path. Every access names the page it came from, and the expression
// for connection strings is slow to see that a page is all it is.
func hasUserinfo(text string) bool {
	const (
		ends     = " \t\n\f\r@/\"'<>?#" // what neither user nor password may hold
		user     = ends + ":"
		password = ends
	)
	for {
		_, rest, ok := strings.Cut(text, "://")
		if !ok {
			return false
		}
		text = rest
		i := strings.IndexAny(rest, user)
		if i < 0 || rest[i] != ':' {
			continue
		}
		rest = rest[i+1:]
		if i = strings.IndexAny(rest, password); i >= 0 && rest[i] == '@' {
			return true
		}
	}
}

// notBasic reports whether a word after "Basic" is not a user and password
// (RFC 7617).
func notBasic(value, _ string) bool {
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		text, err = base64.RawStdEncoding.DecodeString(value)
	}
	user, pass, ok := strings.Cut(string(text), ":")
	if err != nil || !ok || user == "" || len(pass) < 3 {
		return true
	}
	for _, c := range text {
		if c < ' ' || c == 0x7F {
			return true
		}
	}
	return false
}

// credentials looks for passwords, keys and tokens in one text.
func (s *Scanner) credentials(ev *event.Event, t fieldText, found *hits) {
	text := fold(t.text)
	lower := strings.ToLower(text)
	held := PairsOf(lower)
	add := func(h Hit) {
		h.Field = t.field
		if ev.ClassUID == event.ClassHTTP && ev.StatusID == event.StatusFailure {
			h.Level = "low" // refused: what scanners of the internet try out
		}
		found.add(h)
	}
	taken := spans{}
	named := false // whether the text has a stem of the rule before
	for i := range s.written {
		r := &s.written[i]
		if i == 0 || !slices.Equal(r.stems, s.written[i-1].stems) {
			named = held.HoldsAny(lower, r.stems)
		}
		if named && (r.only == 0 || r.only == ev.ClassUID) && (r.may == nil || r.may(text)) {
			r.find(text, &taken, add)
		}
	}
	if !machineWritten(ev.ClassUID) || dense(lower) {
		s.tokens.find(text, lower, &taken, add)
	}
}

// machineWritten reports whether programs, not people, write the text of a
// class. There is much of it, and what a service issues as a key is long.
func machineWritten(class int32) bool {
	return class == event.ClassHTTP || class == event.ClassDatastore
}

// denseRun is the length of letters and digits in a row, in lower case, from
// which a text may hold a key. The shortest that a service issues are longer.
const denseRun = 14

// dense reports whether a text has a run of letters and digits, with a digit
// among them, that is long enough for a key.
func dense(lower string) bool {
	run, digit := 0, false
	for i := range len(lower) {
		switch c := lower[i]; {
		case '0' <= c && c <= '9':
			run, digit = run+1, true
		case 'a' <= c && c <= 'z':
			run++
		default:
			run, digit = 0, false
		}
		if run >= denseRun && digit {
			return true
		}
	}
	return false
}

func (r *writtenRule) find(text string, taken *spans, add func(Hit)) {
	for at := 0; at < len(text); {
		m := r.pattern.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return
		}
		begin, from, to := at+m[0], at+m[2], at+m[3]
		at += max(m[2], m[0]+1) // a value may hold the next label: user=a&password=b
		v := trimValue(text[from:to])
		if v == "" || taken.has(from) {
			continue
		}
		if r.refuses(v, text[from+len(v):]) {
			taken.refused = append(taken.refused, [2]int{from, from + len(v)})
			continue
		}
		taken.add(begin, from+len(v)) // with the name before a password that stands beside it
		taken.values = append(taken.values, [2]int{from, from + len(v)})
		h := r.hit
		h.Masked = lengthClass(v)
		add(h)
	}
}

// trimValue cuts off what closes a value: quotes, brackets, the next pair.
func trimValue(v string) string {
	if i := strings.IndexAny(v, "&\"'<>`;"); i >= 0 {
		v = v[:i]
	}
	return strings.TrimRight(v, ").,:]}|/")
}

// spans are the places where values were found, so that one value is not
// reported under two rules, the values themselves, and where what was found is
// no secret.
type spans struct{ list, values, refused [][2]int }

func (s *spans) add(from, to int) { s.list = append(s.list, [2]int{from, to}) }

func (s *spans) has(at int) bool {
	for _, p := range s.list {
		if at >= p[0] && at < p[1] {
			return true
		}
	}
	return false
}
