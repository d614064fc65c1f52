package collect

import (
	"io"
	"time"
)

// Progress is how far an import has come.
type Progress struct {
	// Done and Total are bytes of the files as they lie on the disk.
	Done, Total int64
	// Path is the file being read.
	Path string
	// Records is how many have been acknowledged.
	Records int64
}

// meterboard counts what is read and tells it ten times a second.
type meterboard struct {
	tell    func(Progress)
	records func() int64
	last    time.Time
	total   int64
	before  int64 // bytes of the files before the current one
	size    int64 // of the current file
	read    int64 // of the current file, all passes together
	path    string
}

func newMeterboard(tell func(Progress), records func() int64) *meterboard {
	return &meterboard{tell: tell, records: records}
}

func (m *meterboard) start(path string, size int64) { m.path, m.size, m.read = path, size, 0 }

func (m *meterboard) done() {
	m.before += m.size
	m.size, m.read = 0, 0
	m.show()
}

func (m *meterboard) end() {
	m.last = time.Time{}
	m.show()
}

// show tells where the import stands. Files are read twice, first for their
// SHA-256, so half of what was read counts.
func (m *meterboard) show() {
	if m.tell == nil {
		return
	}
	if now := time.Now(); now.Sub(m.last) >= 100*time.Millisecond {
		m.last = now
		m.tell(Progress{Done: m.before + min(m.size, m.read/2), Total: m.total, Path: m.path, Records: m.records()})
	}
}

// reader counts what is read through it.
func (m *meterboard) reader(r io.Reader) io.Reader { return &counted{r, m} }

type counted struct {
	io.Reader
	board *meterboard
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.board.read += int64(n)
	c.board.show()
	return n, err
}
