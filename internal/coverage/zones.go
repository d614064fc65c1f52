package coverage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// zoneNote is the reason why times of an answer may be off by hours: sources
// that it rests on state no zone, and nobody said one.
func zoneNote(rows []SourceCoverage) (event.Phrase, bool) {
	var ids []string
	for _, c := range rows {
		if c.ZoneAssumed > 0 && !slices.Contains(ids, c.Source) {
			ids = append(ids, c.Source)
		}
	}
	if len(ids) == 0 {
		return event.Phrase{}, false
	}
	shown, more := strings.Join(ids[:min(len(ids), maxWhys)], ", "), ""
	if len(ids) > maxWhys {
		more = ", …"
	}
	return event.Phrase{
		JA: fmt.Sprintf("時間帯が書かれておらず仮定したログ源が %d 件（%s%s）：時刻は最大 1 日ずれうる", len(ids), shown, more),
		EN: fmt.Sprintf("the zone was assumed for %d source(s) whose times state none (%s%s): they can be off by up to a day", len(ids), shown, more),
	}, true
}
