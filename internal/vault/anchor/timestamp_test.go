package anchor

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	dts "github.com/digitorus/timestamp"
)

// authority is a real time-stamping authority: openssl ts behind loopback HTTP.
type authority struct {
	t     testing.TB
	dir   string
	asked atomic.Int32
	// tamper, when set, changes the query or the reply on the way.
	query, reply func([]byte) []byte
	*httptest.Server
}

// certificateKind is what a certificate of the authority is like.
type certificateKind struct {
	usage string // extendedKeyUsage line
	end   string // openssl's -not_after, "" for 10 days from now
	hash  string // of the certificate in the token: sha1 gives the attribute of RFC 2634
	key   []string
}

func rightKind() certificateKind {
	return certificateKind{usage: "critical,timeStamping", hash: "sha256", key: []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}}
}

func newAuthority(t testing.TB, kind certificateKind) *authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("there is no openssl to be the time-stamping authority")
	}
	a := &authority{t: t, dir: t.TempDir()}
	a.write("ca.cnf", "[req]\ndistinguished_name=dn\nx509_extensions=ca\nprompt=no\n[dn]\nCN=Test Root\n[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n")
	a.write("leaf.cnf", "[leaf]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage="+kind.usage+"\n"+
		"[ca]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\nx509_extensions=leaf\n[any]\ncommonName=supplied\n")
	a.write("ts.cnf", "[ts]\nserial=tsserial\nsigner_cert=leaf.pem\nsigner_key=leaf.key\nsigner_digest=sha256\ncerts=ca.pem\n"+
		"default_policy=1.3.6.1.4.1.13762.3\ndigests=sha256,sha512\naccuracy=secs:1\ness_cert_id_chain=no\ness_cert_id_alg="+kind.hash+"\n")
	for name, text := range map[string]string{"index.txt": "", "serial": "01\n", "tsserial": "01\n"} {
		a.write(name, text)
	}
	a.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ca.key")
	a.openssl("req", "-new", "-x509", "-config", "ca.cnf", "-key", "ca.key", "-days", "3650", "-out", "ca.pem")
	a.openssl(append(append([]string{"genpkey"}, kind.key...), "-out", "leaf.key")...)
	a.openssl("req", "-new", "-config", "ca.cnf", "-key", "leaf.key", "-subj", "/CN=Test TSA", "-out", "leaf.csr")
	end := kind.end
	if end == "" {
		end = time.Now().AddDate(0, 0, 10).UTC().Format("20060102150405Z")
	}
	a.openssl("ca", "-batch", "-config", "leaf.cnf", "-name", "ca", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "leaf.csr",
		"-startdate", "20200101000000Z", "-enddate", end, "-notext", "-out", "leaf.pem")
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *authority) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) openssl(args ...string) []byte {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "openssl", args...)
	cmd.Dir = a.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
	}
	return out
}

func (a *authority) serve(rw http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	query, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Type") != queryType {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	if a.query != nil {
		query = a.query(query)
	}
	reply, err := a.stampQuery(query)
	if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	if a.reply != nil {
		reply = a.reply(reply)
	}
	rw.Header().Set("Content-Type", replyType)
	_, _ = rw.Write(reply)
}

