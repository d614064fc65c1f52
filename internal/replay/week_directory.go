package replay

import (
	"fmt"
	"slices"
	"time"
)

// numbered collects what is to be written with numbers that count up in time
// order, as the kernel's audit and the Windows event log number theirs.
type numbered struct{ items []unnumbered }

type unnumbered struct {
	at   time.Time
	text func(n int) string
}

func (l *numbered) add(at time.Time, text func(n int) string) {
	l.items = append(l.items, unnumbered{at, text})
}

// write adds to the day what is of the day, numbered on from last.
func (l *numbered) write(d *day, last *int, away func(t time.Time) bool) {
	slices.SortStableFunc(l.items, func(a, b unnumbered) int { return a.at.Compare(b.at) })
	for _, i := range l.items {
		if i.at.Before(d.start) || !i.at.Before(d.start.AddDate(0, 0, 1)) || away(i.at) {
			continue
		}
		*last++
		d.add(i.at, i.text(*last))
	}
}

// windowsEvent is an event of the Windows event log as JSON, in the shape that
// common converters give it.
func windowsEvent(at time.Time, record int, provider, channel, computer string, id int, data object) string {
	return object{{"Event", object{
		{"System", object{
			{"Provider", object{{"#attributes", object{{"Name", provider}}}}}, {"EventID", id}, {"Channel", channel}, {"Computer", computer + ".example.jp"},
			{"EventRecordID", record}, {"TimeCreated", object{{"#attributes", object{{"SystemTime", at.UTC().Format("2006-01-02T15:04:05.000000Z")}}}}},
		}},
		{"EventData", data},
	}}}.text()
}

// security is an event of the Security channel.
func (l *numbered) security(at time.Time, computer string, id int, data object) {
	l.add(at, func(n int) string {
		return windowsEvent(at, n, "Microsoft-Windows-Security-Auditing", "Security", computer, id, data)
	})
}

// logon is the data of a logon event.
func logon(user, from string, kind int, session uint64) object {
	return object{
		{"SubjectUserName", "-"}, {"TargetUserName", user}, {"TargetDomainName", "EXAMPLE"}, {"TargetLogonId", fmt.Sprintf("0x%x", session)},
		{"LogonType", kind}, {"IpAddress", from}, {"AuthenticationPackageName", "Kerberos"},
	}
}

// changed is the data of an event about an account.
func changed(by, user string) object {
	return object{{"SubjectUserName", by}, {"SubjectDomainName", "EXAMPLE"}, {"TargetUserName", user}, {"TargetDomainName", "EXAMPLE"}}
}

// directory is a day of the domain controller: people's logons from their
// desks and tunnels, and what administrators do to accounts.
func (w *week) directory(d *day) {
	var log numbered
	sign := func(e *employee, t time.Time, from string) {
		id := d.rng.Uint64() >> 36
		if d.chance(0.04) {
			log.security(t.Add(-9*time.Second), "ad-01", 4625, logon(e.name, from, 3, 0))
		}
		log.security(t, "ad-01", 4624, logon(e.name, from, 3, id))
		log.security(t.Add(time.Duration(20+d.rng.IntN(300))*time.Minute), "ad-01", 4634, logon(e.name, from, 3, id))
	}
	for _, e := range w.staff {
		if !w.working(e, d.start) {
			continue
		}
		d.scattered(2+d.rng.IntN(3), 9.3, 17.5, func(t time.Time) {
			if w.place(e, t, false) == officeOf(e) {
				sign(e, t, e.lan())
			}
		})
	}
	for _, u := range w.tunnels(d.start) {
		sign(u.who, u.up.Add(time.Duration(5+d.rng.IntN(90))*time.Second), u.who.tunnel())
	}
	w.accounts(d, &log)
	d.every(30*time.Minute, 9*time.Minute, func(t time.Time) { // the controller's own service
		log.security(t, "ad-01", 4624, logon("AD-01$", "10.0.9.58", 3, uint64(t.Unix())))
	})
	log.write(d, d.number, w.away("ad-01", d.start))
}

