// Package positive counts the positive controls of an answer: what shows that its sources, and the hosts asked about, were recording.
package positive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// Index is what is asked of an index.
type Index interface {
	Facet(ctx context.Context, req index.Request, column string, n int) ([]index.Value, error)
}

// Asked is what a question is about: events of Classes, or of all where there are
// none, in [From, To); Hosts where it is about some only.
type Asked struct {
	From, To time.Time
	Classes  []int32
	Hosts    []string
}

// Bounds: sources whose control is counted, and hosts that have one of their own.
// A host beyond them has none, so that nothing is covered by it.
const (
	maxSources = 10_000
	maxHosts   = 256
)

// Controls counts what each source holds of the kind asked for, and of that the
// successes.
func Controls(ctx context.Context, x Index, q Asked) (map[string]coverage.Control, error) {
	return q.count(ctx, x, ofClasses(q.Classes))
}

// OfHosts counts the same of each host asked about, by its name in lower case and
// source: what other hosts sent does not show that this one was sending.
func OfHosts(ctx context.Context, x Index, q Asked) (map[string]map[string]coverage.Control, error) {
	out := map[string]map[string]coverage.Control{}
	for _, host := range q.Hosts[:min(len(q.Hosts), maxHosts)] {
		c, err := q.count(ctx, x, append(ofClasses(q.Classes), query.Match{Field: "host", Value: query.Fold(host)}))
		if err != nil {
			return nil, err
		}
		out[strings.ToLower(host)] = c
	}
	return out, nil
}

// Held tells which sources ever had an event of some classes.
func Held(ctx context.Context, x Index, classes []int32) (map[string]bool, error) {
	values, err := x.Facet(ctx, request(ofClasses(classes)), "source", maxSources)
	if err != nil {
		return nil, fmt.Errorf("positive: who holds such events: %w", err)
	}
	out := make(map[string]bool, len(values))
	for _, v := range values {
		out[v.Value] = true
	}
	return out, nil
}

func (q Asked) count(ctx context.Context, x Index, nodes []query.Node) (map[string]coverage.Control, error) {
	out := map[string]coverage.Control{}
	for _, success := range []bool{false, true} {
		if success {
			nodes = append(nodes, query.Match{Field: "status_id", Number: int64(event.StatusSuccess)})
		}
		req := request(nodes)
		req.From, req.To = q.From, q.To
		values, err := x.Facet(ctx, req, "source", maxSources)
		if err != nil {
			return nil, fmt.Errorf("positive: %w", err)
		}
		for _, v := range values {
			c := out[v.Value]
			if success {
				c.Successes = v.Count
			} else {
				c.Events = v.Count
			}
			out[v.Value] = c
		}
	}
	return out, nil
}

func request(nodes []query.Node) index.Request {
	return index.Request{Plan: &query.Plan{Root: query.And{Nodes: nodes}}}
}

// ofClasses selects the events of some classes, or all.
func ofClasses(classes []int32) []query.Node {
	if len(classes) == 0 {
		return nil
	}
	out := query.Or{}
	for _, c := range classes {
		out.Nodes = append(out.Nodes, query.Match{Field: "class_uid", Number: int64(c)})
	}
	return []query.Node{out}
}
