package server

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"testing"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/config"
)

func TestAnEmptySecretOpensNoDoor(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []config.Fluent{
		{SharedKeyFile: empty},
		{SharedKeyFile: empty + ".none"},
	} {
		if _, err := fluentDoors(c, nil); err == nil {
			t.Errorf("%+v opens a door", c)
		}
	}
}

func TestCertificatesTellSendersOnlyWhereSomebodyVouchesForThem(t *testing.T) {
	leaf := &x509.Certificate{Raw: []byte("der"), Subject: pkix.Name{CommonName: "web1"}}
	state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	if who, ok := identify(nil)(state); who.Proved() || !ok {
		t.Errorf("a certificate of nobody proves %+v", who)
	}
	state.VerifiedChains = [][]*x509.Certificate{{leaf}}
	if who, _ := identify(nil)(state); who.Name != "web1" || !who.May("syslog") {
		t.Errorf("%+v", who)
	}
	known := []sender.Certificate{{Name: "web1", Sources: []string{"web"}}}
	if who, _ := identify(known)(state); who.May("syslog") || !who.May("web") {
		t.Errorf("%+v", who)
	}
	base := &tls.Config{ClientCAs: x509.NewCertPool(), ClientAuth: tls.VerifyClientCertIfGiven}
	if demandCertificates(base).ClientAuth != tls.RequireAndVerifyClientCert || demandCertificates(nil) != nil {
		t.Error("a door with an authority for clients lets in those without a certificate")
	}
}
