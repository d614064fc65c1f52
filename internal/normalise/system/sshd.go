package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// readSSHD reads the messages of OpenSSH's server (auth.c, auth2.c, packet.c,
// sshd.c). Names in them are chosen by the peer and may hold blanks or look
// like the rest of a message, so addresses are taken from the end.
func readSSHD(ev *event.Event, message string) {
	s := strings.TrimSuffix(message, " [preauth]")
	s = strings.TrimPrefix(s, "error: ")
	word, rest, _ := strings.Cut(s, " ")
	switch word {
	case "Accepted":
		sshAccepted(ev, rest)
	case "Failed":
		sshFailed(ev, rest)
	case "Invalid", "Illegal":
		sshRefused(ev, strings.TrimPrefix(rest, "user "))
	case "maximum", "Maximum":
		_, who, _ := strings.Cut(rest, " for ")
		sshRefused(ev, who)
	case "input_userauth_request:":
		format.Logon(ev, strings.TrimPrefix(rest, "invalid user "), event.StatusFailure)
	case "Connection", "Disconnected", "Disconnecting", "Received":
		sshConnection(ev, word, rest)
	case "User":
		sshNotAllowed(ev, rest)
	case "PAM:":
		if _, who, ok := strings.Cut(rest, " for "); ok {
			sshRefused(ev, who)
		}
	default:
		if !readPAM(ev, s) {
			sshOther(ev, s)
		}
	}
}

// sshAccepted reads "publickey for alice from 192.0.2.1 port 22 ssh2: KEY".
func sshAccepted(ev *event.Event, s string) {
	method, s, _ := strings.Cut(s, " for ")
	user, peer, _ := strings.Cut(s, " from ")
	format.Logon(ev, user, event.StatusSuccess)
	ev.Add("method", method)
	if tail := setPeer(ev, peer); tail != "" {
		_, key, _ := strings.Cut(tail, ": ")
		ev.Add("key", key)
	}
}

// sshFailed reads "password for invalid user bob from 192.0.2.1 port 22 ssh2".
func sshFailed(ev *event.Event, s string) {
	method, who, ok := strings.Cut(s, " for ")
	if !ok {
		sshOther(ev, s)
		return
	}
	sshRefused(ev, who)
	ev.Add("method", method)
}

// sshRefused reads "[invalid user ]NAME from ADDRESS[ port N][ ssh2]".
func sshRefused(ev *event.Event, s string) {
	s = strings.TrimPrefix(s, "illegal user ")
	if known, ok := strings.CutPrefix(s, "invalid user "); ok {
		s = known
		ev.Add("invalid_user", "true")
	}
	i := strings.LastIndex(s, " from ")
	if i < 0 {
		if peer, ok := strings.CutPrefix(s, "from "); ok { // an empty name
			setPeer(ev, peer)
		} else {
			ev.ActorUser = s
		}
	} else {
		ev.ActorUser = strings.TrimSpace(s[:i])
		setPeer(ev, s[i+len(" from "):])
	}
	format.Logon(ev, ev.ActorUser, event.StatusFailure)
}

// setPeer reads "ADDRESS[ port N]" and returns what follows. A host name in
// place of the address is kept as a native field.
func setPeer(ev *event.Event, s string) (rest string) {
	word, rest, _ := strings.Cut(s, " ")
	word = strings.TrimRight(word, ":.,;")
	if ip, number := format.AddressPort(word); ip != "" {
		ev.SrcIP, ev.SrcPort = ip, number
	} else {
		ev.Add("rhost", word)
	}
	after, ok := strings.CutPrefix(rest, "port ")
	if !ok {
		return rest
	}
	end := 0
	for end < len(after) && format.IsDigit(after[end]) {
		end++
	}
	ev.SrcPort = format.Port(after[:end])
	return after[end:]
}

// sshConnection reads the ends of connections: "closed by authenticating user
// root 192.0.2.1 port 22", "from user alice 192.0.2.1 port 22", "disconnect
// from 192.0.2.1 port 22:11: bye", "from 192.0.2.1 port 22 on 198.51.100.1 port 22".
func sshConnection(ev *event.Event, word, s string) {
	ev.ClassUID, ev.ActivityID = event.ClassSSH, event.ActivityNetworkClose
	for _, prefix := range [...]string{"closed by ", "reset by ", "disconnect from ", "from "} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			if word == "Connection" && prefix == "from " {
				ev.ActivityID = event.ActivityNetworkOpen
			}
			s = rest
			break
		}
	}
	for _, kind := range [...]string{"authenticating user ", "invalid user ", "user "} {
		rest, ok := strings.CutPrefix(s, kind)
		if !ok {
			continue
		}
		i := strings.LastIndex(rest, " port ")
		j := strings.LastIndexByte(rest[:max(i, 0)], ' ')
		if i < 0 || j < 0 {
			return
		}
		if kind != "user " {
			format.Logon(ev, rest[:j], event.StatusFailure)
		}
		ev.ActorUser, s = rest[:j], rest[j+1:]
		break
	}
	if word == "Disconnecting" && ev.ActorUser == "" {
		ev.ActorUser = format.After(s, "failures for ")
		return
	}
	if s != "" {
		setPeer(ev, s)
	}
}

// sshNotAllowed reads "alice from 192.0.2.1 not allowed because …".
func sshNotAllowed(ev *event.Event, s string) {
	who, reason, ok := strings.Cut(s, " not allowed because ")
	if !ok {
		ev.ClassUID = event.ClassSSH
		return
	}
	if i := strings.LastIndex(who, " from "); i >= 0 {
		setPeer(ev, who[i+len(" from "):])
		who = who[:i]
	}
	format.Logon(ev, who, event.StatusFailure)
	ev.Add("reason", reason)
}

// sshOther takes the peer's address out of any other message.
func sshOther(ev *event.Event, s string) {
	ev.ClassUID, ev.ActivityID = event.ClassSSH, event.ActivityOther
	if name, ok := strings.CutPrefix(s, "reverse mapping checking getaddrinfo for "); ok {
		_, bracketed, _ := strings.Cut(name, "[")
		inside, _, _ := strings.Cut(bracketed, "]")
		ev.SrcIP = format.Address(inside)
		return
	}
	for _, mark := range [...]string{" from ", " with ", " by ", " for "} {
		i := strings.LastIndex(s, mark)
		if i < 0 {
			continue
		}
		word, _, _ := strings.Cut(s[i+len(mark):], " ")
		if ip, _ := format.AddressPort(strings.TrimRight(word, ":.,;")); ip != "" {
			setPeer(ev, s[i+len(mark):])
			return
		}
	}
}
