package report

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/vault/anchor"
	"github.com/konseki/konseki/internal/vault/seal"
)

// BundleReport says what of a bundle holds.
type BundleReport struct {
	OK        bool          `json:"ok"`
	Format    int           `json:"format"`
	Case      string        `json:"case"`
	Title     event.Phrase  `json:"title"`
	IssuedAt  string        `json:"issued_at"`
	IssuedBy  string        `json:"issued_by"`
	Records   int           `json:"records"` // that are proven
	Cited     int           `json:"cited"`
	Masked    int           `json:"masked"`   // records of which parts are hidden
	Withheld  int           `json:"withheld"` // records of which whoever made the bundle shows nothing but their place
	Files     int           `json:"files"`
	Origin    string        `json:"origin"`
	PublicKey string        `json:"public_key"`
	Pinned    bool          `json:"pinned"`   // the key was given from outside, not taken from the bundle
	Anchors   []anchor.Told `json:"anchors"`  // those that hold and those that do not
	Anchored  int           `json:"anchored"` // records that an anchor which holds remembers
	Unshown   []Unshown     `json:"unshown"`  // cited records whose content cannot be shown; no problem by itself
	Proven    []Proven      `json:"proven"`   // every sentence of the case and what it rests on
	Problems  []string      `json:"problems"`
}

// Unshown is a cited record whose content is not in the bundle, and why.
type Unshown struct {
	Record   uint64       `json:"record"`
	Why      string       `json:"why"`               // expired, shredded, locked or withheld
	Proven   bool         `json:"proven"`            // that it was sealed is proven all the same
	Declared uint64       `json:"declared,omitzero"` // the sealed decision by which it went, where the bundle has it
	Reason   event.Phrase `json:"reason"`
}

// Proven is a sentence of the case with what of its citations was proven.
type Proven struct {
	Part    string       `json:"part"` // timeline, statements or questions
	ID      string       `json:"id"`
	Text    event.Phrase `json:"text"`
	State   Standing     `json:"state"`
	Cites   []uint64     `json:"cites"`
	Unshown []uint64     `json:"unshown,omitempty"` // of Cites: sealed, and not shown
	Broken  []uint64     `json:"broken,omitempty"`  // of Cites: missing or not proven
}

// Standing says how well a sentence is borne by the records it cites.
type Standing string

// Standings of sentences.
const (
	StandsProven  Standing = "proven"  // all it cites is here, as it was sealed
	StandsPartly  Standing = "partly"  // some of it cannot be shown
	StandsUnshown Standing = "unshown" // it rests only on records that cannot be shown
	StandsUncited Standing = "uncited" // it cites no record
	StandsBroken  Standing = "broken"  // it cites a record that is missing or not proven
)

// Trust is what the reader of a bundle has from elsewhere. Nothing of it is
// needed: then what the bundle carries is taken, and the report says so.
type Trust struct {
	PublicKey string              // of the vault, the text of its key.pub
	Anchors   anchor.CheckOptions // keys of witnesses and certificates of authorities; no more of it is looked at
}

// VerifyBundle is [VerifyBundleWith] for who has at most the vault's public key.
func VerifyBundle(r io.ReaderAt, size int64, pinned string) (*BundleReport, error) {
	return VerifyBundleWith(r, size, Trust{PublicKey: pinned})
}

// VerifyBundleWith checks a bundle with nothing else at hand: every file against
// the sealed issue, every record against its proof, every anchor against the
// log, the case against the operations it is folded from and every citation
// against the records. It reads bundles of formats 2 and 3, as a stream. The
// error is for a file that is no bundle at all; damage is in the report.
func VerifyBundleWith(r io.ReaderAt, size int64, trust Trust) (*BundleReport, error) {
	z, err := openBundle(r, size)
	if err != nil {
		return nil, fmt.Errorf("report: verify: %w", err)
	}
	v := &verifier{bundle: z, trust: trust.Anchors, have: map[uint64]standing{}, rep: &BundleReport{
		Files: len(z.files), Anchors: []anchor.Told{}, Unshown: []Unshown{}, Proven: []Proven{}, Problems: []string{}}}
	if err := v.key(trust.PublicKey); err != nil {
		return nil, fmt.Errorf("report: verify: %w", err)
	}
	v.issue()
	v.folded()
	if v.rep.Format == oldestFormat {
		v.records()
	} else {
		v.evidence()
		v.anchors()
	}
	v.compare()
	v.cited()
	v.refold()
	v.rep.OK = len(v.rep.Problems) == 0
	return v.rep, nil
}

// standing is what is known of one record.
type standing struct {
	why  string // why its content is not shown; "" when it is
	bare bool   // nothing of it is proven: it was let go without a trace
}

type verifier struct {
	bundle *bundleFiles
	rep    *BundleReport
	trust  anchor.CheckOptions
	keys   seal.Trust
	listed map[string]string // what the issue says of the files

	file  *investigate.Case // as case.json has it; nil when it cannot be read
	have  map[uint64]standing
	ops   []event.Record // of the case, in sequence
	bytes int            // of ops
	gone  []declared

	last  seal.Checkpoint // of the evidence
	under []counted       // batches under it
}

