package handover

import (
	"bytes"
	"testing"
)

func FuzzFrame(f *testing.F) {
	f.Add([]byte("c\x00\x00\x00\x02{}"))
	f.Add([]byte("i\x00\x00\x00\x00"))
	f.Add([]byte("o\x00\x01\x00\x01"))
	f.Add([]byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		_, got, err := readFrame(r)
		if err != nil {
			return
		}
		if used := len(b) - r.Len(); len(got) > maxFrame || used != 5+len(got) || !bytes.Equal(got, b[5:used]) {
			t.Errorf("%q is read as %q", b, got)
		}
	})
}
