package anchor

import (
	"bytes"
	"crypto"
	"crypto/sha1" // ESSCertID of RFC 2634 is SHA-1; it names a certificate that is verified by other means
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// ErrToken says that a time-stamping authority's reply is not a token over what
// was sent, or not by an authority that is trusted.
var ErrToken = errors.New("not a valid timestamp")

const maxCertificates = 16

// tokenInfo is what a verified token states (RFC 3161 §2.4.2).
type tokenInfo struct {
	Time   time.Time
	Nonce  *big.Int // nil when it has none
	Serial *big.Int
	Signer string // subject of the authority's certificate
}

// The structures of RFC 3161 §2.4.2 and RFC 5652 §3, §5.1, §5.3, in DER.
type tsReply struct {
	Status struct {
		Status  int
		Strings []asn1.RawValue `asn1:"optional"`
		Failure asn1.BitString  `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

type cmsContent struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type cmsSigned struct {
	Version      int
	Digests      asn1.RawValue
	Encapsulated struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Revocations  asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []cmsSigner   `asn1:"set"`
}

type cmsSigner struct {
	Version    int
	Issuer     cmsIssuer
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
	Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
}

type cmsIssuer struct {
	Name   asn1.RawValue
	Serial *big.Int
}

type cmsAttribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

type tstInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	Serial   *big.Int
	Time     time.Time `asn1:"generalized"`
	Accuracy struct {
		Seconds int `asn1:"optional"`
		Millis  int `asn1:"optional,tag:0"`
		Micros  int `asn1:"optional,tag:1"`
	} `asn1:"optional"`
	Ordering   bool             `asn1:"optional,default:false"`
	Nonce      *big.Int         `asn1:"optional"`
	Authority  asn1.RawValue    `asn1:"optional,tag:0"`
	Extensions []pkix.Extension `asn1:"optional,tag:1"`
}

// Object identifiers.
const (
	oidSigned      = "1.2.840.113549.1.7.2"
	oidTSTInfo     = "1.2.840.113549.1.9.16.1.4"
	oidContentType = "1.2.840.113549.1.9.3"
	oidDigest      = "1.2.840.113549.1.9.4"
	oidCertV1      = "1.2.840.113549.1.9.16.2.12"
	oidCertV2      = "1.2.840.113549.1.9.16.2.47"
	oidKeyUsage    = "2.5.29.37"
	oidTimeStamp   = "1.3.6.1.5.5.7.3.8"
	oidRSA         = "1.2.840.113549.1.1.1"
	oidSHA256      = "2.16.840.1.101.3.4.2.1"
	oidSHA384      = "2.16.840.1.101.3.4.2.2"
	oidSHA512      = "2.16.840.1.101.3.4.2.3"
)

// verifyToken verifies a reply of at most 64 KiB over the bytes signed: granted,
// their SHA-256 as imprint, one signer with the attributes that RFC 3161 §2.4.2
// and RFC 5816 ask for, and a certificate for nothing but time-stamping that was
// valid at the stated time and leads to one of roots. The reply is DER.
func verifyToken(reply, signed []byte, roots *x509.CertPool) (tokenInfo, error) {
	info, err := openToken(reply, signed, roots)
	if err != nil {
		return tokenInfo{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return info, nil
}

func openToken(reply, signed []byte, roots *x509.CertPool) (tokenInfo, error) {
	if len(reply) > maxReply {
		return tokenInfo{}, fmt.Errorf("%d bytes, at most %d", len(reply), maxReply)
	}
	cms, err := parseReply(reply)
	if err != nil {
		return tokenInfo{}, err
	}
	var tst tstInfo
	if err := unmarshal(cms.Encapsulated.Content, &tst); err != nil {
		return tokenInfo{}, fmt.Errorf("TSTInfo: %w", err)
	}
	sum := sha256.Sum256(signed)
	switch {
	case tst.Version != 1:
		return tokenInfo{}, fmt.Errorf("TSTInfo has version %d", tst.Version)
	case tst.Imprint.Algorithm.Algorithm.String() != oidSHA256 || !bytes.Equal(tst.Imprint.Hash, sum[:]):
		return tokenInfo{}, errors.New("it is over something else")
	}
	signer, err := checkSigner(cms)
	if err != nil {
		return tokenInfo{}, err
	}
	if err := checkCertificate(signer.leaf, signer.others, roots, tst.Time); err != nil {
		return tokenInfo{}, err
	}
	return tokenInfo{Time: tst.Time.UTC(), Nonce: tst.Nonce, Serial: tst.Serial, Signer: signer.leaf.Subject.String()}, nil
}

// parseReply takes a reply apart down to the signed content.
func parseReply(reply []byte) (*cmsSigned, error) {
	var r tsReply
	if err := unmarshal(reply, &r); err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	if s := r.Status.Status; s != 0 && s != 1 { // granted, granted with modifications
		return nil, fmt.Errorf("the authority refused: status %d, failure bits %x", s, r.Status.Failure.Bytes)
	}
	var content cmsContent
	if err := unmarshal(r.Token.FullBytes, &content); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if content.Type.String() != oidSigned {
		return nil, errors.New("the token is not signed data")
	}
	var cms cmsSigned
	if err := unmarshal(content.Content.Bytes, &cms); err != nil {
		return nil, fmt.Errorf("signed data: %w", err)
	}
	switch {
	case cms.Encapsulated.Type.String() != oidTSTInfo:
		return nil, errors.New("the token does not hold a TSTInfo")
	case len(cms.Signers) != 1:
		return nil, fmt.Errorf("the token has %d signers, it must have one", len(cms.Signers))
	}
	return &cms, nil
}

// unmarshal reads DER and refuses what follows it.
func unmarshal(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow", len(rest))
	}
	return err
}

type tokenSigner struct {
	leaf   *x509.Certificate
	others []*x509.Certificate
}

// checkSigner verifies the signature with the certificate in the token.
func checkSigner(cms *cmsSigned) (tokenSigner, error) {
	s := cms.Signers[0]
	certs, err := x509.ParseCertificates(cms.Certificates.Bytes)
	if err != nil {
		return tokenSigner{}, fmt.Errorf("certificates in the token: %w", err)
	}
	if len(certs) == 0 || len(certs) > maxCertificates {
		return tokenSigner{}, fmt.Errorf("the token has %d certificates, 1 to %d are wanted", len(certs), maxCertificates)
	}
	var out tokenSigner
	for _, c := range certs {
		if out.leaf == nil && bytes.Equal(c.RawIssuer, s.Issuer.Name.FullBytes) && c.SerialNumber.Cmp(s.Issuer.Serial) == 0 {
			out.leaf = c
			continue
		}
		out.others = append(out.others, c)
	}
	if out.leaf == nil {
		return out, errors.New("the signer's certificate is not in the token")
	}
	hash, err := digestOf(s.Digest.Algorithm)
	if err != nil {
		return out, err
	}
	attributes, err := readAttributes(s.Attributes.Bytes)
	if err != nil {
		return out, err
	}
	if err := checkAttributes(attributes, cms.Encapsulated.Content, hash, out.leaf); err != nil {
		return out, err
	}
	algorithm, err := signatureAlgorithm(s.Algorithm.Algorithm, hash)
	if err != nil {
		return out, err
	}
	// What is signed are the attributes as a SET, not under their tag [0].
	set := bytes.Clone(s.Attributes.FullBytes)
	set[0] = 0x31
	if err := out.leaf.CheckSignature(algorithm, set, s.Signature); err != nil {
		return out, fmt.Errorf("signature: %w", err)
	}
	return out, nil
}

// readAttributes gives the one value of each signed attribute by its type.
func readAttributes(der []byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	for len(der) > 0 {
		var a cmsAttribute
		rest, err := asn1.Unmarshal(der, &a)
		if err != nil {
			return nil, fmt.Errorf("signed attributes: %w", err)
		}
		if _, twice := out[a.Type.String()]; twice {
			return nil, errors.New("a signed attribute stands twice")
		}
		out[a.Type.String()], der = a.Values.Bytes, rest
	}
	return out, nil
}

// checkAttributes checks that the signature is over this content and names this
// certificate (RFC 5652 §11, RFC 2634 §5.4, RFC 5035 §3).
func checkAttributes(attributes map[string][]byte, content []byte, hash crypto.Hash, leaf *x509.Certificate) error {
	var kind asn1.ObjectIdentifier
	if err := unmarshal(attributes[oidContentType], &kind); err != nil || kind.String() != oidTSTInfo {
		return errors.New("the signature is not over a TSTInfo")
	}
	var digest []byte
	h := hash.New()
	h.Write(content)
	if err := unmarshal(attributes[oidDigest], &digest); err != nil || !bytes.Equal(digest, h.Sum(nil)) {
		return errors.New("the signature is over other content")
	}
	if v2, ok := attributes[oidCertV2]; ok {
		return checkCertV2(v2, leaf)
	}
	v1, ok := attributes[oidCertV1]
	if !ok {
		return errors.New("the signature does not name its certificate")
	}
	var named struct {
		Certs []struct {
			Hash   []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	sum := sha1.Sum(leaf.Raw)
	if err := unmarshal(v1, &named); err != nil || len(named.Certs) == 0 || !bytes.Equal(named.Certs[0].Hash, sum[:]) {
		return errors.New("the signature names another certificate")
	}
	return nil
}

func checkCertV2(der []byte, leaf *x509.Certificate) error {
	var named struct {
		Certs    []asn1.RawValue
		Policies asn1.RawValue `asn1:"optional"`
	}
	wrong := errors.New("the signature names another certificate")
	if err := unmarshal(der, &named); err != nil || len(named.Certs) == 0 {
		return wrong
	}
	// ESSCertIDv2: the algorithm is left out when it is SHA-256.
	hash, rest := crypto.SHA256, named.Certs[0].Bytes
	var algorithm pkix.AlgorithmIdentifier
	if after, err := asn1.Unmarshal(rest, &algorithm); err == nil {
		if hash, err = digestOf(algorithm.Algorithm); err != nil {
			return err
		}
		rest = after
	}
	var sum []byte
	if _, err := asn1.Unmarshal(rest, &sum); err != nil {
		return wrong
	}
	h := hash.New()
	h.Write(leaf.Raw)
	if !bytes.Equal(sum, h.Sum(nil)) {
		return wrong
	}
	return nil
}

func digestOf(oid asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch oid.String() {
	case oidSHA256:
		return crypto.SHA256, nil
	case oidSHA384:
		return crypto.SHA384, nil
	case oidSHA512:
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("hash algorithm %s is not one of SHA-256, SHA-384 and SHA-512", oid)
}

// signatureAlgorithm joins what CMS says in two places.
func signatureAlgorithm(oid asn1.ObjectIdentifier, hash crypto.Hash) (x509.SignatureAlgorithm, error) {
	type pair struct {
		oid  string
		hash crypto.Hash
	}
	known := map[pair]x509.SignatureAlgorithm{
		{oidRSA, crypto.SHA256}: x509.SHA256WithRSA, {oidRSA, crypto.SHA384}: x509.SHA384WithRSA, {oidRSA, crypto.SHA512}: x509.SHA512WithRSA,
		{"1.2.840.113549.1.1.11", crypto.SHA256}: x509.SHA256WithRSA, {"1.2.840.113549.1.1.12", crypto.SHA384}: x509.SHA384WithRSA,
		{"1.2.840.113549.1.1.13", crypto.SHA512}: x509.SHA512WithRSA,
		{"1.2.840.10045.4.3.2", crypto.SHA256}:   x509.ECDSAWithSHA256, {"1.2.840.10045.4.3.3", crypto.SHA384}: x509.ECDSAWithSHA384,
		{"1.2.840.10045.4.3.4", crypto.SHA512}: x509.ECDSAWithSHA512, {"1.3.101.112", crypto.SHA512}: x509.PureEd25519,
	}
	a, ok := known[pair{oid.String(), hash}]
	if !ok {
		return 0, fmt.Errorf("signature algorithm %s with %s is not known", oid, hash)
	}
	return a, nil
}

// checkCertificate checks that the certificate is for time-stamping alone, said
// in a critical extension (RFC 3161 §2.3), and was valid at the stated time
// under one of roots. That it has expired since takes nothing from the token.
func checkCertificate(leaf *x509.Certificate, others []*x509.Certificate, roots *x509.CertPool, at time.Time) error {
	usages := len(leaf.ExtKeyUsage) + len(leaf.UnknownExtKeyUsage)
	critical := false
	for _, e := range leaf.Extensions {
		critical = critical || e.Id.String() == oidKeyUsage && e.Critical
	}
	if usages != 1 || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || !critical {
		return fmt.Errorf("the certificate of %.100q is not for time-stamping alone (extended key usage %s, critical)", leaf.Subject, oidTimeStamp)
	}
	between := x509.NewCertPool()
	for _, c := range others {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("certificate at %s: %w", at.UTC().Format(time.RFC3339), err)
	}
	return nil
}
