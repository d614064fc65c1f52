package collect

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/japanese"
)

// packing is how a content is packed, told from its first bytes.
type packing uint8

const (
	plain packing = iota
	gzipped
	zstdPacked
	bzipped
	zipArchive
	tarArchive
)

const tarBlock = 512

// sniff tells the packing from the first 512 bytes.
func sniff(head []byte) packing {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return gzipped
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return zstdPacked
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90"):
		return bzipped
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipArchive
	case isTar(head):
		return tarArchive
	}
	return plain
}

// isTar checks the checksum of a tar header (POSIX.1-2001 pax, ustar): the sum
// of its bytes with the checksum field itself taken as spaces.
func isTar(head []byte) bool {
	if len(head) < tarBlock || head[0] == 0 {
		return false
	}
	sum, stated := 0, 0
	for i, c := range head[:tarBlock] {
		if i >= 148 && i < 156 {
			if c >= '0' && c <= '7' {
				stated = stated<<3 | int(c-'0')
			}
			c = ' '
		}
		sum += int(c)
	}
	return sum == stated
}

// visit imports a content: as it stands, or what is packed in it.
func (im *importer) visit(c *content) error {
	switch kind := sniff(peek(c)); kind {
	case gzipped, zstdPacked, bzipped:
		return im.unpack(c, kind)
	case zipArchive:
		return im.zip(c)
	case tarArchive:
		return im.tar(c)
	default:
		return im.leaf(c)
	}
}

// peek returns the first bytes of a content; why there are fewer, the survey
// will find out.
func peek(c *content) []byte {
	r, err := c.open()
	if err != nil {
		return nil
	}
	defer r.Close()
	head := make([]byte, tarBlock)
	n, _ := io.ReadFull(r, head)
	return head[:n]
}

// unpack imports what a compressed file unpacks to. It keeps the file's path.
func (im *importer) unpack(c *content, kind packing) error {
	s := &stream{}
	inner := &content{path: c.path, depth: c.depth + 1, unpacked: true, stream: s, budget: c.budget}
	inner.name = trimSuffixes(c.name, ".gz", ".zst", ".bz2", ".tgz")
	inner.open = func() (io.ReadCloser, error) {
		packed, err := c.open()
		if err != nil {
			return nil, err
		}
		r, err := decompress(packed, kind)
		if err != nil {
			packed.Close()
			return nil, err
		}
		return c.budget.meter(s, r, r, packed), nil
	}
	if inner.depth > im.opts.Limits.MaxDepth {
		return im.fail(c.path, ErrDepth)
	}
	return im.visit(inner)
}

func decompress(r io.Reader, kind packing) (io.ReadCloser, error) {
	switch kind {
	case gzipped:
		return gzip.NewReader(r)
	case zstdPacked:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	default:
		return io.NopCloser(bzip2.NewReader(r)), nil
	}
}

func trimSuffixes(name string, suffixes ...string) string {
	for _, s := range suffixes {
		if len(name) > len(s) && strings.EqualFold(name[len(name)-len(s):], s) {
			return name[:len(name)-len(s)]
		}
	}
	return name
}

// inside makes the content of an archive member, or says why it is refused.
func (im *importer) inside(archive *content, name string) (*content, error) {
	name = toUTF8(name)
	c := &content{
		path: archive.path + "!" + name, name: name,
		depth: archive.depth + 1, stream: &stream{}, budget: archive.budget,
	}
	if archive.unpacked { // a compressed tar counts once
		c.depth--
	}
	if archive.budget.members++; archive.budget.members > im.opts.Limits.MaxMembers {
		return c, ErrMembers
	}
	if c.depth > im.opts.Limits.MaxDepth {
		return c, ErrDepth
	}
	return c, checkName(name)
}

