package copies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/vault"
)

const (
	tailRecords  = 65_536    // records of one tail object, at most
	anchorsEvery = time.Hour // between looks for new anchors
	maxAnchor    = 1 << 20   // bytes of an anchor
)

// identity ships what tells whose copy this is.
func (s *Shipper) identity(ctx context.Context, v Vault) error {
	pub, err := readFile(filepath.Join(v.Dir(), pubName), 64<<10)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(pub)
	whose, known := hex.EncodeToString(sum[:8]), ""
	s.journal.look(func(state *shipped) { known = state.key })
	switch known {
	case whose:
		return nil
	case "":
	default:
		return fmt.Errorf("%w: %s is the journal of another one: give this vault a place of its own", ErrWhose, s.opts.Journal)
	}
	format, err := readFile(filepath.Join(v.Dir(), formatName), 64<<10)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{formatName: format, pubName: pub} {
		o := bytesObject(name, b)
		o.Until = s.opts.Until(nil, s.opts.Now())
		if skipped, err := s.put(ctx, o); err != nil {
			return err
		} else if skipped {
			return fmt.Errorf("%w: %s: the copy is that of another vault: give this one a place of its own", ErrDiffers, name)
		}
	}
	return s.journal.add(true, "key "+whose)
}

// tails ships the records that are neither in a segment nor in an earlier
// tail, sealed or not.
func (s *Shipper) tails(ctx context.Context, v Vault) error {
	size := v.Status().Size // what comes meanwhile is for the next round
	for {
		var from uint64
		s.journal.look(func(state *shipped) { from = state.tailTo })
		if segments := v.Segments(); len(segments) > 0 {
			from = max(from, segments[len(segments)-1].Last)
		}
		if from >= size {
			return nil
		}
		last := min(size, from+tailRecords)
		err := s.tail(ctx, v, from+1, last)
		// A tail is cut from one log file, and where that ends is not known.
		for errors.Is(err, vault.ErrNotFound) && last > from+1 && !rolledSince(v, from+1) {
			last = from + (last-from)/2
			err = s.tail(ctx, v, from+1, last)
		}
		if err != nil && ctx.Err() == nil && rolledSince(v, from+1) {
			continue // they became a segment meanwhile, which follows
		}
		if err != nil {
			return err
		}
	}
}

func rolledSince(v Vault, seq uint64) bool {
	segments := v.Segments()
	return len(segments) > 0 && segments[len(segments)-1].Last >= seq
}

func (s *Shipper) tail(ctx context.Context, v Vault, first, last uint64) error {
	f, err := s.spool()
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = v.WriteFrames(ctx, f, first, last)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	t := tail{first: first, last: last}
	lines := []string{fmt.Sprintf("records %d %d", first, last), fmt.Sprintf("tail %d", last)}
	for {
		o, err := fileObject(t.name(), f.Name())
		if err != nil {
			return err
		}
		o.Until = s.opts.Now().Add(s.opts.TailUntil)
		skipped, err := s.put(ctx, o, lines...)
		if err != nil || !skipped {
			return err
		}
		// Somebody else took the name. The records go under another one.
		var again uint64
		s.journal.look(func(state *shipped) { again = state.again })
		t.again = stampNow(s.opts.Now(), again)
		lines = append(lines, fmt.Sprintf("again %d", t.again))
	}
}

// segments ships the segments that have not been, oldest first.
func (s *Shipper) segments(ctx context.Context, v Vault) error {
	for _, seg := range v.Segments() {
		var has bool
		s.journal.look(func(state *shipped) { has = state.segments[seg.Name] })
		if has {
			continue
		}
		o, err := fileObject(segmentPrefix+seg.Name, seg.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // rewritten meanwhile; the next round ships what is there instead
		}
		if err != nil {
			return err
		}
		o.Until = s.untilOf(seg)
		if _, err := s.put(ctx, o, "segment "+seg.Name, fmt.Sprintf("records %d %d", seg.First, seg.Last)); err != nil {
			return err
		}
		s.opts.Logger.Info("segment copied", "store", s.store.String(), "segment", seg.Name, "bytes", o.Size)
	}
	return nil
}