// counted is how many records of a batch are in the bundle.
type counted struct {
	index uint64 // of the batch in the log
	n     int
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.rep.Problems) < maxProblems {
		v.rep.Problems = append(v.rep.Problems, fmt.Sprintf(format, args...))
	}
}

// key settles which key is trusted.
func (v *verifier) key(pinned string) error {
	own, err := v.bundle.small(fileKey)
	if err != nil {
		return fmt.Errorf("%s: %w", fileKey, err)
	}
	v.rep.PublicKey = strings.TrimSpace(string(own))
	if pinned = strings.TrimSpace(pinned); pinned != "" {
		v.rep.Pinned = true
		if pinned != v.rep.PublicKey {
			v.problem("the bundle carries another public key (%s) than the one given", v.rep.PublicKey)
		}
		v.rep.PublicKey = pinned
	}
	if v.keys, err = seal.ParseTrust(v.rep.PublicKey); err != nil {
		v.problem("%s: %v", fileKey, err)
	}
	return nil
}

// issue checks the sealed list of files.
func (v *verifier) issue() {
	v.rep.Format = bundleFormat
	if v.bundle.files[fileEvidence] == nil {
		v.rep.Format = oldestFormat
	}
	content, err := v.bundle.small(fileIssue)
	var is issued
	if err == nil {
		err = jsonx.Unmarshal(content, &is, bundleLimits())
	}
	if err != nil || is.Proof == nil {
		v.problem("%s cannot be read: %v", fileIssue, err)
		return
	}
	rec := is.Record.record()
	shown, err := is.Proof.VerifyDisclosed(v.rep.PublicKey, rec, is.Record.Disclosure)
	if err != nil {
		v.problem("%s: %v", fileIssue, err)
		return
	}
	var list Issue
	if err := jsonx.Unmarshal(shown, &list, bundleLimits()); err != nil || rec.Source != event.SourceReport || list.Op != "export" {
		v.problem("%s: the sealed record is no issue of a bundle", fileIssue)
		return
	}
	v.rep.Case, v.rep.IssuedBy, v.rep.IssuedAt = list.Case, list.By, list.At.Format("2006-01-02T15:04:05Z07:00")
	v.rep.Origin, _, _ = strings.Cut(is.Proof.Checkpoint, "\n")
	v.listed = list.Files
	if list.Format != v.rep.Format {
		v.problem("it was issued in format %d and is not of that format; this program reads %d to %d", list.Format, oldestFormat, bundleFormat)
	}
}

// compare checks every file against the issue.
func (v *verifier) compare() {
	if v.listed == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(v.listed)) {
		if v.bundle.files[name] == nil {
			v.problem("%s is missing", name)
			continue
		}
		sum, err := v.bundle.sum(name)
		switch {
		case err != nil:
			v.problem("%s cannot be read: %v", name, err)
		case hex.EncodeToString(sum[:]) != v.listed[name]:
			v.problem("%s was changed after the bundle was issued", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.bundle.files)) {
		if _, ok := v.listed[name]; !ok && name != fileIssue {
			v.problem("%s was added after the bundle was issued", name)
		}
	}
}

// anchors checks what remembers the log of the evidence.
func (v *verifier) anchors() {
	if v.bundle.files[fileAnchors] == nil {
		return // the issue tells whether it is missing
	}
	in, err := v.bundle.lines(fileAnchors)
	if err != nil {
		v.problem("%s cannot be read: %v", fileAnchors, err)
		return
	}
	defer in.close()
	key, err := anchor.ParseLogKey(v.rep.PublicKey)
	if err != nil {
		return // said of the key already
	}
	at := anchor.Checkpoint{Size: v.last.Size, Root: v.last.Root}
	var remembered uint64
	for raw := range in.all() {
		var c anchor.Carried
		if err := jsonx.Unmarshal(raw, &c, bundleLimits()); err != nil {
			v.problem("%s line %d cannot be read: %v", fileAnchors, in.n, err)
			continue
		}
		told := c.Check(key, at, v.trust)
		if told.Held {
			remembered = max(remembered, told.Size)
		}
		if told.Why.Alarming() {
			v.problem("anchor %s of %d batches: %s", told.Who, told.Size, told.Reason.EN)
		}
		v.rep.Anchors = append(v.rep.Anchors, told)
	}
	if in.err != nil {
		v.problem("%s cannot be read: %v", fileAnchors, in.err)
	}
	for _, b := range v.under {
		if b.index < remembered {
			v.rep.Anchored += b.n
		}
	}
}

func bundleLimits() jsonx.Limits {
	return jsonx.Limits{Bytes: maxLine, Depth: 64, Members: 1 << 26}
}

// batchOf is the batch that a line states.
func batchOf(b *batchLine) seal.Batch {
	return seal.Batch{First: b.First, Count: b.Count, Root: b.Root, Sealed: b.SealedAt}
}
