package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	driver "github.com/duckdb/duckdb-go/v2"
)

// hotScan is what the table function hot() reads during one query: the rows not
// yet in a file, and the columns that the query names. It travels in the
// query's context.
type hotScan struct {
	batches []*batch
	columns []int
}

type hotKey struct{}

func withHot(ctx context.Context, s hotScan) context.Context {
	return context.WithValue(ctx, hotKey{}, s)
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
	specs [columnCount]spec
	next  atomic.Int64 // piece to be taken
	piece []piece
}

// piece is a run of rows of one batch that fits a chunk.
type piece struct {
	batch       *batch
	first, last int
}

func newHotSource(scan hotScan) (*hotSource, error) {
	s := &hotSource{scan: scan, specs: specs()}
	for _, col := range scan.columns {
		kind := driver.TYPE_VARCHAR
		switch s.specs[col].kept {
		case number64:
			kind = driver.TYPE_BIGINT
		case number32:
			kind = driver.TYPE_INTEGER
		}
		info, err := driver.NewTypeInfo(kind)
		if err != nil {
			return nil, err
		}
		s.infos = append(s.infos, driver.ColumnInfo{Name: s.specs[col].name, T: info})
	}
	size := driver.GetDataChunkCapacity()
	for _, b := range scan.batches {
		for first := 0; first < b.rows; first += size {
			s.piece = append(s.piece, piece{b, first, min(first+size, b.rows)})
		}
	}
	return s, nil
}

func (s *hotSource) ColumnInfos() []driver.ColumnInfo { return s.infos }

func (s *hotSource) Cardinality() *driver.CardinalityInfo {
	rows := 0
	for _, b := range s.scan.batches {
		rows += b.rows
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
		if err := fillColumn(chunk, at, s.specs[col].kept, &p.batch.cols[col], p.first, p.last); err != nil {
			return err
		}
	}
	return chunk.SetSize(p.last - p.first)
}

func fillColumn(chunk driver.DataChunk, at int, kept storage, c *column, first, last int) error {
	for row := first; row < last; row++ {
		var err error
		switch kept {
		case number64:
			err = driver.SetChunkValue(chunk, at, row-first, c.numbers[row])
		case number32:
			err = driver.SetChunkValue(chunk, at, row-first, int32(c.numbers[row]))
		default:
			err = driver.SetChunkValue(chunk, at, row-first, c.text(row))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
