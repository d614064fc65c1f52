package vault

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/konseki/konseki/internal/event"
)

// letting makes a closed vault of every form with records let go, whose
// declarations are in a segment too.
func letting(t *testing.T, encrypt bool) string {
	t.Helper()
	o := keeping()
	o.Encrypt = encrypt
	v, dir, recs := filled(t, o)
	limit := recs[50].Received
	_, err := v.Expire(t.Context(), ExpireRequest{Reason: "kept 400 days", By: "konseki", Until: func(source string, received time.Time) bool {
		return source != "person-db" && received.Before(limit)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Shred(t.Context(), ShredRequest{Keys: []string{"person-db/user2"}, Reason: "asked for", By: "kay"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mustAppend(t, v, slices.DeleteFunc(mixed(50), func(r event.Record) bool { return r.Source == "person-db" }))
	}
	mustSeal(t, v)
	if err := v.roll(); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// interrupted verifies until n pieces were read.
func interrupted(t *testing.T, dir, state string, resume bool, n int) (*audit.Report, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return audit.Verify(ctx, dir, audit.VerifyOptions{State: state, Resume: resume, Progress: func(int64, int64) {
		if n--; n == 0 {
			cancel()
		}
	}})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestAnInterruptedVerificationGoesOnWhereItStopped(t *testing.T) {
	for _, encrypt := range []bool{false, true} {
		dir := letting(t, encrypt)
		whole := mustVerify(t, dir)
		if !whole.OK() || whole.Expired == 0 || whole.Shredded == 0 || len(whole.Declarations) < 3 {
			t.Fatalf("%+v", whole)
		}
		state := filepath.Join(t.TempDir(), "verify.state")
		skipped := 0
		for n := 1; ; n++ {
			_, err := interrupted(t, dir, state, false, n)
			if err == nil {
				break // it ended before
			}
			if !errors.Is(err, context.Canceled) || !exists(state) {
				t.Fatalf("interrupted after %d: %v, state left: %v", n, err, exists(state))
			}
			again, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{State: state, Resume: true})
			if err != nil {
				t.Fatal(err)
			}
			if again.Resumed != nil {
				skipped = max(skipped, again.Resumed.Segments)
			}
			if diff := cmp.Diff(whole, again, cmpopts.IgnoreFields(audit.Report{}, "Resumed"), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("interrupted after %d: %s", n, diff)
			}
			if exists(state) {
				t.Fatal("a run that ended left its state")
			}
		}
		if skipped < whole.Segments-1 {
			t.Errorf("at most %d of %d segments were not read again", skipped, whole.Segments)
		}
	}
}

func TestAResumedVerificationReadsWhatChangedAndSeesAnotherLog(t *testing.T) {
	dir := sealedVault(t)
	state := filepath.Join(t.TempDir(), "verify.state")
	if _, err := interrupted(t, dir, state, false, 2); err == nil {
		t.Fatal("it was not interrupted")
	}
	left, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	rewriteFile(t, segmentPath(dir, 1, 200), func(r []ondisk.SegmentRow) []ondisk.SegmentRow { r[9].Raw[0] ^= 1; return r })
	r, err := audit.Verify(t.Context(), dir, audit.VerifyOptions{State: state, Resume: true})
	if err != nil || r.OK() || r.Resumed != nil || r.Problems[0].Record != 10 {
		t.Errorf("changed meanwhile: %v %+v", err, r)
	}
	for name, c := range map[string]struct {
		dir, want string
		state     []byte
	}{
		"another vault": {sealedVault(t), "and this is", left},
		"damaged":       {dir, "remove", left[:len(left)/2]},
	} {
		if err := os.WriteFile(state, c.state, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Verify(t.Context(), c.dir, audit.VerifyOptions{State: state, Resume: true}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAResumedVerificationFindsTheVaultPutBack(t *testing.T) {
	dir := sealedVault(t)
	old := filepath.Join(t.TempDir(), "yesterday")
	if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	v, err := Open(dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, v, []event.Record{{Source: "vpn", Raw: []byte("today")}})
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "verify.state")
	if _, err := interrupted(t, dir, state, false, 2); err == nil {
		t.Fatal("it was not interrupted")
	}
	r, err := audit.Verify(t.Context(), old, audit.VerifyOptions{State: state, Resume: true})
	if err != nil || r.OK() || r.Problems[0].Kind != audit.KindCheckpoint || !strings.Contains(r.Problems[0].Detail, "put back") {
		t.Errorf("%v %+v", err, r)
	}
}
