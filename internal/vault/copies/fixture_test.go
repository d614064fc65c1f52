package copies

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func object(name, content string) Object { return bytesObject(name, []byte(content)) }

func read(t testing.TB, s Store, name string) string {
	t.Helper()
	r, err := s.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func list(t testing.TB, s Store, prefix string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[info.Name]; twice {
			t.Errorf("%s is listed twice", info.Name)
		}
		out[info.Name] = info.Size
	}
	return out
}

// authority makes certificates for tests, as PEM files in its folder.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key = a.newKey()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *authority) write(name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func (a *authority) ca() string { return filepath.Join(a.dir, "ca.pem") }

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue makes a certificate for a name on loopback and gives its files and
// its fingerprint.
func (a *authority) issue(name string) (cert, key, fingerprint string) {
	a.n++
	k := a.newKey()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(a.n + 1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	kder, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return a.write(name+".pem", "CERTIFICATE", der), a.write(name+".key", "PRIVATE KEY", kder), hex.EncodeToString(sum[:])
}

// peerFixture is a receiver on loopback with one sender and one reader.
type peerFixture struct {
	*authority
	dir      string
	receiver *Receiver
	server   *httptest.Server
	alarms   chan Alarm
}

func newPeerFixture(t testing.TB) *peerFixture {
	t.Helper()
	f := &peerFixture{authority: newAuthority(t, "test authority"), dir: t.TempDir(), alarms: make(chan Alarm, 16)}
	_, _, tokyo := f.issue("tokyo")
	_, _, reader := f.issue("restorer")
	var err error
	f.receiver, err = NewReceiver(ReceiverOptions{
		Dir: f.dir, Senders: []Party{{Name: "tokyo", Fingerprint: tokyo}, {Name: "osaka", CommonName: "osaka"}},
		Readers: []Party{{Name: "restorer", Fingerprint: reader}}, Alarm: func(a Alarm) { f.alarms <- a },
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.receiver.Close() })
	f.serve("127.0.0.1:0")
	return f
}

// serve starts the receiver's server on an address.
func (f *peerFixture) serve(address string) {
	f.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		f.t.Fatal(err)
	}
	cert, key, _ := f.issue("receiver")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		f.t.Fatal(err)
	}
	f.server = httptest.NewUnstartedServer(f.receiver)
	_ = f.server.Listener.Close()
	f.server.Listener = l
	f.server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: f.pool(), ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	f.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	f.server.StartTLS()
	f.t.Cleanup(f.server.Close)
}

func (f *peerFixture) client(name, sender string) *Peer {
	f.t.Helper()
	p, err := OpenPeer(PeerOptions{
		To: f.server.URL, Certificate: filepath.Join(f.authority.dir, name+".pem"), Key: filepath.Join(f.authority.dir, name+".key"),
		CAFile: f.ca(), Sender: sender,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(p.http.CloseIdleConnections)
	return p
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}

// both adds with one store and reads with another, as a sender and a restorer
// with credentials of their own do.
type both struct{ add, look Store }

func (b both) Put(ctx context.Context, o Object) error { return b.add.Put(ctx, o) }
func (b both) String() string                          { return b.add.String() }
func (b both) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	return b.look.Get(ctx, name)
}
func (b both) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return b.look.List(ctx, prefix)
}

func request(t testing.TB, p *Peer, method, path string, body []byte, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func hexSum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
