package pull

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/durable"
)

const (
	maxBody     = 64 << 20         // one answer, unpacked
	requestTime = 2 * time.Minute  // one request with its answer
	longestWait = time.Hour        // that a service may ask for
	maxMessage  = 300              // of what a service says of an error
	userAgent   = "konseki-pull/1" // providers want a name to see who asks
)

// refusal is an answer that is not the page asked for.
type refusal struct {
	status int
	text   string        // beginning of the body
	after  time.Duration // how long the service asks to wait; 0 when it does not say
	kind   error         // one of the errors of this package, or nil
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("answer %d %s", r.status, http.StatusText(r.status))
	if r.text != "" {
		text += ": " + r.text
	}
	return text
}

func (r *refusal) Unwrap() error { return r.kind }

// answer is what a service gave.
type answer struct {
	body   []byte
	header http.Header
	now    time.Time // the service's clock
}

// web asks one service over HTTP.
type web struct {
	client *http.Client
	base   *url.URL
	// sign puts the credentials on a request; fresh asks for new ones.
	sign func(ctx context.Context, req *http.Request, fresh bool) error
}

// newWeb prepares asking the service at base. transport is nil except in tests.
func newWeb(base, caFile string, transport http.RoundTripper) (*web, error) {
	u, err := address(base)
	if err != nil {
		return nil, err
	}
	if transport == nil {
		if transport, err = overTLS(caFile); err != nil {
			return nil, err
		}
	}
	return &web{base: u, client: &http.Client{
		Transport: transport, Timeout: requestTime,
		// A redirect could lead the credentials elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// address reads the address of a service: https, or http to this machine.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%w: url: %q: write it as https://host", ErrSetting, text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%w: url: %q would send the credentials in the clear: use https://", ErrSetting, text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func overTLS(caFile string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 20 * time.Second, ResponseHeaderTimeout: requestTime,
		IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 2, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 256 << 10,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caFile == "" {
		return t, nil
	}
	b, err := durable.Read(caFile, 4<<20)
	if err != nil {
		return nil, fmt.Errorf("%w: ca_file: %w", ErrSetting, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%w: ca_file: %s holds no PEM certificate", ErrSetting, caFile)
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// at gives an address below the service's own.
func (w *web) at(path string, query url.Values) string {
	u := *w.base
	u.Path += path
	u.RawQuery = query.Encode()
	return u.String()
}

// own checks that an address which the service gave leads back to itself, so
// that the credentials go nowhere else.
func (w *web) own(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != w.base.Scheme || u.Host != w.base.Host || u.User != nil {
		return nil, fmt.Errorf("%w: it names a page at another place: %s", ErrPage, clip(text))
	}
	return u, nil
}

// get asks for a page, a second time with fresh credentials where the first
// were not accepted.
func (w *web) get(ctx context.Context, address string) (answer, error) {
	return w.ask(ctx, http.MethodGet, address)
}

func (w *web) ask(ctx context.Context, method, address string) (answer, error) {
	for fresh := false; ; fresh = true {
		req, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return answer{}, err
		}
		if err := w.sign(ctx, req, fresh); err != nil {
			return answer{}, err
		}
		a, err := w.do(req)
		if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusUnauthorized && !fresh {
			continue
		}
		return a, err
	}
}

func (w *web) do(req *http.Request) (answer, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{}, withoutQuery(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{header: resp.Header}
	a.now, _ = http.ParseTime(resp.Header.Get("Date"))
	if resp.StatusCode != http.StatusOK {
		head, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return a, refused(resp, head, a.now)
	}
	if a.body, err = durable.ReadAll(resp.Body, maxBody, "the answer"); err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrPage, err)
	}
	return a, nil
}

// withoutQuery leaves the parameters out of what is said about a request.
func withoutQuery(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		u.URL, _, _ = strings.Cut(u.URL, "?")
	}
	return err
}

func refused(resp *http.Response, head []byte, now time.Time) *refusal {
	r := &refusal{status: resp.StatusCode, text: clip(string(head)), after: waitOf(resp.Header, now)}
	limited := strings.Contains(r.text, "ateLimitExceeded") || strings.Contains(r.text, "quotaExceeded") // Google says so with 403
	switch {
	case r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable || r.status == http.StatusForbidden && limited:
		r.kind = ErrThrottled
	case r.status == http.StatusUnauthorized || r.status == http.StatusForbidden:
		r.kind = ErrRefused
	}
	return r
}

// waitOf reads how long a service asks to wait: Retry-After (RFC 9110 §10.2.3)
// in seconds or as a date, or the second since 1970 in which a limit ends, both
// by the service's own clock.
func waitOf(h http.Header, now time.Time) time.Duration {
	var wait time.Duration
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		wait = time.Duration(min(max(n, 0), int64(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil && !now.IsZero() {
		wait = at.Sub(now)
	} else if n, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && !now.IsZero() {
		wait = time.Unix(min(max(n, 0), 1<<40), 0).Sub(now)
	}
	return min(max(wait, 0), longestWait)
}

// asCursor makes an error of a request that named a cursor tell that the cursor
// may be what is wrong.
func asCursor(err error, cursor string) error {
	r, ok := errors.AsType[*refusal](err)
	if ok && cursor != "" && (r.status == http.StatusBadRequest || r.status == http.StatusNotFound || r.status == http.StatusGone) {
		r.kind = cmp.Or(r.kind, ErrCursor)
	}
	return err
}

// clip shortens what a service says and keeps it from steering a terminal.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxMessage {
		return string(r[:maxMessage]) + "…"
	}
	return text
}
