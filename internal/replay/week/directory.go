package week

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// directory is a day of the domain controller: people's logons from their
// desks and tunnels, and what administrators do to accounts.
func (w *week) directory(d *raw.Day) {
	var log raw.Numbered
	sign := func(e *employee, t time.Time, from string) {
		id := d.RNG.Uint64() >> 36
		if d.Chance(0.04) {
			log.Security(t.Add(-9*time.Second), "ad-01", 4625, raw.Logon(e.name, from, 3, 0))
		}
		log.Security(t, "ad-01", 4624, raw.Logon(e.name, from, 3, id))
		log.Security(t.Add(time.Duration(20+d.RNG.IntN(300))*time.Minute), "ad-01", 4634, raw.Logon(e.name, from, 3, id))
	}
	for _, e := range w.staff {
		if !w.working(e, d.Start) {
			continue
		}
		d.Scattered(2+d.RNG.IntN(3), 9.3, 17.5, func(t time.Time) {
			if w.place(e, t, false) == officeOf(e) {
				sign(e, t, e.lan())
			}
		})
	}
	for _, u := range w.tunnels(d.Start) {
		sign(u.who, u.up.Add(time.Duration(5+d.RNG.IntN(90))*time.Second), u.who.tunnel())
	}
	w.accounts(d, &log)
	d.Every(30*time.Minute, 9*time.Minute, func(t time.Time) { // the controller's own service
		log.Security(t, "ad-01", 4624, raw.Logon("AD-01$", "10.0.9.58", 3, uint64(t.Unix())))
	})
	log.Write(d, d.Number, w.away("ad-01", d.Start))
}

// accounts is what administrators do to accounts.
func (w *week) accounts(d *raw.Day, log *raw.Numbered) {
	admin := w.staff[itAdmin].name
	for i := range newcomers4 {
		d.On(during("10-30 15:50:00").Add(time.Duration(i)*time.Minute), func(t time.Time) {
			log.Security(t, "ad-01", 4720, raw.Changed(admin, w.staff[newcomers+i].name))
			log.Security(t.Add(2*time.Second), "ad-01", 4722, raw.Changed(admin, w.staff[newcomers+i].name))
		})
	}
	d.On(during("11-04 09:52:30"), func(t time.Time) {
		name := w.staff[forgetful].name
		log.Security(t.Add(-3*time.Minute), "ad-01", 4740, raw.Changed("AD-01$", name))
		log.Security(t, "ad-01", 4724, raw.Changed(admin, name))
		log.Security(t.Add(time.Second), "ad-01", 4767, raw.Changed(admin, name))
	})
	d.On(during("11-06 18:01:00"), func(t time.Time) { log.Security(t, "ad-01", 4725, raw.Changed(admin, w.staff[leaver].name)) })
	d.On(during("11-05 11:16:00"), func(t time.Time) {
		data := append(raw.Changed(admin, "Helpdesk Admins"), raw.Member{"MemberName", "CN=" + w.staff[itAdmin+4].name})
		log.Security(t, "ad-01", 4728, data)
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
func (w *week) desktop(d *raw.Day, pc desktop) {
	e := w.staff[pc.user]
	var log raw.Numbered
	start := func(t time.Time, user, image, parent, command string) {
		log.Security(t, pc.name, 4688, raw.Object{
			{"SubjectUserName", user}, {"SubjectDomainName", "EXAMPLE"}, {"NewProcessId", fmt.Sprintf("0x%x", 4096+d.RNG.IntN(30000))},
			{"NewProcessName", image}, {"CommandLine", command}, {"ParentProcessName", parent}, {"TokenElevationType", "%%1936"},
		})
	}
	if w.working(e, d.Start) && len(e.trips) == 0 {
		d.Scattered(2+d.RNG.IntN(3), 9, 18, func(t time.Time) {
			log.Security(t, pc.name, 4624, raw.Logon(e.name, "127.0.0.1", 7, d.RNG.Uint64()>>36))
		})
		for _, app := range []string{`Google\Chrome\Application\chrome.exe`, `Microsoft Office\root\Office16\EXCEL.EXE`, `Slack\slack.exe`} {
			d.Scattered(1+d.RNG.IntN(3), 9.2, 17.8, func(t time.Time) {
				start(t, e.name, `C:\Program Files\`+app, `C:\Windows\explorer.exe`, `"C:\Program Files\`+app+`"`)
			})
		}
	}
	if d.Workday() {
		// The agent takes stock by a script every few hours.
		d.Every(4*time.Hour, 10*time.Hour, func(t time.Time) {
			start(t, pc.name+"$", `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `C:\Program Files\Example Agent\agent.exe`,
				`powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File "C:\Program Files\Example Agent\inventory.ps1"`)
		})
	}
	d.On(during("11-05 12:30:00").Add(time.Duration(pc.user)*time.Second), func(t time.Time) { // the agent is updated everywhere
		start(t, pc.name+"$", `C:\Windows\System32\msiexec.exe`, `C:\Program Files\Example Agent\agent.exe`, `msiexec.exe /i C:\ProgramData\Example\agent-8.2.msi /qn`)
		log.Add(t.Add(20*time.Second), func(n int) string {
			return raw.WindowsEvent(t.Add(20*time.Second), n, "Service Control Manager", "System", pc.name, 7045, raw.Object{
				{"ServiceName", "Example Agent"}, {"ImagePath", `"C:\Program Files\Example Agent\agent.exe"`}, {"ServiceType", "user mode service"},
				{"StartType", "auto start"}, {"AccountName", "LocalSystem"},
			})
		})
		log.Security(t.Add(25*time.Second), pc.name, 4698, raw.Object{{"SubjectUserName", pc.name + "$"}, {"TaskName", `\Example\AgentUpdate`}, {"TaskContent", "<Task/>"}})
	})
	log.Write(d, d.Number, func(time.Time) bool { return false })
}
