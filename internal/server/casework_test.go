package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/investigate/script"
)

func phrase(s string) event.Phrase { return event.Phrase{JA: s, EN: s} }

// placed puts a part that is fine.
func placed[T investigate.Part](t *testing.T, s *Server, by string, p T, base uint64) T {
	t.Helper()
	out, err := s.Put(t.Context(), by, "c1", p, base)
	if err != nil {
		t.Fatal(err)
	}
	return out.(T)
}

func TestTwoPeopleAtOnceAreMergedOrToldWhoChangedWhat(t *testing.T) {
	t.Parallel()
	s := opened(t)
	first := placed(t, s, "sato", &investigate.Task{Text: phrase("ask the data centre"), Status: "open", Owner: "ito"}, 0)
	base := first.Recorded
	mine, theirs := *first, *first
	mine.Status = "done"
	theirs.Owner = "mori"
	placed(t, s, "mori", &theirs, base)
	merged := placed(t, s, "sato", &mine, base)
	if merged.Status != "done" || merged.Owner != "mori" || merged.By != "sato" {
		t.Errorf("merged is %+v", merged)
	}
	again := *first
	again.Owner = "ito the second"
	_, err := s.Put(t.Context(), "ito", "c1", &again, base)
	var c *investigate.Conflict
	if !errors.As(err, &c) || !errors.Is(err, investigate.ErrConflict) || !slices.Equal(c.Fields, []string{"owner"}) || !strings.Contains(err.Error(), "sato") {
		t.Errorf("error %v", err)
	}
	if _, err := s.Put(t.Context(), "ito", "c1", &again, 0); !errors.Is(err, investigate.ErrConflict) {
		t.Errorf("an id that exists is taken without its version: %v", err)
	}
}

func TestEditsAtTheSameMomentAreAllKept(t *testing.T) {
	t.Parallel()
	s := opened(t)
	first := placed(t, s, "sato", &investigate.Entity{Type: "person", Real: "Yamada", Public: phrase("A")}, 0)
	change := []func(*investigate.Entity){
		func(e *investigate.Entity) { e.Role = "staff" }, func(e *investigate.Entity) { e.Indicator = true },
		func(e *investigate.Entity) { e.Note = phrase("away") }, func(e *investigate.Entity) { e.Aliases = []string{"yamada01"} },
	}
	var wait sync.WaitGroup
	for i, f := range change {
		wait.Add(1)
		go func() {
			defer wait.Done()
			e := *first
			f(&e)
			if _, err := s.Put(t.Context(), fmt.Sprint("p", i), "c1", &e, first.Recorded); err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	c, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if e := c.Entities[0]; e.Role != "staff" || !e.Indicator || e.Note.Empty() || len(e.Aliases) != 1 {
		t.Errorf("an edit was lost: %+v", e)
	}
}

func TestAWithdrawnPartStaysInTheHistoryWithItsReason(t *testing.T) {
	t.Parallel()
	s := opened(t)
	st := placed(t, s, "sato", &investigate.Statement{Text: phrase("guess"), Certainty: investigate.Possible}, 0)
	if err := s.Withdraw(t.Context(), "ito", "c1", investigate.KindStatement, st.ID, event.Phrase{}); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("withdrawn without a reason: %v", err)
	}
	if err := s.Withdraw(t.Context(), "ito", "c1", investigate.KindStatement, st.ID, phrase("wrong")); err != nil {
		t.Fatal(err)
	}
	c, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Statements) != 0 || len(c.Withdrawn) != 1 || c.Withdrawn[0].By != "ito" || c.Withdrawn[0].Text.EN != "guess" || c.History[len(c.History)-1].Op != "withdraw" {
		t.Errorf("statements %v, withdrawn %+v", c.Statements, c.Withdrawn)
	}
}

func TestWeighingRecordsNothing(t *testing.T) {
	t.Parallel()
	s := opened(t)
	before := s.vault.Size()
	p, err := s.Weigh(t.Context(), "c1", &investigate.Statement{Text: phrase("not used"), Certainty: investigate.NotConfirmed, Query: "user:staff01"})
	if !errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), "nothing was found") {
		t.Errorf("error %v", err)
	}
	st := p.(*investigate.Statement)
	if st.Answer == nil || st.Answer.Verdict != coverage.Found || len(st.Cites) == 0 || s.vault.Size() != before {
		t.Errorf("weighed to %+v, records %d, %d before", st, s.vault.Size(), before)
	}
}

