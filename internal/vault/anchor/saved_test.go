package anchor

import (
	"bytes"
	"flag"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// fixedCheckpoint is signed with a key that is public: Ed25519 signs the same
// bytes the same way each time.
func fixedCheckpoint(t testing.TB) Checkpoint {
	t.Helper()
	const secret = "PRIVATE+KEY+konseki/example+ac9c623f+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	text, err := note.Sign(&note.Note{Text: "konseki/example\n12345\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	public, err := publicOf(secret)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseLogKey(public)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := OpenCheckpoint(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

var update = flag.Bool("update", false, "write the golden files")

func TestTextIsFitForPaper(t *testing.T) {
	at := time.Date(2026, 11, 22, 7, 40, 5, 0, time.UTC)
	for _, lang := range []string{"ja", "en"} {
		got := fixedCheckpoint(t).Text(lang, at)
		name := filepath.Join("testdata", "checkpoint-"+lang+".txt")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", lang, got, want)
		}
		for l := range strings.Lines(got) {
			if width(l) > 130 {
				t.Errorf("too wide for paper: %s", l)
			}
		}
	}
}

// TestSavedTextIsReadBackFromAnyMail passes the text through what mail programs
// and people do to it.
func TestSavedTextIsReadBackFromAnyMail(t *testing.T) {
	cp := fixedCheckpoint(t)
	at := time.Date(2026, 11, 22, 7, 40, 5, 0, time.UTC)
	each := func(text, before string) string {
		var b strings.Builder
		for l := range strings.Lines(text) {
			b.WriteString(before + l)
		}
		return b.String()
	}
	for name, change := range map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"quoted":           func(s string) string { return each(s, "> ") },
		"quoted twice":     func(s string) string { return each(s, "> > ") },
		"quoted >>":        func(s string) string { return each(s, ">>") },
		"indented":         func(s string) string { return each(s, "    ") },
		"with a byte mark": func(s string) string { return "\uFEFF" + s },
		"trailing spaces":  func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") },
		"a reply around":   func(s string) string { return "On Monday she wrote:\n\n" + each(s, "> ") + "\n--\nthanks: a lot\n" },
		"twice":            func(s string) string { return s + "\n" + s },
		"no empty lines":   func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n") },
		"double spacing":   func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") },
		"no last line end": func(s string) string { return strings.TrimRight(s, "\n") },
		"quoted-printable": func(s string) string {
			var b bytes.Buffer
			w := quotedprintable.NewWriter(&b)
			_, _ = w.Write([]byte(s))
			_ = w.Close()
			return "Content-Transfer-Encoding: quoted-printable\n\n" + b.String()
		},
	} {
		for _, lang := range []string{"ja", "en"} {
			s, err := ParseSaved([]byte(change(cp.Text(lang, at))))
			if err != nil {
				t.Errorf("%s, %s: %v", name, lang, err)
				continue
			}
			if s.Origin != cp.Origin || s.Size != cp.Size || s.Root != cp.Root || !s.Time.Equal(at) || s.KeyHash != cp.KeyHash() || !bytes.Equal(s.Note, cp.Note) {
				t.Errorf("%s, %s: %+v", name, lang, s)
			}
		}
	}
	if s, err := ParseSaved(cp.Note); err != nil || s.Size != cp.Size || !bytes.Equal(s.Note, cp.Note) {
		t.Errorf("a bare note: %+v, %v", s, err)
	}
	if s, err := ParseSaved([]byte(strings.ReplaceAll(string(cp.Note), "\n", "\r\n"))); err != nil || !bytes.Equal(s.Note, cp.Note) {
		t.Errorf("a bare note with CRLF: %+v, %v", s, err)
	}
}

// TestSavedTextIsReadBackFromPaper leaves the signed note away and types what
// people type.
func TestSavedTextIsReadBackFromPaper(t *testing.T) {
	cp := fixedCheckpoint(t)
	lines, _, _ := strings.Cut(cp.Text("ja", time.Now()), beginNote)
	for name, text := range map[string]string{
		"as printed":  lines,
		"in capitals": strings.ReplaceAll(lines, "0ac5 186a 9186", "0AC5 186A 9186"),
		"own spacing": strings.ReplaceAll(lines, " ", "  "),
		"wide colons": strings.NewReplacer("ログ名    :", "ログ名：", "批の数    :", "批の数：", "ルート    :", "ルート：").Replace(lines),
	} {
		s, err := ParseSaved([]byte(text))
		if err != nil || s.Size != cp.Size || s.Root != cp.Root || s.Origin != cp.Origin || s.Note != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestSavedTextThatContradictsItselfIsRefused(t *testing.T) {
	text := fixedCheckpoint(t).Text("en", time.Now())
	for name, bad := range map[string]string{
		"nothing":        "",
		"another size":   strings.Replace(text, "size      : 12345", "size      : 12344", 1),
		"another root":   strings.Replace(text, "0ac5 186a", "0ac5 186b", 1),
		"short root":     strings.Replace(text, "0ac5 186a", "186a", 1),
		"no number":      strings.Replace(text, "size      : 12345", "size      : many", 1),
		"not UTF-8":      strings.Replace(text, "konseki", "kon\xffseki", 1),
		"only the title": "konseki checkpoint\n",
		"too long":       text + strings.Repeat(" ", maxSaved),
	} {
		if s, err := ParseSaved([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", name, s)
		}
	}
}

func TestRollbackToYesterdayIsFoundByAPrintedCheckpoint(t *testing.T) {
	dir := newVault(t, 3)
	yesterday := copyOf(t, dir)
	grow(t, dir, 2, "the intrusion")
	at := time.Date(2026, 11, 22, 7, 40, 5, 0, time.UTC)
	mail := []byte(strings.ReplaceAll("> "+headOf(t, dir).Text("ja", at), "\n", "\r\n> "))
	paper, _, _ := bytes.Cut([]byte(headOf(t, dir).Text("en", at)), []byte(beginNote))
	for name, text := range map[string][]byte{"mail": mail, "paper": paper} {
		saved := []SavedText{{Name: name, Text: text}}
		got := wantOnly(t, mustCheck(t, dir, CheckOptions{Saved: saved, Now: at.Add(time.Hour)}), "")
		if !got.Time.Equal(at) || got.Size != 5 || got.Kept {
			t.Errorf("%+v", got)
		}
		putBackAnd := copyOf(t, yesterday)
		if got := wantOnly(t, mustCheck(t, putBackAnd, CheckOptions{Saved: saved}), RolledBack); got.Size != 5 {
			t.Errorf("%+v", got)
		}
		grow(t, putBackAnd, 4, "another story") // longer than what was printed
		wantOnly(t, mustCheck(t, putBackAnd, CheckOptions{Saved: saved}), Forked)
		grow(t, dir, 1, "what came later")
		wantOnly(t, mustCheck(t, dir, CheckOptions{Saved: saved}), "")
	}
	r := mustCheck(t, dir, CheckOptions{Saved: []SavedText{{"mail", mail}}, Now: at.Add(time.Hour)})
	if r.Age != time.Hour || r.Covered != 5 || r.Size != 7 {
		t.Errorf("age %v, covered %d of %d", r.Age, r.Covered, r.Size)
	}
}

func TestPrintedCheckpointOfAnotherKeyIsForeign(t *testing.T) {
	dir, other := newVault(t, 2), newVault(t, 2)
	text := headOf(t, other).Text("en", time.Now())
	wantOnly(t, mustCheck(t, dir, CheckOptions{Saved: []SavedText{{"x", []byte(text)}}}), Foreign)
	forged := strings.Replace(string(headOf(t, dir).Note), "\n2\n", "\n1\n", 1)
	wantOnly(t, mustCheck(t, dir, CheckOptions{Saved: []SavedText{{"x", []byte(forged)}}}), Foreign)
	wantOnly(t, mustCheck(t, dir, CheckOptions{Saved: []SavedText{{"x", []byte("a shopping list")}}}), Unverifiable)
}

func FuzzSaved(f *testing.F) {
	cp := fixedCheckpoint(f)
	at := time.Date(2026, 11, 22, 7, 40, 5, 0, time.UTC)
	f.Add([]byte(cp.Text("ja", at)))
	f.Add([]byte("> " + strings.ReplaceAll(cp.Text("en", at), "\n", "\r\n> ")))
	f.Add(cp.Note)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSaved(text)
		if err != nil {
			return
		}
		if s.Origin == "" || s.Size >= maxSize {
			t.Errorf("%+v", s)
		}
		if s.Note == nil {
			return
		}
		// What was read reads the same again.
		again, err := ParseSaved(s.Note)
		if err != nil || again.Origin != s.Origin || again.Size != s.Size || again.Root != s.Root {
			t.Errorf("%+v, then %+v, %v", s, again, err)
		}
	})
}
