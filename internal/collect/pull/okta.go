package pull

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// okta reads the System Log of an Okta organisation:
// GET /api/v1/logs with since and until, pages by the Link header.
type okta struct{ *web }

func openOkta(s Settings) (Service, error) {
	w, err := newWeb(s.URL, s.CAFile, s.Transport)
	if err != nil {
		return nil, err
	}
	if _, err := secretLine("token_file", s.TokenFile); err != nil {
		return nil, err
	}
	w.sign = bearerFile("SSWS", s.TokenFile)
	return okta{w}, nil
}

// Traits: events are kept for 90 days and come within minutes.
func (okta) Traits() Traits {
	return Traits{Keeps: 90 * day, Lag: 10 * time.Minute, Reread: time.Hour, Every: 2 * time.Minute}
}

// ID is the event's uuid.
func (okta) ID(raw []byte) string { return textOf(raw, "uuid") }

// Page asks for at most 1,000 events.
func (o okta) Page(ctx context.Context, q Query) (Page, error) {
	v := url.Values{
		"since": {q.From.UTC().Format(time.RFC3339)}, "until": {q.To.UTC().Format(time.RFC3339)},
		"limit": {"1000"}, "sortOrder": {"ASCENDING"},
	}
	if q.Cursor != "" {
		v.Set("after", q.Cursor)
	}
	a, err := o.get(ctx, o.at("/api/v1/logs", v))
	if err != nil {
		return Page{}, asCursor(err, q.Cursor)
	}
	events, err := cut(a.body, "")
	if err != nil {
		return Page{}, err
	}
	p := Page{Events: events, Now: a.now}
	if len(events) > 0 { // the log of a time that is not over has a next page without end
		p.Next, err = o.after(a.header.Values("Link"))
	}
	return p, err
}

// after finds the cursor of the next page in Link headers (RFC 8288).
func (o okta) after(links []string) (string, error) {
	for _, header := range links {
		for link := range strings.SplitSeq(header, ",") {
			target, params, ok := strings.Cut(strings.TrimSpace(link), ">")
			if !ok || !strings.HasPrefix(target, "<") || !strings.Contains(strings.ReplaceAll(params, " ", ""), `rel="next"`) {
				continue
			}
			u, err := o.own(target[1:])
			if err != nil {
				return "", err
			}
			after := u.Query().Get("after")
			if after == "" {
				return "", fmt.Errorf("%w: the link to the next page has no cursor", ErrPage)
			}
			return after, nil
		}
	}
	return "", nil
}
