package pull

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
)

// oktaOf opens an Okta stream that a handler answers.
func oktaOf(t testing.TB, h http.HandlerFunc) Service {
	t.Helper()
	set := settings(t, Okta)
	set.Transport = inMemory{h}
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

func TestWaitsAreReadByTheServicesClock(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", "Sun, 01 Mar 2026 09:01:00 GMT", time.Minute},
		{"Retry-After", "Sun, 01 Mar 2026 08:00:00 GMT", 0},
		{"Retry-After", "-5", 0},
		{"Retry-After", "99999999999999", longestWait},
		{"Retry-After", "soon", 0},
		{"X-Rate-Limit-Reset", "1772355630", 30 * time.Second},
		{"X-Rate-Limit-Reset", "9999999999999999", longestWait},
	} {
		if got := waitOf(http.Header{c.name: {c.value}}, now); got != c.want {
			t.Errorf("%s: %s gives %s, want %s", c.name, c.value, got, c.want)
		}
	}
}

func TestRunWaitsAsLongAsTheServiceAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Time
		set := settings(t, Okta)
		set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, time.Now())
			w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
			switch len(asked) {
			case 1:
				w.Header().Set("Retry-After", "600")
				w.WriteHeader(http.StatusTooManyRequests)
			case 2, 3, 4:
				w.WriteHeader(http.StatusBadGateway)
			default:
				_, _ = io.WriteString(w, "[]")
			}
		})}
		r := newRig(t, Okta, set, t.TempDir())
		r.config.Since = time.Hour
		svc, err := Open(set)
		if err != nil {
			t.Fatal(err)
		}
		r.config.Service = svc
		p, err := New([]Config{r.config}, Options{Dir: t.TempDir(), To: r.vault, Attest: r.streams[0].attest, Logger: r.logger})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := p.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		for i, least := range []time.Duration{600 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute} {
			if d := asked[i+1].Sub(asked[i]); d < least/2 || i == 0 && d < least || d > least*5/4+2*time.Second {
				t.Errorf("wait %d was %s, want about %s", i+1, d, least)
			}
		}
		if st := p.Status()[0]; st.Failures != 0 || st.Error != "" || st.LastSuccess.IsZero() || st.Next.IsZero() {
			t.Errorf("status is %+v", st)
		}
	})
}

func TestOnceIsPatientForALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		set := settings(t, Okta)
		set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; n < 3 {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			_, _ = io.WriteString(w, "[]")
		})}
		r := newRig(t, Okta, set, t.TempDir())
		svc, err := Open(set)
		if err != nil {
			t.Fatal(err)
		}
		r.streams[0].Service = svc
		got, err := r.Once(t.Context(), []string{"saas"}, nil)
		if err != nil || got[0].Err != nil || n != 3 {
			t.Errorf("%+v, %v after %d requests", got, err, n)
		}
	})
}

func TestCredentialsGoNowhereElse(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example.com/", http.StatusFound)
		},
		"next page": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<https://evil.example.com/api/v1/logs?after=x>; rel="next"`)
			_, _ = io.WriteString(w, "[{}]")
		},
		"next page in the clear": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<http://example.okta.com/api/v1/logs?after=x>; rel="next"`)
			_, _ = io.WriteString(w, "[{}]")
		},
	} {
		svc := oktaOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Host != "example.okta.com" && r.Host != "example.okta.com" {
				t.Errorf("%s: %s was asked", name, r.Host)
			}
			answer(w, r)
		})
		if _, err := svc.Page(t.Context(), Query{From: time.Now(), To: time.Now()}); err == nil {
			t.Errorf("%s: it is followed", name)
		}
	}
	set := settings(t, Microsoft)
	set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "token"):
			_, _ = io.WriteString(w, `{"access_token":"x","expires_in":3600}`)
		case strings.HasSuffix(r.URL.Path, "start"):
			_, _ = io.WriteString(w, `{}`)
		default:
			_, _ = io.WriteString(w, `[{"contentUri":"https://evil.example.com/blob"}]`)
		}
	})}
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Page(t.Context(), Query{From: time.Now(), To: time.Now()}); !errors.Is(err, ErrPage) {
		t.Errorf("a blob elsewhere gives %v", err)
	}
}