func (a *authority) stampQuery(query []byte) ([]byte, error) {
	if err := os.WriteFile(filepath.Join(a.dir, "q.tsq"), query, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("openssl", "ts", "-reply", "-config", "ts.cnf", "-section", "ts", "-queryfile", "q.tsq", "-out", "r.tsr")
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(filepath.Join(a.dir, "r.tsr"))
}

func (a *authority) roots() *x509.CertPool {
	a.t.Helper()
	pool, err := ReadRoots(filepath.Join(a.dir, "ca.pem"))
	if err != nil {
		a.t.Fatal(err)
	}
	return pool
}

func (a *authority) authority() *Authority { return &Authority{URL: a.URL, Roots: a.roots()} }

// TestTimestampIsThatOfARealAuthority has openssl check what we took, and
// another implementation read it.
func TestTimestampIsThatOfARealAuthority(t *testing.T) {
	ec := rightKind()
	ec.key, ec.hash = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}, "sha512"
	old := rightKind()
	old.hash, old.key = "sha1", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}
	for name, kind := range map[string]certificateKind{"P-256": rightKind(), "P-384, SHA-512 in ESSCertIDv2": ec, "RSA, ESSCertID": old} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t, kind)
			dir := newVault(t, 3)
			before := time.Now().Add(-time.Second).Truncate(time.Second)
			k := keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority()})
			mustAnchor(t, k)
			if st := k.Status()[0]; st.Size != 3 || st.Time.Before(before) || st.Kind != TimestampKind {
				t.Fatalf("%+v", st)
			}
			folder := filepath.Join(dir, Folder)
			out := a.openssl("ts", "-verify", "-data", filepath.Join(folder, "3.checkpoint"), "-in", filepath.Join(folder, "3.tsr"), "-CAfile", "ca.pem")
			if !bytes.Contains(out, []byte("Verification: OK")) {
				t.Errorf("openssl says %s", out)
			}
			b, err := os.ReadFile(filepath.Join(folder, "3.tsr"))
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := dts.ParseResponse(b)
			if err != nil {
				t.Fatal(err)
			}
			got := wantOnly(t, mustCheck(t, dir, CheckOptions{Roots: a.roots()}), "")
			if !got.Time.Equal(theirs.Time) || !strings.Contains(got.Who, "Test TSA") || got.Size != 3 {
				t.Errorf("%+v, the other reads %v", got, theirs.Time)
			}
			wantOnly(t, mustCheck(t, dir, CheckOptions{}), Unverifiable) // no certificates given
		})
	}
}

func TestTimestampsAreAskedForOnceAnHourWhileTheVaultGrows(t *testing.T) {
	a := newAuthority(t, rightKind())
	dir := newVault(t, 1)
	now := time.Now()
	opts := KeeperOptions{Dir: dir, Timestamp: a.authority(), Now: func() time.Time { return now }}
	k := keeper(t, opts)
	round := func(want int32) {
		t.Helper()
		mustAnchor(t, k)
		if got := a.asked.Load(); got != want {
			t.Fatalf("asked %d times, want %d", got, want)
		}
	}
	round(1)
	now = now.Add(2 * time.Hour)
	round(1) // nothing grew
	grow(t, dir, 1, "more")
	round(2)
	grow(t, dir, 1, "more")
	now = now.Add(10 * time.Minute)
	round(2)
	now = now.Add(time.Hour)
	round(3)
	now = time.Now()
	grow(t, dir, 1, "more")
	k = keeper(t, opts) // a restart is no reason to ask
	round(3)
	now = now.Add(2 * time.Hour)
	round(4)
}

func TestTimestampIsRefused(t *testing.T) {
	dir := newVault(t, 2)
	a, other := newAuthority(t, rightKind()), newAuthority(t, rightKind())
	old := rightKind()
	old.end = "20210101000000Z"
	expired := newAuthority(t, old)
	for name, c := range map[string]struct {
		from         *authority
		roots        *x509.CertPool
		query, reply func([]byte) []byte
		says         string
	}{
		// openssl itself refuses to sign with a certificate whose usage is wrong; a
		// thief of such a key would not. See TestCertificateMustBeForTimestampsAlone.
		"expired":           {from: expired, says: "expired"},
		"another authority": {from: a, roots: other.roots(), says: "certificate"},
		"over other bytes":  {from: a, query: imprint([]byte("something else")), says: "over something else"},
		"refused":           {from: a, query: func([]byte) []byte { return []byte("nonsense") }, says: "refused: status 2"},
		"without a nonce":   {from: a, query: stripNonce, says: "nonce"},
		"signature changed": {from: a, reply: flipLast, says: "signature"},
		"bytes follow":      {from: a, reply: func(b []byte) []byte { return append(b, 0) }, says: "follow"},
		"cut":               {from: a, reply: func(b []byte) []byte { return b[:len(b)-40] }, says: "reply"},
		"nothing":           {from: a, reply: func([]byte) []byte { return nil }, says: "reply"},
		"endless":           {from: a, reply: func(b []byte) []byte { return append(b, make([]byte, 70_000)...) }, says: "longer than"},
		"a page":            {from: a, reply: func([]byte) []byte { return []byte("<html>") }, says: "reply"},
	} {
		t.Run(name, func(t *testing.T) {
			c.from.query, c.from.reply = c.query, c.reply
			at := c.from.authority()
			if c.roots != nil {
				at.Roots = c.roots
			}
			k := keeper(t, KeeperOptions{Dir: dir, Timestamp: at})
			if err := k.Once(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
			if st := k.Status()[0]; st.Size != 0 || st.Trouble == "" || st.Alarm != nil {
				t.Errorf("%+v", st)
			}
			if files, _ := filepath.Glob(filepath.Join(dir, Folder, "*")); len(files) != 0 {
				t.Errorf("something was kept: %v", files)
			}
		})
	}
}

// imprint makes a query over other bytes with the nonce of the query.
func imprint(other []byte) func([]byte) []byte {
	return func(query []byte) []byte {
		q, err := dts.ParseRequest(query)
		if err != nil {
			return nil
		}
		sum := sha256.Sum256(other)
		q.HashedMessage = sum[:]
		b, _ := q.Marshal()
		return b
	}
}

func stripNonce(query []byte) []byte {
	q, err := dts.ParseRequest(query)
	if err != nil {
		return nil
	}
	q.Nonce = nil
	b, _ := q.Marshal()
	return b
}

func flipLast(reply []byte) []byte {
	reply[len(reply)-1] ^= 1
	return reply
}

// TestAnOldReplyIsNotTakenAgain plays an earlier reply over the same bytes.
func TestAnOldReplyIsNotTakenAgain(t *testing.T) {
	a := newAuthority(t, rightKind())
	dir := newVault(t, 2)
	var first []byte
	a.reply = func(b []byte) []byte {
		if first == nil {
			first = bytes.Clone(b)
		}
		return first
	}
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority()}))
	if err := os.RemoveAll(filepath.Join(dir, Folder)); err != nil {
		t.Fatal(err)
	}
	if err := keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority()}).Once(t.Context()); err == nil || !strings.Contains(err.Error(), "nonce") {
		t.Errorf("an old reply: %v", err)
	}
}

