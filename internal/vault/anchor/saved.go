package anchor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/konseki/konseki/internal/event"
)

// Saved is a checkpoint that people kept outside: on paper, in mail, in a file.
type Saved struct {
	Origin  string
	Size    uint64
	Root    tlog.Hash
	KeyHash string    // of the vault's key, eight hexadecimal digits; "" when not told
	Time    time.Time // when it was written out, as the text says; zero when it does not
	Note    []byte    // the signed note, not verified; nil when only the lines were kept
}

const (
	beginNote   = "-----BEGIN KONSEKI CHECKPOINT-----"
	endNote     = "-----END KONSEKI CHECKPOINT-----"
	maxSaved    = 1 << 20
	savedLayout = "2006-01-02 15:04:05"
)

// label is one line of the text form.
type label struct {
	name string
	says event.Phrase
}

// labels of the text form, in order. Both languages are read back.
func labels() []label {
	return []label{
		{"origin", event.Phrase{JA: "ログ名", EN: "origin"}},
		{"size", event.Phrase{JA: "批の数", EN: "size"}},
		{"root", event.Phrase{JA: "ルート", EN: "root"}},
		{"time", event.Phrase{JA: "時刻", EN: "time"}},
		{"key", event.Phrase{JA: "鍵の指紋", EN: "key hash"}},
	}
}

// jst is what people in Japan read off a clock; it has no summer time.
func jst() *time.Location { return time.FixedZone("JST", 9*60*60) }

// Text writes a checkpoint for paper or mail in the language "ja" or "en": what
// it says in lines that can be compared by eye and typed again, with the
// root in groups of four hexadecimal digits, and then the signed note itself.
// at is the time it is written out; it is not signed. ParseSaved reads it back.
func (c Checkpoint) Text(lang string, at time.Time) string {
	root := hex.EncodeToString(c.Root[:])
	var groups []string
	for i := 0; i < len(root); i += 4 {
		groups = append(groups, root[i:i+4])
	}
	half := len(groups) / 2
	values := map[string][]string{
		"origin": {c.Origin},
		"size":   {fmt.Sprint(c.Size)},
		"root":   {strings.Join(groups[:half], " "), strings.Join(groups[half:], " ")},
		"time":   {at.In(jst()).Format(savedLayout) + " JST", at.UTC().Format(savedLayout) + " UTC"},
		"key":    {c.KeyHash()},
	}
	var b strings.Builder
	b.WriteString(event.Phrase{JA: "konseki（痕跡）のチェックポイント", EN: "konseki checkpoint"}.In(lang) + "\n\n")
	for _, l := range labels() {
		name := l.says.In(lang)
		for _, v := range values[l.name] {
			fmt.Fprintf(&b, "%s%s: %s\n", name, strings.Repeat(" ", max(0, 10-width(name))), v)
		}
	}
	fmt.Fprintf(&b, "\n%s\n%s%s\n", beginNote, c.Note, endNote)
	return b.String()
}

// KeyHash gives the hash of the key that signed, eight hexadecimal digits, as
// it stands in the verifier key.
func (c Checkpoint) KeyHash() string {
	for _, s := range c.sigs {
		if s.Name == c.Origin {
			return fmt.Sprintf("%08x", s.Hash)
		}
	}
	return ""
}

// width is how many columns a text takes; Japanese letters take two.
func width(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x1100 {
			n++
		}
	}
	return n
}

// ParseSaved reads a checkpoint back from text of at most 1 MiB: what Text
// writes, in either language, also out of a mail with quoted lines, CRLF or
// quoted-printable, typed again from paper without the signed note, or a bare
// signed note. Where lines and note are both there they must agree. Nothing is
// verified; Check does that.
func ParseSaved(text []byte) (Saved, error) {
	s, err := parseSaved(text)
	if err != nil {
		return Saved{}, fmt.Errorf("anchor: saved checkpoint: %w", err)
	}
	return s, nil
}

