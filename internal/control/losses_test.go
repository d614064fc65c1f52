package control

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/vault"
)

// ledgerModel is a service that counts losses, with what it must have counted.
type ledgerModel struct {
	v       *vault.Vault
	s       *Service
	doors   coverage.LossSums // sealed
	pending coverage.LossSums // counted at doors, not sealed
	derived []event.Loss      // by record, from record 1
	now     time.Time
}

func (m *ledgerModel) service() *Service {
	return New(Deps{Vault: m.v, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return m.now }})
}

func add(a, b coverage.LossSums) coverage.LossSums {
	return coverage.LossSums{Dropped: a.Dropped + b.Dropped, Rejected: a.Rejected + b.Rejected, Unparsed: a.Unparsed + b.Unparsed, Late: a.Late + b.Late, Duplicate: a.Duplicate + b.Duplicate}
}

// door counts at a door.
func (m *ledgerModel) door(t *rapid.T) {
	l := event.Loss{
		Source: rapid.SampledFrom([]string{"", "vpn", "app\xff"}).Draw(t, "source"), Door: "http", Host: rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2"}).Draw(t, "host"),
		Kind: rapid.SampledFrom([]event.LossKind{event.LossDropped, event.LossRejected, event.LossDuplicate}).Draw(t, "kind"), Reason: event.WhyOversize,
		Records: int64(rapid.IntRange(1, 50).Draw(t, "records")),
	}
	m.s.Lost(l)
	m.pending = add(m.pending, coverage.SumLosses([]event.Loss{l}))
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
}

// derive derives more records, each of which is unparsed, late or neither.
func (m *ledgerModel) derive(t *rapid.T) {
	from := len(m.derived)
	for range rapid.IntRange(1, 5).Draw(t, "records") {
		kind := rapid.SampledFrom([]event.LossKind{"", event.LossUnparsed, event.LossLate}).Draw(t, "kind")
		m.derived = append(m.derived, event.Loss{Source: "vpn", Door: "http", Kind: kind, Reason: event.WhyNoFormat, From: m.now, Records: 1})
	}
	m.again(from)
}

// again tells the service what deriving the records after one found.
func (m *ledgerModel) again(after int) {
	var found []event.Loss
	for _, l := range m.derived[after:] {
		if l.Kind != "" {
			found = append(found, l)
		}
	}
	if n := uint64(len(m.derived)); n > uint64(after) {
		m.s.Derived(n, n, found)
	}
}

func (m *ledgerModel) seal(t *rapid.T, how func(context.Context) error) {
	if err := how(context.Background()); err != nil {
		t.Fatal(err)
	}
	m.doors, m.pending = add(m.doors, m.pending), coverage.LossSums{}
}

// fail tries to seal in a time that may be too short.
func (m *ledgerModel) fail(*rapid.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if m.s.SealLosses(ctx) == nil {
		m.doors, m.pending = add(m.doors, m.pending), coverage.LossSums{}
	}
}

// kill goes on with another service, as after kill -9: doors forget what was
// not sealed, and records are derived again after the last count. What stands
// in derived files comes back as events, the rest as records.
func (m *ledgerModel) kill(t *rapid.T) {
	m.s = m.service()
	covered := uint64(rapid.IntRange(0, int(m.v.Size())).Draw(t, "covered"))
	n := normalise.New()
	for rec, err := range m.v.Records(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Seq > covered {
			m.s.Apply(rec)
			m.s.Apply(rec) // the tail is read twice
			continue
		}
		evs := n.Events(nil, &rec)
		for i := range evs {
			m.s.FoldLoss(&evs[i])
		}
	}
	m.pending = coverage.LossSums{}
	m.again(int(m.s.Counted()))
}

func (m *ledgerModel) check(t *rapid.T) {
	want := add(m.doors, m.pending)
	for _, l := range m.derived {
		want = add(want, coverage.SumLosses([]event.Loss{l}))
	}
	if diff := cmp.Diff(want, coverage.SumLosses(m.s.AllLosses())); diff != "" {
		t.Fatalf("the ledger is not what was counted:\n%s", diff)
	}
}

