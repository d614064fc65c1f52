package report

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/vault"
)

// sealed is a vault with a case, and the bundle written of it.
type sealed struct {
	dir    string
	vault  *vault.Vault
	bundle Bundle
	zip    []byte
}

// newSealed seals six log lines and the operations of a case that cites some.
func newSealed(t testing.TB) *sealed {
	t.Helper()
	return newSealedOf(t, "user=staff01 srcip=203.0.113.7", both("悪用", "Misuse"), &investigate.Statement{Text: both("一つ", "one"), Certainty: investigate.Confirmed, Cites: []uint64{5}})
}

// newSealedOf is newSealed with another line, title and statement.
func newSealedOf(t testing.TB, raw string, title event.Phrase, statement *investigate.Statement) *sealed {
	t.Helper()
	s := &sealed{dir: filepath.Join(t.TempDir(), "vault")}
	v, err := vault.OpenOrCreate(s.dir, vault.Options{BatchEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s.vault = v
	for range 6 {
		s.add(t, event.Record{Source: "vpn", Transport: "file", Raw: []byte(raw)})
	}
	put := func(min int, p investigate.Part) investigate.Operation {
		op, err := investigate.Putting("2018-04", "sato", at(3, 9, min), p)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	for _, op := range []investigate.Operation{
		{Case: "2018-04", Op: "open", By: "sato", At: at(3, 9, 0), Title: title},
		put(1, &investigate.Row{At: at(2, 1, 58), Precision: "exact", What: "event", Text: both("接続", "session"), Cites: []uint64{2, 3}}),
		put(2, statement),
	} {
		raw, err := op.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s.add(t, event.Record{Source: event.SourceCase, Transport: "konseki", Raw: raw})
	}
	s.bundle = s.newBundle(t)
	s.zip = s.write(t, s.bundle)
	return s
}

func (s *sealed) add(t testing.TB, rec event.Record) uint64 {
	recs := []event.Record{rec}
	if err := s.vault.Append(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	return recs[0].Seq
}

func (s *sealed) evidence(t testing.TB, seq uint64) Evidence {
	if err := s.vault.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := s.vault.Prove(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	rec, d, err := s.vault.Disclose(t.Context(), seq, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Evidence{Record: rec, Proof: p, Disclosure: d}
}

func (s *sealed) newBundle(t testing.TB) Bundle {
	desk := investigate.NewDesk()
	for rec, err := range s.vault.Records(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Source == event.SourceCase {
			if err := desk.Apply(rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := smallCase()
	in.Case = desk.Case("2018-04")
	var list []Evidence
	for _, seq := range in.Case.Cited(true) {
		list = append(list, s.evidence(t, seq))
	}
	return Bundle{
		Input: in, PublicKey: s.vault.Status().PublicKey, By: "sato", Evidence: given(list),
		Seal: func(is Issue) (Evidence, error) {
			raw, err := json.Marshal(is, json.Deterministic(true))
			return s.evidence(t, s.add(t, event.Record{Source: event.SourceReport, Transport: "konseki", Raw: raw})), err
		},
	}
}

func given(list []Evidence) iter.Seq2[Evidence, error] {
	return func(yield func(Evidence, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (s *sealed) write(t testing.TB, b Bundle) []byte {
	var out bytes.Buffer
	if err := WriteBundle(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func verify(raw []byte, pinned string) (*BundleReport, error) {
	return VerifyBundle(bytes.NewReader(raw), int64(len(raw)), pinned)
}

// unzip and rezip take a bundle apart and put it together again.
func unzip(t testing.TB, raw []byte) map[string][]byte {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func rezip(t testing.TB, files map[string][]byte) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// older is the same bundle as format 2 had it.
func (s *sealed) older(t testing.TB) []byte {
	files := unzip(t, s.zip)
	delete(files, fileEvidence)
	delete(files, fileAnchors)
	delete(files, fileIssue)
	var records, proofs bytes.Buffer
	for e := range s.bundle.Evidence {
		if err := errors.Join(line(&records, sealedOf(e)), line(&proofs, e.Proof)); err != nil {
			t.Fatal(err)
		}
	}
	files[fileRecords], files[fileProofs] = records.Bytes(), proofs.Bytes()
	return rezip(t, s.reissue(t, files, oldestFormat))
}

// reissue has the vault issue the files as they are: what nobody but the vault
// itself could do.
func (s *sealed) reissue(t testing.TB, files map[string][]byte, format int) map[string][]byte {
	is := Issue{At: s.bundle.Input.Now, By: "sato", Op: "export", Format: format, Case: "2018-04", Files: map[string]string{}}
	delete(files, fileIssue)
	for name, content := range files {
		sum := sha256.Sum256(content)
		is.Files[name] = hex.EncodeToString(sum[:])
	}
	e, err := s.bundle.Seal(is)
	if err != nil {
		t.Fatal(err)
	}
	if files[fileIssue], err = json.Marshal(issued{sealedOf(e), e.Proof}, json.Deterministic(true)); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestABundleVerifiesWithNothingElseAtHand(t *testing.T) {
	s := newSealed(t)
	for format, raw := range map[int][]byte{bundleFormat: s.zip, oldestFormat: s.older(t)} {
		for _, pinned := range []string{"", s.bundle.PublicKey, s.bundle.PublicKey + "\n"} {
			rep, err := verify(raw, pinned)
			if err != nil {
				t.Fatal(err)
			}
			if !rep.OK || len(rep.Problems) > 0 || rep.Pinned != (pinned != "") || rep.Format != format {
				t.Errorf("pinned %q: %+v", pinned, rep)
			}
			if rep.Case != "2018-04" || rep.Title.JA != "悪用" || rep.IssuedBy != "sato" || rep.Records != 6 || rep.Cited != 3 || rep.Origin == "" {
				t.Errorf("the bundle is said to be %+v", rep)
			}
			if len(rep.Proven) != 2 || rep.Proven[0].State != StandsProven || rep.Proven[1].ID != "s1" || len(rep.Unshown) > 0 {
				t.Errorf("of its sentences it is said %+v, %+v", rep.Proven, rep.Unshown)
			}
		}
	}
	files := unzip(t, s.zip)
	files[fileIssue] = unzip(t, s.write(t, s.newBundle(t)))[fileIssue]
	if rep, err := verify(rezip(t, files), ""); err != nil || rep.OK || !strings.Contains(strings.Join(rep.Problems, "\n"), "evidence.jsonl was changed") {
		t.Errorf("with the issue of a later bundle of the vault: %+v, %v", rep, err)
	}
}

// change is something done to the files of a bundle, and what must be said of it.
type change struct {
	name string
	do   func(f map[string][]byte)
	want []string // what the problems name
}

// inLines changes the lines of a file.
func inLines(name string, do func([][]byte) [][]byte) func(map[string][]byte) {
	return func(f map[string][]byte) {
		l := bytes.Split(bytes.TrimSuffix(f[name], []byte("\n")), []byte("\n"))
		f[name] = append(bytes.Join(do(slices.Clone(l)), []byte("\n")), '\n')
	}
}

func swapped(i, j int) func([][]byte) [][]byte {
	return func(l [][]byte) [][]byte {
		l[i], l[j] = l[j], l[i]
		return l
	}
}

func without(i int) func([][]byte) [][]byte {
	return func(l [][]byte) [][]byte { return slices.Delete(l, i, i+1) }
}

func replaced(name, from, to string) func(map[string][]byte) {
	return func(f map[string][]byte) { f[name] = bytes.Replace(f[name], []byte(from), []byte(to), 1) }
}

// Lines of the evidence: 0 checkpoint, 1 batch, 2 to 4 records 2, 3 and 5, then
// the operations 7 to 9.
func changesOfEvidence(other map[string][]byte) []change {
	const changed = "evidence.jsonl was changed"
	do := func(f func([][]byte) [][]byte) func(map[string][]byte) { return inLines(fileEvidence, f) }
	return []change{
		{"records swapped", do(swapped(2, 3)), []string{changed, "record 2: it stands twice or out of order"}},
		{"proofs of records swapped", do(func(l [][]byte) [][]byte {
			path := []byte(`,"path":`)
			a, pa, _ := bytes.Cut(l[2], path)
			b, pb, _ := bytes.Cut(l[3], path)
			l[2], l[3] = slices.Concat(a, path, pb), slices.Concat(b, path, pa)
			return l
		}), []string{changed, "record 2: leaf:", "record 3: leaf:"}},
		{"a record twice", do(func(l [][]byte) [][]byte { return slices.Insert(l, 3, l[2]) }), []string{changed, "record 2: it stands twice"}},
		{"a record removed", do(without(4)), []string{changed, "record 5 is cited and not in the bundle"}},
		{"the last operation removed", do(without(7)), []string{changed, "case.json is not what", "record 9 is cited and not in the bundle"}},
		{"a record of another vault added", do(func(l [][]byte) [][]byte {
			theirs := bytes.Split(other[fileEvidence], []byte("\n"))
			return append(l, theirs[0], theirs[1], theirs[7])
		}), []string{changed, "line 9: checkpoint:", "line 10: the batch is under no checkpoint"}},
		{"the checkpoint of another vault", do(func(l [][]byte) [][]byte {
			l[0], _, _ = bytes.Cut(other[fileEvidence], []byte("\n"))
			return l
		}), []string{changed, "line 1: checkpoint:", "line 2: the batch is under no checkpoint", "record 2: it is under no batch"}},
		{"the checkpoint removed", do(without(0)), []string{changed, "line 1: the batch is under no checkpoint"}},
		{"the batch removed", do(without(1)), []string{changed, "record 2: it is under no batch"}},
		{"a byte of a record changed", replaced(fileEvidence, `"source":"vpn"`, `"source":"vpm"`), []string{changed, "record 2: leaf:", "record 2 is cited and not in the bundle"}},
		{"the time of a record changed", replaced(fileEvidence, `"received":"20`, `"received":"19`), []string{changed, "record 2: leaf:"}},
		{"the size of a batch changed", replaced(fileEvidence, `"count":9`, `"count":8`), []string{changed, "line 2: batch:"}},
		{"the time of sealing changed", replaced(fileEvidence, `"sealed_at":"20`, `"sealed_at":"19`), []string{changed, "line 2: batch:"}},
		{"a hash of a proof removed", replaced(fileEvidence, `"path":["`, `"path":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","`), []string{changed, "record 2: leaf:"}},
		{"another leaf version", replaced(fileEvidence, `"leaf_version":1`, `"leaf_version":2`), []string{changed, "record 2: what is disclosed does not fit"}},
		{"an unknown leaf version", replaced(fileEvidence, `"leaf_version":1`, `"leaf_version":9`), []string{changed, "record 2: leaf version 9 is unknown"}},
		{"a record without a proof", replaced(fileEvidence, `"leaf_version":1`, `"leaf_version":0`), []string{changed, "record 2: it comes without a proof"}},
		{"a record said to be gone", replaced(fileEvidence, `"source":"vpn"`, `"gone":"expired","source":"vpn"`), []string{changed, "record 2: it is said to be expired, and is shown"}},
		{"garbage among the evidence", do(func(l [][]byte) [][]byte { return slices.Insert(l, 0, []byte("x")) }), []string{"evidence.jsonl line 1 cannot be read"}},
		{"a line that says nothing", do(func(l [][]byte) [][]byte { return slices.Insert(l, 0, []byte("{}")) }), []string{"line 1: a line is one of"}},
		{"no evidence at all", func(f map[string][]byte) { f[fileEvidence] = nil }, []string{changed, "record 2 is cited", "operations of case 2018-04 are not"}},
	}
}

func changesOfTheRest(other map[string][]byte) []change {
	return []change{
		{"a file added", func(f map[string][]byte) { f["report.pdf"] = nil }, []string{"report.pdf was added"}},
		{"the case edited", replaced(fileCase, `"confirmed"`, `"possible"`), []string{"case.json was changed", "case.json is not what its sealed operations make it"}},
		{"the case of another name", replaced(fileCase, `"2018-04"`, `"2018-05"`), []string{"case.json was changed", "operations of case 2018-05 are not in the bundle"}},
		{"the case no JSON", func(f map[string][]byte) { f[fileCase] = []byte("{") }, []string{"case.json cannot be read"}},
		{"the coverage edited", replaced(fileCoverage, `"complete"`, `"silent"`), []string{"coverage.json was changed"}},
		{"a document edited", replaced("report.ja.html", "悪用", "利用"), []string{"report.ja.html was changed"}},
		{"the page edited", func(f map[string][]byte) { f[filePage] = append(f[filePage], "<p>all is well</p>"...) }, []string{"verify.html was changed"}},
		{"the issue no JSON", func(f map[string][]byte) { f[fileIssue] = []byte("{") }, []string{"issue.json cannot be read"}},
		{"the issue without a proof", func(f map[string][]byte) { f[fileIssue] = []byte("{}") }, []string{"issue.json cannot be read"}},
		{"the issue of another vault", func(f map[string][]byte) { f[fileIssue] = other[fileIssue] }, []string{"issue.json:"}},
		{"the key of another vault", func(f map[string][]byte) { f[fileKey] = other[fileKey] }, []string{"issue.json:", "line 1: checkpoint:"}},
		{"no key", func(f map[string][]byte) { f[fileKey] = []byte("\n") }, []string{"key.pub:"}},
		{"another issuer", replaced(fileIssue, `"seq":10`, `"seq":9`), []string{"issue.json:"}},
		{"as if of the older format", func(f map[string][]byte) {
			f[fileRecords], f[fileProofs] = nil, nil
			delete(f, fileEvidence)
		}, []string{"it was issued in format 3", "evidence.jsonl is missing"}},
	}
}

func changesOfOlder() []change {
	const changed = "records.jsonl was changed"
	return []change{
		{"records swapped", inLines(fileRecords, swapped(0, 1)), []string{changed, "record 2:", "record 3:"}},
		{"proofs swapped", inLines(fileProofs, swapped(0, 2)), []string{"proofs.jsonl was changed", "record 2:", "record 5:"}},
		{"a record twice", func(f map[string][]byte) {
			f[fileRecords], f[fileProofs] = twice(f[fileRecords]), twice(f[fileProofs])
		}, []string{changed, "record 2: it stands twice"}},
		{"the last record removed", inLines(fileRecords, without(5)), []string{"5 records but 6 proofs", "is cited and not in the bundle", "case.json is not what"}},
		{"the last proof removed", inLines(fileProofs, without(5)), []string{"6 records but 5 proofs", "has no proof"}},
		{"a byte of a record changed", replaced(fileRecords, `"source":"vpn"`, `"source":"vpm"`), []string{changed, "record 2:", "record 2 is cited and not in the bundle"}},
		{"garbage among the records", func(f map[string][]byte) { f[fileRecords] = append([]byte("x\n"), f[fileRecords]...) }, []string{"records.jsonl line 1 cannot be read"}},
		{"garbage among the proofs", func(f map[string][]byte) { f[fileProofs] = append([]byte("x\n"), f[fileProofs]...) }, []string{"proofs.jsonl line 1 cannot be read"}},
	}
}

func TestEveryChangeOfABundleIsFoundAndNamed(t *testing.T) {
	s, other := newSealed(t), newSealed(t)
	try := func(raw []byte, changes []change) {
		for name := range unzip(t, raw) {
			if name == fileIssue {
				continue
			}
			changes = append(changes, change{name + " changed", func(f map[string][]byte) { f[name] = append(bytes.Clone(f[name]), ' ') }, []string{name + " was changed"}})
			if !slices.Contains([]string{fileRecords, fileProofs, fileEvidence, fileCase, fileKey}, name) {
				changes = append(changes, change{name + " removed", func(f map[string][]byte) { delete(f, name) }, []string{name + " is missing"}})
			}
		}
		for _, c := range changes {
			t.Run(c.name, func(t *testing.T) {
				files := unzip(t, raw)
				c.do(files)
				rep, err := verify(rezip(t, files), "")
				if err != nil {
					t.Fatal(err)
				}
				said := strings.Join(rep.Problems, "\n")
				if rep.OK {
					t.Error("it is not noticed")
				}
				for _, want := range c.want {
					if !strings.Contains(said, want) {
						t.Errorf("the problems do not name %q:\n%s", want, said)
					}
				}
			})
		}
	}
	theirs := unzip(t, other.zip)
	try(s.zip, slices.Concat(changesOfEvidence(theirs), changesOfTheRest(theirs)))
	try(s.older(t), changesOfOlder())
}

// TestAVaultThatIssuesSomethingElseThanTheCaseIsFound has the vault itself seal
// a list of changed files, which only the operations of the case contradict.
func TestAVaultThatIssuesSomethingElseThanTheCaseIsFound(t *testing.T) {
	s := newSealed(t)
	files := unzip(t, s.zip)
	replaced(fileCase, `"confirmed"`, `"possible"`)(files)
	rep, err := verify(rezip(t, s.reissue(t, files, bundleFormat)), "")
	if err != nil || len(rep.Problems) != 1 || !strings.Contains(rep.Problems[0], "case.json is not what its sealed operations make it") {
		t.Errorf("%+v, %v", rep, err)
	}
	rep, err = verify(rezip(t, s.reissue(t, unzip(t, s.zip), 4)), "")
	if err != nil || len(rep.Problems) != 1 || !strings.Contains(rep.Problems[0], "issued in format 4") {
		t.Errorf("%+v, %v", rep, err)
	}
}

func twice(b []byte) []byte { return append(bytes.Clone(b), b...) }

func TestABundleOfAnotherVaultDoesNotPassForThePinnedKey(t *testing.T) {
	s, other := newSealed(t), newSealed(t)
	rep, err := verify(other.zip, s.bundle.PublicKey)
	if err != nil || rep.OK || !rep.Pinned || !strings.Contains(rep.Problems[0], "another public key") || rep.Records != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

// raw is a zip whose one file declares any size.
func rawZip(t *testing.T, declared uint64, content []byte) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.CreateRaw(&zip.FileHeader{Name: fileIssue, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(content)), UncompressedSize64: declared})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsNoBundleIsRefusedWithTheReason(t *testing.T) {
	s := newSealed(t)
	named := func(names ...string) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, n := range names {
			if _, err := z.Create(n); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	lacking := func(name string) []byte {
		f := unzip(t, s.zip)
		delete(f, name)
		return rezip(t, f)
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"not a zip", []byte("PK not a zip"), "not a zip file"},
		{"nothing", nil, "not a zip file"},
		{"cut off", s.zip[:len(s.zip)/2], "not a zip file"},
		{"an empty zip", named(), "issue.json is missing"},
		{"one name twice", named(fileIssue, fileIssue), `"issue.json" twice`},
		{"too many files", named(slices.Repeat([]string{"x"}, maxBundleFiles+1)...), "holds 257 files"},
		{"declared larger than can be", rawZip(t, 1<<40, []byte("x")), "unpacks to more than"},
		{"without evidence", lacking(fileEvidence), "evidence.jsonl is missing"},
		{"without the case", lacking(fileCase), "case.json is missing"},
		{"without the key", lacking(fileKey), "key.pub is missing"},
		{"without the issue", lacking(fileIssue), "issue.json is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if rep, err := verify(c.raw, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one about %q; %+v", err, c.want, rep)
			}
		})
	}
}

// A bomb of many files that are each within the limit is refused before it is
// unpacked.
func TestABombOfManyFilesIsRefused(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	content := []byte("x")
	for i, declared := range []uint64{1, maxBundleBytes} {
		w, err := z.CreateRaw(&zip.FileHeader{Name: string(rune('a' + i)), Method: zip.Store, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: 1, UncompressedSize64: declared})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(out.Bytes(), ""); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("error %v", err)
	}
}

func TestAFailingWriterOrSealIsReported(t *testing.T) {
	s := newSealed(t)
	if err := WriteBundle(failing{}, s.bundle); err == nil || !strings.HasPrefix(err.Error(), "report: bundle: ") {
		t.Errorf("error %v", err)
	}
	b := s.bundle
	b.Seal = func(Issue) (Evidence, error) { return Evidence{}, io.ErrShortWrite }
	if err := WriteBundle(io.Discard, b); err == nil || !strings.Contains(err.Error(), "seal the issue") {
		t.Errorf("error %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestAFileOfAnotherSizeThanDeclaredIsNamed damages the frame of a file.
func TestAFileOfAnotherSizeThanDeclaredIsNamed(t *testing.T) {
	s := newSealed(t)
	for _, declared := range []uint64{1, 1 << 20} {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for name, content := range unzip(t, s.zip) {
			h := &zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content), CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))}
			if name == fileEvidence {
				h.UncompressedSize64 = declared
			}
			w, err := z.CreateRaw(h)
			if err == nil {
				_, err = w.Write(content)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if rep, err := verify(out.Bytes(), ""); err != nil || rep.OK || !strings.Contains(strings.Join(rep.Problems, "\n"), "evidence.jsonl cannot be read") {
			t.Errorf("declared %d: %+v, %v", declared, rep, err)
		}
	}
}

func FuzzVerifyBundle(f *testing.F) {
	s := newSealed(f)
	files := unzip(f, s.zip)
	f.Add(files[fileIssue], files[fileEvidence], files[fileAnchors], files[fileCase], files[fileKey])
	f.Add([]byte("{}"), []byte("\n"), []byte("{}\n"), []byte(`{"id":"x"}`), []byte("x+00000000+AAAA"))
	f.Add([]byte(`{"record":{},"proof":{}}`), []byte("{}\n{}"), []byte(`{"kind":"witness","path":[]}`), []byte(`{"timeline":[{"cites":[1]}]}`), []byte(""))
	f.Add(files[fileIssue], []byte(`{"record":{"seq":2,"gone":"expired"}}`), []byte("x"), files[fileCase], files[fileKey])
	f.Fuzz(func(t *testing.T, issue, evidence, anchors, folded, key []byte) {
		changed := maps.Clone(files)
		for name, content := range map[string][]byte{fileIssue: issue, fileEvidence: evidence, fileAnchors: anchors, fileCase: folded, fileKey: key} {
			changed[name] = content
		}
		rep, err := verify(rezip(t, changed), s.bundle.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		for name := range files {
			same := bytes.Equal(changed[name], files[name]) || name == fileIssue
			if rep.OK && !same {
				t.Fatalf("%s was changed and the bundle is called good", name)
			}
		}
		_, _ = verify(evidence, "")
		delete(changed, fileEvidence)
		changed[fileRecords], changed[fileProofs] = evidence, anchors
		if rep, err := verify(rezip(t, changed), ""); err != nil || rep.OK {
			t.Fatalf("as format 2: %+v, %v", rep, err)
		}
	})
}
