package casework

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/lint"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/docx"
	"github.com/konseki/konseki/internal/report/pdf"
	"github.com/konseki/konseki/internal/vault"
)

// Document names one document of a case.
type Document struct {
	Kind   string // first, interim, final, regulator, customer or partner; final when empty
	Lang   string // ja or en
	Format string // of Formats
	Real   bool   // real names in the place of the public ones
}

// Formats lists the formats that documents are written in.
func Formats() []string { return slices.Sorted(maps.Keys(writers())) }

func writers() map[string]func(io.Writer, *report.Document) error {
	return map[string]func(io.Writer, *report.Document) error{"md": report.Markdown, "html": report.HTML, "docx": docx.Write, "pdf": pdf.Write}
}

// Report implements [Operations].
func (s *Service) Report(ctx context.Context, by, caseID string, d Document, w io.Writer) error {
	write := writers()[d.Format]
	if write == nil {
		return event.Refuse(control.ErrInvalid, "a report is written as one of %s, not %q", "報告書の形式は %s のいずれかです（%q ではありません）", strings.Join(Formats(), ", "), d.Format)
	}
	if d.Lang != "ja" && d.Lang != "en" {
		return event.Refuse(control.ErrInvalid, "a report is written in ja or en, not %q", "報告書の言語は ja か en です（%q ではありません）", d.Lang)
	}
	kind, err := kindOf(d.Kind)
	if err != nil {
		return err
	}
	in, err := s.reportInput(ctx, caseID, nil)
	if err != nil {
		return err
	}
	in.Kind, in.Lang, in.Real = kind, d.Lang, d.Real
	if err := write(w, report.Compose(in)); err != nil {
		return fmt.Errorf("casework: %w", err)
	}
	return s.Accessed(ctx, by, "report", "case:"+caseID)
}

// kindOf finds a kind of report by its name; the empty one is final.
func kindOf(name string) (report.Kind, error) {
	if name == "" {
		return report.Final, nil
	}
	var all []string
	for _, k := range report.Kinds() {
		if string(k.Kind) == name {
			return k.Kind, nil
		}
		all = append(all, string(k.Kind))
	}
	return "", event.Refuse(control.ErrInvalid, "a report is one of %s, not %q", "報告書は %s のいずれかです（%q ではありません）", strings.Join(all, ", "), name)
}

// issuedDocument is the record of one document of a version.
type issuedDocument struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Op      string    `json:"op"` // "document"
	Case    string    `json:"case"`
	Report  string    `json:"report"`
	Number  int       `json:"number"`
	Name    string    `json:"name"` // ja.docx
	SHA256  string    `json:"sha256"`
	Content []byte    `json:"content"`
}

// Issue implements [Operations].
func (s *Service) Issue(ctx context.Context, by, caseID, name string) (*investigate.Version, error) {
	kind, err := kindOf(name)
	if err != nil {
		return nil, err
	}
	in, err := s.reportInput(ctx, caseID, nil)
	if err != nil {
		return nil, err
	}
	in.Kind = kind
	v := &investigate.Version{Report: string(kind), Number: 1, Drafts: countErrors(in.Problems), At: in.Now, Files: map[string]string{}, Records: map[string]uint64{}}
	for i := range in.Case.Versions {
		if in.Case.Versions[i].Report == string(kind) {
			v.Number++
		}
	}
	for _, lang := range []string{"ja", "en"} {
		in.Lang = lang
		doc := report.Compose(in)
		for _, format := range Formats() {
			var b bytes.Buffer
			if err := writers()[format](&b, doc); err != nil {
				return nil, fmt.Errorf("casework: issue %s.%s: %w", lang, format, err)
			}
			if err := s.sealDocument(ctx, by, caseID, v, lang+"."+format, b.Bytes()); err != nil {
				return nil, err
			}
		}
	}
	p, err := s.put(ctx, by, caseID, v, 0)
	if err != nil {
		return nil, err
	}
	return p.(*investigate.Version), nil
}

// countErrors counts the contradictions that make a report a draft.
func countErrors(list []lint.Problem) (n int) {
	for i := range list {
		if list[i].Severity == lint.Error {
			n++
		}
	}
	return n
}

func (s *Service) sealDocument(ctx context.Context, by, caseID string, v *investigate.Version, name string, content []byte) error {
	sum := sha256.Sum256(content)
	d := issuedDocument{At: v.At, By: by, Op: "document", Case: caseID, Report: v.Report, Number: v.Number, Name: name, SHA256: hex.EncodeToString(sum[:]), Content: content}
	rec, err := s.Seal(ctx, event.SourceReport, d)
	if errors.Is(err, vault.ErrTooLarge) {
		return event.Refuse(control.ErrInvalid, "the document %s has %d bytes, more than a record holds: shorten the timeline or cite less", "文書 %s は %d バイトで、一件の記録に収まりません。経緯を短くするか、引用を減らしてください", name, len(content))
	}
	if err != nil {
		return fmt.Errorf("casework: issue %s: %w", name, err)
	}
	v.Files[name], v.Records[name] = d.SHA256, rec.Seq
	return nil
}

// Issued implements [Operations].
func (s *Service) Issued(ctx context.Context, by, caseID, version, name string, w io.Writer) error {
	p, err := s.Part(ctx, caseID, investigate.KindVersion, version, 0)
	if err != nil {
		return err
	}
	seq, ok := p.(*investigate.Version).Records[name]
	if !ok {
		return fmt.Errorf("document %s of version %s: %w", name, version, control.ErrNotFound)
	}
	rec, err := s.Vault.Get(ctx, seq)
	if err != nil {
		return fmt.Errorf("casework: document %s of version %s: %w", name, version, err)
	}
	var d issuedDocument
	if err := jsonx.Unmarshal(rec.Raw, &d, jsonx.Limits{Bytes: len(rec.Raw), Depth: 4, Members: 32}); err != nil {
		return fmt.Errorf("casework: document %s of version %s: %w", name, version, err)
	}
	if err := s.Accessed(ctx, by, "report", "case:"+caseID+" version:"+version); err != nil {
		return err
	}
	if _, err := w.Write(d.Content); err != nil {
		return fmt.Errorf("casework: %w", err)
	}
	return nil
}
