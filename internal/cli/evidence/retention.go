package evidence

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
)

// retentionFlags are what a source may be told about how long it is kept.
type retentionFlags struct{ here, origin event.Period }

func (r *retentionFlags) register(fs *flag.FlagSet) {
	fs.TextVar(&r.here, "retention", event.Period{}, "how long its records are kept here: a `period` such as 400d, 12mo, 2y or forever")
	fs.TextVar(&r.origin, "origin-retention", event.Period{}, "how long the producer itself keeps its logs (`period`)")
}

// told completes a source by what was said of it before: adding it again says
// more of it, and takes nothing back.
func (r *retentionFlags) told(src control.Source, known []control.Source) control.Source {
	src.Retention, src.OriginRetention = r.here, r.origin
	i := slices.IndexFunc(known, func(s control.Source) bool { return s.ID == src.ID })
	if i < 0 {
		return src
	}
	old := known[i]
	src.Kind, src.Owner, src.Zone = cmp.Or(src.Kind, old.Kind), cmp.Or(src.Owner, old.Owner), cmp.Or(src.Zone, old.Zone)
	if src.Name.Empty() {
		src.Name = old.Name
	}
	src.Host, src.HeldBy, src.Sequence = cmp.Or(src.Host, old.Host), cmp.Or(src.HeldBy, old.HeldBy), cmp.Or(src.Sequence, old.Sequence)
	src.Rhythm, src.Heartbeat = cmp.Or(src.Rhythm, old.Rhythm), cmp.Or(src.Heartbeat, old.Heartbeat)
	if src.Match.IsZero() {
		src.Match = old.Match
	}
	src.Covers = orOld(src.Covers, old.Covers)
	src.Critical = src.Critical || old.Critical
	src.Paths = append(src.Paths, old.Paths...)
	src.Absent = append(old.Absent[:len(old.Absent):len(old.Absent)], src.Absent...)
	return src
}

// kept is what the list of sources says of how long they are kept; nothing
// where nobody said anything.
func (e *env) kept(src control.Source) string {
	var parts []string
	if !src.Retention.IsZero() {
		parts = append(parts, fmt.Sprintf(e.Say("ここで %s", "kept %s here"), src.Retention))
	}
	if !src.OriginRetention.IsZero() {
		parts = append(parts, fmt.Sprintf(e.Say("元で %s", "%s at its origin"), src.OriginRetention))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, e.Say("、", ", "))
}
