package collect

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/konseki/konseki/internal/event"
)

// HTTPOptions configure [JSONLines].
type HTTPOptions struct {
	// Authenticate tells who a bearer token belongs to and which sources it
	// may write; "*" among them stands for all.
	Authenticate func(token string) (sender string, sources []string, ok bool)
	// Place gives the zone for times that state none, as in Syslog; optional.
	Place func(source string) (zone, zoneFrom string)
	// Limits: MaxLine bounds a line, MaxUnpacked, MaxRatio and RatioFrom a
	// compressed body.
	Limits Limits
	// Idle ends a request whose body stands still for so long, default 1 min.
	Idle time.Duration
	// MaxRequests is how many are read at once, default 256; more get 503.
	MaxRequests int
	// Loss is told of each loss as it happens, From and To left open; it must
	// be quick. Nil for nobody.
	Loss func(event.Loss)
	// Remember is how long a batch is known again, default 1 h: one with the
	// Idempotency-Key or the bytes of an earlier one of the same sender for the
	// same source is taken and counted as duplicate. The last 4,096 are known.
	Remember time.Duration
	Logger   *slog.Logger
}

// JSONLines answers POST /ingest/jsonlines?source=NAME&host=NAME: each line of
// the body is a record, blank lines are none. The body may be compressed
// (Content-Encoding gzip or zstd). The answer is 200 with
// {"records","first","last"} once all records are durable, with "duplicate" of
// them where the batch came before. On any other answer
// the same members tell what was acknowledged before the "error", so that a
// sender can go on with the line after.
func JSONLines(to Appender, opts HTTPOptions) http.Handler {
	opts.Limits = opts.Limits.orDefault()
	opts.Idle = cmp.Or(opts.Idle, time.Minute)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &jsonLines{
		to: to, opts: opts, room: make(chan struct{}, cmp.Or(opts.MaxRequests, 256)),
		batches: batches{keep: cmp.Or(opts.Remember, time.Hour)},
	}
}

type jsonLines struct {
	to      Appender
	opts    HTTPOptions
	room    chan struct{}
	batches batches
}

// answer is the body of every response.
type answer struct {
	Error   string `json:"error,omitzero"`
	Records int64  `json:"records"`
	First   uint64 `json:"first,omitzero"`
	Last    uint64 `json:"last,omitzero"`
	// Duplicate is how many of the records an earlier batch had brought.
	Duplicate int64 `json:"duplicate,omitzero"`
	status    int
	lost      event.Loss // what was refused; no reason: nothing
}

// refuse answers for a body that is not looked at; why is the reason of the loss.
func refuse(status int, why, format string, args ...any) answer {
	return answer{status: status, Error: fmt.Sprintf(format, args...), lost: event.Loss{Kind: event.LossRejected, Reason: why, Records: 1}}
}

var errLine = errors.New("a line is longer than the limit")

// ServeHTTP implements http.Handler.
func (h *jsonLines) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := h.serve(w, r)
	if a.lost.Reason != "" {
		a.lost.Bytes = cmp.Or(a.lost.Bytes, max(0, r.ContentLength))
		h.lose(a.lost, r)
	}
	w.Header().Set("Content-Type", "application/json")
	switch a.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="konseki"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	if a.status != http.StatusOK {
		w.Header().Set("Connection", "close") // do not read the rest of the body
	}
	w.WriteHeader(a.status)
	if err := json.MarshalWrite(w, a); err != nil {
		h.opts.Logger.Debug("answer not sent", "err", err)
	}
}

