package pull

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
)

// cloudTrail reads the log files that AWS CloudTrail delivers into a bucket,
// for one account and region, and then the digests that sign them.
type cloudTrail struct {
	bucket
	name    string // of the bucket
	logs    string // prefix of log files, up to the year
	digests string // prefix of digest files, up to the year
	trail   string // what the name of a digest file of the trail holds; "" for any
	keys    string // file of public keys; "" to leave digests alone
}

const (
	maxUnpacked = 256 << 20
	// delivery is how long after an event its log file is in the bucket.
	delivery = 20 * time.Minute
	maxFiles = 50_000 // log files remembered
)

func openCloudTrail(s Settings) (Service, error) {
	s.URL, s.BucketRegion = cmp.Or(s.URL, "https://s3."+cmp.Or(s.BucketRegion, "us-east-1")+".amazonaws.com"), cmp.Or(s.BucketRegion, "us-east-1")
	b, name, prefix, err := openS3(s)
	if err != nil {
		return nil, err
	}
	return newCloudTrail(b, name, prefix, s)
}

func newCloudTrail(b bucket, name, prefix string, s Settings) (Service, error) {
	if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(s.Account) || !regexp.MustCompile(`^[a-z0-9-]{1,40}$`).MatchString(s.Stream) {
		return nil, fmt.Errorf("%w: account is a number of 12 digits and each stream a region such as ap-northeast-1: %q, %q", ErrSetting, s.Account, s.Stream)
	}
	c := &cloudTrail{bucket: b, name: name, keys: s.PublicKeysFile}
	c.logs = prefix + "AWSLogs/" + s.Account + "/CloudTrail/" + s.Stream + "/"
	c.digests = prefix + "AWSLogs/" + s.Account + "/CloudTrail-Digest/" + s.Stream + "/"
	if s.Trail != "" {
		c.trail = "_CloudTrail-Digest_" + s.Stream + "_" + s.Trail + "_"
	}
	if c.keys != "" {
		if _, err := publicKeys(c.keys); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Traits: log files stay as long as the bucket keeps them; they are delivered
// within 15 minutes as a rule, digests every hour.
func (*cloudTrail) Traits() Traits {
	return Traits{Lag: delivery, Reread: 2 * time.Hour, Every: 5 * time.Minute}
}

// ID is the event's eventID.
func (*cloudTrail) ID(raw []byte) string { return textOf(raw, "eventID") }

// trailMemory is what is kept of log files until a digest has named them.
type trailMemory struct {
	Files map[string]logFile `json:"files,omitempty"`
	Chain *link              `json:"chain,omitempty"` // the digest looked at last
	Since time.Time          `json:"since,omitzero"`  // from when on the digests are whole
}

// logFile is a log file as it was read.
type logFile struct {
	SHA256   string    `json:"sha256,omitempty"` // of its content unpacked, hexadecimal; "" when it could not be read
	ETag     string    `json:"etag,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
	Events   int64     `json:"events,omitzero"`
	Named    bool      `json:"named,omitzero"`   // by a digest, or reported that it was not
	Altered  bool      `json:"altered,omitzero"` // reported that it changed
	Again    bool      `json:"again,omitzero"`   // read a second time
}

// trailCursor is where in the two folders the pages are.
type trailCursor struct {
	Digests bool   `json:"digests,omitzero"`
	After   string `json:"after,omitempty"`
	N       int    `json:"n"`
}

func (c trailCursor) text() string {
	b, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(b)
}

// Page gives the events of one log file, or the proof of one digest.
func (c *cloudTrail) Page(ctx context.Context, q Query) (Page, error) {
	var at trailCursor
	if q.Cursor != "" {
		if err := decode([]byte(q.Cursor), &at); err != nil {
			return Page{}, fmt.Errorf("%w: %w", ErrCursor, err)
		}
	}
	at.N++
	mem := &trailMemory{}
	if len(q.Memory) > 0 {
		if err := json.Unmarshal(q.Memory, mem); err != nil {
			return Page{}, fmt.Errorf("what is remembered of log files: %w", err)
		}
	}
	if mem.Files == nil {
		mem.Files = map[string]logFile{}
	}
	p, err := c.page(ctx, q, &at, mem)
	if err != nil {
		return Page{}, err
	}
	if p.Memory, err = json.Marshal(mem, json.Deterministic(true)); err != nil {
		return Page{}, err
	}
	return p, nil
}

func (c *cloudTrail) page(ctx context.Context, q Query, at *trailCursor, mem *trailMemory) (Page, error) {
	if !at.Digests {
		p, found, err := c.nextLog(ctx, q, at, mem)
		if err != nil || found {
			return p, err
		}
		*at = trailCursor{Digests: true, N: at.N}
		if len(p.Proofs) > 0 {
			p.Next = at.text()
			return p, nil
		}
	}
	if c.keys != "" {
		p, found, err := c.nextDigest(ctx, q, at, mem)
		if err != nil || found {
			return p, err
		}
	}
	c.forget(q, mem)
	return Page{}, nil
}

// folders gives the prefixes of the days from one to another, UTC.
func folders(prefix string, from, to time.Time) (out []string) {
	for d := from.UTC().Truncate(day); !d.After(to.UTC()); d = d.Add(day) {
		out = append(out, prefix+d.Format("2006/01/02/"))
	}
	return out
}

// nextLog reads the next log file that was not read yet.
func (c *cloudTrail) nextLog(ctx context.Context, q Query, at *trailCursor, mem *trailMemory) (p Page, found bool, err error) {
	for _, folder := range folders(c.logs, q.From, q.To) {
		for o, err := range c.list(ctx, folder, at.After) {
			if err != nil {
				return Page{}, false, err
			}
			f, known := mem.Files[o.key]
			if known && f.ETag != o.etag && f.ETag != "" && !f.Altered {
				f.Altered = true
				mem.Files[o.key] = f
				p.Proofs = append(p.Proofs, altered(q, o.key))
			}
			if known || !strings.HasSuffix(o.key, ".json.gz") {
				continue
			}
			got, err := c.log(ctx, q, o, mem)
			if err != nil {
				return Page{}, false, err
			}
			at.After = o.key
			got.Proofs, got.Next = append(p.Proofs, got.Proofs...), at.text()
			return got, true, nil
		}
	}
	return p, false, nil
}

// log reads one log file and remembers its hash.
func (c *cloudTrail) log(ctx context.Context, q Query, o object, mem *trailMemory) (Page, error) {
	packed, _, err := c.get(ctx, o.key, "")
	again := mem.Files[o.key].Again
	f := logFile{ETag: o.etag, Modified: o.modified.UTC(), Again: again}
	if errors.Is(err, errNoObject) {
		mem.Files[o.key] = f
		return Page{}, nil // a digest tells whether it should be there
	}
	if err != nil {
		return Page{}, err
	}
	p := Page{Path: o.key}
	body, err := unpack(packed)
	if err == nil {
		p.Events, err = cut(body, "Records")
	}
	if err != nil {
		mem.Files[o.key] = f
		return Page{Proofs: []event.Attestation{unreadable(q, o.key, err)}}, nil
	}
	f.SHA256, f.Events = hexSum(body), int64(len(p.Events))
	mem.Files[o.key] = f
	return p, nil
}

// unpack gives the content of a gzip file, or what is not one as it is.
func unpack(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	return durable.ReadAll(z, maxUnpacked, "the unpacked file")
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// forget drops log files that no list will give again.
func (c *cloudTrail) forget(q Query, mem *trailMemory) {
	listed := c.logs + q.From.UTC().Format("2006/01/02/")
	oldest := c.logs + q.From.UTC().Add(-2*day).Format("2006/01/02/")
	maps.DeleteFunc(mem.Files, func(key string, f logFile) bool {
		return key < oldest || key < listed && (f.Named || len(mem.Files) > maxFiles)
	})
}

func altered(q Query, key string) event.Attestation {
	return event.Attestation{
		From: q.From, To: q.To, Proof: event.ProofCursor,
		Reason: event.Phrase{
			JA: "取り込んだ後でバケットのログファイルが書き換えられた。ここにあるのは最初の内容：" + clip(key),
			EN: "a log file was changed in the bucket after it was read; what is here is what it held first: " + clip(key),
		},
	}
}

func unreadable(q Query, key string, err error) event.Attestation {
	return event.Attestation{
		From: q.From, To: q.To, Proof: event.ProofCursor, Missing: -1,
		Reason: event.Phrase{
			JA: fmt.Sprintf("ログファイルを読めない：%s（%s）", clip(key), clip(err.Error())),
			EN: fmt.Sprintf("a log file cannot be read: %s (%s)", clip(key), clip(err.Error())),
		},
	}
}
