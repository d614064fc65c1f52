package cloud

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewProFTPD returns the format "proftpd": its SystemLog, `TIME HOST
// proftpd[N] SERVER (NAME[192.0.2.1]): USER alice: Login successful.`, and the
// same from SERVER on by syslog. Source: proftpd.org, "Logging" and mod_auth.
func NewProFTPD() format.Format {
	return format.Line{Named: "proftpd", Of: isProFTPD, Read: readProFTPD}
}

// proFTPDPeer finds "(NAME[ADDRESS])" and gives where it begins and what
// follows it.
func proFTPDPeer(raw []byte) (begin, end int) {
	head := raw[:min(len(raw), 600)]
	begin = bytes.Index(head, []byte(" ("))
	if begin < 0 {
		return -1, -1
	}
	end = bytes.Index(head[begin:], []byte("])"))
	if end < 0 || bytes.IndexByte(head[begin:begin+end], '[') < 0 {
		return -1, -1
	}
	return begin + 2, begin + end + 2
}

func isProFTPD(raw []byte) bool {
	if len(raw) > 30 && raw[4] == '-' && bytes.Contains(raw[:min(len(raw), 200)], []byte(" proftpd[")) {
		return true
	}
	begin, end := proFTPDPeer(raw)
	if begin < 0 || bytes.IndexByte(raw[:begin-2], ' ') >= 0 { // before it stands the server's name, one word
		return false
	}
	return bytes.HasPrefix(raw[end:], []byte(": ")) || bytes.HasPrefix(raw[end:], []byte(" - "))
}

func readProFTPD(in *format.Input, ev *event.Event) bool {
	s := in.Text()
	if head, rest, ok := strings.Cut(s, " proftpd["); ok && format.IsDigit(s[0]) {
		at, n, timed := format.ScanTime(head)
		pid, after, closed := strings.Cut(rest, "]")
		if !timed || !closed {
			return false
		}
		if fraction, ok := strings.CutPrefix(head[n:], ","); ok && len(fraction) > 3 { // Go's and ISO's separator apart
			if d, precision, end := format.Fraction(fraction, 0); end > 0 {
				at.Wall, at.Precision, at.Text = at.Wall.Add(d), precision, head[:n+1+end]
				n += 1 + end
			}
		}
		at.Set(in, ev)
		ev.Host = strings.TrimSpace(head[n:])
		ev.Add("pid", pid)
		s = strings.TrimPrefix(strings.TrimPrefix(after, ":"), " ")
	}
	message := s
	if begin, end := proFTPDPeer([]byte(s)); begin > 0 {
		peer := s[begin : end-1]
		name, address, _ := strings.Cut(strings.TrimSuffix(peer, "]"), "[")
		ev.SrcIP = format.Address(address)
		ev.Add("server", strings.TrimSuffix(s[:begin], " ("))
		ev.Add("rhost", name)
		message = strings.TrimPrefix(strings.TrimPrefix(s[end:], ":"), " - ")
		message = strings.TrimPrefix(message, " ")
	}
	ev.Message = format.Message(message)
	proFTPDAct(ev, message)
	return true
}

func proFTPDAct(ev *event.Event, message string) {
	user, rest, named := strings.Cut(strings.TrimPrefix(message, "USER "), ": ")
	named = named && strings.HasPrefix(message, "USER ")
	switch {
	case strings.HasPrefix(message, "FTP session opened"), strings.HasPrefix(message, "SSH2 session opened"):
		connection(ev, event.ActivityNetworkOpen)
	case strings.HasPrefix(message, "FTP session closed"), strings.HasPrefix(message, "SSH2 session closed"), strings.HasPrefix(message, "Client session idle timeout"):
		connection(ev, event.ActivityNetworkClose)
	case named && strings.HasPrefix(rest, "Login successful"):
		format.Logon(ev, user, event.StatusSuccess)
	case named && strings.HasPrefix(rest, "no such user"):
		format.Logon(ev, user, event.StatusFailure)
		ev.Add("invalid_user", "true")
	case named:
		user, reason, _ := strings.Cut(user, " (Login failed)")
		format.Logon(ev, user, event.StatusFailure)
		ev.Add("reason", strings.TrimPrefix(reason+rest, ": "))
		if strings.Contains(strings.ToLower(rest), "no such user") {
			ev.Add("invalid_user", "true")
		}
	case strings.HasPrefix(message, "SECURITY VIOLATION"):
		format.Logon(ev, strings.ToLower(format.Between(message, "VIOLATION: ", " login")), event.StatusFailure)
		ev.SeverityID = event.SeverityHigh
	case strings.HasPrefix(message, "Maximum login attempts"):
		format.Logon(ev, "", event.StatusFailure)
	}
}