func (h *jsonLines) serve(w http.ResponseWriter, r *http.Request) answer {
	if r.Method != http.MethodPost {
		return answer{status: http.StatusMethodNotAllowed, Error: "use POST"} // brings no records
	}
	sender, source, refusal := h.admit(r)
	if refusal.status != 0 {
		return refusal
	}
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		return refuse(http.StatusServiceUnavailable, event.WhyBusy, "too many requests at once; try again").of(source)
	}
	wire := &steady{r: r.Body, control: http.NewResponseController(w), idle: h.opts.Idle, sum: sha256.New()}
	body, refusal := h.body(wire, r)
	if refusal.status != 0 {
		return refusal.of(source)
	}
	defer body.Close()
	in := &intake{ctx: r.Context(), to: h.to, source: source, transport: h.transport(r, source)}
	readErr, appendErr := in.read(body, windowFor(r), h.opts.Limits)
	if readErr != nil || appendErr != nil {
		h.opts.Logger.Warn("ingest", "sender", sender, "source", source, "acknowledged", in.answer.Records,
			"err", errors.Join(readErr, appendErr))
	}
	a := in.conclude(readErr, appendErr, h.opts.Limits).of(source)
	if a.Records > 0 {
		a.Duplicate = h.batches.repeated(sender, source, r.Header.Get("Idempotency-Key"), wire.sum.Sum(nil), a.Records, a.status == http.StatusOK)
	}
	if a.Duplicate > 0 {
		h.lose(event.Loss{Source: source, Kind: event.LossDuplicate, Reason: event.WhySameBatch, Records: a.Duplicate}, r)
	}
	return a
}

// of says which source the loss belongs to.
func (a answer) of(source string) answer {
	a.lost.Source = source
	return a
}

// lose counts a loss of one request.
func (h *jsonLines) lose(l event.Loss, r *http.Request) {
	if h.opts.Loss != nil {
		l.Door, l.Host = "http", peerOfRequest(r)
		h.opts.Loss(l)
	}
}

func peerOfRequest(r *http.Request) string {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return a.Addr().Unmap().String()
}

// admit checks who sends and where to.
func (h *jsonLines) admit(r *http.Request) (sender, source string, refusal answer) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || h.opts.Authenticate == nil {
		return "", "", refuse(http.StatusUnauthorized, event.WhyToken, "send an API token as Authorization: Bearer kt_…")
	}
	sender, sources, ok := h.opts.Authenticate(strings.TrimSpace(token))
	if !ok {
		return "", "", refuse(http.StatusUnauthorized, event.WhyToken, "the API token is unknown or revoked")
	}
	source = r.URL.Query().Get("source")
	if source == "" && len(sources) == 1 && sources[0] != "*" {
		source = sources[0]
	}
	switch {
	case source == "":
		return "", "", refuse(http.StatusBadRequest, event.WhyNoSource, "name the source: ?source=NAME")
	case !usableSource(source):
		return "", "", refuse(http.StatusForbidden, event.WhyForbidden, "source %q is reserved or too long", source)
	case !slices.Contains(sources, source) && !slices.Contains(sources, "*"):
		return "", "", refuse(http.StatusForbidden, event.WhyForbidden, "the API token of %q may not write source %q", sender, source)
	}
	return sender, source, answer{}
}

// body is the request's body, decompressed and bounded.
func (h *jsonLines) body(wire *steady, r *http.Request) (io.ReadCloser, answer) {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		kind, _, err := mime.ParseMediaType(ct)
		if err != nil || strings.HasPrefix(kind, "multipart/") {
			return nil, refuse(http.StatusUnsupportedMediaType, event.WhyForm, "send the lines as they are, Content-Type: application/x-ndjson")
		}
	}
	var open func(io.Reader) (io.ReadCloser, error)
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return io.NopCloser(wire), answer{}
	case "gzip", "x-gzip":
		open = func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }
	case "zstd":
		open = openZstd
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, event.WhyForm, "Content-Encoding %q is not known; use gzip, zstd or none", encoding)
	}
	unpacked, err := open(wire)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, event.WhyDamaged, "the body is not what Content-Encoding says: %v", err)
	}
	return &inflating{ReadCloser: unpacked, wire: wire, limits: h.opts.Limits}, answer{}
}

// openZstd reads zstd with the window that RFC 9659 §3 allows in HTTP.
func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func (h *jsonLines) transport(r *http.Request, source string) string {
	var zone, from string
	if h.opts.Place != nil {
		zone, from = h.opts.Place(source)
	}
	host := r.URL.Query().Get("host")
	return event.Transport{Kind: "http"}.With("tz", zone).With("tzfrom", from).
		With("host", host[:min(len(host), 255)]).With("peer", peerOfRequest(r)).String()
}

// steady moves the read deadline on with each read, counts and hashes what came.
type steady struct {
	r       io.Reader
	control *http.ResponseController
	idle    time.Duration
	n       int64
	sum     hash.Hash
}

