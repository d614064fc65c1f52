package webtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/clock"
	"github.com/konseki/konseki/internal/investigate/duty"
	"github.com/konseki/konseki/internal/investigate/lint"
)

// firstOperation is the number of the record of the first operation on a case.
const firstOperation = 1_000_000

// operate folds one operation, as the vault's records are folded.
func (o *Ops) operate(op investigate.Operation) (uint64, error) {
	if o.Fail != nil {
		return 0, o.Fail
	}
	if op.At.IsZero() {
		op.At = o.Now
	}
	if err := op.Validate(); err != nil {
		return 0, err
	}
	raw, err := op.Encode()
	if err != nil {
		return 0, err
	}
	o.nextID++
	seq := uint64(firstOperation + o.nextID)
	return seq, o.desk.Apply(event.Record{Seq: seq, Raw: raw})
}

// Cases lists the cases.
func (o *Ops) Cases(context.Context) ([]*control.Case, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	return o.desk.Cases(), nil
}

// Case returns one case.
func (o *Ops) Case(_ context.Context, id string) (*control.Case, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	c := o.desk.Case(id)
	if c == nil {
		return nil, fmt.Errorf("case %s: %w", id, control.ErrNotFound)
	}
	snapshot := *c
	return &snapshot, nil
}

// OpenCase opens a case unless one has the id.
func (o *Ops) OpenCase(ctx context.Context, by, id string, title event.Phrase) (*control.Case, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.desk.Case(id) != nil {
		return nil, fmt.Errorf("%w: choose another number than %q", control.ErrInvalid, id)
	}
	if _, err := o.operate(investigate.Operation{Case: id, Op: "open", By: by, Title: title}); err != nil {
		return nil, err
	}
	return o.Case(ctx, id)
}

// Put records a part, merged with what others made of it since base.
func (o *Ops) Put(ctx context.Context, by, id string, p investigate.Part, base uint64) (investigate.Part, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.Case(ctx, id); err != nil {
		return nil, err
	}
	k, name := p.Kind(), p.Common().ID
	if theirs := o.desk.Part(id, k, name, 0); theirs != nil && theirs.Common().Recorded != base {
		was := o.desk.Part(id, k, name, base)
		if base == 0 || was == nil {
			return nil, &investigate.Conflict{Mine: p, Theirs: theirs, Fields: []string{"id"}}
		}
		merged, err := investigate.Merge(was, p, theirs)
		if err != nil {
			return nil, err
		}
		p = merged
	}
	return o.put(by, id, p)
}

// put weighs and records a part.
func (o *Ops) put(by, id string, p investigate.Part) (investigate.Part, error) {
	p, err := o.weigh(id, p)
	if err != nil {
		return nil, err
	}
	op, err := investigate.Putting(id, by, o.Now, p)
	if err != nil {
		return nil, err
	}
	seq, err := o.operate(op)
	if err != nil {
		return nil, err
	}
	return o.desk.PutBy(id, p.Kind(), seq), nil
}

// Weigh computes what a part would say.
func (o *Ops) Weigh(_ context.Context, id string, p investigate.Part) (investigate.Part, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.weigh(id, p)
}

func (o *Ops) weigh(id string, p investigate.Part) (investigate.Part, error) {
	p, err := investigate.ClonePart(p)
	if err != nil {
		return nil, err
	}
	switch p := p.(type) {
	case *investigate.Row:
		if p.Precision == "" {
			p.Precision = investigate.Exact
		}
		p.What = cmp.Or(p.What, "event")
	case *investigate.Statement:
		p.Answer = nil
		if p.Query != "" {
			from, to := p.From, p.To
			if from.IsZero() && to.IsZero() { // all there is
				from, to = at("2018-01-01 00:00:00"), at("2018-03-05 00:00:00")
			}
			p.Answer = new(o.answer(o.count(p.Query), from, to, p.Sources))
		}
	case *investigate.Question:
		if p.Answer.Verdict == "" {
			p.Answer = o.answer(o.count(p.Query), p.From, p.To, nil)
		}
	}
	_, err = investigate.Putting(id, "", o.Now, p)
	return p, err
}

// count is how many events a query finds.
func (o *Ops) count(query string) int {
	if query == "" {
		return 0
	}
	n := 0
	for i := range o.events {
		if matchesAll(&o.events[i], query) {
			n++
		}
	}
	return n
}

