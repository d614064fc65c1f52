package pull

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
)

// digest is a digest file of CloudTrail: what AWS delivered into the bucket in
// about an hour, with the hash of each log file and of the digest before.
type digest struct {
	Start       time.Time `json:"digestStartTime"`
	EndText     string    `json:"digestEndTime"`
	Bucket      string    `json:"digestS3Bucket"`
	Object      string    `json:"digestS3Object"`
	Fingerprint string    `json:"digestPublicKeyFingerprint"`
	Algorithm   string    `json:"digestSignatureAlgorithm"`
	Before      *string   `json:"previousDigestS3Object"`
	BeforeHash  *string   `json:"previousDigestHashValue"`
	BeforeSign  *string   `json:"previousDigestSignature"`
	Files       []struct {
		Bucket string `json:"s3Bucket"`
		Object string `json:"s3Object"`
		Hash   string `json:"hashValue"`
	} `json:"logFiles"`
	end time.Time
	sum string // SHA-256 of its content
}

// link is what the next digest must name.
type link struct {
	Key       string    `json:"key"`
	Hash      string    `json:"hash"`
	Signature string    `json:"signature"`
	End       time.Time `json:"end"`
}

// nextDigest checks the next digest. Before it is judged, the log files that it
// names and that were not read are read, one page each.
func (c *cloudTrail) nextDigest(ctx context.Context, q Query, at *trailCursor, mem *trailMemory) (Page, bool, error) {
	from, after := q.From, ""
	if mem.Chain != nil {
		after = mem.Chain.Key
		if !mem.Chain.End.IsZero() {
			from = earlier(from, mem.Chain.End)
		}
	}
	for _, folder := range folders(c.digests, later(from, q.From.Add(-7*day)), q.To) {
		for o, err := range c.list(ctx, folder, after) {
			if err != nil {
				return Page{}, false, err
			}
			if !strings.HasSuffix(o.key, ".json.gz") || !strings.Contains(o.key, c.trail) {
				continue
			}
			p, err := c.check(ctx, q, o, mem)
			p.Next = at.text()
			return p, true, err
		}
	}
	return Page{}, false, nil
}

// check reads a digest and either gives a log file that is still to be read or
// judges the digest.
func (c *cloudTrail) check(ctx context.Context, q Query, o object, mem *trailMemory) (Page, error) {
	packed, sign, err := c.get(ctx, o.key, "signature")
	if err != nil && !errors.Is(err, errNoObject) {
		return Page{}, err
	}
	keys, kerr := publicKeys(c.keys)
	if kerr != nil {
		return Page{}, kerr
	}
	d, why := c.read(packed, o.key)
	if why.Empty() {
		why = d.signed(sign, keys)
	}
	if why.Empty() {
		for _, f := range d.Files {
			have, known := mem.Files[f.Object]
			if f.Bucket == c.name && (!known || have.SHA256 != f.Hash && !have.Again) {
				have.Again = true
				mem.Files[f.Object] = have
				return c.log(ctx, q, object{key: f.Object, modified: have.Modified}, mem)
			}
		}
	}
	return Page{Proofs: c.judge(q, d, why, o.key, sign, mem)}, nil
}

// read decodes a digest and compares where it says that it lies.
func (c *cloudTrail) read(packed []byte, key string) (*digest, event.Phrase) {
	body, err := unpack(packed)
	d := &digest{}
	if err == nil {
		err = decode(body, d)
	}
	if err == nil {
		d.sum = hexSum(body)
		d.end, err = time.Parse(time.RFC3339, d.EndText)
	}
	if err != nil || !d.end.After(d.Start) || d.end.Sub(d.Start) > 7*day {
		return d, event.Phrase{JA: "ダイジェストを読めない：" + clip(key), EN: "the digest cannot be read: " + clip(key)}
	}
	if d.Bucket != c.name || d.Object != key {
		return d, event.Phrase{JA: "ダイジェストが元の場所にない：" + clip(key), EN: "the digest was moved from where it was delivered: " + clip(key)}
	}
	return d, event.Phrase{}
}

