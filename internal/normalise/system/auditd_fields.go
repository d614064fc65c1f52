package system

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// audit gathers what the lines of one audit record say.
type audit struct {
	ev       event.Event
	syscalls map[string]string

	kind                     string // of the first line that tells what happened
	arch, syscall, success   string
	exe, comm, cwd, title    string
	auid, uid, euid          string // numbers
	auidName, uidName        string // of enriched records
	acct, id, idName         string
	addr, hostname, terminal string
	result, command, unit    string
	socket                   string
	pieces                   map[int][]string // of long arguments, by number
	args                     []string
	names                    []auditName
	flags                    [2]string // a1 and a2 of the system call
	words                    []string  // of the title, as Laurel parts them
	parent, last             string    // parent program; type of the line being read
	pid, ppid                string
	broken                   bool // a value in hexadecimal was not UTF-8
}

// auditName is one PATH line.
type auditName struct{ name, kind string }

// maxArguments bounds how many arguments of a program are joined.
const maxArguments = 4096

// line reads one line's body.
func (a *audit) line(kind, body string) {
	if kind == "EOE" {
		return
	}
	if a.kind == "" || a.kind == "PROCTITLE" {
		a.kind = kind
	}
	a.ev.Add("type", kind)
	if kind == "PATH" {
		a.names = append(a.names, auditName{})
	}
	a.pairs(kind, body, 0)
}

// pairs reads "name=value name="value" name=HEX"; a value in single quotes
// holds pairs itself. The names that enrichment adds follow a group separator,
// which some writers leave out: `key="x"ARCH=x86_64`, `res=1AUID="root"`.
func (a *audit) pairs(kind, s string, depth int) {
	for {
		s = skipSeparators(s)
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			return
		}
		name := s[:eq]
		if i := strings.LastIndexByte(name, ' '); i >= 0 {
			name = name[i+1:] // words that belong to the value before
		}
		s = s[eq+1:]
		switch {
		case strings.HasPrefix(s, `"`):
			value, rest, _ := strings.Cut(s[1:], `"`)
			a.field(kind, name, value)
			s = rest
		case strings.HasPrefix(s, "'") && depth == 0:
			inside, rest := s[1:], ""
			if end := strings.LastIndexByte(inside, '\''); end >= 0 {
				inside, rest = inside[:end], inside[end+1:]
			}
			a.pairs(kind, inside, depth+1)
			s = rest
		default:
			var value string
			value, s = cutAuditValue(s, name)
			value = decodeAudit(kind, name, value)
			a.broken = a.broken || !utf8.ValidString(value)
			a.field(kind, name, value)
		}
	}
}

// cutAuditValue returns the unquoted value at the start of s. The value of op
// may have several words.
func cutAuditValue(s, name string) (value, rest string) {
	end := valueEnd(s)
	if name == "op" {
		if next := strings.IndexByte(s, '='); next > end {
			if blank := strings.LastIndexByte(s[:next], ' '); blank > 0 {
				end = blank
			}
		}
	}
	value, rest = s[:end], s[end:]
	if eq := strings.IndexByte(value, '='); eq > 0 { // the separator is missing
		start := eq
		for start > 0 && value[start-1] >= 'A' && value[start-1] <= 'Z' {
			start--
		}
		if eq-start >= 2 {
			return value[:start], s[start:]
		}
	}
	return value, rest
}

// decodeAudit undoes the hexadecimal form of values that hold a blank, a quote
// or a control character; "(null)", "?" and "(none)" are no value.
func decodeAudit(kind, name, value string) string {
	switch value {
	case "(null)", "?", "(none)":
		return ""
	}
	switch name {
	case "comm", "exe", "name", "cwd", "proctitle", "key", "acct", "cmd", "data", "ocomm", "file", "path":
	default:
		if kind != "EXECVE" || name[:min(len(name), 1)] != "a" || strings.HasPrefix(name, "argc") || strings.HasSuffix(name, "_len") {
			return value
		}
	}
	if len(value)%2 != 0 || len(value) < 2 {
		return value
	}
	plain, err := hex.DecodeString(value)
	if err != nil || strings.ToUpper(value) != value {
		return value
	}
	return strings.TrimRight(strings.ReplaceAll(string(plain), "\x00", " "), " ")
}