func (s *steady) Read(p []byte) (int, error) {
	// A connection without deadlines (a test's recorder) is read without.
	if err := s.control.SetReadDeadline(time.Now().Add(s.idle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.n += int64(n)
	s.sum.Write(p[:n])
	return n, err
}

// inflating stops a body that unpacks to too much.
type inflating struct {
	io.ReadCloser
	wire   *steady
	limits Limits
	n      int64
}

func (i *inflating) Read(p []byte) (int, error) {
	n, err := i.ReadCloser.Read(p)
	i.n += int64(n)
	if i.n > i.limits.MaxUnpacked || i.n > i.limits.RatioFrom && i.n/i.limits.MaxRatio > i.wire.n {
		return n, ErrBomb
	}
	return n, err
}

// intake appends the lines of one request.
type intake struct {
	ctx               context.Context
	to                Appender
	source, transport string
	answer            answer
	tooLong           bool
	unstored          int64 // records that the vault did not take
}

// Sizes of the window through which a request is read.
const (
	smallWindow = 4 << 10
	largeWindow = 256 << 10
)

// windowFor is as large as a small request, so that one line costs little.
func windowFor(r *http.Request) int {
	if r.ContentLength < 0 || r.Header.Get("Content-Encoding") != "" {
		return largeWindow
	}
	return int(min(max(r.ContentLength+1, smallWindow), largeWindow))
}

// read appends all lines, up to the first that is too long.
func (in *intake) read(body io.Reader, size int, limits Limits) (readErr, appendErr error) {
	limits.MaxRecord = limits.MaxLine
	c := &cutter{limits: limits, flush: in.flush, strict: true}
	now := time.Now().UTC()
	lines := newLines(event.Shape{}, limits.MaxLine)
	w, readErr, err := c.run(newWindow(size), body, lines, func(w *window, p piece) {
		raw := bytes.Trim(p.raw, "\r\n")
		switch {
		case p.part > 0:
			in.tooLong = true
		case len(raw) > 0 && !in.tooLong:
			w.recs = append(w.recs, event.Record{Received: now, Source: in.source, Transport: in.transport, Raw: raw})
		}
	})
	if err == nil {
		_, err = in.flush(w)
	}
	if errors.Is(err, errLine) {
		return err, nil
	}
	return readErr, err
}

func (in *intake) flush(w *window) (*window, error) {
	if len(w.recs) > 0 {
		if err := in.to.Append(in.ctx, w.recs); err != nil {
			in.unstored = int64(len(w.recs))
			return w, err
		}
		if in.answer.Records == 0 {
			in.answer.First = w.recs[0].Seq
		}
		in.answer.Last = w.recs[len(w.recs)-1].Seq
		in.answer.Records += int64(len(w.recs))
	}
	if in.tooLong {
		return w, errLine
	}
	w.moveTo(w)
	return w, nil
}

// conclude turns what happened into the answer.
func (in *intake) conclude(readErr, appendErr error, limits Limits) answer {
	a := in.answer
	a.lost = event.Loss{Kind: event.LossRejected, Records: max(1, in.unstored)}
	switch {
	case errors.Is(appendErr, syscall.ENOSPC):
		a.lost.Reason = event.WhyVault
		a.status, a.Error = http.StatusServiceUnavailable, "the vault's disk is full; the rest was not stored"
	case appendErr != nil:
		a.lost.Reason = event.WhyVault
		a.status, a.Error = http.StatusServiceUnavailable, "the vault could not store the rest; try again"
	case errors.Is(readErr, errLine):
		a.lost.Reason = event.WhyOversize
		a.status = http.StatusRequestEntityTooLarge
		a.Error = fmt.Sprintf("the line after the last one stored is longer than %d bytes; it and what follows were not stored", limits.MaxLine)
	case errors.Is(readErr, ErrBomb):
		a.lost.Reason = event.WhyBomb
		a.status, a.Error = http.StatusRequestEntityTooLarge, "the body "+ErrBomb.Error()
	case readErr != nil:
		a.lost.Reason = event.WhyDamaged
		a.status, a.Error = http.StatusBadRequest, "the body ended early or is damaged; what was stored is counted here"
	default:
		a.status = http.StatusOK
	}
	return a
}
