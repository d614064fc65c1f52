package vault

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"
	"github.com/konseki/konseki/internal/event"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// checkTree compares our tree over n leaves with x/mod's, and the path of leaf
// i with its checker.
func checkTree(t *rapid.T, n, i int) {
	leaves := make([]tlog.Hash, n)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for k, j := range at {
			out[k] = stored[j]
		}
		return out, nil
	})
	for k := range leaves {
		leaves[k] = tlog.RecordHash([]byte{byte(k), byte(k >> 8)})
		h, err := tlog.StoredHashesForRecordHash(int64(k), leaves[k], reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, h...)
	}
	want, err := tlog.TreeHash(int64(n), reader)
	if err != nil {
		t.Fatal(err)
	}
	tr := seal.NewTree(leaves)
	if tr.Root() != want {
		t.Fatalf("root over %d leaves differs", n)
	}
	if err := tlog.CheckRecord(tr.Path(i), int64(n), want, int64(i), leaves[i]); err != nil {
		t.Fatalf("path of %d in %d: %v", i, n, err)
	}
}

func FuzzWALFrame(f *testing.F) {
	rec := event.Record{Seq: 7, Received: time.Unix(1_790_000_000, 1), Source: "vpn", Transport: "file;enc=shift_jis", Raw: []byte("raw")}
	frame := ondisk.AppendFrame(nil, &rec, &ondisk.Kept{Form: ondisk.FormWhole, Body: rec.Raw}, nil)
	f.Add(frame)
	f.Add(append(frame, frame[:11]...))
	f.Add(ondisk.AppendFrame(nil, &rec, &ondisk.Kept{Form: ondisk.FormParts, Commit: make([]byte, seal.SecretLen), Body: rec.Raw}, nil))
	f.Add(ondisk.AppendFrame(nil, &rec, &ondisk.Kept{Form: ondisk.FormKeyed, Key: "records vpn", Commit: make([]byte, seal.SecretLen), Body: make([]byte, 70)}, nil))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := ondisk.NewWALScanner(bytes.NewReader(b), nil, 0, int64(len(b)))
		for at := int64(0); ; at = s.Pos {
			p, err := s.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, ondisk.ErrTorn) {
					t.Fatal(err)
				}
				return
			}
			r := event.Record{Seq: p.Seq, Received: time.Unix(0, p.Received), Source: string(p.Source), Transport: string(p.Transport)}
			k := ondisk.Kept{Form: p.Form, Key: p.Key, Commit: p.Commit, Body: p.Body}
			if again := ondisk.AppendFrame(nil, &r, &k, nil); !bytes.Equal(again, b[at:s.Pos]) {
				t.Fatalf("frame %x reads as %x", b[at:s.Pos], again)
			}
		}
	})
}

func FuzzBatchEntry(f *testing.F) {
	f.Add(seal.Batch{First: 1, Count: 65536, Sealed: time.Unix(1_790_000_000, 5)}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if parsed, err := seal.ParseBatch(b); err == nil && !bytes.Equal(parsed.Encode(), b) {
			t.Fatalf("%q reads as %q", b, parsed.Encode())
		}
	})
}

// proven makes a record, its proof as JSON, and the key.
func proven(t testing.TB) (rec event.Record, proof []byte, key string) {
	t.Helper()
	opts := quiet()
	opts.BatchRecords = 5
	v := openNew(t, opts)
	recs := records(1, 23)
	mustAppend(t, v, recs)
	mustSeal(t, v)
	p, err := v.Prove(t.Context(), 13)
	if err != nil {
		t.Fatal(err)
	}
	if proof, err = json.Marshal(p); err != nil {
		t.Fatal(err)
	}
	return recs[12], proof, v.Status().PublicKey
}

func TestG3ProofVerifiesOfflineWithThePublicKeyOnly(t *testing.T) {
	rec, text, key := proven(t)
	p, err := seal.ParseProof(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(key, rec); err != nil {
		t.Fatal(err)
	}
	_, _, other := proven(t)
	if err := p.Verify(other, rec); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("with another key: %v", err)
	}
	changes := map[string]func(r *event.Record, p *seal.Proof){
		"raw":        func(r *event.Record, _ *seal.Proof) { r.Raw = append([]byte{}, 'x') },
		"source":     func(r *event.Record, _ *seal.Proof) { r.Source += "x" },
		"transport":  func(r *event.Record, _ *seal.Proof) { r.Transport = "" },
		"received":   func(r *event.Record, _ *seal.Proof) { r.Received = r.Received.Add(1) },
		"seq":        func(r *event.Record, p *seal.Proof) { r.Seq++; p.Seq++ },
		"batch":      func(_ *event.Record, p *seal.Proof) { p.BatchFirst--; p.BatchCount++ },
		"batch path": func(_ *event.Record, p *seal.Proof) { p.BatchPath[0][0] ^= 1 },
		"log path":   func(_ *event.Record, p *seal.Proof) { p.LogPath[0][0] ^= 1 },
		"root":       func(_ *event.Record, p *seal.Proof) { p.BatchRoot[31] ^= 1 },
		"sealed at":  func(_ *event.Record, p *seal.Proof) { p.SealedAt = p.SealedAt.Add(time.Second) },
		"index":      func(_ *event.Record, p *seal.Proof) { p.LogIndex++ },
		"size":       func(_ *event.Record, p *seal.Proof) { p.LogSize++ },
		"version":    func(_ *event.Record, p *seal.Proof) { p.LeafVersion = 2 },
		"checkpoint": func(_ *event.Record, p *seal.Proof) { p.Checkpoint = "x" + p.Checkpoint },
	}
	for name, change := range changes {
		p, err := seal.ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		r := rec
		change(&r, p)
		if err := p.Verify(key, r); !errors.Is(err, seal.ErrTampered) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
}

func FuzzProof(f *testing.F) {
	rec, text, key := proven(f)
	f.Add(text)
	f.Add([]byte(`{"batch_path":[""],"log_size":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := seal.ParseProof(b)
		if err != nil {
			return
		}
		if p.Verify(key, rec) != nil {
			return
		}
		other := rec
		other.Raw = append(bytes.Clone(rec.Raw), 'x')
		if p.Verify(key, other) == nil {
			t.Fatal("one proof for two records")
		}
	})
}

func FuzzSegment(f *testing.F) {
	dir := sealedVault(f)
	b, err := os.ReadFile(segmentPath(dir, 201, 400))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := ondisk.OpenSegment(ondisk.OSDisk{}, ondisk.Segment{Path: path, First: 201, Last: 400}, nil)
		if err != nil {
			return
		}
		defer r.Close()
		for g := range r.Groups {
			_ = r.Group(g, 0, func(*ondisk.Payload, int32) bool { return true })
		}
	})
}
