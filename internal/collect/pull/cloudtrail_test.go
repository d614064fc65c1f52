package pull

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// trail delivers log files and signed digests into a shelf as CloudTrail does.
type trail struct {
	*rig
	shelf *shelf
	key   *rsa.PrivateKey
	last  string // key of the digest delivered last
	sum   string
	sign  string
	start time.Time
}

const fingerprint = "31e8b5433410dfb61a9dc45cc65b22ff"

func keysFile(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	text := fmt.Sprintf(`{"PublicKeyList":[]}
{"PublicKeyList":[{"Value":%q,"ValidityStartTime":"2026-01-01T00:00:00Z","ValidityEndTime":1798761600.0,"Fingerprint":%q}]}`,
		base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.PublicKey)), fingerprint)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newTrail(t *testing.T) *trail {
	t.Helper()
	tr := &trail{key: testKey(t)}
	set := settings(t, CloudTrail)
	set.PublicKeysFile = keysFile(t, tr.key)
	tr.rig = newRig(t, CloudTrail, set, t.TempDir())
	tr.config.Since = time.Hour
	tr.shelf = &shelf{p: tr.provider, put: map[string]stored{}, gone: map[string]bool{}}
	tr.reopen()
	tr.start = tr.clock
	return tr
}

// reopen makes the puller read the shelf that the test changes.
func (tr *trail) reopen() {
	tr.rig.start()
	s := tr.streams[0]
	svc, err := newCloudTrail(tr.shelf, "logs", "", tr.set)
	if err != nil {
		tr.t.Fatal(err)
	}
	s.Service = svc
}

func digestKey(at time.Time) string {
	return "AWSLogs/123456789012/CloudTrail-Digest/ap-northeast-1/" + at.UTC().Format("2006/01/02/") + "123456789012_CloudTrail-Digest_ap-northeast-1_main_ap-northeast-1_" + at.UTC().Format("20060102T150405Z") + ".json.gz"
}

// hour lets an hour with events pass; its digest is delivered at the end.
func (tr *trail) hour() {
	tr.pass()
	tr.deliver()
}

func (tr *trail) pass() {
	for range 6 {
		tr.clock = tr.clock.Add(10 * time.Minute)
		tr.add(5 * time.Minute)
	}
}

// deliver signs what was delivered since the last digest.
func (tr *trail) deliver() {
	at := tr.clock.Truncate(time.Second)
	all := tr.shelf.objects()
	var files []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		o := all[key]
		if strings.Contains(key, "/CloudTrail/") && o.modified.After(tr.start) && !o.modified.After(at) && !strings.Contains(key, "forged") {
			files = append(files, fmt.Sprintf(`{"s3Bucket":"logs","s3Object":%q,"hashValue":%q,"hashAlgorithm":"SHA-256"}`, key, hexSum([]byte(o.body))))
		}
	}
	before := `null,"previousDigestHashValue":null,"previousDigestSignature":null`
	signed := "null"
	if tr.last != "" {
		before = fmt.Sprintf(`%q,"previousDigestHashValue":%q,"previousDigestSignature":%q`, tr.last, tr.sum, tr.sign)
		signed = tr.sign
	}
	key := digestKey(at)
	body := fmt.Sprintf(`{"awsAccountId":"123456789012","digestStartTime":%q,"digestEndTime":%q,"digestS3Bucket":"logs","digestS3Object":%q,"digestPublicKeyFingerprint":%q,"digestSignatureAlgorithm":"SHA256withRSA","previousDigestS3Object":%s,"logFiles":[%s]}`,
		tr.start.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339), key, fingerprint, before, strings.Join(files, ","))
	tr.sum = hexSum([]byte(body))
	sum := sha256.Sum256([]byte(at.UTC().Format(time.RFC3339) + "\nlogs/" + key + "\n" + tr.sum + "\n" + signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, tr.key, crypto.SHA256, sum[:])
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.sign, tr.last, tr.start = hex.EncodeToString(sig), key, at
	tr.shelf.put[key] = stored{body: body, sign: tr.sign, modified: at}
}

