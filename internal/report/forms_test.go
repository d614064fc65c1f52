package report_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/docx"
	"github.com/konseki/konseki/internal/report/pdf"
)

func forms() []report.Renderer {
	return append(report.Renderers(), report.Renderer{Name: "docx", Write: docx.Write}, report.Renderer{Name: "pdf", Write: pdf.Write})
}

func write(t testing.TB, f func(io.Writer, *report.Document) error, d *report.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// texts are the texts of a document in their order, as a form shows them.
func texts(d *report.Document) []string {
	var out []string
	add := func(in []report.Inline) {
		var b strings.Builder
		for _, i := range in {
			if i.Cite > 0 {
				fmt.Fprintf(&b, "[%d]", i.Cite)
			}
			b.WriteString(report.Plain(i.Text))
		}
		out = append(out, b.String())
	}
	for _, s := range d.Sections {
		out = append(out, report.Plain(s.Title()))
		for _, b := range s.Blocks {
			switch {
			case b.Heading != "":
				out = append(out, report.Plain(b.Heading))
			case b.Table != nil:
				out = append(out, b.Table.Header...)
				for _, row := range b.Table.Rows {
					for _, c := range row {
						add(c)
					}
				}
			case b.List != nil:
				for _, it := range b.List {
					add(it)
				}
			default:
				add(b.Paragraph)
			}
		}
	}
	return out
}

// squeeze takes the spaces out.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// inOrder looks for each text after the one before.
func inOrder(t testing.TB, page string, want []string) {
	t.Helper()
	for i, s := range want {
		s = squeeze(s)
		at := strings.Index(page, s)
		if at < 0 {
			t.Fatalf("text %d of %d, %q, is not where it should be; what is there: %.300q", i, len(want), s, page)
		}
		page = page[at+len(s):]
	}
}

// tool finds a program or skips the test and says so.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not here: install %s to try the documents with it", name, pkg)
	}
	return path
}

// pdfText is what a reader copies out of a PDF, page by page, without what
// stands at the edges of pages.
func pdfText(t *testing.T, body []byte, d *report.Document) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "pdftotext", "poppler-utils"), "-raw", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	pages := strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
	for i, p := range pages {
		p = squeeze(p)
		p = strings.TrimSuffix(p, squeeze(d.Stamp))
		p = strings.TrimSuffix(p, squeeze(report.Plain(d.Title)))
		foot := fmt.Sprintf("%d/%d", i+1, len(pages))
		if !strings.HasSuffix(p, foot) {
			t.Errorf("page %d ends with %q", i+1, p[max(0, len(p)-30):])
		}
		b.WriteString(strings.TrimSuffix(p, foot))
	}
	return b.String()
}

func TestTheTextOfAPDFIsThatOfTheDocument(t *testing.T) {
	for _, lang := range []string{"ja", "en"} {
		in := report.SmallCase()
		in.Lang = lang
		d := report.Compose(in)
		inOrder(t, pdfText(t, write(t, pdf.Write, d), d), texts(d))
	}
}

func TestLibreOfficeOpensTheDocument(t *testing.T) {
	soffice := tool(t, "soffice", "libreoffice-writer-nogui")
	for _, lang := range []string{"ja", "en"} {
		in := report.SmallCase()
		in.Lang = lang
		d := report.Compose(in)
		dir := t.TempDir()
		path := filepath.Join(dir, "x.docx")
		if err := os.WriteFile(path, write(t, docx.Write, d), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir", dir, path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		text, err := os.ReadFile(filepath.Join(dir, "x.txt"))
		if err != nil {
			t.Fatal(err)
		}
		inOrder(t, squeeze(string(text)), texts(d))
	}
}

// docxText reads the text of the main part and checks every part on the way.
func docxText(t testing.TB, body []byte) (text string, shape string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var b, tags strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		x := xml.NewDecoder(r)
		for {
			tok, err := x.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if f.Name != "word/document.xml" {
				continue
			}
			switch tok := tok.(type) {
			case xml.CharData:
				b.Write(tok)
			case xml.StartElement:
				fmt.Fprint(&tags, tok.Name.Local, " ")
			}
		}
	}
	return b.String(), tags.String()
}

func TestTheTextOfADOCXIsThatOfTheDocument(t *testing.T) {
	d := report.Compose(report.SmallCase())
	text, _ := docxText(t, write(t, docx.Write, d))
	inOrder(t, squeeze(text), texts(d))
}

func TestCitationsOfADOCXLeadToBookmarks(t *testing.T) {
	body := write(t, docx.Write, report.Compose(report.SmallCase()))
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	part, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	marks := map[string]int{}
	for _, m := range regexp.MustCompile(`w:bookmarkStart w:id="\d+" w:name="([^"]+)"`).FindAllSubmatch(part, -1) {
		marks[string(m[1])]++
	}
	links := regexp.MustCompile(`w:anchor="([^"]+)"`).FindAllSubmatch(part, -1)
	if len(links) < 27 {
		t.Fatalf("%d links", len(links))
	}
	for _, m := range links {
		if marks[string(m[1])] != 1 {
			t.Errorf("%s leads to %d places", m[1], marks[string(m[1])])
		}
	}
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	for _, f := range forms() {
		d := report.Compose(report.SmallCase())
		if !bytes.Equal(write(t, f.Write, d), write(t, f.Write, d)) {
			t.Errorf("%s differs", f.Name)
		}
	}
}

func TestWhatTheFontLacksIsShownAsItsCodePointAndCounted(t *testing.T) {
	in := report.SmallCase()
	in.Case.Statements[0].Text.JA = "絵文字 😀😀 とハングル 한"
	d := report.Compose(in)
	text := pdfText(t, write(t, pdf.Write, d), d)
	for _, want := range []string{"<U+1F600><U+1F600>", "<U+D55C>", "2種、延べ"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not there: %.400s", want, text)
		}
	}
}

// odd draws text that could steer a reader, a parser or a layout.
func odd() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom(report.Hostile()), rapid.StringMatching(`[a-z]{0,300}`), rapid.StringMatching(`[ \t]{0,400}x`),
		rapid.StringMatching("[<>&\"'\u202e\u2066\u200b\ufeff\x00-\x1f\u3042。、「」]{0,200}"))
}

func TestNoTextChangesTheShapeOfADOCX(t *testing.T) {
	_, want := docxText(t, write(t, docx.Write, report.Compose(report.WithHostile("plain"))))
	rapid.Check(t, func(rt *rapid.T) {
		s := "x" + odd().Draw(rt, "text")
		text, got := docxText(t, write(t, docx.Write, report.Compose(report.WithHostile(strings.ReplaceAll(s, "\n\n", " ")))))
		if got != want {
			rt.Fatalf("%q changes the document", s)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) && r != '\n' }) {
			rt.Fatalf("%q reaches the document with its controls", s)
		}
	})
}

func TestAPDFIsWrittenWhateverTheTextIs(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := odd().Draw(rt, "text")
		if err := pdf.Write(io.Discard, report.Compose(report.WithHostile(s))); err != nil {
			rt.Fatal(err)
		}
	})
}
