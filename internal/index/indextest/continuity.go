package indextest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/coverage/sequence"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
)

// Numbered makes rows of several producers that count their records, of which
// some are not there and some came twice: in two hours, live and from files, with
// one clock that is ahead.
func Numbered() []index.Row {
	start := time.Date(2026, 4, 1, 0, 30, 0, 0, time.UTC)
	var rows []index.Row
	next := map[string]uint64{}
	for i := range 300 {
		host := []string{"web01", "db01", ""}[i%3]
		chain := []string{"audit", "audit", "eventrecord:Security"}[i%3]
		n := next[host] + 1
		if i%37 == 0 {
			n += 3
		}
		next[host] = n
		at := start.Add(time.Duration(i) * 10 * time.Second)
		ev := &event.Event{
			Record: uint64(len(rows) + 1), Source: "servers", Host: host, Format: "auditd", ClassUID: event.ClassBase, Chain: chain, NativeSeq: strconv.FormatUint(n, 10),
			Time: at, TimeRx: at.Add(time.Duration(i%7) * time.Second), Live: i%5 > 0,
			Quality: event.Quality{Zone: event.ZoneStated, Precision: event.PrecisionMilli},
		}
		switch i % 11 {
		case 0:
			ev.Chain = ""
		case 1:
			ev.Source = event.OwnPrefix + "access"
		case 2:
			ev.Quality.Zone = event.ZoneAssumed
		case 3:
			ev.NativeSeq += " of many"
		}
		if host == "db01" {
			ev.TimeRx = ev.TimeRx.Add(-5 * time.Minute)
		}
		rows = append(rows, index.Row{Event: ev, Raw: fmt.Appendf(nil, "number %d of %s", n, host)})
		if i%13 == 0 {
			again := *ev
			again.Record++
			rows = append(rows, index.Row{Event: &again, Raw: rows[len(rows)-1].Raw})
		}
	}
	return rows
}

// testContinuity adds rows out of order, of which two segments are covered.
func testContinuity(t *testing.T, x Index) {
	rows := Numbered()
	dir := t.TempDir()
	for _, part := range [][]index.Row{rows[200:260], rows[:100], rows[100:200], rows[260:]} {
		must(t, x.Add(t.Context(), part))
		if part[0].Event.Record < 200 {
			must(t, x.Cover(t.Context(), Segment(t, dir, part)))
		}
	}
	CheckContinuity(t, x, rows)
}

// CheckContinuity compares what the index says of numbers and clocks with sets
// and lists made of all its rows.
func CheckContinuity(t *testing.T, x Index, rows []index.Row) {
	t.Helper()
	runs, err := x.Sequences(t.Context())
	must(t, err)
	gaps := map[sequence.Key][]string{}
	for _, c := range sequence.Merge(runs) {
		gaps[c.Key] = []string{fmt.Sprint("seen ", c.Seen)}
		for _, g := range c.Gaps() {
			gaps[c.Key] = append(gaps[c.Key], fmt.Sprintf("%d to %d from %v to %v", g.Last, g.Next, g.After, g.Before))
		}
	}
	if diff := gocmp.Diff(gapsOf(rows), gaps); diff != "" {
		t.Errorf("sequences: %s", diff)
	}
	estimates, err := x.Offsets(t.Context())
	must(t, err)
	near := cmpopts.EquateApprox(0.125, 1)
	milliseconds := gocmp.Transformer("ms", func(ms int64) float64 { return float64(ms) })
	if diff := gocmp.Diff(clocksOf(rows), estimates, milliseconds, near); diff != "" {
		t.Errorf("offsets: %s", diff)
	}
}

// gapsOf lists the gaps in the numbers of rows.
func gapsOf(rows []index.Row) map[sequence.Key][]string {
	type seen struct {
		at    map[uint64]time.Time
		count int
	}
	sets := map[sequence.Key]*seen{}
	for _, r := range rows {
		ev := r.Event
		n, err := strconv.ParseUint(ev.NativeSeq, 10, 64)
		if err != nil || ev.Chain == "" || event.IsOwn(ev.Source) {
			continue
		}
		key := sequence.Key{Source: ev.Source, Host: ev.Host, Chain: ev.Chain}
		if sets[key] == nil {
			sets[key] = &seen{at: map[uint64]time.Time{}}
		}
		sets[key].at[n] = ev.Time
		sets[key].count++
	}
	out := map[sequence.Key][]string{}
	for key, set := range sets {
		out[key] = []string{fmt.Sprint("seen ", set.count)}
		last := uint64(0)
		for n := range uint64(1000) {
			at, ok := set.at[n]
			if !ok {
				continue
			}
			if last > 0 && n > last+1 {
				out[key] = append(out[key], fmt.Sprintf("%d to %d from %v to %v", last, n, set.at[last], at))
			}
			last = n
		}
	}
	return out
}

// clocksOf estimates the clocks of rows by sorting.
func clocksOf(rows []index.Row) []offset.Estimate {
	type place struct{ host, hour string }
	lists := map[place][]int64{}
	for _, r := range rows {
		ev := r.Event
		if ev.Live && ev.Quality.Zone == event.ZoneStated && !event.IsOwn(ev.Source) {
			p := place{ev.Host, ev.TimeRx.Format("2006-01-02T15:00:00Z")}
			lists[p] = append(lists[p], ev.TimeRx.Sub(ev.Time).Milliseconds())
		}
	}
	var out []offset.Estimate
	for p, list := range lists {
		slices.Sort(list)
		hour, _ := time.Parse(time.RFC3339, p.hour) // it was just written
		at := func(percent int) int64 { return list[max((len(list)*percent+99)/100, 1)-1] }
		out = append(out, offset.Estimate{
			Source: "servers", Host: p.host, From: hour.UTC(), To: hour.UTC().Add(time.Hour), Count: int64(len(list)),
			LowMS: at(5), MedianMS: at(50), HighMS: at(95),
		})
	}
	slices.SortFunc(out, func(a, b offset.Estimate) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), a.From.Compare(b.From))
	})
	return out
}
