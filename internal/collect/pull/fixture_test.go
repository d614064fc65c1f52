package pull

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// happened is an event of a provider.
type happened struct {
	id   string
	at   time.Time // when it was
	seen time.Time // when the provider shows it
}

// fault is what goes wrong with one request.
type fault int

const (
	none fault = iota
	throttledFor
	throttled
	broken
	cutOff
	badCursor
	deep
	faults
)

// provider is what all services share: events, a clock and faults.
type provider struct {
	mu     sync.Mutex
	clock  func() time.Time
	skew   time.Duration // of its clock against ours
	page   int
	events []happened
	fault  func() fault
	asked  int
}

func (p *provider) now() time.Time { return p.clock().Add(p.skew) }

// window gives what is shown of [from, to), oldest first.
func (p *provider) window(from, to time.Time, byShown bool) (out []happened) {
	for _, e := range p.events {
		at := e.at
		if byShown {
			at = e.seen
		}
		if !e.seen.After(p.now()) && !at.Before(from) && at.Before(to) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b happened) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	return out
}

// pages gives one page after a cursor: an id of the last event given. The event
// of the cursor comes again, as providers with overlapping pages do.
func (p *provider) pages(all []happened, cursor string) (page []happened, next string) {
	start := 0
	if cursor != "" {
		start = max(0, slices.IndexFunc(all, func(e happened) bool { return e.id == cursor }))
	}
	end := min(start+p.page, len(all))
	page = all[start:end]
	if end < len(all) {
		next = all[end-1].id
	}
	return page, next
}

// refuse answers a request that goes wrong; true when it did.
func (p *provider) refuse(w http.ResponseWriter, r *http.Request, cursor string) (fault, bool) {
	p.asked++
	w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
	f := none
	if p.fault != nil {
		f = p.fault()
	}
	switch {
	case f == throttledFor:
		w.Header().Set("Retry-After", "7")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case f == throttled:
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case f == broken:
		http.Error(w, "oops", http.StatusBadGateway)
	case f == badCursor && cursor != "":
		http.Error(w, "unknown page", http.StatusBadRequest)
	case f == deep:
		_, _ = io.WriteString(w, strings.Repeat(`{"items":[`, 50_000))
	default:
		return f, false
	}
	return f, true
}

// send writes a body, half of it when it is to be cut off.
func send(w http.ResponseWriter, f fault, body string) {
	if f == cutOff {
		body = body[:len(body)/2]
	}
	_, _ = io.WriteString(w, body)
}

// raw is an event as a service sends it: with spaces and numbers that a decoder
// would not write again.
func raw(service string, e happened) string {
	at := e.at.UTC().Format("2006-01-02T15:04:05.000Z")
	switch service {
	case Okta:
		return fmt.Sprintf(`{ "published":%q,"n":1.0e0, "uuid" : %q, "who":{"uuid":"x"}}`, at, e.id)
	case Slack:
		return fmt.Sprintf("{\"date_create\": %d,\n \"n\":1.00,\"id\":%q,\"entity\":{\"id\":\"x\"}}", e.at.Unix(), e.id)
	case Workspace:
		return fmt.Sprintf(`{"kind":"admin#reports#activity" ,"id":{"time":%q,"uniqueQualifier":%q,"applicationName":"login"},"events":[{"name":"login\u005fsuccess"}]}`, at, e.id)
	case Microsoft:
		return fmt.Sprintf(`{"CreationTime":%q,"Id":%q,"RecordType":15,  "z":-0}`, at, e.id)
	}
	return fmt.Sprintf(`{"eventTime":%q, "eventID":%q,"n":1E2}`, at, e.id)
}

func raws(service string, list []happened) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = raw(service, e)
	}
	return strings.Join(parts, " ,\n")
}

