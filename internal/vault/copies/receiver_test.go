package copies

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/vault"
)

// TestSenderCanOnlyAdd tries what a sender's certificate must not be good for.
func TestSenderCanOnlyAdd(t *testing.T) {
	f := newPeerFixture(t)
	s := f.client("tokyo", "tokyo")
	if err := s.Put(t.Context(), object(segmentOne, "evidence")); err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		method, path string
		want         int
	}{
		{"DELETE", putPath + segmentOne, 405}, {"POST", putPath + segmentOne, 405}, {"PATCH", putPath + segmentOne, 405}, {"GET", putPath + segmentOne, 405},
		{"DELETE", getPath + "tokyo/" + segmentOne, 405}, {"PUT", getPath + "tokyo/" + segmentOne, 405},
		{"GET", getPath + "tokyo/" + segmentOne, 403}, {"GET", listPath + "tokyo", 403}, {"GET", "/", 404}, {"GET", "/copies/v1/", 404},
		{"PUT", putPath + segmentOne, 400}, // no sum
	} {
		if got, body := request(t, s, try.method, try.path, []byte("x")); got != try.want {
			t.Errorf("%s %s gives %d (%s), want %d", try.method, try.path, got, strings.TrimSpace(body), try.want)
		}
	}
	if got, _ := request(t, s, "PUT", putPath+segmentOne, []byte("forgery!"), sumHeader, hexSum([]byte("forgery!"))); got != 409 {
		t.Errorf("other content gives %d", got)
	}
	if a := <-f.alarms; a.Store != "tokyo" || a.Name != segmentOne {
		t.Errorf("the alarm is %+v", a)
	}
	if got := read(t, f.client("restorer", "tokyo"), segmentOne); got != "evidence" {
		t.Errorf("it holds %q", got)
	}
}

