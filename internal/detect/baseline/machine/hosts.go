package machine

import (
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// A placed is what was seen on several hosts within minutes: the hosts, when
// and by which record.
type placed struct {
	hosts  []string
	at     []time.Time
	record []uint64
}

// maxHosts bounds the hosts that are told apart.
const maxHosts = 64

// add takes a host in and gives how many there were within the last stretch.
func (p *placed) add(host string, at time.Time, record uint64, within time.Duration) int {
	n := 0
	for i := range p.hosts {
		if p.hosts[i] != host && at.Sub(p.at[i]) < within {
			p.hosts[n], p.at[n], p.record[n] = p.hosts[i], p.at[i], p.record[i]
			n++
		}
	}
	p.hosts, p.at, p.record = p.hosts[:n], p.at[:n], p.record[:n]
	if n < maxHosts {
		p.hosts, p.at, p.record = append(p.hosts, host), append(p.at, at), append(p.record, record)
	}
	return len(p.hosts)
}

// plain writes a path or command without what differs from run to run: digits
// and the hexadecimal around them as one "#".
func plain(s string) string {
	b := []byte(folded(s))
	out := b[:0]
	for i := 0; i < len(b); {
		j, mixed := i, false
		for j < len(b) && (b[j] == '#' || b[j] >= 'a' && b[j] <= 'f') {
			mixed = mixed || b[j] == '#'
			j++
		}
		switch {
		case mixed && j-i >= 6:
			out = append(out, '#')
		case j > i:
			out = append(out, b[i:j]...)
		default:
			out = append(out, b[i])
			j = i + 1
		}
		i = j
	}
	return string(out)
}

// interprets reports whether a program runs what is written in its arguments.
func interprets(name string) bool {
	name = strings.TrimSuffix(strings.TrimRight(strings.TrimSuffix(name, ".exe"), "0123456789."), "-")
	switch name {
	case "sh", "bash", "dash", "zsh", "ksh", "ash", "python", "perl", "ruby", "node", "php", "java", "lua", "env", "sudo", "nohup", "setsid", "timeout",
		"powershell", "pwsh", "cmd", "wscript", "cscript", "mshta", "rundll", "regsvr", "msiexec":
		return true
	}
	return false
}

// programOf is what an event says was run: the program's path, or for an
// interpreter the script's, or the command when it has none.
func programOf(ev *event.Event) string {
	path := ev.ProcessPath
	if path == "" {
		path, _, _ = strings.Cut(strings.TrimSpace(ev.CmdLine), " ")
	}
	if !interprets(baseName(path)) {
		return path
	}
	line := ev.CmdLine[:min(len(ev.CmdLine), 1024)]
	for i, word := range arguments(line) {
		if i == 0 || strings.HasPrefix(word, "-") || strings.Contains(word, "=") || strings.HasPrefix(word, "/") && len(word) < 5 {
			continue
		}
		if (strings.ContainsAny(word, `/\`) || strings.Contains(word, ".")) && !interprets(baseName(word)) {
			return word
		}
	}
	if line == "" {
		return path
	}
	return baseName(path) + " " + line[strings.IndexByte(line+" ", ' '):]
}

// arguments parts a command line at its spaces, but for those in double quotes.
func arguments(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i := range words {
		words[i] = strings.Trim(words[i], `"'`)
	}
	return words
}

// packaged reports whether a program lies where packages of the system put theirs.
func packaged(path string) bool {
	p := strings.ToLower(path)
	for _, dir := range [...]string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/lib/", "/usr/libexec/", "/usr/share/", "/lib/", "/snap/", `c:\windows\`, `c:\program files`} {
		if strings.HasPrefix(p, dir) {
			return !writable(path)
		}
	}
	return p != "" && !strings.ContainsAny(p, `/\`) // as found on the path
}

// folder is a path without its last part.
func folder(path string) string { return path[:strings.LastIndexAny(path, `/\`)+1] }

// fetches says what makes a command one that intruders leave behind, or "".
func fetches(command string) string {
	c := strings.ToLower(command[:min(len(command), 4096)])
	loads := false
	for _, word := range [...]string{"curl ", "wget ", "fetch http", "downloadstring", "invoke-webrequest", "iwr ", "certutil", "bitsadmin", "lwp-download"} {
		loads = loads || strings.Contains(c, word)
	}
	runs := false
	for _, word := range [...]string{"| sh", "|sh", "| bash", "|bash", "| python", "|python", "| perl", "|perl", "iex", "invoke-expression", "chmod +x", "chmod 7"} {
		runs = runs || strings.Contains(c, word)
	}
	switch {
	case loads && (runs || writable(c+"/")):
		return "runs what it downloads"
	case strings.Contains(c, "/dev/tcp/"), strings.Contains(c, "nc -e"), strings.Contains(c, "ncat -e"):
		return "opens a shell to another machine"
	case strings.Contains(c, "base64 -d") && runs, strings.Contains(c, "base64 --decode") && runs, strings.Contains(c, " -enc "), strings.Contains(c, " -encodedcommand "):
		return "hides what it runs"
	}
	return ""
}
