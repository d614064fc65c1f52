package copies

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Names of the objects of one vault. docs/copies.md tells what each holds.
const (
	formatName     = "format"
	pubName        = "key.pub"
	segmentPrefix  = "segments/"
	tilePrefix     = "log/tile/"
	checkPrefix    = "checkpoints/"
	anchorPrefix   = "anchors/"
	tailPrefix     = "tail/"
	tailSuffix     = ".wal"
	maxName        = 200
	maxObject      = 4 << 30 // bytes of any object; a segment has some hundred MB
	maxSmallObject = 4 << 20 // bytes of an object that is neither segment nor tail
)

// shapes are the patterns of the names below their prefixes.
func shapes() map[string]string {
	const word = `[0-9A-Za-z][0-9A-Za-z._+~-]{0,127}`
	return map[string]string{
		segmentPrefix: `[0-9]{12,20}-[0-9]{12,20}[0-9A-Za-z._+~-]{1,64}`,
		tilePrefix:    `(entries|[0-9]|[1-5][0-9])/(x[0-9]{3}/){0,6}[0-9]{3}(\.p/[0-9]{1,3})?`,
		checkPrefix:   `[0-9]{20}`,
		anchorPrefix:  word,
		tailPrefix:    `[0-9]{20}-[0-9]{20}(\.[0-9]{20})?\.wal`,
	}
}

// names checks the names of objects.
type names struct {
	shapes map[string]*regexp.Regexp
}

func newNames() names {
	n := names{map[string]*regexp.Regexp{}}
	for prefix, pattern := range shapes() {
		n.shapes[prefix] = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	}
	return n
}

// check says whether name is that of an object: one of few fixed shapes, so
// that no name can leave the folder it is put into or hide in it.
func (n names) check(name string) error {
	if name == formatName || name == pubName {
		return nil
	}
	if len(name) <= maxName && !strings.Contains(name, "..") && !strings.HasSuffix(name, ".part") {
		for prefix, shape := range n.shapes {
			if rest, ok := strings.CutPrefix(name, prefix); ok && shape.MatchString(rest) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: %q", ErrName, clip(name))
}

// limit is the largest size that an object of this name can have.
func limit(name string) int64 {
	if strings.HasPrefix(name, segmentPrefix) || strings.HasPrefix(name, tailPrefix) {
		return maxObject
	}
	return maxSmallObject
}

func clip(s string) string {
	if len(s) > maxName {
		return s[:maxName] + "…"
	}
	return s
}

// tail is the name of a tail object: a write-ahead-log file with records first
// to last. again orders tails whose sequences may have been given twice, which
// happens when an append failed because its copy did; zero for the others.
type tail struct {
	first, last uint64
	again       uint64
}

func (t tail) name() string {
	if t.again == 0 {
		return fmt.Sprintf("%s%020d-%020d%s", tailPrefix, t.first, t.last, tailSuffix)
	}
	return fmt.Sprintf("%s%020d-%020d.%020d%s", tailPrefix, t.first, t.last, t.again, tailSuffix)
}

func parseTail(name string) (t tail, ok bool) {
	text, ok := strings.CutPrefix(name, tailPrefix)
	if !ok {
		return t, false
	}
	if text, ok = strings.CutSuffix(text, tailSuffix); !ok {
		return t, false
	}
	text, again, twice := strings.Cut(text, ".")
	first, last, _ := strings.Cut(text, "-")
	var errs [3]error
	t.first, errs[0] = strconv.ParseUint(first, 10, 63)
	t.last, errs[1] = strconv.ParseUint(last, 10, 63)
	if twice {
		t.again, errs[2] = strconv.ParseUint(again, 10, 63)
	}
	return t, errs == [3]error{} && t.first > 0 && t.first <= t.last && t.name() == name
}

// parseSegment gives the records that a segment's name claims.
func parseSegment(name string) (first, last uint64, ok bool) {
	text, ok := strings.CutPrefix(name, segmentPrefix)
	if !ok {
		return 0, 0, false
	}
	a, rest, _ := strings.Cut(text, "-")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return 0, 0, false
	}
	first, errA := strconv.ParseUint(a, 10, 63)
	last, errB := strconv.ParseUint(rest[:end], 10, 63)
	return first, last, errA == nil && errB == nil && first > 0 && first <= last
}

func checkpointName(size uint64) string { return fmt.Sprintf("%s%020d", checkPrefix, size) }

func parseCheckpoint(name string) (size uint64, ok bool) {
	text, ok := strings.CutPrefix(name, checkPrefix)
	if !ok {
		return 0, false
	}
	size, err := strconv.ParseUint(text, 10, 62)
	return size, err == nil && checkpointName(size) == name
}

// stampNow orders tails that may be given twice.
func stampNow(now time.Time, after uint64) uint64 {
	return max(uint64(max(1, now.UnixNano())), after+1)
}
