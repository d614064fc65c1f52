package pull

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
)

// state is what is remembered of one stream, in one file that is replaced in
// one step. It never claims more than the vault has: it is written after an
// append. What an append left behind when konseki was killed in between is
// found in the vault again, after the record Pending.
type state struct {
	Version int    `json:"version"`
	API     string `json:"api"`
	Source  string `json:"source"`

	// Complete is up to where all windows were read to their last page.
	Complete time.Time `json:"complete,omitzero"`
	// Settled is up to where that was done long enough after the events.
	Settled time.Time `json:"settled,omitzero"`
	// Window is the one being read, Cursor the next page of it.
	Window *window `json:"window,omitempty"`
	Cursor string  `json:"cursor,omitempty"`
	// Memory belongs to the service.
	Memory []byte `json:"memory,omitempty"`
	// Doubt says that records may have been appended after the record Pending
	// that this state does not know of.
	Doubt   bool   `json:"doubt,omitzero"`
	Pending uint64 `json:"pending,omitzero"`

	// Proven is up to where completeness is attested or waits in Open for it.
	Proven time.Time           `json:"proven,omitzero"`
	Open   []event.Attestation `json:"open,omitempty"`
	Sealed time.Time           `json:"sealed,omitzero"` // when something of Open was last sealed
	// New counts the records since the end of the last cursor proof.
	New int64 `json:"new,omitzero"`

	Records     uint64    `json:"records"` // appended ever
	LastSuccess time.Time `json:"last_success,omitzero"`
	Slice       int64     `json:"slice,omitzero"` // length of windows, seconds
	Full        bool      `json:"full,omitzero"`  // not all events of this window are remembered
	Seen        []byte    `json:"seen,omitempty"`
}

// window is the time being read.
type window struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Began time.Time `json:"began,omitzero"` // when its first page was asked for, by the earlier of both clocks
	Last  bool      `json:"last,omitzero"`  // it reached to the present
	Read  int       `json:"read,omitzero"`  // new records
	Pages int       `json:"pages,omitzero"`
}

// maxState bounds the file: what is remembered, and a service's memory.
const maxState = 64 << 20

// file names the state file of a stream.
func file(dir, api, source string) string {
	safe := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}
	m := markOf(api+"\x00"+source, nil)
	return filepath.Join(dir, fmt.Sprintf("%s-%x.json", strings.Map(safe, api), m[:4]))
}

// load reads the state; a stream that was never pulled has an empty one.
func load(path, api, source string) (*state, error) {
	b, err := durable.Read(path, maxState)
	if errors.Is(err, fs.ErrNotExist) {
		return &state{Version: 1, API: api, Source: source}, nil
	}
	if err != nil {
		return nil, err
	}
	st := &state{}
	if err := json.Unmarshal(b, st); err != nil {
		return nil, damaged(path, err)
	}
	if st.Version != 1 || st.API != api || st.Source != source {
		return nil, damaged(path, fmt.Errorf("it is of version %d, %s for source %s", st.Version, st.API, st.Source))
	}
	return st, nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("%s cannot be read: %w; move it away to begin anew: what the service still keeps then comes a second time", path, err)
}

// save writes the state.
func (s *state) save(path string) error {
	b, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return err
	}
	if len(b) > maxState {
		return fmt.Errorf("%s would be longer than %d bytes", filepath.Base(path), maxState)
	}
	return durable.Replace(path, b, 0o600)
}
