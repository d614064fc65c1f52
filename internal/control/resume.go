package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// idDigits is how many hex digits of a file's SHA-256 its records carry.
const idDigits = 16

// begun is the record of a file whose import has begun. While no record says
// that it ended whole, the records of it that are there were acknowledged
// before something stopped the import.
type begun struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Op     string    `json:"op"` // "import.begin"
	SHA256 string    `json:"sha256"`
}

// resuming is where an import appends: it leaves out the records that an
// earlier, interrupted import of the same content had acknowledged already, so
// that importing again goes on where it stopped and seals nothing twice.
type resuming struct {
	*Service
	ctx  context.Context // of the import
	by   string
	mu   sync.Mutex
	have map[string]int64 // by file id: how many of its records are there
	via  string           // transport seen last, and its file id
	id   string
	err  error // the first failure of known
}

var _ collect.Appender = (*resuming)(nil)

func (s *Service) resume(ctx context.Context, by string) *resuming {
	return &resuming{Service: s, ctx: ctx, by: by, have: map[string]int64{}}
}

// known reports whether content was imported whole; else it says that its
// import begins, or finds out how far an earlier one came.
func (r *resuming) known(sha256 string) bool {
	if r.imported(sha256) {
		return true
	}
	from, again := r.registry.begunAt(sha256)
	if !again {
		rec, err := OwnRecord(event.SourceImport, begun{At: r.Now(), By: r.by, Op: "import.begin", SHA256: sha256})
		if err == nil {
			err = r.Vault.Append(r.ctx, []event.Record{rec})
		}
		r.failed(err)
		return false
	}
	id := sha256[:min(idDigits, len(sha256))]
	var n int64
	for rec, err := range r.Vault.Records(r.ctx, from) {
		if err != nil {
			r.failed(err)
			break
		}
		if r.fileID(rec.Transport) == id {
			n++
		}
	}
	r.mu.Lock()
	r.have[id] = n
	r.mu.Unlock()
	return false
}

func (r *resuming) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("control: resume the import: %w", err)
	}
}

// fileID is the id that a file's transport carries, or "".
func (r *resuming) fileID(transport string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if transport != r.via {
		r.via = transport
		r.id = ""
		if via := event.ParseTransport(transport); via.Kind == "file" {
			r.id = via.Get("id")
		}
	}
	return r.id
}

// Append implements [collect.Appender].
func (r *resuming) Append(ctx context.Context, recs []event.Record) error {
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if err != nil {
		return err
	}
	fresh := 0
	for fresh < len(recs) && r.skip(recs[fresh].Transport) {
		fresh++
	}
	rest := recs[fresh:]
	for i := range rest { // a second interrupted file may follow in the same batch
		if r.skip(rest[i].Transport) {
			return r.appendSome(ctx, rest, i)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return r.Vault.Append(ctx, rest)
}

// appendSome appends the records before and after those that are there
// already, the first of which is at; it has been counted.
func (r *resuming) appendSome(ctx context.Context, recs []event.Record, at int) error {
	if at > 0 {
		if err := r.Vault.Append(ctx, recs[:at]); err != nil {
			return err
		}
	}
	return r.Append(ctx, recs[at+1:])
}

// skip reports whether the next record of the file is there already.
func (r *resuming) skip(transport string) bool {
	r.mu.Lock()
	none := len(r.have) == 0
	r.mu.Unlock()
	if none {
		return false
	}
	id := r.fileID(transport)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.have[id] == 0 {
		return false
	}
	r.have[id]--
	return true
}
