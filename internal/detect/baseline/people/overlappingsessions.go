package people

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

type overlap struct {
	logon, tunnel, settle time.Duration
	most, shared          int
	learn, remember       int32
	rooms                 *bounded.Table[netip.Addr, room]
	pairs                 *bounded.Table[[2]string, learn.Dayset] // accounts that were used together
	pending               []meeting                               // by time
	info                  finding.Info
}

// A room is an address with the sessions that were opened from it.
type room struct {
	sessions []session // by start
	waiting  bool      // a meeting from here is pending
}

type session struct {
	account, shown string
	uid            string
	start, end     time.Time // end is when it is taken to be over, or was
	record         uint64
	vpn            bool
	known          bool // the account's habits were known
}

// A meeting is the use that made sessions of two accounts overlap.
type meeting struct {
	due time.Time
	use use
}

// Limits per address and in all.
const (
	maxSessions = 32
	maxMeetings = 10_000
)

func (b *persons) tuneOverlap(t *learn.Tuning) {
	p := &b.overlap
	p.logon, p.tunnel, p.settle = t.Duration("logon_lasts", 10*time.Minute), t.Duration("tunnel_lasts", 12*time.Hour), t.Duration("settle", time.Hour)
	p.most, p.shared = t.Int("most_accounts", 4), t.Int("shared_account_lines", 3)
	p.learn, p.remember = b.span(t, "learn", 14*learn.Day), b.span(t, "remember", 90*learn.Day)
	b.egress = egressParams{t.Int("egress_accounts", 4), t.Int("pool_accounts", 3), p.remember}
	p.rooms = bounded.NewTable[netip.Addr, room](maxVisited/4, b.kit.Evicted())
	p.pairs = bounded.NewTable[[2]string, learn.Dayset](maxVisited, b.kit.Evicted())
	p.info = finding.Info{
		ID:    "baseline-overlapping-sessions",
		Title: "Sessions of several accounts overlap at one address", TitleJA: "一つの接続元で複数アカウントのセッションが重なった",
		Description: "Several accounts, in whatever services, have sessions from one public address at the same time: tunnels from opening to closing, " +
			"logons within logon_lasts. It is said after settle: with more accounts than most_accounts by then the address is an office. Offices, " +
			"carriers' pools, accounts used from shared_account_lines lines a day and accounts that were used together on an earlier day (one household) are left out. Low while an account's habits are " +
			"not known; high for three accounts or two VPN sessions. It cannot tell two people at a new shared place from one intruder.",
		DescriptionJA: "一つのグローバルアドレスで、複数アカウント（サービスは問わない）のセッションが同時に開いていた。トンネルは接続から切断まで、ログインは logon_lasts のあいだ続くとみる。" +
			"判定は settle の後で、それまでに most_accounts を超えれば事業所とみなす。事業所、携帯網、一日に shared_account_lines 以上の回線で使われる共用アカウント、以前の日にも一緒に使われたアカウント（同居など）は除く。" +
			"使われ方の分からないアカウントを含むうちは「低」、3 アカウント以上または VPN どうしなら「高」。初めての場所に二人でいる場合と一人の侵入者は区別できない。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078", "attack.t1133"},
		Params: t.Params(),
	}
}

// opens takes a session in and notes when it overlaps with another account's.
func (b *persons) opens(u *use, h *habit) {
	p := &b.overlap
	if !u.logon || u.addr.IsPrivate() || h != nil && h.crowd.peak(u.day-p.remember) >= p.shared {
		return // an account that many use says nothing of who is there
	}
	r, _ := p.rooms.Get(u.addr)
	lasts := p.logon
	if u.vpn {
		lasts = p.tunnel
	}
	longest := u.time.Add(-max(p.tunnel, p.logon) - p.settle)
	r.sessions = slices.DeleteFunc(r.sessions, func(s session) bool { return s.start.Before(longest) })
	meets := slices.ContainsFunc(r.sessions, func(s session) bool { return s.account != u.account && !s.end.Before(u.time) })
	if len(r.sessions) == maxSessions {
		r.sessions = slices.Delete(r.sessions, 0, 1)
	}
	r.sessions = append(r.sessions, session{
		account: strings.Clone(u.account), shown: strings.Clone(u.shown), uid: strings.Clone(u.session), start: u.time, end: u.time.Add(lasts),
		record: u.record, vpn: u.vpn, known: h != nil && h.learned(u.day, p.learn, p.remember),
	})
	if meets && !r.waiting && len(p.pending) < maxMeetings {
		r.waiting = true
		p.pending = append(p.pending, meeting{u.time.Add(p.settle), *u})
	}
}

