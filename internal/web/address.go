package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// address is where a view stands: its path and the query that holds its whole
// state. Links are made from it, so that they keep the rest of the view.
type address struct {
	path   string
	values url.Values
}

// addressOf takes over the values of a request; what belongs to one answer
// only, such as the fragment, is left out of links.
func addressOf(path string, values url.Values) address {
	kept := make(url.Values, len(values))
	for key, list := range values {
		if key != "fragment" && key != "lang" && key != "tz" && key != "done" {
			kept[key] = slices.Clone(list)
		}
	}
	return address{path, kept}
}

// String is the address as a link.
func (a address) String() string { return a.without() }

// with gives a link to the same view with key set to value.
func (a address) with(key, value string) string {
	return a.upTo(key) + key + "=" + url.QueryEscape(value)
}

// upTo gives the link without keys, ready for one more key=value.
func (a address) upTo(keys ...string) string {
	s := a.without(keys...)
	if strings.Contains(s, "?") {
		return s + "&"
	}
	return s + "?"
}

// without gives a link to the same view without keys.
func (a address) without(keys ...string) string {
	rest := make(url.Values, len(a.values))
	for key, list := range a.values {
		if !slices.Contains(keys, key) {
			rest[key] = list
		}
	}
	if len(rest) == 0 {
		return a.path
	}
	return a.path + "?" + rest.Encode()
}

// change gives the same view with pairs of key and value set; an empty value
// takes the key away.
func (a address) change(pairs ...string) address {
	next := address{a.path, make(url.Values, len(a.values)+len(pairs)/2)}
	for key, list := range a.values {
		next.values[key] = list
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			delete(next.values, pairs[i])
		} else {
			next.values[pairs[i]] = []string{pairs[i+1]}
		}
	}
	return next
}

// window is a stretch of time as asked for; zero means open.
type window struct{ from, to time.Time }

// window reads from and to; the zone is for times that state none.
func (v *visit) window() (window, error) {
	var w window
	for _, end := range []struct {
		key string
		at  *time.Time
	}{{"from", &w.from}, {"to", &w.to}} {
		text := v.at.values.Get(end.key)
		if strings.TrimSpace(text) == "" {
			continue
		}
		t, ok := parseTime(text, v.zone)
		if !ok {
			return window{}, problem{400, "error.time", quotedInput(text)}
		}
		*end.at = t
	}
	if !w.from.IsZero() && !w.to.IsZero() && !w.to.After(w.from) {
		return window{}, problem{400, "error.window", nil}
	}
	return w, nil
}

// quotedInput is the text a person wrote, as the detail of a problem.
type quotedInput string

// Error shows the input.
func (q quotedInput) Error() string { return string(q) }

// timeLayouts lists the ways a time may be written, with the zone or without.
func timeLayouts() []string {
	return []string{
		time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04",
		"2006-01-02", "2006-01",
	}
}

// parseTime reads a time as people write it, also in full-width digits and
// with slashes.
func parseTime(text string, zone *time.Location) (time.Time, bool) {
	if len(text) > 100 {
		return time.Time{}, false
	}
	text = strings.TrimSpace(width.Fold.String(text))
	text = strings.ReplaceAll(text, "/", "-")
	for _, layout := range timeLayouts() {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, t.Year() > 0 && t.Year() < 10000
		}
	}
	return time.Time{}, false
}

// instant writes a time for a URL: UTC, so that no plus sign needs escaping.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// localPath returns path when it leads to this server, else "/": what comes
// from a form or a URL must not send people elsewhere.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || u.Path == "/signin" {
		return "/"
	}
	return u.RequestURI()
}
