package pull

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// microsoft reads the Office 365 Management Activity API: a subscription per
// content type, lists of content blobs by the time they were made available,
// and the blobs, each an array of audit records.
type microsoft struct {
	*web
	feed    string // path of the tenant's activity feed
	tenant  string
	content string // content type
}

func openMicrosoft(s Settings) (Service, error) {
	w, err := newWeb(cmp.Or(s.URL, "https://manage.office.com"), s.CAFile, s.Transport)
	if err != nil {
		return nil, err
	}
	login, err := address(cmp.Or(s.Login, "https://login.microsoftonline.com"))
	if err != nil {
		return nil, err
	}
	id := regexp.MustCompile(`^[0-9A-Za-z.-]{1,100}$`)
	if !id.MatchString(s.Tenant) || !id.MatchString(s.Client) {
		return nil, fmt.Errorf("%w: tenant and client: the ids that Entra shows of the directory and of the application", ErrSetting)
	}
	if _, err := secretLine("secret_file", s.SecretFile); err != nil {
		return nil, err
	}
	g := &grant{web: w, now: s.Now, at: login.String() + "/" + s.Tenant + "/oauth2/v2.0/token"}
	g.form = func(time.Time) (url.Values, error) {
		text, err := secretLine("secret_file", s.SecretFile)
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {s.Client}, "client_secret": {text}, "scope": {w.base.String() + "/.default"}}, err
	}
	w.sign = g.sign
	return microsoft{w, "/api/v1.0/" + s.Tenant + "/activity/feed/", s.Tenant, s.Stream}, nil
}

// Traits: content is kept for seven days and listed for at most one. Records of
// the core services come within 60 to 90 minutes as a rule, others later;
// Microsoft promises nothing.
func (microsoft) Traits() Traits {
	return Traits{Keeps: 7 * day, Window: day, Lag: day, Reread: 4 * time.Hour, Every: 10 * time.Minute}
}

// ID is the record's Id.
func (microsoft) ID(raw []byte) string { return textOf(raw, "Id") }

// feedCursor is what of a window is not read yet: blobs that were listed, and
// the next page of the list.
type feedCursor struct {
	Blobs []string `json:"blobs,omitempty"`
	List  string   `json:"list,omitempty"`
	N     int      `json:"n"` // so that no two are equal
}

func (c feedCursor) text() string {
	if len(c.Blobs) == 0 && c.List == "" {
		return ""
	}
	b, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return "" // texts and a number always encode
	}
	return string(b)
}

// Page gives the next page of the list, without events, or one blob.
func (m microsoft) Page(ctx context.Context, q Query) (Page, error) {
	var c feedCursor
	if q.Cursor != "" {
		if err := decode([]byte(q.Cursor), &c); err != nil {
			return Page{}, fmt.Errorf("%w: %w", ErrCursor, err)
		}
	}
	c.N++
	if len(c.Blobs) > 0 {
		return m.blob(ctx, q, c)
	}
	list := c.List
	if list == "" {
		if err := m.subscribe(ctx); err != nil {
			return Page{}, err
		}
		list = m.at(m.feed+"subscriptions/content", url.Values{
			"contentType": {m.content}, "PublisherIdentifier": {m.tenant},
			"startTime": {q.From.UTC().Format("2006-01-02T15:04:05")}, "endTime": {q.To.UTC().Format("2006-01-02T15:04:05")},
		})
	}
	return m.list(ctx, q, c, list)
}

// subscribe starts the subscription; one that runs already is no error.
func (m microsoft) subscribe(ctx context.Context) error {
	at := m.at(m.feed+"subscriptions/start", url.Values{"contentType": {m.content}, "PublisherIdentifier": {m.tenant}})
	_, err := m.ask(ctx, http.MethodPost, at)
	if r, ok := errors.AsType[*refusal](err); ok && strings.Contains(r.text, "AF20024") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", m.content, err)
	}
	return nil
}

func (m microsoft) list(ctx context.Context, q Query, c feedCursor, list string) (Page, error) {
	a, err := m.get(ctx, list)
	if err != nil {
		return Page{}, asCursor(err, q.Cursor)
	}
	entries, err := cut(a.body, "")
	if err != nil {
		return Page{}, err
	}
	c.List = ""
	for _, e := range entries {
		at := textOf(e, "contentUri")
		if _, err := m.own(at); err != nil {
			return Page{}, err
		}
		c.Blobs = append(c.Blobs, at)
	}
	if next := a.header.Get("NextPageUri"); next != "" {
		if _, err := m.own(next); err != nil {
			return Page{}, err
		}
		c.List = next
	}
	return Page{Next: c.text(), Now: a.now}, nil
}

func (m microsoft) blob(ctx context.Context, q Query, c feedCursor) (Page, error) {
	at := c.Blobs[0]
	c.Blobs = c.Blobs[1:]
	p := Page{Next: c.text()}
	a, err := m.get(ctx, at)
	if r, ok := errors.AsType[*refusal](err); ok && (r.status == http.StatusNotFound || r.status == http.StatusGone || strings.Contains(r.text, "AF20051")) {
		p.Proofs = []event.Attestation{m.gone(q)}
		return p, nil
	}
	if err != nil {
		return Page{}, err
	}
	p.Now = a.now
	p.Events, err = cut(a.body, "")
	return p, err
}

// gone attests a blob that was listed and cannot be had.
func (m microsoft) gone(q Query) event.Attestation {
	return event.Attestation{
		From: q.From.Add(-m.Traits().Lag), To: q.To, Proof: event.ProofCursor, Missing: -1,
		Reason: event.Phrase{
			JA: "一覧にあるコンテンツの一つを提供元がもう渡さない（七日で期限が切れる）",
			EN: "the service lists a piece of content that it no longer gives: content expires after seven days",
		},
	}
}
