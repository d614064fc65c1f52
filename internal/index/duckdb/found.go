package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/konseki/konseki/internal/index/duckdb/derived"
	"github.com/konseki/konseki/internal/index/duckdb/skip"

	driver "github.com/duckdb/duckdb-go/v2"

	"github.com/konseki/konseki/internal/index"
	"github.com/konseki/konseki/internal/query"
)

// finder searches record texts for the words of one request. Raw text is read
// by chunks of records, each at most once.
type finder struct {
	index *Index
	plan  *query.Plan
	sets  []*skip.Conjunction
	read  map[uint64]bool // chunks
	found []chunkSets     // records found, per set
	hot   map[*derived.Batch][]rowSet
}

// chunkSets are sets of records, by chunk.
type chunkSets map[uint64]*chunkSet

// chunkSet is a set of records of one chunk.
type chunkSet [skip.ChunkRecords / 64]uint64

func (c chunkSets) add(record uint64) {
	set := c[record>>skip.ChunkShift]
	if set == nil {
		set = new(chunkSet)
		c[record>>skip.ChunkShift] = set
	}
	set[record%skip.ChunkRecords/64] |= 1 << (record % 64)
}

// rowSet is a set of rows of a batch.
type rowSet []uint64

func (s rowSet) has(row int) bool { return s[row/64]&(1<<(row%64)) != 0 }

// newFinder returns nil for a plan that searches no text, neither by words nor
// by values that the files keep in their records.
func (x *Index) newFinder(plan *query.Plan, files []*file) *finder {
	if plan == nil {
		return nil
	}
	t := &finder{index: x, plan: plan, read: map[uint64]bool{}, hot: map[*derived.Batch][]rowSet{}}
	inRecords := func(it derived.Item) bool {
		return slices.ContainsFunc(files, func(f *file) bool { return f.cuts[it] })
	}
	for _, words := range conjunctions(plan.Root, inRecords) {
		if t.set(words) < 0 {
			t.sets = append(t.sets, skip.NewConjunction(words))
			t.found = append(t.found, chunkSets{})
		}
	}
	if len(t.sets) == 0 {
		return nil
	}
	return t
}

// set gives the number of a set of words.
func (t *finder) set(words []query.Text) int {
	return slices.IndexFunc(t.sets, func(c *skip.Conjunction) bool { return slices.Equal(c.Words, words) })
}

// required lists the sets without which the plan cannot hold.
func (t *finder) required() (sets []int) {
	nodes := query.And{Nodes: []query.Node{t.plan.Root}}
	if and, ok := t.plan.Root.(query.And); ok {
		nodes = and
	}
	if words, _ := splitWords(nodes); len(words) > 0 {
		sets = append(sets, t.set(words))
	}
	return sets
}

// prepare finds what is needed to answer for a window over files and batches,
// and returns those that may hold an answer.
func (t *finder) prepare(ctx context.Context, w window, files []*file, hot []*derived.Batch) ([]*file, []*derived.Batch, error) {
	for _, b := range hot {
		t.searchHot(b)
	}
	for _, f := range files {
		if err := t.index.raw.covers(f.first, f.last); err != nil {
			return nil, nil, err
		}
	}
	wanted, err := t.wanted(ctx, w, files)
	if err != nil {
		return nil, nil, err
	}
	if err := t.search(ctx, wanted); err != nil {
		return nil, nil, err
	}
	for _, set := range t.required() {
		files = slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return f.Decoded == 0 && !t.hits(set, f) })
		hot = slices.DeleteFunc(slices.Clone(hot), func(b *derived.Batch) bool {
			return !slices.ContainsFunc(t.hot[b][set], func(w uint64) bool { return w != 0 })
		})
	}
	return files, hot, nil
}

// find makes the builder's snapshot ready for a plan that searches text, and
// narrows it.
func (b *builder) find(ctx context.Context, w window) (err error) {
	if b.finder != nil {
		b.files, b.hot, err = b.finder.prepare(ctx, w, b.files, b.hot)
	}
	return err
}

// discount makes the groups of files count only as many rows as may hold a set,
// so that a search for rare words takes long strides.
func (t *finder) discount(all []skip.Group, files []*file) {
	for _, f := range files {
		possible := 0
		for _, c := range t.sets {
			possible = max(possible, bits.OnesCount64(f.Holding(c)))
		}
		for i := range f.Groups {
			all[i].Rows = all[i].Rows*possible/f.Blocks() + 1
		}
		all = all[len(f.Groups):]
	}
}

