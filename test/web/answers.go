package webtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/query"
)

// window fills open ends with the ends of the investigation.
func window(q control.Search) (from, to time.Time) {
	from, to = q.From, q.To
	if from.IsZero() {
		from = at("2018-01-01 00:00:00")
	}
	if to.IsZero() {
		to = at("2018-03-05 00:00:00")
	}
	return from, to
}

// matches runs the few shapes of query that the tests write.
func (o *Ops) matches(q control.Search) ([]*event.Event, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	if _, err := query.Parse(q.Query, query.Options{Zone: tokyo(), Now: o.Now}); err != nil {
		return nil, err
	}
	from, to := window(q)
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []*event.Event
	for i := range slices.Backward(o.events) {
		ev := &o.events[i]
		if !ev.Time.Before(from) && ev.Time.Before(to) && matchesAll(ev, q.Query) {
			list = append(list, ev)
		}
	}
	return list, nil
}

func matchesAll(ev *event.Event, query string) bool {
	for term := range strings.SplitSeq(query, " AND ") {
		term = strings.TrimSpace(term)
		rest, not := strings.CutPrefix(term, "NOT ")
		if rest != "" && matchesOne(ev, rest) == not {
			return false
		}
	}
	return true
}

func matchesOne(ev *event.Event, term string) bool {
	field, value, ok := strings.Cut(term, ":")
	if !ok {
		return strings.Contains(ev.Message, term)
	}
	if u, err := strconv.Unquote(value); err == nil {
		value = u
	}
	switch field {
	case "src_ip", "ip":
		return ev.SrcIP == value
	case "actor_user", "user":
		return ev.ActorUser == value
	case "source":
		return ev.Source == value
	case "host":
		return ev.Host == value
	case "status_id", "status":
		return strconv.Itoa(int(ev.StatusID)) == value
	case "class_uid", "class":
		return strconv.Itoa(int(ev.ClassUID)) == value || event.ClassName(ev.ClassUID) == value
	}
	return false
}

// answer qualifies a number of events found.
func (o *Ops) answer(found int, from, to time.Time, only []string) control.Answer {
	a := control.Answer{Verdict: coverage.Found, From: from, To: to, Found: int64(found), Coverage: o.covered(from, to, only)}
	if found > 0 {
		return a
	}
	a.Verdict = coverage.NotFoundCovered
	a.Because = []event.Phrase{both("同じ期間の同じログ源に 4,112 件の記録がある（陽性対照）", "the same sources hold 4,112 records in this window (positive control)")}
	for _, sc := range a.Coverage {
		if sc.State != coverage.Complete {
			a.Verdict = coverage.VerdictUnknown
			a.Because = append(a.Because, both(sc.Source+" はこの期間の一部について何も言えない", sc.Source+" cannot tell about a part of this window"))
		}
	}
	return a
}

// Search finds events by the simple terms that tests write.
func (o *Ops) Search(_ context.Context, _ string, q control.Search) (*control.Result, error) {
	list, err := o.matches(q)
	if err != nil {
		return nil, err
	}
	from, to := window(q)
	skip, _ := strconv.Atoi(q.After)
	r := &control.Result{Total: int64(len(list)), All: 4_182_906, Took: 38 * time.Millisecond, From: from, To: to, Query: q.Query,
		Answer: o.answer(len(list), from, to, nil)}
	for _, ev := range list[min(skip, len(list)):] {
		if len(r.Events) == cmp.Or(q.Limit, 100) {
			r.Next = strconv.Itoa(skip + len(r.Events))
			break
		}
		r.Events = append(r.Events, *ev)
	}
	return r, nil
}