// checkName refuses names that would lead out of the folder an archive was
// unpacked to, on any system.
func checkName(name string) error {
	slashed := strings.ReplaceAll(name, `\`, "/")
	drive := len(slashed) >= 2 && slashed[1] == ':'
	clean := path.Clean(slashed)
	if slashed == "" || drive || path.IsAbs(slashed) || clean == ".." || strings.HasPrefix(clean, "../") {
		return ErrLeaves
	}
	return nil
}

// toUTF8 reads names in Shift_JIS, as Windows writes them into zip files.
func toUTF8(name string) string {
	if strings.ToValidUTF8(name, "") == name {
		return name
	}
	decoded, err := japanese.ShiftJIS.NewDecoder().String(name)
	if err != nil {
		return strings.ToValidUTF8(name, "\uFFFD")
	}
	return decoded
}

// stops reports whether an error ends the reading of a whole archive.
func (b *budget) stops(err error) bool { return errors.Is(err, ErrMembers) || b.blown }

func (im *importer) zip(c *content) error {
	if c.at == nil {
		kept, cleanup, err := im.spool(c)
		if err != nil {
			return im.fail(c.path, err)
		}
		defer cleanup()
		c = kept
	}
	directory := &bounded{at: c.at, left: int64(im.opts.Limits.MaxMembers)*256 + 1<<20}
	z, err := zip.NewReader(directory, c.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return im.fail(c.path, err)
	}
	directory.left = -1
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1)))
	z.RegisterDecompressor(12, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	if len(z.File) == 0 {
		return im.report(&File{Path: c.path, Format: "zip", Bytes: c.size})
	}
	for _, f := range z.File {
		stop, err := im.zipMember(c, f)
		if stop || err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) zipMember(archive *content, f *zip.File) (stop bool, fatal error) {
	if f.Mode().IsDir() {
		return false, im.pipe.ctx.Err()
	}
	c, err := im.inside(archive, f.Name)
	if err == nil {
		err = refused(f.Mode())
	}
	if err == nil && f.Flags&1 != 0 {
		err = ErrEncrypted
	}
	if archive.budget.stops(err) {
		return true, im.fail(archive.path, err)
	}
	if err != nil {
		return false, im.fail(c.path, err)
	}
	c.open = func() (io.ReadCloser, error) {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		return c.budget.meter(c.stream, r, r), nil
	}
	err = im.visit(c)
	if archive.depth == 0 {
		im.progress.read += 2 * int64(f.CompressedSize64)
	}
	return c.budget.blown, err
}

func (im *importer) tar(c *content) error {
	if c.stream != nil {
		c.stream.free = true
	}
	r, err := c.open()
	if err != nil {
		return im.fail(c.path, err)
	}
	defer r.Close()
	t := tar.NewReader(r)
	for found := false; ; found = true {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF) && found:
			return nil
		case errors.Is(err, io.EOF):
			return im.report(&File{Path: c.path, Format: "tar"})
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return im.fail(c.path, fmt.Errorf("the archive ends or is damaged here: %w", err))
		}
		stop, err := im.tarMember(c, t, h)
		if stop || err != nil {
			return err
		}
	}
}

func (im *importer) tarMember(archive *content, t *tar.Reader, h *tar.Header) (stop bool, fatal error) {
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeXGlobalHeader:
		archive.budget.members++
		return archive.budget.members > im.opts.Limits.MaxMembers, im.pipe.ctx.Err()
	}
	c, err := im.inside(archive, h.Name)
	switch {
	case err != nil:
	case h.Typeflag == tar.TypeLink:
		err = ErrSymlink
	default:
		err = refused(h.FileInfo().Mode())
	}
	if archive.budget.stops(err) {
		return true, im.fail(archive.path, err)
	}
	if err != nil {
		return false, im.fail(c.path, err)
	}
	c.open = func() (io.ReadCloser, error) { return c.budget.meter(c.stream, t), nil }
	kept, cleanup, err := im.spool(c)
	if err != nil {
		return archive.budget.blown, im.fail(c.path, err)
	}
	defer cleanup()
	return false, im.visit(kept)
}
