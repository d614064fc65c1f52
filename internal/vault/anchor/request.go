package anchor

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const maxProofLines = 63 // C2SP tlog-witness

// addCheckpoint is the body of a request to a witness (C2SP tlog-witness):
//
//	old SIZE
//	base64 of a hash, at most 63 such lines
//
//	checkpoint
type addCheckpoint struct {
	old   uint64
	proof []tlog.Hash
	note  []byte // the signed checkpoint, not verified
}

func (a addCheckpoint) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", a.old)
	for _, h := range a.proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(a.note)
	return b.Bytes()
}

// parseAddCheckpoint accepts only what encode writes, of any length.
func parseAddCheckpoint(body []byte) (addCheckpoint, error) {
	top, signed, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return addCheckpoint{}, errors.New("there is no empty line before a checkpoint")
	}
	lines := strings.Split(string(top), "\n")
	number, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return addCheckpoint{}, errors.New(`the first line is not "old SIZE"`)
	}
	a := addCheckpoint{note: signed}
	var err error
	if a.old, err = parseSize(number); err != nil {
		return addCheckpoint{}, err
	}
	if len(lines)-1 > maxProofLines {
		return addCheckpoint{}, fmt.Errorf("the proof has %d lines, at most %d", len(lines)-1, maxProofLines)
	}
	for i, l := range lines[1:] {
		h, err := tlog.ParseHash(l)
		if err != nil || base64.StdEncoding.EncodeToString(h[:]) != l {
			return addCheckpoint{}, fmt.Errorf("line %d of the proof is not 32 bytes in base64", i+1)
		}
		a.proof = append(a.proof, h)
	}
	return a, nil
}

// originOf gives the first line of a note that is not verified yet.
func originOf(signed []byte) string {
	origin, _, _ := strings.Cut(string(signed), "\n")
	return origin
}

// slicesOf gives hashes as the Merkle library takes them.
func slicesOf(path []tlog.Hash) [][]byte {
	out := make([][]byte, len(path))
	for i := range path {
		out[i] = path[i][:]
	}
	return out
}
