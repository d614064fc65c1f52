package format

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// Encodings as they stand in [event.Shape] and in the transport hint "enc".
const (
	encShiftJIS = "shift_jis"
	encUTF16LE  = "utf-16le"
	encUTF16BE  = "utf-16be"
)

// decoderOf returns the decoder of an encoding by its name, or nil.
func decoderOf(name string) encoding.Encoding {
	switch name {
	case encShiftJIS:
		return japanese.ShiftJIS
	case encUTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case encUTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// ToUTF8 decodes raw and reports whether that changed it. An unknown encoding
// leaves it alone.
func ToUTF8(raw []byte, name string) ([]byte, bool) {
	enc := decoderOf(name)
	if enc == nil {
		return raw, false
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil || bytes.Equal(out, raw) {
		return raw, false
	}
	return out, true
}

// EncodingOf tells the encoding of a file from its first bytes: "" for UTF-8
// and for what cannot be told.
func EncodingOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return encUTF16LE
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return encUTF16BE
	}
	if enc := zeroPattern(head[:min(len(head), 512)]); enc != "" {
		return enc
	}
	if !validPrefix(head) && isShiftJIS(head) {
		return encShiftJIS
	}
	return ""
}

// zeroPattern recognises UTF-16 without a byte order mark: Latin text in it
// has a zero in every second byte.
func zeroPattern(head []byte) string {
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i&1]++
		}
	}
	pairs := len(head) / 2
	switch {
	case pairs < 4:
		return ""
	case zeros[1] > pairs*3/4 && zeros[0] == 0:
		return encUTF16LE
	case zeros[0] > pairs*3/4 && zeros[1] == 0:
		return encUTF16BE
	}
	return ""
}

// validPrefix reports whether head is UTF-8 that may end within a rune.
func validPrefix(head []byte) bool {
	for i := range min(utf8.UTFMax, len(head)+1) {
		if utf8.Valid(head[:len(head)-i]) {
			return true
		}
	}
	return false
}

// isShiftJIS reports whether head reads as Shift_JIS text: no invalid
// sequence, and mostly two-byte characters among those that are not ASCII
// (Latin-1 text would read as half-width katakana).
func isShiftJIS(head []byte) bool {
	single, double := 0, 0
	for i := 0; i < len(head); i++ {
		c := head[i]
		switch {
		case c < 0x80:
		case c >= 0xA1 && c <= 0xDF:
			single++
		case c >= 0x81 && c <= 0x9F || c >= 0xE0 && c <= 0xFC:
			if i++; i == len(head) {
				return double > single // cut within a character
			}
			if t := head[i]; t < 0x40 || t == 0x7F || t > 0xFC {
				return false
			}
			double++
		default:
			return false
		}
	}
	return double > 0 && double >= single
}

// Decode returns a record's bytes in UTF-8 without what surrounds the text
// (byte order mark, final line end, the zero bytes that a crash leaves in a
// file), and whether the bytes had to be changed to get there.
func Decode(raw []byte, encoding string) (text []byte, foreign bool) {
	if encoding != "" {
		raw, foreign = ToUTF8(raw, encoding)
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	raw = trimEnds(raw)
	if !utf8.Valid(raw) {
		return bytes.ToValidUTF8(raw, []byte("\uFFFD")), true
	}
	return raw, foreign
}

func trimEnds(raw []byte) []byte {
	for len(raw) > 0 && raw[0] == 0 {
		raw = raw[1:]
	}
	for len(raw) > 0 {
		switch raw[len(raw)-1] {
		case 0, '\n', '\r':
			raw = raw[:len(raw)-1]
		default:
			return raw
		}
	}
	return raw
}
