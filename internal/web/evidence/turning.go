package evidence

import (
	"slices"

	"github.com/konseki/konseki/internal/control"
)

// Turning finds the first trace and the first response after it, -1 where
// there is none. The first trace is the earliest row that shares a record with
// the answer to "since when"; without one, the earliest row with a record.
func Turning(c *control.Case) (first, then int) {
	since := map[uint64]bool{}
	for i := range c.Questions {
		for _, seq := range c.Questions[i].Cites {
			if c.Questions[i].Board == "since_when" {
				since[seq] = true
			}
		}
	}
	earliest := func(fits func(row *control.Row) bool) int {
		at := -1
		for i := range c.Timeline {
			if row := &c.Timeline[i]; fits(row) && (at < 0 || row.At.Before(c.Timeline[at].At)) {
				at = i
			}
		}
		return at
	}
	first = earliest(func(row *control.Row) bool {
		return row.What == "event" && slices.ContainsFunc(row.Cites, func(seq uint64) bool { return since[seq] })
	})
	if first < 0 {
		first = earliest(func(row *control.Row) bool { return row.What == "event" && len(row.Cites) > 0 })
	}
	if first < 0 {
		return -1, -1
	}
	then = earliest(func(row *control.Row) bool {
		return (row.What == "action" || row.What == "notice") && row.At.After(c.Timeline[first].At)
	})
	return first, then
}
