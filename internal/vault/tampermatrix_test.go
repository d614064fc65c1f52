package vault

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/vault/audit"
	"github.com/konseki/konseki/internal/vault/ondisk"
	"github.com/konseki/konseki/internal/vault/seal"

	"filippo.io/age"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/vault/keyring"
	"github.com/parquet-go/parquet-go"
)

// rewriteSegment changes the rows of a segment as somebody would who has every
// key but the signing one.
func rewriteSegment(t *testing.T, dir string, s ondisk.Segment, change func(rows []ondisk.SegmentRow) []ondisk.SegmentRow) {
	t.Helper()
	if !s.Encrypted {
		rewriteFile(t, s.Path, change)
		return
	}
	ring, err := keyring.Open(dir, keyring.Unlock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := ring.Get(ondisk.FileKey(s.First, s.Generation))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, s.Path, func(b []byte) []byte {
		r, err := age.Decrypt(bytes.NewReader(b), id)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "plain")
		if err := os.WriteFile(path, plain, 0o600); err != nil {
			t.Fatal(err)
		}
		rewriteFile(t, path, change)
		if plain, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w, err := age.Encrypt(&out, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	})
}

// TestVerifyFindsEveryTamperingOfEveryForm changes, deletes, doubles, swaps and
// cuts a record of every form, in the clear and in encrypted files.
func TestVerifyFindsEveryTamperingOfEveryForm(t *testing.T) {
	type rows = []ondisk.SegmentRow
	changes := map[string]func(r rows, i int) rows{
		"flipped":    func(r rows, i int) rows { r[i].Raw = flipped(r[i].Raw); return r },
		"commit":     func(r rows, i int) rows { r[i].Commit = flipped(r[i].Commit); return r },
		"source":     func(r rows, i int) rows { r[i].Source = "other"; return r },
		"received":   func(r rows, i int) rows { r[i].Received++; return r },
		"deleted":    func(r rows, i int) rows { return slices.Delete(r, i, i+1) },
		"doubled":    func(r rows, i int) rows { return slices.Insert(r, i, r[i]) },
		"swapped":    func(r rows, i int) rows { j := (i + 1) % len(r); r[i], r[j] = r[j], r[i]; return r },
		"cut":        func(r rows, i int) rows { return r[:i] },
		"another":    func(r rows, i int) rows { r[i].Form = r[i].Form%5 + 1; return r },
		"let go":     letGoQuietly,
		"bytes back": func(r rows, i int) rows { r[i].Raw = append(r[i].Raw, "planted"...); return r },
	}
	for _, encrypt := range []bool{false, true} {
		dir := letting(t, encrypt)
		segments, _, _, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(dir, ondisk.SegmentDir))
		if err != nil {
			t.Fatal(err)
		}
		found := map[int32]bool{}
		for _, s := range segments {
			name := ondisk.SegmentDir + "/" + s.Name
			good, err := os.ReadFile(s.Path)
			if err != nil {
				t.Fatal(err)
			}
			var at map[int32]int // one record of every form
			rewriteSegment(t, dir, s, func(r rows) rows { at = firstOfForm(r); return r })
			if r := mustVerify(t, dir); !r.OK() {
				t.Fatalf("rewritten without a change: %+v", r.Problems)
			}
			for form, i := range at {
				if found[form] {
					continue
				}
				found[form] = true
				for what, change := range changes {
					same := false
					rewriteSegment(t, dir, s, func(r rows) rows {
						before := fmt.Sprint(r)
						r = change(r, i)
						same = fmt.Sprint(r) == before
						return r
					})
					r := mustVerify(t, dir)
					named := slices.ContainsFunc(r.Problems, func(p audit.Problem) bool { return p.Segment == name })
					if !same && !named {
						t.Errorf("encrypted %v, form %d %s in %s: %+v", encrypt, form, what, s.Name, r.Problems)
					}
					if err := os.WriteFile(s.Path, good, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if len(found) != 5 {
			t.Errorf("forms %v were tried", found)
		}
	}
}

func flipped(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) > 0 {
		b[len(b)/2] ^= 1
	}
	return b
}

func firstOfForm(rows []ondisk.SegmentRow) map[int32]int {
	at := map[int32]int{}
	for i, r := range rows {
		// Of a key that was destroyed nothing but the commitment can be checked.
		if _, ok := at[r.Form]; !ok && i > 0 && !strings.HasSuffix(r.Key, "/user2") {
			at[r.Form] = i
		}
	}
	return at
}

// letGoQuietly leaves of a record what expiry would.
func letGoQuietly(rows []ondisk.SegmentRow, i int) []ondisk.SegmentRow {
	p := ondisk.Payload{Form: ondisk.Form(rows[i].Form), Key: rows[i].Key, Commit: rows[i].Commit, Body: rows[i].Raw}
	if !p.Gone() {
		letGoOf(&p)
	}
	rows[i].Form, rows[i].Key, rows[i].Commit, rows[i].Raw = int32(p.Form), p.Key, p.Commit, p.Body
	return rows
}

func TestASegmentOfAnotherVaultIsFound(t *testing.T) {
	dir, other := sealedVault(t), sealedVault(t)
	rewrite(t, other, func(r []ondisk.SegmentRow) []ondisk.SegmentRow { // sealed there with other bytes
		for i := range r {
			r[i].Raw = append(bytes.Clone(r[i].Raw), '!')
		}
		return fixCheck(r)
	})
	b, err := os.ReadFile(segmentPath(other, 201, 400))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, segmentPath(dir, 201, 400), func([]byte) []byte { return b })
	if r := mustVerify(t, dir); len(r.Problems) != 4 || r.Problems[0].Kind != audit.KindChanged || r.Problems[0].Record != 201 {
		t.Errorf("%+v", r.Problems)
	}
}

func TestAForgedExpiryRecordInTheTailExcusesNothing(t *testing.T) {
	v, dir, _ := filled(t, keeping())
	if _, err := v.rewrite(t.Context(), v.Segments()[1:2], func(p *ondisk.Payload) bool { return p.Seq >= 47 && p.Seq <= 63 }); err != nil {
		t.Fatal(err)
	}
	abandon(v)
	names, err := ondisk.ListWAL(ondisk.OSDisk{}, filepath.Join(dir, ondisk.WALDir))
	if err != nil {
		t.Fatal(err)
	}
	last := mustVerify(t, dir)
	rec := event.Record{Seq: last.Sealed + 1, Source: event.SourceExpiry, Transport: "konseki", Raw: []byte(`{"op":"expire","records":"1-120"}`)}
	edit(t, names[len(names)-1], func(b []byte) []byte {
		return ondisk.AppendFrame(b, &rec, &ondisk.Kept{Form: ondisk.FormWhole, Body: rec.Raw}, nil)
	})
	r := mustVerify(t, dir)
	if r.Records != last.Records+1 || r.Unsealed != 1 || len(r.Declarations) != 0 {
		t.Fatalf("the forged record was not read: %+v", r)
	}
	if r.OK() || r.Problems[0].Record != 47 || r.Expired != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAPlantedGenerationDoesNotHideTheChange(t *testing.T) {
	dir := sealedVault(t)
	planted := filepath.Join(dir, ondisk.SegmentDir, ondisk.SegmentFile(201, 400, 1, false))
	b, err := os.ReadFile(segmentPath(dir, 201, 400))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind string
		make func()
	}{
		"changed": {audit.KindChanged, func() {
			rewriteFile(t, planted, func(r []ondisk.SegmentRow) []ondisk.SegmentRow { r[30].Raw[2] ^= 1; return r })
		}},
		"garbage": {audit.KindUnreadable, func() { edit(t, planted, func(b []byte) []byte { return b[:len(b)/2] }) }},
	} {
		if err := os.WriteFile(planted, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c.make()
		r := mustVerify(t, dir)
		if r.OK() || r.Problems[0].Kind != c.kind || r.Problems[0].Segment != ondisk.SegmentDir+"/"+filepath.Base(planted) {
			t.Errorf("%s: %+v", name, r.Problems)
		}
	}
}

// TestDroppedMetadataThatLiesIsFound: the footer, which nothing signs, says
// which records have no row.
func TestDroppedMetadataThatLiesIsFound(t *testing.T) {
	without := func(r []ondisk.SegmentRow) []ondisk.SegmentRow { return slices.Delete(r, 9, 15) } // 210 to 215
	for name, c := range map[string]struct {
		spans  string
		change func(r []ondisk.SegmentRow) []ondisk.SegmentRow
	}{
		"rows gone and nothing declared": {"210-215", without},
		"rows there all the same":        {"210-215", func(r []ondisk.SegmentRow) []ondisk.SegmentRow { return r }},
		"a batch gone":                   {"251-300", func(r []ondisk.SegmentRow) []ondisk.SegmentRow { return slices.Delete(r, 50, 100) }},
		"fewer gone than it says":        {"205-220", without},
		"outside the file":               {"1-10", func(r []ondisk.SegmentRow) []ondisk.SegmentRow { return r }},
	} {
		dir := sealedVault(t)
		rewriteFile(t, segmentPath(dir, 201, 400), c.change, parquet.KeyValueMetadata(ondisk.DroppedKey, c.spans))
		if r := mustVerify(t, dir); r.OK() {
			t.Errorf("%s: nothing found", name)
		}
	}
}

// TestDroppedRowsDoNotCoverAChangeBesideThem: records that may be gone are
// taken out, so that the root of their batch cannot be computed, and one beside
// them is changed together with its check.
func TestDroppedRowsDoNotCoverAChangeBesideThem(t *testing.T) {
	dir := letting(t, false)
	segments, _, _, err := ondisk.ListSegments(ondisk.OSDisk{}, filepath.Join(dir, ondisk.SegmentDir))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(segments, func(s ondisk.Segment) bool { return s.First <= 41 && s.Last >= 50 })
	s := segments[i]
	rewriteFile(t, s.Path, func(r []ondisk.SegmentRow) []ondisk.SegmentRow {
		at := slices.IndexFunc(r, func(x ondisk.SegmentRow) bool { return x.Seq == 42 }) // expired, and said to be
		if r[at].Form != int32(ondisk.FormGoneParts) || r[at+1].Form != int32(ondisk.FormKeyed) {
			t.Fatalf("%+v", r[at])
		}
		r = slices.Delete(r, at, at+1)
		r[at].Received++
		p := ondisk.Payload{Seq: 43, Received: r[at].Received, Source: []byte(r[at].Source), Transport: []byte(r[at].Transport), Form: ondisk.FormKeyed, Commit: r[at].Commit}
		p.Header = seal.AppendHeader(nil, p.Seq, p.Received, r[at].Source, r[at].Transport)
		leaf, _ := p.Leaf(nil)
		r[at].Check = ondisk.CheckOf(leaf)
		return r
	}, parquet.KeyValueMetadata(ondisk.DroppedKey, "42-42"))
	if r := mustVerify(t, dir); r.OK() || !strings.Contains(r.Problems[0].Detail, "cannot be verified") {
		t.Errorf("%+v", r)
	}
}
