// Package anchor keeps what remembers a checkpoint outside the vault: witnesses, timestamps and print.
//
// A vault alone cannot show that it was put back to an older state, nor that a
// thief of its key wrote another history: whoever holds the folder holds its
// checkpoint too. An anchor is a copy of a checkpoint that he does not hold.
// There are three kinds: the cosignature of a witness (C2SP tlog-witness), the
// token of a time-stamping authority (RFC 3161), and the checkpoint on paper or
// in mail. Keeper gets them, Check compares them with the vault, Witness is the
// other side. docs/anchors.md says what each shows.
package anchor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/vault"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Errors that callers decide on.
var (
	// ErrKey says that a text is not a verifier key of the kind asked for.
	ErrKey = errors.New("not a verifier key")
	// ErrCheckpoint says that a text is not a checkpoint, or not one that the
	// given key signed.
	ErrCheckpoint = errors.New("not a checkpoint of this log")
	// ErrState says that a folder of anchors or of a witness is damaged or is
	// not what it should be; the message names the remedy.
	ErrState = errors.New("folder is not as it was left")
)

const (
	maxCheckpoint = 64 << 10 // of a signed note, also of a whole request
	maxSize       = 1 << 62  // entries of a log; the limit is the vault's
	maxReply      = 64 << 10 // of a witness or of a time-stamping authority
)

// Folder is the name of the folder of anchors in the vault's own folder.
const Folder = "anchors"

// Checkpoint is a signed tree head (C2SP tlog-checkpoint) that was verified.
type Checkpoint struct {
	Origin string
	Size   uint64    // entries of the tile log, that is batches
	Root   tlog.Hash // RFC 6962
	Body   string    // what is signed: origin, size, root, further lines
	Note   []byte    // the whole signed note as it was read
	sigs   []note.Signature
}

// OpenCheckpoint verifies a signed note of at most 64 KiB with a log's key and
// reads it as a checkpoint of that log. Signatures by keys in others are
// verified when they are there, and the note is refused when one is wrong.
func OpenCheckpoint(text []byte, key note.Verifier, others ...note.Verifier) (cp Checkpoint, err error) {
	for _, k := range keysOf(key) {
		if cp, err = openCheckpoint(text, k, others...); err == nil {
			return cp, nil
		}
	}
	return cp, err
}

// logKeys are the keys of a vault that got a new one when it was restored: the
// present one, and those that signed before.
type logKeys struct {
	note.Verifier
	before []note.Verifier
}

func keysOf(key note.Verifier) []note.Verifier {
	if all, ok := key.(logKeys); ok {
		return append([]note.Verifier{all.Verifier}, all.before...)
	}
	return []note.Verifier{key}
}

func openCheckpoint(text []byte, key note.Verifier, others ...note.Verifier) (Checkpoint, error) {
	if len(text) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("%w: %d bytes, at most %d", ErrCheckpoint, len(text), maxCheckpoint)
	}
	n, err := note.Open(text, note.VerifierList(append([]note.Verifier{key}, others...)...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if signatureOf(n.Sigs, key) == nil {
		return Checkpoint{}, fmt.Errorf("%w: no signature of %s", ErrCheckpoint, key.Name())
	}
	cp, err := parseBody(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if cp.Origin != key.Name() {
		return Checkpoint{}, fmt.Errorf("%w: its origin is %q, the key's name %q", ErrCheckpoint, cp.Origin, key.Name())
	}
	cp.Note, cp.sigs = text, n.Sigs
	return cp, nil
}

// parseBody reads the three lines of a checkpoint and keeps what follows them.
func parseBody(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("%w: it does not begin with origin, size and root", ErrCheckpoint)
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its root is not 32 bytes in base64", ErrCheckpoint)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root, Body: text}, nil
}

// parseSize reads a decimal number of entries without leading zeros.
func parseSize(s string) (uint64, error) {
	size, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(size, 10) != s || size >= maxSize {
		return 0, fmt.Errorf("%.40q is not a size: a decimal number without leading zeros, below 2^62", s)
	}
	return size, nil
}

func signatureOf(sigs []note.Signature, key note.Verifier) *note.Signature {
	for i, s := range sigs {
		if s.Name == key.Name() && s.Hash == key.KeyHash() {
			return &sigs[i]
		}
	}
	return nil
}

// ParseLogKey reads the verifier key of a log, the line in a vault's key.pub
// (Ed25519, C2SP signed-note).
func ParseLogKey(text string) (note.Verifier, error) {
	var all []note.Verifier
	for line := range strings.Lines(strings.TrimSpace(text)) {
		v, err := note.NewVerifier(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("%w: %w: give the content of key.pub of the vault", ErrKey, err)
		}
		all = append(all, v)
	}
	switch len(all) {
	case 0:
		return nil, fmt.Errorf("%w: it is empty: give the content of key.pub of the vault", ErrKey)
	case 1:
		return all[0], nil
	}
	return logKeys{all[0], all[1:]}, nil
}

// ParseWitnessKey reads the verifier key of a witness (C2SP tlog-cosignature),
// as `konseki witness init` prints it.
func ParseWitnessKey(text string) (note.Verifier, error) {
	text = strings.TrimSpace(text)
	v, err := fnote.NewVerifierForCosignatureV1(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: give the line that konseki witness init printed", ErrKey, err)
	}
	// The library does not look at the hash, which is there to notice that a
	// name or a key was copied wrongly.
	if same, err := fnote.VKeyToCosignatureV1(text); err == nil {
		text = same
	}
	parts := strings.Split(text, "+")
	if want := fmt.Sprintf("%08x", v.KeyHash()); len(parts) < 3 || parts[1] != want {
		return nil, fmt.Errorf("%w: its hash is not %s: it was not copied whole", ErrKey, want)
	}
	return v, nil
}

// head reads a vault's key and present checkpoint from its folder and verifies
// it. key pins the log's verifier key; the folder's own is taken when "". No
// lock is needed: the checkpoint is replaced in one step.
func head(dir, key string) (Checkpoint, note.Verifier, error) {
	if key == "" {
		b, err := readSmall(filepath.Join(dir, "key.pub"))
		if isAbsent(err) {
			if _, serr := os.Stat(filepath.Join(dir, "format")); isAbsent(serr) {
				return Checkpoint{}, nil, fmt.Errorf("%w: %s", vault.ErrNoVault, dir)
			}
		}
		if err != nil {
			return Checkpoint{}, nil, fmt.Errorf("public key of the vault: %w", err)
		}
		key = string(b)
	}
	v, err := ParseLogKey(key)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	b, err := readSmall(filepath.Join(dir, "log", "checkpoint"))
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("checkpoint of the vault: %w", err)
	}
	cp, err := OpenCheckpoint(b, v)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("checkpoint of the vault: %w: run konseki verify", err)
	}
	return cp, v, nil
}

// Head reads and verifies the present checkpoint of the vault in folder dir,
// also while another process writes there. pin, when not "", is the verifier
// key to trust instead of the folder's own.
func Head(dir, pin string) (Checkpoint, error) {
	cp, _, err := head(dir, pin)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("anchor: %w", err)
	}
	return cp, nil
}

// readSmall reads a file of at most 64 KiB.
func readSmall(path string) ([]byte, error) { return durable.Read(path, maxCheckpoint) }
