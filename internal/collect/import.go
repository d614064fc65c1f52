package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// ImportOptions say how files become Records. The zero value imports every
// file as lines of the source "import".
type ImportOptions struct {
	// Recognise tells a file's shape from its name and its first bytes, at most
	// 64 KiB of the unpacked content: normalise.Recognise.
	Recognise func(name string, head []byte) event.Shape
	// Known reports whether content with this SHA-256 (64 hex digits) has been
	// imported before.
	Known func(sha256 string) bool
	// Again imports content even if it is known.
	Again bool
	// Place says which source a file belongs to and how its times are to be
	// read; see File.Path for the form of path.
	Place func(path string, shape event.Shape) Place
	// Limits bound what one file may cost.
	Limits Limits
	// TempDir is where archive members are kept while they are read, "" for
	// the system's folder.
	TempDir string
	// Progress is called at most ten times a second and once at the end, from
	// the goroutine that called Import.
	Progress func(Progress)
	// Logger receives what is worth knowing beside the summary; nil for none.
	Logger *slog.Logger
}

// Place is where the records of a file belong.
type Place struct {
	// Source is the registered source; required.
	Source string
	// Zone is the IANA zone for times that state none, and ZoneFrom says where
	// it is from: "configured" or "assumed".
	Zone, ZoneFrom string
	// Host is the machine the records come from where they do not say.
	Host string
	// Map says which headings of a CSV file stand for which columns, as in the
	// hint "map" of a transport.
	Map string
	// Reference is the instant by which a missing year is inferred.
	Reference time.Time
	// Skip leaves the file out, without a word in the summary.
	Skip bool
}

// File is what became of one file, as in the summary of an import.
type File struct {
	// Path is relative to the folder given to Import, with slashes; for a file
	// given by itself its name. Archive members follow their archive after an
	// exclamation mark: "a.zip!dir/b.log".
	Path   string `json:"path"`
	Source string `json:"source,omitempty"`
	// Format is the one recognised, or "" when none was.
	Format string `json:"format,omitempty"`
	// SHA256 is that of the (unpacked) content in hex, ID its first 16 digits.
	SHA256 string `json:"sha256,omitempty"`
	ID     string `json:"id,omitempty"`
	// Bytes is the size of the (unpacked) content.
	Bytes int64 `json:"bytes"`
	// Records is how many were acknowledged; First and Last are the Seq of the
	// first and last of them, 0 if there are none.
	Records int64  `json:"records"`
	First   uint64 `json:"first,omitempty"`
	Last    uint64 `json:"last,omitempty"`
	// Duplicate is set when the content was known and therefore not imported.
	Duplicate bool `json:"duplicate,omitempty"`
	// Error says what is missing and why; the readable part was imported.
	Error string `json:"error,omitempty"`
	// Why is the reason of the loss, one of the event.Why constants; set with Error.
	Why string `json:"-"`
}

// Import reads files and folders, in order, into the vault and returns what
// became of each file; each, if not nil, is told as soon as a file is
// acknowledged whole, from another goroutine but never twice at a time.
//
// Folders are read recursively and sorted. Archives and compressed files (.gz
// .zst .bz2 .zip .tar) are recognised by content. Links, devices and sockets
// are refused; a bad file is reported in its File and does not stop the rest.
// The error is not nil only when ctx ended or Append failed: the Files then
// hold what was acknowledged until that moment.
func Import(ctx context.Context, to Appender, paths []string, opts ImportOptions, each func(File)) ([]File, error) {
	opts.Limits = opts.Limits.orDefault()
	opts.TempDir = cmp.Or(opts.TempDir, os.TempDir())
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	p := newPipeline(ctx, to, each)
	im := &importer{opts: opts, pipe: p, seen: make(map[string]bool), window: newWindow(windowBytes)}
	im.progress = newMeterboard(opts.Progress, p.acknowledged)
	readErr := im.all(paths) // replaces im.window
	files, err := p.finish(im.window, readErr)
	im.progress.end()
	if err != nil {
		return files, fmt.Errorf("collect: import: %w", err)
	}
	return files, nil
}