// hits reports whether a record of the file may be in the set.
func (t *finder) hits(set int, f *file) bool {
	for chunk := f.first >> skip.ChunkShift; chunk <= f.last>>skip.ChunkShift; chunk++ {
		if t.found[set][chunk] != nil {
			return true
		}
	}
	return false
}

// searchHot finds the words in a batch, whose column of text holds all of it.
func (t *finder) searchHot(b *derived.Batch) {
	if t.hot[b] != nil {
		return
	}
	c := &b.Cols[derived.ColText]
	var l skip.Lines
	l.Fold(c.Data, 0, c.Ends)
	sets := make([]rowSet, len(t.sets))
	for i, words := range t.sets {
		sets[i] = make(rowSet, (b.Rows+63)/64)
		words.Find(&l, c.Text, func(row int) { sets[i][row/64] |= 1 << (row % 64) })
	}
	t.hot[b] = sets
}

// wanted lists the chunks to be read: those with rows for which the rest of the
// plan holds, and that the files' filters do not rule out.
func (t *finder) wanted(ctx context.Context, w window, files []*file) ([]uint64, error) {
	rest := &builder{finder: t, upper: true}
	unconditional := (&builder{upper: true}).node(w.plan.Root) == "true"
	chunks := map[uint64]bool{}
	var some []*file
	for _, f := range files {
		if !unconditional || f.earliest() < w.from || f.latest() >= w.to {
			some = append(some, f)
			continue
		}
		for chunk := f.first >> skip.ChunkShift; chunk <= f.last>>skip.ChunkShift; chunk++ {
			chunks[chunk] = true
		}
	}
	if len(some) > 0 {
		rest.files = some
		parts := rest.fromFiles(func(files string) string {
			return fmt.Sprintf("SELECT DISTINCT record >> %d FROM %s WHERE text_kind = %d AND %s", skip.ChunkShift, files, derived.TextIsRaw, rest.conditions(w))
		})
		text := strings.Join(parts, " UNION ALL ")
		err := t.index.each(ctx, rest, text, func(rows *sql.Rows) error {
			var chunk uint64
			err := rows.Scan(&chunk)
			chunks[chunk] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return t.narrow(files, chunks), nil
}

// narrow keeps the chunks of the files that were not read before and that may
// hold the words of a set.
func (t *finder) narrow(files []*file, chunks map[uint64]bool) (out []uint64) {
	possible := map[uint64]bool{}
	for _, f := range files {
		for _, c := range t.sets {
			for chunk := range f.Chunks(c) {
				possible[chunk] = true
			}
		}
	}
	for chunk := range chunks {
		if possible[chunk] && !t.read[chunk] {
			out = append(out, chunk)
		}
	}
	slices.Sort(out)
	return out
}

// search reads chunks of records, segment by segment.
func (t *finder) search(ctx context.Context, chunks []uint64) error {
	jobs := t.jobs(chunks)
	var mu sync.Mutex
	err := eachSegment(ctx, jobs, func(ctx context.Context, seg index.Segment) error {
		found, err := t.searchSegment(ctx, seg, jobs[seg])
		mu.Lock()
		defer mu.Unlock()
		t.merge(found)
		return err
	})
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		t.read[chunk] = true
	}
	return nil
}

// jobs says which chunks are to be read from which segment.
func (t *finder) jobs(chunks []uint64) map[index.Segment]map[uint64]bool {
	jobs := map[index.Segment]map[uint64]bool{}
	for _, chunk := range chunks {
		for _, seg := range t.index.raw.within(chunk<<skip.ChunkShift, chunk<<skip.ChunkShift+skip.ChunkRecords-1) {
			if jobs[seg] == nil {
				jobs[seg] = map[uint64]bool{}
			}
			jobs[seg][chunk] = true
		}
	}
	return jobs
}

func (t *finder) searchSegment(ctx context.Context, seg index.Segment, chunks map[uint64]bool) ([]chunkSets, error) {
	found := make([]chunkSets, len(t.sets))
	for i := range found {
		found[i] = chunkSets{}
	}
	var l skip.Lines
	wanted := func(record uint64) bool { return chunks[record>>skip.ChunkShift] }
	err := t.index.readRaw(ctx, seg, wanted, func(p rawPage) {
		l.Fold(p.data, p.offsets[0], p.offsets[1:])
		original := func(row int) []byte { return p.data[p.offsets[row]:p.offsets[row+1]] }
		for i, words := range t.sets {
			words.Find(&l, original, func(row int) { found[i].add(uint64(p.records[row])) })
		}
	})
	return found, err
}

func (t *finder) merge(found []chunkSets) {
	for i, sets := range found {
		for chunk, set := range sets {
			if old := t.found[i][chunk]; old != nil {
				for j, w := range old {
					set[j] |= w
				}
			}
			t.found[i][chunk] = set
		}
	}
}

// maxListed is how many records stand in a statement's text, at most.
const maxListed = 1000

// among writes that the record of a row in a file is in a set. Few records are
// listed, which lets DuckDB pass over what does not hold them.
func (t *finder) among(set int) string {
	total := 0
	for _, c := range t.found[set] {
		for _, w := range c {
			total += bits.OnesCount64(w)
		}
	}
	if total == 0 {
		return "false"
	}
	if total > maxListed {
		return fmt.Sprintf("record IN (SELECT record FROM found(%d))", set)
	}
	var list []string
	for record := range t.records(set) {
		list = append(list, fmt.Sprint(record))
	}
	return "record IN (" + strings.Join(list, ", ") + ")"
}

// records yields the records of a set in ascending order.
func (t *finder) records(set int) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for _, chunk := range slices.Sorted(maps.Keys(t.found[set])) {
			for i, w := range t.found[set][chunk] {
				for ; w != 0; w &= w - 1 {
					if !yield(chunk<<skip.ChunkShift + uint64(i*64+bits.TrailingZeros64(w))) {
						return
					}
				}
			}
		}
	}
}

