package format

import "strings"

// maxCells bounds the cells of one CSV record.
const maxCells = 4096

// SplitCSV cuts one record into its cells as RFC 4180 does, with any
// separator: a cell that begins with a quote ends at the next single one, two
// quotes stand for one. It reports false when a quote is not closed, text
// follows a closed one, or there are too many cells.
func SplitCSV(dst []string, s string, sep byte) ([]string, bool) {
	for len(dst) < maxCells {
		if strings.HasPrefix(s, `"`) {
			cell, rest, ok := quotedCell(s[1:])
			if !ok || rest != "" && rest[0] != sep {
				return dst, false
			}
			dst = append(dst, cell)
			if rest == "" {
				return dst, true
			}
			s = rest[1:]
			continue
		}
		i := strings.IndexByte(s, sep)
		if i < 0 {
			return append(dst, s), true
		}
		dst, s = append(dst, s[:i]), s[i+1:]
	}
	return dst, false
}

// quotedCell reads a cell whose opening quote has been taken.
func quotedCell(s string) (cell, rest string, ok bool) {
	doubled := false
	for i := 0; i < len(s); i++ {
		j := strings.IndexByte(s[i:], '"')
		if j < 0 {
			return "", "", false
		}
		if i += j; i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		cell, rest = s[:i], s[i+1:]
		if doubled {
			cell = strings.ReplaceAll(cell, `""`, `"`)
		}
		return cell, rest, true
	}
	return "", "", false
}
