package control

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// An EventKind is the events that one source sent of one format, class,
// activity and code, with some of them.
type EventKind struct {
	Source      string
	Format      string
	ClassUID    int32
	ActivityID  int32
	EventCode   string
	Events      int64
	First, Last time.Time
	// Samples are a few of the events as their records give them, chosen
	// evenly, with native fields; the same events give the same samples. None
	// when their records are not here any more.
	Samples []event.Event
}

// EventKinds are the kinds of events in the index, the most frequent first.
type EventKinds struct {
	Kinds []EventKind
	// Cut says that there are more kinds than are listed.
	Cut bool
	// Unread is how many records chosen as samples could not be read.
	Unread int
	// Behind is how many records are not in the index yet.
	Behind uint64
}

// RuleCoverage is what a person may ask about which events there are for rules.
type RuleCoverage interface {
	// EventKinds lists what kinds of events there are, konseki's own left out.
	EventKinds(ctx context.Context, by string) (*EventKinds, error)
}

var _ RuleCoverage = (*Service)(nil)

// Bounds of EventKinds: kinds listed, samples of one kind, and of all.
const (
	maxKinds      = 5000
	kindSamples   = 16
	maxAllSamples = 20_000
)

// tabulator is an index that answers a SELECT over its events.
type tabulator interface {
	SQL(ctx context.Context, text string) (columns []string, rows iter.Seq2[[]any, error], err error)
}

// kindsQuery counts events by kind; which are samples depends on their records'
// numbers alone.
func kindsQuery() string {
	return fmt.Sprintf(`SELECT source, format, class_uid::INTEGER, activity_id::INTEGER, event_code, count(*)::BIGINT, min(time), max(time),
	array_to_string(min_by(record, hash(record), %d), ' ')
	FROM events WHERE NOT starts_with(source, '%s') GROUP BY ALL ORDER BY 6 DESC, 1, 2, 3, 4, 5 LIMIT %d`, kindSamples, event.OwnPrefix, maxKinds+1)
}

// EventKinds implements [RuleCoverage].
func (s *Service) EventKinds(ctx context.Context, by string) (*EventKinds, error) {
	table, ok := s.Index.(tabulator)
	if !ok {
		return nil, errors.New("control: this index answers no SELECT; kinds of events cannot be counted")
	}
	if err := s.sync(ctx); err != nil {
		return nil, fmt.Errorf("control: kinds of events: %w", err)
	}
	_, rows, err := table.SQL(ctx, kindsQuery())
	if err != nil {
		return nil, fmt.Errorf("control: kinds of events: %w", err)
	}
	out := &EventKinds{Behind: s.behind()}
	var chosen [][]uint64
	for row, err := range rows {
		if errors.Is(err, index.ErrCut) || len(out.Kinds) == maxKinds {
			out.Cut = true
			break
		}
		if err != nil {
			return nil, fmt.Errorf("control: kinds of events: %w", err)
		}
		k, records, err := kindOf(row)
		if err != nil {
			return nil, err
		}
		out.Kinds, chosen = append(out.Kinds, k), append(chosen, records)
	}
	if err := s.sample(ctx, out, chosen); err != nil {
		return nil, err
	}
	return out, s.record(ctx, access{By: by, Op: "rules.coverage", Found: int64(len(out.Kinds))})
}

// kindOf reads a row of kindsQuery.
func kindOf(row []any) (EventKind, []uint64, error) {
	var k EventKind
	var list string
	into := []any{&k.Source, &k.Format, &k.ClassUID, &k.ActivityID, &k.EventCode, &k.Events, &k.First, &k.Last, &list}
	for i := range into {
		if !put(into[i], row[i]) {
			return k, nil, fmt.Errorf("control: kinds of events: column %d is %T", i, row[i])
		}
	}
	var records []uint64
	for text := range strings.FieldsSeq(list) {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return k, nil, fmt.Errorf("control: kinds of events: record: %w", err)
		}
		records = append(records, n)
	}
	return k, records, nil
}

// put assigns a value of an SQL answer; NULL is the zero value.
func put(into, v any) bool {
	if v == nil {
		return true
	}
	ok := false
	switch p := into.(type) {
	case *string:
		*p, ok = v.(string)
	case *int32:
		*p, ok = v.(int32)
	case *int64:
		*p, ok = v.(int64)
	case *time.Time:
		*p, ok = v.(time.Time)
	}
	return ok
}

// sample reads the chosen records and keeps the events of each kind.
func (s *Service) sample(ctx context.Context, out *EventKinds, chosen [][]uint64) error {
	n := normalise.New()
	each := max(1, min(kindSamples, maxAllSamples/max(1, len(chosen))))
	for i := range out.Kinds {
		k := &out.Kinds[i]
		for _, seq := range chosen[i][:min(each, len(chosen[i]))] {
			rec, err := s.Vault.Get(ctx, seq)
			switch {
			case errors.Is(err, vault.ErrNotFound), errors.Is(err, vault.ErrGone):
				out.Unread++
				continue
			case err != nil:
				return fmt.Errorf("control: kinds of events: record %d: %w", seq, err)
			}
			evs := n.Events(nil, &rec)
			for j := range evs {
				if k.holds(&evs[j]) {
					k.Samples = append(k.Samples, evs[j])
					break
				}
			}
		}
	}
	return nil
}

// holds reports whether an event is of the kind.
func (k *EventKind) holds(ev *event.Event) bool {
	return ev.Source == k.Source && ev.Format == k.Format && ev.ClassUID == k.ClassUID && ev.ActivityID == k.ActivityID && ev.EventCode == k.EventCode
}
