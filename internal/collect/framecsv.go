package collect

// csvRecords cuts at line feeds outside quotes (RFC 4180 §2). A quote opens a
// field only where a field can begin, so a stray one inside a text does no
// harm; one that is never closed ends with its line.
type csvRecords struct{ *lines }

func (f *csvRecords) next(data []byte, eof bool) piece {
	if f.part > 0 {
		return f.lines.next(data, eof)
	}
	end, next, open := f.scan(data)
	switch {
	case next > 0:
		if end, next = f.extend(data, end, next, eof); next == 0 {
			return piece{}
		}
		return piece{raw: data[:end], n: next}
	case len(data) <= f.limit && !eof:
		return piece{}
	case open || len(data) > f.limit: // an open quote here was none
		return f.lines.next(data, eof)
	}
	return piece{raw: data, n: len(data)}
}

// scan looks for the record's end within the limit: where its text ends and
// where the next begins, or next = 0 and whether a quote is open.
func (f *csvRecords) scan(data []byte) (end, next int, open bool) {
	stop := min(len(data), f.limit+f.width) - f.width + 1
	start := true // a field may begin here
	for i := 0; i < stop; i += f.width {
		c := f.ascii(data, i)
		switch {
		case c == '"':
			if open { // a quote right after the closing one is a doubled quote
				open, start = false, true
			} else {
				open = start
			}
		case open:
		case c == '\n':
			return i, i + f.width, false
		default:
			mark := i < 3 && start && c >= 0x80 // byte order mark
			start = mark || c == ',' || c == ';' || c == '\t' || c == '|'
		}
	}
	return 0, 0, open
}

// ascii is the ASCII character of the unit at i, or 0xFF for any other.
func (f *csvRecords) ascii(data []byte, i int) byte {
	if f.width == 2 && data[i+1-f.low] != 0 {
		return 0xFF
	}
	return data[i+f.low]
}