// Histogram counts the events of a search.
func (o *Ops) Histogram(_ context.Context, _ string, q control.Search, n int) (*control.Histogram, error) {
	list, err := o.matches(q)
	if err != nil {
		return nil, err
	}
	from, to := window(q)
	h := &control.Histogram{From: from, To: to, Width: to.Sub(from) / time.Duration(n), Coverage: o.covered(from, to, nil)}
	counts := map[string]int{}
	for _, ev := range list {
		counts[ev.Source]++
	}
	h.Sources = slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	h.Buckets = make([]control.Bucket, n)
	for i := range h.Buckets {
		h.Buckets[i] = control.Bucket{Start: from.Add(time.Duration(i) * h.Width), Counts: make([]int64, len(h.Sources))}
	}
	for _, ev := range list {
		h.Buckets[min(n-1, int(ev.Time.Sub(from)/max(1, h.Width)))].Counts[slices.Index(h.Sources, ev.Source)]++
	}
	for _, m := range [][3]string{{"2018-01-07 09:58:00", "初痕 01/07 09:58", "first trace 01/07"}, {"2018-01-09 21:18:00", "01/09 D", "01/09 D"},
		{"2018-02-02 22:41:00", "02/02 A·B", "02/02 A·B"}, {"2018-03-01 12:12:50", "03/01 消去", "03/01 wipe"}, {"2018-03-03 11:08:34", "03/03 VPN", "03/03 VPN"}} {
		h.Marks = append(h.Marks, control.Mark{At: at(m[0]), Label: both(m[1], m[2]), Level: "high"})
	}
	return h, nil
}

// Facets counts the usual columns of a search.
func (o *Ops) Facets(_ context.Context, _ string, q control.Search) ([]control.Facet, error) {
	list, err := o.matches(q)
	if err != nil {
		return nil, err
	}
	var out []control.Facet
	for _, f := range []struct {
		column string
		label  event.Phrase
		value  func(*event.Event) (string, event.Phrase)
	}{
		{"actor_user", both("アカウント", "Account"), func(e *event.Event) (string, event.Phrase) { return e.ActorUser, event.Phrase{} }},
		{"src_ip", both("接続元", "Address"), func(e *event.Event) (string, event.Phrase) { return e.SrcIP, event.Phrase{} }},
		{"source", both("ログ源", "Source"), func(e *event.Event) (string, event.Phrase) { return e.Source, event.Phrase{} }},
		{"status_id", both("結果", "Result"), func(e *event.Event) (string, event.Phrase) {
			if e.StatusID == event.StatusFailure {
				return "2", both("失敗", "failure")
			}
			return "1", both("成功", "success")
		}},
		{"class_uid", both("分類", "Class"), func(e *event.Event) (string, event.Phrase) {
			return strconv.Itoa(int(e.ClassUID)), both(event.ClassName(e.ClassUID), event.ClassName(e.ClassUID))
		}},
	} {
		counts, labels := map[string]int64{}, map[string]event.Phrase{}
		for _, ev := range list {
			value, label := f.value(ev)
			counts[value]++
			labels[value] = label
		}
		facet := control.Facet{Column: f.column, Label: f.label}
		for _, value := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) }) {
			if value != "" && len(facet.Values) < 6 {
				facet.Values = append(facet.Values, control.FacetValue{Value: value, Label: labels[value], Count: counts[value]})
			}
		}
		out = append(out, facet)
	}
	return out, nil
}

// Pivot tells what is known of one value.
func (o *Ops) Pivot(_ context.Context, _, kind, value string, from, to time.Time) (*control.Pivot, error) {
	list, err := o.matches(control.Search{Query: kind + ":" + strconv.Quote(value), From: from, To: to})
	if err != nil {
		return nil, err
	}
	p := &control.Pivot{Kind: kind, Value: value, Count: int64(len(list)), Inside: strings.HasPrefix(value, "192.0.2.")}
	if len(list) > 0 {
		p.First, p.Last = list[len(list)-1].Time, list[0].Time
	}
	p.Sources = related(list, func(e *event.Event) string { return e.Source })
	p.Hosts = related(list, func(e *event.Event) string { return e.Host })
	if kind != "user" {
		p.Users = related(list, func(e *event.Event) string { return e.ActorUser })
	}
	if kind != "ip" {
		p.Addresses = related(list, func(e *event.Event) string { return e.SrcIP })
	}
	if value == Intruder {
		p.Findings = o.found()
	}
	f, t := window(control.Search{From: from, To: to})
	p.Answer = o.answer(len(list), f, t, nil)
	return p, nil
}

