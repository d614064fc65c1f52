package pull

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// slack reads the audit logs of a Slack Enterprise organisation:
// GET /audit/v1/logs with oldest and latest, pages by cursor, newest first.
type slack struct{ *web }

func openSlack(s Settings) (Service, error) {
	w, err := newWeb(cmp.Or(s.URL, "https://api.slack.com"), s.CAFile, s.Transport)
	if err != nil {
		return nil, err
	}
	if _, err := secretLine("token_file", s.TokenFile); err != nil {
		return nil, err
	}
	w.sign = bearerFile("Bearer", s.TokenFile)
	return slack{w}, nil
}

// Traits: Slack does not say for how long it keeps audit logs; 50 requests a
// minute are allowed.
func (slack) Traits() Traits {
	return Traits{Lag: 30 * time.Minute, Reread: 2 * time.Hour, Every: 5 * time.Minute}
}

// ID is the entry's id.
func (slack) ID(raw []byte) string { return textOf(raw, "id") }

// Page asks for at most 1,000 entries.
func (s slack) Page(ctx context.Context, q Query) (Page, error) {
	v := url.Values{
		"oldest": {strconv.FormatInt(q.From.Unix(), 10)},
		"latest": {strconv.FormatInt(q.To.Add(time.Second-1).Unix(), 10)},
		"limit":  {"1000"},
	}
	if q.Cursor != "" {
		v.Set("cursor", q.Cursor)
	}
	a, err := s.get(ctx, s.at("/audit/v1/logs", v))
	if err != nil {
		return Page{}, asCursor(err, q.Cursor)
	}
	if wrong, err := lookup(a.body, "error"); err != nil || wrong != "" {
		return Page{}, slackError(wrong, err)
	}
	p := Page{Now: a.now}
	if p.Events, err = cut(a.body, "entries"); err != nil {
		return Page{}, err
	}
	p.Next, err = lookup(a.body, "response_metadata", "next_cursor")
	return p, err
}

// slackError reads an error that came with an answer 200.
func slackError(code string, err error) error {
	switch code {
	case "":
		return err
	case "invalid_cursor":
		return fmt.Errorf("%w: %s", ErrCursor, code)
	case "ratelimited", "rate_limited":
		return fmt.Errorf("%w: %s", ErrThrottled, code)
	case "invalid_auth", "not_authed", "missing_scope", "account_inactive", "token_revoked", "token_expired", "feature_not_enabled", "not_allowed_token_type", "team_not_authorized", "user_not_authorized":
		return fmt.Errorf("%w: %s", ErrRefused, code)
	}
	return fmt.Errorf("the service answers %s", clip(code))
}
