package report

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// Names of the files of a bundle. docs/format.md describes each.
const (
	fileIssue    = "issue.json"    // the sealed record that lists every other file with its SHA-256
	fileRecords  = "records.jsonl" // the cited records and the case's own operations
	fileProofs   = "proofs.jsonl"  // one proof per record, in the same order
	fileCase     = "case.json"     // the case folded from those operations
	fileCoverage = "coverage.json"
	fileKey      = "key.pub"
	fileReadme   = "README.txt"
)

// bundleFormat is the version of the bundle's format.
const bundleFormat = 2

// Issue is the record of a bundle issued: who made it, when, of which case,
// and the SHA-256 of every file in it. It is sealed before the bundle is
// written, so that no file of the bundle can be changed unnoticed.
type Issue struct {
	At     time.Time         `json:"at"`
	By     string            `json:"by"`
	Op     string            `json:"op"` // "export"
	Format int               `json:"format"`
	Case   string            `json:"case"`
	Files  map[string]string `json:"files"` // name → SHA-256, hex
}

// sealedRecord is a record as a line of records.jsonl.
type sealedRecord struct {
	Seq       uint64    `json:"seq"`
	Received  time.Time `json:"received"`
	Source    string    `json:"source"`
	Transport string    `json:"transport"`
	Raw       []byte    `json:"raw,omitempty"` // base64; absent where something is masked
	// Disclosure is there when the record is committed to in parts or withheld.
	Disclosure *seal.Disclosure `json:"disclosure,omitempty"`
}

// issued is the content of issue.json.
type issued struct {
	Record sealedRecord `json:"record"`
	Proof  *seal.Proof  `json:"proof"`
}

// Evidence is a record with its proof.
type Evidence struct {
	Record     event.Record
	Proof      *seal.Proof
	Disclosure *seal.Disclosure // nil: shown as it was sealed, as a whole
}

// Bundle is all that a bundle is made of.
type Bundle struct {
	Input     Input      // for the documents; Lang is set for each
	Evidence  []Evidence // every cited record and case operation, by Seq
	PublicKey string
	By        string
	// Seal appends the issue as a record, seals it and returns it with its proof.
	Seal func(Issue) (Evidence, error)
}

// WriteBundle writes the self-verifying bundle as a zip file.
func WriteBundle(w io.Writer, b Bundle) error {
	files, err := b.files()
	if err != nil {
		return fmt.Errorf("report: bundle: %w", err)
	}
	is := Issue{At: b.Input.Now, By: b.By, Op: "export", Format: bundleFormat, Case: b.Input.Case.ID, Files: map[string]string{}}
	for name, content := range files {
		sum := sha256.Sum256(content)
		is.Files[name] = hex.EncodeToString(sum[:])
	}
	sealed, err := b.Seal(is)
	if err != nil {
		return fmt.Errorf("report: bundle: seal the issue: %w", err)
	}
	if files[fileIssue], err = json.Marshal(issued{sealedOf(sealed), sealed.Proof}, json.Deterministic(true)); err != nil {
		return fmt.Errorf("report: bundle: %w", err)
	}
	return writeZip(w, files, b.Input.Now)
}

// files renders every file but the issue.
func (b Bundle) files() (map[string][]byte, error) {
	files := map[string][]byte{fileKey: []byte(b.PublicKey + "\n"), fileReadme: []byte(readme())}
	var err error
	if files[fileCase], err = json.Marshal(b.Input.Case, json.Deterministic(true)); err != nil {
		return nil, err
	}
	if files[fileCoverage], err = json.Marshal(b.Input.Coverage, json.Deterministic(true)); err != nil {
		return nil, err
	}
	var records, proofs bytes.Buffer
	for _, e := range b.Evidence {
		if err := line(&records, sealedOf(e)); err != nil {
			return nil, err
		}
		if err := line(&proofs, e.Proof); err != nil {
			return nil, err
		}
	}
	files[fileRecords], files[fileProofs] = records.Bytes(), proofs.Bytes()
	for _, lang := range []string{"ja", "en"} {
		in := b.Input
		in.Lang = lang
		doc := Compose(in)
		var html, md bytes.Buffer
		if err := HTML(&html, doc); err != nil {
			return nil, err
		}
		if err := Markdown(&md, doc); err != nil {
			return nil, err
		}
		files["report."+lang+".html"], files["report."+lang+".md"] = html.Bytes(), md.Bytes()
	}
	return files, nil
}

func sealedOf(e Evidence) sealedRecord {
	r, d := e.Record, e.Disclosure
	if d != nil && d.Secret == nil {
		r.Raw = nil // the disclosure holds what is shown
	}
	return sealedRecord{r.Seq, r.Received.UTC(), r.Source, r.Transport, r.Raw, d}
}

func (r sealedRecord) record() event.Record {
	return event.Record{Seq: r.Seq, Received: r.Received, Source: r.Source, Transport: r.Transport, Raw: r.Raw}
}

func line(w *bytes.Buffer, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	w.Write(b)
	w.WriteByte('\n')
	return nil
}

func writeZip(w io.Writer, files map[string][]byte, at time.Time) error {
	z := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return fmt.Errorf("report: bundle: %w", err)
		}
		if _, err := f.Write(files[name]); err != nil {
			return fmt.Errorf("report: bundle: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("report: bundle: %w", err)
	}
	return nil
}

func readme() string {
	return `konseki bundle / konseki 証跡の束

This folder verifies offline, without the system it came from:
この束は、作成元のシステムがなくてもオフラインで検証できる：

    konseki verify THIS.zip

report.ja.html, report.en.html   the report / 報告書
records.jsonl                    raw records cited, and the operations on the case / 引用した原記録と事案への操作
proofs.jsonl                     proof that each was sealed unchanged / 各記録が封印後に変わっていないことの証明
issue.json                       sealed list of these files with their SHA-256 / 封印されたファイル一覧
key.pub                          public key of the vault: compare it over another channel / 公開鍵（別の経路で照合すること）

What verification shows: nothing here changed since it was sealed.
What it does not show: that a record was true before, or that nothing was missing at its origin (see coverage).
検証が示すこと：封印の後に何も変わっていない。
検証が示さないこと：封印の前に正しかったこと、発生元で欠けがなかったこと（網羅性を参照）。
`
}
