package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/config"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/vault/copies"
)

// certificates writes an authority and certificates of it for names, and gives
// their fingerprints.
func copyCertificates(t *testing.T, names ...string) (dir string, prints map[string]string) {
	t.Helper()
	dir, prints = t.TempDir(), map[string]string{}
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	for i, name := range append([]string{"ca"}, names...) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: i == 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		if i == 0 {
			parent, parentKey = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		kder, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		put(t, dir, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
		put(t, dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder})))
		sum := sha256.Sum256(der)
		prints[name] = hex.EncodeToString(sum[:])
	}
	return dir, prints
}

// TestLostServerComesBackFromAnotherKonseki: one server receives, another
// acknowledges only what the first has; the second one's folder is lost.
func TestLostServerComesBackFromAnotherKonseki(t *testing.T) {
	t.Parallel()
	dir, prints := copyCertificates(t, "second", "tokyo", "restorer")
	at := func(name string) string { return filepath.Join(dir, name) }
	second := start(t, t.TempDir(), func(o *Options) {
		o.Live, o.Config.Web = true, "127.0.0.1:0"
		o.Config.Receive = config.Receive{
			Listen: "127.0.0.1:0", Certificate: at("second.pem"), Key: at("second.key"), ClientCAFile: at("ca.pem"),
			Senders: []config.Party{{Name: "tokyo", Fingerprint: prints["tokyo"]}}, Readers: []config.Party{{Name: "restorer", CommonName: "restorer"}},
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan Addresses, 1), make(chan error, 1)
	go func() { ended <- second.Serve(ctx, ServeOptions{Ready: func(a Addresses) { ready <- a }}) }()
	address := (<-ready).Copies
	place := config.Copy{To: address, Certificate: at("tokyo.pem"), Key: at("tokyo.key"), CAFile: at("ca.pem")}
	lost := filepath.Join(t.TempDir(), "lost")
	synchronous := func(o *Options) { o.Config.Copies, o.Config.Acknowledge = []config.Copy{place}, config.AcknowledgeCopy }
	first := start(t, lost, synchronous)
	imported(t, first, evidence(t))
	size := first.Vault().Size()
	if st := first.Copies(); len(st) != 1 || st[0].Copied != size || st[0].Behind != 0 {
		t.Errorf("copies are %+v of %d records", st, size)
	}
	closed(t, first)
	key, err := os.ReadFile(filepath.Join(lost, "vault", "key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(lost); err != nil {
		t.Fatal(err)
	}
	store, err := OpenCopy(config.Copy{To: address, Certificate: at("restorer.pem"), Key: at("restorer.key"), CAFile: at("ca.pem")}, "tokyo")
	if err != nil {
		t.Fatal(err)
	}
	r, err := copies.Restore(t.Context(), store, lost, copies.RestoreOptions{Key: key})
	if err != nil || !r.Report.OK() || r.Records < size || len(r.Missing) > 0 {
		t.Fatalf("restored %+v: %v", r, err)
	}
	again := start(t, lost, synchronous)
	if got := search(t, again, "user:staff01"); got.Total == 0 {
		t.Error("the restored server does not find staff01")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	closed(t, second)
	// Without its second place it takes nothing in, and says why.
	_, err = again.Search(t.Context(), "sato", control.Search{Query: "user:sato"})
	if err == nil || !strings.Contains(err.Error(), "second") {
		t.Errorf("without the second place an answer is given that nobody can prove was asked: %v", err)
	}
	_ = again.Close() // what it could not record it says
}
