package indextest

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

func testAggregates(t *testing.T, x Index) {
	rows := fill(t, x, 4)
	plan, err := query.Parse("src_ip:* time:2018-03-01", query.Options{})
	must(t, err)
	req := index.Request{Plan: plan, To: time.Date(2018, 3, 1, 12, 0, 0, 0, time.UTC)}
	selected := slices.DeleteFunc(slices.Clone(rows), func(r index.Row) bool { return !selects(req, r) })
	testHistogram(t, x, req, selected)
	for _, column := range []string{"source", "actor_user", "class_uid", "src_ip", "EventID", "a/b~c"} {
		testFacet(t, x, req, selected, column)
	}
	first, last, err := x.Bounds(t.Context(), req)
	must(t, err)
	byTime := func(a, b index.Row) int { return a.Event.Time.Compare(b.Event.Time) }
	if want := slices.MinFunc(selected, byTime).Event.Time; !first.Equal(want) {
		t.Errorf("first: got %v, want %v", first, want)
	}
	if want := slices.MaxFunc(selected, byTime).Event.Time; !last.Equal(want) {
		t.Errorf("last: got %v, want %v", last, want)
	}
	testPresence(t, x, rows)
}

func testHistogram(t *testing.T, x Index, req index.Request, selected []index.Row) {
	t.Helper()
	counts := map[index.Bucket]int64{}
	for _, r := range selected {
		counts[index.Bucket{Start: r.Event.Time.Truncate(time.Hour), Source: r.Event.Source}]++
	}
	var want []index.Bucket
	for b, n := range counts {
		b.Count = n
		want = append(want, b)
	}
	slices.SortFunc(want, func(a, b index.Bucket) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Source, b.Source))
	})
	got, err := x.Histogram(t.Context(), req, time.Hour)
	must(t, err)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("histogram: %s", diff)
	}
}

func testFacet(t *testing.T, x Index, req index.Request, selected []index.Row, column string) {
	t.Helper()
	counts := map[string]int64{}
	for _, r := range selected {
		if v := facetValue(r.Event, column); v != "" {
			counts[v]++
		}
	}
	want := []index.Value{}
	for v, n := range counts {
		want = append(want, index.Value{Value: v, Count: n})
	}
	slices.SortFunc(want, func(a, b index.Value) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	got, err := x.Facet(t.Context(), req, column, 1000)
	must(t, err)
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("facet %s: %s", column, diff)
	}
	got, err = x.Facet(t.Context(), req, column, 2)
	must(t, err)
	if diff := gocmp.Diff(want[:min(2, len(want))], got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("facet %s, first two: %s", column, diff)
	}
}

func facetValue(ev *event.Event, column string) string {
	if slices.ContainsFunc(event.Columns(), func(c event.Column) bool { return c.Name == column }) {
		return query.Clean(query.Column(ev, column))
	}
	v, _ := ev.Get(column)
	return query.Clean(v)
}

func testPresence(t *testing.T, x Index, rows []index.Row) {
	t.Helper()
	from, to := time.Date(2018, 3, 1, 1, 0, 0, 0, time.UTC), time.Date(2018, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, width := range []time.Duration{0, 90 * time.Minute} {
		type place struct {
			source, host string
			start        time.Time
		}
		counts := map[place]*index.Presence{}
		for _, r := range rows {
			ev := r.Event
			if event.IsOwn(ev.Source) || ev.Time.Before(from) || !ev.Time.Before(to) {
				continue
			}
			at := place{ev.Source, query.Clean(ev.Host), from}
			if width > 0 {
				at.start = from.Add(ev.Time.Sub(from).Truncate(width))
			}
			p := counts[at]
			if p == nil {
				p = &index.Presence{Source: at.source, Host: at.host, Start: at.start, First: ev.Time, Last: ev.Time}
				counts[at] = p
			}
			p.Events++
			if ev.Format == event.Unparsed {
				p.Unparsed++
			}
			if ev.Time.Before(p.First) {
				p.First = ev.Time
			}
			if ev.Time.After(p.Last) {
				p.Last = ev.Time
			}
		}
		var want []index.Presence
		for _, p := range counts {
			want = append(want, *p)
		}
		slices.SortFunc(want, func(a, b index.Presence) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Host, b.Host))
		})
		got, err := x.Presence(t.Context(), from, to, width)
		must(t, err)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("presence, width %v: %s", width, diff)
		}
	}
}

