package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/vault/audit"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/keyring"
)

// sample is a vault that the second verifier is tried on.
type sample struct {
	name     string
	protect  func(source string, raw []byte) vault.Protection
	encrypt  bool
	identity bool // the keyring is encrypted
	after    func(t *testing.T, v *vault.Vault)
}

func samples() []sample {
	keyed := func(source string, _ []byte) vault.Protection {
		switch source {
		case "vpn":
			return vault.Protection{Key: "records vpn"}
		case "web":
			return vault.Protection{Parts: true}
		}
		return vault.Protection{}
	}
	expire := func(t *testing.T, v *vault.Vault) {
		rep, err := v.Expire(t.Context(), vault.ExpireRequest{Reason: "retention", By: "test", Until: func(source string, at time.Time) bool {
			return source == "web" || at.Before(start.Add(50*time.Second))
		}})
		if err != nil || rep.Records == 0 {
			t.Fatalf("expire: %+v, %v", rep, err)
		}
	}
	shred := func(t *testing.T, v *vault.Vault) {
		if _, err := v.Shred(t.Context(), vault.ShredRequest{Keys: []string{"records vpn"}, Reason: "asked to", By: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	return []sample{
		{name: "plain"},
		{name: "parts", protect: func(string, []byte) vault.Protection { return vault.Protection{Parts: true} }},
		{name: "keyed", protect: keyed},
		{name: "encrypted", protect: keyed, encrypt: true, identity: true},
		{name: "encrypted-clear-ring", protect: keyed, encrypt: true},
		{name: "expired", protect: keyed, after: expire},
		{name: "shredded", protect: keyed, after: shred},
		{name: "shredded-segment", protect: keyed, encrypt: true, after: func(t *testing.T, v *vault.Vault) {
			if _, err := v.Shred(t.Context(), vault.ShredRequest{Segments: []string{v.Segments()[0].Name}, Reason: "asked to", By: "test"}); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "compacted", protect: keyed, after: func(t *testing.T, v *vault.Vault) {
			expire(t, v)
			shred(t, v)
			if _, err := v.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
	}
}

var start = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// make builds the vault in dir and returns the identity's file, if any.
func (s sample) make(t *testing.T, dir string) (identity string) {
	t.Helper()
	now, unlock := start, keyring.Unlock{}
	if s.identity {
		identity = filepath.Join(t.TempDir(), "identity")
		if _, err := keyring.NewKeyFile(identity); err != nil {
			t.Fatal(err)
		}
		unlock.KeyFile = identity
	}
	opts := vault.Options{
		Origin: "konseki/second", BatchEvery: time.Hour, BatchRecords: 20, SegmentRecords: 60,
		Now: func() time.Time { now = now.Add(7 * time.Millisecond); return now }, Protect: s.protect, Encrypt: s.encrypt, Unlock: unlock,
	}
	v, err := vault.OpenOrCreate(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 16 {
		var recs []event.Record
		for i := range 20 {
			seq := n*20 + i
			recs = append(recs, event.Record{
				Received: start.Add(time.Duration(seq) * time.Second), Source: []string{"vpn", "web", "bastion"}[seq%3], Transport: "file:" + fmt.Sprint(n),
				Raw: fmt.Appendf(nil, "Mar  1 10:%02d:%02d bastion sshd[%d]: Failed password for user%d from 203.0.113.%d ポート", n, i, seq, seq%17, seq%200),
			})
		}
		if err := v.Append(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
		if n%2 == 1 {
			if err := v.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	rolled(t, v)
	if s.after != nil {
		s.after(t, v)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return identity
}

func rolled(t *testing.T, v *vault.Vault) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for len(v.Segments()) < 4 {
		select {
		case <-ctx.Done():
			t.Fatalf("only %d segments", len(v.Segments()))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// second is what tools/verify/verify.py says of a vault or a bundle.
type second struct {
	OK       bool            `json:"ok"`
	Error    string          `json:"error"`
	Records  uint64          `json:"records"`
	Sealed   uint64          `json:"sealed"`
	Unsealed uint64          `json:"unsealed"`
	Segments int             `json:"segments"`
	Batches  int             `json:"batches"`
	Expired  uint64          `json:"expired"`
	Shredded uint64          `json:"shredded"`
	Locked   uint64          `json:"locked"`
	Problems []audit.Problem `json:"problems"`
}

// ask runs the second verifier on all paths at once.
func ask(t *testing.T, flags []string, paths ...string) []second {
	t.Helper()
	args := append([]string{"../tools/verify/verify.py", "--json"}, flags...)
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", append(args, paths...)...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failed.ExitCode() == 2) || talk.Len() > 0 {
		t.Fatalf("verify.py: %v\n%s", err, talk.String())
	}
	var said []second
	for line := range bytes.Lines(out.Bytes()) {
		var s second
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatalf("verify.py: %v in %s", err, line)
		}
		said = append(said, s)
	}
	if len(said) != len(paths) {
		t.Fatalf("verify.py said %d things of %d", len(said), len(paths))
	}
	return said
}

// needPython skips where Debian's Python and its packages are not installed.
func needPython(t *testing.T) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import zstandard, cryptography").CombinedOutput(); err != nil {
		t.Skipf("needs python3-zstandard and python3-cryptography: %v %s", err, out)
	}
	if _, err := exec.LookPath("age"); err != nil {
		t.Skip("needs age")
	}
}

// TestSecondVerifierAgrees damages vaults of every kind in every way that
// damages knows, and asks konseki and the program that was written from
// docs/format.md alone: they must agree on which are sound.
func TestSecondVerifierAgrees(t *testing.T) {
	needPython(t)
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			base := filepath.Join(t.TempDir(), "sound")
			identity := s.make(t, base)
			var flags []string
			if identity != "" {
				flags = []string{"--identity", identity}
			}
			var names, dirs []string
			add := func(name string, harm func(*spoiled) bool) {
				d := &spoiled{t: t, dir: filepath.Join(t.TempDir(), "v")}
				d.copy(base)
				if harm(d) {
					names, dirs = append(names, name), append(dirs, d.dir)
				}
			}
			add("nothing", func(*spoiled) bool { return true })
			for _, d := range damages() {
				add(d.name, d.harm)
			}
			for seed := range uint64(flips) {
				add(fmt.Sprintf("flip with seed %d", seed), func(d *spoiled) bool { return d.flipAnywhere(seed) })
			}
			sound, bad := 0, 0
			for i, said := range ask(t, flags, dirs...) {
				rep, err := audit.Verify(t.Context(), dirs[i], audit.VerifyOptions{Unlock: keyring.Unlock{KeyFile: identity}})
				compare(t, names[i], said, rep, err)
				if said.OK {
					sound++
				} else {
					bad++
				}
			}
			t.Logf("%d vaults: %d sound, %d damaged", len(dirs), sound, bad)
		})
	}
}

const flips = 12

func compare(t *testing.T, name string, said second, rep *audit.Report, err error) {
	t.Helper()
	if err != nil {
		if said.OK {
			t.Errorf("%s: verify.py says sound, konseki %v", name, err)
		}
		return
	}
	if unsealed(name) || said.Error == "" && said.OK != rep.OK() && besides(name, slices.Concat(said.Problems, rep.Problems)) {
		return
	}
	if said.OK != rep.OK() || said.Error != "" {
		t.Errorf("%s: verify.py says %t %q %+v, konseki %t %+v", name, said.OK, said.Error, said.Problems, rep.OK(), rep.Problems)
		return
	}
	if said.OK {
		theirs := second{
			OK: true, Records: rep.Records, Sealed: rep.Sealed, Unsealed: rep.Unsealed, Segments: rep.Segments, Batches: rep.Batches,
			Expired: rep.Expired, Shredded: rep.Shredded, Locked: rep.Locked, Problems: []audit.Problem{},
		}
		if name != "nothing" { // without its keyring konseki calls locked what a sealed record declares shredded
			theirs.Shredded, theirs.Locked = rep.Shredded+rep.Locked, 0
			said.Shredded, said.Locked = said.Shredded+said.Locked, 0
		}
		if d := cmp.Diff(theirs, said); d != "" {
			t.Errorf("%s: they count differently (- konseki, + verify.py):\n%s", name, d)
		}
	}
}

// besides says that a random flip met bytes of a segment that bear no record,
// such as Parquet's page index or the names in its footer: one verifier finds
// every record with its leaf, and the other calls the file unreadable.
func besides(name string, complaints []audit.Problem) bool {
	return strings.HasPrefix(name, "flip with seed ") && !slices.ContainsFunc(complaints, func(p audit.Problem) bool {
		return p.Kind != audit.KindUnreadable && p.Kind != audit.KindRemoved || !strings.HasPrefix(p.Segment, "segments/")
	})
}
