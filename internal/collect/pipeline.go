package collect

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// span is a run of consecutive records of one file in a window.
type span struct {
	file *File
	n    int
	end  bool // the file has no more records
}

// pipeline appends full windows while the next one is being read.
type pipeline struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	to      Appender
	each    func(File)
	free    chan *window
	full    chan *window
	stopped chan struct{}
	records atomic.Int64

	// Owned by the appending goroutine until it has stopped.
	files   []File
	current *File // has acknowledged records and is not finished
	err     error
}

// windowsAhead is how many windows may be waiting or being appended while one
// is being filled.
const windowsAhead = 2

func newPipeline(ctx context.Context, to Appender, each func(File)) *pipeline {
	p := &pipeline{
		to: to, each: each, stopped: make(chan struct{}),
		free: make(chan *window, windowsAhead), full: make(chan *window, windowsAhead),
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	for range windowsAhead {
		p.free <- newWindow(0)
	}
	go p.run()
	return p
}

// flush hands a window to the appending goroutine and returns an empty one
// that holds the unread bytes.
func (p *pipeline) flush(w *window) (*window, error) {
	if len(w.spans) == 0 {
		w.moveTo(w)
		return w, context.Cause(p.ctx)
	}
	select {
	case next := <-p.free:
		w.moveTo(next)
		p.full <- w
		return next, nil
	case <-p.ctx.Done():
		return w, context.Cause(p.ctx)
	}
}

// finish appends what is left, unless reading stopped with an error, and
// returns the files acknowledged.
func (p *pipeline) finish(w *window, err error) ([]File, error) {
	if err == nil {
		_, err = p.flush(w)
	}
	close(p.full)
	<-p.stopped
	p.cancel(nil)
	if p.err != nil {
		err = p.err
	}
	if p.current != nil {
		p.current.Error, p.current.Why = "stopped before the end of the file: "+explain(err), event.WhyStopped
		p.done(p.current)
	}
	return p.files, err
}

func (p *pipeline) acknowledged() int64 { return p.records.Load() }

func (p *pipeline) run() {
	defer close(p.stopped)
	for w := range p.full {
		if p.err == nil {
			p.err = p.append(w)
		}
		if p.err != nil {
			p.cancel(p.err)
		}
		p.free <- w
	}
}

func (p *pipeline) append(w *window) error {
	now := time.Now().UTC()
	for i := range w.recs {
		w.recs[i].Received = now
	}
	if len(w.recs) > 0 {
		if err := p.to.Append(p.ctx, w.recs); err != nil {
			return err
		}
	}
	p.records.Add(int64(len(w.recs)))
	at := 0
	for _, s := range w.spans {
		if s.n > 0 {
			if s.file.Records == 0 {
				s.file.First = w.recs[at].Seq
			}
			at += s.n
			s.file.Last = w.recs[at-1].Seq
			s.file.Records += int64(s.n)
			p.current = s.file
		}
		if s.end {
			p.done(s.file)
		}
	}
	return nil
}

func (p *pipeline) done(file *File) {
	p.current = nil
	p.files = append(p.files, *file)
	if p.each != nil {
		p.each(*file)
	}
}

// explain gives an error's text for a summary.
func explain(err error) string {
	if err == nil {
		return ""
	}
	return strings.ToValidUTF8(err.Error(), "\uFFFD")
}