type finderKey struct{}

// registerFound makes the table function found(set) known to a database.
func registerFound(ctx context.Context, db *sql.DB) error {
	number, err := driver.NewTypeInfo(driver.TYPE_BIGINT)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	f := driver.ChunkTableFunction{
		Config: driver.TableFunctionConfig{Arguments: []driver.TypeInfo{number}},
		BindArgumentsContext: func(ctx context.Context, _ map[string]any, args ...any) (driver.ChunkTableSource, error) {
			t, ok := ctx.Value(finderKey{}).(*finder)
			if !ok || t == nil || len(args) != 1 {
				return nil, errors.New("found() outside a query of the index")
			}
			set, ok := args[0].(int64)
			if !ok || set < 0 || set >= int64(len(t.found)) {
				return nil, errors.New("found() of an unknown set")
			}
			return &foundSource{records: slices.Collect(t.records(int(set))), number: number}, nil
		},
	}
	return errors.Join(driver.RegisterTableUDF(conn, "found", f), conn.Close())
}

// foundSource hands a set of records to DuckDB.
type foundSource struct {
	records []uint64
	at      int
	number  driver.TypeInfo
}

func (s *foundSource) ColumnInfos() []driver.ColumnInfo {
	return []driver.ColumnInfo{{Name: "record", T: s.number}}
}

func (s *foundSource) Cardinality() *driver.CardinalityInfo {
	return &driver.CardinalityInfo{Cardinality: uint(len(s.records)), Exact: true}
}

func (s *foundSource) Init() {}

func (s *foundSource) FillChunk(chunk driver.DataChunk) error {
	n := min(len(s.records)-s.at, driver.GetDataChunkCapacity())
	for i, record := range s.records[s.at : s.at+n] {
		if err := driver.SetChunkValue(chunk, 0, i, int64(record)); err != nil {
			return err
		}
	}
	s.at += n
	return chunk.SetSize(n)
}

// conjunctions lists the sets of words of a node, as the builder meets them, and
// those that stand in a record where a value kept in it fulfils a comparison.
func conjunctions(n query.Node, inRecords func(derived.Item) bool) (sets [][]query.Text) {
	switch n := n.(type) {
	case query.Text:
		return [][]query.Text{{n}}
	case query.Match:
		if it, ok := itemOf(n); ok && inRecords(it) {
			if words := derived.CutWords(n); len(words) > 0 {
				return [][]query.Text{words}
			}
		}
	case query.Not:
		return conjunctions(n.Node, inRecords)
	case query.And:
		words, rest := splitWords(n)
		for _, c := range rest {
			sets = append(sets, conjunctions(c, inRecords)...)
		}
		if len(words) > 0 {
			sets = append(sets, words)
		}
	case query.Or:
		for _, c := range n.Nodes {
			sets = append(sets, conjunctions(c, inRecords)...)
		}
	}
	return sets
}

// splitWords takes the words of a conjunction, which are searched together,
// from the rest.
func splitWords(n query.And) (words []query.Text, rest []query.Node) {
	for _, c := range n.Nodes {
		if t, ok := c.(query.Text); ok {
			words = append(words, t)
		} else {
			rest = append(rest, c)
		}
	}
	return words, rest
}