// TestCertificateMustBeForTimestampsAlone has certificates of every other usage
// issued by the right authority.
func TestCertificateMustBeForTimestampsAlone(t *testing.T) {
	for usage, fine := range map[string]bool{
		"critical,timeStamping":            true,
		"timeStamping":                     false,
		"critical,serverAuth":              false,
		"critical,timeStamping,serverAuth": false,
		"critical,timeStamping,1.2.3.4":    false,
		"critical,anyExtendedKeyUsage":     false,
	} {
		kind := rightKind()
		kind.usage = usage
		a := newAuthority(t, kind)
		b, err := os.ReadFile(filepath.Join(a.dir, "leaf.pem"))
		if err != nil {
			t.Fatal(err)
		}
		leaf := parsePEM(t, b)
		if err := checkCertificate(leaf, nil, a.roots(), time.Now()); (err == nil) != fine {
			t.Errorf("%s: %v", usage, err)
		}
		if fine {
			for _, at := range []time.Time{time.Now().AddDate(1, 0, 0), time.Unix(0, 0)} {
				if err := checkCertificate(leaf, nil, a.roots(), at); err == nil {
					t.Errorf("at %v it was not valid", at)
				}
			}
		}
	}
}

// TestTokenWithWrongUsageIsRefused signs a token with such a certificate, as an
// intruder with any key of the right authority could.
func TestTokenWithWrongUsageIsRefused(t *testing.T) {
	for _, usage := range []string{"timeStamping", "critical,serverAuth", "critical,timeStamping,serverAuth"} {
		kind := rightKind()
		kind.usage = usage
		a := newAuthority(t, kind)
		cert, err := os.ReadFile(filepath.Join(a.dir, "leaf.pem"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(a.dir, "leaf.key"))
		if err != nil {
			t.Fatal(err)
		}
		signed := []byte("a checkpoint")
		reply := forgeToken(t, signed, parsePEM(t, cert), key)
		if _, err := verifyToken(reply, signed, a.roots()); err == nil || !strings.Contains(err.Error(), "not for time-stamping alone") {
			t.Errorf("%s: %v", usage, err)
		}
	}
}

func TestRollbackToYesterdayIsFoundByATimestamp(t *testing.T) {
	a := newAuthority(t, rightKind())
	dir := newVault(t, 3)
	yesterday := copyOf(t, dir)
	grow(t, dir, 2, "the intrusion")
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority()}))
	elsewhere := copyOf(t, filepath.Join(dir, Folder))
	putBack(t, yesterday, dir)
	got := wantOnly(t, mustCheck(t, dir, CheckOptions{Roots: a.roots(), Folders: []string{elsewhere}}), RolledBack)
	if got.Size != 5 || got.Time.IsZero() || got.Kept {
		t.Errorf("%+v", got)
	}
	// Another history of the same length, signed with the same key.
	grow(t, dir, 2, "another story")
	wantOnly(t, mustCheck(t, dir, CheckOptions{Roots: a.roots(), Folders: []string{elsewhere}}), Forked)

	// With the kept timestamps still there the keeper finds it by itself.
	putBack(t, yesterday, dir)
	if err := os.CopyFS(filepath.Join(dir, Folder), os.DirFS(elsewhere)); err != nil {
		t.Fatal(err)
	}
	var alarms []*Alarm
	k := keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority(), Alarm: hear(&alarms)})
	if err := k.Once(t.Context()); err == nil || len(alarms) != 1 || alarms[0].Kind != RolledBack || !alarms[0].Confirmed {
		t.Errorf("%v, alarms %+v", err, alarms)
	}
}

