package vault

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// TestLeafIsThatOfTheFormatDocument holds the leaf against the example in
// docs/format.md.
func TestLeafIsThatOfTheFormatDocument(t *testing.T) {
	leaf := Leaf(event.Record{Seq: 1, Received: time.Unix(0, 0), Source: "vpn", Transport: "file", Raw: []byte("hello")})
	const want = "0371d0f666cef0b5d143553bb6c494741e7bb0ceea1cb79df1e5680d50bab32e"
	if got := hex.EncodeToString(leaf[:]); got != want {
		t.Errorf("leaf %s, documented %s", got, want)
	}
}
