package format

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// IsPlain reports whether text is ASCII without a JSON escape of a character:
// all that is cut out of it, joined or unescaped is then valid UTF-8. What is
// decoded in another way, from hexadecimal, the format itself must check.
func IsPlain(text []byte) bool {
	const high = 0x8080808080808080
	rest := text
	for len(rest) >= 8 {
		if binary.LittleEndian.Uint64(rest)&high != 0 {
			return false
		}
		rest = rest[8:]
	}
	for _, c := range rest {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return !bytes.Contains(text, []byte(`\u`))
}

// Valid returns s with every run of bytes that is not UTF-8 replaced by U+FFFD.
func Valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// MakeValid makes every string of the event valid UTF-8.
func MakeValid(ev *event.Event) {
	for _, s := range []*string{
		&ev.Source, &ev.Format, &ev.NativeSeq, &ev.EventCode, &ev.ActorUser, &ev.TargetUser,
		&ev.SrcIP, &ev.DstIP, &ev.Host, &ev.SessionUID, &ev.ProcessPath, &ev.CmdLine, &ev.Object,
		&ev.Statement, &ev.ClientApp, &ev.Message, &ev.Text, &ev.Quality.Original,
	} {
		*s = Valid(*s)
	}
	for i := range ev.Fields {
		ev.Fields[i].Name = Valid(ev.Fields[i].Name)
		ev.Fields[i].Value = Valid(ev.Fields[i].Value)
	}
}