func FuzzToken(f *testing.F) {
	a := newAuthority(f, rightKind())
	signed := []byte("a checkpoint")
	sum := sha256.Sum256(signed)
	query, err := (&dts.Request{HashAlgorithm: 5, HashedMessage: sum[:], Certificates: true, Nonce: big.NewInt(7)}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	reply, err := a.stampQuery(query)
	if err != nil {
		f.Fatal(err)
	}
	roots := a.roots()
	if _, err := verifyToken(reply, signed, roots); err != nil {
		f.Fatal(err)
	}
	f.Add(reply)
	f.Add([]byte{0x30, 0x80, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := verifyToken(b, signed, roots)
		if err != nil {
			return
		}
		// What may differ from the true reply is what nobody signed.
		var r tsReply
		if _, aerr := asn1.Unmarshal(b, &r); aerr != nil || info.Nonce == nil || info.Nonce.Int64() != 7 {
			t.Errorf("taken: %x", b)
		}
	})
}

// TestSignatureMustNameWhatItIsOver changes one signed attribute at a time.
func TestSignatureMustNameWhatItIsOver(t *testing.T) {
	v1 := rightKind()
	v1.hash = "sha1"
	for _, kind := range []certificateKind{rightKind(), v1} {
		a := newAuthority(t, kind)
		dir := newVault(t, 1)
		mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Timestamp: a.authority()}))
		_, file, err := readTimestamp(filepath.Join(dir, Folder), 1)
		if err != nil {
			t.Fatal(err)
		}
		cms, err := parseReply(file.reply)
		if err != nil {
			t.Fatal(err)
		}
		s, err := checkSigner(cms)
		if err != nil {
			t.Fatal(err)
		}
		other := parsePEM(t, mustRead(t, filepath.Join(a.dir, "ca.pem")))
		for name, change := range map[string]func(m map[string][]byte) *x509.Certificate{
			"nothing": func(map[string][]byte) *x509.Certificate { return s.leaf },
			"another content": func(m map[string][]byte) *x509.Certificate {
				m[oidDigest] = flipLast(bytes.Clone(m[oidDigest]))
				return s.leaf
			},
			"another type": func(m map[string][]byte) *x509.Certificate {
				m[oidContentType] = flipLast(bytes.Clone(m[oidContentType]))
				return s.leaf
			},
			"no content":     func(m map[string][]byte) *x509.Certificate { delete(m, oidDigest); return s.leaf },
			"no certificate": func(m map[string][]byte) *x509.Certificate { delete(m, oidCertV1); delete(m, oidCertV2); return s.leaf },
			"another's":      func(map[string][]byte) *x509.Certificate { return other },
		} {
			attributes, err := readAttributes(cms.Signers[0].Attributes.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			hash, err := digestOf(cms.Signers[0].Digest.Algorithm)
			if err != nil {
				t.Fatal(err)
			}
			leaf := change(attributes)
			if err := checkAttributes(attributes, cms.Encapsulated.Content, hash, leaf); (err == nil) != (name == "nothing") {
				t.Errorf("%s with %s: %v", kind.hash, name, err)
			}
		}
		twice := append(bytes.Clone(cms.Signers[0].Attributes.Bytes), cms.Signers[0].Attributes.Bytes...)
		if _, err := readAttributes(twice); err == nil {
			t.Error("an attribute twice was taken")
		}
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
