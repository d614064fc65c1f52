package event

// Shape is what could be told of a file from its first bytes: how to cut it
// into records and what hints its records carry.
type Shape struct {
	// Format is the normalise format recognised, or "" when none was; the
	// records are then taken line by line and may stay unparsed.
	Format string
	// Framing says how the file is cut.
	Framing Framing
	// Continues reports whether line belongs to the record that began with
	// first (a stack trace, a statement over several lines, audit lines of one
	// serial). Nil means that each line is a record. Only for FrameLines.
	Continues func(first, line []byte) bool
	// Columns is the header of a CSV file, decoded to UTF-8.
	Columns []string
	// Encoding is "" for UTF-8, or "shift_jis", "utf-16le", "utf-16be".
	Encoding string
}

// Framing says how a file is cut into records.
type Framing uint8

const (
	// FrameLines cuts at line feeds; see Shape.Continues.
	FrameLines Framing = iota
	// FrameCSV cuts at line feeds outside quotes; the header is the first record.
	FrameCSV
	// FrameJSON takes each JSON value as a record, whatever its white space.
	FrameJSON
	// FrameJSONArray takes each element of the one array in the file as a
	// record: the top-level array, or the array under the first of the keys
	// "items", "entries", "events", "records", "Records", "value" of the top-level object.
	FrameJSONArray
	// FrameBinary keeps the file in pieces that no format reads.
	FrameBinary
	// FrameEVTX takes each chunk of a Windows event log as a record, 64 KiB, the
	// first one with the header of the file, 4 KiB, before it; chunks in a row that
	// were never used, all zeros, are one record.
	FrameEVTX
	// FrameJournal takes each entry of the journal export format as a record.
	FrameJournal
)
