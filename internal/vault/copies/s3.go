package copies

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Options names a bucket with Object Lock.
type S3Options struct {
	To            string // s3://bucket or s3://bucket/prefix
	Endpoint      string // https://host[:port]; http:// only to this machine
	Region        string // default us-east-1
	AccessKeyFile string
	SecretKeyFile string
	CAFile        string // PEM; default: the machine's own authorities
	// Retention is for objects that say no Until. Default 400 days.
	Retention time.Duration
}

// DefaultRetention is how long an object must stay when nothing else is said.
const DefaultRetention = 400 * 24 * time.Hour

// sumKey is the metadata name of an object's SHA-256, hexadecimal.
const sumKey = "Konseki-Sha256"

// Bucket is a bucket with S3 Object Lock. Every object is put in compliance
// mode, so that not even the bucket's owner can remove it before its time.
type Bucket struct {
	client    *minio.Client
	name      string
	prefix    string
	retention time.Duration
	names     names
	plain     atomic.Bool // the server does not know If-None-Match

	mu       sync.Mutex
	versions map[string]string // first version of a name, as listed
}

// OpenS3 prepares a client; it does not connect.
func OpenS3(o S3Options) (*Bucket, error) {
	b, err := openS3(o)
	if err != nil {
		return nil, fmt.Errorf("copies: %s: %w", clip(o.To), err)
	}
	return b, nil
}

func openS3(o S3Options) (*Bucket, error) {
	to, err := url.Parse(o.To)
	if err != nil || to.Scheme != "s3" || to.Host == "" || to.User != nil || to.RawQuery != "" {
		return nil, errors.New("write the place as s3://bucket/prefix")
	}
	end, err := url.Parse(o.Endpoint)
	if err != nil || end.Host == "" || end.Scheme != "https" && end.Scheme != "http" || strings.Trim(end.Path, "/") != "" {
		return nil, fmt.Errorf("endpoint %q: write it as https://host:port", clip(o.Endpoint))
	}
	if ip := net.ParseIP(end.Hostname()); end.Scheme == "http" && end.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("endpoint %q: evidence and keys would cross the network in the clear: use https://", clip(o.Endpoint))
	}
	access, err := secretFile("access_key_file", o.AccessKeyFile)
	if err != nil {
		return nil, err
	}
	secret, err := secretFile("secret_key_file", o.SecretKeyFile)
	if err != nil {
		return nil, err
	}
	pool, err := authorities(o.CAFile)
	if err != nil {
		return nil, err
	}
	transport, err := minio.DefaultTransport(end.Scheme == "https")
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	transport.ResponseHeaderTimeout = answerWait
	transport.ExpectContinueTimeout = 2 * time.Second
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	client, err := minio.New(end.Host, &minio.Options{
		Creds: credentials.NewStaticV4(access, secret, ""), Secure: end.Scheme == "https", Transport: askFirst{transport},
		Region: o.Region, TrailingHeaders: true, // else the client refuses a checksum that is known already
		MaxRetries: 1, // the shipper itself waits and tries again
	})
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(to.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	if o.Retention <= 0 {
		o.Retention = DefaultRetention
	}
	return &Bucket{client: client, name: to.Host, prefix: prefix, retention: o.Retention, names: newNames(), versions: map[string]string{}}, nil
}

// askFirst sends a large body only once the server is ready for it, so that a
// name that is taken is answered and does not break the connection.
type askFirst struct{ http.RoundTripper }

func (a askFirst) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodPut && req.ContentLength > 256<<10 {
		req = req.Clone(req.Context())
		req.Header.Set("Expect", "100-continue")
	}
	return a.RoundTripper.RoundTrip(req)
}

// secretFile reads a secret of one line.
func secretFile(setting, path string) (string, error) {
	if path == "" {
		return "", fmt.Errorf("%s is missing: secrets are given by file", setting)
	}
	b, err := readFile(path, 64<<10)
	if err != nil {
		return "", fmt.Errorf("%s: %w", setting, err)
	}
	text := strings.TrimSpace(string(b))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return "", fmt.Errorf("%s: %s should hold one line", setting, path)
	}
	return text, nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return b, err
}

// authorities reads a PEM file of certificates; an empty name means the
// machine's own.
func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	b, err := readFile(path, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("ca_file: %s holds no PEM certificate", path)
	}
	return pool, nil
}

// String gives the bucket as a URL.
func (b *Bucket) String() string {
	return strings.TrimSuffix("s3://"+b.name+"/"+b.prefix, "/")
}

// Check asks whether the bucket is there and has Object Lock. Credentials that
// can only add may not ask; then the first Put tells.
func (b *Bucket) Check(ctx context.Context) error {
	enabled, _, _, _, err := b.client.GetObjectLockConfig(ctx, b.name)
	switch code := minio.ToErrorResponse(err).Code; {
	case err == nil && enabled == "Enabled", code == "AccessDenied", code == "MethodNotAllowed":
		return nil
	case err == nil, code == "ObjectLockConfigurationNotFoundError", code == "NoSuchObjectLockConfiguration":
		return fmt.Errorf("copies: %s: %w: it must be made with it, for example: aws s3api create-bucket --bucket %s --object-lock-enabled-for-bucket",
			b, ErrUnlocked, b.name)
	}
	return fmt.Errorf("copies: %s: check: %w", b, explain(err))
}

