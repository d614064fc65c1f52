package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// protecting keeps records of "parts…" in parts and those of "person…" under a
// key for the person, who is the first word of the line.
func protecting(source string, raw []byte) Protection {
	switch {
	case strings.HasPrefix(source, "parts"):
		return Protection{Parts: true}
	case strings.HasPrefix(source, "person"):
		who, _, _ := bytes.Cut(raw, []byte(" "))
		return Protection{Key: source + "/" + string(who)}
	}
	return Protection{}
}

// mixed makes records of four sources in turn.
func mixed(n int) []event.Record {
	recs := make([]event.Record, n)
	for i := range recs {
		source := []string{"web", "parts-app", "person-db", "web"}[i%4]
		recs[i] = event.Record{
			Received: time.Unix(1_790_000_000+int64(i), 0).UTC(), Source: source, Transport: "file",
			Raw: fmt.Appendf(nil, "user%d logged in with password=hunter%d from 203.0.113.%d", i%3, i, i%250),
		}
	}
	return recs
}

func keeping() Options {
	o := quiet()
	o.BatchRecords, o.SegmentRecords, o.Protect = 10, 40, protecting
	return o
}

// filled makes a vault of 120 records in three segments and one of the log.
func filled(t *testing.T, o Options) (*Vault, string, []event.Record) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := OpenOrCreate(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	recs := mixed(125)
	for i := 0; i < len(recs); i += 40 {
		mustAppend(t, v, recs[i:min(i+40, len(recs))])
	}
	mustSeal(t, v)
	if err := v.roll(); err != nil {
		t.Fatal(err)
	}
	if n := len(v.Segments()); n != 3 {
		t.Fatalf("%d segments", n)
	}
	return v, dir, recs
}

// intact says that all records but those for which gone says why are here and
// provable, and that the vault verifies.
func intact(t *testing.T, v *Vault, dir string, recs []event.Record, gone func(event.Record) event.Gone) *audit.Report {
	t.Helper()
	mustSeal(t, v)
	for _, want := range recs {
		got, err := v.Get(t.Context(), want.Seq)
		why := gone(want)
		switch {
		case why == event.Present && (err != nil || !same(got, want)):
			t.Fatalf("record %d: %v", want.Seq, err)
		case why != event.Present && (!errors.Is(err, ErrGone) || !strings.Contains(err.Error(), why.String())):
			t.Fatalf("record %d is not %s: %v", want.Seq, why, err)
		case why == event.Present:
			mustProve(t, v, want)
		}
	}
	for r, err := range v.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Gone != event.Present && len(r.Raw) > 0 {
			t.Fatalf("record %d is %s and has bytes", r.Seq, r.Gone)
		}
	}
	rep, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{Unlock: v.opts.Unlock})
	if err != nil || !rep.OK() {
		t.Fatalf("verify: %v %+v", err, rep)
	}
	return rep
}

func mustProve(t *testing.T, v *Vault, want event.Record) {
	t.Helper()
	p, err := v.Prove(t.Context(), want.Seq)
	if err != nil {
		t.Fatalf("prove %d: %v", want.Seq, err)
	}
	shown, d, err := v.Disclose(t.Context(), want.Seq, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.VerifyDisclosed(v.Status().PublicKey, shown, d)
	if err != nil || !bytes.Equal(text, want.Raw) {
		t.Fatalf("record %d reads %q: %v", want.Seq, text, err)
	}
}

func nothingGone(event.Record) event.Gone { return event.Present }

func TestProtectedRecordsReadAndProveLikeOthers(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		o := keeping()
		o.Encrypt = encrypt
		v, dir, recs := filled(t, o)
		intact(t, v, dir, recs, nothingGone)
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		v, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		intact(t, v, dir, recs, nothingGone)
		_ = v.Close()
		if encrypt {
			mustNotContain(t, dir, "hunter")
		}
	}
}

