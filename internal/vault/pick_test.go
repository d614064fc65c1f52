package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/vault/seal"
)

// mustPickAsGet picks records and holds each against what Get and Disclose
// give of it.
func mustPickAsGet(t *rapid.T, ctx context.Context, v *Vault, seqs []uint64) {
	given := []uint64{}
	for p, err := range v.Pick(ctx, seqs) {
		given = append(given, p.Seq)
		want, werr := v.Get(ctx, p.Seq)
		if errors.Is(err, ErrGone) != errors.Is(werr, ErrGone) || (err == nil) != (werr == nil) {
			t.Fatalf("record %d: picked with %v, got with %v", p.Seq, err, werr)
		}
		if want.Seq != 0 { // Get says nothing of what left no trace
			if diff := cmp.Diff(want, p.Record); diff != "" {
				t.Fatal(diff)
			}
		}
		if err != nil {
			continue
		}
		for _, hide := range [][]seal.Range{nil, {{From: 1, To: 3}}} {
			rec, d, err := p.Disclose(hide)
			wantRec, wantD, werr := v.Disclose(ctx, p.Seq, hide)
			if err != nil || werr != nil || cmp.Diff(wantRec, rec) != "" || cmp.Diff(wantD, d) != "" {
				t.Fatalf("record %d discloses another: %v, %v", p.Seq, err, werr)
			}
		}
	}
	if !slices.Equal(given, seqs) {
		t.Fatalf("given %v of %v", given, seqs)
	}
}

// TestPickGivesWhatGetDoes picks any records of vaults of which parts were let
// go, with and without a trace, or shredded.
func TestPickGivesWhatGetDoes(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		o := keeping()
		o.Encrypt = encrypt
		v, _, recs := filled(t, o)
		check := func() {
			t.Helper()
			rapid.Check(t, func(rt *rapid.T) {
				seqs := rapid.SliceOfNDistinct(rapid.Uint64Range(0, uint64(len(recs))+3), 1, 60, rapid.ID).Draw(rt, "seqs")
				mustPickAsGet(rt, t.Context(), v, slices.Sorted(slices.Values(seqs)))
			})
		}
		check()
		limit := recs[50].Received
		until := func(source string, received time.Time) bool { return source != "person-db" && received.Before(limit) }
		if _, err := v.Expire(t.Context(), ExpireRequest{Until: until, Reason: "kept 400 days", By: "konseki"}); err != nil {
			t.Fatal(err)
		}
		check()
		if _, err := v.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		check()
		all := ExpireRequest{Until: func(string, time.Time) bool { return true }, Reason: "all", By: "konseki"}
		if _, err := v.Expire(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		check()
	}
}

// TestPickGoesOnAfterWhatCannotBeRead damages one segment of three.
func TestPickGoesOnAfterWhatCannotBeRead(t *testing.T) {
	v, _, recs := filled(t, keeping())
	raw, err := os.ReadFile(v.Segments()[1].Path)
	if err == nil {
		err = os.WriteFile(v.Segments()[1].Path, bytes.Repeat([]byte{0xff}, len(raw)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	bad := v.Segments()[1]
	seqs := []uint64{1, 39, 40, 41, 60, 80, 81, 125, 999}
	var given []uint64
	for p, err := range v.Pick(t.Context(), seqs) {
		given = append(given, p.Seq)
		readable := (p.Seq < bad.First || p.Seq > bad.Last) && p.Seq <= uint64(len(recs))
		if readable != (err == nil) || readable && !same(p.Record, recs[p.Seq-1]) {
			t.Errorf("record %d: %v", p.Seq, err)
		}
	}
	if !slices.Equal(given, seqs) {
		t.Errorf("given %v", given)
	}
}

// TestPickStopsWhenNobodyWaitsForIt ends the loop, and then the context.
func TestPickStopsWhenNobodyWaitsForIt(t *testing.T) {
	v, _, _ := filled(t, keeping())
	n := 0
	for range v.Pick(t.Context(), []uint64{1, 2, 3}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d given", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n = 0
	for _, err := range v.Pick(ctx, []uint64{1, 45, 90, 125}) {
		if n++; n == 2 && !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
		cancel()
	}
	if n != 2 {
		t.Errorf("%d given", n)
	}
}