func related(list []*event.Event, value func(*event.Event) string) []control.Related {
	byValue := map[string]*control.Related{}
	for _, ev := range list {
		v := value(ev)
		r := byValue[v]
		if r == nil {
			r = &control.Related{Value: v, First: ev.Time, Last: ev.Time}
			byValue[v] = r
		}
		r.Count++
		r.First, r.Last = earlier(r.First, ev.Time), later(r.Last, ev.Time)
		if ev.StatusID == event.StatusFailure {
			r.Failures++
		}
		if !slices.Contains(r.Sources, ev.Source) {
			r.Sources = append(r.Sources, ev.Source)
		}
	}
	var out []control.Related
	for _, key := range slices.Sorted(maps.Keys(byValue)) {
		out = append(out, *byValue[key])
	}
	return out
}

// Ask answers with a search for the account or address.
func (o *Ops) Ask(ctx context.Context, by string, q control.Ask) (*control.Result, error) {
	query := "user:" + q.Account
	if q.Address != "" {
		query = "ip:" + q.Address
	}
	return o.Search(ctx, by, control.Search{Query: query, From: q.From, To: q.To})
}

// record is a record as it was received.
func (o *Ops) record(_ context.Context, _ string, seq uint64) (*control.Record, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq == 0 || seq > uint64(len(o.events)) {
		return nil, fmt.Errorf("record %d: %w", seq, control.ErrNotFound)
	}
	ev := o.events[seq-1]
	raw := o.raw[seq]
	return &control.Record{
		Record: event.Record{Seq: seq, Received: ev.Time.Add(time.Second), Source: ev.Source, Transport: "file;id=9f3ac21e00aa11bb;path=logs%2F" + ev.Source + ".log", Raw: []byte(raw)},
		Text:   strings.ToValidUTF8(raw, "\uFFFD"), Events: []event.Event{ev}, Seal: o.seal(seq),
	}, nil
}

func (o *Ops) seal(seq uint64) control.Seal {
	return control.Seal{Sealed: seq <= uint64(len(o.events))-3, SealedAt: o.Now.Add(-2 * time.Second), Batch: 88_214, Position: seq % 128,
		Leaf: strings.Repeat("5b1c", 16), Root: "9f3a" + strings.Repeat("07e2", 14) + "c21e"}
}

// Prove finds every record as it was sealed.
func (o *Ops) Prove(_ context.Context, _ string, seq uint64) (*control.Proof, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seq == 0 || seq > uint64(len(o.events)) {
		return nil, fmt.Errorf("record %d: %w", seq, control.ErrNotFound)
	}
	return &control.Proof{Seal: o.seal(seq), OK: true, JSON: []byte("{\n  \"batch\": 88214\n}")}, o.Fail
}

// VerifyVault finds one damage when asked by "mallory", else none.
func (o *Ops) VerifyVault(_ context.Context, by string, progress func(done, total int64)) (*control.Verification, error) {
	progress(412<<19, 412<<20)
	progress(412<<20, 412<<20)
	v := &control.Verification{OK: true, At: o.Now, Took: 840 * time.Millisecond, Records: 6021, Sealed: 6018, RawBytes: 412 << 20, Segments: 12, Batches: 88_214}
	if by == "mallory" {
		v.OK = false
		v.Problems = []control.Problem{{Kind: "changed", Segment: "000007.parquet", Record: 1482, Detail: "the record's hash is not the sealed one"}}
	}
	return v, o.Fail
}

