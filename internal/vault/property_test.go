package vault

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/konseki/konseki/internal/event"
	"pgregory.net/rapid"
)

// machine drives a vault through random operations and keeps what it should
// hold beside it.
type machine struct {
	t    *testing.T
	dir  string
	opts Options
	v    *Vault
	want []event.Record
	seal uint64 // records known to be sealed
}

func (m *machine) open(t *rapid.T) {
	v, err := OpenOrCreate(m.dir, m.opts)
	if err != nil {
		t.Fatal(err)
	}
	m.v = v
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"append": func(t *rapid.T) {
			recs := records(len(m.want)+1, rapid.IntRange(1, 60).Draw(t, "count"))
			if err := m.v.Append(m.t.Context(), recs); err != nil {
				t.Fatal(err)
			}
			m.want = append(m.want, recs...)
		},
		"seal": func(t *rapid.T) {
			if err := m.v.Seal(m.t.Context()); err != nil {
				t.Fatal(err)
			}
			m.seal = uint64(len(m.want))
		},
		"roll": func(t *rapid.T) {
			if err := m.v.roll(); err != nil {
				t.Fatal(err)
			}
		},
		"reopen": func(t *rapid.T) {
			if err := m.v.Close(); err != nil {
				t.Fatal(err)
			}
			m.seal = uint64(len(m.want))
			m.open(t)
		},
		"crash": func(t *rapid.T) {
			abandon(m.v)
			m.open(t)
		},
		"": m.check,
	}
}

// check holds the vault against what it should be.
func (m *machine) check(t *rapid.T) {
	if got := m.v.Size(); got != uint64(len(m.want)) {
		t.Fatalf("size %d, want %d", got, len(m.want))
	}
	var got []event.Record
	for r, err := range m.v.Records(m.t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if diff := cmp.Diff(m.want, got); diff != "" {
		t.Fatalf("records: %s", diff)
	}
	before := m.v.Status()
	if before.Sealed < m.seal || before.Sealed > before.Size || (before.TailAge > 0 && before.Sealed == before.Size) {
		t.Fatalf("sealed %d of %d, at least %d expected", before.Sealed, before.Size, m.seal)
	}
	if last := lastOf(m.v.Segments()); last > before.Sealed {
		t.Fatalf("segments reach %d, sealed is %d", last, before.Sealed)
	}
	report, err := Verify(m.t.Context(), m.dir, VerifyOptions{PublicKey: before.PublicKey})
	if err != nil || !report.OK() || report.Sealed < before.Sealed || report.Records != uint64(len(m.want)) {
		t.Fatalf("verify: %v, %+v", err, report)
	}
	m.checkProof(t, before)
}

func (m *machine) checkProof(t *rapid.T, s Status) {
	if len(m.want) == 0 {
		return
	}
	rec := m.want[rapid.IntRange(0, len(m.want)-1).Draw(t, "proven")]
	if got, err := m.v.Get(m.t.Context(), rec.Seq); err != nil || !same(got, rec) {
		t.Fatalf("get %d: %v", rec.Seq, err)
	}
	p, err := m.v.Prove(m.t.Context(), rec.Seq)
	if errors.Is(err, ErrUnsealed) && rec.Seq > s.Sealed {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(s.PublicKey, rec); err != nil {
		t.Fatal(err)
	}
	rec.Raw = append([]byte("x"), rec.Raw...)
	if err := p.Verify(s.PublicKey, rec); !errors.Is(err, ErrTampered) {
		t.Fatalf("proof of another record: %v", err)
	}
}

// TestEveryInvariantHoldsAfterEveryOperation appends, seals, rolls, closes,
// crashes and reopens in random order.
func TestEveryInvariantHoldsAfterEveryOperation(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "3", "rapid.steps": "10"} {
		old := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, old) })
	}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m := &machine{t: t, dir: filepath.Join(dir, "vault"), opts: quiet()}
		m.opts.SegmentRecords = rapid.SampledFrom([]int{30, 100, 1000}).Draw(rt, "segment")
		m.opts.BatchRecords = rapid.SampledFrom([]int{7, 64, 5000}).Draw(rt, "batch")
		m.open(rt)
		defer func() { _ = m.v.Close() }()
		rt.Repeat(m.actions())
	})
}

func TestTreeAgreesWithRFC6962(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "leaves")
		checkTree(t, n, rapid.IntRange(0, n-1).Draw(t, "proven"))
	})
}
