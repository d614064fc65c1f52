package casebook

import (
	"strconv"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/evidence"
	"github.com/konseki/konseki/internal/web/reading"
)

// citations are links to the cited records, numbered through the case.
type citations struct {
	List []evidence.Citation
	More string // how many more records the query found
}

// numbers gives each cited record its number in the case.
type numbers struct {
	of   map[uint64]int
	link string
}

// numbering numbers the cited records in the order a reader meets them: the
// timeline, then questions, statements and the other parts.
func (v visit) numbering(c *control.Case) numbers {
	n := numbers{make(map[uint64]int), v.At.UpTo("record", "pivot", "gap") + "record="}
	add := func(list []uint64) {
		for _, seq := range list {
			if n.of[seq] == 0 {
				n.of[seq] = len(n.of) + 1
			}
		}
	}
	for i := range c.Timeline {
		add(c.Timeline[i].Cites)
	}
	for i := range c.Questions {
		add(c.Questions[i].Cites)
	}
	for i := range c.Statements {
		add(c.Statements[i].Cites)
	}
	add(c.Cited(false)) // what the other parts cite
	return n
}

// cite sets citations; total is how many records there are in all.
func (v visit) cite(list []uint64, total int64, n numbers) citations {
	var c citations
	for i, seq := range list {
		if i == evidence.MaxCites {
			break
		}
		number := strconv.FormatUint(seq, 10)
		c.List = append(c.List, evidence.Citation{Number: strconv.Itoa(n.of[seq]), Href: n.link + number, Title: "#" + reading.Grouped(int64(seq))})
	}
	if rest := max(total, int64(len(list))) - int64(len(c.List)); rest > 0 {
		c.More = v.F("cite.more", reading.Grouped(rest))
	}
	return c
}