func TestErrorsSayWhoseTurnItIs(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		cursor string
		want   error
	}{
		{401, "no", "", ErrRefused},
		{403, "no", "", ErrRefused},
		{403, `{"error":{"errors":[{"reason":"rateLimitExceeded"}]}}`, "", ErrThrottled},
		{429, "", "", ErrThrottled},
		{503, "", "", ErrThrottled},
		{400, "bad after", "x", ErrCursor},
		{410, "gone", "x", ErrCursor},
	} {
		svc := oktaOf(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, c.body, c.status) })
		_, err := svc.Page(t.Context(), Query{Cursor: c.cursor})
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), "SSWS") {
			t.Errorf("%d gives %v, want %v", c.status, err, c.want)
		}
	}
	for body, want := range map[string]error{
		`{"ok":false,"error":"invalid_cursor"}`: ErrCursor, `{"ok":false,"error":"ratelimited"}`: ErrThrottled, `{"ok":false,"error":"missing_scope"}`: ErrRefused,
		`{"entries":[`: ErrPage,
	} {
		set := settings(t, Slack)
		set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, body) })}
		svc, err := Open(set)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := svc.Page(t.Context(), Query{}); !errors.Is(err, want) {
			t.Errorf("%s gives %v", body, err)
		}
	}
}

func TestPagesThatDoNotEndAreAnError(t *testing.T) {
	set := settings(t, Slack)
	set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"entries":[],"response_metadata":{"next_cursor":"same"}}`)
	})}
	r := newRig(t, Slack, set, t.TempDir())
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	r.streams[0].Service = svc
	if err := r.round(); !errors.Is(err, ErrPage) || len(r.sealed) != 0 {
		t.Errorf("gives %v and %v", err, r.sealed)
	}
}

func TestServiceAccountSignsForItsAdministrator(t *testing.T) {
	set := settings(t, Workspace)
	account, key, err := readAccount(set.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	tokens := 0
	set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			if r.Header.Get("Authorization") != "Bearer t2" { // the first one was revoked
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = io.WriteString(w, `{"kind":"admin#reports#activities"}`)
			return
		}
		tokens++
		form := formOf(t, r)
		head, claims, sig := split(t, form.Get("assertion"))
		sum := sha256.Sum256([]byte(form.Get("assertion")[:strings.LastIndexByte(form.Get("assertion"), '.')]))
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], sig); err != nil || head["alg"] != "RS256" || head["kid"] != account.KeyID {
			t.Errorf("%v signed: %v", head, err)
		}
		if claims["iss"] != account.Email || claims["sub"] != "admin@example.com" || claims["scope"] != auditScope || claims["aud"] != account.TokenURI {
			t.Errorf("claims are %v", claims)
		}
		_, _ = io.WriteString(w, `{"access_token":"t`+string(rune('0'+tokens))+`","expires_in":3599}`)
	})}
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := svc.Page(t.Context(), Query{From: time.Now(), To: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if tokens != 2 {
		t.Errorf("%d tokens were asked for", tokens)
	}
}

func formOf(t testing.TB, r *http.Request) url.Values {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	v, err := url.ParseQuery(string(b))
	if err != nil || v.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Errorf("form is %s, %v", b, err)
	}
	return v
}

func split(t testing.TB, jwt string) (head, claims map[string]any, sig []byte) {
	t.Helper()
	parts := strings.Split(jwt, ".")
	for i, to := range []*map[string]any{&head, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(b, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	return head, claims, sig
}

func TestContentThatExpiredIsMissing(t *testing.T) {
	r := newRig(t, Microsoft, settings(t, Microsoft), t.TempDir())
	r.clock = r.clock.Add(time.Second)
	r.add(0)
	set := r.set
	set.Now = r.now
	whole := r.provider.handler(Microsoft)
	set.Transport = inMemory{http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.Contains(q.URL.Path, "/audit/") {
			http.Error(w, `{"error":{"code":"AF20051"}}`, http.StatusBadRequest)
			return
		}
		whole.ServeHTTP(w, q)
	})}
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	r.streams[0].Service = svc
	r.clock = r.clock.Add(time.Minute)
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	if len(r.sealed) == 0 || r.sealed[0].Missing != -1 || r.sealed[0].Reason.JA == "" {
		t.Errorf("attested %+v", r.sealed)
	}
}

// TestOverARealConnection reads pages over TLS, one of them cut off by the network.
func TestOverARealConnection(t *testing.T) {
	r := newRig(t, Slack, settings(t, Slack), t.TempDir())
	for range 7 {
		r.clock = r.clock.Add(time.Second)
		r.add(0)
	}
	r.clock = r.clock.Add(time.Minute)
	whole, n := r.provider.handler(Slack), 0
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if n++; n == 2 {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"entries":[`)
			return
		}
		whole.ServeHTTP(w, q)
	}))
	defer srv.Close()
	set := r.set
	set.URL, set.Transport = srv.URL, srv.Client().Transport
	svc, err := Open(set)
	if err != nil {
		t.Fatal(err)
	}
	r.streams[0].Service = svc
	if err := r.round(); !errors.Is(err, ErrPage) || len(r.vault.recs) != 3 {
		t.Errorf("a page that is cut off gives %v, %d records", err, len(r.vault.recs))
	}
	if err := r.round(); err != nil {
		t.Fatal(err)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
}
