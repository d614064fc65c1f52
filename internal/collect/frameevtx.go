package collect

import "bytes"

// The parts of a Windows event log file (format EVTX).
const (
	evtxHeader    = 4096
	evtxChunk     = 64 << 10
	evtxSignature = "ElfChnk\x00"
	maxUnused     = 16 // chunks never used that are one record
)

// chunks takes each chunk of a Windows event log, the first with the header of
// the file before it. The records, one behind the other, are the file.
type chunks struct{ begun bool }

func (f *chunks) next(data []byte, eof bool) piece {
	size := evtxChunk
	if !f.begun && !bytes.HasPrefix(data, []byte(evtxSignature)) {
		size += evtxHeader
	}
	if len(data) < size && !eof {
		return piece{}
	}
	n := min(len(data), size)
	if f.begun {
		if unused, more := f.unused(data, eof); more {
			return piece{}
		} else if unused > 0 {
			n = unused
		}
	}
	f.begun = true
	return piece{raw: data[:n], n: n}
}

// unused counts the bytes of the unused chunks that the data begin with; more
// says that another may follow.
func (f *chunks) unused(data []byte, eof bool) (n int, more bool) {
	for range maxUnused {
		rest := data[n:]
		if len(rest) < evtxChunk && !eof && allZero(rest) {
			return n, true
		}
		rest = rest[:min(len(rest), evtxChunk)]
		if len(rest) == 0 || !allZero(rest) {
			break
		}
		n += len(rest)
	}
	return n, false
}

func allZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
