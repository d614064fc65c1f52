package clock

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// foldAt bounds a line, in octets without its end: RFC 5545 3.1.
const foldAt = 75

// ICalendar writes deadlines as an iCalendar object (RFC 5545), in "ja" or "en":
// an event at each instant that something is due, with alarms a day and three
// hours before while it is open. The same case and rule always have the same UID,
// so that a calendar that reads the file again moves its entries; what no longer
// applies, but once had a time, is cancelled. stamp is when the file is made.
func ICalendar(clocks []Clock, caseID string, stamp time.Time, lang string) []byte {
	w := &calendarWriter{}
	w.line("BEGIN:VCALENDAR")
	w.line("VERSION:2.0")
	w.line("PRODID:-//konseki//clock//EN")
	w.line("METHOD:PUBLISH")
	for i := range clocks {
		w.event(&clocks[i], caseID, stamp, lang)
	}
	w.line("END:VCALENDAR")
	return []byte(w.b.String())
}

type calendarWriter struct{ b strings.Builder }

func (w *calendarWriter) event(c *Clock, caseID string, stamp time.Time, lang string) {
	due, cancelled := c.Due.Latest, false
	for i := len(c.History) - 1; i >= 0 && due.IsZero(); i-- {
		due, cancelled = c.History[i].Before.Latest, true
	}
	if due.IsZero() {
		return
	}
	w.line("BEGIN:VEVENT")
	w.text("UID", caseID+"/"+c.Rule.ID+"@konseki")
	w.line("DTSTAMP:" + utc(stamp))
	w.line(fmt.Sprint("SEQUENCE:", len(c.History)))
	w.line("DTSTART:" + utc(due))
	w.text("SUMMARY", c.title(caseID, lang))
	w.text("DESCRIPTION", c.description(lang))
	w.line("TRANSP:TRANSPARENT")
	switch {
	case cancelled:
		w.line("STATUS:CANCELLED")
	case c.State == Possible:
		w.line("STATUS:TENTATIVE")
	default:
		w.line("STATUS:CONFIRMED")
	}
	if !cancelled && c.Submitted == nil {
		w.alarm("-P1D", c.title(caseID, lang))
		w.alarm("-PT3H", c.title(caseID, lang))
	}
	w.line("END:VEVENT")
}

func (w *calendarWriter) alarm(trigger, text string) {
	w.line("BEGIN:VALARM")
	w.line("ACTION:DISPLAY")
	w.line("TRIGGER:" + trigger)
	w.text("DESCRIPTION", text)
	w.line("END:VALARM")
}

// title names the deadline and how it stands.
func (c *Clock) title(caseID, lang string) string {
	for _, s := range States() {
		if s.State == c.State {
			return fmt.Sprintf("[%s] %s (%s)", caseID, c.Rule.Name.In(lang), s.Label.In(lang))
		}
	}
	return c.Rule.Name.In(lang)
}

func (c *Clock) description(lang string) string {
	lines := []string{c.Rule.Recipient.In(lang)}
	if !c.Due.Earliest.Equal(c.Due.Latest) {
		lines = append(lines, c.Due.Earliest.Format(time.RFC3339)+" - "+c.Due.Latest.Format(time.RFC3339))
	}
	for _, p := range c.Because {
		lines = append(lines, p.In(lang))
	}
	for _, it := range c.Rule.Items {
		lines = append(lines, "- "+it.Text.In(lang))
	}
	if !c.Rule.Note.Empty() {
		lines = append(lines, c.Rule.Note.In(lang))
	}
	return strings.Join(append(lines, c.Verified.In(lang), c.Counsel.In(lang)), "\n")
}

// utc is the form of an instant with UTC time, RFC 5545 3.3.5; to the second.
func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// text writes a property whose value is TEXT, RFC 5545 3.3.11.
func (w *calendarWriter) text(name, value string) {
	value = strings.ToValidUTF8(strings.ReplaceAll(value, "\r\n", "\n"), "\uFFFD")
	value = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, value)
	w.line(name + ":" + strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(value))
}

// line writes one content line, folded between characters.
func (w *calendarWriter) line(s string) {
	room := foldAt
	for len(s) > room {
		cut := room
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		w.b.WriteString(s[:cut] + "\r\n ")
		s, room = s[cut:], foldAt-1
	}
	w.b.WriteString(s + "\r\n")
}
