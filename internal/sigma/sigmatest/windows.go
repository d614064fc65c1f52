package sigmatest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// windowsNoise makes the Sysmon and Security events that Windows machines send
// most of the day: few programs, libraries and keys, many numbers.
type windowsNoise struct {
	rng      *rand.Rand
	programs []string
	users    []string
	hosts    []string
}

func newWindowsNoise(rng *rand.Rand) *windowsNoise {
	w := &windowsNoise{rng: rng}
	for _, name := range []string{
		"svchost", "lsass", "services", "taskhostw", "SearchIndexer", "RuntimeBroker", "backgroundTaskHost", "conhost", "dllhost", "WmiPrvSE",
		"spoolsv", "dwm", "ctfmon", "sihost", "smartscreen", "MusNotification", "CompatTelRunner", "wevtutil", "gpupdate", "cmd", "WindowsPowerShell\\v1.0\\powershell",
	} {
		w.programs = append(w.programs, `C:\Windows\System32\`+name+".exe")
	}
	for _, name := range []string{
		`Google\Chrome\Application\chrome.exe`, `Microsoft Office\root\Office16\OUTLOOK.EXE`, `Microsoft Office\root\Office16\EXCEL.EXE`,
		`Windows Defender\MsMpEng.exe`, `Mozilla Firefox\firefox.exe`, `7-Zip\7zG.exe`, `Example\Agent\agent.exe`, `Example\Backup\backupd.exe`,
	} {
		w.programs = append(w.programs, `C:\Program Files\`+name)
	}
	for range 400 {
		w.users = append(w.users, `EXAMPLE\`+letters(rng, 3+rng.IntN(7)))
		w.hosts = append(w.hosts, fmt.Sprintf("PC%04d.example.jp", rng.IntN(10000)))
	}
	return w
}

func (w *windowsNoise) pick(list []string) string { return list[w.rng.IntN(len(list))] }

// next gives one event; kinds in the proportions told at W2.
func (w *windowsNoise) next() []Sample {
	const sysmon = "Microsoft-Windows-Sysmon/Operational"
	switch n := w.rng.IntN(46); {
	case n < 14:
		return w.event(sysmon, "7", 0, "ImageLoaded", w.library(), "FileVersion", "10.0.19041.1", "Company", "Microsoft Corporation",
			"OriginalFileName", "-", "Hashes", w.hashes(), "Signed", "true", "Signature", "Microsoft Windows", "SignatureStatus", "Valid", "User", w.pick(w.users))
	case n < 25:
		return w.event(sysmon, "10", 0, "SourceImage", w.pick(w.programs), "TargetImage", w.pick(w.programs), "GrantedAccess", w.pick([]string{"0x1000", "0x1400", "0x3000"}),
			"SourceProcessId", w.number(), "TargetProcessId", w.number(), "CallTrace", w.trace())
	case n < 29:
		return w.event(sysmon, "12", 0, "EventType", w.pick([]string{"CreateKey", "DeleteKey"}), "TargetObject", w.key())
	case n < 37:
		return w.event(sysmon, "13", 0, "EventType", "SetValue", "TargetObject", w.key()+`\`+w.pick([]string{"Start", "LastUse", "Value", "Version", "State"}), "Details", w.pick([]string{"DWORD (0x00000001)", "QWORD (0x" + w.number() + ")", "Binary Data", w.library()}))
	case n < 41:
		return w.event(sysmon, "11", event.ClassFileSystem, "TargetFilename", w.file(), "CreationUtcTime", w.time())
	case n < 43:
		return w.event(sysmon, "3", event.ClassNetwork, "User", w.pick(w.users), "Protocol", "tcp", "Initiated", "true", "SourceIp", w.address(), "SourcePort", w.number(),
			"DestinationIp", w.address(), "DestinationPort", w.pick([]string{"443", "443", "80", "445", "53", "389"}), "DestinationHostname", letters(w.rng, 6)+".example.com")
	case n < 44:
		return w.event(sysmon, "22", 0, "QueryName", letters(w.rng, 3+w.rng.IntN(9))+w.pick([]string{".example.com", ".example.jp", ".cdn.example.com"}), "QueryStatus", "0", "QueryResults", w.address()+";")
	}
	return w.event("Security", w.pick([]string{"4624", "4624", "4634", "4672", "4625"}), event.ClassAuthentication, "TargetUserName", letters(w.rng, 6), "LogonType", w.pick([]string{"2", "3", "3", "5"}),
		"IpAddress", w.pick([]string{"-", "::1", "127.0.0.1"}), "WorkstationName", w.pick(w.hosts), "AuthenticationPackageName", w.pick([]string{"Kerberos", "NTLM"}), "LogonProcessName", "Kerberos")
}

// event puts together what all Windows events carry and the pairs.
func (w *windowsNoise) event(channel, code string, class int32, pairs ...string) []Sample {
	ev := event.Event{Format: "evtx", ClassUID: class, ActivityID: 1, EventCode: code, Host: w.pick(w.hosts)}
	ev.Add("Channel", channel)
	ev.Add("EventID", code)
	ev.Add("Computer", ev.Host)
	if channel != "Security" {
		ev.Add("Provider_Name", "Microsoft-Windows-Sysmon")
		ev.Add("UtcTime", w.time())
		ev.Add("ProcessGuid", vary(w.rng, "{0197231E-FD90-6949-5110-000000000D00}"))
		ev.Add("ProcessId", w.number())
		ev.Add("Image", w.pick(w.programs))
	} else {
		ev.Add("Provider_Name", "Microsoft-Windows-Security-Auditing")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		ev.Add(pairs[i], pairs[i+1])
	}
	return []Sample{{Event: ev, From: "windows"}}
}

func (w *windowsNoise) number() string { return fmt.Sprint(1000 + w.rng.IntN(60000)) }

func (w *windowsNoise) time() string {
	return time.UnixMilli(1_790_000_000_000 + w.rng.Int64N(86_400_000)).UTC().Format("2006-01-02 15:04:05.000")
}

func (w *windowsNoise) address() string {
	return fmt.Sprintf("%s.%d", w.pick([]string{"192.0.2", "198.51.100", "203.0.113"}), w.rng.IntN(256))
}

func (w *windowsNoise) library() string {
	return w.pick([]string{`C:\Windows\System32\`, `C:\Windows\SysWOW64\`}) +
		w.pick([]string{"kernel32", "ntdll", "user32", "advapi32", "crypt32", "rpcrt4", "sechost", "ws2_32", "gdi32", "combase", "bcrypt", "oleaut32"}) + ".dll"
}

func (w *windowsNoise) hashes() string {
	file := rand.New(rand.NewPCG(uint64(w.rng.IntN(800)), 1)) // as many files
	return vary(file, "SHA1=A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0,MD5=B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0,IMPHASH=C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0C0")
}

func (w *windowsNoise) key() string {
	return w.pick([]string{
		`HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\S-1-5-21-` + w.number() + "-1001",
		`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Diagnostics\DiagTrack`,
		`HKU\S-1-5-21-` + w.number() + `\Software\Microsoft\Windows\CurrentVersion\Explorer\FeatureUsage\AppSwitched`,
		`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\` + vary(w.rng, "A7E2C1B00A1B4C2D"),
		`HKLM\System\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\` + vary(w.rng, "{B1C2D3E4-1A2B-4C3D-9E4F-6A7B8C9D0E1F}"),
	})
}

func (w *windowsNoise) file() string {
	user := w.pick(w.users)[8:]
	return w.pick([]string{
		`C:\Users\` + user + `\AppData\Local\Temp\` + letters(w.rng, 8) + ".tmp",
		`C:\Users\` + user + `\AppData\Local\Google\Chrome\User Data\Default\Cache\f_` + w.number(),
		`C:\Windows\Prefetch\` + letters(w.rng, 6) + ".EXE-" + vary(w.rng, "0A1B2C3D") + ".pf",
		`C:\ProgramData\Example\Agent\queue\` + w.number() + ".dat",
		`C:\Users\` + user + `\Documents\` + letters(w.rng, 9) + ".xlsx",
	})
}

func (w *windowsNoise) trace() string {
	return vary(w.rng, `C:\Windows\SYSTEM32\ntdll.dll+9C584|C:\Windows\System32\KERNELBASE.dll+2C13E|C:\Windows\System32\sechost.dll+000A1B2C3|C:\Windows\System32\RPCRT4.dll+00077D8A3`)
}
