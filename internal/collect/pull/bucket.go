package pull

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/konseki/konseki/internal/durable"
)

// errNoObject says that a bucket has no object under a name.
var errNoObject = errors.New("the bucket has no such object")

// object is one entry of a list.
type object struct {
	key      string
	etag     string
	modified time.Time
}

// bucket is what is read of S3.
type bucket interface {
	// list gives the objects under a prefix whose names come after one, in order.
	list(ctx context.Context, prefix, after string) iter.Seq2[object, error]
	// get gives an object and one value of its metadata; errNoObject where there is none.
	get(ctx context.Context, key, meta string) (body []byte, value string, err error)
}

// s3 reads a bucket with credentials that need no right but to list and read.
type s3 struct {
	client *minio.Client
	name   string
}

// openS3 prepares a client and gives the prefix that the place names.
func openS3(s Settings) (b bucket, name, prefix string, err error) {
	to, err := url.Parse(s.Bucket)
	if err != nil || to.Scheme != "s3" || to.Host == "" || to.User != nil || to.RawQuery != "" {
		return nil, "", "", fmt.Errorf("%w: bucket: %q: write it as s3://bucket or s3://bucket/prefix", ErrSetting, s.Bucket)
	}
	end, err := address(s.URL)
	if err != nil {
		return nil, "", "", err
	}
	access, err := secretLine("access_key_file", s.AccessKeyFile)
	if err != nil {
		return nil, "", "", err
	}
	hidden, err := secretLine("secret_key_file", s.SecretKeyFile)
	if err != nil {
		return nil, "", "", err
	}
	transport := s.Transport
	if transport == nil {
		t, err := overTLS(s.CAFile)
		if err != nil {
			return nil, "", "", err
		}
		t.DisableCompression = true // what is stored packed is read as it is stored
		transport = t
	}
	client, err := minio.New(end.Host, &minio.Options{
		Creds: credentials.NewStaticV4(access, hidden, ""), Secure: end.Scheme == "https", Transport: transport,
		Region: s.BucketRegion, MaxRetries: 1, // the puller itself waits and tries again
	})
	if err != nil {
		return nil, "", "", fmt.Errorf("%w: url: %w", ErrSetting, err)
	}
	if prefix = strings.Trim(to.Path, "/"); prefix != "" {
		prefix += "/"
	}
	return &s3{client, to.Host}, to.Host, prefix, nil
}

func (b *s3) list(ctx context.Context, prefix, after string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: prefix, StartAfter: after, Recursive: true}) {
			if !yield(object{o.Key, o.ETag, o.LastModified}, b.plain(o.Err)) || o.Err != nil {
				return
			}
		}
	}
}

func (b *s3) get(ctx context.Context, key, meta string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	o, err := b.client.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, "", b.plain(err)
	}
	defer func() { _ = o.Close() }()
	info, err := o.Stat()
	if err != nil {
		return nil, "", b.plain(err)
	}
	body, err := durable.ReadAll(o, maxBody, key)
	if err != nil {
		return nil, "", b.plain(err)
	}
	for name, v := range info.UserMetadata {
		if strings.EqualFold(name, meta) {
			return body, v, nil
		}
	}
	return body, "", nil
}

// plain tells what the caller decides on by the errors of this package.
func (b *s3) plain(err error) error {
	if err == nil {
		return nil
	}
	switch e := minio.ToErrorResponse(err); {
	case e.Code == minio.NoSuchKey:
		return errNoObject
	case e.Code == minio.AccessDenied || e.Code == "InvalidAccessKeyId" || e.Code == "SignatureDoesNotMatch":
		return fmt.Errorf("%w: %s: %w", ErrRefused, b.name, err)
	case e.Code == "SlowDown" || e.StatusCode == 429 || e.StatusCode == 503:
		return fmt.Errorf("%w: %s: %w", ErrThrottled, b.name, err)
	}
	return fmt.Errorf("bucket %s: %w", b.name, err)
}
