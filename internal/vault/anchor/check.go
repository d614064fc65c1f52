package anchor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/vault/ondisk"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/konseki/konseki/internal/event"
)

// Kind is what sort of anchor one is.
type Kind string

// Kinds of anchors.
const (
	WitnessKind   Kind = "witness"   // a witness's cosignature, kept in a folder or asked for
	TimestampKind Kind = "timestamp" // an RFC 3161 token
	SavedKind     Kind = "saved"     // a checkpoint on paper, in mail or in a file
)

// Problem says why an anchor does not hold.
type Problem string

// Problems. The first four mean that something was done to the vault or to the
// anchor; the others only that the anchor shows nothing.
const (
	RolledBack   Problem = "rolled_back"  // it remembers a larger log than there is
	Forked       Problem = "forked"       // the log is not the one it remembers
	Foreign      Problem = "foreign"      // it is of another log, or signed with another key
	Damaged      Problem = "damaged"      // the vault's tile log does not match its own checkpoint
	Unverifiable Problem = "unverifiable" // a signature, token or certificate does not verify, or no key for it was given
	Unreachable  Problem = "unreachable"  // a witness that was to be asked did not answer
)

// Alarming says that a problem speaks against the vault.
func (p Problem) Alarming() bool {
	return p == RolledBack || p == Forked || p == Foreign || p == Damaged
}

// Anchor is one thing that remembers a checkpoint, and whether the vault is
// still what it remembers.
type Anchor struct {
	Kind   Kind         `json:"kind"`
	Who    string       `json:"who,omitempty"`  // witness, subject of the authority's certificate, or name of what was saved
	File   string       `json:"file,omitempty"` // where it was read; "" when it was asked for
	Live   bool         `json:"live"`           // the witness was asked just now
	Size   uint64       `json:"size"`           // entries of the log that it remembers
	Time   time.Time    `json:"time,omitzero"`  // when, as it states itself; zero when it does not
	Held   bool         `json:"held"`           // its signature verifies, and its tree is the beginning of the vault's
	Kept   bool         `json:"kept"`           // it came from the vault's own folder: whoever changed the vault could change it too
	Why    Problem      `json:"why,omitempty"`  // "" when held
	Reason event.Phrase `json:"reason"`
}

// CheckOptions say which anchors to look at and what to trust.
type CheckOptions struct {
	Now       time.Time      // default time.Now
	PublicKey string         // pinned verifier key of the vault; the folder's own when ""
	Witnesses []Peer         // keys of witnesses; those with a URL are asked when Ask is set
	Ask       bool           // ask witnesses for the last checkpoint they cosigned
	Roots     *x509.CertPool // of time-stamping authorities; nil: their tokens cannot be verified
	Saved     []SavedText    // checkpoints kept elsewhere, in any form that ParseSaved reads
	Folders   []string       // copies of anchors folders kept elsewhere
}

// SavedText is one text to read a saved checkpoint from.
type SavedText struct {
	Name string // what to call it: the file's name
	Text []byte
}

// Result is what the anchors say of a vault.
type Result struct {
	Origin  string        `json:"origin"`
	Size    uint64        `json:"size"`            // of the vault's present checkpoint
	Root    tlog.Hash     `json:"root"`            // of the vault's present checkpoint
	Anchors []Anchor      `json:"anchors"`         // those outside the vault's own folder first, then by kind and size
	Newest  time.Time     `json:"newest,omitzero"` // of the anchors that hold and state a time; zero if none
	Age     time.Duration `json:"-"`               // of Newest; 0 if none
	Covered uint64        `json:"covered"`         // entries under an anchor that holds
}

// OK says that no anchor contradicts the vault. It says nothing of how many
// there are: see Covered.
func (r *Result) OK() bool { return len(r.Alarms()) == 0 }

// Alarms gives the anchors that speak against the vault.
func (r *Result) Alarms() []Anchor {
	var out []Anchor
	for _, a := range r.Anchors {
		if a.Why.Alarming() {
			out = append(out, a)
		}
	}
	return out
}

// Check compares the vault in folder dir with every anchor in it and with those
// given, offline unless Ask is set. It reads tiles and checkpoint only, changes
// nothing, and works while another process has the vault open. What anchors say
// is in the result; an error means that the vault has no checkpoint that its
// key signed, that a folder cannot be read, or the end of ctx.
func Check(ctx context.Context, dir string, opts CheckOptions) (*Result, error) {
	r, err := check(ctx, dir, opts)
	if err != nil {
		return nil, fmt.Errorf("anchor: check: %w", err)
	}
	return r, nil
}

// checker is one run of Check.
type checker struct {
	dir   string
	opts  CheckOptions
	head  Checkpoint
	key   note.Verifier
	peers []peer
	out   []Anchor
}

