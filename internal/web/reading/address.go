package reading

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// Address is where a view stands: its path and the query that holds its whole
// state. Links are made from it, so that they keep the rest of the view.
type Address struct {
	path   string
	values url.Values
}

// AddressOf takes over the values of a request; what belongs to one answer
// only, such as the fragment, is left out of links.
func AddressOf(path string, values url.Values) Address {
	kept := make(url.Values, len(values))
	for key, list := range values {
		if key != "fragment" && key != "lang" && key != "tz" && key != "done" {
			kept[key] = slices.Clone(list)
		}
	}
	return Address{path, kept}
}

// Path is where the view stands, without its values.
func (a Address) Path() string { return a.path }

// Get returns the first value of key, "" where there is none.
func (a Address) Get(key string) string { return a.values.Get(key) }

// All returns the values of key.
func (a Address) All(key string) []string { return a.values[key] }

// Has reports whether key is there, be it empty.
func (a Address) Has(key string) bool { return a.values.Has(key) }

// Moved gives the same state at another path.
func (a Address) Moved(path string) Address { return Address{path, a.values} }

// String is the address as a link.
func (a Address) String() string { return a.Without() }

// With gives a link to the same view with key set to value.
func (a Address) With(key, value string) string {
	return a.UpTo(key) + key + "=" + url.QueryEscape(value)
}

// UpTo gives the link without keys, ready for one more key=value.
func (a Address) UpTo(keys ...string) string {
	s := a.Without(keys...)
	if strings.Contains(s, "?") {
		return s + "&"
	}
	return s + "?"
}

// Without gives a link to the same view without keys.
func (a Address) Without(keys ...string) string {
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

// Change gives the same view with pairs of key and value set; an empty value
// takes the key away.
func (a Address) Change(pairs ...string) Address {
	next := Address{a.path, make(url.Values, len(a.values)+len(pairs)/2)}
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

// Window is a stretch of time as asked for; zero means open.
type Window struct{ From, To time.Time }

// ErrBackwards is a window that does not begin before it ends.
var ErrBackwards = errors.New("the window ends before it begins")

// Window reads from and to; the zone is for times that state none. The error
// is the Input that is no time, or ErrBackwards.
func (a Address) Window(zone *time.Location) (Window, error) {
	var w Window
	for _, end := range []struct {
		key string
		at  *time.Time
	}{{"from", &w.From}, {"to", &w.To}} {
		text := a.Get(end.key)
		if strings.TrimSpace(text) == "" {
			continue
		}
		t, ok := ParseTime(text, zone)
		if !ok {
			return Window{}, Input(text)
		}
		*end.at = t
	}
	if !w.From.IsZero() && !w.To.IsZero() && !w.To.After(w.From) {
		return Window{}, ErrBackwards
	}
	return w, nil
}

// Input is what a person wrote, as an error that quotes it.
type Input string

// Error shows the input.
func (i Input) Error() string { return string(i) }

// timeLayouts lists the ways a time may be written, with the zone or without.
func timeLayouts() []string {
	return []string{
		time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00",
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04",
		"2006-01-02", "2006-01",
	}
}

// ParseTime reads a time as people write it, also in full-width digits and
// with slashes; the zone is for one that states none.
func ParseTime(text string, zone *time.Location) (time.Time, bool) {
	if len(text) > 100 {
		return time.Time{}, false
	}
	text = strings.TrimSpace(width.Fold.String(text))
	text = strings.ReplaceAll(text, "/", "-")
	for _, layout := range timeLayouts() {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			year := t.UTC().Year() // in UTC, as Instant writes it; the first year holds the zero time
			return t, year > 1 && year < 10000
		}
	}
	return time.Time{}, false
}

// Instant writes a time for a URL: UTC, so that no plus sign needs escaping.
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// LocalPath returns path when it leads to this server, else "/": what comes
// from a form or a URL must not send people elsewhere.
func LocalPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || u.Path == "/signin" {
		return "/"
	}
	return u.RequestURI()
}