func testPivot(t *testing.T, x Index) {
	rows := fill(t, x, 5)
	for kind, values := range map[string][]string{
		"user": {"SATO", "佐藤", "nul\x00nul", "nobody"}, "host": {"web01", "a%b"}, "ip": {"192.0.2.7", "2001:DB8::1"},
	} {
		for _, value := range values {
			want := pivotOf(rows, kind, value)
			got, err := x.Pivot(t.Context(), kind, value, time.Time{}, time.Time{})
			must(t, err)
			if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s %s: %s", kind, value, diff)
			}
			testAround(t, x, kind, value, got)
		}
	}
}

// testAround asks for the same events by a plan: all but the entity's own line
// is the same.
func testAround(t *testing.T, x Index, kind, value string, want index.Pivot) {
	t.Helper()
	plan, err := query.Parse(kind+`:"`+value+`"`, query.Options{})
	must(t, err)
	got, err := x.Around(t.Context(), index.Request{Plan: plan})
	must(t, err)
	itself := func(s index.Seen) bool { return query.Fold(s.Value) == query.Fold(value) }
	lists := map[string]*[]index.Seen{"user": &got.Users, "ip": &got.Addresses, "host": &got.Hosts}
	if !slices.ContainsFunc(*lists[kind], itself) && got.Count > 0 && kind != "ip" {
		t.Errorf("around %s %s: what was asked for is not in its list", kind, value)
	}
	*lists[kind] = slices.DeleteFunc(*lists[kind], itself)
	got.Kind, got.Value = want.Kind, want.Value
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("around %s %s: %s", kind, value, diff)
	}
}

// pivotOf counts a pivot over rows.
func pivotOf(rows []index.Row, kind, value string) index.Pivot {
	p := index.Pivot{Kind: kind, Value: value}
	wanted := query.Fold(value)
	all, sources, users, ips, hosts := tally{}, tally{}, tally{}, tally{}, tally{}
	for _, r := range rows {
		ev := kept(r.Event)
		of := map[string][]string{"user": {ev.ActorUser, ev.TargetUser}, "ip": {ev.SrcIP, ev.DstIP}, "host": {ev.Host}}
		if event.IsOwn(ev.Source) ||
			!slices.ContainsFunc(of[kind], func(v string) bool { return query.Fold(v) == wanted }) {
			continue
		}
		for k, list := range map[string]tally{"user": users, "ip": ips, "host": hosts} {
			for _, v := range slices.Compact(of[k]) {
				if v != "" && (k != kind || query.Fold(v) != wanted) {
					list.note(v, &ev)
				}
			}
		}
		all.note("", &ev)
		sources.note(ev.Source, &ev)
	}
	if total := all[""]; total != nil {
		p.Count, p.First, p.Last = total.Count, total.First, total.Last
	}
	p.Sources, p.Users, p.Addresses, p.Hosts = sources.list(), users.list(), ips.list(), hosts.list()
	return p
}

// tally counts entities.
type tally map[string]*index.Seen

func (t tally) note(v string, ev *event.Event) {
	s := t[v]
	if s == nil {
		s = &index.Seen{Value: v, First: ev.Time, Last: ev.Time}
		t[v] = s
	}
	s.Count++
	if ev.Time.Before(s.First) {
		s.First = ev.Time
	}
	if ev.Time.After(s.Last) {
		s.Last = ev.Time
	}
	if ev.StatusID == event.StatusFailure {
		s.Failures++
	}
	if !slices.Contains(s.Sources, ev.Source) {
		s.Sources = append(s.Sources, ev.Source)
	}
}

func (t tally) list() []index.Seen {
	var out []index.Seen
	for _, s := range t {
		slices.Sort(s.Sources)
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b index.Seen) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out
}