// mustNotContain looks for clear text in every file.
func mustNotContain(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, []byte(text)) {
			t.Errorf("%s holds %q in the clear", path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestExpiredRecordsGoAndTheTreeStaysValid(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		o := keeping()
		o.Encrypt = encrypt
		v, dir, recs := filled(t, o)
		before := v.Status().DiskBytes
		limit := recs[50].Received
		until := func(source string, received time.Time) bool {
			return source != "person-db" && received.Before(limit) || source == "web" && received.Before(recs[90].Received)
		}
		req := ExpireRequest{Until: until, Reason: "kept 400 days", By: "konseki"}
		dry := req
		dry.DryRun = true
		would, err := v.Expire(t.Context(), dry)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := v.Expire(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if rep.Records != would.Records || rep.Records == 0 || rep.Sources["web"] == 0 || rep.Sources["person-db"] != 0 {
			t.Fatalf("would %+v, did %+v", would, rep)
		}
		r := intact(t, v, dir, recs, func(r event.Record) event.Gone {
			if until(r.Source, r.Received) {
				return event.Expired
			}
			return event.Present
		})
		if r.Expired != rep.Records {
			t.Errorf("verify counts %d expired, %d went", r.Expired, rep.Records)
		}
		again, err := v.Expire(t.Context(), req)
		if err != nil || again.Records != 0 {
			t.Errorf("again %+v, %v", again, err)
		}
		all := ExpireRequest{Until: func(string, time.Time) bool { return true }, Reason: "all", By: "konseki"}
		if _, err := v.Expire(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		if v.Segments()[0].Records() != 0 {
			t.Error("a segment of which nothing is left still has rows")
		}
		if after := v.Status().DiskBytes; after >= before && !encrypt {
			t.Errorf("%d bytes before, %d after", before, after)
		}
		if r := mustVerify(t, dir); !r.OK() {
			t.Fatalf("%+v", r.Problems)
		}
	}
}

func TestRecordsThatGoWithoutAnExpiryRecordAreNamed(t *testing.T) {
	v, dir, _ := filled(t, keeping())
	segs := v.Segments()
	if _, err := v.rewrite(context.Background(), segs[1:2], func(p *ondisk.Payload) bool { return p.Seq >= 47 && p.Seq <= 63 }); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, dir)
	if r.OK() || r.Problems[0].Kind != audit.KindRemoved || r.Problems[0].Record != 47 || !strings.Contains(r.Problems[0].Detail, "no sealed expiry record") {
		t.Fatalf("%+v", r.Problems)
	}
}

func TestShreddingAPersonMakesOnlyThatUnreadable(t *testing.T) {
	o := keeping()
	v, dir, recs := filled(t, o)
	if _, err := v.Shred(t.Context(), ShredRequest{Keys: []string{"person-db/nobody"}}); !errors.Is(err, ErrNotProtected) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := v.Shred(t.Context(), ShredRequest{Keys: []string{"person-db/user2"}, Reason: "erasure asked for", By: "kay"}); err != nil {
		t.Fatal(err)
	}
	isUser2 := func(r event.Record) event.Gone {
		if r.Source == "person-db" && bytes.HasPrefix(r.Raw, []byte("user2 ")) {
			return event.Shredded
		}
		return event.Present
	}
	r := intact(t, v, dir, recs, isUser2)
	if r.Shredded == 0 || r.Expired != 0 || r.Locked != 0 {
		t.Errorf("%+v", r)
	}
	if err := v.Append(t.Context(), []event.Record{{Source: "person-db", Raw: []byte("user2 again")}}); !errors.Is(err, keyring.ErrDestroyed) {
		t.Errorf("a record of a destroyed key: %v", err)
	}
	mustVerifyWithoutKeyring(t, dir)
}

// mustVerifyWithoutKeyring is what an outsider can do: everything but read.
func mustVerifyWithoutKeyring(t *testing.T, dir string) {
	t.Helper()
	ring := filepath.Join(dir, keyring.FileName)
	if err := os.Rename(ring, ring+".away"); err != nil {
		t.Fatal(err)
	}
	r := mustVerify(t, dir)
	if !r.OK() || r.Locked == 0 {
		t.Errorf("%+v", r)
	}
	if err := os.Rename(ring+".away", ring); err != nil {
		t.Fatal(err)
	}
}

func TestShreddingASegmentMakesOnlyThatUnreadable(t *testing.T) {
	o := keeping()
	o.Encrypt = true
	v, dir, recs := filled(t, o)
	seg := v.Segments()[1]
	if _, err := v.Shred(t.Context(), ShredRequest{Segments: []string{seg.Name}, Reason: "asked for", By: "kay"}); err != nil {
		t.Fatal(err)
	}
	gone := func(r event.Record) event.Gone {
		if r.Seq >= seg.First && r.Seq <= seg.Last {
			return event.Shredded
		}
		return event.Present
	}
	if r := intact(t, v, dir, recs, gone); r.Shredded != seg.Last-seg.First+1 {
		t.Errorf("%+v", r)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	intact(t, v, dir, recs, gone)
}

func TestAKeyDestroyedWithoutARecordIsNamed(t *testing.T) {
	v, dir, _ := filled(t, keeping())
	if err := v.Keyring().Destroy("records person-db/user0"); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); r.OK() || !strings.Contains(r.Problems[0].Detail, "no sealed record says so") {
		t.Fatalf("%+v", r.Problems)
	}
}

func TestCompactionLeavesProofsAsTheyWere(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		o := keeping()
		o.Encrypt = encrypt
		v, dir, recs := filled(t, o)
		p, err := v.Prove(t.Context(), 57)
		if err != nil {
			t.Fatal(err)
		}
		rec, d, err := v.Disclose(t.Context(), 57, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		o.SegmentRecords = 1000
		if v, err = Open(dir, o); err != nil {
			t.Fatal(err)
		}
		fewer, err := v.Compact(t.Context())
		if err != nil || fewer != 2 || len(v.Segments()) != 1 || v.Segments()[0].Generation != 1 {
			t.Fatalf("%d fewer, %+v, %v", fewer, v.Segments(), err)
		}
		intact(t, v, dir, recs, nothingGone)
		after, err := v.Prove(t.Context(), 57)
		if err != nil || after.BatchRoot != p.BatchRoot || fmt.Sprint(after.BatchPath) != fmt.Sprint(p.BatchPath) {
			t.Errorf("the proof changed: %v", err)
		}
		if _, err := p.VerifyDisclosed(v.Status().PublicKey, rec, d); err != nil {
			t.Error(err)
		}
		_ = v.Close()
	}
}

func TestAMaskedRecordIsProvenAndItsMaskHoldsNothing(t *testing.T) {
	v, _, recs := filled(t, keeping())
	key := v.Status().PublicKey
	for _, seq := range []uint64{2, 3} { // in parts, and under a key
		raw := recs[seq-1].Raw
		at := bytes.Index(raw, []byte("hunter"))
		p, err := v.Prove(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		rec, d, err := v.Disclose(t.Context(), seq, []seal.Range{{From: at + 1, To: at + 2}})
		if err != nil {
			t.Fatal(err)
		}
		shown, err := p.VerifyDisclosed(key, rec, d)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(shown, []byte("hunter")) || !bytes.Contains(shown, []byte("password="+seal.Mask+" from 203.0.113.")) || !bytes.Equal(shown, rec.Raw) {
			t.Fatalf("shown: %q", shown)
		}
		for i := range d.Parts {
			forged := seal.Disclosure{Parts: append([]seal.Part(nil), d.Parts...)}
			if part := &forged.Parts[i]; part.Hash == nil {
				part.Bytes = append([]byte("x"), part.Bytes...)
			} else {
				part.Hash = make([]byte, 32)
			}
			if _, err := p.VerifyDisclosed(key, rec, &forged); !errors.Is(err, seal.ErrTampered) {
				t.Fatalf("part %d forged: %v", i, err)
			}
		}
		without := seal.Disclosure{Parts: d.Parts[1:]}
		if _, err := p.VerifyDisclosed(key, rec, &without); !errors.Is(err, seal.ErrTampered) {
			t.Errorf("a part left out: %v", err)
		}
	}
	// A record committed to as a whole can only be withheld whole.
	p, err := v.Prove(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	rec, d, err := v.Disclose(t.Context(), 1, []seal.Range{{From: 0, To: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := p.VerifyDisclosed(key, rec, d); err != nil || string(shown) != seal.Mask {
		t.Errorf("%q %v", shown, err)
	}
}

func TestAMissingOrWrongKeyIsSaid(t *testing.T) {
	keys := t.TempDir()
	right, wrong := filepath.Join(keys, "right"), filepath.Join(keys, "wrong")
	for _, path := range []string{right, wrong} {
		if _, err := keyring.NewKeyFile(path); err != nil {
			t.Fatal(err)
		}
	}
	o := keeping()
	o.Encrypt, o.Unlock = true, keyring.Unlock{KeyFile: right}
	v, dir, recs := filled(t, o)
	intact(t, v, dir, recs, nothingGone)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		unlock keyring.Unlock
		want   error
	}{
		{keyring.Unlock{}, keyring.ErrLocked},
		{keyring.Unlock{KeyFile: wrong}, keyring.ErrWrongKey},
		{keyring.Unlock{KeyFile: filepath.Join(keys, "none")}, os.ErrNotExist},
	} {
		o.Unlock = c.unlock
		if _, err := Open(dir, o); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.unlock, err)
		}
		if _, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{Unlock: c.unlock}); !errors.Is(err, c.want) {
			t.Errorf("verify %+v: %v", c.unlock, err)
		}
	}
	mustNotContain(t, dir, "AGE-SECRET-KEY")
	if err := os.Remove(filepath.Join(dir, keyring.FileName)); err != nil {
		t.Fatal(err)
	}
	o.Unlock = keyring.Unlock{KeyFile: right}
	if _, err := Open(dir, o); !errors.Is(err, keyring.ErrNoKey) || !errors.Is(err, ondisk.ErrIncomplete) {
		t.Errorf("ring gone: %v", err)
	}
}

func TestAPlantedRewriteDoesNotCostTheOriginal(t *testing.T) {
	v, dir, recs := filled(t, keeping())
	seg := v.Segments()[1]
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	// An intruder plants a file that claims to stand for a good one.
	planted := filepath.Join(dir, ondisk.SegmentDir, ondisk.SegmentFile(seg.First, seg.Last, 1, false))
	other, _, _ := filled(t, keeping())
	b, err := os.ReadFile(other.Segments()[1].Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(planted, b, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err = Open(dir, keeping())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, want := range recs {
		if got, err := v.Get(t.Context(), want.Seq); err != nil || !same(got, want) {
			t.Fatalf("record %d: %v", want.Seq, err)
		}
	}
	if r := mustVerify(t, dir); !r.OK() {
		t.Errorf("%+v", r.Problems)
	}
}

func TestARewriteThatWasCutShortWhileOldFilesWentIsFinished(t *testing.T) {
	o := keeping()
	v, dir, recs := filled(t, o)
	segs := v.Segments()
	old, err := os.ReadFile(segs[2].Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	o.SegmentRecords = 1000
	if v, err = Open(dir, o); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	abandon(v)
	for name, change := range map[string]func([]byte) []byte{
		"good": bytes.Clone,
		"bad":  func(b []byte) []byte { return bytes.Replace(b, []byte("PAR1"), []byte("PAR0"), 1) },
	} {
		if err := os.WriteFile(segs[2].Path, change(old), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := Open(dir, o)
		if name == "bad" {
			if !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), "run konseki verify") {
				t.Errorf("a damaged old file: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(segs[2].Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the old file is still there: %v", err)
		}
		intact(t, v, dir, recs, nothingGone)
		_ = v.Close()
	}
}
