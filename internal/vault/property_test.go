package vault

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/google/go-cmp/cmp"
	"github.com/konseki/konseki/internal/event"
	"pgregory.net/rapid"
)

// machine drives a vault on a disk that fails through random operations, and
// keeps what it should hold beside it.
type machine struct {
	t        *testing.T
	dir      string
	opts     Options
	v        *Vault
	disk     *faultyDisk
	seed     uint64
	want     []event.Record   // acknowledged, and konseki's own
	pending  [][]event.Record // offered after those, and not acknowledged
	seal     uint64           // records known to be sealed
	may      map[uint64]bool  // may have expired
	must     map[uint64]bool  // has expired
	shredded map[string]bool  // sources whose key may be destroyed
}

func (m *machine) open(t *rapid.T) {
	m.seed++
	m.disk = newFaultyDisk(m.seed)
	m.opts.disk = m.disk
	v, err := OpenOrCreate(m.dir, m.opts)
	if err != nil {
		t.Fatal(err)
	}
	m.v = v
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"append":     m.append,
		"seal":       func(t *rapid.T) { m.works(t, m.sealNow(t)) },
		"roll":       func(t *rapid.T) { m.works(t, m.v.roll()) },
		"compact":    func(t *rapid.T) { m.works(t, m.compact()) },
		"expire":     func(t *rapid.T) { m.works(t, m.expire(t)) },
		"shred":      func(t *rapid.T) { m.works(t, m.shred(t)) },
		"reopen":     m.reopen,
		"crash":      func(t *rapid.T) { abandon(m.v); m.open(t) },
		"power":      m.power,
		"full disk":  m.fullDisk,
		"bad fsync":  m.badFsync,
		"read error": m.readError,
		"":           m.check,
	}
}

