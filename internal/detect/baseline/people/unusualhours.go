package people

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type hours struct {
	zone            *time.Location
	approved        []shift
	accounts        []string
	learn, remember int32
	uses, tolerance int
	info            finding.Info
}

// A shift is approved hours on certain days: from and to in minutes, to later.
type shift struct {
	days     [7]bool
	from, to int
}

// A week is the day on which an account was last used in each hour of working
// days, Saturdays and Sundays of UTC. Zero means never.
type week [3][24]int32

func kindOfDay(t time.Time) int {
	switch t.Weekday() {
	case time.Saturday:
		return 1
	case time.Sunday:
		return 2
	}
	return 0
}

func (w *week) learn(u *use) {
	if u.logon && !u.mobile {
		at := &w[kindOfDay(u.time)][u.time.Hour()]
		*at = max(*at, u.day)
	}
}

// knows reports whether an account was used on days of this kind within some
// hours of an hour of the day.
func (w *week) knows(u *use, tolerance int, since int32) bool {
	for d := -tolerance; d <= tolerance; d++ {
		t := u.time.Add(time.Duration(d) * time.Hour)
		if w[kindOfDay(t)][t.Hour()] >= max(since, 1) {
			return true
		}
	}
	return false
}

func (b *persons) tuneHours(t *learn.Tuning) {
	p := &b.hours
	p.accounts = lowered(t.List("accounts", nil))
	p.approved = b.shifts(t)
	p.zone = b.zone(t)
	p.learn, p.remember = b.span(t, "learn", 30*learn.Day), b.span(t, "remember", 90*learn.Day)
	p.uses, p.tolerance = t.Int("days_used", 15), t.Int("tolerance_hours", 3)
	p.info = finding.Info{
		ID:    "baseline-unusual-hours",
		Title: "Logon at unusual hours", TitleJA: "普段と異なる時間帯のログイン",
		Description: "An account logs on at hours it was not used at on days of that kind (working days, Saturdays, Sundays) within the remembered days. " +
			"Low; phones are left out, and people on call are learned after their first night. With approved hours (\"Mon-Fri 07:00-22:00, Sat 09:00-12:00\" in " +
			"the given zone, of accounts or all) a logon outside them is medium. It cannot see an intruder who keeps office hours.",
		DescriptionJA: "記憶している日数のあいだ、同じ種類の日（平日・土曜・日曜）に使われたことのない時間帯にログインした。「低」。携帯端末は除き、夜間当番は最初の夜の後に学習する。" +
			"hours に承認された時間帯（「Mon-Fri 07:00-22:00, Sat 09:00-12:00」、時間帯は zone）があれば、その外のログインは「中」（accounts が空なら全員）。" +
			"勤務時間に行動する侵入者は見えない。",
		Level: finding.LevelMedium, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// zone reads "+09:00", or the name of a zone.
func (b *persons) zone(t *learn.Tuning) *time.Location {
	text := t.List("zone", []string{"+09:00"})
	if len(text) == 1 {
		if at, err := time.Parse("-07:00", text[0]); err == nil {
			_, seconds := at.Zone()
			return time.FixedZone(text[0], seconds)
		}
	}
	t.Refuse("zone", "%q is no offset (+09:00)", strings.Join(text, ","))
	return time.UTC
}

// shifts reads "Mon-Fri 07:00-22:00", several separated by commas.
func (b *persons) shifts(t *learn.Tuning) []shift {
	var out []shift
	for _, text := range t.List("hours", nil) {
		s, ok := parseShift(text)
		if !ok {
			t.Refuse("hours", "%q is not like \"Mon-Fri 07:00-22:00\"", text)
			continue
		}
		out = append(out, s)
	}
	return out
}

func parseShift(text string) (s shift, ok bool) {
	days, clock, found := strings.Cut(text, " ")
	first, last, ranged := strings.Cut(days, "-")
	if !ranged {
		last = first
	}
	from, to := weekday(first), weekday(last)
	start, end, _ := strings.Cut(strings.TrimSpace(clock), "-")
	s.from, s.to = minutes(start), minutes(end)
	if !found || from < 0 || to < 0 || s.from < 0 || s.to <= s.from {
		return s, false
	}
	for d := from; ; d = (d + 1) % 7 {
		s.days[d] = true
		if d == to {
			return s, true
		}
	}
}

func weekday(s string) int {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String()[:3], s) {
			return int(d)
		}
	}
	return -1
}

// minutes reads "22:30" up to "24:00" as minutes since midnight, or -1.
func minutes(s string) int {
	h, m, _ := strings.Cut(s, ":")
	hour, errHour := strconv.Atoi(h)
	minute, errMinute := strconv.Atoi(m)
	if errHour != nil || errMinute != nil || hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour == 24 && minute > 0 {
		return -1
	}
	return hour*60 + minute
}

// approvedFor reports whether hours are approved for an account.
func (p *hours) approvedFor(account string) bool {
	return len(p.approved) > 0 && listed(p.accounts, account)
}

// judgeHours judges a logon by the hours learned, where none are approved.
func (b *persons) judgeHours(u *use, h *habit) {
	p := &b.hours
	if !u.logon || p.approvedFor(u.account) {
		return
	}
	since := u.day - p.remember
	if u.mobile || h.week.knows(u, p.tolerance, since) || !h.learned(u.day, p.learn, p.remember) || h.days.Count(since, u.day) < p.uses {
		return
	}
	f := aboutUse(u, finding.LevelLow)
	if last := h.addresses.latest(); last != nil {
		f.Records = append(f.Records, last.record)
	}
	days := h.days.Since(since, u.day)
	f.Why = fmt.Sprintf("%s logged on from %s at %s, hours it was never used at on such days in %d days.",
		finding.Shown(u.shown), u.addr, u.time.In(p.zone).Format("Mon 15:04 -07:00"), days)
	f.WhyJA = fmt.Sprintf("%s が %s に %s からログインした。過去 %d 日間、同じ種類の日のこの時間帯に使われたことはない。",
		finding.Shown(u.shown), u.time.In(p.zone).Format("2006-01-02 15:04 -07:00"), u.addr, days)
	b.kit.Raise(f, &p.info, u.account)
}

// outsideHours judges a logon by the hours that parameters approve.
func (b *persons) outsideHours(u *use) {
	p := &b.hours
	if !u.logon || !p.approvedFor(u.account) {
		return
	}
	t := u.time.In(p.zone)
	minute := t.Hour()*60 + t.Minute()
	for _, s := range p.approved {
		if s.days[t.Weekday()] && minute >= s.from && minute < s.to {
			return
		}
	}
	f := aboutUse(u, finding.LevelMedium)
	f.Why = fmt.Sprintf("%s logged on from %s at %s, outside the approved hours.", finding.Shown(u.shown), u.addr, t.Format("Mon 15:04 -07:00"))
	f.WhyJA = fmt.Sprintf("%s が承認された時間帯の外（%s）に %s からログインした。", finding.Shown(u.shown), t.Format("2006-01-02 15:04 -07:00"), u.addr)
	b.kit.Raise(f, &p.info, u.account)
}