// signed checks the signature: RSA PKCS #1 v1.5 with SHA-256 over end time,
// place, hash and the signature before, each on its line.
func (d *digest) signed(sign string, keys map[string]*rsa.PublicKey) event.Phrase {
	sig, err := hex.DecodeString(sign)
	if err != nil || len(sig) == 0 || d.Algorithm != "SHA256withRSA" {
		return event.Phrase{JA: "ダイジェストに署名がない：" + clip(d.Object), EN: "the digest has no signature: " + clip(d.Object)}
	}
	before := "null"
	if d.BeforeSign != nil {
		before = *d.BeforeSign
	}
	sum := sha256.Sum256([]byte(d.EndText + "\n" + d.Bucket + "/" + d.Object + "\n" + d.sum + "\n" + before))
	tried := false
	for _, print := range slices.Sorted(maps.Keys(keys)) {
		if print != d.Fingerprint && !strings.HasPrefix(print, "pem ") {
			continue
		}
		tried = true
		if rsa.VerifyPKCS1v15(keys[print], crypto.SHA256, sum[:], sig) == nil {
			return event.Phrase{}
		}
	}
	if !tried {
		return event.Phrase{
			JA: "ダイジェストの公開鍵 " + clip(d.Fingerprint) + " が public_keys_file にない。aws cloudtrail list-public-keys で取り直す",
			EN: "public_keys_file lacks the key " + clip(d.Fingerprint) + " of the digest: fetch the keys again with aws cloudtrail list-public-keys",
		}
	}
	return event.Phrase{JA: "ダイジェストの署名が合わない：" + clip(d.Object), EN: "the signature of the digest does not match: " + clip(d.Object)}
}

// judge says what a digest proves, and makes it the one that the next must name.
func (c *cloudTrail) judge(q Query, d *digest, why event.Phrase, key, sign string, mem *trailMemory) (out []event.Attestation) {
	last := mem.Chain
	mem.Chain = &link{Key: key, Hash: d.sum, Signature: sign, End: d.end}
	if d.end.IsZero() || !d.end.After(d.Start) {
		mem.Chain.End = q.To
		if last != nil {
			mem.Chain.End = last.End
		}
		return []event.Attestation{{From: q.From, To: q.To, Proof: event.ProofDigest, Missing: -1, Reason: why}}
	}
	a := event.Attestation{From: d.Start, To: d.end.Add(-delivery), Proof: event.ProofDigest}
	if last != nil {
		a.From = d.Start.Add(-delivery)
		if gap := d.gap(last); !gap.Empty() && why.Empty() {
			from, to := last.End.Add(-delivery), d.Start.Add(-delivery)
			if !to.After(from) { // nothing lies between: the one before was replaced
				from, to = a.From.Add(-time.Hour), a.From
			}
			out = append(out, event.Attestation{From: from, To: to, Proof: event.ProofDigest, Missing: -1, Reason: gap})
			mem.Since = d.Start
		}
	} else {
		mem.Since = d.Start
	}
	if !why.Empty() {
		a.Missing, a.Reason = -1, why
		mem.Since = d.end
		return append(out, a)
	}
	c.files(d, &a, mem)
	if extra := c.unnamed(d, mem); len(extra) > 0 && a.Reason.Empty() {
		a.Reason = event.Phrase{
			JA: fmt.Sprintf("どのダイジェストにも載っていないログファイルが %d 個ある。AWS が書いたものとは言えない：%s", len(extra), clip(extra[0])),
			EN: fmt.Sprintf("%d log files that no digest names; nothing shows that AWS wrote them: %s", len(extra), clip(extra[0])),
		}
	}
	return append(out, a)
}

// gap says what is wrong between a digest and the one before.
func (d *digest) gap(last *link) event.Phrase {
	switch {
	case d.Before == nil:
		return event.Phrase{
			JA: "ダイジェストの連鎖が新しく始まっている：この間、証跡の記録か検証が止められていた：" + clip(d.Object),
			EN: "the chain of digests begins anew: logging or its validation was stopped in between: " + clip(d.Object),
		}
	case *d.Before != last.Key || !d.Start.Equal(last.End):
		return event.Phrase{
			JA: "ダイジェストの連鎖が切れている：前のものが無い：" + clip(*d.Before),
			EN: "the chain of digests is broken: the one before is not there: " + clip(*d.Before),
		}
	case d.BeforeHash == nil || *d.BeforeHash != last.Hash || d.BeforeSign == nil || *d.BeforeSign != last.Signature:
		return event.Phrase{
			JA: "ダイジェストの連鎖が切れている：前のものが書き換えられた：" + clip(last.Key),
			EN: "the chain of digests is broken: the one before was changed: " + clip(last.Key),
		}
	}
	return event.Phrase{}
}

