package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"unicode/utf16"
)

// file collects the objects of a PDF (ISO 32000-1) and writes them. The same
// objects give the same bytes: it holds no time and no random identity.
type file struct{ objects [][]byte }

// reserve takes the number of an object that is set later.
func (f *file) reserve() int {
	f.objects = append(f.objects, nil)
	return len(f.objects)
}

func (f *file) set(n int, format string, args ...any) {
	f.objects[n-1] = fmt.Appendf(nil, format, args...)
}

func (f *file) add(format string, args ...any) int {
	n := f.reserve()
	f.set(n, format, args...)
	return n
}

// stream adds a compressed stream; dict holds further entries of its dictionary.
func (f *file) stream(dict string, body []byte) (int, error) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		return 0, fmt.Errorf("pdf: %w", err)
	}
	if err := z.Close(); err != nil {
		return 0, fmt.Errorf("pdf: %w", err)
	}
	return f.add("<</Filter/FlateDecode/Length %d%s>>stream\n%s\nendstream", b.Len(), dict, b.Bytes()), nil
}

// write writes the file with its cross-reference table.
func (f *file) write(w io.Writer, root, info int) error {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	sum := sha256.New()
	offsets := make([]int, len(f.objects))
	for i, o := range f.objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
		sum.Write(o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(f.objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	id := hex.EncodeToString(sum.Sum(nil)[:16])
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n", len(f.objects)+1, root, info, id, id, xref)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("pdf: %w", err)
	}
	return nil
}

// wide writes a text string outside of page content: UTF-16 with a mark, in hex.
func wide(s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return "<" + hex.EncodeToString(b) + ">"
}

// embed adds the used part of the font and returns its number.
func (f *file) embed(u *used) (int, error) {
	body, err := u.subset()
	if err != nil {
		return 0, err
	}
	program, err := f.stream(fmt.Sprintf("/Length1 %d", len(body)), body)
	if err != nil {
		return 0, err
	}
	unicode, err := f.stream("", u.unicode())
	if err != nil {
		return 0, err
	}
	const name = "KONSEK+BIZUDPGothic"
	mille := func(v int16) int { return int(float64(v) * 1000 / u.face.em) }
	b := u.face.box
	desc := f.add("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight %d/StemV 80/FontFile2 %d 0 R>>",
		name, mille(b[0]), mille(b[1]), mille(b[2]), mille(b[3]), int(u.face.ascent*1000), int(u.face.descent*1000), int(u.face.ascent*800), program)
	var widths bytes.Buffer
	for _, r := range u.runes {
		fmt.Fprintf(&widths, "%d ", int(u.face.width(u.face.glyphs[r])*1000+.5))
	}
	cid := f.add("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 1000/W[1[%s]]/CIDToGIDMap/Identity>>",
		name, desc, widths.String())
	return f.add("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, cid, unicode), nil
}

// unicode tells readers which character each code is.
func (u *used) unicode() []byte {
	const batch = 100 // as many as a block may hold
	var b bytes.Buffer
	b.WriteString("/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n" +
		"1 begincodespacerange<0000><FFFF>endcodespacerange\n")
	for at := 0; at < len(u.runes); at += batch {
		part := u.runes[at:min(at+batch, len(u.runes))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for i, r := range part {
			fmt.Fprintf(&b, "<%04x><", at+i+1)
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04x", unit)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap CMapName currentdict/CMap defineresource pop end end\n")
	return b.Bytes()
}
