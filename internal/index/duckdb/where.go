package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/duckdb/skip"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/konseki/konseki/internal/query"
)

// builder writes SQL over one snapshot. Values become bound parameters; only
// names, numbers and paths of this package's own making stand in the text.
type builder struct {
	args  []any
	files []*file
	hot   []*derived.Batch
	// used notes the columns that the statement names.
	used [derived.ColumnCount]bool
	// hits is the number of columns that hot() shall add for sets of words.
	hits int
	// group is the files whose side of the union is being written; it is empty
	// on the side of the rows in memory.
	group []*file
	// finder has searched the texts; with upper, it is still to do that, and
	// conditions hold as far as they may hold for some text.
	finder *finder
	upper  bool
	not    bool // within an odd number of negations
}

// arg binds a value and returns its placeholder.
func (b *builder) arg(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// column names a column and notes its use.
func (b *builder) column(col int) string {
	b.used[col] = true
	return derived.Specs()[col].Name
}

// byName finds a column that people may name.
func byName(name string) (int, bool) {
	for col, s := range derived.Specs() {
		if s.Name == name && col != derived.ColFields && col != derived.ColTextKind && col != derived.ColText && col != derived.ColNotes {
			return col, true
		}
	}
	return 0, false
}

// from writes a table of all rows of the snapshot for which the conditions hold.
// list and where are called for each side of the union.
func (b *builder) from(list func() []string, where func() string) string {
	sides := b.fromFiles(func(files string) string {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(list(), ", "), files, where())
	})
	sides = append(sides, fmt.Sprintf("SELECT %s FROM hot() WHERE %s", strings.Join(list(), ", "), where()))
	return "(" + strings.Join(sides, " UNION ALL ") + ")"
}

// fromFiles writes a statement for each group of files that have the same
// columns.
func (b *builder) fromFiles(write func(files string) string) (parts []string) {
	groups := map[int][]*file{}
	for _, f := range b.files {
		groups[f.Slots] = append(groups[f.Slots], f)
	}
	for _, slots := range slices.Sorted(maps.Keys(groups)) {
		b.group = groups[slots]
		parts = append(parts, write("read_parquet("+parquetList(b.group)+")"))
	}
	b.group = nil
	return parts
}

// columns makes a list for from.
func (b *builder) columns(columns ...int) func() []string {
	return func() []string {
		names := make([]string, len(columns))
		for i, col := range columns {
			names[i] = b.column(col)
		}
		return names
	}
}

// scan gives the part of the snapshot that hot() shall read.
func (b *builder) scan() hotScan {
	s := hotScan{batches: b.hot, finder: b.finder, hits: b.hits}
	for col, used := range b.used {
		if used {
			s.columns = append(s.columns, col)
		}
	}
	return s
}

// parquetList writes the paths of files as an SQL list; what DuckDB would take
// for a wildcard is guarded.
func parquetList(files []*file) string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = quote(guard(f.path))
	}
	return "[" + strings.Join(paths, ", ") + "]"
}

func guard(path string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(path)
}

