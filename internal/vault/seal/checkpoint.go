package seal

import (
	"errors"
	"fmt"
	"strings"

	flog "github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a signed tree head (C2SP tlog-checkpoint).
type Checkpoint struct {
	Size uint64
	Root tlog.Hash
	Text string
}

// Trust is the keys that may have signed the checkpoints of one log: the
// present one first, then those it had before.
type Trust []note.Verifier

// ParseTrust reads the text of key.pub: a note verifier key a line, all of the
// same name.
func ParseTrust(text string) (Trust, error) {
	var t Trust
	for line := range strings.Lines(text) {
		v, err := note.NewVerifier(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		if len(t) > 0 && v.Name() != t[0].Name() {
			return nil, fmt.Errorf("keys are of two logs, %q and %q", t[0].Name(), v.Name())
		}
		t = append(t, v)
	}
	if len(t) == 0 {
		return nil, errors.New("there is no key")
	}
	return t, nil
}

// Open reads a checkpoint that one of the keys signed.
func (t Trust) Open(text []byte) (cp Checkpoint, err error) {
	for _, v := range t {
		if cp, err = OpenCheckpoint(text, v); err == nil {
			return cp, nil
		}
	}
	return Checkpoint{}, err
}

// OpenCheckpoint reads a checkpoint that v signed.
func OpenCheckpoint(text []byte, v note.Verifier) (Checkpoint, error) {
	cp, _, _, err := flog.ParseCheckpoint(text, v.Name(), v)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(cp.Hash) != tlog.HashSize || cp.Size >= 1<<62 {
		return Checkpoint{}, errors.New("checkpoint is out of range")
	}
	return Checkpoint{Size: cp.Size, Root: tlog.Hash(cp.Hash), Text: string(text)}, nil
}