// closes ends the session that a logoff or a closed tunnel names.
func (b *persons) closes(ev *event.Event) {
	logoff := ev.ClassUID == event.ClassAuthentication && ev.ActivityID == event.ActivityLogoff
	tunnel := ev.ClassUID == event.ClassTunnel && ev.ActivityID == event.ActivityTunnelClose
	if !logoff && !tunnel {
		return
	}
	addr, err := netip.ParseAddr(ev.SrcIP)
	if err != nil {
		return
	}
	r := b.overlap.rooms.Find(addr.Unmap().WithZone(""))
	if r == nil {
		return
	}
	account := learn.AccountKey(ev.ActorUser)
	for i := range r.sessions {
		s := &r.sessions[i]
		named := account != "" && s.account == account || account == "" && s.uid != "" && s.uid == ev.SessionUID
		if named && s.vpn == tunnel && (s.uid == "" || ev.SessionUID == "" || s.uid == ev.SessionUID) && s.end.After(ev.Time) {
			s.end = learn.Later(s.start, ev.Time)
		}
	}
}

// settleUntil judges the meetings that have been waited for long enough.
func (b *persons) settleUntil(now time.Time) {
	p := &b.overlap
	for len(p.pending) > 0 && !p.pending[0].due.After(now) {
		m := p.pending[0]
		p.pending = p.pending[1:]
		if r := p.rooms.Find(m.use.addr); r != nil {
			r.waiting = false
			b.met(&m, r)
		}
	}
}

// met judges the sessions around a meeting.
func (b *persons) met(m *meeting, r *room) {
	p, u := &b.overlap, &m.use
	together := present(r, u.time, m.due)
	if len(together) < 2 || len(together) > p.most || b.shared(u.addr, u.day) {
		return
	}
	if b.household(together, u.day) {
		return
	}
	level, tunnels := finding.LevelMedium, 0
	for _, s := range together {
		if s.vpn {
			tunnels++
		}
	}
	if len(together) > 2 || tunnels > 1 {
		level = finding.LevelHigh
	}
	if slices.ContainsFunc(together, func(s session) bool { return !s.known }) {
		level = finding.LevelLow
		if !b.watching(u.day, p.learn, p.remember) {
			level = finding.LevelInformational // everybody is new
		}
	}
	f := aboutUse(u, level)
	f.Until = together[len(together)-1].start
	names := make([]string, 0, len(together))
	for _, s := range together {
		names = append(names, s.shown)
		f.Records = append(f.Records, s.record)
	}
	f.Until = learn.Later(f.Time, f.Until)
	f.Why = fmt.Sprintf("%d accounts had sessions from %s at the same time (%s): %s; they were never used together in %d days.",
		len(names), u.addr, finding.Clock(u.time), finding.List(names), b.seen.Since(u.day-p.remember, u.day))
	f.WhyJA = fmt.Sprintf("%s で %d 件のアカウントのセッションが同時に開いていた（%s）：%s。過去 %d 日間に一緒に使われたことはない。",
		u.addr, len(names), finding.ClockJA(u.time), finding.List(names), b.seen.Since(u.day-p.remember, u.day))
	b.kit.Raise(f, &p.info, u.addr.String())
}

// present lists the accounts with a session open at an instant, or opened from
// then on until another, each once, in the order of their first such session.
func present(r *room, from, until time.Time) []session {
	var out []session
	for _, s := range r.sessions {
		if s.end.Before(from) || s.start.After(until) || slices.ContainsFunc(out, func(o session) bool { return o.account == s.account }) {
			continue
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b session) int { return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.account, b.account)) })
	return out
}

// household reports whether all of the accounts were used together on an
// earlier day, and remembers that they are today.
func (b *persons) household(list []session, day int32) bool {
	known := true
	for i := range list {
		for j := range i {
			pair := [2]string{list[i].account, list[j].account}
			slices.Sort(pair[:])
			if list[i].vpn && list[j].vpn {
				pair[0] += "\x00vpn" // to have met in the chat says nothing of the VPN
			}
			d, _ := b.overlap.pairs.Get(pair)
			known = known && d.Any(day-b.overlap.remember, day-1)
			d.Mark(day)
		}
	}
	return known
}
