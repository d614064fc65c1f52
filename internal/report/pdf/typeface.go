package pdf

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The font is BIZ UDPGothic Regular 1.051 as its makers publish it, compressed;
// its licence (OFL.txt) allows that it is embedded here and in documents.
//
//go:embed BIZUDPGothic-Regular.ttf.zst
var packed []byte

var errFont = errors.New("pdf: the font is broken")

// typeface is a TrueType font (ISO/IEC 14496-22, glyf outlines) as far as a PDF
// needs it.
type typeface struct {
	tables  map[string][]byte
	glyphs  map[rune]uint16
	em      float64 // units of an em
	ascent  float64 // in ems
	descent float64 // in ems, negative
	box     [4]int16
	long    bool // offsets of loca are 32 bits wide
	count   int
	metrics int // entries of hmtx with a width
}

func loadFont() (*typeface, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("pdf: font: %w", err)
	}
	defer d.Close()
	b, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("pdf: font: %w", err)
	}
	return parseFont(b)
}

func parseFont(b []byte) (*typeface, error) {
	f := &typeface{tables: map[string][]byte{}, glyphs: map[rune]uint16{}}
	if len(b) < 12 {
		return nil, errFont
	}
	n := int(be16(b, 4))
	for i := range n {
		at := 12 + 16*i
		if at+16 > len(b) {
			return nil, errFont
		}
		off, size := uint64(be32(b, at+8)), uint64(be32(b, at+12))
		if off+size > uint64(len(b)) {
			return nil, errFont
		}
		f.tables[string(b[at:at+4])] = b[off : off+size]
	}
	head, hhea, maxp := f.tables["head"], f.tables["hhea"], f.tables["maxp"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, errFont
	}
	f.em = float64(be16(head, 18))
	for i := range f.box {
		f.box[i] = int16(be16(head, 36+2*i))
	}
	f.long = be16(head, 50) == 1
	f.ascent, f.descent = float64(int16(be16(hhea, 4)))/f.em, float64(int16(be16(hhea, 6)))/f.em
	f.metrics, f.count = int(be16(hhea, 34)), int(be16(maxp, 4))
	if f.em == 0 || f.metrics == 0 || len(f.tables["hmtx"]) < 4*f.metrics {
		return nil, errFont
	}
	return f, f.readCharacters()
}

// readCharacters reads the widest of the tables that give a character its glyph.
func (f *typeface) readCharacters() error {
	cmap := f.tables["cmap"]
	if len(cmap) < 4 {
		return errFont
	}
	var four, twelve []byte
	for i := range int(be16(cmap, 2)) {
		at := 4 + 8*i
		if at+8 > len(cmap) || uint64(be32(cmap, at+4))+16 > uint64(len(cmap)) {
			return errFont
		}
		sub := cmap[be32(cmap, at+4):]
		switch be16(sub, 0) {
		case 4:
			four = sub
		case 12:
			twelve = sub
		}
	}
	switch {
	case twelve != nil:
		return f.readGroups(twelve)
	case four != nil:
		return f.readSegments(four)
	}
	return errFont
}

// readGroups reads a cmap of format 12.
func (f *typeface) readGroups(b []byte) error {
	for i := range int(be32(b, 12)) {
		at := 16 + 12*i
		if at+12 > len(b) {
			return errFont
		}
		from, to, glyph := be32(b, at), be32(b, at+4), be32(b, at+8)
		if to > 0x10ffff || from > to {
			return errFont
		}
		for r := from; r <= to; r++ {
			f.set(rune(r), int(glyph+r-from))
		}
	}
	return nil
}

// readSegments reads a cmap of format 4.
func (f *typeface) readSegments(b []byte) error {
	if len(b) < 16 {
		return errFont
	}
	n := int(be16(b, 6)) / 2
	if len(b) < 16+8*n {
		return errFont
	}
	for i := range n {
		end, start := int(be16(b, 14+2*i)), int(be16(b, 16+2*n+2*i))
		delta, at := int(be16(b, 16+4*n+2*i)), 16+6*n+2*i
		offset := int(be16(b, at))
		for c := start; c <= end && c != 0xffff; c++ {
			if offset == 0 {
				f.set(rune(c), (c+delta)&0xffff)
				continue
			}
			if p := at + offset + 2*(c-start); p+2 <= len(b) && be16(b, p) != 0 {
				f.set(rune(c), (int(be16(b, p))+delta)&0xffff)
			}
		}
	}
	return nil
}

func (f *typeface) set(r rune, glyph int) {
	if glyph > 0 && glyph < f.count {
		f.glyphs[r] = uint16(glyph)
	}
}

// width is the advance of a glyph in ems.
func (f *typeface) width(glyph uint16) float64 {
	return float64(be16(f.tables["hmtx"], 4*min(int(glyph), f.metrics-1))) / f.em
}

// outline is the description of a glyph, empty for one without ink.
func (f *typeface) outline(glyph uint16) ([]byte, error) {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to uint64
	switch i := int(glyph); {
	case f.long && 4*i+8 <= len(loca):
		from, to = uint64(be32(loca, 4*i)), uint64(be32(loca, 4*i+4))
	case !f.long && 2*i+4 <= len(loca):
		from, to = 2*uint64(be16(loca, 2*i)), 2*uint64(be16(loca, 2*i+2))
	default:
		return nil, errFont
	}
	if from > to || to > uint64(len(glyf)) {
		return nil, errFont
	}
	return glyf[from:to], nil
}

func be16(b []byte, at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
func be32(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