// Part is a part as it stands, or as a version of it was.
func (o *Ops) Part(_ context.Context, id string, k investigate.Kind, name string, version uint64) (investigate.Part, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	p := o.desk.Part(id, k, name, version)
	if p == nil {
		return nil, fmt.Errorf("%s %s: %w", k, name, control.ErrNotFound)
	}
	return investigate.ClonePart(p)
}

// Withdraw says that a part is no longer upheld.
func (o *Ops) Withdraw(_ context.Context, by, id string, k investigate.Kind, name string, reason event.Phrase) error {
	return o.change(investigate.Operation{Case: id, Op: "withdraw", By: by, Kind: k, ID: name, Reason: reason})
}

// Sign signs a part off; not by whoever wrote it.
func (o *Ops) Sign(_ context.Context, by, id string, k investigate.Kind, name string) error {
	if p := o.desk.Part(id, k, name, 0); p != nil && p.Common().By == by {
		return fmt.Errorf("%w: %s wrote this %s and cannot sign it off: a second person has to", control.ErrInvalid, by, k)
	}
	return o.change(investigate.Operation{Case: id, Op: "sign", By: by, Kind: k, ID: name})
}

// Override lets a part count as dealt with.
func (o *Ops) Override(_ context.Context, by, id string, k investigate.Kind, name string, reason event.Phrase) error {
	return o.change(investigate.Operation{Case: id, Op: "override", By: by, Kind: k, ID: name, Reason: reason})
}

// CloseCase closes a case.
func (o *Ops) CloseCase(_ context.Context, by, id string, reason event.Phrase) error {
	return o.change(investigate.Operation{Case: id, Op: "close", By: by, Reason: reason})
}

// ReopenCase opens a case again.
func (o *Ops) ReopenCase(_ context.Context, by, id string) error {
	return o.change(investigate.Operation{Case: id, Op: "reopen", By: by})
}

func (o *Ops) change(op investigate.Operation) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.operate(op)
	return err
}

// Check finds every part that it checks unknown, but for containments, whose
// target was seen.
func (o *Ops) Check(ctx context.Context, by, id string, k investigate.Kind, name string) ([]casework.Outcome, error) {
	c, err := o.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []casework.Outcome
	run := func(kind investigate.Kind, part string, text event.Phrase, r investigate.Result) {
		if err != nil || k != "" && k != kind || name != "" && name != part {
			return
		}
		err = o.change(investigate.Operation{Case: id, Op: "result", By: by, Kind: kind, ID: part, Result: &r})
		out = append(out, casework.Outcome{Kind: kind, ID: part, Text: text, Result: r})
	}
	unknown := investigate.Result{State: investigate.Unknown, Because: both("ログが揃っておらず判断できない", "the logs are not complete enough to tell")}
	for i := range c.Containments {
		p := &c.Containments[i]
		run(investigate.KindContainment, p.ID, p.Text, investigate.Result{State: investigate.NotMet, Count: 3, Cites: []uint64{o.find("2018-03-03 20:17:11")},
			Because: both("あってはならない記録が 3 件ある", "3 events that should not be")})
	}
	for i := range c.Conditions {
		run(investigate.KindCondition, c.Conditions[i].ID, c.Conditions[i].Text, unknown)
	}
	for i := range c.Measures {
		run(investigate.KindMeasure, c.Measures[i].ID, c.Measures[i].Text, unknown)
	}
	return out, err
}

// Issue issues a version whose documents are a line each.
func (o *Ops) Issue(ctx context.Context, by, id, kind string) (*investigate.Version, error) {
	c, err := o.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &investigate.Version{Report: kind, Number: 1, At: o.Now, Files: map[string]string{}, Drafts: 4}
	for i := range c.Versions {
		if c.Versions[i].Report == kind {
			v.Number++
		}
	}
	for _, name := range []string{"ja.html", "ja.md", "en.html", "en.md"} {
		v.Files[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(kind+name)))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	made, err := o.put(by, id, v)
	if err != nil {
		return nil, err
	}
	return made.(*investigate.Version), nil
}

