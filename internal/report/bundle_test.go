package report

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"maps"
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
	vault  *vault.Vault
	bundle Bundle
	zip    []byte
}

// newSealed seals six log lines and the operations of a case that cites some.
func newSealed(t testing.TB) *sealed {
	t.Helper()
	v, err := vault.OpenOrCreate(t.TempDir(), vault.Options{BatchEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	s := &sealed{vault: v}
	for range 6 {
		s.add(t, event.Record{Source: "vpn", Transport: "file", Raw: []byte("user=staff01 srcip=203.0.113.7")})
	}
	put := func(min int, p investigate.Part) investigate.Operation {
		op, err := investigate.Putting("2018-04", "sato", at(3, 9, min), p)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	for _, op := range []investigate.Operation{
		{Case: "2018-04", Op: "open", By: "sato", At: at(3, 9, 0), Title: both("悪用", "Misuse")},
		put(1, &investigate.Row{At: at(2, 1, 58), Precision: "exact", What: "event", Text: both("接続", "session"), Cites: []uint64{2, 3}}),
		put(2, &investigate.Statement{Text: both("一つ", "one"), Certainty: investigate.Confirmed, Cites: []uint64{5}}),
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
	rec, err := s.vault.Get(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.vault.Prove(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	return Evidence{Record: rec, Proof: p}
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
	b := Bundle{Input: in, PublicKey: s.vault.Status().PublicKey, By: "sato"}
	for _, seq := range in.Case.Cited(true) {
		b.Evidence = append(b.Evidence, s.evidence(t, seq))
	}
	b.Seal = func(is Issue) (Evidence, error) {
		raw, err := json.Marshal(is)
		return s.evidence(t, s.add(t, event.Record{Source: event.SourceReport, Transport: "konseki", Raw: raw})), err
	}
	return b
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
	files, err := readZip(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func rezip(t testing.TB, files map[string][]byte) []byte {
	var out bytes.Buffer
	if err := writeZip(&out, files, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestABundleVerifiesWithNothingElseAtHand(t *testing.T) {
	s := newSealed(t)
	for _, pinned := range []string{"", s.bundle.PublicKey} {
		rep, err := verify(s.zip, pinned)
		if err != nil {
			t.Fatal(err)
		}
		if !rep.OK || len(rep.Problems) > 0 || rep.Pinned != (pinned != "") {
			t.Errorf("pinned %q: %+v", pinned, rep)
		}
		if rep.Case != "2018-04" || rep.Title.JA != "悪用" || rep.IssuedBy != "sato" || rep.Records != 6 || rep.Cited != 3 || rep.Files != 11 || rep.Origin == "" {
			t.Errorf("the bundle is said to be %+v", rep)
		}
	}
	files := unzip(t, s.zip)
	files[fileIssue] = unzip(t, s.write(t, s.newBundle(t)))[fileIssue]
	if rep, err := verify(rezip(t, files), ""); err != nil || rep.OK || !strings.Contains(rep.Problems[0], "proofs.jsonl was changed") {
		t.Errorf("with the issue of a later bundle of the vault: %+v, %v", rep, err)
	}
}

// swapLines exchanges two lines.
func swapLines(b []byte, i, j int) []byte {
	l := lines(b)
	l[i], l[j] = l[j], l[i]
	return append(bytes.Join(l, []byte("\n")), '\n')
}

func TestEveryChangeOfABundleIsFoundAndNamed(t *testing.T) {
	s, other := newSealed(t), newSealed(t)
	type change struct {
		name string
		do   func(f map[string][]byte)
		want []string // what the problems name
	}
	changes := []change{
		{"a file added", func(f map[string][]byte) { f["report.pdf"] = nil }, []string{"report.pdf was added"}},
		{"records swapped", func(f map[string][]byte) { f[fileRecords] = swapLines(f[fileRecords], 0, 1) }, []string{"records.jsonl was changed", "record 2:", "record 3:"}},
		{"proofs swapped", func(f map[string][]byte) { f[fileProofs] = swapLines(f[fileProofs], 0, 2) }, []string{"proofs.jsonl was changed", "record 2:", "record 5:"}},
		{"records and proofs swapped together", func(f map[string][]byte) {
			f[fileRecords], f[fileProofs] = swapLines(f[fileRecords], 0, 1), swapLines(f[fileProofs], 0, 1)
		}, []string{"records.jsonl was changed", "proofs.jsonl was changed"}},
		{"a record twice", func(f map[string][]byte) {
			f[fileRecords], f[fileProofs] = twice(f[fileRecords]), twice(f[fileProofs])
		}, []string{"records.jsonl was changed"}},
		{"the last record removed", func(f map[string][]byte) {
			l := lines(f[fileRecords])
			f[fileRecords] = append(bytes.Join(l[:len(l)-1], []byte("\n")), '\n')
		}, []string{"5 records but 6 proofs", "is cited and not in the bundle", "case.json is not what"}},
		{"the last proof removed", func(f map[string][]byte) {
			l := lines(f[fileProofs])
			f[fileProofs] = append(bytes.Join(l[:len(l)-1], []byte("\n")), '\n')
		}, []string{"6 records but 5 proofs", "has no proof"}},
		{"a byte of a record changed", func(f map[string][]byte) {
			f[fileRecords] = bytes.Replace(f[fileRecords], []byte(`"source":"vpn"`), []byte(`"source":"vpm"`), 1)
		}, []string{"records.jsonl was changed", "record 2:", "record 2 is cited and not in the bundle"}},
		{"the case edited", func(f map[string][]byte) {
			f[fileCase] = bytes.Replace(f[fileCase], []byte(`"confirmed"`), []byte(`"possible"`), 1)
		}, []string{"case.json was changed", "case.json is not what its sealed operations make it"}},
		{"the case of another name", func(f map[string][]byte) {
			f[fileCase] = bytes.Replace(f[fileCase], []byte(`"2018-04"`), []byte(`"2018-05"`), 1)
		}, []string{"case.json was changed", "operations of case 2018-05 are not in the bundle"}},
		{"the case no JSON", func(f map[string][]byte) { f[fileCase] = []byte("{") }, []string{"case.json cannot be read"}},
		{"the issue no JSON", func(f map[string][]byte) { f[fileIssue] = []byte("{") }, []string{"issue.json cannot be read"}},
		{"the issue without a proof", func(f map[string][]byte) { f[fileIssue] = []byte("{}") }, []string{"issue.json cannot be read"}},
		{"a case operation for an issue", func(f map[string][]byte) {
			raw := lines(f[fileRecords])[3]
			f[fileIssue] = []byte(`{"record":` + string(raw) + `,"proof":` + string(lines(f[fileProofs])[3]) + `}`)
		}, []string{"is no issue of a bundle"}},
		{"the issue of another vault", func(f map[string][]byte) { f[fileIssue] = unzip(t, other.zip)[fileIssue] }, []string{"issue.json:"}},
		{"the key of another vault", func(f map[string][]byte) { f[fileKey] = unzip(t, other.zip)[fileKey] }, []string{"issue.json:", "record 2:"}},
		{"garbage among the records", func(f map[string][]byte) { f[fileRecords] = append([]byte("x\n"), f[fileRecords]...) }, []string{"records.jsonl line 1 cannot be read"}},
		{"garbage among the proofs", func(f map[string][]byte) { f[fileProofs] = append([]byte("x\n"), f[fileProofs]...) }, []string{"proofs.jsonl line 1 cannot be read"}},
	}
	for name := range unzip(t, s.zip) {
		if name == fileIssue {
			continue
		}
		changes = append(changes, change{name + " changed", func(f map[string][]byte) { f[name] = append(bytes.Clone(f[name]), ' ') }, []string{name + " was changed"}})
		if !slices.Contains([]string{fileRecords, fileProofs, fileCase, fileKey}, name) {
			changes = append(changes, change{name + " removed", func(f map[string][]byte) { delete(f, name) }, []string{name + " is missing"}})
		}
	}
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(unzip(t, s.zip))
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
		{"too many files", named(slices.Repeat([]string{"x"}, maxBundleFiles+1)...), "holds 65 files"},
		{"declared larger than can be", rawZip(t, 1<<40, []byte("x")), "unpacks to more than"},
		{"larger than declared", rawZip(t, 1, []byte("xx")), "issue.json"},
		{"smaller than declared", rawZip(t, 9, []byte("xx")), "issue.json"},
		{"without records", lacking(fileRecords), "records.jsonl is missing"},
		{"without proofs", lacking(fileProofs), "proofs.jsonl is missing"},
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
	for i, declared := range []uint64{1, maxBundleFile} {
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

func FuzzVerifyBundle(f *testing.F) {
	s := newSealed(f)
	files := unzip(f, s.zip)
	f.Add(files[fileIssue], files[fileRecords], files[fileProofs], files[fileCase], files[fileKey])
	f.Add([]byte("{}"), []byte("\n"), []byte("{}\n"), []byte(`{"id":"x"}`), []byte("x+00000000+AAAA"))
	f.Add([]byte(`{"record":{},"proof":{}}`), []byte("{}\n{}"), []byte(""), []byte(`{"timeline":[{"cites":[1]}]}`), []byte(""))
	f.Fuzz(func(t *testing.T, issue, records, proofs, folded, key []byte) {
		changed := maps.Clone(files)
		for name, content := range map[string][]byte{fileIssue: issue, fileRecords: records, fileProofs: proofs, fileCase: folded, fileKey: key} {
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
		_, _ = verify(records, "")
	})
}
