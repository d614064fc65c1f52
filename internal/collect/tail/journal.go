package tail

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/durable"
	"github.com/konseki/konseki/internal/event"
)

// JournalOptions say how to follow the journal of this host.
type JournalOptions struct {
	File      string // the checkpoint
	Source    string // of the records
	Directory string // of the journal's files; "" for where systemd keeps them
	Host      string // the machine, for entries that do not say
	To        Vault
	Attest    func(ctx context.Context, a event.Attestation) error
	Loss      func(event.Loss)
	Logger    *slog.Logger
	Command   string           // default journalctl
	Now       func() time.Time // default time.Now
}

// Journal follows what journalctl prints: one entry in the export format
// (systemd.io/JOURNAL_EXPORT_FORMATS) is one record, byte for byte with all its
// fields, each with its line feed; the empty line between entries is in none.
type Journal struct {
	opts   JournalOptions
	state  journalState
	caught time.Time // when there was last nothing more to read
	after  string    // the entry that journalctl was told to begin with, until it came or did not
}

// journalState is what is remembered. The vault may hold more: what was appended
// after Pending is looked for there.
type journalState struct {
	Version int       `json:"version"`
	Cursor  string    `json:"cursor,omitempty"`
	Pending uint64    `json:"pending,omitzero"`
	From    time.Time `json:"from,omitzero"` // attested up to here
	Records int64     `json:"records,omitzero"`
}

var (
	// ErrNoJournal marks a host without journalctl.
	ErrNoJournal = errors.New("journalctl is not there; install systemd, or leave journald out of the configuration")
	errEntry     = errors.New("journalctl printed what is no entry in export format")
	errHuge      = errors.New("an entry of the journal is larger than 64 MiB; it is passed over and counted")
)

const (
	maxEntry     = 16 << 20     // the vault's limit
	maxHeld      = 4 * maxEntry // of one entry; it is cut into records
	journalWait  = time.Second
	journalLater = time.Minute // between attempts at most
	maxCursor    = 4 << 10
)

