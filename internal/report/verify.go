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
	"strings"

	"github.com/konseki/konseki/internal/vault/seal"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/jsonx"
)

// BundleReport says what of a bundle holds.
type BundleReport struct {
	OK        bool         `json:"ok"`
	Case      string       `json:"case"`
	Title     event.Phrase `json:"title"`
	IssuedAt  string       `json:"issued_at"`
	IssuedBy  string       `json:"issued_by"`
	Records   int          `json:"records"`
	Cited     int          `json:"cited"`
	Masked    int          `json:"masked"`   // records of which parts are hidden
	Withheld  int          `json:"withheld"` // records of which nothing but their place is shown
	Files     int          `json:"files"`
	Origin    string       `json:"origin"`
	PublicKey string       `json:"public_key"`
	Pinned    bool         `json:"pinned"` // the key was given from outside, not taken from the bundle
	Problems  []string     `json:"problems"`
}

// Limits of a bundle that is read: it may come from anybody.
const (
	maxBundleFile  = 1 << 30 // bytes of all files together, unpacked
	maxBundleFiles = 64
)

// VerifyBundle checks a bundle with nothing else at hand: every file against
// the sealed issue, every record against its proof, the case against the
// operations it is folded from and every citation against the records. pinned
// is the vault's public key where the reader has it from elsewhere. The error
// is for a file that is no bundle at all; damage is in the report.
func VerifyBundle(r io.ReaderAt, size int64, pinned string) (*BundleReport, error) {
	files, err := readZip(r, size)
	if err != nil {
		return nil, fmt.Errorf("report: verify: %w", err)
	}
	v := &verifier{files: files, rep: &BundleReport{Files: len(files), Problems: []string{}}}
	for _, name := range []string{fileIssue, fileRecords, fileProofs, fileCase, fileKey} {
		if files[name] == nil {
			return nil, fmt.Errorf("report: verify: not a konseki bundle: %s is missing", name)
		}
	}
	v.rep.PublicKey = strings.TrimSpace(string(files[fileKey]))
	if pinned != "" {
		v.rep.Pinned = true
		if pinned != v.rep.PublicKey {
			v.problem("the bundle carries another public key (%s) than the one given", v.rep.PublicKey)
		}
		v.rep.PublicKey = pinned
	}
	v.issue()
	v.records()
	v.folded()
	v.rep.OK = len(v.rep.Problems) == 0
	return v.rep, nil
}

type verifier struct {
	files map[string][]byte
	rep   *BundleReport
	have  map[uint64]event.Record
	order []uint64
}

func (v *verifier) problem(format string, args ...any) {
	v.rep.Problems = append(v.rep.Problems, fmt.Sprintf(format, args...))
}