func (s *Shipper) untilOf(seg vault.Segment) time.Time {
	last := seg.LastReceived
	if last.IsZero() {
		last = s.opts.Now()
	}
	return s.opts.Until(seg.Sources, last)
}

// log ships what a checkpoint needs, and the checkpoint last.
func (s *Shipper) log(ctx context.Context, v Vault, text string) error {
	now := s.opts.Now()
	if now.Sub(s.logged) < s.opts.LogEvery {
		return nil
	}
	size, err := sizeOf(text)
	if err != nil {
		return err
	}
	var had uint64
	var has bool
	s.journal.look(func(state *shipped) { had, has = state.logSize, state.hasLog })
	if has && size == had {
		return nil
	}
	for _, name := range vault.LogFiles(had, size) {
		if err := s.tile(ctx, v.Dir(), name); err != nil {
			return err
		}
	}
	o := bytesObject(checkpointName(size), []byte(text))
	o.Until = s.opts.Until(nil, now)
	if _, err := s.put(ctx, o, fmt.Sprintf("log %d", size)); err != nil {
		return err
	}
	s.logged = now
	return nil
}

// sizeOf reads the number of entries from a checkpoint of our own vault.
func sizeOf(checkpoint string) (uint64, error) {
	lines := strings.SplitN(checkpoint, "\n", 3)
	if len(lines) < 3 {
		return 0, errors.New("the vault has no checkpoint")
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil {
		return 0, fmt.Errorf("the vault's checkpoint: %w", err)
	}
	return size, nil
}

// tile ships one file of the log. A partial one may have grown or become full
// since; then its beginning is what it was.
func (s *Shipper) tile(ctx context.Context, dir, name string) error {
	b, err := readTile(filepath.Join(dir, "log"), name)
	if err != nil {
		return err
	}
	o := bytesObject("log/"+name, b)
	o.Until = s.opts.Until(nil, s.opts.Now())
	if strings.Contains(name, ".p/") {
		o.Until = s.opts.Now().Add(s.opts.TailUntil) // the full one will follow
	}
	_, err = s.put(ctx, o)
	return err
}

func readTile(dir, name string) ([]byte, error) {
	b, err := readFile(filepath.Join(dir, filepath.FromSlash(name)), maxSmallObject)
	whole, entries, partial := vault.WholeName(name)
	if !errors.Is(err, fs.ErrNotExist) || !partial {
		return b, err
	}
	for _, larger := range append([]string{whole}, largerParts(dir, path.Dir(name), entries)...) {
		b, err := readFile(filepath.Join(dir, filepath.FromSlash(larger)), maxSmallObject)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return vault.CutTile(name, b, entries)
	}
	return nil, err
}

// largerParts gives the partial tiles of a folder that hold at least so many
// entries.
func largerParts(dir, folder string, entries int) (out []string) {
	list, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(folder)))
	if err != nil {
		return nil // the caller says that there is none
	}
	for _, e := range list {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > entries {
			out = append(out, folder+"/"+e.Name())
		}
	}
	return out
}

// anchorFiles ships what others hold of the vault's checkpoints, each content
// once.
func (s *Shipper) anchorFiles(ctx context.Context, v Vault) error {
	now := s.opts.Now()
	if now.Sub(s.anchors) < anchorsEvery {
		return nil
	}
	dir := filepath.Join(v.Dir(), "anchors")
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		b, err := readFile(filepath.Join(dir, e.Name()), maxAnchor)
		if err != nil || !e.Type().IsRegular() {
			continue // being replaced, or none of ours
		}
		o := bytesObject(anchorPrefix+e.Name(), b)
		o.Name += "-" + hex.EncodeToString(o.SHA256[:8])
		if newNames().check(o.Name) != nil {
			continue
		}
		var has bool
		s.journal.look(func(state *shipped) { has = state.anchors[o.Name] })
		if has {
			continue
		}
		o.Until = s.opts.Until(nil, now)
		if _, err := s.put(ctx, o, "anchor "+o.Name); err != nil {
			return err
		}
	}
	s.anchors = now
	return nil
}
