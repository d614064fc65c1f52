package report

import (
	"bytes"
	"errors"
	"iter"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/vault"
	"github.com/konseki/konseki/internal/vault/anchor"
)

// letGo is a case that cites records 1 (its whole batch expired), 5 (expired),
// 7 (shredded) and 8 (there), and the bundle of it.
func letGo(t *testing.T) *sealed {
	t.Helper()
	s := &sealed{dir: filepath.Join(t.TempDir(), "vault")}
	opts := vault.Options{BatchEvery: time.Minute, SegmentRecords: 8, Protect: func(source string, _ []byte) vault.Protection {
		if source == "person" {
			return vault.Protection{Key: "person/kay"}
		}
		return vault.Protection{}
	}}
	open := func() {
		v, err := vault.OpenOrCreate(s.dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		s.vault = v
	}
	open()
	for i := range 8 {
		rec := event.Record{Source: "old", Transport: "file", Raw: []byte("user=kay srcip=203.0.113.7")}
		rec.Source = map[int]string{6: "person", 7: "vpn"}[i]
		if rec.Source == "" {
			rec.Source = "old"
		}
		s.add(t, rec)
		if i == 3 || i == 7 {
			if err := s.vault.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	seal := func(op investigate.Operation, err error) {
		var raw []byte
		if err == nil {
			raw, err = op.Encode()
		}
		if err != nil {
			t.Fatal(err)
		}
		s.add(t, event.Record{Source: event.SourceCase, Transport: "konseki", Raw: raw})
	}
	seal(investigate.Operation{Case: "c1", By: "sato", At: at(3, 9, 0), Op: "open", Title: both("件", "case")}, nil)
	for _, cites := range [][]uint64{{1}, {5, 7}, {5, 8}, {8}, nil} {
		seal(investigate.Putting("c1", "sato", at(3, 9, 0), &investigate.Statement{Text: both("文", "sentence"), Certainty: investigate.Probable, Cites: cites}))
	}
	if err := s.vault.Close(); err != nil {
		t.Fatal(err)
	}
	open()
	t.Cleanup(func() { _ = s.vault.Close() })
	if len(s.vault.Segments()) == 0 {
		t.Fatal("nothing is in a segment yet")
	}
	if _, err := s.vault.Expire(t.Context(), vault.ExpireRequest{Until: func(source string, _ time.Time) bool { return source == "old" }, By: "konseki", Reason: "old"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.vault.Shred(t.Context(), vault.ShredRequest{Keys: []string{"person/kay"}, Reason: "asked for", By: "sato"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// bundleOf gathers what a case cites, with the decisions that let records go.
func (s *sealed) bundleOf(t *testing.T, id string) Bundle {
	t.Helper()
	desk := investigate.NewDesk()
	var seqs []uint64
	for rec, err := range s.vault.Records(t.Context(), 1) {
		switch {
		case err != nil:
			t.Fatal(err)
		case rec.Source == event.SourceCase:
			if err := desk.Apply(rec); err != nil {
				t.Fatal(err)
			}
		case rec.Source == event.SourceExpiry:
			seqs = append(seqs, rec.Seq)
		}
	}
	in := smallCase()
	in.Case = desk.Case(id)
	seqs = append(seqs, in.Case.Cited(true)...)
	slices.Sort(seqs)
	b := Bundle{Input: in, PublicKey: s.vault.Status().PublicKey, By: "sato", Evidence: s.all(t, seqs)}
	b.Seal = func(is Issue) (Evidence, error) {
		raw, err := json.Marshal(is, json.Deterministic(true))
		return s.evidence(t, s.add(t, event.Record{Source: event.SourceReport, Transport: "konseki", Raw: raw})), err
	}
	s.bundle = b
	return b
}

// all proves records under one checkpoint.
func (s *sealed) all(t *testing.T, seqs []uint64) iter.Seq2[Evidence, error] {
	if err := s.vault.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	prover := s.vault.Prover()
	return func(yield func(Evidence, error) bool) {
		for _, seq := range seqs {
			rec, d, err := s.vault.Disclose(t.Context(), seq, nil)
			e := Evidence{Record: rec, Disclosure: d}
			if err == nil {
				e.Proof, err = prover.Prove(t.Context(), seq)
			}
			if errors.Is(err, vault.ErrGone) {
				e, err = Evidence{Record: event.Record{Seq: seq, Gone: event.Expired}}, nil
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestWhatCannotBeShownIsSaidAndIsNoProblem(t *testing.T) {
	s := letGo(t)
	raw := s.write(t, s.bundleOf(t, "c1"))
	rep, err := verify(raw, "")
	if err != nil || !rep.OK {
		t.Fatalf("%+v, %v", rep, err)
	}
	type short struct {
		Why      string
		Proven   bool
		Declared bool
	}
	got := map[uint64]short{}
	for _, u := range rep.Unshown {
		if u.Reason.JA == "" || u.Reason.EN == "" {
			t.Errorf("record %d: no reason", u.Record)
		}
		got[u.Record] = short{u.Why, u.Proven, u.Declared > 0}
	}
	want := map[uint64]short{1: {"expired", false, true}, 5: {"expired", true, true}, 7: {"shredded", true, false}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what cannot be shown (-want +got):\n%s", d)
	}
	states := []Standing{}
	for _, p := range rep.Proven {
		states = append(states, p.State)
	}
	if d := cmp.Diff([]Standing{StandsUnshown, StandsUnshown, StandsPartly, StandsProven, StandsUncited}, states); d != "" {
		t.Errorf("sentences (-want +got):\n%s", d)
	}
	for name, c := range map[string]struct {
		from, to, want string
	}{
		"another reason":         {`"gone":"shredded"`, `"gone":"mislaid"`, `"mislaid" says nothing`},
		"another content":        {`"content":"`, `"content":"AAAA`, "record 5"},
		"no reason, no proof":    {`{"record":{"seq":1,"gone":"expired"}}`, `{"record":{"seq":1}}`, "record 1: it comes without a proof"},
		"invented for another":   {`{"record":{"seq":1,`, `{"record":{"seq":2,`, "record 1 is cited and not in the bundle"},
		"with bytes of somebody": {`{"record":{"seq":1,`, `{"record":{"seq":1,"raw":"eA==",`, "record 1: it comes without a proof"},
	} {
		files := unzip(t, raw)
		replaced(fileEvidence, c.from, c.to)(files)
		rep, err := verify(rezip(t, s.reissueAs(t, files, "c1")), "")
		if err != nil || rep.OK || !strings.Contains(strings.Join(rep.Problems, "\n"), c.want) {
			t.Errorf("%s: %+v, %v", name, rep.Problems, err)
		}
	}
}

// reissueAs has the vault itself issue changed files: what only its owner can do.
func (s *sealed) reissueAs(t *testing.T, files map[string][]byte, id string) map[string][]byte {
	was := s.bundle.Input.Case
	defer func() { s.bundle.Input.Case = was }()
	return s.reissue(t, files, bundleFormat)
}

// witnessed is a sealed case whose log a witness remembers.
func witnessed(t *testing.T) (*sealed, anchor.Peer) {
	t.Helper()
	s := newSealed(t)
	dir := filepath.Join(t.TempDir(), "witness")
	key, err := anchor.InitWitness(dir, "osaka.example")
	if err != nil {
		t.Fatal(err)
	}
	w, err := anchor.OpenWitness(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(w.Handler())
	t.Cleanup(func() { web.Close(); _ = w.Close() })
	if _, err := w.AddLog(s.bundle.PublicKey); err != nil {
		t.Fatal(err)
	}
	peer := anchor.Peer{Name: "osaka", URL: web.URL, Key: key}
	k, err := anchor.NewKeeper(anchor.KeeperOptions{Dir: s.dir, Witnesses: []anchor.Peer{peer}})
	if err == nil {
		err = k.Once(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.evidence(t, s.add(t, event.Record{Source: "vpn", Transport: "file", Raw: []byte("later")}))
	s.bundle = s.newBundle(t)
	s.bundle.Anchors = func(size uint64) ([]anchor.Carried, error) {
		return anchor.Carry(t.Context(), s.dir, size, anchor.CheckOptions{Witnesses: []anchor.Peer{peer}}, "")
	}
	s.zip = s.write(t, s.bundle)
	return s, peer
}

func TestAnchorsThatHeldAreNamed(t *testing.T) {
	s, peer := witnessed(t)
	for _, pinned := range []bool{false, true} {
		trust := Trust{PublicKey: s.bundle.PublicKey}
		if pinned {
			trust.Anchors.Witnesses = []anchor.Peer{peer}
		}
		rep, err := VerifyBundleWith(bytes.NewReader(s.zip), int64(len(s.zip)), trust)
		if err != nil || !rep.OK || len(rep.Anchors) != 1 {
			t.Fatalf("%+v, %v", rep, err)
		}
		if a := rep.Anchors[0]; !a.Held || a.Pinned != pinned || a.Who != "osaka.example" || a.Time.IsZero() || rep.Anchored != rep.Records {
			t.Errorf("pinned %v: %+v, %d of %d records anchored", pinned, a, rep.Anchored, rep.Records)
		}
	}
	older, _ := witnessed(t)
	theirs := unzip(t, older.zip)[fileAnchors]
	changes := changesOfAnchors()
	changes["of another vault"] = changeOfAnchor{func(f map[string][]byte) { f[fileAnchors] = theirs }, "it is not signed with this vault's key"}
	for name, c := range changes {
		files := unzip(t, s.zip)
		c.do(files)
		rep, err := verify(rezip(t, files), "")
		said := strings.Join(rep.Problems, "\n")
		if err != nil || rep.OK || !strings.Contains(said, "anchors.jsonl") || !strings.Contains(said, c.alarm) || rep.Anchored > 0 {
			t.Errorf("%s: %d anchored, %s, %v", name, rep.Anchored, said, err)
		}
	}
}

// changeOfAnchor is something done to the anchors, and what is said of it
// besides that the file was changed.
type changeOfAnchor struct {
	do    func(map[string][]byte)
	alarm string
}

func changesOfAnchors() map[string]changeOfAnchor {
	return map[string]changeOfAnchor{
		"removed":            {func(f map[string][]byte) { f[fileAnchors] = nil }, ""},
		"its path":           {replaced(fileAnchors, `"path":["`, `"path":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","`), "does not lead to that of the evidence"},
		"its size":           {replaced(fileAnchors, `"to":`, `"to":7`), "does not lead to that of the evidence"},
		"its cosignature":    {func(f map[string][]byte) { changeAfter(f, "osaka.example ") }, ""},
		"the vault's":        {func(f map[string][]byte) { changeAfter(f, "konseki/") }, "it is not signed"},
		"no JSON":            {func(f map[string][]byte) { f[fileAnchors] = []byte("x\n") }, "anchors.jsonl line 1 cannot be read"},
		"the file not there": {func(f map[string][]byte) { delete(f, fileAnchors) }, "anchors.jsonl is missing"},
	}
}

// changeAfter changes a letter of the signature line that begins with a name.
func changeAfter(f map[string][]byte, name string) {
	mark := []byte("— " + name)
	at := bytes.Index(f[fileAnchors], mark)
	end := at + bytes.Index(f[fileAnchors][at:], []byte(`\n`)) - 6
	if f[fileAnchors][end]++; f[fileAnchors][end] == '0' || f[fileAnchors][end] == ':' {
		f[fileAnchors][end] = 'A'
	}
}

func TestProversKeepTheirCheckpoint(t *testing.T) {
	s := newSealed(t)
	p := s.vault.Prover()
	first, err := p.Prove(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	s.evidence(t, s.add(t, event.Record{Source: "vpn", Transport: "file", Raw: []byte("later")}))
	again, err := p.Prove(t.Context(), 2)
	if err != nil || again.Checkpoint != first.Checkpoint {
		t.Errorf("%v: checkpoint\n%s\nthen\n%s", err, first.Checkpoint, again.Checkpoint)
	}
}