// field keeps a native field and what the columns need of it.
func (a *audit) field(kind, name, value string) {
	if name == "" || value == "" {
		return
	}
	if kind == "EXECVE" && name[0] == 'a' && len(name) > 1 && format.IsDigit(name[1]) {
		a.argument(name, value)
		return
	}
	a.ev.Add(name, value)
	if p := a.slot(kind, name); p != nil && *p == "" {
		*p = value
	}
}

// slot returns where a field's value is kept, nil for those that are native
// fields only.
func (a *audit) slot(kind, name string) *string {
	switch name {
	case "arch":
		return &a.arch
	case "syscall", "SYSCALL":
		if name == "SYSCALL" {
			a.syscall = ""
		}
		return &a.syscall
	case "success":
		return &a.success
	case "res", "result":
		return &a.result
	case "exe":
		return &a.exe
	case "comm":
		return &a.comm
	case "cwd":
		return &a.cwd
	case "proctitle":
		return &a.title
	case "addr":
		return &a.addr
	case "hostname":
		return &a.hostname
	case "terminal":
		return &a.terminal
	case "cmd", "data":
		return &a.command
	case "unit":
		return &a.unit
	case "ses":
		return &a.ev.SessionUID
	case "saddr":
		return &a.socket
	case "pid":
		return &a.pid
	case "ppid":
		return &a.ppid
	}
	if p := a.accountSlot(name); p != nil {
		return p
	}
	return a.lineSlot(kind, name)
}

// accountSlot is slot for the names and numbers of accounts.
func (a *audit) accountSlot(name string) *string {
	switch name {
	case "auid":
		return &a.auid
	case "uid":
		return &a.uid
	case "euid":
		return &a.euid
	case "AUID":
		return &a.auidName
	case "UID":
		return &a.uidName
	case "acct":
		return &a.acct
	case "id":
		return &a.id
	case "ID":
		return &a.idName
	}
	return nil
}

// lineSlot is slot for names that mean different things in different lines.
func (a *audit) lineSlot(kind, name string) *string {
	switch {
	case kind == "PATH" && name == "name":
		return &a.names[len(a.names)-1].name
	case kind == "PATH" && name == "nametype":
		return &a.names[len(a.names)-1].kind
	case kind == "SYSCALL" && name == "a1":
		return &a.flags[0]
	case kind == "SYSCALL" && name == "a2":
		return &a.flags[1]
	}
	return nil
}

// argument keeps "a0", or "a0[1]", a piece of a long argument.
func (a *audit) argument(name, value string) {
	number, _, piece := strings.Cut(name[1:], "[")
	n, err := strconv.Atoi(number)
	if err != nil || n >= maxArguments { // a0_len, or more than anyone reads
		a.ev.Add(name, value)
		return
	}
	for len(a.args) <= n {
		a.args = append(a.args, "")
	}
	if piece {
		if a.pieces == nil {
			a.pieces = make(map[int][]string)
		}
		a.pieces[n] = append(a.pieces[n], value)
		return
	}
	a.args[n] = value
	a.ev.Add(name, value)
}

// joinArguments puts the pieces of long arguments together.
func (a *audit) joinArguments() {
	for n := range a.args {
		if pieces, ok := a.pieces[n]; ok {
			a.args[n] = strings.Join(pieces, "")
			a.ev.Add("a"+strconv.Itoa(n), a.args[n])
		}
	}
}

func skipSeparators(s string) string {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == ',' || s[i] == '\x1d') {
		i++
	}
	return s[i:]
}

// valueEnd is where an unquoted value ends.
func valueEnd(s string) int {
	for i := range len(s) {
		if s[i] == ' ' || s[i] == '\x1d' {
			return i
		}
	}
	return len(s)
}
