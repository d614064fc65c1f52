package vault

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
)

// TestLeafIsThatOfTheFormatDocument holds the leaf against the example in
// docs/format.md.
func TestLeafIsThatOfTheFormatDocument(t *testing.T) {
	leaf := seal.Leaf(event.Record{Seq: 1, Received: time.Unix(0, 0), Source: "vpn", Transport: "file", Raw: []byte("hello")})
	const want = "0371d0f666cef0b5d143553bb6c494741e7bb0ceea1cb79df1e5680d50bab32e"
	if got := hex.EncodeToString(leaf[:]); got != want {
		t.Errorf("leaf %s, documented %s", got, want)
	}
}

// TestLeafOfPartsIsThatOfTheFormatDocument does so for a record in parts.
func TestLeafOfPartsIsThatOfTheFormatDocument(t *testing.T) {
	content := seal.PartsContent(bytes.Repeat([]byte{1}, seal.SecretLen), []byte("user=kay"))
	leaf := seal.LeafOf(event.Record{Seq: 1, Received: time.Unix(0, 0), Source: "vpn", Transport: "file"}, seal.LeafParts, content)
	const wantContent, wantLeaf = "2c35eca435abadd39050d4891f9c9e4776b696d214870aba4876076e83ca461d", "819c3dc9125fa9081b293215ea8bb9ba07865c25074069e4cb876d043339482d"
	if got := hex.EncodeToString(content[:]); got != wantContent {
		t.Errorf("content %s, documented %s", got, wantContent)
	}
	if got := hex.EncodeToString(leaf[:]); got != wantLeaf {
		t.Errorf("leaf %s, documented %s", got, wantLeaf)
	}
}
