package post

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// Options configure a [Door]. A zero field means its default.
type Options struct {
	// Authenticate tells who a token belongs to and which sources it may write;
	// "*" among them stands for all.
	Authenticate func(token string) (sender string, sources []string, ok bool)
	// Certificates are those that may send without a token. Default none.
	Certificates []sender.Certificate
	// Paces slows senders down; nil slows nobody.
	Paces *sender.Paces
	// Place gives the zone for times of a source that state none; optional.
	Place func(source string) (zone, zoneFrom string)
	// Limits: MaxLine bounds a line, MaxRecord any other record, MaxUnpacked,
	// MaxRatio and RatioFrom a compressed body.
	Limits collect.Limits
	// MaxBody bounds a body that must be seen whole before its records are stored
	// (all but lines and the journal), bytes unpacked. Default 32 MiB.
	MaxBody int64
	// Idle ends a request whose body stands still for so long, default 1 min, and
	// Whole one whose body must be seen whole and is not within it, default 2 min.
	Idle, Whole time.Duration
	// MaxRequests is how many are read at once, default 256, and MaxBytes how much
	// their bodies hold in memory, default 256 MiB; more get 503. One sender gets
	// half of either, so that it cannot shut the others out.
	MaxRequests int
	MaxBytes    int64
	// Loss is told of each loss as it happens, From and To left open; it must
	// be quick. Nil for nobody.
	Loss func(event.Loss)
	// Remember is how long a batch is known again, default 1 h: one with the
	// Idempotency-Key or the bytes of an earlier one of the same sender for the
	// same source is taken and counted as duplicate. The last 4,096 are known.
	Remember time.Duration
	Logger   *slog.Logger
}

// Door answers senders. It serves each protocol at the path that its senders
// know ("/v1/logs", "/_bulk" …) and at the same path below "/ingest/".
type Door struct {
	to      collect.Appender
	opts    Options
	hall    hall
	batches batches
	acks    atomic.Uint64 // see hec.go
}

// New returns the door to a vault.
func New(to collect.Appender, opts Options) *Door {
	d := collect.DefaultLimits()
	l := &opts.Limits
	l.MaxLine, l.MaxRecord = max(16, cmp.Or(l.MaxLine, d.MaxLine)), max(16, cmp.Or(l.MaxRecord, d.MaxRecord))
	l.MaxUnpacked, l.MaxRatio, l.RatioFrom = cmp.Or(l.MaxUnpacked, d.MaxUnpacked), cmp.Or(l.MaxRatio, d.MaxRatio), cmp.Or(l.RatioFrom, d.RatioFrom)
	opts.MaxBody = cmp.Or(opts.MaxBody, 32<<20)
	opts.Idle, opts.Whole = cmp.Or(opts.Idle, time.Minute), cmp.Or(opts.Whole, 2*time.Minute)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Door{
		to: to, opts: opts, batches: batches{keep: cmp.Or(opts.Remember, time.Hour)},
		hall: hall{maxRequests: cmp.Or(opts.MaxRequests, 256), maxBytes: cmp.Or(opts.MaxBytes, 256<<20), of: map[string]*share{}},
	}
}

// protocol is one way to post.
type protocol struct {
	kind    string // of the transport; losses are counted under it
	methods string // that bring records, comma separated
	// asks says that requests bring no records: they need no source, and nothing
	// is lost with them.
	asks bool
	// media are the types of body taken; none stands for all but forms.
	media []string
	// wanted finds the source; most take the one that the request names.
	wanted func(v *visit) string
	// take stores the records and answers, or says why not.
	take func(v *visit) error
	// deny answers what was refused. Status and common headers are set by v.say.
	deny func(v *visit, r *refusal)
}

// ServeHTTP implements http.Handler.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if below, ok := strings.CutPrefix(path, "/ingest"); ok && (below == "" || below[0] == '/') {
		path = below
	}
	v := &visit{door: d, w: w, r: r, path: path}
	p := d.route(path)
	switch {
	case p != nil:
		v.through(p)
	case d.collector(v) || d.elastic(v):
	default:
		plain(v, &refusal{status: http.StatusNotFound, text: "nothing is taken at this path; docs/ways-in.md lists those that are"})
	}
}

// route finds the protocol that takes records at a path; nil for none.
func (d *Door) route(path string) *protocol {
	switch path {
	case "/jsonlines":
		return jsonLines()
	case "/raw":
		return rawLines()
	case "/v1/logs":
		return otlpLogs()
	case "/upload":
		return journalUpload()
	case "/services/collector", "/services/collector/event", "/services/collector/event/1.0":
		return hecEvents()
	case "/services/collector/raw", "/services/collector/raw/1.0":
		return hecRaw()
	}
	if index, ok := bulkIndex(path); ok {
		return bulk(index)
	}
	return nil
}

// through takes what a request brings, or refuses it.
func (v *visit) through(p *protocol) {
	v.protocol = p
	defer v.leave()
	err := v.enter()
	if err == nil {
		err = p.take(v)
	}
	if err == nil {
		return
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = v.explain(err)
	}
	if r.why != "" {
		v.lose(event.Loss{Source: v.source, Kind: event.LossRejected, Reason: r.why, Records: max(1, r.records), Bytes: max(0, v.r.ContentLength)})
		v.door.opts.Logger.Warn("ingest", "door", p.kind, "sender", v.who.Name, "source", v.source, "acknowledged", v.stored.records, "status", r.status, "err", err)
	}
	switch r.status {
	case http.StatusUnauthorized:
		v.w.Header().Set("WWW-Authenticate", `Basic realm="konseki", Bearer realm="konseki"`)
	case http.StatusMethodNotAllowed:
		v.w.Header().Set("Allow", strings.ReplaceAll(p.methods, ",", ", "))
	case http.StatusServiceUnavailable:
		r.after = cmp.Or(r.after, 30*time.Second)
	}
	if r.after > 0 {
		v.w.Header().Set("Retry-After", strconv.FormatInt(int64((r.after+time.Second-1)/time.Second), 10))
	}
	v.w.Header().Set("Connection", "close") // the rest of the body is not read
	p.deny(v, r)
}