// Issued writes a document of a version.
func (o *Ops) Issued(ctx context.Context, _, id, version, name string, w io.Writer) error {
	if _, err := o.Part(ctx, id, investigate.KindVersion, version, 0); err != nil {
		return err
	}
	_, err := io.WriteString(w, "issued "+version+" "+name)
	return err
}

// Duties are the deadlines of the case.
func (o *Ops) Duties(ctx context.Context, id string) ([]duty.Duty, error) {
	c, err := o.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	book, err := clock.Open()
	if err != nil {
		return nil, err
	}
	return duty.Of(c, book, o.Now, tokyo())
}

// Calendar writes them as iCalendar.
func (o *Ops) Calendar(ctx context.Context, id, lang string, w io.Writer) error {
	list, err := o.Duties(ctx, id)
	if err != nil {
		return err
	}
	clocks := make([]clock.Clock, len(list))
	for i := range list {
		clocks[i] = list[i].Clock
	}
	_, err = w.Write(clock.ICalendar(clocks, id, o.Now, lang))
	return err
}

// Lint finds where the case contradicts itself.
func (o *Ops) Lint(ctx context.Context, _, id string) ([]lint.Problem, error) {
	c, err := o.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	return lint.Check(ctx, c, witness{o}, tokyo())
}

// LintPart is what Lint would say of a part.
func (o *Ops) LintPart(ctx context.Context, id string, p investigate.Part) ([]lint.Problem, error) {
	c, err := o.Case(ctx, id)
	if err != nil {
		return nil, err
	}
	with, name := c.With(p)
	all, err := lint.Check(ctx, with, witness{o}, tokyo())
	return slices.DeleteFunc(all, func(x lint.Problem) bool {
		return !slices.Contains(x.Where, lint.Ref{Kind: p.Kind(), ID: name})
	}), err
}

// witness is what the records of the investigation say.
type witness struct{ o *Ops }

// Record tells of a record.
func (w witness) Record(_ context.Context, seq uint64) (lint.Sighting, bool) {
	if seq == 0 || seq > uint64(len(w.o.events)) {
		return lint.Sighting{}, false
	}
	ev := &w.o.events[seq-1]
	return lint.Sighting{At: ev.Time, Source: ev.Source, Item: ev.Object}, true
}

// Find counts what a query finds.
func (w witness) Find(_ context.Context, query string, _ []string, from, to time.Time) (n int64, first []uint64, err error) {
	for i := range w.o.events {
		ev := &w.o.events[i]
		if !matchesAll(ev, query) || ev.Time.Before(from) || !to.IsZero() && !ev.Time.Before(to) {
			continue
		}
		if n++; len(first) < 20 {
			first = append(first, ev.Record)
		}
	}
	return n, first, nil
}

// AddRows adds n rows to the timeline of the case, a minute apart.
func (o *Ops) AddRows(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range n {
		o.must(o.put("k.sato", "2018-001", &investigate.Row{At: o.Now.Add(-time.Duration(n-i) * time.Minute), Precision: investigate.Exact, What: "event",
			Text: both(fmt.Sprintf("行 %d", i), fmt.Sprintf("row %d", i)), Cites: []uint64{uint64(i%100 + 1)}}))
	}
}

// AddStatements adds n statements to the case.
func (o *Ops) AddStatements(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range n {
		o.must(o.put("k.sato", "2018-001", &investigate.Statement{Certainty: investigate.Confirmed, Text: both(fmt.Sprintf("文 %d", i), fmt.Sprintf("statement %d", i)), Cites: []uint64{uint64(i%100 + 1)}}))
	}
}

// must is for what this file makes up.
func (o *Ops) must(_ investigate.Part, err error) {
	if err != nil {
		panic(err)
	}
}

// openCase opens the case, as people and their operations would have.
func (o *Ops) openCase() {
	const id, by = "2018-001", "k.sato"
	_, err := o.operate(investigate.Operation{Case: id, Op: "open", By: by, At: at("2018-03-01 13:05:00"), Title: both("VPN・チャットの認証情報窃取とサーバー一括消去", "Stolen VPN and chat credentials, servers wiped")})
	if err != nil {
		panic(err)
	}
	var parts []investigate.Part
	for _, r := range o.timeline() {
		parts = append(parts, &r)
	}
	for _, q := range o.board() {
		parts = append(parts, &q)
	}
	for _, st := range o.statements() {
		parts = append(parts, &st)
	}
	for _, p := range slices.Concat(parts, o.people(), o.promises()) {
		o.must(o.put(by, id, p))
	}
	o.promised(id, by)
}

