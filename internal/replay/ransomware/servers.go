package ransomware

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

const (
	services = `C:\Windows\System32\services.exe`
	tasks    = `C:\Windows\System32\svchost.exe`
	shell    = `C:\Windows\System32\cmd.exe`
	system32 = `C:\Windows\System32\`
)

// security is a day of a server's Security log: the service's own logons, and
// those of administrators.
func (s *server) security(d *raw.Day) {
	c := &channel{host: s.name}
	d.Every(s.step*3, s.phase(), func(t time.Time) {
		c.logon(t, worker, fmt.Sprintf("10.50.1.%d", 11+d.RNG.IntN(18)), 3, time.Duration(1+d.RNG.IntN(50))*time.Second)
	})
	d.On(d.Start.Add(4*time.Hour+s.phase()), func(t time.Time) { c.logon(t, worker, "-", 5, 40*time.Minute) })
	if d.Workday() && s.name == "mg01" {
		for _, p := range s.staff[1:] {
			if d.Chance(0.7) {
				t := d.Within(9.2, 16.5)
				c.logon(t, p.name, s.fromOf(p, d.Start), 10, time.Duration(10+d.RNG.IntN(60))*time.Minute)
			}
		}
	}
	if d.Workday() && d.Chance(0.3) {
		c.logon(d.Within(10, 17), administrator, management, 3, 5*time.Minute)
	}
	s.attackSecurity(d, c)
	c.Write(d, d.Number, never)
}

// phase spreads what servers do at the same time of day.
func (s *server) phase() time.Duration {
	return time.Duration(raw.Hash(s.name)%600) * time.Second
}

// attackSecurity is what the intruder's logons left on a server.
func (s *server) attackSecurity(d *raw.Day, c *channel) {
	if s.name == "mg01" {
		for _, f := range sessionsOfIntruder() {
			d.On(f.desktop, func(t time.Time) { c.logon(t, leaver, f.assigned, 10, f.down.Sub(t)) })
		}
		return
	}
	d.On(at("06-05 00:40:00").Add(s.phase()), func(t time.Time) { c.logon(t, administrator, management, 3, 20*time.Second) })
	if !s.begun.IsZero() {
		d.On(s.begun.Add(-3*time.Second), func(t time.Time) { c.logon(t, administrator, management, 3, 0) })
	}
}

// sysmon is a day of a server's Sysmon: programs started, files written.
func (s *server) sysmon(d *raw.Day) {
	c := &channel{host: s.name}
	n := 0
	d.Every(s.step, s.phase()+time.Second, func(t time.Time) {
		n++
		if d.Chance(0.7) {
			image, arguments := s.ordinary(d)
			c.start(t, worker, image, image+arguments, tasks)
		}
		name := fmt.Sprintf(`D:\Service\out\%s\%s-%06d.pdf`, t.Format("20060102"), raw.Pick(d.RNG, []string{"meisai", "shinkoku", "todoke", "kyuyo"}), d.RNG.IntN(1_000_000))
		if strings.HasPrefix(s.name, "fs") {
			name = fmt.Sprintf(`D:\Share\%s\%s-%d.xlsx`, raw.Pick(d.RNG, []string{"somu", "eigyo", "kaihatsu"}), raw.Pick(d.RNG, []string{"keikaku", "shukei", "gijiroku"}), d.RNG.IntN(4000))
		}
		c.file(t.Add(800*time.Millisecond), worker, s.work, name)
	})
	d.On(d.Start.Add(3*time.Hour+s.phase()), func(t time.Time) { // definitions, every night
		c.start(t, "SYSTEM", `C:\Program Files\Windows Defender\MpCmdRun.exe`, `"C:\Program Files\Windows Defender\MpCmdRun.exe" -SignatureUpdate`, tasks)
	})
	if strings.HasPrefix(s.name, "svc-ap") { // a release, put on all servers of the service by what manages them
		d.On(at("05-18 21:30:00").Add(s.phase()/2), func(t time.Time) {
			c.start(t, administrator, `D:\Service\releases\20230518\setup.exe`, `D:\Service\releases\20230518\setup.exe /quiet`, `C:\Program Files\ExampleManager\agent.exe`)
			c.file(t.Add(4*time.Second), administrator, `D:\Service\releases\20230518\setup.exe`, `D:\Service\bin\payroll-job.exe`)
		})
	}
	s.attackSysmon(d, c)
	c.Write(d, d.Number, never)
}

// ordinary is a program that servers start all the time.
func (s *server) ordinary(d *raw.Day) (image, arguments string) {
	switch d.RNG.IntN(6) {
	case 0:
		return system32 + "svchost.exe", " -k netsvcs -p"
	case 1:
		return system32 + "taskhostw.exe", " Regular"
	case 2:
		return system32 + "conhost.exe", " 0xffffffff -ForceV1"
	case 3:
		return system32 + "wbem\\WmiPrvSE.exe", " -secured -Embedding"
	}
	return s.work, fmt.Sprintf(" /job %d", 100+d.RNG.IntN(40))
}

// attackSysmon is what the intruder ran on a server.
func (s *server) attackSysmon(d *raw.Day, c *channel) {
	switch s.name {
	case "mg01":
		managed(d, c)
	case "bk01":
		backups(d, c)
	}
	if s.begun.IsZero() {
		return
	}
	d.On(unguarded(s.name), func(t time.Time) {
		command := `powershell.exe -NoProfile -Command Set-MpPreference -DisableRealtimeMonitoring $true`
		c.start(t, administrator, system32+`WindowsPowerShell\v1.0\powershell.exe`, command, system32+`wsmprovhost.exe`)
	})
	d.On(s.begun, func(t time.Time) { s.encrypt(d, c, t) })
}

// managed is what was run on the management server, by hand.
func managed(d *raw.Day, c *channel) {
	run := func(when, user, image, command string) {
		d.On(at(when), func(t time.Time) { c.start(t, user, image, command, shell) })
	}
	run("06-03 23:44:12", leaver, system32+"whoami.exe", "whoami /all")
	run("06-03 23:45:50", leaver, system32+"net.exe", `net group "Domain Admins" /domain`)
	run("06-04 00:58:05", leaver, system32+"rundll32.exe", `rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 612 C:\Windows\Temp\d.dmp full`)
	run("06-05 00:14:31", administrator, system32+"nltest.exe", "nltest /dclist:example.jp")
	run("06-05 03:04:41", administrator, `C:\PerfLogs\PsExec64.exe`, `PsExec64.exe @C:\PerfLogs\h.txt -accepteula -d -s `+program)
	d.On(at("06-05 02:58:20"), func(t time.Time) { c.file(t, administrator, system32+"mstsc.exe", `C:\PerfLogs\wsup64.exe`) })
	d.On(at("06-05 02:58:44"), func(t time.Time) { c.file(t, administrator, system32+"mstsc.exe", `C:\PerfLogs\PsExec64.exe`) })
}

// backups is what was done to the backups, half an hour before.
func backups(d *raw.Day, c *channel) {
	for i, command := range []string{`sc.exe stop VeeamBackupSvc`, `vssadmin.exe delete shadows /all /quiet`, `wbadmin.exe delete catalog -quiet`} {
		d.On(at("06-05 02:31:15").Add(time.Duration(i)*40*time.Second), func(t time.Time) {
			name, _, _ := strings.Cut(command, " ")
			c.start(t, administrator, system32+name, command, shell)
		})
	}
}

// unguarded is when the protection of a server was switched off.
func unguarded(name string) time.Time {
	return at("06-05 02:18:00").Add(time.Duration(raw.Hash(name)%300) * time.Second)
}

// filesEncrypted is how many files of a server were written anew before its
// own log was.
const filesEncrypted = 130

// encrypt is what the program does on a server: it deletes shadow copies,
// disables recovery, and writes file after file under a new ending.
func (s *server) encrypt(d *raw.Day, c *channel, t time.Time) {
	c.start(t, "SYSTEM", program, program, `C:\Windows\PSEXESVC.exe`)
	for i, command := range []string{`vssadmin.exe delete shadows /all /quiet`, `bcdedit.exe /set {default} recoveryenabled No`, `bcdedit.exe /set {default} bootstatuspolicy ignoreallfailures`} {
		name, _, _ := strings.Cut(command, " ")
		c.start(t.Add(time.Duration(2+i)*time.Second), "SYSTEM", system32+name, command, program)
	}
	first := t.Add(8 * time.Second)
	for i := range filesEncrypted {
		name := fmt.Sprintf(`D:\Service\out\202305%02d\kyuyo-%06d.pdf.%s`, 1+i%28, d.RNG.IntN(1_000_000), ending)
		c.file(first.Add(time.Duration(i)*time.Second+time.Duration(d.RNG.IntN(900))*time.Millisecond), "SYSTEM", program, name)
	}
	c.file(first.Add(700*time.Millisecond), "SYSTEM", program, `D:\Service\out\RESTORE-MY-FILES.txt`)
}

// system is a day of a server's System log.
func (s *server) system(d *raw.Day) {
	c := &channel{host: s.name}
	for _, name := range []string{"Windows Update", "Background Intelligent Transfer Service", "Windows Modules Installer"} {
		t := d.Within(0, 22)
		c.service(t, name, "running")
		c.service(t.Add(time.Duration(5+d.RNG.IntN(50))*time.Minute), name, "stopped")
	}
	if !s.begun.IsZero() {
		d.On(s.begun.Add(-2*time.Second), func(t time.Time) { c.installed(t, "PSEXESVC", `%SystemRoot%\PSEXESVC.exe`) })
		d.On(s.begun.Add(-time.Second), func(t time.Time) { c.service(t, "PSEXESVC", "running") })
	}
	if s.name == "bk01" {
		d.On(at("06-05 02:31:18"), func(t time.Time) { c.service(t, "Veeam Backup Service", "stopped") })
	}
	c.Write(d, d.Number, never)
}
