package copies

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// stores gives one of each kind, empty.
func stores(t *testing.T) map[string]func(t *testing.T) Store {
	return map[string]func(t *testing.T) Store{
		"folder": func(t *testing.T) Store {
			f, err := OpenFolder(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			return f
		},
		"peer": func(t *testing.T) Store {
			f := newPeerFixture(t)
			return both{f.client("tokyo", ""), f.client("restorer", "tokyo")}
		},
		"s3": func(t *testing.T) Store { return newGateway(t).bucket("root", "copies/tokyo") },
	}
}

const segmentOne = "segments/000000000001-000000000009.parquet"

// TestEveryStoreOnlyGrows is the contract of all stores.
func TestEveryStoreOnlyGrows(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Run("what is put is there", func(t *testing.T) { whatIsPutIsThere(t, s) })
			t.Run("other content is refused", func(t *testing.T) { otherContentIsRefused(t, s) })
			t.Run("names are checked", func(t *testing.T) { namesAreChecked(t, s) })
			t.Run("a broken read leaves nothing", func(t *testing.T) { brokenReadLeavesNothing(t, s) })
			t.Run("one of many puts wins", func(t *testing.T) { oneOfManyWins(t, s) })
		})
	}
}

func whatIsPutIsThere(t *testing.T, s Store) {
	large := strings.Repeat("evidence ", 1<<20) // more than one part of a multipart upload
	want := map[string]string{
		"format": "konseki vault 1\n", segmentOne: large, "log/tile/0/x001/000": "t", "log/tile/0/x001/000.p/7": "p", "log/tile/entries/000": "",
		checkpointName(12): "cp", tail{first: 3, last: 9}.name(): "w", tail{first: 3, last: 9, again: 5}.name(): "w2", "anchors/w-0011223344556677": "a",
	}
	for name, content := range want {
		o := object(name, content)
		o.Until = time.Now().Add(24 * time.Hour)
		for range 2 { // equal content again is no error
			if err := s.Put(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, content := range want {
		if got := read(t, s, name); got != content {
			t.Errorf("%s holds %d bytes, want %d", name, len(got), len(content))
		}
	}
	got := list(t, s, "")
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || got[segmentOne] != int64(len(large)) {
		t.Errorf("listed %v", got)
	}
	if got := list(t, s, "tail/"); len(got) != 2 {
		t.Errorf("tails listed: %v", got)
	}
	if got := list(t, s, "checkpoints/0000"); len(got) != 1 {
		t.Errorf("checkpoints listed: %v", got)
	}
	if _, err := s.Get(t.Context(), checkpointName(13)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an absent object gives %v", err)
	}
}

func otherContentIsRefused(t *testing.T, s Store) {
	name := tail{first: 100, last: 110}.name()
	if err := s.Put(t.Context(), object(name, "first")); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"other", "longer than the first", ""} {
		if err := s.Put(t.Context(), object(name, other)); !errors.Is(err, ErrDiffers) {
			t.Errorf("putting %q over it gives %v", other, err)
		}
	}
	if got := read(t, s, name); got != "first" {
		t.Errorf("it holds %q now", got)
	}
}

func badNames() []string {
	return []string{
		"", ".", "..", "/format", "format/", "../format", "checkpoint", "log/checkpoint", "key", "keyring", "segments/", "segments/..", "segments/../../x",
		"segments/000000000001-000000000009.parquet.part", "segments/000000000001-000000000009.parquet/x", "segments/1-2.parquet", "segments/000000000001-000000000009",
		"log/tile/0/000/../000", "log/tile/0/..", "log/tile/0/000.p/", "log/tile/99/000", "log/tile/0/x00/000", "tail/1-2.wal", "tail/" + strings.Repeat("0", 20) + ".wal",
		"checkpoints/12", "anchors/.hidden", "anchors/a/b", "anchors/" + strings.Repeat("a", 300), "anchors/a\nb", "anchors/a b", "anchors/é", "anchors/a\x00", "wal/000001.wal", "tail/.put-00",
	}
}

func namesAreChecked(t *testing.T, s Store) {
	for _, name := range badNames() {
		if err := s.Put(t.Context(), object(name, "x")); !errors.Is(err, ErrName) {
			t.Errorf("putting %q gives %v", name, err)
		}
		if _, err := s.Get(t.Context(), name); !errors.Is(err, ErrName) {
			t.Errorf("getting %q gives %v", name, err)
		}
	}
}

// failing gives some bytes and then an error.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(b []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(b, f.text)
	f.text = f.text[n:]
	return n, nil
}

func (f *failing) Close() error { return nil }

func brokenReadLeavesNothing(t *testing.T, s Store) {
	errDisk := errors.New("disk failed")
	for i, end := range []error{errDisk, io.EOF} {
		o := object(tail{first: 200, last: uint64(300 + i)}.name(), "all of the content")
		o.Open = func() (io.ReadCloser, error) { return &failing{"all of", end}, nil }
		if err := s.Put(t.Context(), o); err == nil {
			t.Error("a half object was taken")
		}
		if _, err := s.Get(t.Context(), o.Name); !errors.Is(err, ErrNotFound) {
			t.Errorf("then the object gives %v", err)
		}
	}
	wrong := object(tail{first: 200, last: 400}.name(), "all of the content")
	wrong.SHA256[0] ^= 1
	if err := s.Put(t.Context(), wrong); err == nil {
		t.Error("content of another sum was taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, object(tail{first: 200, last: 500}.name(), "x")); err == nil {
		t.Error("a put that was given up succeeded")
	}
}

func oneOfManyWins(t *testing.T, s Store) {
	name := tail{first: 600, last: 700}.name()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Put(t.Context(), object(name, strings.Repeat("ab", 1+i%2))) })
	}
	wg.Wait()
	got := read(t, s, name)
	for i, err := range errs {
		if mine := strings.Repeat("ab", 1+i%2); mine == got && err != nil || mine != got && !errors.Is(err, ErrDiffers) {
			t.Errorf("%q holds; putting %q gave %v", got, mine, err)
		}
	}
}