// pulled makes a round and gives the digest proofs that were sealed since.
func (tr *trail) pulled() (out []event.Attestation) {
	tr.t.Helper()
	from := len(tr.sealed)
	if err := tr.round(); err != nil {
		tr.t.Fatal(err)
	}
	for _, a := range tr.sealed[from:] {
		if a.Proof == event.ProofDigest {
			out = append(out, a)
		}
	}
	return out
}

func TestWholeDigestsProveTheirIntervals(t *testing.T) {
	tr := newTrail(t)
	began := tr.clock
	var got []event.Attestation
	for range 4 {
		tr.hour()
		got = append(got, tr.pulled()...)
		tr.clock = tr.clock.Add(16 * time.Minute)
		got = append(got, tr.pulled()...)
		tr.clock = tr.clock.Add(-16 * time.Minute)
	}
	var records int64
	at := began
	for _, a := range got {
		if a.Missing != 0 || !a.Reason.Empty() || !a.From.Equal(at) {
			t.Errorf("proved %+v after %v", a, at)
		}
		at, records = a.To, records+a.Records
	}
	if want := began.Add(4*time.Hour - delivery); !at.Equal(want) || records != 24 {
		t.Errorf("proved up to %v, %d records; want %v, 24", at, records, want)
	}
	if err := tr.check(); err != nil {
		t.Error(err)
	}
}