func (m *machine) works(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func (m *machine) draw(t *rapid.T) []event.Record {
	recs := records(len(m.want)+1, rapid.IntRange(1, 60).Draw(t, "count"))
	for i := range recs {
		recs[i].Source = rapid.SampledFrom([]string{"web", "vpn", "parts", "person-a", "person-b"}).Draw(t, "source")
		if m.shredded[recs[i].Source] {
			recs[i].Source = "web" // the vault refuses records of a destroyed key
		}
		recs[i].Seq = 0
	}
	return recs
}

func (m *machine) append(t *rapid.T) {
	recs := m.draw(t)
	err := m.v.Append(m.t.Context(), recs)
	m.works(t, err)
	m.take(recs, err)
}

// take notes what became of records: those refused are not acknowledged, and
// yet may be on the disk until something else was acknowledged in their place.
func (m *machine) take(recs []event.Record, err error) {
	if err != nil {
		m.pending = append(m.pending, recs)
		return
	}
	m.want, m.pending = append(m.want, recs...), nil
}

func (m *machine) sealNow(*rapid.T) error {
	err := m.v.Seal(m.t.Context())
	if err == nil {
		m.seal = uint64(len(m.want))
	}
	return err
}

func (m *machine) compact() error {
	_, err := m.v.Compact(m.t.Context())
	return err
}

// adoptOwn takes the records that the vault wrote of its own into account.
func (m *machine) adoptOwn(t *rapid.T) {
	known := len(m.want)
	for seq := uint64(known) + 1; seq <= m.v.Size(); seq++ {
		rec, err := m.v.Get(m.t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if !event.IsOwn(rec.Source) && !m.offered(rec, seq-uint64(known)-1) {
			t.Fatalf("record %d was never offered: %+v of %+v", seq, rec, m.pending)
		}
		m.want = append(m.want, rec)
	}
	if len(m.want) > known {
		m.pending = nil
	}
}

// offered reports whether a record stood at a place of an append that was
// refused. More than one may have been, and the power may go while the one is
// written over what is left of the other.
func (m *machine) offered(rec event.Record, at uint64) bool {
	for _, recs := range m.pending {
		if at >= uint64(len(recs)) {
			continue
		}
		want := recs[at]
		want.Seq, want.Received = rec.Seq, rec.Received
		if same(want, rec) {
			return true
		}
	}
	return false
}

func (m *machine) expire(t *rapid.T) error {
	source := rapid.SampledFrom([]string{"web", "vpn", "person-a"}).Draw(t, "expired")
	closed := ondisk.LastOf(m.v.Segments())
	var asked []uint64
	for _, r := range m.want {
		if r.Source == source && r.Seq <= closed {
			asked = append(asked, r.Seq)
			m.may[r.Seq] = true
		}
	}
	_, err := m.v.Expire(m.t.Context(), ExpireRequest{Until: func(s string, _ time.Time) bool { return s == source }, Reason: "test", By: "test"})
	if err != nil {
		return err
	}
	for _, seq := range asked {
		m.must[seq] = true
	}
	m.adoptOwn(t)
	return nil
}

func (m *machine) shred(t *rapid.T) error {
	source := rapid.SampledFrom([]string{"person-a", "person-b"}).Draw(t, "shredded")
	_, err := m.v.Shred(m.t.Context(), ShredRequest{Keys: []string{source}, Reason: "test", By: "test"})
	if errors.Is(err, ErrNotProtected) {
		return nil
	}
	m.shredded[source] = true
	if err == nil {
		m.adoptOwn(t)
	}
	return err
}

func (m *machine) reopen(t *rapid.T) {
	m.works(t, m.v.Close())
	m.seal = uint64(len(m.want))
	m.open(t)
}

// power does some work while the power goes at some point of it.
func (m *machine) power(t *rapid.T) {
	m.disk.set(func(d *faultyDisk) { d.fuse = rapid.IntRange(0, 25).Draw(t, "fuse") })
	for range rapid.IntRange(1, 4).Draw(t, "tries") {
		var err error
		switch rapid.SampledFrom([]string{"append", "append", "seal", "roll", "compact", "expire"}).Draw(t, "work") {
		case "append":
			recs := m.draw(t)
			err = m.v.Append(m.t.Context(), recs)
			m.take(recs, err)
		case "seal":
			err = m.sealNow(t)
		case "roll":
			err = m.v.roll()
		case "compact":
			err = m.compact()
		default:
			err = m.expire(t)
		}
		if err != nil {
			break
		}
	}
	abandon(m.v)
	m.disk.cut()
	m.open(t)
	m.adoptOwn(t)
}

// fullDisk offers records that there is no room for: all of them are refused,
// and taken once there is room.
func (m *machine) fullDisk(t *rapid.T) {
	m.disk.set(func(d *faultyDisk) { d.space = int64(rapid.IntRange(0, 300).Draw(t, "space")) })
	recs := m.draw(t)
	err := m.v.Append(m.t.Context(), recs)
	m.disk.set(func(d *faultyDisk) { d.space = 1 << 40 })
	if err != nil {
		if recs[0].Seq != 0 {
			t.Fatal("a refused record has a sequence")
		}
		m.take(recs, err)
		err = m.v.Append(m.t.Context(), recs)
	}
	m.works(t, err)
	m.take(recs, err)
}

func (m *machine) badFsync(t *rapid.T) {
	m.disk.set(func(d *faultyDisk) { d.fsyncs = 1 })
	recs := m.draw(t)
	m.take(recs, m.v.Append(m.t.Context(), recs))
	m.disk.set(func(d *faultyDisk) { d.fsyncs = 0 })
}

// readError makes reads fail: what is read is right or an error, never wrong.
func (m *machine) readError(t *rapid.T) {
	m.disk.set(func(d *faultyDisk) { d.reads = 3 })
	next := uint64(1)
	for r, err := range m.v.Records(m.t.Context(), 1) {
		if err != nil {
			break
		}
		if r.Seq < next {
			t.Fatalf("record %d after %d", r.Seq, next-1)
		}
		next = r.Seq + 1
	}
	m.disk.set(func(d *faultyDisk) { d.reads = 0 })
}

// check holds the vault against what it should be.
func (m *machine) check(t *rapid.T) {
	if got := m.v.Size(); got != uint64(len(m.want)) {
		t.Fatalf("size %d, want %d", got, len(m.want))
	}
	seen := map[uint64]bool{}
	for got, err := range m.v.Records(m.t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		seen[got.Seq] = true
		m.compare(t, m.want[got.Seq-1], got)
	}
	for _, want := range m.want {
		if !seen[want.Seq] && !m.may[want.Seq] {
			t.Fatalf("record %d is missing", want.Seq)
		}
	}
	before := m.v.Status()
	if before.Sealed < m.seal || before.Sealed > before.Size || (before.TailAge > 0 && before.Sealed == before.Size) {
		t.Fatalf("sealed %d of %d, at least %d expected", before.Sealed, before.Size, m.seal)
	}
	if last := ondisk.LastOf(m.v.Segments()); last > before.Sealed {
		t.Fatalf("segments reach %d, sealed is %d", last, before.Sealed)
	}
	report, err := audit.Verify(m.t.Context(), m.dir, audit.VerifyOptions{PublicKey: before.PublicKey})
	if err != nil || !report.OK() || report.Sealed < before.Sealed || report.Expired > uint64(len(m.may)) {
		t.Fatalf("verify: %v, %+v", err, report)
	}
	m.checkProof(t, before)
}

// compare holds one record against what was appended.
func (m *machine) compare(t *rapid.T, want, got event.Record) {
	switch got.Gone {
	case event.Present:
		if m.must[want.Seq] || !same(want, got) {
			t.Fatalf("record %d: %s", want.Seq, cmp.Diff(want, got))
		}
	case event.Expired:
		if !m.may[want.Seq] {
			t.Fatalf("record %d expired", want.Seq)
		}
	case event.Shredded:
		if !m.shredded[want.Source] {
			t.Fatalf("record %d was shredded", want.Seq)
		}
	default:
		t.Fatalf("record %d is %s", want.Seq, got.Gone)
	}
	if got.Source != want.Source || !got.Received.Equal(want.Received) || got.Gone != event.Present && len(got.Raw) > 0 {
		t.Fatalf("record %d: %+v", want.Seq, got)
	}
}

func (m *machine) checkProof(t *rapid.T, s Status) {
	if len(m.want) == 0 {
		return
	}
	rec := m.want[rapid.IntRange(0, len(m.want)-1).Draw(t, "proven")]
	got, d, err := m.v.Disclose(m.t.Context(), rec.Seq, nil)
	if errors.Is(err, ErrGone) && m.may[rec.Seq] {
		return
	}
	if err != nil {
		t.Fatalf("disclose %d: %v", rec.Seq, err)
	}
	p, err := m.v.Prove(m.t.Context(), rec.Seq)
	if errors.Is(err, ErrUnsealed) && rec.Seq > s.Sealed || errors.Is(err, ErrGone) && m.may[rec.Seq] {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	shown, err := p.VerifyDisclosed(s.PublicKey, got, d)
	if err != nil || string(shown) != seal.Mask && !bytes.Equal(shown, rec.Raw) {
		t.Fatalf("%q: %v", shown, err)
	}
	got.Received = got.Received.Add(1)
	if _, err := p.VerifyDisclosed(s.PublicKey, got, d); !errors.Is(err, seal.ErrTampered) {
		t.Fatalf("proof of another record: %v", err)
	}
}

// TestG1EveryInvariantHoldsAfterEveryOperationAndEveryFault appends, seals,
// rolls, compacts, expires, shreds, closes, crashes, loses power at any write,
// fills the disk, fails fsync and reads, in random order.
func TestG1EveryInvariantHoldsAfterEveryOperationAndEveryFault(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": "8", "rapid.steps": "12"} {
		f := flag.Lookup(name)
		if f.Value.String() != f.DefValue {
			continue // asked for by hand
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, f.DefValue) })
	}
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		m := &machine{
			t: t, dir: filepath.Join(dir, "vault"), opts: quiet(), seed: rapid.Uint64().Draw(rt, "seed"),
			may: map[uint64]bool{}, must: map[uint64]bool{}, shredded: map[string]bool{},
		}
		m.opts.SegmentRecords = rapid.SampledFrom([]int{30, 100, 1000}).Draw(rt, "segment")
		m.opts.BatchRecords = rapid.SampledFrom([]int{7, 64, 5000}).Draw(rt, "batch")
		m.opts.Encrypt = rapid.Bool().Draw(rt, "encrypt")
		m.opts.Protect = func(source string, _ []byte) Protection {
			if strings.HasPrefix(source, "person") {
				return Protection{Key: source}
			}
			return Protection{Parts: source == "parts"}
		}
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
