package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/konseki/konseki/internal/report"
)

// style is how a run of text looks.
type style struct {
	size  float64
	color color
	bold  bool
	code  bool   // on a tinted ground; it may break anywhere
	chip  bool   // in a frame; it does not break where it can be helped
	dash  bool   // the frame is dashed
	to    string // where it leads, or ""
}

// glyph is one character with its look.
type glyph struct {
	r     rune
	code  uint16
	width float64 // points
	style *style
}

// writer turns text into glyphs and counts what the font cannot show.
type writer struct {
	font    *used
	missing map[rune]int
}

// glyphs gives the glyphs of text. A character that the font lacks is written as
// its code point.
func (w *writer) glyphs(out []glyph, text string, st *style) []glyph {
	for _, r := range report.Plain(text) {
		code, em, ok := w.font.code(r)
		if ok {
			out = append(out, glyph{r, code, em * st.size, st})
			continue
		}
		w.missing[r]++
		for _, r := range fmt.Sprintf("<U+%04X>", r) {
			code, em, _ := w.font.code(r)
			out = append(out, glyph{r, code, em * st.size, st})
		}
	}
	return out
}

// inlines gives the glyphs of inline text that looks like base.
func (w *writer) inlines(list []report.Inline, base style, targets map[int]bool) []glyph {
	var out []glyph
	for _, in := range list {
		st := base
		text := in.Text
		switch {
		case in.Cite > 0:
			text = fmt.Sprintf("[%d]", in.Cite)
			st.size *= .85
			if targets[in.Cite] {
				st.color, st.to = ai(), citation(in.Cite)
			}
		case in.Code:
			st.code, st.size = true, st.size*.94
		case in.Mark != "":
			st.chip, st.bold, st.size = true, true, st.size*.92
			st.color, st.dash = markColor(in.Mark), in.Mark == "unknown"
		}
		out = w.glyphs(out, text, &st)
	}
	return out
}

func citation(n int) string { return fmt.Sprintf("e%d", n) }

func markColor(mark string) color {
	switch mark {
	case "found":
		return shu()
	case "covered":
		return matsu()
	case "partial":
		return yamabuki()
	}
	return soft()
}

// wrap breaks glyphs into lines no wider than width: at spaces, between
// characters of Japanese text but not before what may not begin a line or after
// what may not end one (JIS X 4051), and within a word where it alone is wider
// than the line.
// Spaces hang over the end of a line, but not far.
func wrap(text []glyph, width float64) [][]glyph {
	var lines [][]glyph
	start, last, at := 0, -1, 0.0 // last: where the line may end
	for i := 0; i < len(text); i++ {
		if i > start && mayBreak(text[i-1], text[i]) {
			last = i
		}
		if at+text[i].width > width && i > start && (text[i].r != ' ' || at > width+hang) {
			end := i
			if last > start {
				end = last
			}
			lines = append(lines, text[start:end])
			for end < len(text) && text[end].r == ' ' {
				end++
			}
			start, last, at = end, -1, 0
			i = end - 1
			continue
		}
		at += text[i].width
	}
	if start < len(text) || len(lines) == 0 {
		lines = append(lines, text[start:])
	}
	return lines
}

const (
	hang     = 12 // points
	notFirst = "、。，．・：；？！ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々ゝゞヽヾ）」』】］〉》〕｝’”…‥)]},.:;?!%％°′″〜～"
	notLast  = "（「『【［〈《〔｛‘“([{¥￥＄$"
)

func mayBreak(a, b glyph) bool {
	if a.style.chip && b.style.chip && a.style == b.style {
		return false
	}
	if b.r == ' ' {
		return false
	}
	if a.r == ' ' {
		return true
	}
	if strings.ContainsRune(notFirst, b.r) || strings.ContainsRune(notLast, a.r) {
		return false
	}
	if a.style.code && strings.ContainsRune("/-_=&;,.:|?+", a.r) {
		return true
	}
	return ideographic(a.r) || ideographic(b.r) || b.style.to != "" && a.style != b.style
}

// ideographic reports whether a line may break beside a character.
func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef || r == '—' || r == '…'
}

// measure is the width of a line.
func measure(line []glyph) (w float64) {
	for _, g := range line {
		w += g.width
	}
	return w
}

// draw writes a line with its grounds, frames and links. y is its baseline.
func (p *page) draw(line []glyph, x, y float64) {
	for len(line) > 0 {
		st, n, w := line[0].style, 0, 0.0
		for n < len(line) && line[n].style == st {
			w += line[n].width
			n++
		}
		if st.code {
			p.fill(sunk(), x-.8, y-st.size*.86, w+1.6, st.size*1.16)
		}
		if st.chip {
			p.frame(st.color, x-2, y-st.size*.92, w+4, st.size*1.22, st.dash)
		}
		if st.to != "" {
			p.links = append(p.links, link{x, y - st.size, w, st.size * 1.25, st.to})
		}
		p.text(line[:n], x, y)
		x, line = x+w, line[n:]
	}
}
