package pull

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"time"
)

// workspace reads activities of Google Workspace: Admin SDK Reports API,
// activities.list for all users of one application, newest first. It signs in
// as a service account that acts for an administrator.
type workspace struct {
	*web
	application string
}

const auditScope = "https://www.googleapis.com/auth/admin.reports.audit.readonly"

func openWorkspace(s Settings) (Service, error) {
	w, err := newWeb(cmp.Or(s.URL, "https://admin.googleapis.com"), s.CAFile, s.Transport)
	if err != nil {
		return nil, err
	}
	if s.Subject == "" {
		return nil, fmt.Errorf("%w: subject is missing: the address of the administrator for whom the service account acts", ErrSetting)
	}
	if _, _, err := readAccount(s.KeyFile); err != nil {
		return nil, err
	}
	g := &grant{web: w, now: s.Now}
	g.form = func(now time.Time) (url.Values, error) {
		a, key, err := readAccount(s.KeyFile)
		if err != nil {
			return nil, err
		}
		if _, err := address(a.TokenURI); err != nil {
			return nil, err
		}
		g.at = a.TokenURI
		text, err := assertion(a, key, s.Subject, auditScope, now)
		return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text}}, err
	}
	w.sign = g.sign
	return workspace{w, s.Stream}, nil
}

// Traits: activities are kept for 180 days. Most can be had within minutes, but
// some applications take hours.
func (w workspace) Traits() Traits {
	t := Traits{Keeps: 180 * day, Lag: 4 * time.Hour, Reread: 8 * time.Hour, Every: 10 * time.Minute}
	if w.application == "admin" {
		t.Lag, t.Reread = time.Hour, 4*time.Hour
	}
	return t
}

// ID is what tells an activity from all others: its time, application and
// qualifier.
func (workspace) ID(raw []byte) string {
	unique := textOf(raw, "id", "uniqueQualifier")
	if unique == "" {
		return ""
	}
	return textOf(raw, "id", "time") + " " + textOf(raw, "id", "applicationName") + " " + unique
}

// Page asks for at most 1,000 activities.
func (w workspace) Page(ctx context.Context, q Query) (Page, error) {
	v := url.Values{
		"startTime": {q.From.UTC().Truncate(time.Second).Format(time.RFC3339)}, "endTime": {q.To.UTC().Format(time.RFC3339)},
		"maxResults": {"1000"},
	}
	if q.Cursor != "" {
		v.Set("pageToken", q.Cursor)
	}
	a, err := w.get(ctx, w.at("/admin/reports/v1/activity/users/all/applications/"+w.application, v))
	if err != nil {
		return Page{}, asCursor(err, q.Cursor)
	}
	p := Page{Now: a.now}
	if p.Events, err = cut(a.body, "items"); err != nil {
		return Page{}, err
	}
	p.Next, err = lookup(a.body, "nextPageToken")
	return p, err
}
