package mask

import (
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/secret"
	"github.com/konseki/konseki/internal/event"
)

// Value is [Masker.Text] for the value of a field: the name may say that all of
// it is a secret.
func (m *Masker) Value(name, value string) string {
	masked, whole := whole(name, value)
	if !whole {
		masked, _ = m.Text(value)
	}
	return masked
}

// whole gives the mark of a value that its name says is a secret.
func whole(name, value string) (masked string, is bool) {
	if kind := secretName(name); kind != "" && value != "" && !notTyped(value, 0, len(value)) && len(value) < 4096 {
		return mark(kind, value), true
	}
	return "", false
}

// secretName gives the kind of secret that a field of this name holds, or "".
func secretName(name string) string {
	if i := strings.LastIndexAny(name, ".:/"); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("_- \"", r) {
			return -1
		}
		return r
	}, lowered(name))
	name = strings.TrimRight(name, "0123456789")
	switch name {
	case "pass", "pw", "pwd", "psk", "clearpassword", "パスワード", "暗証番号":
		return secret.KindPassword
	case "cvv", "cvc", "cav", "securitycode", "cardsecuritycode", "セキュリティコード":
		return secret.KindSecurityCode
	case "authorization", "proxyauthorization":
		return secret.KindBasic
	}
	for _, end := range [...]string{"password", "passwd", "passphrase", "passcode", "passwordconfirmation", "passwordconfirm"} {
		if strings.HasSuffix(name, end) {
			return secret.KindPassword
		}
	}
	for _, end := range [...]string{"clientsecret", "secretkey", "sharedsecret", "apikey", "accesstoken", "refreshtoken", "authtoken", "privatekey"} {
		if strings.HasSuffix(name, end) {
			return secret.KindToken
		}
	}
	return ""
}

// Event gives a copy of an event in which every text is masked. What was found
// to be a password in one place is masked where it stands by itself in another,
// but for the accounts, addresses and hosts: a password that equals an account
// must not hide who it was.
func (m *Masker) Event(ev event.Event) (masked event.Event, n int) {
	r := reader{m: m}
	known := r.learn(&ev)
	at := func(s *string) {
		if text, values := r.text(*s); len(values) > 0 {
			*s, n = text, n+len(values)
		}
	}
	for _, s := range []*string{&ev.Source, &ev.Format, &ev.NativeSeq, &ev.Chain, &ev.EventCode, &ev.ActorUser, &ev.TargetUser, &ev.SrcIP, &ev.DstIP, &ev.Host, &ev.Peer, &ev.Quality.Original} {
		at(s)
	}
	for _, s := range []*string{&ev.SessionUID, &ev.ProcessPath, &ev.CmdLine, &ev.Object, &ev.Statement, &ev.ClientApp, &ev.Message, &ev.Text} {
		at(s)
		n += known.hide(s)
	}
	ev.Fields, ev.Notes = slices.Clone(ev.Fields), slices.Clone(ev.Notes)
	for _, list := range [][]event.Field{ev.Fields, ev.Notes} {
		for i := range list {
			f := &list[i]
			at(&f.Name)
			value, is := whole(f.Name, f.Value)
			if !is {
				value, _ = r.text(f.Value)
			}
			if value != f.Value {
				f.Value, n = value, n+1
			}
			if !isWho(f.Name) {
				n += known.hide(&f.Value)
			}
		}
	}
	return ev, n
}

// isWho reports whether a native field names an account, host or address.
func isWho(name string) bool {
	name = lowered(name)
	for _, w := range [...]string{"user", "account", "host", "addr", "ip", "client", "name", "login", "computer"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// passwords are secrets found, to be masked where they stand by themselves.
type passwords []found

// shortestLearned is the length of a password that is looked for elsewhere.
const shortestLearned = 6

// reader masks the texts of one event, of which several are often the same: each
// is searched once.
type reader struct {
	m    *Masker
	seen []seen
}

// seen is a text with what [Masker.text] gave for it.
type seen struct {
	text, masked string
	values       []found
}

// maxSeen bounds how many texts of an event are kept.
const maxSeen = 64

func (r *reader) text(s string) (masked string, values []found) {
	if len(s) < shortest {
		return s, nil
	}
	for i := range r.seen {
		if r.seen[i].text == s {
			return r.seen[i].masked, r.seen[i].values
		}
	}
	masked, values = r.m.text(s)
	if len(r.seen) < maxSeen {
		r.seen = append(r.seen, seen{s, masked, values})
	}
	return masked, values
}

// learn gives the passwords that an event holds.
func (r *reader) learn(ev *event.Event) (list passwords) {
	add := func(kind, value string) {
		if len(value) >= shortestLearned && len(value) <= 200 && value != ev.ActorUser && value != ev.TargetUser && value != ev.Host && len(list) < 100 {
			list = append(list, found{kind, value})
		}
	}
	texts := []string{ev.CmdLine, ev.Object, ev.Statement, ev.Message, ev.Text}
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if kind := secretName(f.Name); kind != "" && !notTyped(f.Value+" ", 0, len(f.Value)) {
			add(kind, f.Value)
		}
		texts = append(texts, f.Value)
	}
	for _, text := range texts {
		_, values := r.text(text)
		for _, v := range values {
			add(v.kind, v.value)
		}
	}
	return list
}

// hide masks what is known where it stands by itself.
func (list passwords) hide(s *string) (n int) {
	for _, p := range list {
		for at := 0; ; {
			i := strings.Index((*s)[at:], p.value)
			if i < 0 {
				break
			}
			from, to := at+i, at+i+len(p.value)
			at = to
			if from > 0 && isLetter((*s)[from-1]) && isLetter(p.value[0]) || to < len(*s) && isLetter((*s)[to]) && isLetter(p.value[len(p.value)-1]) {
				continue
			}
			shown := mark(p.kind, p.value)
			*s = (*s)[:from] + shown + (*s)[to:]
			at, n = from+len(shown), n+1
		}
	}
	return n
}

func isLetter(c byte) bool { return c == '_' || c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z' }
