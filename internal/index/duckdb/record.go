package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/konseki/konseki/internal/index"
)

// records reads the raw bytes of records.
func (x *Index) records(ctx context.Context, wanted map[uint64]bool) (map[uint64][]byte, error) {
	jobs := map[index.Segment]map[uint64]bool{}
	for record := range wanted {
		segs := x.raw.within(record, record)
		if len(segs) == 0 {
			return nil, fmt.Errorf("%w: record %d", errNoSegment, record)
		}
		if jobs[segs[0]] == nil {
			jobs[segs[0]] = map[uint64]bool{}
		}
		jobs[segs[0]][record] = true
	}
	found := make(map[uint64][]byte, len(wanted))
	var mu sync.Mutex
	err := eachSegment(ctx, jobs, func(ctx context.Context, seg index.Segment) error {
		here := jobs[seg]
		return x.readRaw(ctx, seg, func(record uint64) bool { return here[record] }, func(p rawPage) {
			mu.Lock()
			defer mu.Unlock()
			for i, record := range p.records {
				if here[uint64(record)] {
					found[uint64(record)] = append([]byte{}, p.data[p.offsets[i]:p.offsets[i+1]]...)
				}
			}
		})
	})
	return found, err
}

// eachSegment calls f for segments, several at a time.
func eachSegment[T any](ctx context.Context, jobs map[index.Segment]T, f func(context.Context, index.Segment) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for seg := range jobs {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if err := f(ctx, seg); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = cmp.Or(failed, fmt.Errorf("segment %s: %w", seg.Name, err))
				cancel()
			}
		})
	}
	wg.Wait()
	return failed
}

// recordCache keeps pages of raw text for the statements that cut values out of
// many records, mostly of one page after the other.
type recordCache struct {
	mu    sync.Mutex
	pages []cachedPage // the latest first
}

type cachedPage struct {
	segment string
	rawPage
}

const cachedPages = 8

// cut gives a value of a record.
func (x *Index) cut(ctx context.Context, record uint64, text string) (string, error) {
	x.cache.mu.Lock()
	defer x.cache.mu.Unlock()
	segs := x.raw.within(record, record)
	if len(segs) == 0 {
		return "", fmt.Errorf("%w: record %d", errNoSegment, record)
	}
	raw, ok := x.cache.find(segs[0].Name, record)
	if !ok {
		err := x.readRaw(ctx, segs[0], func(r uint64) bool { return r == record }, func(p rawPage) {
			// The reader uses its pages again.
			p = rawPage{slices.Clone(p.records), slices.Clone(p.data), slices.Clone(p.offsets)}
			if len(x.cache.pages) == cachedPages {
				x.cache.pages = x.cache.pages[:cachedPages-1]
			}
			x.cache.pages = slices.Insert(x.cache.pages, 0, cachedPage{segs[0].Name, p})
		})
		if err != nil {
			return "", fmt.Errorf("segment %s: %w", segs[0].Name, err)
		}
		if raw, ok = x.cache.find(segs[0].Name, record); !ok {
			return "", fmt.Errorf("record %d: %w", record, derived.ErrCut)
		}
	}
	return derived.CutText(raw, text)
}

func (c *recordCache) find(segment string, record uint64) ([]byte, bool) {
	for i, p := range c.pages {
		if p.segment != segment {
			continue
		}
		row, ok := slices.BinarySearch(p.records, int64(record))
		if !ok {
			continue
		}
		if i > 0 {
			copy(c.pages[1:i+1], c.pages[:i])
			c.pages[0] = p
		}
		return p.data[p.offsets[row]:p.offsets[row+1]], true
	}
	return nil, false
}

// empty forgets the pages.
func (c *recordCache) empty() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages = nil
}

// cutFunction is the scalar function cut_text(record, cut).
type cutFunction struct {
	index        *Index
	text, number duck.TypeInfo
}

