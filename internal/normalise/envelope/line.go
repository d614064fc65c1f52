package envelope

import (
	"strings"

	"github.com/konseki/konseki/internal/jsonx"
)

// asBytes ends the name of a text that is no UTF-8 and stands as base64.
const asBytes = ".$base64"

// lineOf finds the member that is the line, of the names the first that there
// is, and -1 when there is none. What stands as base64 is decoded in place, in
// all members.
func lineOf(members []jsonx.Member, names ...string) (at int, decoded bool) {
	for i := range members {
		if name, ok := strings.CutSuffix(members[i].Name, asBytes); ok {
			members[i].Name, members[i].Value, members[i].Kind = name, fromBase64(members[i].Value), jsonx.String
			decoded = true
		}
	}
	for _, name := range names {
		for i := range members {
			if m := &members[i]; m.Name == name && m.Kind == jsonx.String && strings.TrimSpace(m.Value) != "" {
				return i, decoded
			}
		}
	}
	return -1, decoded
}

// remaining gives the members but for one; at -1 is none of them.
func remaining(members []jsonx.Member, at int) []jsonx.Member {
	out := make([]jsonx.Member, 0, len(members))
	for i := range members {
		if i != at {
			out = append(out, members[i])
		}
	}
	return out
}

// messageOf gives the message of an entry of systemd's journal that names its
// program.
func messageOf(members []jsonx.Member) (string, bool) {
	message, named := "", false
	for i := range members {
		switch members[i].Name {
		case "MESSAGE":
			message = unended(members[i].Value)
		case "SYSLOG_IDENTIFIER":
			named = true
		}
	}
	return message, named && message != ""
}
