package report

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
)

// Limits of a bundle that is read: it may come from anybody.
const (
	maxBundleBytes = 16 << 30 // of all files together, unpacked
	maxBundleFiles = 256
	maxSmall       = 256 << 20 // of a file that is read as a whole
	maxLine        = 64 << 20  // of a record of 16 MiB in parts
	maxOperations  = 256 << 20 // bytes of the case's operations
	maxProblems    = 10_000
)

// bundleFiles are the files of a bundle, and the sums of those read so far.
type bundleFiles struct {
	files map[string]*zip.File
	sums  map[string][32]byte
}

func openBundle(r io.ReaderAt, size int64) (*bundleFiles, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a zip file: %w", err)
	}
	if len(z.File) > maxBundleFiles {
		return nil, fmt.Errorf("holds %d files, a bundle at most %d", len(z.File), maxBundleFiles)
	}
	b := &bundleFiles{files: map[string]*zip.File{}, sums: map[string][32]byte{}}
	left := uint64(maxBundleBytes)
	for _, f := range z.File {
		if b.files[f.Name] != nil {
			return nil, fmt.Errorf("holds %q twice", f.Name)
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("unpacks to more than %d bytes", uint64(maxBundleBytes))
		}
		left -= f.UncompressedSize64
		b.files[f.Name] = f
	}
	for _, name := range []string{fileIssue, fileCase, fileKey} {
		if b.files[name] == nil {
			return nil, fmt.Errorf("not a konseki bundle: %s is missing", name)
		}
	}
	if b.files[fileEvidence] == nil && (b.files[fileRecords] == nil || b.files[fileProofs] == nil) {
		return nil, fmt.Errorf("not a konseki bundle: %s is missing", fileEvidence)
	}
	return b, nil
}

// open reads a file; more than the size it declares is an error, and so is less.
func (b *bundleFiles) open(name string) (*member, error) {
	f := b.files[name]
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &member{in: in, left: f.UncompressedSize64, sum: sha256.New()}, nil
}

// member is a file of the bundle as it is read.
type member struct {
	in   io.ReadCloser
	left uint64
	sum  hash.Hash
}

func (m *member) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	if uint64(n) > m.left {
		return 0, zip.ErrFormat
	}
	m.left -= uint64(n)
	m.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && m.left > 0 {
		err = zip.ErrFormat
	}
	return n, err
}

// finish reads what is left and keeps the sum of the file.
func (b *bundleFiles) finish(name string, m *member) error {
	_, err := io.Copy(io.Discard, m)
	if err == nil {
		b.sums[name] = [32]byte(m.sum.Sum(nil))
	}
	return errors.Join(err, m.in.Close())
}

// sum gives the SHA-256 of a file, reading it unless it was read already.
func (b *bundleFiles) sum(name string) ([32]byte, error) {
	if sum, ok := b.sums[name]; ok {
		return sum, nil
	}
	m, err := b.open(name)
	if err != nil {
		return [32]byte{}, err
	}
	err = b.finish(name, m)
	return b.sums[name], err
}

// small reads a file as a whole.
func (b *bundleFiles) small(name string) ([]byte, error) {
	if size := b.files[name].UncompressedSize64; size > maxSmall {
		return nil, fmt.Errorf("%d bytes, at most %d", size, maxSmall)
	}
	m, err := b.open(name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(m)
	return content, errors.Join(err, b.finish(name, m))
}

// lineReader reads the lines of a file that are not empty.
type lineReader struct {
	bundle *bundleFiles
	name   string
	file   *member
	in     *bufio.Scanner
	n      int // of the line read last, from 1, empty ones not counted
	err    error
}

func (b *bundleFiles) lines(name string) (*lineReader, error) {
	m, err := b.open(name)
	if err != nil {
		return nil, err
	}
	in := bufio.NewScanner(m)
	in.Buffer(make([]byte, 64<<10), maxLine)
	in.Split(splitLines)
	return &lineReader{bundle: b, name: name, file: m, in: in}, nil
}

// splitLines is bufio.ScanLines, but leaves a carriage return where it is.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// next gives the next line, valid until the one after, or nil at the end.
func (l *lineReader) next() []byte {
	for l.in.Scan() {
		if len(l.in.Bytes()) > 0 {
			l.n++
			return l.in.Bytes()
		}
	}
	l.err = l.in.Err()
	return nil
}

func (l *lineReader) all() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for raw := l.next(); raw != nil; raw = l.next() {
			if !yield(raw) {
				return
			}
		}
	}
}

// close reads the rest, so that the sum of the file is known.
func (l *lineReader) close() {
	if err := l.bundle.finish(l.name, l.file); l.err == nil {
		l.err = err
	}
}
