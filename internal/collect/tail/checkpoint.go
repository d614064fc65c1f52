package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
)

const (
	checkpointVersion = 2 // 1 did not remember the files that are not to be read
	maxCheckpoint     = 64 << 20
	maxFiles          = 50_000 // that are remembered; some 600 bytes each
)

// checkpoint is what is remembered across restarts. It never claims more than
// the vault has: it is written after an append. What an append left behind when
// konseki was killed in between is found in the vault after the record Pending.
type checkpoint struct {
	Version int `json:"version"`
	// Doubt says that records may have been appended after the record Pending
	// that this checkpoint does not know of.
	Doubt   bool              `json:"doubt,omitzero"`
	Pending uint64            `json:"pending,omitzero"`
	Files   []saved           `json:"files,omitempty"`
	Proven  map[string]proven `json:"proven,omitempty"` // by source
	// Holes wait to be attested.
	Holes []event.Attestation `json:"holes,omitempty"`
}

// saved is one file: one content, under whatever names it went.
type saved struct {
	ID       string    `json:"id"`     // names it in the hint id
	Source   string    `json:"source"` // of its records
	Path     string    `json:"path"`   // where it was first seen; the hint path
	Now      string    `json:"now"`    // where it is
	Identity identity  `json:"identity"`
	Offset   int64     `json:"offset"`           // the vault has everything up to here
	Sure     uint64    `json:"sure,omitzero"`    // no record of it up to this one is beyond Offset
	Part     int       `json:"part,omitzero"`    // of an overlong line that stands there
	Head     mark      `json:"head"`             // the first bytes, up to 1 KiB and Offset
	Marks    []mark    `json:"marks,omitempty"`  // the bytes before the last offsets, oldest first
	Shaped   int       `json:"shaped,omitzero"`  // how many first bytes told its shape
	Packed   bool      `json:"packed,omitzero"`  // it is compressed; offsets are those of the content
	Lost     bool      `json:"lost,omitzero"`    // what it held is elsewhere: truncated or vanished
	Old      bool      `json:"old,omitzero"`     // it was rotated before its path was followed, and is not read
	Done     bool      `json:"done,omitzero"`    // all of it was read that it held when last looked at
	Size     int64     `json:"size,omitzero"`    // when last looked at
	Changed  time.Time `json:"changed,omitzero"` // its time of change then
	Looked   time.Time `json:"looked,omitzero"`
}

// proven is what is known of a source's completeness.
type proven struct {
	From time.Time `json:"from"` // attested up to here
	To   time.Time `json:"to"`   // everything was read at this time
	// Records is how many came since From.
	Records int64 `json:"records,omitzero"`
}

// maxMarks is how many offsets of a file are remembered, so that a copy made
// between two of them is recognised.
const maxMarks = 16

// decode reads a checkpoint; whatever it is given, nothing it returns can lead
// outside of a file or of memory.
func decode(b []byte) (*checkpoint, error) {
	c := &checkpoint{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, err
	}
	if c.Version < 1 || c.Version > checkpointVersion {
		return nil, fmt.Errorf("it is of version %d, this konseki writes %d", c.Version, checkpointVersion)
	}
	if len(c.Files) > maxFiles {
		return nil, fmt.Errorf("it holds %d files, at most %d", len(c.Files), maxFiles)
	}
	seen := map[string]bool{}
	for i := range c.Files {
		if err := c.Files[i].check(); err != nil {
			return nil, fmt.Errorf("file %d: %w", i+1, err)
		}
		if seen[c.Files[i].ID] {
			return nil, fmt.Errorf("file %d: its id was there before", i+1)
		}
		seen[c.Files[i].ID] = true
	}
	return c, nil
}

func (s *saved) check() error {
	if s.ID == "" || s.Source == "" || s.Path == "" || s.Now == "" {
		return errors.New("id, source or path is missing")
	}
	if s.Offset < 0 || s.Part < 0 || s.Shaped < 0 || s.Shaped > headBytes || len(s.Marks) > maxMarks || s.Head.At < 0 || s.Head.At > markBytes {
		return errors.New("an offset, or what goes with it, is out of its bounds")
	}
	last := int64(0)
	for _, m := range s.Marks {
		if m.At < last || m.At > s.Offset {
			return errors.New("a mark is beyond the offset")
		}
		last = m.At
	}
	return nil
}

// load reads the checkpoint; there is none before the first time.
func load(path string) (*checkpoint, error) {
	b, err := durable.Read(path, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return &checkpoint{Version: checkpointVersion}, nil
	}
	var c *checkpoint
	if err == nil {
		c, err = decode(b)
	}
	if err != nil {
		return nil, fmt.Errorf("tail: %s cannot be read: %w; move it away to begin anew: all files are then read from their beginning", path, err)
	}
	return c, nil
}

func (c *checkpoint) save(path string) error {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, c, json.Deterministic(true)); err != nil {
		return err
	}
	if b.Len() > maxCheckpoint {
		return fmt.Errorf("%s would be longer than %d bytes", path, maxCheckpoint)
	}
	return durable.Replace(path, b.Bytes(), 0o600)
}
