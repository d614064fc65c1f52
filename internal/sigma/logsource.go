package sigma

import "github.com/konseki/konseki/internal/event"

// A row says by which marks an event belongs to a logsource. Every mark that
// is stated must hold; within one mark any of the values will do. Several rows
// may name one logsource.
type row struct {
	Logsource
	platform   platform
	classes    []int32  // OCSF class
	activities []int32  // activity within these classes
	formats    []string // normalise format
	programs   []string // program of a syslog line
	origins    []string // Windows channel, or provider where no channel is stated; "" for neither
	codes      []string // event code, of Windows the event id
	// markers are native fields that only this product writes; all must be
	// there: "field", "field=value", "field=begin*" or "field=*end", without
	// regard to the case of values; "|" parts alternatives.
	markers []string
	without []string // markers of which none may be there
}

// platform is the operating system an event was logged on.
type platform uint8

const (
	anywhere platform = iota
	linux
	windows
	macos
)

// rows is the one table that says which events a logsource means. A rule's
// product, category and service are looked up separately: an auditd EXECVE
// record is an event of linux/process_creation and of linux/auditd.
// Source: Sigma taxonomy specification.
func rows() []row {
	var out []row
	for _, part := range [...][]row{
		linuxRows(), macRows(), windowsCategoryRows(), windowsServiceRows(), webRows(), networkRows(), applianceRows(),
		applicationRows(), cloudRows(), serviceRows(),
	} {
		out = append(out, part...)
	}
	return out
}

// LogsourceInfo tells which events a logsource has.
type LogsourceInfo struct {
	Logsource
	// Belongs says in words which events belong, one sentence for each kind;
	// empty when none do.
	Belongs []string
	// Why says why no event belongs; empty when some do.
	Why string
}

// Logsources lists every logsource that konseki has decided on: those that
// have events first, then those that have none yet. A rule may combine a
// category and a service of one product.
func Logsources() []LogsourceInfo {
	var out []LogsourceInfo
	at := make(map[Logsource]int)
	table := rows()
	for i := range table {
		r := &table[i]
		n, ok := at[r.Logsource]
		if !ok {
			n = len(out)
			at[r.Logsource] = n
			out = append(out, LogsourceInfo{Logsource: r.Logsource})
		}
		out[n].Belongs = append(out[n].Belongs, r.words())
	}
	return append(out, withoutSource()...)
}

// Sees lists the logsources of the table that an event belongs to, whether
// rules of the engine ask for them or not.
func (e *Engine) Sees(ev *event.Event) []Logsource {
	var out []Logsource
	seen := make(map[Logsource]bool)
	set := e.router.among(ev, e.router.all)
	for i := range e.router.table {
		if l := e.router.table[i].Logsource; set.has(i) && !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

// withoutSource lists the public logsources that no event konseki can derive
// belongs to, and why.
func withoutSource() []LogsourceInfo {
	return []LogsourceInfo{
		{Logsource: Logsource{"paloalto", "appliance", "globalprotect"}, Why: "asks for gpsvc.log, a debug file inside the appliance that PAN-OS does not send"},
		{Logsource: Logsource{"paloalto", "file_event", "globalprotect"}, Why: "asks for files created inside the appliance; PAN-OS logs none"},
	}
}
