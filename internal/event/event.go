package event

import "time"

// Event is what normalise derives from a Record: an OCSF class, the promoted
// columns and the native fields under the names the product itself uses.
// Empty strings and zero numbers mean "not stated".
type Event struct {
	// Record is the Seq of the Record this was derived from; Nth counts the
	// events of one record from 0.
	Record uint64
	Nth    uint16

	// Time is the event's instant, UTC. Where the record states none it is the
	// receive time and Quality says so.
	Time    time.Time
	TimeRx  time.Time // receive time of the record
	Quality Quality   // how far Time can be trusted

	Source     string // registered source, as in the Record
	Format     string // normalise format that read it; "unparsed" when none did
	NativeSeq  string // the producer's own sequence number, as text
	Chain      string // what NativeSeq counts, where it counts without gaps: "audit", "eventrecord:Security"; "" where it does not
	ClassUID   int32  // OCSF class
	ActivityID int32  // OCSF activity within the class
	StatusID   int32  // StatusUnknown, StatusSuccess, StatusFailure
	SeverityID int32  // OCSF severity, 0 when not stated
	EventCode  string // EventID, eventName, message id, log id

	ActorUser   string // account that acted, as logged
	TargetUser  string // account acted upon
	SrcIP       string // netip text form; never a host name
	SrcPort     int32
	DstIP       string
	DstPort     int32
	Host        string // the device the event happened on
	SessionUID  string
	ProcessPath string
	CmdLine     string
	Object      string // file path, document title, table, URL path
	Statement   string // SQL text, URL query, message text
	ClientApp   string // user agent, desktop or browser, VPN client
	BytesOut    int64

	// Message is a short human-readable sentence of the event, plain text as
	// logged (hostile: escape wherever it is shown).
	Message string
	// Fields are the native names and values, in the order read.
	Fields []Field
	// Notes are what detection keeps of the event beside the columns, under names
	// of its own; see package detect. They are no part of the evidence.
	Notes []Field
	// Live says that the record arrived as it was written, rather than from a file
	// or out of a service's past, see [LiveKind]; it is not kept.
	Live bool
	// Peer is who delivered a live record: the name under which a sender proved
	// who it is, else its address; it is not kept.
	Peer string
	// Text is the record decoded to UTF-8, set only where Raw is not UTF-8
	// (Shift_JIS …), so that free-text search can find it.
	Text string
}

// Field is one native field. Numbers and booleans keep their text form.
type Field struct{ Name, Value string }

// Unparsed is the Format of an event whose record no format could read.
const Unparsed = "unparsed"

// Get returns the value of a native field and whether it is there. Names are
// matched exactly; the first of several equal names wins.
func (e *Event) Get(name string) (string, bool) {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return e.Fields[i].Value, true
		}
	}
	return "", false
}

// First returns the first value among native fields of these names that is not
// empty, or "".
func (e *Event) First(names ...string) string { return e.FirstBut("", names...) }

// FirstBut is First where a product also writes none for no value.
func (e *Event) FirstBut(none string, names ...string) string {
	for _, name := range names {
		if v, _ := e.Get(name); v != "" && v != none {
			return v
		}
	}
	return ""
}

// Note returns the value of a note, or "".
func (e *Event) Note(name string) string {
	for i := range e.Notes {
		if e.Notes[i].Name == name {
			return e.Notes[i].Value
		}
	}
	return ""
}

// Add appends a native field unless its value is empty.
func (e *Event) Add(name, value string) {
	if value != "" {
		e.Fields = append(e.Fields, Field{name, value})
	}
}