// Put adds the object under compliance-mode retention, only if the name is
// free.
func (b *Bucket) Put(ctx context.Context, o Object) error {
	if err := b.put(ctx, o); err != nil {
		return fmt.Errorf("copies: %s: put %s: %w", b, clip(o.Name), err)
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, o Object) error {
	if err := b.names.check(o.Name); err != nil {
		return err
	}
	err := b.send(ctx, o)
	switch resp := minio.ToErrorResponse(err); {
	case err == nil:
		return nil
	case resp.Code == "NotImplemented" && !b.plain.Load():
		// The server does not know conditions. Every content put under a name
		// is then a version of its own, and the first one counts.
		b.plain.Store(true)
		return b.put(ctx, o)
	case resp.StatusCode == http.StatusPreconditionFailed || resp.StatusCode == http.StatusConflict:
		return b.compare(ctx, o)
	case ctx.Err() == nil && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)):
		// Some servers refuse a body by hanging up in its middle.
		if other := b.compare(ctx, o); other == nil || errors.Is(other, ErrDiffers) {
			return other
		}
	}
	return explain(err)
}

func (b *Bucket) send(ctx context.Context, o Object) error {
	in, err := o.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	until := o.Until
	if until.IsZero() {
		until = time.Now().Add(b.retention)
	}
	opts := minio.PutObjectOptions{
		Mode: minio.Compliance, RetainUntilDate: until.UTC(), DisableMultipart: true,
		UserMetadata: map[string]string{
			"x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(o.SHA256[:]),
			sumKey:                  hex.EncodeToString(o.SHA256[:]),
		},
	}
	if !b.plain.Load() {
		opts.SetMatchETagExcept("*")
	}
	_, err = b.client.PutObject(ctx, b.name, b.prefix+o.Name, in, o.Size, opts)
	return err
}

// compare says whether a name that is taken holds the object's content.
func (b *Bucket) compare(ctx context.Context, o Object) error {
	info, err := b.client.StatObject(ctx, b.name, b.prefix+o.Name, minio.StatObjectOptions{})
	if err != nil {
		if code := minio.ToErrorResponse(err).StatusCode; code == http.StatusForbidden || code == http.StatusNotFound || code == http.StatusMethodNotAllowed {
			return ErrTaken
		}
		return explain(err)
	}
	if info.Size != o.Size || sumOf(info) != o.SHA256 {
		return ErrDiffers
	}
	return nil
}

func sumOf(info minio.ObjectInfo) (sum [32]byte) {
	for name, value := range info.UserMetadata {
		if b, err := hex.DecodeString(value); strings.EqualFold(name, sumKey) && err == nil && len(b) == len(sum) {
			copy(sum[:], b)
		}
	}
	return sum
}

// explain adds what to do to the commonest refusals.
func explain(err error) error {
	resp := minio.ToErrorResponse(err)
	switch resp.Code {
	case "AccessDenied":
		return fmt.Errorf("%w: %w: adding needs s3:PutObject and s3:PutObjectRetention, reading s3:GetObject, s3:GetObjectVersion, s3:ListBucket and s3:ListBucketVersions", ErrRefused, err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fmt.Errorf("%w: %w: look at access_key_file and secret_key_file", ErrRefused, err)
	case "NoSuchBucket":
		return fmt.Errorf("%w: %w: make the bucket with object lock first", ErrRefused, err)
	case "NoSuchKey", "NoSuchVersion":
		return ErrNotFound
	case "InvalidRequest":
		if strings.Contains(resp.Message, "Lock") {
			return fmt.Errorf("%w: %w", ErrUnlocked, err)
		}
	}
	if resp.StatusCode == http.StatusInsufficientStorage {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// List gives the first version of every object: what came later, also a mark
// of deletion, does not hide what was put first.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var first minio.ObjectInfo // oldest version seen of the present key
		give := func() bool {
			if first.Key == "" {
				return true
			}
			name := strings.TrimPrefix(first.Key, b.prefix)
			b.mu.Lock()
			b.versions[name] = first.VersionID
			b.mu.Unlock()
			return yield(Info{Name: name, Size: first.Size, Time: first.LastModified}, nil)
		}
		opts := minio.ListObjectsOptions{Prefix: b.prefix + prefix, Recursive: true, WithVersions: true}
		for o := range b.client.ListObjectsIter(ctx, b.name, opts) {
			if o.Err != nil {
				yield(Info{}, fmt.Errorf("copies: %s: list %q: %w", b, clip(prefix), explain(o.Err)))
				return
			}
			name, ours := strings.CutPrefix(o.Key, b.prefix)
			if o.IsDeleteMarker || !ours || b.names.check(name) != nil {
				continue
			}
			if o.Key != first.Key {
				if !give() {
					return
				}
				first = o
			} else if !o.LastModified.After(first.LastModified) {
				first = o // newest first within a key
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(Info{}, fmt.Errorf("copies: %s: list %q: %w", b, clip(prefix), err))
			return
		}
		give()
	}
}

// Get opens the first version of an object.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("copies: %s: get %s: %w", b, clip(name), err)
	}
	return r, nil
}

func (b *Bucket) get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := b.names.check(name); err != nil {
		return nil, err
	}
	version, err := b.firstVersion(ctx, name)
	if err != nil {
		return nil, err
	}
	core := minio.Core{Client: b.client}
	body, info, _, err := core.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{VersionID: version})
	if err != nil {
		return nil, explain(err)
	}
	return struct {
		io.Reader
		io.Closer
	}{newChecked(ctx, body, info.Size, sumOf(info)), body}, nil
}

func (b *Bucket) firstVersion(ctx context.Context, name string) (string, error) {
	b.mu.Lock()
	version, ok := b.versions[name]
	b.mu.Unlock()
	if ok {
		return version, nil
	}
	for info, err := range b.List(ctx, name) {
		if err != nil {
			return "", err
		}
		if info.Name == name {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.versions[name], nil
		}
	}
	return "", ErrNotFound
}
