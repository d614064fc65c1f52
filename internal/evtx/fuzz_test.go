package evtx_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/evtx"
	"github.com/konseki/konseki/internal/evtx/evtxtest"
)

// FuzzChunk reads any bytes as a chunk: it ends, gives valid JSON and UTF-8 and
// places within the chunk, and the same again from a Reader that has read before.
func FuzzChunk(f *testing.F) {
	chunk := logons(3)
	f.Add(chunk[:4096])
	for _, c := range hostile() {
		f.Add(c.chunk[:8192])
	}
	damaged := logons(2)
	damaged[600]++
	f.Add(damaged[:4096])
	used := evtx.NewReader()
	f.Fuzz(func(t *testing.T, given []byte) {
		data := bytes.Clone(given)
		if evtx.IsChunk(data) && len(data) >= 512 {
			evtxtest.SealChunk(data) // or nothing behind the header would be reached
		}
		var first []string
		for rec, damage := range used.Chunk(data) {
			if (rec == nil) == (damage == nil) {
				t.Fatal("neither or both")
			}
			if damage != nil {
				if damage.Offset < 0 || damage.Size < 0 || damage.Offset+damage.Size > len(data)+8 {
					t.Fatalf("%+v of %d bytes", damage, len(data))
				}
				first = append(first, damage.Error())
				continue
			}
			out := rec.AppendJSON(nil)
			if !jsontext.Value(out).IsValid() {
				t.Fatalf("not JSON: %s", out)
			}
			for _, field := range rec.Fields(nil) {
				if !utf8.ValidString(field.Name) || !utf8.ValidString(field.Value) || field.Value == "" {
					t.Fatalf("field %q", field)
				}
			}
			first = append(first, string(out))
		}
		var again []string
		for rec, damage := range evtx.NewReader().Chunk(data) {
			if damage != nil {
				again = append(again, damage.Error())
			} else {
				again = append(again, string(rec.AppendJSON(nil)))
			}
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzHeader reads any bytes as the header of a file.
func FuzzHeader(f *testing.F) {
	f.Add(evtxtest.Header(1, 2, 3)[:128])
	f.Add([]byte("ElfFile\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := evtx.ParseHeader(data)
		if err == nil && !evtx.IsFile(data) {
			t.Errorf("%+v", h)
		}
	})
}
