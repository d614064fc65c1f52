package event

import (
	"net/url"
	"strings"
)

// Transport describes how a record came in. Its text form is a kind followed
// by hints, "file;format=csv;columns=time%2Cuser;tz=Asia%2FTokyo", so that a
// Record carries all that normalise needs to derive the same Events again.
// Values are percent-escaped; keys are lower-case ASCII.
//
// Known kinds: "file", "syslog/udp", "syslog/tcp", "syslog/tls", "relp",
// "fluent" (chunks acknowledged), "fluent/stream" (not), "http" (JSON lines and
// raw lines), "otlp", "elastic", "hec", "journal" (systemd-journal-upload),
// "tail" (files on this host), "journald" (this host's journal), "pull" (asked
// of a service), "konseki". Known hints:
//
//	id       first 16 hex digits of the file's SHA-256
//	path     path inside the imported folder or archive
//	format   format recognised for the whole file (a normalise format name)
//	columns  CSV header, comma separated, each column percent-escaped again
//	map      which headings of a CSV stand for which columns, "time=日時,user=ユーザー",
//	         each heading percent-escaped again
//	enc      character encoding other than UTF-8: "shift_jis"
//	tz       IANA zone for times that state none
//	tzfrom   "configured" (an operator said so) or "assumed" (nobody did)
//	ref      RFC 3339 instant by which a missing year is inferred
//	host     host the lines came from where they do not say
//	peer     address of the sender
//	sender   name under which the sender proved who it is
//	auth     how it did: "token", "certificate"
//	api      service and stream that were pulled: "okta/system"
type Transport struct {
	Kind  string
	Hints []Hint
}

// Hint is one key=value of a Transport.
type Hint struct{ Key, Value string }

// LiveKind reports whether records of this kind of transport arrive as they are
// written, so that the time of receipt tells something of their clocks. What is
// imported or asked for does not, nor what konseki writes itself.
func LiveKind(kind string) bool {
	return kind != "" && kind != "file" && kind != "pull" && kind != "konseki"
}

// ParseTransport reads the text form. It never fails: what is not a hint is
// left out, because the text is for konseki itself to write.
func ParseTransport(s string) Transport {
	kind, rest, more := strings.Cut(s, ";")
	t := Transport{Kind: kind}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ";")
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		t.Hints = append(t.Hints, Hint{key, value})
	}
	return t
}

// TransportKind is the Kind of the text form of a transport, without reading
// its hints: it is asked of every record.
func TransportKind(s string) string {
	kind, _, _ := strings.Cut(s, ";")
	return kind
}

// Get returns the value of a hint, or "".
func (t Transport) Get(key string) string {
	for _, h := range t.Hints {
		if h.Key == key {
			return h.Value
		}
	}
	return ""
}

// With returns the transport with one more hint; an empty value adds none.
func (t Transport) With(key, value string) Transport {
	if value == "" {
		return t
	}
	hints := make([]Hint, len(t.Hints), len(t.Hints)+1)
	copy(hints, t.Hints)
	t.Hints = append(hints, Hint{key, value})
	return t
}

// String writes the text form.
func (t Transport) String() string {
	var b strings.Builder
	b.WriteString(t.Kind)
	for _, h := range t.Hints {
		b.WriteByte(';')
		b.WriteString(h.Key)
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(h.Value))
	}
	return b.String()
}

// JoinColumns gives the value of the hint "columns".
func JoinColumns(columns []string) string {
	escaped := make([]string, len(columns))
	for i, c := range columns {
		escaped[i] = url.QueryEscape(c)
	}
	return strings.Join(escaped, ",")
}

// SplitColumns reads the value of the hint "columns".
func SplitColumns(hint string) []string {
	columns := strings.Split(hint, ",")
	for i, c := range columns {
		if plain, err := url.QueryUnescape(c); err == nil {
			columns[i] = plain
		}
	}
	return columns
}
