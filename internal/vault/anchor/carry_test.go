package anchor

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// TestAnAnchorThatIsCarriedAwayIsCheckedWithoutTheVault carries a cosignature
// and a timestamp of a smaller log and of a larger one than the evidence's.
func TestAnAnchorThatIsCarriedAwayIsCheckedWithoutTheVault(t *testing.T) {
	dir := newVault(t, 3)
	w, tsa := newSeat(t, "osaka.example", dir), newAuthority(t, rightKind())
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{w.Peer}, Timestamp: tsa.authority()}))
	before := headOf(t, dir)
	grow(t, dir, 4, "more")
	mustAnchor(t, keeper(t, KeeperOptions{Dir: dir, Witnesses: []Peer{w.Peer}, Timestamp: tsa.authority(), Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}))
	now, key := headOf(t, dir), keyOf(t, dir)
	log, err := ParseLogKey(key)
	if err != nil {
		t.Fatal(err)
	}
	opts := CheckOptions{Witnesses: []Peer{w.Peer}, Roots: tsa.roots()}
	pem := filepath.Join(tsa.dir, "ca.pem")
	for _, at := range []Checkpoint{before, now} {
		list, err := Carry(t.Context(), dir, at.Size, opts, pem)
		if err != nil || len(list) < 2 {
			t.Fatalf("at %d: %+v, %v", at.Size, list, err)
		}
		for _, c := range list {
			for _, trust := range []CheckOptions{{}, opts} {
				if got := c.Check(log, at, trust); !got.Held || got.Pinned != (trust.Roots != nil) || got.Time.IsZero() || got.Who == "" {
					t.Errorf("at %d: %+v", at.Size, got)
				}
			}
			other := at
			other.Root[3] ^= 1
			if got := c.Check(log, other, opts); got.Held || got.Why != Forked {
				t.Errorf("for another log: %+v", got)
			}
			for name, harm := range map[string]func(*Carried){
				"note":  func(c *Carried) { c.Note = strings.Replace(c.Note, "\n", "x\n", 1) },
				"token": func(c *Carried) { c.Token, c.Key = nil, "" },
				"path":  func(c *Carried) { c.Path = append(c.Path, tlog.Hash{1}) },
				"to":    func(c *Carried) { c.To++ },
				"kind":  func(c *Carried) { c.Kind = "word of mouth" },
			} {
				bad := c
				bad.Path = append([]tlog.Hash(nil), c.Path...)
				harm(&bad)
				if got := bad.Check(log, at, CheckOptions{}); got.Held || got.Why == "" || got.Reason.JA == "" {
					t.Errorf("%s changed: %+v", name, got)
				}
			}
		}
	}
	stranger := newSeat(t, "kyoto.example")
	list, err := Carry(t.Context(), dir, now.Size, opts, pem)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if got := c.Check(log, now, CheckOptions{Witnesses: []Peer{stranger.Peer}, Roots: newAuthority(t, rightKind()).roots()}); got.Pinned || c.Kind == TimestampKind && got.Held {
			t.Errorf("with a stranger's key: %+v", got)
		}
	}
}
