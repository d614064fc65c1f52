package anchor

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Carried is an anchor with all that a stranger needs to check it away from the
// vault: what was cosigned or stamped, and the proof that ties it to the
// checkpoint that the evidence is under. docs/format.md describes its JSON.
type Carried struct {
	Kind  Kind        `json:"kind"` // witness or timestamp
	Who   string      `json:"who,omitempty"`
	Note  string      `json:"note"`            // the checkpoint as it was cosigned or stamped
	Key   string      `json:"key,omitempty"`   // verifier key of the witness
	Token []byte      `json:"token,omitempty"` // the authority's reply, DER
	Roots string      `json:"roots,omitempty"` // certificates of the authority, PEM
	To    uint64      `json:"to"`              // entries of the checkpoint that Path leads to
	Path  []tlog.Hash `json:"path,omitempty"`  // RFC 6962 consistency proof between the two, the smaller one first
}

// Told is what a carried anchor says, once it was checked.
type Told struct {
	Kind   Kind         `json:"kind"`
	Who    string       `json:"who"`
	Size   uint64       `json:"size"` // entries of the log that it remembers
	Time   time.Time    `json:"time,omitzero"`
	Held   bool         `json:"held"`
	Pinned bool         `json:"pinned"` // its key or certificates were given from outside, not taken from what carried it
	Why    Problem      `json:"why,omitempty"`
	Reason event.Phrase `json:"reason"`
}

// Carry gathers the anchors of the vault in folder dir that hold, each with the
// proof that ties it to the log of size entries. rootsFile is the file that
// opts.Roots was read from; "" where there is none.
func Carry(ctx context.Context, dir string, size uint64, opts CheckOptions, rootsFile string) ([]Carried, error) {
	out, err := carry(ctx, dir, size, opts, rootsFile)
	if err != nil {
		return nil, fmt.Errorf("anchor: carry: %w", err)
	}
	return out, nil
}

func carry(ctx context.Context, dir string, size uint64, opts CheckOptions, rootsFile string) ([]Carried, error) {
	opts.Ask, opts.Saved, opts.Folders = false, nil, nil
	var roots []byte
	if rootsFile != "" {
		var err error
		if roots, err = durable.Read(rootsFile, maxRootsBytes); err != nil {
			return nil, err
		}
	}
	r, err := check(ctx, dir, opts)
	if err != nil {
		return nil, err
	}
	var out []Carried
	for _, a := range r.Anchors {
		if !a.Held || a.File == "" {
			continue
		}
		c := Carried{Kind: a.Kind, Who: a.Who, To: size}
		if err := c.read(a, opts.Witnesses, string(roots)); err != nil {
			return nil, err
		}
		if c.Path, err = ondisk.Consistency(ctx, dir, min(a.Size, size), max(a.Size, size)); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// read fills in what an anchor of the folder consists of.
func (c *Carried) read(a Anchor, witnesses []Peer, roots string) error {
	if c.Kind == TimestampKind {
		stem, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(a.File), tokenSuffix), 10, 64)
		if err != nil {
			return err
		}
		_, file, err := readTimestamp(filepath.Dir(a.File), stem)
		c.Note, c.Token, c.Roots = string(file.signed), file.reply, roots
		return err
	}
	text, err := readSmall(a.File)
	c.Note = string(text)
	for _, w := range witnesses {
		if p, perr := ParseWitnessKey(w.Key); perr == nil && strings.Contains(c.Note, " "+p.Name()+" ") {
			c.Key = strings.TrimSpace(w.Key)
		}
	}
	return err
}

// Check says whether an anchor holds for the checkpoint at with nothing at hand
// but what is carried: key is the vault's, opts may pin the witnesses' keys and
// the authorities' certificates. It reads no file.
func (c Carried) Check(key note.Verifier, at Checkpoint, opts CheckOptions) Told {
	t := Told{Kind: c.Kind, Who: c.Who}
	cp, err := OpenCheckpoint([]byte(c.Note), key)
	if err != nil {
		return t.fails(Foreign, phrase("この保管庫の鍵による署名ではない：%v", "it is not signed with this vault's key: %v", err))
	}
	t.Size = cp.Size
	switch c.Kind {
	case WitnessKind:
		t, err = c.cosigned(t, key, opts)
	case TimestampKind:
		t, err = c.stamped(t, opts)
	default:
		err = fmt.Errorf("%q is no kind of anchor", c.Kind)
	}
	if err != nil {
		return t.fails(Unverifiable, phrase("検証できない：%v", "it does not verify: %v", err))
	}
	if c.To != at.Size || !together(cp, at, c.Path) {
		return t.fails(Forked, phrase("これが覚えているログ（批 %d 個）は、この証拠のログ（批 %d 個）とつながらない",
			"the log of %d batches that it remembers does not lead to that of the evidence, of %d", cp.Size, at.Size))
	}
	t.Held = true
	t.Reason = phrase("先頭の批 %d 個を覚えており、この証拠のログと一致する", "it remembers the first %d batches, as the log of the evidence has them", cp.Size)
	return t
}

func (t Told) fails(why Problem, reason event.Phrase) Told {
	t.Held, t.Why, t.Reason = false, why, reason
	return t
}

// together says whether one of two checkpoints is the beginning of the other.
func together(a, b Checkpoint, path []tlog.Hash) bool {
	if a.Size > b.Size {
		a, b = b, a
	}
	if a.Size == 0 || len(path) > 64 {
		return false
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, a.Size, b.Size, slicesOf(path), a.Root[:], b.Root[:]) == nil
}

func (c Carried) cosigned(t Told, key note.Verifier, opts CheckOptions) (Told, error) {
	pins := make([]string, 0, len(opts.Witnesses)+1)
	for _, w := range opts.Witnesses {
		pins = append(pins, w.Key)
	}
	var err error
	for i, text := range append(pins, c.Key) {
		witness, kerr := ParseWitnessKey(text)
		if kerr != nil {
			err = kerr
			continue
		}
		if _, at, cerr := openCosigned([]byte(c.Note), key, witness); cerr == nil {
			t.Who, t.Time, t.Pinned = witness.Name(), at, i < len(pins)
			return t, nil
		} else {
			err = cerr
		}
	}
	return t, err
}

func (c Carried) stamped(t Told, opts CheckOptions) (Told, error) {
	if opts.Roots != nil {
		info, err := verifyToken(c.Token, []byte(c.Note), opts.Roots)
		t.Who, t.Time, t.Pinned = info.Signer, info.Time, err == nil
		return t, err
	}
	pool := x509.NewCertPool()
	if len(c.Roots) > maxRootsBytes || !pool.AppendCertsFromPEM([]byte(c.Roots)) {
		return t, fmt.Errorf("%w: no certificates of its authority come with it; give them", ErrToken)
	}
	info, err := verifyToken(c.Token, []byte(c.Note), pool)
	t.Who, t.Time = info.Signer, info.Time
	return t, err
}