func parseSaved(text []byte) (Saved, error) {
	if len(text) > maxSaved {
		return Saved{}, fmt.Errorf("%w: %d bytes, at most %d", ErrCheckpoint, len(text), maxSaved)
	}
	if bytes.Contains(text, []byte("=E2=80=94")) { // the dash of a signature line
		if plain, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(text))); err == nil {
			text = plain
		}
	}
	if !utf8.Valid(text) {
		return Saved{}, fmt.Errorf("%w: it is not text in UTF-8: save the mail or file as UTF-8", ErrCheckpoint)
	}
	lines := unquote(string(text))
	note := findNote(lines)
	told, complete, err := readLines(lines)
	switch {
	case err != nil:
		return Saved{}, err
	case note == nil && !complete:
		return Saved{}, fmt.Errorf("%w: it holds neither a signed note nor the lines origin, size and root", ErrCheckpoint)
	case note == nil:
		return told, nil
	}
	body, _, _ := strings.Cut(string(note), "\n\n")
	cp, err := parseBody(body + "\n")
	if err != nil {
		return Saved{}, err
	}
	if complete && (told.Origin != cp.Origin || told.Size != cp.Size || told.Root != cp.Root) {
		return Saved{}, fmt.Errorf("%w: the lines above the signed note say something else than the note", ErrCheckpoint)
	}
	return Saved{Origin: cp.Origin, Size: cp.Size, Root: cp.Root, KeyHash: told.KeyHash, Time: told.Time, Note: note}, nil
}

// unquote cuts a text into lines and takes away what mail programs put before
// and after them.
func unquote(text string) []string {
	lines := strings.Split(strings.TrimPrefix(text, "\uFEFF"), "\n")
	for i, l := range lines {
		l = strings.TrimRight(l, " \t\r")
		for {
			rest, ok := strings.CutPrefix(strings.TrimLeft(l, " \t"), ">")
			if !ok {
				break
			}
			l = rest
		}
		lines[i] = strings.TrimLeft(l, " \t")
	}
	return lines
}

// findNote gives the note between its marks, or the bare note that the text is.
func findNote(lines []string) []byte {
	inside := []string(nil)
	begun := false
	for _, l := range lines {
		switch {
		case l == beginNote:
			inside, begun = nil, true
		case l == endNote && begun:
			return joinNote(inside)
		default:
			inside = append(inside, l)
		}
	}
	if !begun && strings.Contains(strings.Join(lines, "\n"), "\n\n\u2014 ") {
		return joinNote(lines)
	}
	return nil
}

// joinNote puts the lines of a note together again. Empty lines around it, and
// between its signatures, come from mail programs.
func joinNote(lines []string) []byte {
	var b bytes.Buffer
	signatures := false
	for _, l := range lines {
		switch {
		case l == "":
		case strings.HasPrefix(l, "\u2014 "):
			if !signatures {
				b.WriteByte('\n')
			}
			signatures = true
			b.WriteString(l + "\n")
		case signatures: // what follows the note in a mail
			return b.Bytes()
		default:
			b.WriteString(l + "\n")
		}
	}
	if !signatures {
		return nil
	}
	return b.Bytes()
}

// readLines reads the labelled lines; complete says that origin, size and root
// were all there.
func readLines(lines []string) (s Saved, complete bool, err error) {
	got := map[string]string{}
	for _, line := range lines {
		if line == beginNote {
			break
		}
		at := strings.IndexAny(line, ":：") // the second is what a Japanese keyboard types
		if at < 0 {
			continue
		}
		name, value := strings.TrimSpace(line[:at]), strings.TrimSpace(strings.TrimLeft(line[at:], ":："))
		for _, l := range labels() {
			if !strings.EqualFold(name, l.says.EN) && name != l.says.JA {
				continue
			}
			switch {
			case l.name == "root" && len(got["root"]) < 2*tlog.HashSize:
				got["root"] += strings.Join(strings.Fields(value), "")
			case got[l.name] == "":
				got[l.name] = value
			}
		}
	}
	if got["origin"] == "" || got["size"] == "" || got["root"] == "" {
		return Saved{}, false, nil
	}
	s = Saved{Origin: got["origin"], KeyHash: strings.ToLower(got["key"])}
	if s.Size, err = parseSize(got["size"]); err != nil {
		return s, false, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	root, err := hex.DecodeString(got["root"])
	if err != nil || len(root) != tlog.HashSize {
		return s, false, fmt.Errorf("%w: %w", ErrCheckpoint, errors.New("its root is not 64 hexadecimal digits: compare it with the paper"))
	}
	s.Root = tlog.Hash(root)
	if at, ok := strings.CutSuffix(got["time"], " JST"); ok {
		s.Time, _ = time.ParseInLocation(savedLayout, at, jst()) // zero when it cannot be read
	}
	return s, true, nil
}