func TestContainmentWithoutEffectIsAFinding(t *testing.T) {
	t.Parallel()
	s := opened(t)
	placed(t, s, "sato", &investigate.Containment{Head: investigate.Head{ID: "worked"}, At: jst(5, 0, 0), Action: "disable_account", Target: "staff01", Text: phrase("disabled")}, 0)
	placed(t, s, "sato", &investigate.Containment{Head: investigate.Head{ID: "failed"}, At: jst(1, 0, 0), Action: "disable_account", Target: "staff01", Text: phrase("disabled")}, 0)
	for range 2 { // checked again it is no other finding
		out, err := s.Check(t.Context(), "sato", "c1", investigate.KindContainment, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(out) != 2 || out[0].Result.State == investigate.NotMet || out[1].Result.State != investigate.NotMet || len(out[1].Result.Cites) == 0 {
			t.Fatalf("outcomes %+v", out)
		}
	}
	n := 0
	for _, f := range findings(t, s) {
		if f.RuleID == "containment-without-effect" {
			n++
			if f.User != "staff01" || f.Level != "high" {
				t.Errorf("finding %+v", f)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d findings", n)
	}
}

// TestASignatureUnderTheSameAccountSaysThatNobodyElseIsShownToHaveSigned signs
// with a name that was only given, and with an account of another person.
func TestASignatureUnderTheSameAccountSaysThatNobodyElseIsShownToHaveSigned(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for by, unproven := range map[string]bool{"ito (sato)": true, "ito (ops)": false, "ito": false} {
		c := placed(t, s, "sato", &investigate.Condition{Service: "game-01", Platform: "web", Text: phrase("backed up for " + by), Check: investigate.Check{By: "sign_off"}}, 0)
		if err := s.Sign(t.Context(), by, "c1", investigate.KindCondition, c.ID); err != nil {
			t.Fatal(err)
		}
		p, err := s.Part(t.Context(), "c1", investigate.KindCondition, c.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		signed := p.(*investigate.Condition).Signed
		if signed == nil || signed.By != by || (signed.Reason.EN != "") != unproven || (signed.Reason.JA != "") != unproven {
			t.Errorf("signed by %s: %+v", by, signed)
		}
	}
}

func TestAConditionIsSignedByASecondPersonOrOverriddenWithAReason(t *testing.T) {
	t.Parallel()
	s := opened(t)
	c := placed(t, s, "sato", &investigate.Condition{Service: "game-01", Platform: "web", Text: phrase("backed up"), Check: investigate.Check{By: "evidence"}}, 0)
	out, err := s.Check(t.Context(), "mori", "c1", investigate.KindCondition, c.ID)
	if err != nil || out[0].Result.State != investigate.NotMet {
		t.Fatalf("%v %v", out, err)
	}
	for _, by := range []string{"sato", "mori"} {
		if err := s.Sign(t.Context(), by, "c1", investigate.KindCondition, c.ID); !errors.Is(err, control.ErrInvalid) {
			t.Errorf("%s signed their own: %v", by, err)
		}
	}
	if err := s.Override(t.Context(), "ceo", "c1", investigate.KindCondition, c.ID, event.Phrase{}); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("overridden without a reason: %v", err)
	}
	if err := s.Override(t.Context(), "ceo", "c1", investigate.KindCondition, c.ID, phrase("we reopen anyway")); err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(t.Context(), "ito", "c1", investigate.KindCondition, c.ID); err != nil {
		t.Fatal(err)
	}
	c.Check.Cites = []uint64{1}
	placed(t, s, "sato", c, c.Recorded) // other words do not undo what was checked
	got, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	x := got.Conditions[0]
	if x.Signed == nil || x.Signed.By != "ito" || x.Overridden == nil || x.Overridden.Reason.EN != "we reopen anyway" || len(x.Results) != 1 || x.State() != investigate.NotMet {
		t.Errorf("condition %+v", x)
	}
	if out, err = s.Check(t.Context(), "mori", "c1", investigate.KindCondition, c.ID); err != nil || out[0].Result.State != investigate.Met {
		t.Errorf("%v %v", out, err)
	}
}

func TestAScopeSaysWhetherAnythingBoundsItAbove(t *testing.T) {
	t.Parallel()
	s := opened(t)
	sc := placed(t, s, "sato", &investigate.Scope{Text: phrase("accounts of the VPN"), Of: "accounts", Query: "source:vpn", From: jst(1, 0, 0), To: jst(4, 0, 0)}, 0)
	vpn := search(t, s, "source:vpn")
	users := map[string]bool{}
	for i := range vpn.Events {
		if u := vpn.Events[i].ActorUser; u != "" {
			users[u] = true
		}
	}
	if *sc.Number.Min != int64(len(users)) || sc.Number.Basis.Empty() || sc.Answer == nil {
		t.Errorf("%d accounts, want %d: %+v", *sc.Number.Min, len(users), sc.Number)
	}
	if complete := sc.Number.Max != nil; complete == strings.Contains(sc.Number.Basis.EN, "nothing bounds it") {
		t.Errorf("max %v with the basis %q", sc.Number.Max, sc.Number.Basis.EN)
	}
	weeks := placed(t, s, "sato", &investigate.Scope{Text: phrase("against the weeks before"), Of: "accounts", Query: "source:vpn", From: jst(1, 0, 0), To: jst(4, 0, 0), Weeks: 3}, 0)
	if len(weeks.Rows) != len(users) || len(weeks.Rows[0].Before) != 3 || weeks.Rows[0].Count == 0 {
		t.Errorf("rows %+v", weeks.Rows)
	}
}

func TestApplyingACaseFileTwiceAddsNothing(t *testing.T) {
	t.Parallel()
	s := opened(t)
	text := `
id: c1
timeline:
  - {at: 2018-04-02T16:10:00+09:00, text: {ja: 接続, en: session}, query: "user:staff01"}
  - {precision: unknown, kind: interview, signer: Sato, text: {ja: 聴取, en: interview}}
statements:
  - {id: s1, certainty: possible, text: {ja: 推測, en: a guess}}
facts:
  - {id: cause, value: malicious, known: 2018-04-02T18:00:00+09:00}
  - {id: cause, value: mistake, known: 2018-04-03T18:00:00+09:00}
sections:
  summary: {ja: 概要, en: summary}
conditions:
  - {service: game-01, text: {ja: 退避, en: backup}, check: {by: sign_off}}
`
	for i, want := range []string{"{6 1 0}", "{0 0 7}"} {
		f, err := script.Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.ApplyFile(t.Context(), "sato", f)
		if err != nil || fmt.Sprint(n) != want {
			t.Fatalf("time %d: %v, %v; want %s", i+1, n, err, want)
		}
	}
	c, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Facts) != 2 || c.Fact("cause").Value != "mistake" || c.Timeline[len(c.Timeline)-1].What != "interview" || c.Section("summary").EN != "summary" {
		t.Errorf("case %+v", c)
	}
}

func TestThePatrolRunsWhatIsDueAndSaysNothingTwice(t *testing.T) {
	t.Parallel()
	s := opened(t)
	now := jst(3, 0, 0)
	s.Service.Now = func() time.Time { return now }
	placed(t, s, "sato", &investigate.Containment{At: jst(1, 0, 0), Action: "disable_account", Target: "staff01", Text: phrase("disabled")}, 0)
	placed(t, s, "sato", &investigate.Measure{Text: phrase("logs"), Status: "ongoing", Check: investigate.Check{By: "coverage", Sources: []string{"vpn"}, Days: 1, Every: 7}}, 0)
	placed(t, s, "sato", &investigate.Measure{Text: phrase("once"), Status: "done", Check: investigate.Check{By: "coverage", Sources: []string{"vpn"}, Days: 1}}, 0)
	for hour, want := range [...][3]int{{1, 1, 0}, {1, 1, 0}, {1, 1, 0}} {
		if err := s.Patrol(t.Context()); err != nil {
			t.Fatal(err)
		}
		c, err := s.Case(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		got := [3]int{len(c.Containments[0].Results), len(c.Measures[0].Results), len(c.Measures[1].Results)}
		if got != want {
			t.Errorf("after %d hours there are %v results, want %v", hour, got, want)
		}
		now = now.Add(time.Hour)
	}
	now = now.AddDate(0, 0, 7)
	if err := s.Patrol(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Measures[0].Results); n != 2 || c.Measures[0].Last().State == investigate.Met {
		t.Errorf("a week later there are %d results, the last %+v", n, c.Measures[0].Last())
	}
}

func TestWhatIsHandedOverIsMaskedUnlessSomebodySaysWhy(t *testing.T) {
	t.Parallel()
	s := started(t)
	dir := t.TempDir()
	put(t, dir, "app/app.jsonl", `{"time":"2018-04-02T10:00:00+09:00","user":"sato","msg":"order of card 4111111111111111"}`+"\n"+`{"time":"2018-04-02T10:00:01+09:00","user":"=cmd|x","msg":"order of card 5500005555555559"}`+"\n")
	imported(t, s, dir)
	openCase(t, s)
	sc := placed(t, s, "sato", &investigate.Scope{Text: phrase("orders"), Of: "records", Query: `"order of card"`}, 0)
	list := func(by auth.Person, why string) (string, error) {
		var b strings.Builder
		_, err := s.HandOver(t.Context(), by, "c1", sc.ID, why, &b)
		return b.String(), err
	}
	text, err := list(auth.Person{Name: "viewer", Role: auth.RoleViewer}, "")
	if err != nil || strings.Contains(text, "4111111111111111") || strings.Count(text, "\n") != 3 || strings.Contains(text, ",=cmd") {
		t.Errorf("%v: %s", err, text)
	}
	if _, err := list(auth.Person{Name: "viewer", Role: auth.RoleViewer}, "curious"); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("a viewer read it unmasked: %v", err)
	}
	if text, err = list(auth.Person{Name: "sato", Role: auth.RoleAnalyst}, "for the card companies"); err != nil || !strings.Contains(text, "4111111111111111") {
		t.Errorf("%v: %s", err, text)
	}
	if said := own(t, s, event.SourceAccess); !strings.Contains(string(said[len(said)-1].Raw), "for the card companies") {
		t.Errorf("who read it is not recorded: %s", said[len(said)-1].Raw)
	}
}

func TestAnIssuedReportStaysAsItWasIssued(t *testing.T) {
	t.Parallel()
	s := opened(t)
	v, err := s.Issue(t.Context(), "sato", "c1", "final")
	if err != nil {
		t.Fatal(err)
	}
	read := func(v *investigate.Version, name string) string {
		var b strings.Builder
		if err := s.Issued(t.Context(), "ito", "c1", v.ID, name, &b); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256([]byte(b.String())); hex.EncodeToString(sum[:]) != v.Files[name] {
			t.Errorf("%s is not what the version says", name)
		}
		return b.String()
	}
	before := read(v, "en.md")
	placed(t, s, "sato", &investigate.Row{At: jst(2, 17, 0), Text: phrase("a second trace")}, 0)
	again, err := s.Issue(t.Context(), "sato", "c1", "final")
	if err != nil || again.Number != 2 || !strings.Contains(read(again, "en.md"), "a second trace") {
		t.Fatalf("%+v %v", again, err)
	}
	if read(v, "en.md") != before || strings.Contains(before, "a second trace") {
		t.Error("the first version changed")
	}
	c, err := s.Case(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	if then := c.Versions[0].Then; then == nil || len(then.Timeline) != 1 || len(c.Timeline) != 2 {
		t.Errorf("then the case was %+v", then)
	}
	if err := s.Withdraw(t.Context(), "sato", "c1", investigate.KindVersion, v.ID, phrase("oops")); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("an issued report was taken back: %v", err)
	}
	if _, err := s.Put(t.Context(), "sato", "c1", &investigate.Version{Report: "first", At: jst(1, 0, 0), Files: map[string]string{"x": "y"}}, 0); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("a version was made by hand: %v", err)
	}
}

func TestADeadlineMovesWithTheCauseAndIsSaidWhenNear(t *testing.T) {
	t.Parallel()
	s := opened(t)
	now := jst(4, 0, 0)
	s.Service.Now = func() time.Time { return now }
	fact := func(key, value string, known time.Time) {
		t.Helper()
		base := uint64(0)
		if p, err := s.Part(t.Context(), "c1", investigate.KindFact, key, 0); err == nil {
			base = p.Common().Recorded
		}
		placed(t, s, "sato", &investigate.Fact{Head: investigate.Head{ID: key}, Value: value, Known: known}, base)
	}
	due := func(id string) duty.Duty {
		t.Helper()
		list, err := s.Duties(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(d duty.Duty) bool { return d.Rule.ID == id })
		if i < 0 {
			t.Fatalf("no deadline %s", id)
		}
		return list[i]
	}
	fact("aware", "2018-04-02T17:00:00+09:00", jst(2, 17, 0))
	fact("personal_data", "yes", jst(2, 17, 0))
	fact("cause", "malicious", jst(2, 18, 0))
	fact("persons", "2000", jst(2, 18, 0))
	long := due("appi-final").Due.Latest
	fact("cause", "mistake", jst(3, 18, 0))
	moved := due("appi-final")
	if days := long.Sub(moved.Due.Latest).Hours() / 24; days != 30 || len(moved.History) < 2 {
		t.Errorf("the final report is due %s, %s before; history %+v", moved.Due.Latest, long, moved.History)
	}
	if moved.Open() == 0 || len(moved.Items) != 9 || len(moved.Items[2].Fills) == 0 {
		t.Errorf("items %+v", moved.Items)
	}
	if _, err := s.Put(t.Context(), "sato", "c1", &investigate.Fact{Head: investigate.Head{ID: "sensitive"}, Value: "aliens"}, 0); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	late := &investigate.Submission{Clock: "appi-preliminary", At: jst(20, 0, 0), Proof: phrase("receipt 12")}
	if _, err := s.Put(t.Context(), "sato", "c1", late, 0); !errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), "why it is late") {
		t.Errorf("late without a reason: %v", err)
	}
	now = moved.Due.Earliest.Add(-24 * time.Hour)
	for range 2 {
		if err := s.Patrol(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	n := map[string]int{}
	for _, f := range findings(t, s) {
		n[f.RuleID+" "+f.Object]++
	}
	if n["deadline-due-soon appi-final"] != 1 || n["deadline-late appi-preliminary"] != 1 {
		t.Errorf("findings %v", n)
	}
	placed(t, s, "sato", &investigate.Submission{Clock: "appi-final", At: now, Proof: phrase("receipt 13")}, 0)
	if d := due("appi-final"); d.State != clock.InTime {
		t.Errorf("state %s", d.State)
	}
	var ics strings.Builder
	if err := s.Calendar(t.Context(), "c1", "ja", &ics); err != nil || !strings.Contains(ics.String(), "BEGIN:VEVENT") {
		t.Errorf("%v %s", err, ics.String())
	}
}

func TestAFindingIsNoSecondSightOfWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	s := opened(t)
	all := search(t, s, "user:staff01")
	own := 0
	for i := range all.Events {
		if event.IsOwn(all.Events[i].Source) {
			own++
		}
	}
	if own == 0 {
		t.Fatal("no finding about staff01: nothing is tried")
	}
	sc := placed(t, s, "sato", &investigate.Scope{Text: phrase("events"), Of: "records", Query: "user:staff01"}, 0)
	if got := *sc.Number.Min; got != int64(len(all.Events)-own) {
		t.Errorf("%d records, want %d", got, len(all.Events)-own)
	}
	for _, seq := range sc.Cites {
		if rec, err := s.Vault().Get(t.Context(), seq); err != nil || event.IsOwn(rec.Source) {
			t.Errorf("record %d of %s is cited: %v", seq, rec.Source, err)
		}
	}
	found := placed(t, s, "sato", &investigate.Scope{Text: phrase("findings"), Of: "records", Query: "source:konseki.finding user:staff01"}, 0)
	if *found.Number.Min != int64(own) {
		t.Errorf("%d findings, want %d", *found.Number.Min, own)
	}
}