func TestSenderPutsIntoItsOwnFolder(t *testing.T) {
	f := newPeerFixture(t)
	f.issue("osaka")
	for _, name := range []string{"tokyo", "osaka"} {
		if err := f.client(name, "").Put(t.Context(), object(segmentOne, "of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"tokyo", "osaka"} {
		if got := read(t, f.client("restorer", name), segmentOne); got != "of "+name {
			t.Errorf("%s has %q", name, got)
		}
		if b, err := os.ReadFile(filepath.Join(f.dir, name, segmentOne)); err != nil || string(b) != "of "+name {
			t.Errorf("%s has %q: %v", name, b, err)
		}
	}
	if _, err := f.client("restorer", "kyoto").Get(t.Context(), segmentOne); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown sender gives %v", err)
	}
}

func TestReaderAddsNothing(t *testing.T) {
	f := newPeerFixture(t)
	if err := f.client("restorer", "tokyo").Put(t.Context(), object(segmentOne, "x")); !errors.Is(err, ErrRefused) {
		t.Errorf("it gives %v", err)
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	f := newPeerFixture(t)
	f.issue("stranger") // of the same authority, but not registered
	if err := f.client("stranger", "").Put(t.Context(), object(segmentOne, "x")); !errors.Is(err, ErrRefused) {
		t.Errorf("a certificate that is not registered gives %v", err)
	}
	other := newAuthority(t, "another authority")
	cert, key, _ := other.issue("tokyo")
	p, err := OpenPeer(PeerOptions{To: f.server.URL, Certificate: cert, Key: key, CAFile: f.ca()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Put(t.Context(), object(segmentOne, "x")); err == nil {
		t.Error("a certificate of another authority was taken")
	}
	p, err = OpenPeer(PeerOptions{To: f.server.URL, Certificate: filepath.Join(f.authority.dir, "tokyo.pem"), Key: filepath.Join(f.authority.dir, "tokyo.key"), CAFile: other.ca()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Put(t.Context(), object(segmentOne, "x")); err == nil {
		t.Error("a receiver of another authority was believed")
	}
}

func TestReceiverWithoutSpaceSaysSo(t *testing.T) {
	f := newPeerFixture(t)
	f.receiver.folders["tokyo"].free = func(string) (int64, error) { return 0, nil }
	if err := f.client("tokyo", "").Put(t.Context(), object(segmentOne, "x")); !errors.Is(err, ErrFull) {
		t.Errorf("it gives %v", err)
	}
}

func TestObjectThatIsTooLargeIsRefusedBeforeItComes(t *testing.T) {
	f := newPeerFixture(t)
	if got, body := request(t, f.client("tokyo", ""), "PUT", putPath+"anchors/large", make([]byte, maxSmallObject+1), sumHeader, hexSum(nil)); got != 413 {
		t.Errorf("it gives %d %s", got, body)
	}
}

func TestLongListsComeInPages(t *testing.T) {
	f := newPeerFixture(t)
	folder := f.receiver.folders["tokyo"]
	if err := folder.Put(t.Context(), object(checkpointName(0), "")); err != nil {
		t.Fatal(err)
	}
	const n = 2*listPage + 7
	for i := 1; i < n; i++ {
		if err := os.WriteFile(filepath.Join(folder.dir, checkpointName(uint64(i*7919%n))), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(t, f.client("restorer", "tokyo"), checkPrefix); len(got) != n {
		t.Errorf("%d of %d names came", len(got), n)
	}
}

// TestTailsGoOnceTheirSegmentIsHere also keeps those that no segment covers,
// and those that do not match it.
func TestTailsGoOnceTheirSegmentIsHere(t *testing.T) {
	f := newPeerFixture(t)
	v := openVault(t, filepath.Join(t.TempDir(), "vault"), vault.Options{})
	sh := newShipper(t, v, f.client("tokyo", ""))
	for i := range 7 {
		add(t, v, i*30, 30, 30)
		seal(t, v)
		round(t, sh)
	}
	waitSegments(t, v, 2) // of 90 records each
	round(t, sh)
	folder := f.receiver.folders["tokyo"]
	// A tail that claims records of a segment and holds others.
	other := openVault(t, filepath.Join(t.TempDir(), "other"), vault.Options{})
	add(t, other, 5000, 20, 20)
	var b bytes.Buffer
	if err := other.WriteFrames(t.Context(), &b, 1, 20); err != nil {
		t.Fatal(err)
	}
	forged := tail{first: 1, last: 20}.name()
	if err := folder.Put(t.Context(), object(forged, b.String())); err != nil {
		t.Fatal(err)
	}
	done, err := f.receiver.Tidy(t.Context())
	if err != nil || done.Removed != 6 || done.Kept != 2 {
		t.Fatalf("%+v: %v", done, err)
	}
	if a := <-f.alarms; a.Name != forged {
		t.Errorf("the alarm is %+v", a)
	}
	left := list(t, folder, tailPrefix)
	if len(left) != 2 || left[forged] == 0 || left[tail{first: 181, last: 210}.name()] == 0 {
		t.Errorf("left are %v", left)
	}
	if _, r := restoreTo(t, f.client("restorer", "tokyo"), RestoreOptions{}); r.Records != 210 || !r.Report.OK() {
		t.Errorf("restored %+v", r)
	}
}

func TestRegistrationIsChecked(t *testing.T) {
	for _, p := range []Party{{Name: "a"}, {Name: "../a", CommonName: "a"}, {Name: "a/b", CommonName: "a"}, {Name: "", CommonName: "a"}, {Name: "a", Fingerprint: "abc"}, {Name: "a..b", CommonName: "x"}} {
		if _, err := NewReceiver(ReceiverOptions{Dir: t.TempDir(), Senders: []Party{p}}); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
	if _, err := NewReceiver(ReceiverOptions{Dir: t.TempDir(), Senders: []Party{{Name: "a", CommonName: "a"}, {Name: "a", CommonName: "b"}}}); err == nil {
		t.Error("two senders with one folder were taken")
	}
}

// FuzzReceiver sends requests of a registered sender: whatever they say, files
// appear nowhere but in its folder and under names of objects, and no answer is
// an error of ours.
func FuzzReceiver(f *testing.F) {
	f.Add("PUT", putPath+segmentOne, "evidence", hexSum([]byte("evidence")), "2030-01-01T00:00:00Z")
	f.Add("PUT", putPath+"%2e%2e/format", "x", hexSum([]byte("x")), "")
	f.Add("GET", listPath+"tokyo?prefix=../..&after=x", "", "", "")
	f.Add("GET", getPath+"tokyo/format", "", "", "")
	f.Add("DELETE", putPath+"format", "", "zz", "yesterday")
	a := newAuthority(f, "fuzz")
	cert, key, sum := a.issue("tokyo")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		f.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		f.Fatal(err)
	}
	root := f.TempDir()
	dir := filepath.Join(root, "received")
	who := []Party{{Name: "tokyo", Fingerprint: sum}}
	r, err := NewReceiver(ReceiverOptions{Dir: dir, Senders: who, Readers: who})
	if err != nil {
		f.Fatal(err)
	}
	n := newNames()
	f.Fuzz(func(t *testing.T, method, target, body, sum, until string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "https://receiver"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set(sumHeader, sum)
		req.Header.Set(untilHeader, until)
		req.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code >= 500 && w.Code != http.StatusInsufficientStorage {
			t.Fatalf("%s %q gives %d %s", method, target, w.Code, w.Body)
		}
		err = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			rel, err := filepath.Rel(filepath.Join(dir, "tokyo"), path)
			if err != nil || n.check(filepath.ToSlash(rel)) != nil {
				return fmt.Errorf("%s was made: %w", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add("8 1763800000 "+segmentOne+"\nend\n", "", "")
	f.Add("8 1763800000 "+segmentOne+"\nmore\n", "segments/", "")
	f.Add("8 1763800000 ../x\nend\n", "", "")
	f.Add("end\nend\n", "", "")
	n := newNames()
	f.Fuzz(func(t *testing.T, text, prefix, after string) {
		page, more, err := readList(strings.NewReader(text), n, prefix, after)
		if err != nil {
			return
		}
		var b bytes.Buffer
		for _, i := range page {
			if n.check(i.Name) != nil || i.Size < 0 || !strings.HasPrefix(i.Name, prefix) || i.Name <= after {
				t.Fatalf("%+v was taken", i)
			}
			after = i.Name
			if err := writeListLine(&b, i); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintln(&b, map[bool]string{true: listMore, false: listEnd}[more])
		again, _, err := readList(&b, n, prefix, "")
		if err != nil || len(again) != len(page) {
			t.Fatalf("%d of %d are read back: %v", len(again), len(page), err)
		}
	})
}

func TestFingerprintsMayHaveColons(t *testing.T) {
	cert := &x509.Certificate{Raw: []byte("der")}
	sum := hexSum([]byte("der"))
	raw, _ := hex.DecodeString(sum)
	var parts []string
	for _, b := range raw {
		parts = append(parts, fmt.Sprintf("%02X", b))
	}
	if p := (Party{Name: "a", Fingerprint: strings.Join(parts, ":")}); p.check() != nil || !p.is(cert) {
		t.Error("it is not recognised")
	}
	if (Party{Name: "a", Fingerprint: strings.Repeat("0", 64), CommonName: ""}).is(cert) {
		t.Error("another one is recognised")
	}
}
