package report

import (
	"strconv"
	"unicode/utf8"
)

// Bounds of a column's width, in half-width characters: what is longer wraps.
const (
	leastWidth = 9  // what is shorter does not wrap
	wordWidth  = 19 // a date with its time stays on one line
	mostWidth  = 240
	paddings   = 3 // beside the text of a cell
)

// Widths shares out the width of a page among the columns of the table. units is
// how many half-width characters fit into it; the shares sum up to 1.
func (t *Table) Widths(units float64) []float64 {
	n := len(t.Header)
	least, most := make([]float64, n), make([]float64, n)
	see := func(i int, in []Inline) {
		word, all := extent(in)
		least[i] = max(least[i], float64(min(max(word, min(all, leastWidth)), wordWidth)+paddings))
		most[i] = max(most[i], float64(min(all, mostWidth)+paddings), least[i])
	}
	for i, h := range t.Header {
		see(i, text(h))
	}
	for _, row := range t.Rows {
		for i := range min(n, len(row)) {
			see(i, row[i])
		}
	}
	sumLeast, sumMost := sum(least), sum(most)
	out := make([]float64, n)
	for i := range out {
		switch {
		case sumLeast >= units: // squeeze all
			out[i] = least[i] / sumLeast
		case sumMost <= units: // the room that is left goes to the widest
			out[i] = (most[i] + (units-sumMost)*most[i]/sumMost) / units
		default:
			out[i] = (least[i] + (units-sumLeast)*(most[i]-least[i])/(sumMost-sumLeast)) / units
		}
	}
	return out
}

func sum(list []float64) (s float64) {
	for _, v := range list {
		s += v
	}
	return s
}

// extent gives the width of the longest word of inline text, and of all of it,
// in half-width characters. Code and Japanese text may break anywhere.
func extent(list []Inline) (word, all int) {
	for _, in := range list {
		if in.Cite > 0 {
			all += len(strconv.Itoa(in.Cite)) + 2
			word = max(word, len(strconv.Itoa(in.Cite))+2)
			continue
		}
		run := 0
		for _, r := range in.Text {
			w := 1
			if wide(r) {
				w = 2
			}
			all += w
			switch {
			case in.Mark != "" && utf8.RuneCountInString(in.Text) < 24:
				run += w
			case r == ' ' || wide(r):
				run = 0
			default:
				run++
			}
			if in.Code {
				run = min(run, 10)
			}
			word = max(word, run)
		}
	}
	return word, all
}