func TestFolderThatIsNotThereIsNoEmptyCopy(t *testing.T) {
	if _, err := OpenFolder(filepath.Join(t.TempDir(), "mnt")); err == nil || !strings.Contains(err.Error(), "mount") {
		t.Errorf("it was opened: %v", err)
	}
}

func TestFolderFollowsNoLinkOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "segments")); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Put(t.Context(), object(segmentOne, "x")); err == nil {
		t.Error("the object was put")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("%v was written outside", left)
	}
}

func TestFullFolderSaysSo(t *testing.T) {
	f, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.free = func(string) (int64, error) { return spareBytes + 3, nil }
	if err := f.Put(t.Context(), object(segmentOne, "four")); !errors.Is(err, ErrFull) {
		t.Errorf("it gives %v", err)
	}
	if err := f.Put(t.Context(), object(segmentOne, "thr")); err != nil {
		t.Errorf("what has room gives %v", err)
	}
}

func TestTailNamesAreReadBack(t *testing.T) {
	for _, want := range []tail{{1, 1, 0}, {5, 900, 0}, {5, 900, 1763800000000000000}, {1 << 62, 1<<63 - 1, 1<<63 - 1}} {
		if got, ok := parseTail(want.name()); !ok || got != want {
			t.Errorf("%s is read as %v, %v", want.name(), got, ok)
		}
	}
	if first, last, ok := parseSegment("segments/000000000001-000000000009.g2.parquet"); !ok || first != 1 || last != 9 {
		t.Errorf("a rewritten segment is read as %d to %d, %v", first, last, ok)
	}
}

func FuzzObjectName(f *testing.F) {
	for _, name := range append(badNames(), "format", segmentOne, tail{first: 1, last: 2, again: 3}.name(), checkpointName(7), "log/tile/0/x001/000.p/7") {
		f.Add(name)
	}
	dir := f.TempDir()
	n := newNames()
	f.Fuzz(func(t *testing.T, name string) {
		if n.check(name) != nil {
			return
		}
		if !filepath.IsLocal(name) || filepath.Clean(name) != name || strings.ContainsAny(name, "\\\x00\n ") {
			t.Fatalf("%q is taken", name)
		}
		if rel, err := filepath.Rel(dir, filepath.Join(dir, name)); err != nil || rel != name {
			t.Fatalf("%q leads to %q", name, rel)
		}
		if tl, ok := parseTail(name); ok && tl.name() != name {
			t.Fatalf("%q is written %q", name, tl.name())
		}
	})
}