func mustTime(layout, text string) time.Time {
	at, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// handler speaks the API of a service.
func (p *provider) handler(service string) http.Handler {
	m := http.NewServeMux()
	handle := func(path, cursor string, h func(w http.ResponseWriter, r *http.Request, f fault)) {
		m.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if f, done := p.refuse(w, r, r.URL.Query().Get(cursor)); !done {
				h(w, r, f)
			}
		})
	}
	handle("POST /token", "", func(w http.ResponseWriter, r *http.Request, f fault) {
		send(w, f, `{"access_token":"secret","expires_in":3600,"token_type":"Bearer"}`)
	})
	handle("POST /directory/oauth2/v2.0/token", "", func(w http.ResponseWriter, r *http.Request, f fault) {
		send(w, f, `{"access_token":"secret","expires_in":3600,"token_type":"Bearer"}`)
	})
	handle("GET /api/v1/logs", "after", func(w http.ResponseWriter, r *http.Request, f fault) {
		q := r.URL.Query()
		all := p.window(mustTime(time.RFC3339, q.Get("since")), mustTime(time.RFC3339, q.Get("until")), false)
		page, next := p.pages(all, q.Get("after"))
		w.Header().Add("Link", `<https://example.okta.com/api/v1/logs?x=1>; rel="self"`)
		if next != "" {
			w.Header().Add("Link", `<https://example.okta.com/api/v1/logs?after=`+next+`>; rel="next"`)
		}
		send(w, f, "["+raws(Okta, page)+"]")
	})
	handle("GET /audit/v1/logs", "cursor", func(w http.ResponseWriter, r *http.Request, f fault) {
		q := r.URL.Query()
		all := p.window(unix(q.Get("oldest")), unix(q.Get("latest")).Add(time.Second), false)
		slices.Reverse(all)
		page, next := p.pages(all, q.Get("cursor"))
		send(w, f, fmt.Sprintf(`{"entries":[%s],"response_metadata":{"next_cursor":%q}}`, raws(Slack, page), next))
	})
	handle("GET /admin/reports/v1/activity/users/all/applications/login", "pageToken", func(w http.ResponseWriter, r *http.Request, f fault) {
		q := r.URL.Query()
		all := p.window(mustTime(time.RFC3339, q.Get("startTime")), mustTime(time.RFC3339, q.Get("endTime")), false)
		slices.Reverse(all)
		page, next := p.pages(all, q.Get("pageToken"))
		body := fmt.Sprintf(`{"kind":"admin#reports#activities","items":[%s]`, raws(Workspace, page))
		if next != "" {
			body += fmt.Sprintf(`,"nextPageToken":%q`, next)
		}
		send(w, f, body+"}")
	})
	p.feed(handle)
	return m
}

func unix(text string) time.Time {
	var n int64
	_, _ = fmt.Sscan(text, &n)
	return time.Unix(n, 0).UTC()
}

// feed is the Management Activity API: one blob for each second in which
// events were shown.
func (p *provider) feed(handle func(string, string, func(http.ResponseWriter, *http.Request, fault))) {
	const base, host = "/api/v1.0/directory/activity/feed/", "https://manage.office.com"
	started := false
	handle("POST "+base+"subscriptions/start", "", func(w http.ResponseWriter, r *http.Request, f fault) {
		if started {
			http.Error(w, `{"error":{"code":"AF20024","message":"already enabled"}}`, http.StatusBadRequest)
			return
		}
		started = true
		send(w, none, `{"contentType":"Audit.General","status":"enabled"}`)
	})
	const second = "2006-01-02T15:04:05"
	handle("GET "+base+"subscriptions/content", "nextPage", func(w http.ResponseWriter, r *http.Request, f fault) {
		q := r.URL.Query()
		var blobs []happened
		for _, e := range p.window(mustTime(second, q.Get("startTime")), mustTime(second, q.Get("endTime")), true) {
			if b := (happened{id: e.seen.UTC().Format(second)}); !slices.Contains(blobs, b) {
				blobs = append(blobs, b)
			}
		}
		page, next := p.pages(blobs, q.Get("nextPage"))
		if next != "" {
			w.Header().Set("NextPageUri", host+base+"subscriptions/content?startTime="+q.Get("startTime")+"&endTime="+q.Get("endTime")+"&nextPage="+next)
		}
		var parts []string
		for _, b := range page {
			parts = append(parts, fmt.Sprintf(`{"contentUri":"%s%saudit/%s","contentId":%q}`, host, base, b.id, b.id))
		}
		send(w, f, "["+strings.Join(parts, ",")+"]")
	})
	handle("GET "+base+"audit/{blob}", "", func(w http.ResponseWriter, r *http.Request, f fault) {
		at := mustTime(second, r.PathValue("blob"))
		var list []happened
		for _, e := range p.events {
			if e.seen.Truncate(time.Second).Equal(at) && !e.seen.After(p.now()) {
				list = append(list, e)
			}
		}
		send(w, f, "["+raws(Microsoft, list)+"]")
	})
}

