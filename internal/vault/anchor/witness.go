package anchor

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/konseki/konseki/internal/durable"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// Witness remembers the latest checkpoint of each log it knows, and cosigns a
// newer one only when a proof shows that nothing was taken back (C2SP
// tlog-witness, cosignature/v1 with Ed25519). Its methods may be called by many
// goroutines; one process has its folder at a time.
type Witness struct {
	dir    string
	logger *slog.Logger
	key    string
	signer *fnote.Signer
	close  func() error

	mu   sync.Mutex
	logs map[string]*knownLog // by origin
}

// knownLog is a log that the witness cosigns.
type knownLog struct {
	origin string
	id     string // of its files

	mu   sync.Mutex // held from the comparison with held until the new one is durable
	keys []note.Verifier
	held *Checkpoint
}

// Key returns the witness's verifier key, which who relies on it configures.
func (w *Witness) Key() string { return w.key }

// Close lets the folder go.
func (w *Witness) Close() error { return w.close() }

// refusal is an answer other than 200. Size is the one held where the protocol
// wants it told.
type refusal struct {
	status int
	size   string
	why    string
}

func (r *refusal) Error() string { return r.why }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, why: fmt.Sprintf(format, args...)}
}

// conflict tells which size the witness holds.
func conflict(size uint64, why string) *refusal {
	return &refusal{status: http.StatusConflict, size: strconv.FormatUint(size, 10) + "\n", why: why}
}

// log gives the known log of an origin.
func (w *Witness) log(origin string) *knownLog {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs[origin]
}

// add judges a request and returns the cosignature line. The error is a
// *refusal, or says that the answer could not be made durable.
func (w *Witness) add(body []byte) ([]byte, error) {
	req, err := parseAddCheckpoint(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "malformed request: %v", err)
	}
	known := w.log(originOf(req.note))
	if known == nil {
		return nil, refuse(http.StatusNotFound, "this witness does not know the log: its operator adds it with konseki witness add-log")
	}
	cp, err := known.verify(req.note)
	if err != nil {
		return nil, refuse(http.StatusForbidden, "the checkpoint is not signed by a key that this witness knows for the log")
	}
	if req.old > cp.Size {
		return nil, refuse(http.StatusBadRequest, "old size %d is larger than the checkpoint's %d", req.old, cp.Size)
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if err := w.judge(known, req, cp); err != nil {
		return nil, err
	}
	return w.cosign(known, cp)
}

func (l *knownLog) verify(signed []byte) (Checkpoint, error) {
	l.mu.Lock()
	keys := l.keys // is replaced, never changed
	l.mu.Unlock()
	errs := make([]error, 0, len(keys))
	for _, k := range keys {
		cp, err := OpenCheckpoint(signed, k)
		if err == nil {
			return cp, nil
		}
		errs = append(errs, err)
	}
	return Checkpoint{}, errors.Join(errs...)
}

// judge compares a verified checkpoint with the one held; l.mu is held.
func (w *Witness) judge(l *knownLog, req addCheckpoint, cp Checkpoint) error {
	size, root := uint64(0), rfc6962.DefaultHasher.EmptyRoot()
	if l.held != nil {
		size, root = l.held.Size, l.held.Root[:]
	}
	switch {
	case l.held != nil && cp.Size == size && cp.Root != l.held.Root:
		w.testify(l, cp, "fork")
		return conflict(size, "another tree of the same size was cosigned before: the log is forked")
	case cp.Size < size:
		w.testify(l, cp, "rollback")
		return conflict(size, "a larger tree was cosigned before")
	case req.old != size:
		return conflict(size, "the old size is not the one cosigned last")
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, size, cp.Size, slicesOf(req.proof), root, cp.Root[:]); err != nil {
		if l.held != nil {
			w.testify(l, cp, "unproven")
		}
		return refuse(http.StatusUnprocessableEntity, "the proof does not show that the tree of %d entries continues the one of %d", cp.Size, size)
	}
	return nil
}

// cosign makes the checkpoint the one held, durably, and returns the signature
// line over it; l.mu is held.
func (w *Witness) cosign(l *knownLog, cp Checkpoint) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: cp.Body, Sigs: cp.sigs}, w.signer)
	if err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	if err := w.keep(l, signed); err != nil {
		return nil, fmt.Errorf("keep the checkpoint: %w", err)
	}
	cp.Note = signed
	l.held = &cp
	lines := strings.SplitAfter(strings.TrimSuffix(string(signed), "\n"), "\n")
	w.logger.Info("checkpoint cosigned", "origin", l.origin, "size", cp.Size)
	return []byte(lines[len(lines)-1] + "\n"), nil
}

// testify keeps two checkpoints that do not go together. An older checkpoint
// may be an honest one that somebody sent again; the pair is kept all the same,
// because only people can tell.
func (w *Witness) testify(l *knownLog, cp Checkpoint, kind string) {
	kept, err := w.keepFork(l, cp, kind)
	switch {
	case err != nil:
		w.logger.Error("evidence of a conflict could not be kept", "origin", l.origin, "kind", kind, "error", err)
	case kept != "":
		w.logger.Error("two signed checkpoints do not go together", "origin", l.origin, "kind", kind,
			"held", l.held.Size, "offered", cp.Size, "evidence", kept)
	}
}

// Handler serves the witness: POST /add-checkpoint of C2SP tlog-witness, and
// GET /checkpoint?origin=NAME, which returns the last cosigned checkpoint as a
// signed note, so that anyone can compare. Everything it tells is public and
// signed. Requests of more than 64 KiB are refused.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.serveAdd)
	mux.HandleFunc("GET /checkpoint", w.serveCheckpoint)
	return mux
}

func (w *Witness) serveAdd(rw http.ResponseWriter, r *http.Request) {
	body, err := durable.ReadAll(r.Body, maxCheckpoint, "the request")
	if err != nil {
		status := http.StatusBadRequest
		if len(body) > maxCheckpoint {
			status = http.StatusRequestEntityTooLarge
		}
		plainError(rw, status, "the request could not be read, or is longer than 64 KiB")
		return
	}
	line, err := w.add(body)
	var no *refusal
	switch {
	case err == nil:
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = rw.Write(line) // a sender that is gone asks again
	case errors.As(err, &no):
		w.logger.Info("checkpoint refused", "remote", r.RemoteAddr, "status", no.status, "why", no.why)
		if no.size != "" {
			rw.Header().Set("Content-Type", tlogSize)
			rw.WriteHeader(no.status)
			_, _ = rw.Write([]byte(no.size))
			return
		}
		plainError(rw, no.status, no.why)
	default:
		w.logger.Error("nothing can be cosigned", "error", err)
		plainError(rw, http.StatusInternalServerError, "the witness cannot write its state")
	}
}

// tlogSize is the type of the answer that tells the size held.
const tlogSize = "text/x.tlog.size"

func (w *Witness) serveCheckpoint(rw http.ResponseWriter, r *http.Request) {
	known := w.log(r.URL.Query().Get("origin"))
	if known == nil {
		plainError(rw, http.StatusNotFound, "this witness does not know the log")
		return
	}
	known.mu.Lock()
	held := known.held
	known.mu.Unlock()
	if held == nil {
		plainError(rw, http.StatusNotFound, "no checkpoint of the log was cosigned yet")
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = rw.Write(held.Note)
}

func plainError(rw http.ResponseWriter, status int, why string) {
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	http.Error(rw, why, status)
}
