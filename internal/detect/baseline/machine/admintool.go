package machine

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// adminTool watches for tools that administrators and intruders share.
type adminTool struct {
	kit             *learn.Kit
	learn, remember int32
	seen            learn.Dayset
	onHosts         sightingDays[[2]string] // by host and tool
	byWhom          sightingDays[[2]string] // by account and tool
	extra           []string
	info            finding.Info
}

const maxTools = 20_000

func newAdminTool(k *learn.Kit) learn.Baseline {
	t := k.Tune("baseline-admin-tool")
	b := &adminTool{kit: k, learn: spanDays(t, "learn", 7, learn.MaxDays), remember: spanDays(t, "remember", 90, learn.MaxDays), extra: lowerWords(t.List("more", nil))}
	b.onHosts = newSightingDays[[2]string](k, maxTools, b.remember)
	b.byWhom = newSightingDays[[2]string](k, maxTools, b.remember)
	b.info = finding.Info{
		ID:    "baseline-admin-tool",
		Title: "First use of an administration or transfer tool on a host", TitleJA: "管理・転送ツールのホストでの初めての使用",
		Description: "A program that opens tunnels, controls or copies machines from afar, or takes credentials runs on a host where it did not in the remembered days. High for tools that read credentials; " +
			"medium for tunnels, remote control and transfer to the cloud by an account that never used it, and for commands that run what they download on a host where nobody did so; low otherwise and while konseki is learning. Tools are known by their names (more adds to them), " +
			"also where they were put beneath another folder; one that was renamed is not seen.",
		DescriptionJA: "トンネルを開く、遠隔で操作・複製する、認証情報を取り出すといったプログラムが、記憶している日数に使われたことのないホストで動いた。認証情報を読み取るものは「高」。トンネル、遠隔操作、クラウドへの転送は、使ったことのないアカウントなら「中」。" +
			"取得したものをそのまま実行するコマンドも、そのホストで初めてなら「中」。ほか、および学習中は「低」。ツールは名前で見分ける（more で追加できる）。置き場所は問わないが、名前を変えられたものは見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.command-and-control", "attack.t1219", "attack.t1572", "attack.t1567.002", "attack.t1003"},
		Params: t.Params(),
	}
	return b
}

func (b *adminTool) Rules() []finding.Info { return []finding.Info{b.info} }

func (b *adminTool) Wants(ev *event.Event) bool {
	return ev.ClassUID == event.ClassProcess && ev.ActivityID == event.ActivityProcessLaunch || ev.ClassUID == event.ClassAppLifecycle && ev.ActivityID == event.ActivityAppInstall
}

func (b *adminTool) Advance(time.Time) {}

// tool names the tool that an event runs and how grave it is, or gives "".
func (b *adminTool) tool(ev *event.Event) (name, level string) {
	base := strings.TrimSuffix(baseName(cmp.Or(ev.ProcessPath, programWord(ev.CmdLine))), ".exe")
	base = strings.TrimSuffix(strings.TrimSuffix(base, "64"), "32")
	switch base {
	case "mimikatz", "mimidrv", "lazagne", "procdump", "pypykatz", "secretsdump.py", "rubeus", "sharphound", "bloodhound", "seatbelt", "winpeas", "linpeas.sh", "kerbrute", "crackmapexec", "netexec", "responder", "impacket-secretsdump":
		return base, finding.LevelHigh
	case "ngrok", "chisel", "frpc", "frps", "ligolo", "gost", "plink", "cloudflared", "tailscaled", "zerotier-one", "tor", "stunnel", "socat", "ncat", "nc", "gs-netcat",
		"anydesk", "teamviewer", "teamviewer_service", "rustdesk", "atera", "splashtop", "screenconnect", "ammyy", "aa_v3", "meshagent",
		"rclone", "megasync", "megacmd", "mega-put", "winscp", "filezilla", "restic", "xmrig", "minerd", "masscan", "nmap", "zmap":
		return base, finding.LevelMedium
	case "psexec", "psexesvc", "paexec", "remcom", "wmiexec", "adfind", "nltest", "dsquery", "vssadmin", "wbadmin", "bcdedit", "ntdsutil", "7z", "rar", "winrar":
		return base, finding.LevelLow
	}
	for _, more := range b.extra {
		if base == more {
			return base, finding.LevelMedium
		}
	}
	if ev.ClassUID == event.ClassProcess {
		if how := fetches(ev.CmdLine); how != "" {
			return "a command that " + how, finding.LevelMedium
		}
	}
	return "", ""
}

func programWord(line string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return strings.Trim(word, `"'`)
}

func (b *adminTool) Observe(ev *event.Event) {
	today := learn.DayOf(ev.Time)
	b.seen.Mark(today)
	name, level := b.tool(ev)
	if name == "" || ev.StatusID == event.StatusFailure {
		return
	}
	known, practised := b.onHosts.seen([2]string{bare(hostOf(ev)), name}, today), b.byWhom.seen([2]string{actorKey(ev.ActorUser), name}, today)
	if known {
		return
	}
	if level == finding.LevelMedium && (practised || !learned(&b.seen, today, b.learn, b.remember)) {
		level = finding.LevelLow
	}
	f := learn.About(ev, level)
	f.Object = cmp.Or(f.Object, ev.ProcessPath)
	shown := finding.Shown(cmp.Or(ev.CmdLine, ev.ProcessPath))
	f.Why = fmt.Sprintf("%s ran %s on %s, where it was not used in %d days: %s", finding.Shown(cmp.Or(ev.ActorUser, "somebody")), name, on(ev), b.remember, shown)
	f.WhyJA = fmt.Sprintf("%s が %s で %s を使った。このホストでは過去 %d 日間使われていない: %s", finding.Shown(cmp.Or(ev.ActorUser, "何者か")), on(ev), nameJA(name), b.remember, shown)
	b.kit.Raise(f, &b.info, hostOf(ev), name)
}

func nameJA(name string) string {
	if strings.HasPrefix(name, "a command ") {
		return "取得・隠蔽した内容を実行するコマンド"
	}
	return name
}