// promised is what became of checks, and who signed.
func (o *Ops) promised(id, by string) {
	for _, s := range []struct {
		kind  investigate.Kind
		id    string
		state investigate.State
		ja    string
		en    string
		n     int64
	}{
		{investigate.KindContainment, "con1", investigate.NotMet, "あってはならない記録が 3 件ある", "3 events that should not be", 3},
		{investigate.KindContainment, "con2", investigate.Met, "該当する記録はなく、ログは揃っている", "no such event, and the logs are complete", 0},
		{investigate.KindContainment, "con3", investigate.Unknown, "DC 網のログは提供されていない", "the logs of the DC network were refused", 0},
		{investigate.KindCondition, "c1", investigate.Met, "該当する記録はなく、ログは揃っている", "no such event, and the logs are complete", 0},
		{investigate.KindCondition, "c2", investigate.Unknown, "ログが揃っておらず判断できない", "the logs are not complete enough to tell", 0},
		{investigate.KindCondition, "c4", investigate.NotMet, "証跡がまだ示されていない", "no evidence has been given yet", 0},
		{investigate.KindMeasure, "m1", investigate.Met, "すべてのログ源が揃っている", "every source is complete", 0},
		{investigate.KindMeasure, "m1", investigate.NotMet, "firewall は 2018-03-04T00:00:00Z から「記録なし」", "firewall is “silent” from 2018-03-04T00:00:00Z", 0},
	} {
		r := investigate.Result{State: s.state, Count: s.n, Because: both(s.ja, s.en)}
		if s.n > 0 {
			r.Cites = []uint64{o.find("2018-03-03 20:17:11")}
		}
		if _, err := o.operate(investigate.Operation{Case: id, Op: "result", By: by, Kind: s.kind, ID: s.id, Result: &r}); err != nil {
			panic(err)
		}
	}
	if _, err := o.operate(investigate.Operation{Case: id, Op: "sign", By: "m.ito", Kind: investigate.KindCondition, ID: "c1"}); err != nil {
		panic(err)
	}
	if _, err := o.operate(investigate.Operation{Case: id, Op: "override", By: "m.ito", Kind: investigate.KindCondition, ID: "c4", Reason: both("保守の窓の間だけ、手動で監視する", "watched by hand during the maintenance window")}); err != nil {
		panic(err)
	}
}

func number(least, most int64, unit, ja, en string) *investigate.Number {
	n := &investigate.Number{Min: &least, Unit: unit, Basis: both(ja, en)}
	if most > 0 {
		n.Max = &most
	}
	return n
}

// people are the names of the case, whom it was told to, and what they do.
func (o *Ops) people() []investigate.Part {
	return []investigate.Part{
		&investigate.Entity{Type: "person", Real: "佐藤 花子", Public: both("A", "A"), Role: "victim", Aliases: []string{"h.sato"}, Note: both("営業部", "sales")},
		&investigate.Entity{Type: "account", Real: "t.mori", Public: both("B", "B"), Role: "victim"},
		&investigate.Entity{Type: "address", Real: Intruder, Public: both("接続元 X", "address X"), Role: "intruder", Indicator: true},
		&investigate.Scope{Text: both("消去されたサーバー", "servers wiped"), Of: "hosts", Number: number(115, 115, "hosts", "資産台帳と起動確認", "inventory and boot checks")},
		&investigate.Scope{Text: both("漏えいの可能性がある顧客", "customers whose data may have leaked"), Of: "persons", Number: number(0, 4200, "persons", "外部送信の記録が揃っていない", "the records of transfers are not complete")},
		&investigate.Told{Recipient: both("個人情報保護委員会", "Personal Information Protection Commission"), Group: "authority", At: at("2018-03-04 17:00:00"), Channel: "form", Text: both("速報を提出した", "preliminary report handed in")},
		&investigate.Told{Recipient: both("プラットフォーム 13 社", "13 platforms"), Group: "partners", At: at("2018-03-04 00:00:00"), Precision: investigate.About, Channel: "mail", Text: both("停止の事実と再開の条件", "that services are down, and when they reopen")},
		&investigate.Task{Text: both("データセンターに FW のログを照会", "ask the data centre for its firewall logs"), Owner: "m.ito", Due: at("2018-03-06 12:00:00"), Status: "open"},
		&investigate.Task{Text: both("全社員のパスワードを再設定", "reset every password"), Owner: "t.abe", Due: at("2018-03-04 09:00:00"), Status: "open"},
		&investigate.Decision{At: at("2018-03-03 21:00:00"), Who: "CISO", Text: both("VPN を全停止する", "stop the VPN altogether"), Grounds: both("停止したアカウントのセッションが残るため", "because sessions outlive suspended accounts")},
		&investigate.Section{Head: investigate.Head{ID: "summary"}, Text: both("2018 年 1 月から 3 月にかけ、盗まれた認証情報により社内に侵入され、サーバー 115 台が消去された。", "From January to March 2018 an intruder used stolen credentials and wiped 115 servers.")},
	}
}