func check(ctx context.Context, dir string, opts CheckOptions) (*Result, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	c := &checker{dir: dir, opts: opts, out: []Anchor{}}
	var err error
	if c.head, c.key, err = head(dir, opts.PublicKey); err != nil {
		return nil, err
	}
	for _, w := range opts.Witnesses {
		if w.URL == "" {
			w.URL = "https://not.asked.invalid"
		}
		p, err := newPeer(w)
		if err != nil {
			return nil, err
		}
		c.peers = append(c.peers, p)
	}
	if opts.Ask {
		if err := c.ask(ctx); err != nil {
			return nil, err
		}
	}
	for _, s := range opts.Saved {
		if err := c.saved(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, folder := range opts.Folders {
		if err := c.folder(ctx, folder, false); err != nil {
			return nil, err
		}
	}
	err = c.folder(ctx, filepath.Join(dir, Folder), true)
	if err != nil && !isAbsent(err) {
		return nil, err
	}
	return c.result(), nil
}

func (c *checker) result() *Result {
	r := &Result{Origin: c.head.Origin, Size: c.head.Size, Root: c.head.Root, Anchors: c.out}
	slices.SortStableFunc(r.Anchors, func(a, b Anchor) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Size, b.Size))
	})
	for _, a := range r.Anchors {
		if !a.Held {
			continue
		}
		r.Covered = max(r.Covered, a.Size)
		if a.Time.After(r.Newest) {
			r.Newest = a.Time
		}
	}
	if !r.Newest.IsZero() {
		r.Age = max(0, c.opts.Now.Sub(r.Newest))
	}
	return r
}

func rank(a Anchor) int {
	if a.Kept {
		return 1
	}
	return 0
}

// judge says of an anchor whose own signature verified whether the vault is
// still what it remembers, and adds it.
func (c *checker) judge(ctx context.Context, a Anchor, root tlog.Hash) error {
	why, err := place(ctx, c.dir, c.head, a.Size, root)
	if err != nil {
		return err
	}
	a.Why, a.Held = why, why == ""
	switch why {
	case "":
		a.Reason = phrase("先頭の批 %d 個は、これが覚えているとおりである", "the first %d batches are as it remembers them", a.Size)
	case RolledBack:
		a.Reason = phrase("これが覚えている批は %d 個だが、保管庫には %d 個しかない：古い状態に戻されている",
			"it remembers %d batches, the vault has %d: it was put back to an older state", a.Size, c.head.Size)
	case Forked:
		a.Reason = phrase("先頭の批 %d 個は、これが覚えているものではない：履歴が書き換えられている",
			"the first %d batches are not those it remembers: history was written anew", a.Size)
	default:
		a.Reason = phrase("保管庫のログが自らのチェックポイントと合わないため、批 %d 個までを比べられない：konseki verify を実行すること",
			"the vault's log does not match its own checkpoint, so that nothing can be compared up to %d batches: run konseki verify", a.Size)
	}
	c.out = append(c.out, a)
	return nil
}

func phrase(ja, en string, args ...any) event.Phrase {
	return event.Phrase{JA: fmt.Sprintf(ja, args...), EN: fmt.Sprintf(en, args...)}
}

// fails adds an anchor that shows nothing, or that is not this vault's.
func (c *checker) fails(a Anchor, why Problem, reason event.Phrase) {
	a.Why, a.Reason = why, reason
	c.out = append(c.out, a)
}

// place compares a tree of size entries with the log under the checkpoint now:
// "" when it is its beginning. The root is checked through a consistency proof,
// so that the tiles alone convince nobody.
func place(ctx context.Context, dir string, now Checkpoint, size uint64, root tlog.Hash) (Problem, error) {
	if size > now.Size {
		return RolledBack, nil
	}
	path, err := ondisk.Consistency(ctx, dir, size, now.Size)
	if err == nil && size > 0 && proven(path, size, root, now) {
		return "", nil
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return Damaged, nil
	}
	own, err := ondisk.LogRoot(ctx, dir, size)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil, size > 0 && !proven(path, size, own, now):
		return Damaged, nil
	case own == root: // only of size 0, which needs no proof
		return "", nil
	}
	return Forked, nil
}

func proven(path []tlog.Hash, size uint64, root tlog.Hash, now Checkpoint) bool {
	return proof.VerifyConsistency(rfc6962.DefaultHasher, size, now.Size, slicesOf(path), root[:], now.Root[:]) == nil
}

// saved judges a checkpoint that people kept.
func (c *checker) saved(ctx context.Context, text SavedText) error {
	a := Anchor{Kind: SavedKind, Who: text.Name, File: text.Name}
	s, err := ParseSaved(text.Text)
	if err != nil {
		c.fails(a, Unverifiable, unreadable(err))
		return nil
	}
	a.Size, a.Time = s.Size, s.Time
	if s.Origin != c.key.Name() || s.KeyHash != "" && !knows(c.key, s.KeyHash) {
		c.fails(a, Foreign, c.foreign(s.Origin, s.KeyHash))
		return nil
	}
	if s.Note != nil {
		if _, err := OpenCheckpoint(s.Note, c.key); err != nil {
			c.fails(a, Foreign, phrase("この保管庫の鍵による署名ではない：%v", "it is not signed with this vault's key: %v", err))
			return nil
		}
	}
	return c.judge(ctx, a, s.Root)
}