// accounts is what administrators do to accounts.
func (w *week) accounts(d *day, log *numbered) {
	admin := w.staff[itAdmin].name
	for i := range newcomers4 {
		on(d, during("10-30 15:50:00").Add(time.Duration(i)*time.Minute), func(t time.Time) {
			log.security(t, "ad-01", 4720, changed(admin, w.staff[newcomers+i].name))
			log.security(t.Add(2*time.Second), "ad-01", 4722, changed(admin, w.staff[newcomers+i].name))
		})
	}
	on(d, during("11-04 09:52:30"), func(t time.Time) {
		name := w.staff[forgetful].name
		log.security(t.Add(-3*time.Minute), "ad-01", 4740, changed("AD-01$", name))
		log.security(t, "ad-01", 4724, changed(admin, name))
		log.security(t.Add(time.Second), "ad-01", 4767, changed(admin, name))
	})
	on(d, during("11-06 18:01:00"), func(t time.Time) { log.security(t, "ad-01", 4725, changed(admin, w.staff[leaver].name)) })
	on(d, during("11-05 11:16:00"), func(t time.Time) {
		data := append(changed(admin, "Helpdesk Admins"), member{"MemberName", "CN=" + w.staff[itAdmin+4].name})
		log.security(t, "ad-01", 4728, data)
	})
}

// away tells when a host cannot write.
func (w *week) away(name string, start time.Time) func(t time.Time) bool {
	for _, m := range w.machines {
		if at, away, ok := rebooted(m, start); ok && m.name == name {
			return func(t time.Time) bool { return t.After(at.Add(4*time.Second)) && t.Before(at.Add(away)) }
		}
	}
	return func(time.Time) bool { return false }
}

// desktop is a Windows PC whose log is collected.
type desktop struct {
	name string
	user int
}

func desktops() []desktop {
	return []desktop{{"pc-070", itAdmin}, {"pc-076", travellerTwo}, {"pc-140", forgetful}, {"pc-162", renamer}, {"pc-184", analyst}}
}

// desktop is a day of a PC: its person, the agent that manages it, updates.
func (w *week) desktop(d *day, pc desktop) {
	e := w.staff[pc.user]
	var log numbered
	start := func(t time.Time, user, image, parent, command string) {
		log.security(t, pc.name, 4688, object{
			{"SubjectUserName", user}, {"SubjectDomainName", "EXAMPLE"}, {"NewProcessId", fmt.Sprintf("0x%x", 4096+d.rng.IntN(30000))},
			{"NewProcessName", image}, {"CommandLine", command}, {"ParentProcessName", parent}, {"TokenElevationType", "%%1936"},
		})
	}
	if w.working(e, d.start) && len(e.trips) == 0 {
		d.scattered(2+d.rng.IntN(3), 9, 18, func(t time.Time) { log.security(t, pc.name, 4624, logon(e.name, "127.0.0.1", 7, d.rng.Uint64()>>36)) })
		for _, app := range []string{`Google\Chrome\Application\chrome.exe`, `Microsoft Office\root\Office16\EXCEL.EXE`, `Slack\slack.exe`} {
			d.scattered(1+d.rng.IntN(3), 9.2, 17.8, func(t time.Time) {
				start(t, e.name, `C:\Program Files\`+app, `C:\Windows\explorer.exe`, `"C:\Program Files\`+app+`"`)
			})
		}
	}
	if d.workday() {
		// The agent takes stock by a script every few hours.
		d.every(4*time.Hour, 10*time.Hour, func(t time.Time) {
			start(t, pc.name+"$", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `C:\Program Files\Example Agent\agent.exe`,
				`powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File "C:\Program Files\Example Agent\inventory.ps1"`)
		})
	}
	on(d, during("11-05 12:30:00").Add(time.Duration(pc.user)*time.Second), func(t time.Time) { // the agent is updated everywhere
		start(t, pc.name+"$", `C:\Windows\System32\msiexec.exe`, `C:\Program Files\Example Agent\agent.exe`, `msiexec.exe /i C:\ProgramData\Example\agent-8.2.msi /qn`)
		log.add(t.Add(20*time.Second), func(n int) string {
			return windowsEvent(t.Add(20*time.Second), n, "Service Control Manager", "System", pc.name, 7045, object{
				{"ServiceName", "Example Agent"}, {"ImagePath", `"C:\Program Files\Example Agent\agent.exe"`}, {"ServiceType", "user mode service"},
				{"StartType", "auto start"}, {"AccountName", "LocalSystem"},
			})
		})
		log.security(t.Add(25*time.Second), pc.name, 4698, object{{"SubjectUserName", pc.name + "$"}, {"TaskName", `\Example\AgentUpdate`}, {"TaskContent", "<Task/>"}})
	})
	log.write(d, d.number, func(time.Time) bool { return false })
}
