package logsource

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
