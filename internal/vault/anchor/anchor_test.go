package anchor

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// keyPair makes a log's key.
func keyPair(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ParseLogKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func TestOpenCheckpointTakesOnlyTheLogsOwn(t *testing.T) {
	signer, key := keyPair(t, "log.example")
	stranger, strange := keyPair(t, "other.example")
	const body = "log.example\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	sign := func(text string, by ...note.Signer) []byte {
		b, err := note.Sign(&note.Note{Text: text}, by...)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cp, err := OpenCheckpoint(sign(body+"an extension\n", signer, stranger), key)
	if err != nil || cp.Size != 12 || cp.Origin != "log.example" || !strings.HasSuffix(cp.Body, "an extension\n") {
		t.Fatalf("%+v, %v", cp, err)
	}
	for name, text := range map[string][]byte{
		"of a stranger":      sign(body, stranger),
		"of another origin":  sign(strings.Replace(body, "log.example", "other.example", 1), signer),
		"leading zero":       sign(strings.Replace(body, "12", "012", 1), signer),
		"sign":               sign(strings.Replace(body, "12", "+12", 1), signer),
		"negative":           sign(strings.Replace(body, "12", "-12", 1), signer),
		"too large":          sign(strings.Replace(body, "12", "4611686018427387904", 1), signer),
		"no root":            sign("log.example\n12\n", signer),
		"short root":         sign("log.example\n12\nAAAA\n", signer),
		"no origin":          sign("\n12\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", signer),
		"longer than 64 KiB": sign(body+strings.Repeat("x", 70_000)+"\n", signer),
		"nothing":            nil,
	} {
		// The stranger is known too, as a witness is: that must not be enough.
		if cp, err := OpenCheckpoint(text, key, strange); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("%s: %+v, %v", name, cp, err)
		}
	}
}