// node writes the condition of a query's node. It is never null.
func (b *builder) node(n query.Node) string {
	switch n := n.(type) {
	case query.And:
		return b.and(n)
	case query.Or:
		parts := make([]string, len(n.Nodes))
		for i, c := range n.Nodes {
			parts[i] = b.node(c)
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	case query.Not:
		b.not = !b.not
		s := "NOT " + b.node(n.Node)
		b.not = !b.not
		return s
	case query.Text:
		return b.texts([]query.Text{n})
	case query.Match:
		return b.match(n)
	}
	return "false"
}

// and puts the words of a conjunction together: they are searched as one set.
func (b *builder) and(n query.And) string {
	var parts []string
	words, rest := splitWords(n)
	for _, c := range rest {
		parts = append(parts, b.node(c))
	}
	if len(words) > 0 {
		parts = append(parts, b.texts(words))
	}
	if parts = slices.DeleteFunc(parts, func(p string) bool { return p == "true" }); len(parts) == 0 {
		return "true"
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

// texts writes that the record's text contains all the words.
func (b *builder) texts(words []query.Text) string {
	if b.upper {
		return strconv.FormatBool(!b.not)
	}
	set := b.finder.set(words)
	if len(b.group) == 0 {
		b.hits = max(b.hits, set+1)
		return fmt.Sprintf("(%s = 1)", hitName(set))
	}
	among := b.finder.among(set)
	if !slices.ContainsFunc(b.group, func(f *file) bool { return f.Decoded > 0 }) {
		return "(" + among + ")"
	}
	kind := b.column(derived.ColTextKind)
	return fmt.Sprintf("((%s = %d AND %s) OR (%s <> %d AND %s))", kind, derived.TextIsRaw, among, kind, derived.TextIsRaw, b.contained(b.column(derived.ColText), words))
}

// contained writes that text contains every word, whatever their case.
func (b *builder) contained(text string, words []query.Text) string {
	parts := make([]string, len(words))
	for i, w := range words {
		switch {
		case w.Wild:
			parts[i] = fmt.Sprintf(`lower(%s) LIKE %s ESCAPE '\'`, text, b.arg("%"+likePattern(w.Word)+"%"))
		case caseless(w.Word):
			parts[i] = fmt.Sprintf("contains(%s, %s)", text, b.arg(w.Word))
		default:
			parts[i] = fmt.Sprintf("contains(lower(%s), %s)", text, b.arg(w.Word))
		}
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

// caseless reports whether no other spelling of s differs only in case.
func caseless(s string) bool {
	for _, r := range s {
		if unicode.SimpleFold(r) != r || unicode.ToUpper(r) != r {
			return false
		}
	}
	return true
}

// likePattern turns a query's pattern into one for LIKE with ESCAPE '\'.
func likePattern(pattern string) string {
	var out strings.Builder
	guarded := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	for _, p := range query.Pattern(pattern) {
		switch p.Wild {
		case '*':
			out.WriteByte('%')
		case '?':
			out.WriteByte('_')
		default:
			out.WriteString(guarded.Replace(p.Literal))
		}
	}
	return out.String()
}

// match writes a comparison of one field.
func (b *builder) match(m query.Match) string {
	if m.Native {
		return b.native(m)
	}
	col, ok := byName(m.Field)
	if !ok {
		return "false"
	}
	name := b.column(col)
	switch {
	case (col == derived.ColMessage || col == derived.ColOriginal) && len(b.group) > 0:
		return b.homed(derived.Item{Col: col}, m)
	case col == derived.ColTime || col == derived.ColTimeRx:
		return b.instant(name, m)
	case !derived.Specs()[col].Kept.Text():
		return b.number(name, m)
	case m.Op == query.Within:
		return b.within(name, m.Prefix)
	}
	return b.text(name, m)
}

func (b *builder) instant(name string, m query.Match) string {
	low, _ := derived.Bounds()
	switch m.Op {
	case query.Less:
		return fmt.Sprintf("(%s < %s)", name, b.arg(derived.Nanos(m.Time)))
	case query.GreaterEq:
		return fmt.Sprintf("(%s >= %s)", name, b.arg(derived.Nanos(m.Time)))
	}
	return fmt.Sprintf("(%s > %d)", name, low)
}

// sign gives the SQL sign of an order comparison.
func sign(op query.Op) string {
	switch op {
	case query.Less:
		return "<"
	case query.LessEq:
		return "<="
	case query.Greater:
		return ">"
	case query.GreaterEq:
		return ">="
	}
	return "="
}

func (b *builder) number(name string, m query.Match) string {
	if m.Op == query.Exists {
		return "(" + name + " <> 0)"
	}
	return fmt.Sprintf("(%s %s %s)", name, sign(m.Op), b.arg(m.Number))
}

// text writes a comparison of a text expression that is never null.
func (b *builder) text(expr string, m query.Match) string {
	switch m.Op {
	case query.Exists:
		return "(" + expr + " <> '')"
	case query.Equal:
		if caseless(m.Value) {
			return fmt.Sprintf("(%s = %s)", expr, b.arg(m.Value))
		}
		return fmt.Sprintf("(lower(%s) = %s)", expr, b.arg(m.Value))
	case query.Like:
		return fmt.Sprintf(`(lower(%s) LIKE %s ESCAPE '\')`, expr, b.arg(likePattern(m.Value)))
	}
	return fmt.Sprintf(`(regexp_full_match(%s, '-?[0-9]{1,18}(\.[0-9]{1,9})?') AND coalesce(TRY_CAST(%s AS DOUBLE) %s %s, false))`,
		expr, expr, sign(m.Op), b.arg(m.Float))
}

// native writes a comparison of a native field. Where fields are JSON text it is
// a cheap test that the name, or name and value, stand in the text at all, and
// the exact one.
func (b *builder) native(m query.Match) string {
	if len(b.group) > 0 {
		return b.homed(derived.Item{Col: derived.ColFields, Name: query.Clean(m.Field)}, m)
	}
	return b.asJSON(m)
}

func (b *builder) asJSON(m query.Match) string {
	fields := b.column(derived.ColFields)
	exact := b.text(b.extract(m.Field), m)
	if emptyHolds(m) {
		return exact
	}
	hint := string(derived.AppendQuoted(nil, m.Field)) + `:"`
	if m.Op == query.Equal && caseless(m.Value) {
		hint = string(derived.AppendQuoted(nil, m.Field)) + ":" + string(derived.AppendQuoted(nil, m.Value))
	}
	return fmt.Sprintf("(contains(%s, %s) AND %s)", fields, b.arg(hint), exact)
}

// extract writes the value of a native field in JSON text; it is never null.
func (b *builder) extract(name string) string {
	return fmt.Sprintf("coalesce(json_extract_string(nullif(%s, ''), %s), '')", b.column(derived.ColFields), b.arg(pointer(name)))
}

// pointer is the JSON pointer (RFC 6901) to a native field.
func pointer(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(query.Clean(name))
}

// emptyHolds reports whether the comparison holds where the field is not stated.
func emptyHolds(m query.Match) bool {
	switch m.Op {
	case query.Equal:
		return m.Value == ""
	case query.Like:
		return strings.Trim(m.Value, "*") == ""
	}
	return false
}

// within writes that an address lies in a network. For IPv4 the leading octets
// are compared as text first, which spares most rows the exact test.
func (b *builder) within(name string, network netip.Prefix) string {
	exact := fmt.Sprintf("in_network(%s, %s)", name, b.arg(network.String()))
	if octets := network.Bits() / 8; network.Addr().Is4() && octets > 0 {
		parts := strings.SplitAfterN(network.Addr().String(), ".", octets+1)
		lead := strings.Join(parts[:octets], "")
		return fmt.Sprintf("((starts_with(%s, %s) OR contains(%s, ':')) AND %s)", name, b.arg(lead), name, exact)
	}
	if network.Addr().Is6() {
		return fmt.Sprintf("(contains(%s, ':') AND %s)", name, exact)
	}
	return "(" + exact + ")"
}

// networkTest is the scalar function in_network(address, network).
type networkTest struct{ text, truth duck.TypeInfo }

func registerNetwork(ctx context.Context, db *sql.DB) error {
	text, err := duck.NewTypeInfo(duck.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	truth, err := duck.NewTypeInfo(duck.TYPE_BOOLEAN)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(duck.RegisterScalarUDF(conn, "in_network", networkTest{text, truth}), conn.Close())
}

func (t networkTest) Config() duck.ScalarFuncConfig {
	return duck.ScalarFuncConfig{InputTypeInfos: []duck.TypeInfo{t.text, t.text}, ResultTypeInfo: t.truth}
}

func (t networkTest) Executor() duck.ScalarFuncExecutor {
	return duck.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		address, _ := values[0].(string)
		network, err := netip.ParsePrefix(fmt.Sprint(values[1]))
		return err == nil && query.Contains(network, address), nil
	}}
}

// window narrows the snapshot to what a request can be about.
type window struct {
	plan     *query.Plan
	from, to int64 // [from,to)
}

// conditions writes what every row of an answer fulfils.
func (b *builder) conditions(w window, more ...string) string {
	time := b.column(derived.ColTime)
	parts := []string{fmt.Sprintf("%s >= %s AND %s < %s", time, b.arg(w.from), time, b.arg(w.to))}
	parts = append(parts, more...)
	if w.plan != nil {
		parts = append(parts, b.node(w.plan.Root))
	}
	return strings.Join(parts, " AND ")
}

// span makes a window of the times given; zero is open.
func span(plan *query.Plan, from, to time.Time) window {
	low, high := derived.Bounds()
	w := window{plan: plan, from: low, to: high + 1}
	if plan != nil {
		from = later(from, plan.From)
		to = earlier(to, plan.To)
	}
	if !from.IsZero() {
		w.from = derived.Nanos(from)
	}
	if !to.IsZero() {
		w.to = derived.Nanos(to)
	}
	return w
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier takes zero for the end of time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// narrow keeps the files and batches that may hold rows of the window.
func (s *state) narrow(w window) (files []*file, hot []*derived.Batch) {
	for _, f := range s.files {
		overlaps := slices.ContainsFunc(f.Groups, func(g skip.Group) bool { return g.Latest >= w.from && g.Earliest < w.to })
		if overlaps && (w.plan == nil || f.May(w.plan.Root)) {
			files = append(files, f)
		}
	}
	for _, b := range s.hot {
		if b.Latest >= w.from && b.Earliest < w.to {
			hot = append(hot, b)
		}
	}
	return files, hot
}
