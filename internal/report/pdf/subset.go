package pdf

import (
	"encoding/binary"
	"slices"
)

// used is the part of the font that a document uses. Every character has a code
// of its own, even where two share a glyph, so that copied text is what was
// written.
type used struct {
	face  *typeface
	codes map[rune]uint16
	runes []rune // by code-1; code 0 is the empty box, which is never shown
}

func newUsed(f *typeface) *used { return &used{face: f, codes: map[rune]uint16{}} }

// code returns the code of a character and its width in ems. ok is false where
// the font has no glyph for it.
func (u *used) code(r rune) (code uint16, width float64, ok bool) {
	glyph, ok := u.face.glyphs[r]
	if !ok {
		return 0, 0, false
	}
	code, seen := u.codes[r]
	if !seen {
		code = uint16(len(u.runes) + 1)
		u.runes = append(u.runes, r)
		u.codes[r] = code
	}
	return code, u.face.width(glyph), true
}

// subset writes a font of the used glyphs alone, where a character's glyph has
// the number of its code; parts of compound glyphs follow.
func (u *used) subset() ([]byte, error) {
	glyphs := []uint16{0}
	for _, r := range u.runes {
		glyphs = append(glyphs, u.face.glyphs[r])
	}
	parts := map[uint16]uint16{}
	var glyf, loca, hmtx []byte
	for i := 0; i < len(glyphs); i++ { // grows by the parts of compound glyphs
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		outline, err := u.face.outline(glyphs[i])
		if err != nil {
			return nil, err
		}
		outline, err = renumber(slices.Clone(outline), func(part uint16) uint16 {
			n, ok := parts[part]
			if !ok {
				n = uint16(len(glyphs))
				glyphs = append(glyphs, part)
				parts[part] = n
			}
			return n
		})
		if err != nil {
			return nil, err
		}
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(u.face.width(glyphs[i])*u.face.em+.5))
		hmtx = binary.BigEndian.AppendUint16(hmtx, u.face.bearing(glyphs[i]))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := slices.Clone(u.face.tables["head"]), slices.Clone(u.face.tables["hhea"]), slices.Clone(u.face.tables["maxp"])
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(glyphs)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(glyphs)))
	return assemble([]table{
		{"cvt ", u.face.tables["cvt "]}, {"fpgm", u.face.tables["fpgm"]}, {"glyf", glyf}, {"head", head}, {"hhea", hhea},
		{"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"prep", u.face.tables["prep"]},
	}), nil
}

// bearing is the left side bearing of a glyph.
func (f *typeface) bearing(glyph uint16) uint16 {
	at := 4*int(glyph) + 2
	if int(glyph) >= f.metrics {
		at = 4*f.metrics + 2*(int(glyph)-f.metrics)
	}
	if hmtx := f.tables["hmtx"]; at+2 <= len(hmtx) {
		return be16(hmtx, at)
	}
	return 0
}

// renumber gives the parts of a compound glyph their new numbers, in place.
func renumber(outline []byte, number func(uint16) uint16) ([]byte, error) {
	const words, scale, more, scales, matrix = 1, 8, 32, 64, 128
	if len(outline) < 10 || int16(be16(outline, 0)) >= 0 {
		return outline, nil
	}
	for at := 10; ; {
		if at+4 > len(outline) {
			return nil, errFont
		}
		flags := be16(outline, at)
		binary.BigEndian.PutUint16(outline[at+2:], number(be16(outline, at+2)))
		at += 6
		if flags&words != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&scales != 0:
			at += 4
		case flags&matrix != 0:
			at += 8
		}
		if flags&more == 0 {
			return outline, nil
		}
	}
}

type table struct {
	tag  string
	body []byte
}

// assemble writes a font file of tables, which are sorted by tag.
func assemble(tables []table) []byte {
	tables = slices.DeleteFunc(tables, func(t table) bool { return len(t.body) == 0 })
	n := len(tables)
	search, power := 16, 0
	for search*2 <= 16*n {
		search, power = search*2, power+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, search, power, 16*n - search} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*n
	for _, t := range tables {
		out = append(out, t.tag...)
		for _, v := range []uint32{checksum(t.body), uint32(at), uint32(len(t.body))} {
			out = binary.BigEndian.AppendUint32(out, v)
		}
		at += (len(t.body) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.body...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

func checksum(b []byte) (sum uint32) {
	for len(b) > 0 {
		var word [4]byte
		copy(word[:], b)
		sum += be32(word[:], 0)
		b = b[min(4, len(b)):]
	}
	return sum
}
