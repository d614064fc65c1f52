package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// Pivot tells what is known around an address ("ip"), an account ("user") or a
// device ("host") in [from,to); zero times are open. Accounts and devices match
// whatever their case.
func (x *Index) Pivot(ctx context.Context, kind, value string, from, to time.Time) (index.Pivot, error) {
	p := index.Pivot{Kind: kind, Value: value}
	root, err := entity(kind, value)
	if err != nil {
		return p, fmt.Errorf("index: pivot: %w", err)
	}
	seen, err := x.around(ctx, index.Request{Plan: &query.Plan{Root: root}, From: from, To: to, Own: true}, kind, query.Fold(value))
	seen.Kind, seen.Value = kind, value
	return seen, err
}

// Around tells what is known around the events of a request; its lists leave
// nothing out.
func (x *Index) Around(ctx context.Context, r index.Request) (index.Pivot, error) {
	return x.around(ctx, r, "", "")
}

// around leaves the entity itself out of the lists.
func (x *Index) around(ctx context.Context, req index.Request, kind, folded string) (p index.Pivot, err error) {
	columns := of(derived.ColTime, derived.ColSource, derived.ColStatus, derived.ColActor, derived.ColTarget, derived.ColSrcIP, derived.ColDstIP, derived.ColHost)
	err = x.aggregate(ctx, req, columns, pivotText(), []any{folded, kind}, func(rows *sql.Rows) error {
		var of string
		var s index.Seen
		var first, last int64
		var sources string
		if err := rows.Scan(&of, &s.Value, &s.Count, &first, &last, &s.Failures, &sources); err != nil {
			return err
		}
		s.First, s.Last = derived.Instant(first), derived.Instant(last)
		s.Sources = strings.Split(sources, "\n")
		slices.Sort(s.Sources)
		note(&p, of, s)
		return nil
	})
	return p, wrap("pivot", err)
}

// entity writes the condition that an event touches the entity.
func entity(kind, value string) (query.Node, error) {
	either := func(a, b string) query.Node {
		return query.Or{Nodes: []query.Node{
			query.Match{Field: a, Op: query.Equal, Value: query.Fold(value)},
			query.Match{Field: b, Op: query.Equal, Value: query.Fold(value)},
		}}
	}
	switch {
	case value == "":
	case kind == "ip":
		if addr, err := netip.ParseAddr(value); err == nil {
			value = addr.String()
		}
		return either("src_ip", "dst_ip"), nil
	case kind == "user":
		return either("actor_user", "target_user"), nil
	case kind == "host":
		return query.Match{Field: "host", Op: query.Equal, Value: query.Fold(value)}, nil
	}
	return nil, index.ErrKind
}

// pivotText groups the entity's events twice: once by all that may be listed,
// which leaves few rows, and then into each list. The lists leave out the entity
// itself ($1, of kind $2).
func pivotText() string {
	list := func(of, kind, column string) string {
		return fmt.Sprintf("SELECT '%s' AS of, %s AS value, n, first, last, failures, source FROM g WHERE %[2]s <> '' AND ($2 <> '%[3]s' OR lower(%[2]s) <> $1)",
			of, column, kind)
	}
	// An event whose two accounts or addresses are equal counts once.
	second := func(text, column, first string) string { return text + " AND " + column + " <> " + first }
	parts := []string{
		"SELECT 'all' AS of, '' AS value, n, first, last, failures, source FROM g",
		"SELECT 'source', source, n, first, last, failures, source FROM g",
		list("user", "user", "actor_user"),
		second(list("user", "user", "target_user"), "target_user", "actor_user"),
		list("address", "ip", "src_ip"),
		second(list("address", "ip", "dst_ip"), "dst_ip", "src_ip"),
		list("host", "host", "host"),
	}
	return "WITH g AS MATERIALIZED (SELECT source, actor_user, target_user, src_ip, dst_ip, host, count(*) AS n, " +
		"min(time) AS first, max(time) AS last, count_if(status_id = 2) AS failures FROM " + table + " WHERE " + own(false) +
		" GROUP BY ALL), l AS (" + strings.Join(parts, " UNION ALL ") + ") " +
		"SELECT of, value, sum(n)::BIGINT AS count, min(first), max(last), sum(failures)::BIGINT, string_agg(DISTINCT source, chr(10)) " +
		"FROM l GROUP BY of, value " +
		fmt.Sprintf("QUALIFY row_number() OVER (PARTITION BY of ORDER BY count DESC, value) <= %d ORDER BY of, count DESC, value", index.MaxSeen)
}

// note puts one line of the answer into its list.
func note(p *index.Pivot, of string, s index.Seen) {
	switch of {
	case "all":
		p.Count, p.First, p.Last = s.Count, s.First, s.Last
	case "source":
		p.Sources = append(p.Sources, s)
	case "user":
		p.Users = append(p.Users, s)
	case "address":
		p.Addresses = append(p.Addresses, s)
	case "host":
		p.Hosts = append(p.Hosts, s)
	}
}