// inMemory answers without a network, so that a test's clock can stand still.
type inMemory struct{ http.Handler }

func (h inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	h.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// memVault is a vault in memory.
type memVault struct {
	mu   sync.Mutex
	recs []event.Record
	hook func(store func()) error // nil stores
}

func (v *memVault) Append(_ context.Context, recs []event.Record) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	store := func() {
		for i := range recs {
			recs[i].Seq = uint64(len(v.recs) + 1)
			r := recs[i]
			r.Raw = slices.Clone(r.Raw)
			v.recs = append(v.recs, r)
		}
	}
	if v.hook != nil {
		return v.hook(store)
	}
	store()
	return nil
}

func (v *memVault) Size() uint64 { return uint64(len(v.recs)) }

func (v *memVault) Records(_ context.Context, from uint64) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		for _, r := range v.recs[min(max(from, 1)-1, uint64(len(v.recs))):] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func secretFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testKey is an RSA key; making one takes long, so tests share it.
func testKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func accountFile(t testing.TB, tokenURI string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "konseki@project.example.com", "private_key_id": "k1", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return secretFile(t, string(b))
}

// settings are how a test opens each service.
func settings(t testing.TB, service string) Settings {
	t.Helper()
	s := Settings{Service: service, Stream: "audit", TokenFile: secretFile(t, "token")}
	switch service {
	case Okta:
		s.Stream, s.URL = "system", "https://example.okta.com"
	case Workspace:
		s.Stream, s.Subject, s.KeyFile = "login", "admin@example.com", accountFile(t, "https://oauth2.example.com/token")
	case Microsoft:
		s.Stream, s.Tenant, s.Client, s.SecretFile = "Audit.General", "directory", "client", secretFile(t, "hidden")
	case CloudTrail:
		s.Stream, s.Account = "ap-northeast-1", "123456789012"
	}
	return s
}

// rig is a puller of one service with everything around it in memory.
type rig struct {
	t        testing.TB
	service  string
	set      Settings
	provider *provider
	vault    *memVault
	clock    time.Time
	dir      string
	sealed   []event.Attestation
	config   Config
	*Puller
}

var errKilled = errors.New("killed")