// Findings lists four findings.
func (o *Ops) Findings(context.Context, string, control.Search) ([]control.Finding, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	return o.found(), nil
}

// CaseFindings tells of those that rest on what the case cites.
func (o *Ops) CaseFindings(ctx context.Context, by, caseID string) ([]control.Finding, error) {
	c, err := o.Case(ctx, caseID)
	if err != nil {
		return nil, err
	}
	cited := c.Cited(false)
	return slices.DeleteFunc(o.found(), func(f control.Finding) bool {
		return !slices.Contains(cited, f.Record) && !slices.ContainsFunc(f.Cites, func(seq uint64) bool { return slices.Contains(cited, seq) })
	}), nil
}

func (o *Ops) found() []control.Finding {
	vpn, first := o.find("2018-03-03 11:08:34"), o.find("2018-01-07 09:58:00")
	return []control.Finding{
		{Record: o.find("2018-03-03 20:17:11"), ID: "f4", RuleID: "konseki-after-containment", Kind: "baseline", Level: "critical", Time: at("2018-03-03 20:17:11"), Source: "vpn", User: "B", Address: Intruder, Host: "fgt-01",
			Title: both("停止したアカウントの活動", "Activity of a suspended account"), Why: both("20:00 の停止から 17 分 11 秒後にセッションが続いている", "The session goes on 17 min 11 s after the suspension at 20:00"), Cites: []uint64{o.find("2018-03-03 20:17:11")}},
		{Record: vpn, ID: "f3", RuleID: "konseki-first-seen-address", Kind: "baseline", Level: "high", Time: at("2018-03-03 11:08:34"), Source: "vpn", User: "A", Address: Intruder, Host: "fgt-01",
			Title: both("初見の接続元からの VPN 接続", "VPN connection from an address never seen for the account"), Why: both("A は 90 日間この接続元を使っていない", "A has not used this address for 90 days"), Cites: []uint64{vpn},
			Because: []control.Reason{{Field: "action", Value: "tunnel-up", Pattern: "tunnel-up"}, {Field: "remip", Value: Intruder, Pattern: "not in baseline"}}, Tags: []string{"attack.t1133"}},
		{Record: first, ID: "f1", RuleID: "konseki-one-address-many-accounts", Kind: "baseline", Level: "high", Time: at("2018-01-31 20:12:09"), Source: "chat", Address: Intruder,
			Title: both("一つの接続元が 6 アカウントを使う", "One address uses six accounts"), Cites: []uint64{first}},
		{Record: first + 9, ID: "f0", RuleID: "konseki-credentials-in-chat", Kind: "sigma", Level: "medium", Time: at("2018-03-02 21:14:09"), Source: "chat", User: "A", Address: Intruder,
			Title: both("平文の認証情報を含むメッセージの閲覧", "A message with clear-text credentials was read"), Cites: []uint64{first + 9}},
	}
}

func (o *Ops) timeline() []control.Row {
	var list []control.Row
	for _, r := range []struct {
		time, source, kind, precision, ja, en string
	}{
		{"2018-01-07 09:58:00", "chat", "event", "exact", "F のアカウントに初見の接続元からログイン", "Account F signs in from an address never seen"},
		{"2018-01-09 21:18:03", "groupware", "event", "exact", "D：失敗 3 回の後に成功、VPN 手順書と導入ファイルを取得", "D: success after three failures; VPN manual and installer fetched"},
		{"2018-03-01 11:40:00", "監視", "notice", "about", "複数サーバーに接続できない事象を検知", "Monitoring: several servers cannot be reached"},
		{"2018-03-01 12:12:50", "server", "event", "exact", "OS ディレクトリを削除するスクリプトの作成・実行", "A script that deletes system folders is made and run"},
		{"2018-03-03 11:08:34", "vpn", "event", "exact", "A のアカウントで VPN 接続", "VPN connection as A"},
		{"2018-03-03 20:00:00", "対応", "action", "about", "A・B の VPN アカウントを停止", "VPN accounts A and B suspended"},
		{"2018-03-03 20:17:11", "vpn", "finding", "exact", "停止後も B のセッションが継続", "B's session goes on after the suspension"},
	} {
		list = append(list, control.Row{At: at(r.time), Source: r.source, What: r.kind, Precision: r.precision, Text: both(r.ja, r.en),
			Cites: []uint64{o.find(r.time)}})
	}
	return list
}