func TestTheLedgerIsTheSumOfWhatWasCountedThroughFailuresAndKills(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		v, err := vault.OpenOrCreate(t.TempDir(), vault.Options{})
		if err != nil {
			r.Fatal(err)
		}
		m := &ledgerModel{v: v, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		m.s = m.service()
		r.Repeat(map[string]func(*rapid.T){
			"door": m.door, "derive": m.derive, "fail": m.fail, "kill": m.kill, "": m.check,
			"seal": func(t *rapid.T) { m.seal(t, m.s.SealLosses) },
			"mark": func(t *rapid.T) { m.seal(t, m.s.SealCounted) },
		})
		if err := v.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

func TestNothingIsSealedWhereNothingWasLost(t *testing.T) {
	v, err := vault.OpenOrCreate(t.TempDir(), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	s := New(Deps{Vault: v, Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	s.Derived(10, 0, nil) // own records only
	for _, seal := range []func(context.Context) error{s.SealLosses, s.SealCounted} {
		if err := seal(t.Context()); err != nil || v.Size() != 0 {
			t.Errorf("%d records, %v", v.Size(), err)
		}
	}
	s.Derived(12, 12, nil)
	for range 2 { // said once
		if err := s.SealCounted(t.Context()); err != nil || v.Size() != 1 || s.Counted() != 12 {
			t.Errorf("%d records, counted to %d, %v", v.Size(), s.Counted(), err)
		}
	}
}

func TestAFileThatIsNotTakenCountsForTheSourceThatIsKnownToBeItsOwn(t *testing.T) {
	s := New(Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	s.registry.byID["seen"] = coverage.Source{ID: "seen"}
	s.registry.imported["known"] = ImportedFile{Records: 7}
	files := []collect.File{
		{Path: "seen/a.zip!b", Error: "x", Why: event.WhyEncrypted, Bytes: 9},
		{Path: "stray/link", Error: "x", Why: event.WhyLink},
		{Path: "new", SHA256: "new", Source: "vpn", Records: 3},
		{Path: "new again", SHA256: "new", Source: "vpn", Duplicate: true},
		{Path: "old", SHA256: "known", Source: "vpn", Duplicate: true},
		{Path: "stopped", Error: "x", Why: event.WhyStopped},
	}
	s.lostFiles(files, placer{registered: s.registry.source})
	got := map[string]int64{}
	for _, l := range s.AllLosses() {
		got[l.Source+" "+l.Path+" "+l.Reason] = l.Records
	}
	want := map[string]int64{"seen seen/a.zip!b encrypted": 1, " stray/link link": 1, "vpn new again same_file": 3, "vpn old same_file": 7}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzLossRecord feeds any bytes to the two ways in which a record of losses is
// read: they neither panic nor disagree.
func FuzzLossRecord(f *testing.F) {
	f.Add([]byte(`{"at":"2026-03-01T00:00:00Z","by":"konseki","op":"loss","first":1,"last":9,"losses":[{"source":"vpn","door":"http","kind":"late","reason":"late","from":"2026-03-01T00:00:00Z","to":"2026-03-01T00:01:00Z","records":3,"late_ms":4}]}`))
	f.Add([]byte(`{"losses":[{"kind":"unheard of","records":-1}]}`))
	f.Add([]byte(`{"first":18446744073709551615,"last":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec, err := OwnRecord(event.SourceLoss, nil)
		if err != nil {
			t.Fatal(err)
		}
		rec.Seq, rec.Raw = 1, raw
		a, b := newRegistry(), New(Deps{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
		err = a.apply(rec)
		evs := normalise.New().Events(nil, &rec)
		for i := range evs {
			b.FoldLoss(&evs[i])
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(coverage.SumLosses(a.lost.All()), coverage.SumLosses(b.registry.lost.All())); diff != "" || a.counted != b.registry.counted {
			t.Errorf("counted to %d and %d:\n%s", a.counted, b.registry.counted, diff)
		}
	})
}