// files compares the log files that were read with those that a digest names.
func (c *cloudTrail) files(d *digest, a *event.Attestation, mem *trailMemory) {
	var missing, changed []string
	for _, f := range d.Files {
		have, ok := mem.Files[f.Object]
		switch {
		case f.Bucket != c.name || !ok || have.SHA256 == "":
			missing = append(missing, f.Object)
		case have.SHA256 != f.Hash:
			changed = append(changed, f.Object)
		default:
			a.Records += have.Events
		}
		have.Named = true
		mem.Files[f.Object] = have
	}
	switch {
	case len(missing) > 0:
		a.Missing, a.Reason = -1, event.Phrase{
			JA: fmt.Sprintf("ダイジェストに載るログファイルが %d 個ない：%s", len(missing), clip(missing[0])),
			EN: fmt.Sprintf("%d log files that the digest names are not there: %s", len(missing), clip(missing[0])),
		}
	case len(changed) > 0:
		a.Missing, a.Reason = -1, event.Phrase{
			JA: fmt.Sprintf("ログファイル %d 個の中身がダイジェストと合わない：%s", len(changed), clip(changed[0])),
			EN: fmt.Sprintf("%d log files do not hold what the digest says: %s", len(changed), clip(changed[0])),
		}
	}
}

// unnamed lists log files that a digest should have named by now.
func (c *cloudTrail) unnamed(d *digest, mem *trailMemory) (out []string) {
	const edge = 10 * time.Minute
	for _, key := range slices.Sorted(maps.Keys(mem.Files)) {
		f := mem.Files[key]
		if f.Named || f.Modified.IsZero() || f.Modified.Before(mem.Since.Add(edge)) || !f.Modified.Before(d.Start.Add(-edge)) {
			continue
		}
		f.Named = true
		mem.Files[key] = f
		out = append(out, key)
	}
	return out
}

// publicKeys reads the keys that digests are checked with, by fingerprint: the
// answer of ListPublicKeys as JSON ("PublicKeyList" of "Fingerprint" and
// "Value", an RSA key in PKCS #1 DER), or PEM.
func publicKeys(path string) (map[string]*rsa.PublicKey, error) {
	b, err := durable.Read(path, 4<<20)
	if err != nil {
		return nil, fmt.Errorf("%w: public_keys_file: %w", ErrSetting, err)
	}
	out := map[string]*rsa.PublicKey{}
	if block, rest := pem.Decode(b); block != nil {
		for n := 0; block != nil; block, rest = pem.Decode(rest) {
			key, err := rsaKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%w: public_keys_file: %w", ErrSetting, err)
			}
			n++
			out[fmt.Sprintf("pem %d", n)] = key
		}
		return out, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(b)) // keys differ by region: several lists may follow each other
	for {
		v, err := d.ReadValue()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = listedKeys(v, out)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: public_keys_file: neither PEM nor what aws cloudtrail list-public-keys prints: %w", ErrSetting, err)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: public_keys_file: %s holds no key", ErrSetting, path)
	}
	return out, nil
}

// listedKeys adds the keys of one answer of ListPublicKeys.
func listedKeys(b []byte, to map[string]*rsa.PublicKey) error {
	var list struct {
		Keys []struct {
			Fingerprint string `json:"Fingerprint"`
			Value       string `json:"Value"`
		} `json:"PublicKeyList"`
	}
	if err := decode(b, &list); err != nil {
		return err
	}
	for _, k := range list.Keys {
		der, err := base64.StdEncoding.DecodeString(k.Value)
		if err == nil {
			to[k.Fingerprint], err = rsaKey(der)
		}
		if err != nil {
			return fmt.Errorf("key %s: %w", clip(k.Fingerprint), err)
		}
	}
	return nil
}

func rsaKey(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}