// label is how a question of the board is asked.
func label(board string) event.Phrase {
	for _, b := range investigate.Board() {
		if b.ID == board {
			return b.Label
		}
	}
	return event.Phrase{}
}

func (o *Ops) board() []control.Question {
	from, to := at("2018-01-01 00:00:00"), at("2018-03-05 00:00:00")
	q := func(board, ja, en, query string, found int, only ...string) control.Question {
		return control.Question{Head: investigate.Head{ID: board}, Board: board, Text: label(board), Query: query, From: from, To: to, Conclusion: both(ja, en), Answer: o.answer(found, from, to, only),
			Cites: []uint64{o.find("2018-01-07 09:58:00"), o.find("2018-03-03 11:08:34")}}
	}
	return []control.Question{
		q("how_in", "3/3 は VPN（A・B のアカウント）。3/1 の経路は不明。", "On 3/3 by VPN (accounts A and B). The way in on 3/1 is unknown.", "source:vpn AND src_ip:203.0.113.77", 4, "vpn", "chat", "groupware"),
		q("who", "接続元 1 件は特定。人物は不明（警察捜査中）。", "One address is known. Who it was is not.", "", 0, "dc-net", "firewall", "chat"),
		q("since_when", "2018-01-07 09:58:00 から。", "Since 2018-01-07 09:58:00.", "src_ip:203.0.113.77", 15, "chat", "groupware"),
		q("touched", "115 / 610 台、13 サービス、文書 7 件。", "115 of 610 machines, 13 services, 7 documents.", "src_ip:203.0.113.77", 15, "server", "database", "groupware"),
		q("still_in", "3/3 21:00 以後、同接続元・同アカウントの活動なし。", "No activity of the address or the accounts after 3/3 21:00.", "src_ip:203.0.113.77", 0, "chat", "groupware"),
		q("what_left", "個人情報の外部送信の痕跡なし。ただし FW・DC 網は欠落。", "No trace of personal data leaving; but firewall and DC network are missing.", "", 0, "firewall", "dc-net", "server"),
	}
}

func (o *Ops) statements() []control.Statement {
	from, to := at("2018-01-01 00:00:00"), at("2018-03-05 00:00:00")
	unknown := o.answer(0, from, to, []string{"firewall", "dc-net"})
	return []control.Statement{
		{Head: investigate.Head{ID: "s1", By: "k.sato"}, Text: both("3 月 3 日の侵入は、A と B の VPN アカウントによる。", "The intrusion of 3 March used the VPN accounts A and B."), Certainty: "established", Cites: []uint64{o.find("2018-03-03 11:08:34"), o.find("2018-03-03 15:10:26")}},
		{Head: investigate.Head{ID: "s2", By: "k.sato"}, Text: both("3 月 1 日の侵入も同じ者による。", "The intrusion of 1 March was the same person's."), Certainty: "probable", Reason: both("接続元と手口が一致する", "address and method agree"), Cites: []uint64{o.find("2018-02-02 22:41:50")}},
		{Head: investigate.Head{ID: "s3", By: "k.sato"}, Text: both("個人情報が外部に送られた事実は確認されていない。", "That personal data left is not confirmed."), Certainty: "not_confirmed", Query: "bytes_out:>1000000 src_ip:" + Intruder, From: from, To: to, Answer: &unknown},
	}
}
