package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/konseki/konseki/internal/index/duckdb/derived"

	driver "github.com/duckdb/duckdb-go/v2"
)

// hotScan is what the table function hot() reads during one query: the rows not
// yet in a file, and the columns that the query names. It travels in the
// query's context.
type hotScan struct {
	batches []*derived.Batch
	columns []int
	finder  *finder
	hits    int
}

// hitName names the column that tells whether a row's text is in a set.
func hitName(set int) string { return "hit" + strconv.Itoa(set) }

type hotKey struct{}

func withHot(ctx context.Context, s hotScan) context.Context {
	return context.WithValue(context.WithValue(ctx, finderKey{}, s.finder), hotKey{}, s)
}

// registerHot makes the table function hot() known to a database.
func registerHot(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	f := driver.ParallelChunkTableFunction{
		BindArgumentsContext: func(ctx context.Context, _ map[string]any, _ ...any) (driver.ParallelChunkTableSource, error) {
			scan, ok := ctx.Value(hotKey{}).(hotScan)
			if !ok {
				return nil, errors.New("hot() outside a query of the index")
			}
			return newHotSource(scan)
		},
	}
	return errors.Join(driver.RegisterTableUDF(conn, "hot", f), conn.Close())
}

// hotSource hands pieces of batches to DuckDB's threads.
type hotSource struct {
	scan  hotScan
	infos []driver.ColumnInfo
	specs [derived.ColumnCount]derived.Spec
	next  atomic.Int64 // piece to be taken
	piece []piece
}

// piece is some rows of one batch that fit a chunk.
type piece struct {
	batch *derived.Batch
	rows  []int
}

func newHotSource(scan hotScan) (*hotSource, error) {
	s := &hotSource{scan: scan, specs: derived.Specs()}
	for _, col := range scan.columns {
		kind := driver.TYPE_VARCHAR
		switch s.specs[col].Kept {
		case derived.Number64:
			kind = driver.TYPE_BIGINT
		case derived.Number32:
			kind = driver.TYPE_INTEGER
		}
		info, err := driver.NewTypeInfo(kind)
		if err != nil {
			return nil, err
		}
		s.infos = append(s.infos, driver.ColumnInfo{Name: s.specs[col].Name, T: info})
	}
	for set := range scan.hits {
		info, err := driver.NewTypeInfo(driver.TYPE_INTEGER)
		if err != nil {
			return nil, err
		}
		s.infos = append(s.infos, driver.ColumnInfo{Name: hitName(set), T: info})
	}
	for _, b := range scan.batches {
		for rows := range slices.Chunk(scan.rows(b), driver.GetDataChunkCapacity()) {
			s.piece = append(s.piece, piece{b, rows})
		}
	}
	return s, nil
}

// rows lists the rows of a batch that may be in an answer.
func (s *hotScan) rows(b *derived.Batch) []int {
	var required []int
	if s.finder != nil {
		required = s.finder.required()
	}
	rows := make([]int, 0, b.Rows)
	for row := range b.Rows {
		if !slices.ContainsFunc(required, func(set int) bool { return !s.finder.hot[b][set].has(row) }) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (s *hotSource) ColumnInfos() []driver.ColumnInfo { return s.infos }

func (s *hotSource) Cardinality() *driver.CardinalityInfo {
	rows := 0
	for _, p := range s.piece {
		rows += len(p.rows)
	}
	return &driver.CardinalityInfo{Cardinality: uint(rows), Exact: true}
}

func (s *hotSource) Init() driver.ParallelTableSourceInfo {
	return driver.ParallelTableSourceInfo{MaxThreads: max(1, len(s.piece))}
}

func (s *hotSource) NewLocalState() any { return new(struct{}) }

func (s *hotSource) FillChunk(_ any, chunk driver.DataChunk) error {
	i := int(s.next.Add(1)) - 1
	if i >= len(s.piece) {
		return chunk.SetSize(0)
	}
	p := s.piece[i]
	for at, col := range s.scan.columns {
		if err := fillColumn(chunk, at, s.specs[col].Kept, &p.batch.Cols[col], p.rows); err != nil {
			return err
		}
	}
	for set := range s.scan.hits {
		hit := s.scan.finder.hot[p.batch][set]
		for i, row := range p.rows {
			if err := driver.SetChunkValue(chunk, len(s.scan.columns)+set, i, int32(hit[row/64]>>(row%64)&1)); err != nil {
				return err
			}
		}
	}
	return chunk.SetSize(len(p.rows))
}

func fillColumn(chunk driver.DataChunk, at int, kept derived.Storage, c *derived.Column, rows []int) error {
	for i, row := range rows {
		var err error
		switch kept {
		case derived.Number64:
			err = driver.SetChunkValue(chunk, at, i, c.Numbers[row])
		case derived.Number32:
			err = driver.SetChunkValue(chunk, at, i, int32(c.Numbers[row]))
		default:
			err = driver.SetChunkValue(chunk, at, i, c.Text(row))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