func unreadable(err error) event.Phrase {
	return phrase("読み取れない：%v", "it cannot be read: %v", err)
}

func (c *checker) foreign(origin, hash string) event.Phrase {
	own := fmt.Sprintf("%08x", c.key.KeyHash())
	return phrase("別のログのもの：%q（鍵 %s）。この保管庫は %q（鍵 %s）である", "it is of another log: %q (key %s); this vault is %q (key %s)",
		origin, cmp.Or(hash, "?"), c.key.Name(), own)
}

// ask asks each witness that has an address.
func (c *checker) ask(ctx context.Context) error {
	k := &Keeper{client: newClient()}
	for i, p := range c.peers {
		if c.opts.Witnesses[i].URL == "" {
			continue
		}
		a := Anchor{Kind: WitnessKind, Who: p.name, Live: true}
		cp, at, err := k.latest(ctx, p, c.key)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrCheckpoint):
			c.fails(a, Unverifiable, phrase("答えを検証できない：%v", "its answer does not verify: %v", err))
			continue
		case err != nil:
			c.fails(a, Unreachable, phrase("答えがない：%v", "it does not answer: %v", err))
			continue
		}
		a.Size, a.Time = cp.Size, at
		if err := c.judge(ctx, a, cp.Root); err != nil {
			return err
		}
	}
	return nil
}

// folder judges every anchor in a folder.
func (c *checker) folder(ctx context.Context, folder string, kept bool) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		a := Anchor{File: filepath.Join(folder, name), Kept: kept}
		stem, isCheckpoint := strings.CutSuffix(name, checkpointSuffix)
		size, isToken := strings.CutSuffix(name, tokenSuffix)
		switch {
		case isCheckpoint && (strings.HasPrefix(stem, "witness-") || strings.HasPrefix(stem, conflictPrefix)):
			a.Kind = WitnessKind
			err = c.cosigned(ctx, a)
		case isToken:
			a.Kind = TimestampKind
			err = c.stamped(ctx, a, folder, size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cosigned judges a checkpoint that a witness cosigned. One that the vault's
// own key signed can contradict the vault whatever the witness's key.
func (c *checker) cosigned(ctx context.Context, a Anchor) error {
	text, err := readSmall(a.File)
	if err != nil {
		c.fails(a, Unverifiable, unreadable(err))
		return nil
	}
	a.Who = filepath.Base(a.File)
	cp, err := OpenCheckpoint(text, c.key)
	if err != nil {
		if parsed, perr := parseBody(bodyOf(text)); perr == nil {
			a.Size = parsed.Size
		}
		c.fails(a, Foreign, phrase("この保管庫の鍵による署名ではない：%v", "it is not signed with this vault's key: %v", err))
		return nil
	}
	a.Size = cp.Size
	for _, p := range c.peers {
		if got, at, err := openCosigned(text, c.key, p.key); err == nil {
			a.Who, a.Time = p.name, at
			return c.judge(ctx, a, got.Root)
		}
	}
	if err := c.judge(ctx, a, cp.Root); err != nil {
		return err
	}
	last := &c.out[len(c.out)-1]
	if last.Held {
		last.Held, last.Why = false, Unverifiable
		last.Reason = phrase("証人の公開鍵が与えられていない、または副署名が合わない", "the witness's key was not given, or its cosignature does not verify")
	}
	return nil
}

func bodyOf(text []byte) string {
	body, _, _ := strings.Cut(string(text), "\n\n")
	return body + "\n"
}

// stamped judges a timestamped checkpoint.
func (c *checker) stamped(ctx context.Context, a Anchor, folder, name string) error {
	size, err := parseSize(name)
	if err != nil {
		return nil // not named as one of ours
	}
	a.Size = size
	_, file, err := readTimestamp(folder, size)
	if err != nil {
		c.fails(a, Unverifiable, unreadable(err))
		return nil
	}
	cp, err := OpenCheckpoint(file.signed, c.key)
	if err != nil {
		c.fails(a, Foreign, phrase("この保管庫の鍵による署名ではない：%v", "it is not signed with this vault's key: %v", err))
		return nil
	}
	a.Size = cp.Size
	var why event.Phrase
	var info tokenInfo
	if c.opts.Roots == nil {
		why = phrase("時刻認証局の認証局証明書が与えられていない", "the certificates of the time-stamping authority were not given")
	} else if info, err = verifyToken(file.reply, file.signed, c.opts.Roots); err != nil {
		why = phrase("トークンを検証できない：%v", "its token does not verify: %v", err)
	}
	a.Who, a.Time = info.Signer, info.Time
	if err := c.judge(ctx, a, cp.Root); err != nil {
		return err
	}
	if last := &c.out[len(c.out)-1]; last.Held && !why.Empty() {
		last.Held, last.Why, last.Reason = false, Unverifiable, why
	}
	return nil
}

// knows says whether a key of the vault has the hash that people compare.
func knows(key note.Verifier, hash string) bool {
	return slices.ContainsFunc(keysOf(key), func(k note.Verifier) bool { return hash == fmt.Sprintf("%08x", k.KeyHash()) })
}
