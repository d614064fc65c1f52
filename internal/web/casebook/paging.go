package casebook

import "strconv"

// pageRows is how many rows or statements one page shows.
const pageRows = 200

// paging is where a page stands in a long list; empty where one page is all.
type paging struct{ Place, Before, After string }

// pagesOf is how many pages a list of n takes.
func pagesOf(n int) int { return max(1, (n+pageRows-1)/pageRows) }

// page is the page that the address names, counted from 0.
func (v visit) page(pages int) int {
	n, err := strconv.Atoi(v.At.Get("page"))
	if err != nil {
		return 0
	}
	return min(max(n, 1), pages) - 1
}

func (v visit) paging(at, pages int) (p paging) {
	if pages == 1 {
		return p
	}
	p.Place = v.F("timeline.page", at+1, pages)
	base := v.At.Change("at", "", "row", "", "edit", "", "new", "", "record", "", "pivot", "", "gap", "")
	if at > 0 {
		p.Before = base.Change("page", strconv.Itoa(at)).String()
	}
	if at+1 < pages {
		p.After = base.Change("page", strconv.Itoa(at+2)).String()
	}
	return p
}
