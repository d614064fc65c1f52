package stream

import (
	"bufio"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// FluentUser is a sender that proves who it is by a password.
type FluentUser struct {
	Name, Password string
	Sources        []string // that it may write; "*" stands for all
}

// maxPing bounds what a sender may say before it proved who it is.
const maxPing = 16 << 10

// hello is the handshake of the forward protocol: HELO, PING, PONG. Both sides
// prove by digests that they know the shared key, and the sender its password
// where there are users; neither is ever sent.
func (s *Fluent) hello(l *link, r *bufio.Reader) error {
	nonce, salt := make([]byte, 16), []byte{}
	_, _ = rand.Read(nonce) // it never fails
	if len(s.Users) > 0 {
		salt = make([]byte, 16)
		_, _ = rand.Read(salt)
	}
	if err := write(l, heloMessage(nonce, salt)); err != nil {
		return err
	}
	timer := time.AfterFunc(handshakeTime, func() { _ = l.conn.Close() })
	defer timer.Stop()
	text, err := readValue(r, nil, maxPing, func(int) error { return nil })
	if err != nil {
		return err
	}
	ping, err := parsePing(text)
	if err != nil {
		return err
	}
	who, ok := s.prove(ping, nonce, salt)
	if !ok {
		_ = write(l, pongMessage(false, "the shared key, the user or the password is wrong", "", ""))
		l.lose(event.Loss{Kind: event.LossRejected, Reason: event.WhyToken})
		return errors.New("a sender could not prove who it is")
	}
	if !l.who.Proved() || len(s.Users) > 0 {
		l.who = who
	}
	return write(l, pongMessage(true, "", s.Name, digest(ping.salt, s.Name, string(nonce), s.SharedKey)))
}

func write(l *link, text []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(handshakeTime)); err != nil {
		return err
	}
	_, err := l.conn.Write(text)
	return err
}

// ping is what a sender says of itself.
type ping struct{ host, salt, key, user, password string }

func parsePing(b []byte) (ping, error) {
	const words = 6
	p, rest, err := first(b)
	if err != nil || !isArray(p.kind) || p.n != words {
		return ping{}, fmt.Errorf("%w: no PING where one is due", errFluent)
	}
	var said [words]string
	for i := range said {
		var w part
		if w, rest, err = first(rest); err != nil || w.n > 0 {
			return ping{}, fmt.Errorf("%w: a PING of other things than texts", errFluent)
		}
		said[i] = string(w.body)
	}
	if said[0] != "PING" {
		return ping{}, fmt.Errorf("%w: no PING where one is due", errFluent)
	}
	return ping{said[1], said[2], said[3], said[4], said[5]}, nil
}

// prove checks the digests, each in constant time and all of them, so that
// nothing shows which was wrong.
func (s *Fluent) prove(p ping, nonce, salt []byte) (sender.Identity, bool) {
	ok := same(p.key, digest(p.salt, p.host, string(nonce), s.SharedKey))
	if len(s.Users) == 0 {
		return sender.Identity{Name: "fluent", How: "token", Sources: []string{"*"}}, ok
	}
	who, known := sender.Identity{}, false
	for _, u := range s.Users {
		if same(p.user, u.Name) && same(p.password, digest(string(salt), u.Name, u.Password)) {
			who, known = sender.Identity{Name: u.Name, How: "token", Sources: u.Sources}, true
		}
	}
	return who, ok && known
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func digest(parts ...string) string {
	h := sha512.New()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func heloMessage(nonce, salt []byte) []byte {
	b := appendString([]byte{0x92}, "HELO")
	b = appendString(append(b, 0x83), "nonce")
	b = appendBin(b, nonce)
	b = appendBin(appendString(b, "auth"), salt)
	return append(appendString(b, "keepalive"), 0xc3)
}

func pongMessage(ok bool, why, host, digest string) []byte {
	b := appendString([]byte{0x95}, "PONG")
	if ok {
		b = append(b, 0xc3)
	} else {
		b = append(b, 0xc2)
	}
	return appendString(appendString(appendString(b, why), host), digest)
}

// appendString writes a short text as MessagePack: up to 65,535 bytes.
func appendString(b []byte, s string) []byte {
	switch {
	case len(s) < 32:
		b = append(b, 0xa0|byte(len(s)))
	case len(s) < 256:
		b = append(b, 0xd9, byte(len(s)))
	default:
		b = append(b, 0xda, byte(len(s)>>8), byte(len(s)))
	}
	return append(b, s...)
}

// appendBin writes up to 255 bytes as MessagePack.
func appendBin(b, raw []byte) []byte {
	return append(append(b, 0xc4, byte(len(raw))), raw...)
}
