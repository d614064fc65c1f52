package report

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/mask"
	"github.com/konseki/konseki/internal/report/page"
	"github.com/konseki/konseki/internal/vault/anchor"
	"github.com/konseki/konseki/internal/vault/seal"
)

// Issue is the record of a bundle issued: who made it, when, of which case,
// and the SHA-256 of every file in it. It is sealed before the bundle is
// finished, so that no file of the bundle can be changed unnoticed.
type Issue struct {
	At     time.Time         `json:"at"`
	By     string            `json:"by"`
	Op     string            `json:"op"` // "export"
	Format int               `json:"format"`
	Case   string            `json:"case"`
	Files  map[string]string `json:"files"` // name → SHA-256, hex
}

// Evidence is a record with its proof.
type Evidence struct {
	Record     event.Record     // Gone says why Raw is not there, where it is not
	Proof      *seal.Proof      // nil only for a record let go without a trace
	Disclosure *seal.Disclosure // nil: shown as it was sealed, as a whole
}

// Renderer writes a document in one form.
type Renderer struct {
	Name  string // what file names end in: "html", "md", "docx", "pdf"
	Write func(io.Writer, *Document) error
}

// Renderers are the forms that need nothing else.
func Renderers() []Renderer { return []Renderer{{"html", HTML}, {"md", Markdown}} }

// File is a file that goes into a bundle besides the bundle's own.
type File struct {
	Name  string // letters, digits, dots and dashes
	Write func(io.Writer) error
}

// Bundle is all that a bundle is made of.
type Bundle struct {
	Input     Input                                  // for the documents; Lang is set for each
	Evidence  iter.Seq2[Evidence, error]             // every cited record and case operation, ascending by Seq, each once
	Anchors   func(uint64) ([]anchor.Carried, error) // anchors for the log of so many entries; nil: there are none
	Renderers []Renderer                             // of the documents; nil: [Renderers]
	Files     []File                                 // such as those of exchange formats
	PublicKey string
	By        string
	// Seal appends the issue as a record, seals it and returns it with its proof.
	Seal func(Issue) (Evidence, error)
}

// WriteBundle writes the self-verifying bundle as a zip file, as a stream: what
// it takes of memory does not grow with the number of records.
func WriteBundle(w io.Writer, b Bundle) error {
	z := &bundleWriter{zip: zip.NewWriter(w), at: b.Input.Now, sums: map[string]string{}}
	if err := b.write(z); err != nil {
		return fmt.Errorf("report: bundle: %w", err)
	}
	return nil
}

func (b Bundle) write(z *bundleWriter) error {
	if err := b.plain(z); err != nil {
		return err
	}
	if err := b.documents(z); err != nil {
		return err
	}
	for _, f := range b.Files {
		if err := z.file(f.Name, f.Write); err != nil {
			return err
		}
	}
	var size uint64
	err := z.file(fileEvidence, func(w io.Writer) (err error) {
		size, err = writeEvidence(w, b.Evidence)
		return err
	})
	if err != nil {
		return err
	}
	if err := z.file(fileAnchors, func(w io.Writer) error { return b.anchors(w, size) }); err != nil {
		return err
	}
	is := Issue{At: b.Input.Now, By: b.By, Op: "export", Format: bundleFormat, Case: b.Input.Case.ID, Files: z.sums}
	sealed, err := b.Seal(is)
	if err != nil {
		return fmt.Errorf("seal the issue: %w", err)
	}
	if err := z.json(fileIssue, issued{sealedOf(sealed), sealed.Proof}); err != nil {
		return err
	}
	return z.zip.Close()
}

// plain writes what needs no rendering.
func (b Bundle) plain(z *bundleWriter) error {
	if err := z.text(fileReadme, readme()); err != nil {
		return err
	}
	if err := z.text(fileKey, b.PublicKey+"\n"); err != nil {
		return err
	}
	if err := z.file(filePage, page.Write); err != nil {
		return err
	}
	if err := z.json(fileCase, b.Input.Case); err != nil {
		return err
	}
	return z.json(fileCoverage, b.Input.Coverage)
}

func (b Bundle) documents(z *bundleWriter) error {
	forms := b.Renderers
	if forms == nil {
		forms = Renderers()
	}
	m := mask.New()
	cited := masked(m, b.Input.Records)
	for _, lang := range []string{"ja", "en"} {
		in := b.Input
		in.Lang = lang
		doc := compose(shownWith(m, in, cited))
		for _, form := range forms {
			if err := z.file("report."+lang+"."+form.Name, func(w io.Writer) error { return form.Write(w, doc) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b Bundle) anchors(w io.Writer, size uint64) error {
	if b.Anchors == nil {
		return nil
	}
	list, err := b.Anchors(size)
	if err != nil {
		return err
	}
	for _, a := range list {
		if err := line(w, a); err != nil {
			return err
		}
	}
	return nil
}

// bundleWriter writes the files of a bundle one after another and keeps their
// sums.
type bundleWriter struct {
	zip  *zip.Writer
	at   time.Time
	sums map[string]string
}

func (z *bundleWriter) file(name string, write func(io.Writer) error) error {
	if z.sums[name] != "" {
		return fmt.Errorf("%s: there are two files of this name", name)
	}
	f, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.at.UTC()})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
	if err = write(out); err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	z.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (z *bundleWriter) text(name, text string) error {
	return z.file(name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func (z *bundleWriter) json(name string, v any) error {
	return z.file(name, func(w io.Writer) error { return json.MarshalWrite(w, v, json.Deterministic(true)) })
}

func line(w io.Writer, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

func readme() string {
	return `konseki bundle / konseki 証跡の束

This bundle verifies offline, without the system it came from. Keep the zip file as it is.
この束は、作成元のシステムがなくてもオフラインで検証できる。zip ファイルはそのまま保管すること。

    konseki verify THIS.zip

or open verify.html in a browser and drop the zip file on it. The page came with the bundle: before you rely on it, compare its SHA-256
with what "konseki verify --page" prints on a machine of your own.
または verify.html をブラウザーで開き、zip ファイルをドロップする。このページは束の作成者から渡されたものである。結果に頼る前に、
その SHA-256 を、手元の konseki の「konseki verify --page」が表示する値と照合すること。

report.*          the report / 報告書
evidence.jsonl    raw records cited and the operations on the case, each with its proof / 引用した原記録と事案への操作、およびそれぞれの証明
anchors.jsonl     who outside remembers the log they are sealed in / 封印ログを外部で覚えているもの（証人、タイムスタンプ）
case.json         the case; coverage.json: what the sources cover / 事案と、ログ源の網羅性
issue.json        sealed list of these files with their SHA-256 / 封印されたファイル一覧
key.pub           public key of the vault: compare it over another channel / 公開鍵（別の経路で照合すること）

What verification shows: nothing here changed since it was sealed.
What it does not show: that a record was true before, or that nothing was missing at its origin (see coverage).
検証が示すこと：封印の後に何も変わっていない。
検証が示さないこと：封印の前に正しかったこと、発生元で欠けがなかったこと（網羅性を参照）。
`
}
