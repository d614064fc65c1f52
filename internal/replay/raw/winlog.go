package raw

import (
	"fmt"
	"slices"
	"time"
)

// Numbered collects what is to be written with numbers that count up in time
// order, as the kernel's audit and the Windows event log number theirs.
type Numbered struct{ items []unnumbered }

type unnumbered struct {
	at   time.Time
	text func(n int) string
}

// Add takes what text writes with its number.
func (l *Numbered) Add(at time.Time, text func(n int) string) {
	l.items = append(l.items, unnumbered{at, text})
}

// Write adds to the day what is of the day, numbered on from last.
func (l *Numbered) Write(d *Day, last *int, away func(t time.Time) bool) {
	slices.SortStableFunc(l.items, func(a, b unnumbered) int { return a.at.Compare(b.at) })
	for _, i := range l.items {
		if i.at.Before(d.Start) || !i.at.Before(d.Start.AddDate(0, 0, 1)) || away(i.at) {
			continue
		}
		*last++
		d.Add(i.at, i.text(*last))
	}
}

// WindowsEvent is an event of the Windows event log as JSON, in the shape that
// common converters give it.
func WindowsEvent(at time.Time, record int, provider, channel, computer string, id int, data Object) string {
	return Object{{"Event", Object{
		{"System", Object{
			{"Provider", Object{{"#attributes", Object{{"Name", provider}}}}}, {"EventID", id}, {"Channel", channel}, {"Computer", computer + ".example.jp"},
			{"EventRecordID", record}, {"TimeCreated", Object{{"#attributes", Object{{"SystemTime", at.UTC().Format("2006-01-02T15:04:05.000000Z")}}}}},
		}},
		{"EventData", data},
	}}}.Text()
}

// Security is an event of the Security channel.
func (l *Numbered) Security(at time.Time, computer string, id int, data Object) {
	l.Add(at, func(n int) string {
		return WindowsEvent(at, n, "Microsoft-Windows-Security-Auditing", "Security", computer, id, data)
	})
}

// Logon is the data of a logon event.
func Logon(user, from string, kind int, session uint64) Object {
	return Object{
		{"SubjectUserName", "-"}, {"TargetUserName", user}, {"TargetDomainName", "EXAMPLE"}, {"TargetLogonId", fmt.Sprintf("0x%x", session)},
		{"LogonType", kind}, {"IpAddress", from}, {"AuthenticationPackageName", "Kerberos"},
	}
}

// Changed is the data of an event about an account.
func Changed(by, user string) Object {
	return Object{{"SubjectUserName", by}, {"SubjectDomainName", "EXAMPLE"}, {"TargetUserName", user}, {"TargetDomainName", "EXAMPLE"}}
}