// promises are containments, conditions, measures and what deadlines follow from.
func (o *Ops) promises() []investigate.Part {
	none := investigate.Check{By: "query", Query: "src_ip:" + Intruder, Days: 7, Every: 1}
	signed := investigate.Check{By: "sign_off"}
	return []investigate.Part{
		&investigate.Containment{At: at("2018-03-03 20:00:00"), Action: "disable_account", Target: "t.mori", Text: both("B の VPN アカウントを停止", "VPN account B suspended")},
		&investigate.Containment{At: at("2018-03-03 20:05:00"), Action: "block_address", Target: Intruder, Text: both("接続元 X を遮断", "address X blocked")},
		&investigate.Containment{At: at("2018-03-01 14:00:00"), Action: "isolate_host", Target: "dc-jump-01", Text: both("DC の踏み台を隔離", "DC jump host isolated")},
		&investigate.Condition{Service: "天空の城塞", Platform: "iOS", Text: both("接続元 X の活動がない", "no activity of address X"), Check: none},
		&investigate.Condition{Service: "天空の城塞", Platform: "Android", Text: both("接続元 X の活動がない", "no activity of address X"), Check: none},
		&investigate.Condition{Service: "天空の城塞", Platform: "iOS", Text: both("バックアップの復元を確認", "a restore was tried"), Check: signed},
		&investigate.Condition{Service: "双剣オンライン", Platform: "iOS", Text: both("接続元 X の活動がない", "no activity of address X"), Check: investigate.Check{By: "evidence"}},
		&investigate.Condition{Service: "双剣オンライン", Platform: "iOS", Text: both("バックアップの復元を確認", "a restore was tried"), Check: signed},
		&investigate.Measure{Text: both("ログを社外の保管先へ集める", "logs are gathered out of the company's reach"), Status: "done", Term: "short", Area: "technical", Owner: "m.ito", Due: at("2018-04-30 00:00:00"),
			Check: investigate.Check{By: "coverage", Sources: []string{"firewall"}, Days: 30, Every: 7}, Controls: []string{"CIS 8.9"}},
		&investigate.Measure{Text: both("VPN に多要素認証を導入", "multi-factor sign-in on the VPN"), Status: "ongoing", Term: "short", Area: "technical", Owner: "t.abe", Due: at("2018-03-02 00:00:00"), Check: signed},
		&investigate.Fact{Head: investigate.Head{ID: "aware"}, Value: "2018-03-01T11:40:00+09:00", Note: both("監視の検知", "monitoring noticed")},
		&investigate.Fact{Head: investigate.Head{ID: "personal_data"}, Value: "yes"},
		&investigate.Fact{Head: investigate.Head{ID: "cause"}, Value: "mistake", Known: at("2018-03-01 13:00:00")},
		&investigate.Fact{Head: investigate.Head{ID: "cause"}, Value: "malicious", Known: at("2018-03-03 15:30:00"), Note: both("同じ接続元の記録", "records of the same address")},
		&investigate.Clock{Name: both("配信会社への通知", "notice to the platforms"), Start: "aware", Within: "72h", Recipient: both("プラットフォーム 13 社", "13 platforms"), Items: []event.Phrase{both("停止の範囲", "what is down"), both("再開の見込み", "when it reopens")}, Basis: both("配信契約 第 12 条", "platform agreement, clause 12")},
	}
}
