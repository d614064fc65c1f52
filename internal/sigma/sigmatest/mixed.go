package sigmatest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/normalise"
)

// share is a part of W2: how many of a hundred events are of a kind.
type share struct {
	percent int
	next    func() []Sample
}

// W2 makes n events as the servers and clients of a company of some hundred
// people send them, in these parts of a hundred:
//
//	46 Sysmon and Security events other than process creation: image loads 14, process accesses 11,
//	   registry 12, files 4, connections 2, DNS queries 1, logons 2
//	14 Windows process creation (W1: of attack recordings, a third match a rule)
//	16 web accesses (W1 10, log lines of the hub 6)
//	14 Linux: syslog with sshd 8, processes (W1) 4, other services 2
//	 5 firewalls, VPN, groupware, cloud and databases (samples, captured)
//	 5 lines of applications that no rule is for
//
// Numbers, identifiers, addresses and accounts vary with the seed from event
// to event; programs, keys and most command lines repeat, as they do.
func W2(tb testing.TB, n int, seed uint64) []Sample {
	tb.Helper()
	m := &mixer{rng: rand.New(rand.NewPCG(seed, 2)), normaliser: normalise.New()}
	m.windows = newWindowsNoise(m.rng)
	w1 := W1(tb, 100_000)
	of := func(keep func(s *Sample) bool) []Sample {
		return slices.DeleteFunc(slices.Clone(w1), func(s Sample) bool { return !keep(&s) })
	}
	windows := of(func(s *Sample) bool { return strings.Contains(s.Event.ProcessPath, `\`) })
	linux := of(func(s *Sample) bool { return strings.HasPrefix(s.Event.ProcessPath, "/") })
	web := of(func(s *Sample) bool { _, ok := s.Event.Get("cs-method"); return ok })
	sets := make(map[string][][]byte)
	for _, set := range collections(tb) {
		sets[set.from] = set.lines
	}
	shares := []share{
		{44, m.windows.next}, {2, m.from(sets["regression"])},
		{14, m.like(windows)}, {10, m.like(web)}, {8, m.from(sets["hub"])},
		{8, m.from(sets["linux"])}, {4, m.like(linux)},
		{5, m.from(slices.Concat(sets["samples"], sets["captured"]))}, {5, m.from(sets["applications"])},
	}
	out := make([]Sample, 0, n+8)
	for len(out) < n {
		at := m.rng.IntN(100)
		for _, s := range shares {
			if at -= s.percent; at < 0 {
				out = append(out, s.next()...)
				break
			}
		}
	}
	return out[:n]
}

// W1New is W1 with its values varied as in W2, in another order.
func W1New(tb testing.TB, n int, seed uint64) []Sample {
	tb.Helper()
	m := &mixer{rng: rand.New(rand.NewPCG(seed, 1))}
	next := m.like(W1(tb, n))
	var out []Sample
	for len(out) < n {
		out = append(out, next()...)
	}
	return out
}

type mixer struct {
	rng        *rand.Rand
	normaliser *normalise.Normaliser
	windows    *windowsNoise
}

// from gives records drawn from a collection, varied before they are read.
func (m *mixer) from(records [][]byte) func() []Sample {
	return func() []Sample {
		raw := []byte(vary(m.rng, string(records[m.rng.IntN(len(records))])))
		return derive(nil, m.normaliser, raw, "mixed")
	}
}

// like gives events drawn from a list, their values varied. Every third
// command line gets an argument that never was.
func (m *mixer) like(list []Sample) func() []Sample {
	return func() []Sample {
		s := list[m.rng.IntN(len(list))]
		s.Event.Fields = slices.Clone(s.Event.Fields)
		for i := range s.Event.Fields {
			f := &s.Event.Fields[i]
			switch f.Name {
			case "EventID", "Channel", "FileVersion", "IntegrityLevel", "MandatoryLabel", "sc-status", "TokenElevationType":
				continue
			case "CommandLine":
				if m.rng.IntN(3) == 0 {
					f.Value += " --session " + letters(m.rng, 10)
				}
			}
			f.Value = vary(m.rng, f.Value)
		}
		return []Sample{s}
	}
}

// vary replaces the second half of numbers of four digits and more, and all of
// long hexadecimal texts, by random digits. Years, event ids and what stands
// for a meaning stay.
func vary(rng *rand.Rand, text string) string {
	b := []byte(text)
	for i := 0; i < len(b); {
		n, digits := 0, 0
		for i+n < len(b) && isHex(b[i+n]) {
			if b[i+n] <= '9' {
				digits++
			}
			n++
		}
		switch run := b[i : i+n]; {
		case n >= 8 && digits > 0 && digits < n:
			for k := range run {
				run[k] = "0123456789ABCDEF"[rng.IntN(16)]
			}
		case n >= 4 && digits == n && !meaningful(text[:i], text[i:i+n]):
			for k := n / 2; k < n; k++ {
				run[k] = byte('0' + rng.IntN(10))
			}
		}
		i += n + 1
	}
	return string(b)
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// meaningful tells of a number by what stands before it whether it is a year,
// an event id or a code.
func meaningful(before, number string) bool {
	if len(number) == 4 && (number[:2] == "19" || number[:2] == "20") {
		return true
	}
	before = strings.ToLower(before[max(0, len(before)-14):])
	for _, sign := range []string{"eventid", "event_id", "event-id", "event.code", "logid", "s-1-16-", "%%", "type=", "level"} {
		if strings.Contains(before, sign) {
			return true
		}
	}
	return false
}

func letters(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rng.IntN(26))
	}
	return string(b)
}