func testStream(t *testing.T, x Index) {
	rows := fill(t, x, 6)
	from := time.Date(2018, 3, 1, 2, 0, 0, 0, time.UTC)
	var want, got []event.Event
	for _, k := range expected(rows, index.Request{Own: true, Oldest: true, From: from}) {
		i := slices.IndexFunc(rows, func(r index.Row) bool { return keyOf(r.Event) == k })
		if !event.IsOwn(rows[i].Event.Source) {
			want = append(want, streamed(rows[i].Event))
		}
	}
	for ev, err := range x.Stream(t.Context(), from, time.Time{}) {
		must(t, err)
		got = append(got, streamed(ev))
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range x.Stream(t.Context(), from, time.Time{}) {
		break // leaving early must not hang or harm
	}
}

// streamed keeps of an event what every stream carries.
func streamed(ev *event.Event) event.Event {
	full := kept(ev)
	full.Quality.Original = ""
	return event.Event{
		Record: full.Record, Nth: full.Nth, Time: full.Time, TimeRx: full.TimeRx, Quality: full.Quality,
		Source: full.Source, Format: full.Format, ClassUID: full.ClassUID, ActivityID: full.ActivityID, StatusID: full.StatusID,
		ActorUser: full.ActorUser, SrcIP: full.SrcIP, Host: full.Host, Object: full.Object, ClientApp: full.ClientApp,
	}
}

// testCover counts and pages while rows are added and moved into files.
func testCover(t *testing.T, x Index) {
	const segments, each = 6, 50
	dir := t.TempDir()
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for seen := int64(0); ; {
				n, err := x.Count(t.Context(), index.Request{})
				if err != nil || n < seen || n > segments*each {
					t.Errorf("counted %d after %d (%v)", n, seen, err)
					return
				}
				seen = n
				page, err := x.Search(t.Context(), index.Request{Limit: 1000})
				if err != nil || int64(len(page.Events)) < seen {
					t.Errorf("found %d after %d (%v)", len(page.Events), seen, err)
					return
				}
				if keys := keysOf(page.Events); len(slices.Compact(keys)) != len(page.Events) {
					t.Error("a row was seen twice")
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for s := range segments {
		var rows []index.Row
		for i := range each {
			record := uint64(s*each + i + 1)
			rows = append(rows, index.Row{
				Event: &event.Event{Record: record, Source: "vpn", Time: time.Unix(int64(record%7), 0).UTC()},
				Raw:   []byte("row " + strconv.Itoa(i)),
			})
		}
		must(t, x.Add(t.Context(), rows[:each/2]))
		must(t, x.Add(t.Context(), rows[each/2:]))
		must(t, x.Cover(t.Context(), Segment(t, dir, rows)))
		must(t, x.Add(t.Context(), rows)) // repeated after a restart: left out
	}
	close(done)
	wg.Wait()
	n, err := x.Count(t.Context(), index.Request{})
	if err != nil || n != segments*each {
		t.Errorf("counted %d, want %d (%v)", n, segments*each, err)
	}
}

func testEmpty(t *testing.T, x Index) {
	page, err := x.Search(t.Context(), index.Request{})
	if err != nil || len(page.Events) != 0 || page.Next != "" {
		t.Errorf("search: %v %v", page, err)
	}
	if n, err := x.Count(t.Context(), index.Request{}); n != 0 || err != nil {
		t.Errorf("count: %d %v", n, err)
	}
	if first, last, err := x.Bounds(t.Context(), index.Request{}); !first.IsZero() || !last.IsZero() || err != nil {
		t.Errorf("bounds: %v %v %v", first, last, err)
	}
	if x.Last() != 0 || x.Has(index.Segment{First: 1, Last: 2}) {
		t.Error("an empty index claims to hold something")
	}
}

func testRefusals(t *testing.T, x Index) {
	for _, c := range []index.Cursor{"x", "n.1.2", "o.1.2.3", "n.99999999999999999999.1.0", "n.1.1.70000"} {
		if _, err := x.Search(t.Context(), index.Request{After: c}); !errors.Is(err, index.ErrCursor) {
			t.Errorf("cursor %q: got %v", c, err)
		}
	}
	if _, err := x.Facet(t.Context(), index.Request{}, "", 5); !errors.Is(err, index.ErrColumn) {
		t.Errorf("facet: got %v", err)
	}
	for _, width := range []time.Duration{0, -1, 1} {
		if _, err := x.Histogram(t.Context(), index.Request{}, width); !errors.Is(err, index.ErrWidth) {
			t.Errorf("width %d: got %v", width, err)
		}
	}
	for _, kind := range []string{"", "planet"} {
		if _, err := x.Pivot(t.Context(), kind, "x", time.Time{}, time.Time{}); !errors.Is(err, index.ErrKind) {
			t.Errorf("kind %q: got %v", kind, err)
		}
	}
}
