package anchor

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	dts "github.com/digitorus/timestamp"
)

func parsePEM(t testing.TB, b []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatal("no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forgeToken signs a token without looking at what the certificate is for.
func forgeToken(t testing.TB, signed []byte, leaf *x509.Certificate, key []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write(signed)
	stamp := dts.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: h.Sum(nil), Time: time.Now().UTC(), SerialNumber: big.NewInt(1),
		Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true,
	}
	reply, err := stamp.CreateResponseWithOpts(leaf, parsed.(*ecdsa.PrivateKey), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}