// importer is one run of Import.
type importer struct {
	opts     ImportOptions
	pipe     *pipeline
	window   *window
	progress *meterboard
	seen     map[string]bool // SHA-256 of what this run has imported
	prefix   []byte          // reused by survey
	copying  []byte          // see scratch
}

// item is one directory entry to import.
type item struct {
	root *os.Root
	rel  string
	info fs.FileInfo
	err  error
}

func (im *importer) all(paths []string) error {
	var items []item
	for _, path := range paths {
		root, found := list(path)
		if root != nil {
			defer root.Close()
		}
		items = append(items, found...)
	}
	for _, it := range items {
		if it.err == nil {
			im.progress.total += it.info.Size()
		}
	}
	for _, it := range items {
		if err := im.pipe.ctx.Err(); err != nil {
			return context.Cause(im.pipe.ctx)
		}
		if err := im.item(it); err != nil {
			return err
		}
	}
	return nil
}

// list finds the files at a path given by the operator. The path itself may be
// a link: it is the operator's word. Nothing below it may.
func list(path string) (*os.Root, []item) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, []item{{rel: filepath.Base(path), err: err}}
	}
	folder, name := path, "."
	if !info.IsDir() {
		if folder, err = filepath.EvalSymlinks(path); err != nil {
			return nil, []item{{rel: filepath.Base(path), err: err}}
		}
		folder, name = filepath.Split(folder)
	}
	root, err := os.OpenRoot(cmp.Or(folder, "."))
	if err != nil {
		return nil, []item{{rel: filepath.Base(path), err: err}}
	}
	var items []item
	_ = fs.WalkDir(root.FS(), filepath.ToSlash(name), func(rel string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return nil
		}
		it := item{root: root, rel: rel, err: err}
		if err == nil {
			it.info, it.err = entry.Info()
		}
		if it.err == nil {
			it.err = refused(it.info.Mode())
		}
		items = append(items, it)
		return nil
	})
	return root, items
}

func refused(mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeSymlink != 0:
		return ErrSymlink
	default:
		return ErrNotRegular
	}
}

func (im *importer) item(it item) error {
	if it.err != nil {
		return im.fail(it.rel, it.err)
	}
	f, err := openRegular(it)
	if err != nil {
		return im.fail(it.rel, err)
	}
	defer f.Close()
	im.progress.start(it.rel, it.info.Size())
	defer im.progress.done()
	size := it.info.Size()
	c := &content{
		path: it.rel, name: it.rel, at: f, size: size,
		budget: &budget{limits: im.opts.Limits, packed: size},
		open: func() (io.ReadCloser, error) {
			return io.NopCloser(im.progress.reader(io.NewSectionReader(f, 0, size))), nil
		},
	}
	return im.visit(c)
}

// openRegular opens a file that was regular when it was listed, without
// waiting should it have become a pipe since.
func openRegular(it item) (*os.File, error) {
	f, err := it.root.OpenFile(filepath.FromSlash(it.rel), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || !os.SameFile(info, it.info)) {
		err = ErrNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fail reports a file of which nothing could be imported.
func (im *importer) fail(path string, err error) error {
	im.opts.Logger.Warn("file not imported", "path", path, "err", err)
	return im.report(&File{Path: path, Error: explain(err), Why: why(err)})
}

// why is the reason of the loss that an error stands for.
func why(err error) string {
	for _, known := range []struct {
		err    error
		reason string
	}{
		{ErrBomb, event.WhyBomb}, {ErrMembers, event.WhyMembers}, {ErrDepth, event.WhyDepth}, {ErrLeaves, event.WhyPath},
		{ErrEncrypted, event.WhyEncrypted}, {ErrNotRegular, event.WhyNotRegular}, {ErrSymlink, event.WhyLink},
		{ErrChanged, event.WhyChanged}, {ErrSource, event.WhyNoSource},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	return event.WhyUnreadable
}

// report closes a file in the order of its records.
func (im *importer) report(file *File) error {
	w := im.window
	if n := len(w.spans); n > 0 && w.spans[n-1].file == file {
		w.spans[n-1].end = true
	} else {
		w.spans = append(w.spans, span{file: file, end: true})
	}
	if len(w.spans) < batchRecords {
		return nil
	}
	var err error
	im.window, err = im.pipe.flush(w)
	return err
}