// fieldsFunction is the scalar function fields_json(shape, record, columns...):
// the native fields as JSON text, of the columns that the query's context lists.
type fieldsFunction struct{ cutFunction }

func (x *Index) registerRecords(ctx context.Context, db *sql.DB) error {
	text, err := duck.NewTypeInfo(duck.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	number, err := duck.NewTypeInfo(duck.TYPE_BIGINT)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	f := cutFunction{x, text, number}
	return errors.Join(duck.RegisterScalarUDF(conn, "cut_text", f), duck.RegisterScalarUDF(conn, "fields_json", fieldsFunction{f}), conn.Close())
}

func (f cutFunction) Config() duck.ScalarFuncConfig {
	return duck.ScalarFuncConfig{InputTypeInfos: []duck.TypeInfo{f.number, f.text}, ResultTypeInfo: f.text}
}

func (f cutFunction) Executor() duck.ScalarFuncExecutor {
	return duck.ScalarFuncExecutor{RowContextExecutor: func(ctx context.Context, values []driver.Value) (any, error) {
		record, _ := values[0].(int64)
		text, _ := values[1].(string)
		return f.index.cut(ctx, uint64(record), text)
	}}
}

func (f fieldsFunction) Config() duck.ScalarFuncConfig {
	return duck.ScalarFuncConfig{InputTypeInfos: []duck.TypeInfo{f.number, f.number}, ResultTypeInfo: f.text, VariadicTypeInfo: f.text}
}

func (f fieldsFunction) Executor() duck.ScalarFuncExecutor {
	return duck.ScalarFuncExecutor{RowContextExecutor: func(ctx context.Context, values []driver.Value) (any, error) {
		known, _ := ctx.Value(homesKey{}).(*homes)
		id, _ := values[0].(int64)
		record, _ := values[1].(int64)
		if known == nil || known.shapes[id] == nil {
			return nil, errors.New("fields_json() of an unknown shape")
		}
		return f.index.fieldsOf(ctx, known, known.shapes[id], uint64(record), values[2:])
	}}
}

type homesKey struct{}

// homes says which values fields_json is given.
type homes struct {
	shapes map[int64]*derived.Shape
	at     map[derived.Home]int // place among the values
	list   []derived.Home
}

// newHomes lists what the shapes of files refer to, cuts as the slots that hold
// them.
func newHomes(files []*file) *homes {
	k := &homes{shapes: map[int64]*derived.Shape{}, at: map[derived.Home]int{}}
	for _, f := range files {
		for _, s := range f.Shapes {
			k.shapes[s.ID] = s
			for _, field := range s.Fields {
				h := slotOf(field.Home)
				if _, ok := k.at[h]; !ok {
					k.at[h] = len(k.list)
					k.list = append(k.list, h)
				}
			}
		}
	}
	return k
}

func slotOf(h derived.Home) derived.Home {
	if h.Kind == derived.InRecord {
		h.Kind = derived.InSlot
	}
	return h
}

// call writes the call of fields_json in a group of files.
func (k *homes) call(b *builder) string {
	call := "fields_json(" + derived.ShapeColumn + ", record"
	for _, h := range k.list {
		if h.Kind == derived.InSlot && h.N >= b.group[0].Slots {
			call += ", ''"
			continue
		}
		call += ", " + (&residence{home: h}).text(b)
	}
	return call + ")"
}

// fieldsOf writes the native fields of a row as JSON text.
func (x *Index) fieldsOf(ctx context.Context, k *homes, s *derived.Shape, record uint64, values []driver.Value) (string, error) {
	out := []byte{'{'}
	for i, f := range s.Fields {
		value, _ := values[k.at[slotOf(f.Home)]].(string)
		if f.Home.Kind == derived.InRecord {
			var err error
			if value, err = x.cut(ctx, record, value); err != nil {
				return "", err
			}
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(derived.AppendQuoted(out, f.Name), ':')
		out = derived.AppendQuoted(out, value)
	}
	return string(append(out, '}')), nil
}