// issue checks the sealed list of files and every file against it.
func (v *verifier) issue() {
	var is issued
	if err := jsonx.Unmarshal(v.files[fileIssue], &is, bundleLimits()); err != nil || is.Proof == nil {
		v.problem("%s cannot be read: %v", fileIssue, err)
		return
	}
	rec := is.Record.record()
	if err := is.Proof.Verify(v.rep.PublicKey, rec); err != nil {
		v.problem("%s: %v", fileIssue, err)
		return
	}
	var list Issue
	if err := jsonx.Unmarshal(rec.Raw, &list, bundleLimits()); err != nil || rec.Source != event.SourceReport {
		v.problem("%s: the sealed record is no issue of a bundle", fileIssue)
		return
	}
	v.rep.Case, v.rep.IssuedBy, v.rep.IssuedAt = list.Case, list.By, list.At.Format("2006-01-02T15:04:05Z07:00")
	v.rep.Origin, _, _ = strings.Cut(is.Proof.Checkpoint, "\n")
	for _, name := range slices.Sorted(maps.Keys(list.Files)) {
		content, ok := v.files[name]
		sum := sha256.Sum256(content)
		switch {
		case !ok:
			v.problem("%s is missing", name)
		case hex.EncodeToString(sum[:]) != list.Files[name]:
			v.problem("%s was changed after the bundle was issued", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		if _, ok := list.Files[name]; !ok && name != fileIssue {
			v.problem("%s was added after the bundle was issued", name)
		}
	}
}

// records checks each record against its proof.
func (v *verifier) records() {
	v.have = map[uint64]event.Record{}
	recs, proofs := lines(v.files[fileRecords]), lines(v.files[fileProofs])
	if len(recs) != len(proofs) {
		v.problem("%d records but %d proofs", len(recs), len(proofs))
	}
	for i, raw := range recs {
		var r sealedRecord
		if err := jsonx.Unmarshal(raw, &r, bundleLimits()); err != nil {
			v.problem("%s line %d cannot be read: %v", fileRecords, i+1, err)
			continue
		}
		if i >= len(proofs) {
			v.problem("record %d has no proof", r.Seq)
			continue
		}
		p, err := seal.ParseProof(proofs[i])
		if err != nil {
			v.problem("%s line %d cannot be read: %v", fileProofs, i+1, err)
			continue
		}
		rec := r.record()
		if rec.Raw, err = p.VerifyDisclosed(v.rep.PublicKey, rec, r.Disclosure); err != nil {
			v.problem("record %d: %v", r.Seq, err)
			continue
		}
		switch d := r.Disclosure; {
		case d != nil && len(d.Content) > 0:
			v.rep.Withheld++
		case d != nil && d.Secret == nil && slices.ContainsFunc(d.Parts, func(p seal.Part) bool { return len(p.Hash) > 0 }):
			v.rep.Masked++
		}
		v.have[r.Seq] = rec
		v.order = append(v.order, r.Seq)
	}
	v.rep.Records = len(v.have)
}

// folded checks that the case is what its sealed operations make it and that
// all it cites is here.
func (v *verifier) folded() {
	var c investigate.Case
	if err := jsonx.Unmarshal(v.files[fileCase], &c, bundleLimits()); err != nil {
		v.problem("%s cannot be read: %v", fileCase, err)
		return
	}
	v.rep.Title = c.Title
	cited := c.Cited(false)
	v.rep.Cited = len(cited)
	for _, seq := range c.Cited(true) {
		if _, ok := v.have[seq]; !ok {
			v.problem("record %d is cited and not in the bundle, or is not proven", seq)
		}
	}
	desk := investigate.NewDesk()
	slices.Sort(v.order)
	for _, seq := range v.order {
		if v.have[seq].Source == event.SourceCase {
			if err := desk.Apply(v.have[seq]); err != nil {
				v.problem("operation %d: %v", seq, err)
			}
		}
	}
	again := desk.Case(c.ID)
	if again == nil {
		v.problem("the operations of case %s are not in the bundle", c.ID)
		return
	}
	want, err := json.Marshal(again, json.Deterministic(true))
	if err != nil || !bytes.Equal(want, v.files[fileCase]) {
		v.problem("%s is not what its sealed operations make it", fileCase)
	}
}

func bundleLimits() jsonx.Limits {
	return jsonx.Limits{Bytes: maxBundleFile, Depth: 64, Members: 1 << 26}
}

func lines(b []byte) [][]byte {
	var out [][]byte
	for l := range bytes.SplitSeq(b, []byte("\n")) {
		if len(l) > 0 {
			out = append(out, l)
		}
	}
	return out
}

func readZip(r io.ReaderAt, size int64) (map[string][]byte, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a zip file: %w", err)
	}
	if len(z.File) > maxBundleFiles {
		return nil, fmt.Errorf("holds %d files, a bundle at most %d", len(z.File), maxBundleFiles)
	}
	files := map[string][]byte{}
	left := uint64(maxBundleFile)
	for _, f := range z.File {
		if files[f.Name] != nil {
			return nil, fmt.Errorf("holds %q twice", f.Name)
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("unpacks to more than %d bytes", maxBundleFile)
		}
		left -= f.UncompressedSize64
		content, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", f.Name, err)
		}
		files[f.Name] = content
	}
	return files, nil
}

// readMember reads one file; more than the size it declares is an error, and
// so is less.
func readMember(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	content, err := io.ReadAll(io.LimitReader(in, int64(f.UncompressedSize64)+1))
	if err != nil {
		return nil, err
	}
	if uint64(len(content)) != f.UncompressedSize64 {
		return nil, zip.ErrFormat
	}
	return content, nil
}
