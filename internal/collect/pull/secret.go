package pull

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/durable"
)

// secret reads a file that holds a secret. It must be readable by its owner
// only. It is read each time it is needed, so that it can be replaced while
// konseki runs.
func secret(setting, path string) ([]byte, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: %s is missing: secrets are given by file", ErrSetting, setting)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSetting, setting, err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s: %s can be read by others (mode %04o): run chmod 600 %s, and replace the secret if it may have been copied", ErrSetting, setting, path, mode, path)
	}
	b, err := durable.Read(path, 64<<10)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSetting, setting, err)
	}
	return b, nil
}

// secretLine reads a secret of one line.
func secretLine(setting, path string) (string, error) {
	b, err := secret(setting, path)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(b))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%w: %s: %s should hold one line", ErrSetting, setting, path)
	}
	return text, nil
}

// bearerFile signs requests with the token in a file: "Bearer", or Okta's "SSWS".
func bearerFile(scheme, path string) func(context.Context, *http.Request, bool) error {
	return func(_ context.Context, req *http.Request, _ bool) error {
		token, err := secretLine("token_file", path)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", scheme+" "+token)
		return nil
	}
}

// grant holds an access token (RFC 6749 §5.1) and asks for the next one when it
// has run out.
type grant struct {
	web     *web
	at      string                                  // token endpoint
	form    func(now time.Time) (url.Values, error) // what to send there
	now     func() time.Time
	token   string
	expires time.Time
}

func (g *grant) sign(ctx context.Context, req *http.Request, fresh bool) error {
	if fresh || g.token == "" || !g.now().Before(g.expires) {
		if err := g.renew(ctx); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	return nil
}

func (g *grant) renew(ctx context.Context) error {
	now := g.now()
	form, err := g.form(now)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.at, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := g.web.do(req)
	if r, ok := errors.AsType[*refusal](err); ok && r.status == http.StatusBadRequest {
		r.kind = ErrRefused // RFC 6749 §5.2
	}
	if err != nil {
		return fmt.Errorf("access token: %w", err)
	}
	var got struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := decode(a.body, &got); err != nil {
		return fmt.Errorf("access token: %w", err)
	}
	if got.Token == "" || strings.ContainsAny(got.Token, "\r\n") {
		return fmt.Errorf("access token: %w: it holds none", ErrPage)
	}
	life := time.Duration(min(max(got.Seconds, 120), 24*3600)) * time.Second
	g.token, g.expires = got.Token, now.Add(life-time.Minute)
	return nil
}

// account is the key file of a Google service account.
type account struct {
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`
}

// readAccount reads a key file and its RSA key.
func readAccount(path string) (account, *rsa.PrivateKey, error) {
	b, err := secret("key_file", path)
	if err != nil {
		return account{}, nil, err
	}
	var a account
	if err := decode(b, &a); err != nil {
		return account{}, nil, fmt.Errorf("%w: key_file: %s is not the JSON key of a service account: %w", ErrSetting, path, err)
	}
	block, _ := pem.Decode([]byte(a.Key))
	if block == nil || a.Email == "" || a.TokenURI == "" {
		return account{}, nil, fmt.Errorf("%w: key_file: %s lacks client_email, private_key or token_uri", ErrSetting, path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return account{}, nil, fmt.Errorf("%w: key_file: %w", ErrSetting, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return account{}, nil, fmt.Errorf("%w: key_file: the key is not RSA", ErrSetting)
	}
	return a, key, nil
}

// assertion makes the signed claim (RFC 7523) that a service account acts for
// subject: a JWT with RS256.
func assertion(a account, key *rsa.PrivateKey, subject, scope string, now time.Time) (string, error) {
	head := map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.KeyID}
	claim := map[string]any{"iss": a.Email, "sub": subject, "scope": scope, "aud": a.TokenURI, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	var parts []string
	for _, v := range []any{head, claim} {
		b, err := json.Marshal(v, json.Deterministic(true))
		if err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(b))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
