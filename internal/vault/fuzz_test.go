package vault

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	tr := newTree(leaves)
	if tr.root() != want {
		t.Fatalf("root over %d leaves differs", n)
	}
	if err := tlog.CheckRecord(tr.path(i), int64(n), want, int64(i), leaves[i]); err != nil {
		t.Fatalf("path of %d in %d: %v", i, n, err)
	}
}

func FuzzWALFrame(f *testing.F) {
	rec := event.Record{Seq: 7, Received: time.Unix(1_790_000_000, 1), Source: "vpn", Transport: "file;enc=shift_jis", Raw: []byte("raw")}
	frame := appendFrame(nil, &rec, &kept{form: formWhole, body: rec.Raw}, nil)
	f.Add(frame)
	f.Add(append(frame, frame[:11]...))
	f.Add(appendFrame(nil, &rec, &kept{form: formParts, commit: make([]byte, secretLen), body: rec.Raw}, nil))
	f.Add(appendFrame(nil, &rec, &kept{form: formKeyed, key: "records vpn", commit: make([]byte, secretLen), body: make([]byte, 70)}, nil))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newWALScanner(bytes.NewReader(b), nil, 0, int64(len(b)))
		for at := int64(0); ; at = s.pos {
			p, err := s.next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, errTorn) {
					t.Fatal(err)
				}
				return
			}
			r := event.Record{Seq: p.seq, Received: time.Unix(0, p.received), Source: string(p.source), Transport: string(p.transport)}
			k := kept{form: p.form, key: p.key, commit: p.commit, body: p.body}
			if again := appendFrame(nil, &r, &k, nil); !bytes.Equal(again, b[at:s.pos]) {
				t.Fatalf("frame %x reads as %x", b[at:s.pos], again)
			}
		}
	})
}

func FuzzBatchEntry(f *testing.F) {
	f.Add(batch{first: 1, count: 65536, sealed: time.Unix(1_790_000_000, 5)}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if parsed, err := parseBatch(b); err == nil && !bytes.Equal(parsed.encode(), b) {
			t.Fatalf("%q reads as %q", b, parsed.encode())
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
	p, err := ParseProof(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(key, rec); err != nil {
		t.Fatal(err)
	}
	_, _, other := proven(t)
	if err := p.Verify(other, rec); !errors.Is(err, ErrTampered) {
		t.Errorf("with another key: %v", err)
	}
	changes := map[string]func(r *event.Record, p *Proof){
		"raw":        func(r *event.Record, _ *Proof) { r.Raw = append([]byte{}, 'x') },
		"source":     func(r *event.Record, _ *Proof) { r.Source += "x" },
		"transport":  func(r *event.Record, _ *Proof) { r.Transport = "" },
		"received":   func(r *event.Record, _ *Proof) { r.Received = r.Received.Add(1) },
		"seq":        func(r *event.Record, p *Proof) { r.Seq++; p.Seq++ },
		"batch":      func(_ *event.Record, p *Proof) { p.BatchFirst--; p.BatchCount++ },
		"batch path": func(_ *event.Record, p *Proof) { p.BatchPath[0][0] ^= 1 },
		"log path":   func(_ *event.Record, p *Proof) { p.LogPath[0][0] ^= 1 },
		"root":       func(_ *event.Record, p *Proof) { p.BatchRoot[31] ^= 1 },
		"sealed at":  func(_ *event.Record, p *Proof) { p.SealedAt = p.SealedAt.Add(time.Second) },
		"index":      func(_ *event.Record, p *Proof) { p.LogIndex++ },
		"size":       func(_ *event.Record, p *Proof) { p.LogSize++ },
		"version":    func(_ *event.Record, p *Proof) { p.LeafVersion = 2 },
		"checkpoint": func(_ *event.Record, p *Proof) { p.Checkpoint = "x" + p.Checkpoint },
	}
	for name, change := range changes {
		p, err := ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		r := rec
		change(&r, p)
		if err := p.Verify(key, r); !errors.Is(err, ErrTampered) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
}

func FuzzProof(f *testing.F) {
	rec, text, key := proven(f)
	f.Add(text)
	f.Add([]byte(`{"batch_path":[""],"log_size":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
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
		r, err := openSegment(osDisk{}, Segment{Path: path, First: 201, Last: 400}, nil)
		if err != nil {
			return
		}
		defer r.close()
		for g := range r.groups {
			_ = r.group(g, 0, func(*payload, int32) bool { return true })
		}
	})
}