// oneWrong expects exactly one proof that says what is wrong.
func oneWrong(t *testing.T, got []event.Attestation, missing int64, words string) {
	t.Helper()
	n := 0
	for _, a := range got {
		if wrong(a) {
			n++
			if a.Missing != missing || !strings.Contains(a.Reason.EN, words) || a.Reason.JA == "" || !a.To.After(a.From) {
				t.Errorf("proved %+v", a)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d proofs say that something is wrong: %+v", n, got)
	}
}

func (tr *trail) firstLog() string {
	return logKey(tr.provider.events[0].seen, tr.provider.events[0].id)
}

func TestRemovedLogFileIsMissing(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	tr.shelf.gone[tr.firstLog()] = true
	oneWrong(t, tr.pulled(), -1, "not there: AWSLogs/")
}

func TestLogFileRemovedAfterItWasReadIsNotMissing(t *testing.T) {
	tr := newTrail(t)
	tr.pass()
	_ = tr.pulled()
	tr.deliver()
	tr.shelf.gone[tr.firstLog()] = true
	for _, a := range tr.pulled() {
		if wrong(a) {
			t.Errorf("proved %+v, but the file is here", a)
		}
	}
}

func TestChangedLogFileIsMissing(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	o := tr.shelf.objects()[tr.firstLog()]
	o.body = strings.Replace(o.body, "e0", "e9", 1)
	tr.shelf.put[tr.firstLog()] = o
	oneWrong(t, tr.pulled(), -1, "do not hold what the digest says")
}

func TestLogFileChangedAfterItWasReadIsTold(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	_ = tr.pulled()
	from := len(tr.sealed)
	o := tr.shelf.objects()[tr.firstLog()]
	o.body = strings.Replace(o.body, "e0", "e9", 1)
	tr.shelf.put[tr.firstLog()] = o
	_ = tr.pulled()
	oneWrong(t, tr.sealed[from:], 0, "changed in the bucket after it was read")
}

func TestAddedLogFileIsTold(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	_ = tr.pulled()
	tr.clock = tr.clock.Add(20 * time.Minute)
	tr.shelf.put[logKey(tr.clock, "forged")] = stored{body: `{"Records":[{"eventID":"forged"}]}`, modified: tr.clock}
	tr.clock = tr.clock.Add(-20 * time.Minute)
	var got []event.Attestation
	for range 3 {
		tr.hour()
		got = append(got, tr.pulled()...)
	}
	oneWrong(t, got, 0, "no digest names")
}

func TestMissingDigestBreaksTheChain(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	_ = tr.pulled()
	tr.hour()
	tr.shelf.gone[tr.last] = true
	from := tr.clock.Add(-time.Hour - delivery)
	tr.hour()
	got := tr.pulled()
	oneWrong(t, got, -1, "the one before is not there")
	for _, a := range got {
		if wrong(a) && (!a.From.Equal(from) || !a.To.Equal(from.Add(time.Hour))) {
			t.Errorf("the gap is %v to %v, want from %v", a.From, a.To, from)
		}
	}
}

func TestReplacedDigestBreaksTheChain(t *testing.T) {
	tr := newTrail(t)
	tr.hour()
	_ = tr.pulled()
	tr.hour()
	kept := *tr
	tr.provider.events = tr.provider.events[:len(tr.provider.events)-1] // one log file is hushed up
	tr.last, tr.sum, tr.sign = "", "", ""
	tr.start = tr.start.Add(-time.Hour)
	tr.deliver() // a digest of the same name and the real key, which the next one does not name
	got := tr.pulled()
	oneWrong(t, got, -1, "begins anew")
	tr.last, tr.sum, tr.sign = kept.last, kept.sum, kept.sign
	tr.hour()
	oneWrong(t, tr.pulled(), -1, "the one before was changed")
}

func TestWrongSignatureAndWrongKeyProveNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*trail)
		words string
	}{
		"signature": {func(tr *trail) {
			o := tr.shelf.put[tr.last]
			o.sign = strings.Repeat("ab", 256)
			tr.shelf.put[tr.last] = o
		}, "signature of the digest does not match"},
		"none": {func(tr *trail) {
			o := tr.shelf.put[tr.last]
			o.sign = ""
			tr.shelf.put[tr.last] = o
		}, "has no signature"},
		"content": {func(tr *trail) {
			o := tr.shelf.put[tr.last]
			o.body = strings.Replace(o.body, `"logFiles":[`, `"logFiles": [`, 1)
			tr.shelf.put[tr.last] = o
		}, "signature of the digest does not match"},
		"key": {func(tr *trail) {
			tr.set.PublicKeysFile = keysFile(t, testKey(t))
			tr.reopen()
		}, "signature of the digest does not match"},
		"no key": {func(tr *trail) {
			b, err := os.ReadFile(tr.set.PublicKeysFile)
			if err == nil {
				err = os.WriteFile(tr.set.PublicKeysFile, bytes.ReplaceAll(b, []byte(fingerprint), []byte("other")), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, "lacks the key"},
		"moved": {func(tr *trail) {
			tr.shelf.put[digestKey(tr.clock.Add(time.Second))] = tr.shelf.put[tr.last]
			delete(tr.shelf.put, tr.last)
			tr.clock = tr.clock.Add(time.Minute)
		}, "was moved"},
		"garbage": {func(tr *trail) {
			tr.shelf.put[tr.last] = stored{body: "{", sign: "00", modified: tr.clock}
		}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrail(t)
			tr.hour()
			test.spoil(tr)
			oneWrong(t, tr.pulled(), -1, test.words)
		})
	}
}

func TestUnreadableLogFileIsTold(t *testing.T) {
	tr := newTrail(t)
	tr.clock = tr.clock.Add(time.Minute)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`{"Records":[{"eventID":"whole"}]}`))
	_ = z.Close()
	tr.shelf.put[logKey(tr.clock, "whole")] = stored{body: b.String(), modified: tr.clock}
	tr.shelf.put[logKey(tr.clock, "torn")] = stored{body: b.String()[:30], modified: tr.clock}
	_ = tr.pulled()
	oneWrong(t, tr.sealed, -1, "cannot be read")
	if len(tr.vault.recs) != 1 || string(tr.vault.recs[0].Raw) != `{"eventID":"whole"}` {
		t.Errorf("the vault has %v", tr.vault.recs)
	}
	if got := event.ParseTransport(tr.vault.recs[0].Transport).Get("path"); got != logKey(tr.clock, "whole") {
		t.Errorf("path is %q", got)
	}
}

func TestPublicKeysAlsoComeAsPEM(t *testing.T) {
	key := testKey(t)
	path := filepath.Join(t.TempDir(), "keys.pem")
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := "-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PUBLIC KEY-----\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := publicKeys(path)
	if err != nil || len(got) != 1 || !got["pem 1"].Equal(&key.PublicKey) {
		t.Errorf("gives %v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte(`{"PublicKeyList":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := publicKeys(path); err == nil {
		t.Error("a file without keys is taken")
	}
}
