package post

import (
	"crypto/sha256"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// visit is one request.
type visit struct {
	door     *Door
	protocol *protocol
	w        http.ResponseWriter
	r        *http.Request
	path     string // without /ingest

	who     sender.Identity
	source  string
	entered bool
	claimed int64 // bytes of memory

	wire     *steady
	most     int64 // bytes that the body may have
	paced    int64 // bytes of the wire charged to the sender's pace
	stored   stored
	unstored int64 // records that the vault did not take
}

// stored is what the vault has of a request.
type stored struct {
	records     int64
	first, last uint64
	// duplicate is how many of the records an earlier batch had brought.
	duplicate int64
}

// enter checks everything that can be checked without the body.
func (v *visit) enter() error {
	if !slices.Contains(strings.Split(v.protocol.methods, ","), v.r.Method) {
		return &refusal{status: http.StatusMethodNotAllowed, text: "use " + v.protocol.methods}
	}
	if r := v.identify(); r != nil {
		return r
	}
	if !v.protocol.asks {
		if r := v.place(); r != nil {
			return r
		}
	}
	if !v.door.hall.enter(v.who.Name) {
		return refuse(http.StatusServiceUnavailable, event.WhyBusy, "too many requests at once; try again")
	}
	v.entered = true
	if wait := v.door.opts.Paces.Owed(v.who.Name); wait > 0 {
		r := refuse(http.StatusTooManyRequests, event.WhyPace, "faster than this sender may send; try again later")
		r.after = wait
		return r
	}
	if !v.medium() {
		return refuse(http.StatusUnsupportedMediaType, event.WhyForm, "%s is not taken here%s", v.r.Header.Get("Content-Type"), v.wants())
	}
	v.wire = &steady{
		r: v.r.Body, control: http.NewResponseController(v.w), idle: v.door.opts.Idle, sum: sha256.New(),
	}
	return nil
}

func (v *visit) leave() {
	if v.entered {
		v.door.hall.leave(v.who.Name, v.claimed)
	}
}

// claim takes memory for the body.
func (v *visit) claim(n int64) error {
	if !v.door.hall.claim(v.who.Name, n) {
		return errBusy
	}
	v.claimed += n
	return nil
}

// medium reports whether the body says to be what the protocol takes. Where
// nothing is said, it is read as if.
func (v *visit) medium() bool {
	text := v.r.Header.Get("Content-Type")
	if text == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(text)
	if len(v.protocol.media) == 0 {
		return err == nil && !strings.HasPrefix(kind, "multipart/")
	}
	return err == nil && slices.Contains(v.protocol.media, kind)
}

func (v *visit) wants() string {
	if len(v.protocol.media) == 0 {
		return "; send the records as they are, not as a form"
	}
	return "; send " + strings.Join(v.protocol.media, " or ")
}

// lose counts a loss of the request.
func (v *visit) lose(l event.Loss) {
	if v.door.opts.Loss != nil && !v.protocol.asks {
		l.Door, l.Host = v.protocol.kind, v.peer()
		v.door.opts.Loss(l)
	}
}

// reject counts records that a body held and that were left out.
func (v *visit) reject(why string, records, size int64) {
	if records > 0 {
		v.lose(event.Loss{Source: v.source, Kind: event.LossRejected, Reason: why, Records: records, Bytes: size})
	}
}

func (v *visit) peer() string {
	a, err := netip.ParseAddrPort(v.r.RemoteAddr)
	if err != nil {
		return ""
	}
	return a.Addr().Unmap().String()
}

// maxHint bounds what a sender's words take up in a transport, bytes.
const maxHint = 255

// transport is how the records of this request came in.
func (v *visit) transport() event.Transport {
	var zone, from string
	if v.door.opts.Place != nil {
		zone, from = v.door.opts.Place(v.source)
	}
	t := event.Transport{Kind: v.protocol.kind}.With("tz", zone).With("tzfrom", from).
		With("host", short(v.r.URL.Query().Get("host"))).With("peer", v.peer())
	return v.who.Mark(t)
}

func short(text string) string { return text[:min(len(text), maxHint)] }

// store appends records and takes them from the sender's pace. Either all are
// durable when it returns or none is.
func (v *visit) store(recs []event.Record) error {
	if len(recs) == 0 {
		return nil
	}
	if v.stored.records > 0 { // of a long body the rest waits until it is due
		if err := v.due(); err != nil {
			return err
		}
	}
	if err := v.door.to.Append(v.r.Context(), recs); err != nil {
		v.unstored = int64(len(recs))
		return storing{err}
	}
	v.door.opts.Paces.Ask(v.who.Name, len(recs), int(v.wire.n-v.paced))
	v.paced = v.wire.n
	if v.stored.records == 0 {
		v.stored.first = recs[0].Seq
	}
	v.stored.last = recs[len(recs)-1].Seq
	v.stored.records += int64(len(recs))
	return nil
}

// due waits until the sender may send more.
func (v *visit) due() error {
	t := time.NewTimer(v.door.opts.Paces.Owed(v.who.Name))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-v.r.Context().Done():
		return v.r.Context().Err()
	}
}

// storing marks an error of the vault.
type storing struct{ error }

// Is reports that it is errVault.
func (storing) Is(target error) bool { return target == errVault }

// Unwrap gives the vault's error.
func (s storing) Unwrap() error { return s.error }

// recognise counts the records of a batch that came before. whole says that the
// batch was read to its end.
func (v *visit) recognise(whole bool) {
	if v.stored.records == 0 {
		return
	}
	key := v.r.Header.Get("Idempotency-Key")
	v.stored.duplicate = v.door.batches.repeated(v.who.Name, v.source, key, v.wire.sum.Sum(nil), v.stored.records, whole)
	if v.stored.duplicate > 0 {
		v.lose(event.Loss{Source: v.source, Kind: event.LossDuplicate, Reason: event.WhySameBatch, Records: v.stored.duplicate})
	}
}

// record makes a record of the request.
func (v *visit) record(transport string, raw []byte) event.Record {
	return event.Record{Received: time.Now().UTC(), Source: v.source, Transport: transport, Raw: raw}
}

// say answers with a JSON body.
func (v *visit) say(status int, body any) {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil { // of own types only
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	v.answer(status, "application/json", text)
}

func (v *visit) answer(status int, media string, body []byte) {
	v.w.Header().Set("Content-Type", media)
	v.w.WriteHeader(status)
	if _, err := v.w.Write(body); err != nil {
		v.door.opts.Logger.Debug("answer not sent", "err", err)
	}
}
