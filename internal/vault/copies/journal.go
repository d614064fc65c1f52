package copies

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const journalHead = "konseki copies 1 "

// journal remembers what a store has acknowledged, so that a restart ships
// nothing again and needs no permission to look. It is lines of words; a last
// line without its line feed was being written and does not count.
type journal struct {
	path string

	mu    sync.Mutex
	file  *os.File
	lines int // written since the last rewrite
	state shipped
}

// journalLines is after how many lines a journal is written anew.
const journalLines = 50_000

// shipped is what the lines of a journal add up to.
type shipped struct {
	store    string
	ranges   []recordRange     // acknowledged records, merged and sorted
	segments map[string]bool   // names of segments
	anchors  map[string]bool   // names of anchors
	began    map[string]string // objects whose Put began and was not seen to end, with their sums
	tailTo   uint64            // last record in a tail
	logSize  uint64            // entries of the last checkpoint
	hasLog   bool              // a checkpoint was shipped
	key      string            // of the vault whose format and key.pub were
	size     uint64            // last record of the vault when it was last looked at
	again    uint64            // last stamp of a tail that may be given twice
	objects  int64
	bytes    int64
	at       time.Time // of the last acknowledgement
	trouble  string
}

type recordRange struct{ first, last uint64 }

// acked is the last record that is in the copy with all before it.
func (s *shipped) acked() uint64 {
	if len(s.ranges) == 0 || s.ranges[0].first > 1 {
		return 0
	}
	return s.ranges[0].last
}

// has adds a range.
func (s *shipped) has(r recordRange) {
	s.ranges = append(s.ranges, r)
	slices.SortFunc(s.ranges, func(a, b recordRange) int { return cmp.Compare(a.first, b.first) })
	merged := s.ranges[:1]
	for _, r := range s.ranges[1:] {
		if last := &merged[len(merged)-1]; r.first <= last.last+1 {
			last.last = max(last.last, r.last)
		} else {
			merged = append(merged, r)
		}
	}
	s.ranges = merged
}

// openJournal reads the journal of a store, or begins it, and writes it anew
// without what was overtaken. A journal of another store is refused.
func openJournal(path, store string) (*journal, error) {
	state, err := readJournal(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		state = newShipped(store)
	} else if err != nil {
		return nil, err
	}
	if state.store != store {
		return nil, fmt.Errorf("%s is the journal of %s, not of %s", path, state.store, store)
	}
	j := &journal{path: path, state: *state}
	if err := j.rewrite(); err != nil {
		return nil, err
	}
	return j, nil
}

// rewrite writes the journal anew, as short as it can be.
func (j *journal) rewrite() error {
	part := j.path + ".part"
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	j.state.write(w)
	if err := errors.Join(w.Flush(), file.Sync(), os.Rename(part, j.path)); err != nil {
		return errors.Join(err, file.Close())
	}
	dir, err := os.Open(filepath.Dir(j.path))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return errors.Join(err, file.Close())
	}
	if j.file != nil {
		_ = j.file.Close() // all of it is in the new one
	}
	j.file, j.lines = file, 0
	return nil
}

func newShipped(store string) *shipped {
	return &shipped{store: store, segments: map[string]bool{}, anchors: map[string]bool{}, began: map[string]string{}}
}

// readJournal adds up the lines of a journal.
func readJournal(path string) (*shipped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseJournal(f, path)
}

func parseJournal(from io.Reader, path string) (*shipped, error) {
	r := bufio.NewReaderSize(from, 4096)
	head, err := r.ReadString('\n')
	store, ok := strings.CutPrefix(strings.TrimSuffix(head, "\n"), journalHead)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s is not a journal of copies: remove it, and everything is shipped again", path)
	}
	s := newShipped(store)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if !s.line(strings.TrimSuffix(line, "\n")) {
			return nil, fmt.Errorf("%s is damaged at %q: remove it, and everything is shipped again", path, clip(line))
		}
	}
}

// line takes one line in.
func (s *shipped) line(text string) bool {
	words := strings.SplitN(text, " ", 4)
	numbers := make([]uint64, 4)
	for i := 1; i < len(words); i++ {
		numbers[i], _ = strconv.ParseUint(words[i], 10, 63)
	}
	switch word := words[0]; {
	case word == "records" && len(words) == 3 && numbers[1] > 0 && numbers[1] <= numbers[2]:
		s.has(recordRange{numbers[1], numbers[2]})
	case word == "tail" && len(words) == 2:
		s.tailTo = max(s.tailTo, numbers[1])
	case word == "segment" && len(words) == 2:
		s.segments[words[1]] = true
	case word == "anchor" && len(words) == 2:
		s.anchors[words[1]] = true
	case word == "begin" && len(words) == 3:
		s.began[words[2]] = words[1]
	case word == "end" && len(words) == 2:
		delete(s.began, words[1])
	case word == "log" && len(words) == 2:
		s.logSize, s.hasLog = max(s.logSize, numbers[1]), true
	case word == "again" && len(words) == 2:
		s.again = max(s.again, numbers[1])
	case word == "key" && len(words) == 2:
		s.key = words[1]
	case word == "size" && len(words) == 2:
		s.size = max(s.size, numbers[1])
	case word == "sum" && len(words) == 4:
		s.objects, s.bytes, s.at = int64(numbers[1]), int64(numbers[2]), time.Unix(0, int64(numbers[3]))
	case word == "trouble":
		quoted := strings.TrimPrefix(strings.TrimPrefix(text, word), " ")
		trouble, err := strconv.Unquote(quoted)
		if err != nil {
			return false
		}
		s.trouble = trouble
	default:
		return false
	}
	return true
}

// write gives the lines that add up to the state.
func (s *shipped) write(w io.Writer) {
	fmt.Fprintf(w, "%s%s\n", journalHead, s.store)
	for _, r := range s.ranges {
		fmt.Fprintf(w, "records %d %d\n", r.first, r.last)
	}
	for _, name := range slices.Sorted(maps.Keys(s.segments)) {
		fmt.Fprintf(w, "segment %s\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.anchors)) {
		fmt.Fprintf(w, "anchor %s\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.began)) {
		fmt.Fprintf(w, "begin %s %s\n", s.began[name], name)
	}
	fmt.Fprintf(w, "tail %d\nagain %d\nsize %d\n", s.tailTo, s.again, s.size)
	if s.hasLog {
		fmt.Fprintf(w, "log %d\n", s.logSize)
	}
	if s.key != "" {
		fmt.Fprintf(w, "key %s\n", s.key)
	}
	if !s.at.IsZero() {
		fmt.Fprintf(w, "sum %d %d %d\n", s.objects, s.bytes, s.at.UnixNano())
	}
	fmt.Fprintf(w, "trouble %s\n", strconv.Quote(s.trouble))
}

// add writes lines and takes them in. durable asks that they last; what need
// not last is found out again.
func (j *journal) add(durable bool, lines ...string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range lines {
		if !j.state.line(l) {
			return fmt.Errorf("journal: %q is no line", clip(l))
		}
	}
	if _, err := j.file.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.lines += len(lines); j.lines > journalLines {
		if err := j.rewrite(); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		return nil
	}
	if !durable {
		return nil
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// look calls fn with the state.
func (j *journal) look(fn func(*shipped)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fn(&j.state)
}

// begun says whether an earlier Put of the same content was begun and not seen
// to end; its outcome is then not known.
func (j *journal) begun(o Object) (ours bool) {
	j.look(func(s *shipped) { ours = s.began[o.Name] == hex.EncodeToString(o.SHA256[:]) })
	return ours
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.file.Close()
}