// NewJournal prepares to follow; absent journalctl is ErrNoJournal.
func NewJournal(o JournalOptions) (*Journal, error) {
	o.Command = cmp.Or(o.Command, "journalctl")
	if o.Now == nil {
		o.Now = time.Now
	}
	if _, err := exec.LookPath(o.Command); err != nil {
		return nil, fmt.Errorf("tail: journald: %w (%w)", ErrNoJournal, err)
	}
	j := &Journal{opts: o, state: journalState{Version: 1}}
	b, err := durable.Read(o.File, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err == nil {
		j.state, err = decodeJournal(b)
	}
	if err != nil {
		return nil, fmt.Errorf("tail: %s cannot be read: %w; move it away to begin anew: the whole journal is then read again", o.File, err)
	}
	return j, nil
}

func decodeJournal(b []byte) (s journalState, err error) {
	if err = json.Unmarshal(b, &s); err != nil {
		return s, err
	}
	if s.Version != 1 || len(s.Cursor) > maxCursor || strings.ContainsAny(s.Cursor, "\x00\n") {
		return s, fmt.Errorf("it is of version %d, or its cursor is none", s.Version)
	}
	return s, nil
}

// Run follows until ctx ends. When journalctl ends it is started again.
func (j *Journal) Run(ctx context.Context) error {
	if err := j.recover(ctx); err != nil {
		return err
	}
	for wait := journalWait; ; wait = min(2*wait, journalLater) {
		before := j.state.Cursor
		err := j.follow(ctx)
		if ctx.Err() != nil {
			return j.stop(context.WithoutCancel(ctx), context.Cause(ctx))
		}
		if j.state.Cursor != before {
			wait = journalWait
		}
		j.opts.Logger.Warn("the journal could not be followed; it is tried again", "again_in", wait, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// recover finds what was appended before konseki was killed.
func (j *Journal) recover(ctx context.Context) error {
	if j.state.Pending == 0 {
		return nil
	}
	for rec, err := range j.opts.To.Records(ctx, j.state.Pending+1) {
		if err != nil {
			return fmt.Errorf("tail: journald: look for what was appended last: %w", err)
		}
		if rec.Source == j.opts.Source && event.ParseTransport(rec.Transport).Kind == "journald" {
			if c := cursorOf(rec.Raw); c != "" {
				j.state.Cursor = c
			}
			j.state.Records++
		}
	}
	return nil
}

// follow runs journalctl once, until it ends.
func (j *Journal) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	args := []string{"--output=export", "--no-pager", "--follow", "--no-tail", "--quiet"}
	if j.opts.Directory != "" {
		args = append(args, "--directory="+j.opts.Directory)
	}
	if j.after = j.state.Cursor; j.after != "" { // the last one again: where it is gone, so is what followed it
		args = append(args, "--cursor="+j.after)
	}
	cmd := exec.CommandContext(ctx, j.opts.Command, args...)
	said := &firstBytes{}
	cmd.Stderr, cmd.WaitDelay = said, 5*time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	err = j.drain(ctx, out)
	cancel()
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if err == nil {
		err = errors.New("journalctl ended")
	}
	if said.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return err
}

// firstBytes keeps the beginning of what a command says.
type firstBytes struct{ bytes.Buffer }

func (f *firstBytes) Write(p []byte) (int, error) {
	f.Buffer.Write(p[:min(len(p), max(0, 1024-f.Len()))])
	return len(p), nil
}

// entry is what one goroutine reads for another to append.
type entry struct {
	raw []byte
	err error
}

// drain appends the entries that come, as many together as are there.
func (j *Journal) drain(ctx context.Context, out io.Reader) error {
	entries := make(chan entry, 1024)
	go func() {
		defer close(entries)
		r := bufio.NewReaderSize(out, 256<<10)
		for {
			raw, err := readEntry(r)
			select {
			case entries <- entry{raw, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	tick := time.NewTicker(journalWait)
	defer tick.Stop()
	for {
		var err error
		select {
		case e, ok := <-entries:
			if !ok {
				return ctx.Err()
			}
			err = j.take(ctx, e, entries)
		case <-tick.C:
			if j.after == "" {
				j.caught = j.opts.Now().UTC() // nothing waits
			}
			err = j.prove(ctx, false)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take appends an entry and those that wait behind it.
func (j *Journal) take(ctx context.Context, e entry, more <-chan entry) error {
	var recs []event.Record
	size := 0
	for {
		again, err := j.resume(ctx, e.raw)
		if err != nil {
			return err
		}
		if len(e.raw) > 0 && e.err == nil && !again {
			recs = j.records(recs, e.raw)
			size += len(e.raw)
		}
		if e.err != nil || size >= appendBytes || len(recs) >= appendRecords || len(more) == 0 {
			break
		}
		e = <-more
	}
	if len(recs) == 0 {
		return j.passOver(e)
	}
	if err := j.opts.To.Append(ctx, recs); err != nil {
		return err
	}
	j.state.Records += int64(len(recs))
	for i := len(recs) - 1; i >= 0; i-- {
		if c := cursorOf(recs[i].Raw); c != "" {
			j.state.Cursor = c
			break
		}
	}
	if err := j.save(); err != nil {
		return err
	}
	return j.passOver(e)
}

// passOver counts an entry that is too large to hold, and goes on after it.
func (j *Journal) passOver(e entry) error {
	cursor := cursorOf(e.raw)
	if !errors.Is(e.err, errHuge) || cursor == "" {
		return e.err
	}
	now := j.opts.Now().UTC()
	j.opts.Loss(event.Loss{Source: j.opts.Source, Door: "journald", Kind: event.LossRejected, Reason: event.WhyOversize, From: now, To: now, Records: 1})
	j.state.Cursor = cursor
	return errors.Join(e.err, j.save())
}

// records adds an entry, in parts where it is longer than a record may be.
func (j *Journal) records(recs []event.Record, raw []byte) []event.Record {
	via := event.Transport{Kind: "journald"}.With("host", j.opts.Host)
	now := j.opts.Now().UTC()
	if len(raw) <= maxEntry {
		return append(recs, event.Record{Source: j.opts.Source, Received: now, Transport: via.String(), Raw: raw})
	}
	for part := 1; len(raw) > 0; part++ {
		n := min(len(raw), maxEntry)
		recs = append(recs, event.Record{Source: j.opts.Source, Received: now, Transport: via.With("part", strconv.Itoa(part)).String(), Raw: raw[:n]})
		raw = raw[n:]
	}
	return recs
}

func (j *Journal) save() error {
	j.state.Pending = j.opts.To.Size()
	b, err := json.Marshal(j.state, json.Deterministic(true))
	if err == nil {
		err = durable.Replace(j.opts.File, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("tail: journald: remember how far it has come: %w", err)
	}
	return nil
}

// prove attests up to when there was nothing more in the journal. The times are
// those of reading, within a moment those of the entries.
func (j *Journal) prove(ctx context.Context, stopping bool) error {
	to := j.caught
	switch {
	case to.IsZero():
		return nil
	case j.state.From.IsZero():
		j.state.From = to
		return j.save()
	case !stopping && to.Sub(j.state.From) < sealEvery, !j.state.From.Before(to):
		return nil
	}
	a := event.Attestation{Source: j.opts.Source, From: j.state.From, To: to, Proof: event.ProofCursor, Records: j.state.Records}
	if err := j.opts.Attest(ctx, a); err != nil {
		return fmt.Errorf("tail: journald: attest: %w", err)
	}
	j.state.From, j.state.Records = to, 0
	return j.save()
}

func (j *Journal) stop(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := j.prove(ctx, true); err != nil {
		j.opts.Logger.Warn("what was read of the journal could not be attested", "error", err)
	}
	return why
}

// cursorOf reads the cursor of an entry.
func cursorOf(raw []byte) string {
	const name = "__CURSOR="
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	if c, ok := bytes.CutPrefix(line, []byte(name)); ok && len(c) <= maxCursor && bytes.IndexByte(c, 0) < 0 {
		return string(c)
	}
	return ""
}

// readEntry reads the next entry: lines NAME=text, or NAME, the length of the
// value as 64 bits little-endian, the value, and a line feed; an empty line ends
// it. io.EOF without bytes means that there is none.
func readEntry(r *bufio.Reader) ([]byte, error) {
	var raw []byte
	for {
		start := len(raw)
		for {
			part, err := r.ReadSlice('\n')
			if raw = append(raw, part...); len(raw) > maxHeld {
				return raw, errHuge
			}
			if err == nil {
				break
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if errors.Is(err, io.EOF) && len(raw) > 0 {
				return nil, io.EOF // it comes whole next time
			}
			return nil, err
		}
		line := raw[start:]
		switch {
		case len(line) == 1 && start == 0:
			raw = raw[:0]
		case len(line) == 1:
			return raw[:start], nil
		case bytes.IndexByte(line, '=') > 0:
		default:
			var err error
			if raw, err = readValue(r, raw); err != nil {
				return raw, err
			}
		}
	}
}

// readValue reads a value that is given with its length.
func readValue(r *bufio.Reader, raw []byte) ([]byte, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, io.EOF
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > uint64(max(0, maxHeld-len(raw))) {
		return raw, errHuge
	}
	raw = append(raw, size[:]...)
	at := len(raw)
	raw = append(raw, make([]byte, n+1)...)
	if _, err := io.ReadFull(r, raw[at:]); err != nil {
		return nil, io.EOF
	}
	if raw[len(raw)-1] != '\n' {
		return nil, errEntry
	}
	return raw, nil
}