func newRig(t testing.TB, service string, set Settings, dir string) *rig {
	t.Helper()
	r := &rig{t: t, service: service, set: set, vault: &memVault{}, dir: dir, clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	r.provider = &provider{clock: r.now, page: 3}
	r.config = Config{Name: service, Stream: set.Stream, Source: "saas", Since: 24 * time.Hour}
	r.start()
	return r
}

func (r *rig) now() time.Time { return r.clock }

// start opens the puller as after a restart.
func (r *rig) start() {
	r.t.Helper()
	r.set.Now = r.now
	var svc Service
	var err error
	if r.service == CloudTrail {
		svc, err = newCloudTrail(&shelf{p: r.provider}, "logs", "", r.set)
	} else {
		r.set.Transport = inMemory{r.provider.handler(r.service)}
		svc, err = Open(r.set)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.config.Service = svc
	r.Puller, err = New([]Config{r.config}, Options{
		Dir: r.dir, To: r.vault, Now: r.now, Logger: slog.New(slog.DiscardHandler),
		Attest: func(_ context.Context, a event.Attestation) error {
			r.sealed = append(r.sealed, a)
			return nil
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	s := r.streams[0]
	s.save = func() error { // durable.Replace has its own tests; here it is slow
		b, err := json.Marshal(s.st, json.Deterministic(true))
		if err != nil {
			return err
		}
		return os.WriteFile(s.path, b, 0o600)
	}
}

func (r *rig) round() error { return r.streams[0].try(context.Background(), nil) }

// add makes an event happen some time ago, shown now.
func (r *rig) add(ago time.Duration) {
	at := r.clock.Add(-ago)
	r.provider.events = append(r.provider.events, happened{id: fmt.Sprintf("e%d", len(r.provider.events)), at: at, seen: r.clock})
}

// check compares the vault with what happened.
func (r *rig) check() error {
	want := map[string]int{}
	for _, e := range r.provider.events {
		want[raw(r.service, e)]++
	}
	for _, rec := range r.vault.recs {
		want[string(rec.Raw)]--
		if via := event.ParseTransport(rec.Transport); via.Kind != "pull" || via.Get("api") != r.service+"/"+r.set.Stream || rec.Source != "saas" {
			return fmt.Errorf("record came as %s of %s", rec.Transport, rec.Source)
		}
	}
	for text, n := range want {
		if n != 0 {
			return fmt.Errorf("%d times too few: %s", n, text)
		}
	}
	return nil
}

// shelf is a bucket of CloudTrail in memory: a log file for each event, and
// whatever a test puts or hides.
type shelf struct {
	p    *provider
	put  map[string]stored
	gone map[string]bool
}

type stored struct {
	body     string
	sign     string
	modified time.Time
}

func logKey(at time.Time, unique string) string {
	return "AWSLogs/123456789012/CloudTrail/ap-northeast-1/" + at.UTC().Format("2006/01/02/") + "123456789012_CloudTrail_ap-northeast-1_" + at.UTC().Format("20060102T1504Z") + "_" + unique + ".json.gz"
}

func (s *shelf) objects() map[string]stored {
	out := map[string]stored{}
	files := map[string][]happened{}
	for _, e := range s.p.events {
		if !e.seen.After(s.p.now()) {
			key := logKey(e.seen, e.id)
			files[key] = append(files[key], e)
			out[key] = stored{modified: e.seen}
		}
	}
	for key, list := range files {
		out[key] = stored{body: `{"Records":[` + raws(CloudTrail, list) + `]}`, modified: out[key].modified}
	}
	for key, o := range s.put {
		out[key] = o
	}
	for key := range s.gone {
		delete(out, key)
	}
	return out
}

func (s *shelf) list(_ context.Context, prefix, after string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		if err := s.fail(); err != nil {
			yield(object{}, err)
			return
		}
		all := s.objects()
		var keys []string
		for key := range all {
			if strings.HasPrefix(key, prefix) && key > after {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			if !yield(object{key, hexSum([]byte(all[key].body)), all[key].modified}, nil) {
				return
			}
		}
	}
}

func (s *shelf) get(_ context.Context, key, _ string) ([]byte, string, error) {
	if err := s.fail(); err != nil {
		return nil, "", err
	}
	o, ok := s.objects()[key]
	if !ok {
		return nil, "", errNoObject
	}
	return []byte(o.body), o.sign, nil
}

func (s *shelf) fail() error {
	if s.p.fault == nil {
		return nil
	}
	switch s.p.fault() {
	case throttled, throttledFor:
		return ErrThrottled
	case broken, cutOff, deep:
		return errors.New("connection reset")
	}
	return nil
}
