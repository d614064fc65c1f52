package estate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Address says in a few words whose an address was: "inside: PC-114, engineer K,
// since 09:12". It is empty where nothing was imported about it.
func (e *Estate) Address(address string, at time.Time, zone *time.Location) event.Phrase {
	addr, err := netip.ParseAddr(address)
	if err != nil || e == nil {
		return event.Phrase{}
	}
	network, isOwn := e.Network(addr, at)
	device, isKnown := e.Device(addr, at)
	if !isOwn && !isKnown {
		return event.Phrase{}
	}
	where := event.Phrase{JA: "社外", EN: "outside"}
	if e.Inside(addr, at) || !isOwn {
		where = event.Phrase{JA: "社内", EN: "inside"}
	}
	var parts []string
	for _, p := range []string{network.Name, device.Name, device.Owner} {
		if p != "" && !slices.Contains(parts, p) && p != where.JA && p != where.EN {
			parts = append(parts, p)
		}
	}
	ja, en := slices.Clone(parts), parts
	if isKnown && !device.From.IsZero() {
		since := device.From.In(zone)
		clock, clockEN := since.Format("2006-01-02 15:04"), since.Format("2006-01-02 15:04")
		if at.In(zone).Format(time.DateOnly) == since.Format(time.DateOnly) {
			clock, clockEN = since.Format("15:04"), since.Format("15:04")
		}
		ja, en = append(ja, clock+" から"), append(en, "since "+clockEN)
	}
	if len(ja) == 0 {
		return where
	}
	return event.Phrase{JA: where.JA + "：" + strings.Join(ja, "、"), EN: where.EN + ": " + strings.Join(en, ", ")}
}

// Account says whose an account was and what else the person has: "Tanaka A
// (also vpn a.tanaka, chat A)". It is empty where nobody has it.
func (e *Estate) Account(account, source string, at time.Time) event.Phrase {
	p, ok := e.Person(account, source, at)
	if !ok {
		return event.Phrase{}
	}
	var also []string
	for _, other := range e.Accounts(p.Name) {
		if !strings.EqualFold(other.Account, p.Account) || other.Source != p.Source {
			also = append(also, strings.TrimSpace(other.Source+" "+other.Account))
		}
	}
	if len(also) == 0 {
		return event.Phrase{JA: p.Name, EN: p.Name}
	}
	return event.Phrase{JA: p.Name + "（ほかに " + strings.Join(also, "、") + "）", EN: p.Name + " (also " + strings.Join(also, ", ") + ")"}
}

// Who says what is known of those in an event, as of the event's time: the
// address it came from, the account, and what the object is.
func (e *Estate) Who(ev *event.Event, zone *time.Location) (list []event.Phrase) {
	if e == nil || len(e.editions) == 0 {
		return nil
	}
	add := func(p event.Phrase) {
		if p != (event.Phrase{}) && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	add(e.Address(ev.SrcIP, ev.Time, zone))
	if p, ok := e.Person(ev.ActorUser, ev.Source, ev.Time); ok {
		add(event.Phrase{JA: p.Name, EN: p.Name})
	}
	for _, object := range []string{ev.Object, ev.Statement} {
		if tag, ok := e.Sensitive(object); ok {
			add(event.Phrase{JA: "要注意：" + tag, EN: "sensitive: " + tag})
		}
	}
	return list
}

// Line is Who in one line of a language, or "".
func (e *Estate) Line(ev *event.Event, zone *time.Location, lang string) string {
	var parts []string
	for _, p := range e.Who(ev, zone) {
		parts = append(parts, p.In(lang))
	}
	return strings.Join(parts, "; ")
}

// About says what is known of what a pivot is about: kind is ip or user. The
// zero instant is now.
func (e *Estate) About(kind, value string, at time.Time, zone *time.Location) event.Phrase {
	switch kind {
	case "ip":
		return e.Address(value, at, zone)
	case "user":
		return e.Account(value, "", at)
	}
	return event.Phrase{}
}

// Actor says whose an address (kind ip) or account (kind user) was, with nothing
// left out where networks are known: "outside" is said too. The zero instant is
// now.
func (e *Estate) Actor(kind, value string, at time.Time, zone *time.Location) event.Phrase {
	said := e.About(kind, value, at, zone)
	addr, err := netip.ParseAddr(value)
	switch {
	case !said.Empty() || kind != "ip" || err != nil || e == nil || len(e.networks) == 0:
		return said
	case e.Inside(addr, at):
		return event.Phrase{JA: "社内", EN: "inside"}
	}
	return event.Phrase{JA: "社外", EN: "outside"}
}

// Show says what is known of an address, or of an account of a source, and
// whether anything is.
func (e *Estate) Show(what, source string, at time.Time, zone *time.Location) (said event.Phrase, known bool) {
	said = e.Account(what, source, at)
	if _, err := netip.ParseAddr(what); err == nil {
		said = e.Address(what, at, zone)
	}
	if said == (event.Phrase{}) {
		return event.Phrase{JA: "この時点のことは取り込まれていない", EN: "nothing imported tells of it at that time"}, false
	}
	return said, true
}

// Line tells of an edition in one line; rows is 0 where they are not at hand.
func (e *Edition) Line(lang string, zone *time.Location, rows int) string {
	version := event.Phrase{JA: fmt.Sprintf("第%d版", e.Version), EN: fmt.Sprintf("version %d", e.Version)}.In(lang)
	count := ""
	if rows > 0 {
		count = event.Phrase{JA: fmt.Sprintf("  %d 行", rows), EN: fmt.Sprintf("  %d rows", rows)}.In(lang)
	}
	return fmt.Sprintf("%-9s %s  %s%s  %s %s  #%d", e.Kind, version, e.File, count, e.At.In(zone).Format("2006-01-02 15:04:05"), e.By, e.Record)
}
