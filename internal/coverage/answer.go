package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Question is what an answer has to be qualified for.
type Question struct {
	From, To time.Time
	// Sources are those that could hold the answer; empty means those whose
	// kind can hold one of Classes or that ever did, and all when Classes is empty
	// too.
	Sources []string
	Classes []int32
	// Held are sources that ever had an event of Classes, whatever their kind.
	Held map[string]bool
	// Hosts are those asked about: of a source that has them, what is known of
	// them counts, not of the source whole.
	Hosts []string
	// Found is how many events answer the question.
	Found int64
	// Controls are the positive controls by source: events of the same classes in
	// the same window. Nil leaves them to the ledger's buckets, of all classes.
	Controls map[string]Control
	// HostControls are those of each host asked about, by its name in lower case
	// and source: what others sent does not show that a host was sending. They
	// count where Controls are given; a host that has none has no control.
	HostControls map[string]map[string]Control
	// Behind is how many acknowledged records the index has not read yet.
	Behind uint64
	// Open is what the question itself leaves unknown, whatever the sources hold.
	Open []event.Phrase
	// Zone is for the times in the reasons.
	Zone *time.Location
}

// maxReasons bounds the because-list; the coverage beside it is always whole.
const maxReasons = 24

// Answer qualifies a result: its verdict is Found when there is something,
// NotFoundCovered when every source that could hold it was complete over the
// whole window and held other records, and otherwise Unknown, because …
func (l *Ledger) Answer(q Question) Answer {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	a := Answer{From: q.From, To: q.To, Found: q.Found, Coverage: []SourceCoverage{}}
	covered := q.Behind == 0 && len(q.Open) == 0
	reasons := slices.Clone(q.Open)
	if q.Behind > 0 {
		reasons = append(reasons, behind(q.Behind))
	}
	rows := l.rows(q)
	if note, ok := zoneNote(rows); ok {
		reasons = append(reasons, note)
	}
	for _, c := range rows {
		a.Coverage = append(a.Coverage, c)
		covered = covered && c.State == Complete && c.Control.Events > 0
		reasons = append(reasons, l.reasons(c, q.Zone)...)
		if c.State == Complete && c.Control.Events == 0 && q.Found == 0 {
			reasons = append(reasons, noControl(c))
		}
		if note, ok := l.lossNote(c); ok {
			reasons = append(reasons, note)
		}
		if words := c.Clock.Words(); !words.Empty() {
			ja, en := named(c)
			reasons = append(reasons, event.Phrase{JA: ja + "：" + words.JA, EN: en + ": " + words.EN})
		}
		if !c.Advice.Empty() && q.Found == 0 {
			reasons = append(reasons, advised(c))
		}
	}
	for _, host := range l.unheard(q) {
		covered = false
		reasons = append(reasons, event.Phrase{
			JA: host + " の記録は、答えを持ちうるどのログ源にも一件もない",
			EN: "no source that could hold the answer ever had a record of " + host})
	}
	if note, ok := l.doorNote(q.From, q.To); ok {
		reasons = append(reasons, note)
	}
	if len(a.Coverage) == 0 {
		covered = false
		reasons = append(reasons, event.Phrase{JA: "答えを持ちうるログ源が登録も受信もされていない", EN: "no source that could hold the answer is registered or was ever seen"})
	}
	a.Verdict = verdict(q.Found, covered)
	a.Because = slices.Concat(head(q, a), reasons)
	if n := len(a.Because); n > maxReasons {
		a.Because = append(a.Because[:maxReasons], event.Phrase{
			JA: fmt.Sprintf("ほか %d 件の理由", n-maxReasons), EN: fmt.Sprintf("and %d more reasons", n-maxReasons)})
	}
	return a
}

func behind(n uint64) event.Phrase {
	return event.Phrase{JA: fmt.Sprintf("受領済みの %d 件がまだ索引されていない", n),
		EN: event.Many(n, "1 acknowledged record is not indexed yet", "%d acknowledged records are not indexed yet")}
}

func verdict(found int64, covered bool) Verdict {
	switch {
	case found > 0:
		return Found
	case covered:
		return NotFoundCovered
	}
	return VerdictUnknown
}

// head is the first reason: how many were found, or the positive control.
func head(q Question, a Answer) []event.Phrase {
	if q.Found > 0 {
		return []event.Phrase{{JA: fmt.Sprintf("%d 件が該当", q.Found), EN: event.Many(q.Found, "1 event matches", "%d events match")}}
	}
	if a.Verdict != NotFoundCovered {
		return nil
	}
	var all Control
	var own int64
	sources := map[string]bool{}
	for _, c := range a.Coverage {
		sources[c.Source] = true
		all.Events, all.Successes = all.Events+c.Control.Events, all.Successes+c.Control.Successes
		if c.Host != "" {
			own += c.Control.Events
		}
	}
	ja, en := "", ""
	if own > 0 {
		ja, en = fmt.Sprintf("。うち %d 件は尋ねた機器自身のもの", own), fmt.Sprintf("; %d of them are of the hosts asked about", own)
	}
	return []event.Phrase{{
		JA: fmt.Sprintf("対象のログ源 %d 件はこの期間すべて揃い、同種のほかの記録 %d 件%sを含む（陽性対照%s）", len(sources), all.Events, all.successes("うち成功 %d 件", "（", "）"), ja),
		EN: fmt.Sprintf("all %d sources that could hold it are complete over the window and hold %d other records of the kind%s (positive control%s)", len(sources), all.Events, all.successes("%d of them successes", ", ", ""), en),
	}}
}

// successes words how many of a control's events were successes, if any were.
func (c Control) successes(format, open, closing string) string {
	if c.Successes == 0 {
		return ""
	}
	return open + fmt.Sprintf(format, c.Successes) + closing
}

// rows are the coverages that an answer rests on, each with its positive
// control: of the sources that could hold it or, where hosts are asked about,
// of those hosts in the sources that know them.
func (l *Ledger) rows(q Question) []SourceCoverage {
	var out []SourceCoverage
	for _, id := range l.relevant(q) {
		asked := l.hostsOf(id, q.Hosts)
		for _, host := range asked {
			out = append(out, l.coverage(id, host, q.From, q.To))
		}
		if len(asked) == 0 {
			out = append(out, l.Coverage(id, q.From, q.To))
		}
	}
	for i := range out {
		c := &out[i]
		control := Control{Events: c.Events}
		if q.Controls != nil {
			control = q.Controls[c.Source]
			if c.Host != "" {
				control = q.HostControls[strings.ToLower(c.Host)][c.Source]
			}
			control.Classes = q.Classes
			if c.Events = max(c.Events, control.Events); len(q.Classes) == 0 {
				c.Events = control.Events // exact, where a window is shorter than a bucket
			}
		}
		c.Control = &control
	}
	return out
}

// hostsOf names the hosts asked about that a source knows, whatever their case.
func (l *Ledger) hostsOf(id string, asked []string) []string {
	t := l.tracks[id]
	if t == nil || len(asked) == 0 {
		return nil
	}
	var out []string
	for _, h := range slices.Sorted(maps.Keys(t.hosts)) {
		if slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, h) }) {
			out = append(out, h)
		}
	}
	return out
}

// unheard are the hosts asked about of which no source that could hold the answer
// ever had a record: nothing shows that they were sending.
func (l *Ledger) unheard(q Question) []string {
	var out []string
	ids := l.relevant(q)
	for _, h := range q.Hosts {
		if !slices.ContainsFunc(ids, func(id string) bool { return len(l.hostsOf(id, []string{h})) > 0 }) {
			out = append(out, h)
		}
	}
	return out
}

// advised says what would make more known of a source.
func advised(c SourceCoverage) event.Phrase {
	ja, en := named(c)
	return event.Phrase{JA: ja + "：" + c.Advice.JA, EN: en + ": " + c.Advice.EN}
}

// noControl is the reason why a complete source does not answer: nothing else
// in the window shows that it was working.
func noControl(c SourceCoverage) event.Phrase {
	ja, en := named(c)
	if c.Host != "" {
		return event.Phrase{
			JA: ja + "：この期間にこの機器自身の同種のほかの記録がなく、動作していた証拠がない（陽性対照なし）",
			EN: en + ": no other record of the kind by this host itself in the window shows that it was working (no positive control)",
		}
	}
	return event.Phrase{
		JA: ja + "：この期間に同種のほかの記録がなく、動作していた証拠がない（陽性対照なし）",
		EN: en + ": no other record of the kind in the window shows that it was working (no positive control)",
	}
}

func named(c SourceCoverage) (ja, en string) {
	if ja, en = c.Name.In("ja"), c.Name.In("en"); ja == "" {
		ja, en = c.Source, c.Source
	}
	if c.Host != "" {
		ja, en = ja+" "+c.Host, en+" "+c.Host
	}
	return ja, en
}

// relevant names the sources that could hold the answer, in ledger order.
func (l *Ledger) relevant(q Question) []string {
	if len(q.Sources) > 0 {
		return q.Sources
	}
	var ids []string
	for _, s := range l.sources {
		if len(q.Classes) == 0 || q.Held[s.ID] || canHold(s.Kind, q.Classes) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// canHold reports whether a kind of source can hold events of the classes. A
// source of no known kind may hold anything.
func canHold(kind string, classes []int32) bool {
	for _, k := range Kinds() {
		if k.Name == kind && k.Classes != nil {
			return slices.ContainsFunc(k.Classes, func(c int32) bool { return slices.Contains(classes, c) })
		}
	}
	return true
}

// reasons says, for each interval that is not complete, what is missing.
func (l *Ledger) reasons(c SourceCoverage, zone *time.Location) []event.Phrase {
	var out []event.Phrase
	for _, iv := range c.Intervals {
		if iv.State == Complete {
			continue
		}
		ja, en := named(c)
		window := iv.From.In(zone).Format("2006-01-02 15:04:05") + " – " + iv.To.In(zone).Format("2006-01-02 15:04:05 MST")
		out = append(out, event.Phrase{
			JA: fmt.Sprintf("%s：%s %s%s", ja, window, StateLabel(iv.State).JA, suffix("（", iv.Reason.In("ja"), "）")),
			EN: fmt.Sprintf("%s: %s %s%s", en, window, StateLabel(iv.State).EN, suffix(" (", iv.Reason.In("en"), ")")),
		})
	}
	return out
}

func suffix(open, s, closing string) string {
	if s == "" {
		return ""
	}
	return open + s + closing
}

// StateLabel is the state in words.
func StateLabel(s State) event.Phrase {
	switch s {
	case Complete:
		return event.Phrase{JA: "完全", EN: "complete"}
	case BestEffort:
		return event.Phrase{JA: "一部", EN: "best effort"}
	case Gap:
		return event.Phrase{JA: "欠落", EN: "gap"}
	case Silent:
		return event.Phrase{JA: "途絶", EN: "silent"}
	case Unparsed:
		return event.Phrase{JA: "解析不能", EN: "unparsed"}
	case Expired:
		return event.Phrase{JA: "保存期間超過", EN: "expired"}
	case Deleted:
		return event.Phrase{JA: "消去", EN: "deleted"}
	case Refused:
		return event.Phrase{JA: "提供拒否", EN: "refused"}
	case NeverCollected:
		return event.Phrase{JA: "未取得", EN: "never collected"}
	}
	return event.Phrase{JA: "不明", EN: "unknown"}
}

// ProofLabel is a kind of proof in words; what no one knows is left as it is.
func ProofLabel(proof string) event.Phrase {
	switch proof {
	case string(event.ProofDigest):
		return event.Phrase{JA: "署名付きダイジェスト", EN: "signed digest"}
	case string(event.ProofSequence):
		return event.Phrase{JA: "ログ自身の連番", EN: "native sequence"}
	case string(event.ProofCursor):
		return event.Phrase{JA: "終端まで取得", EN: "read to its end"}
	case string(event.ProofFile):
		return event.Phrase{JA: "ファイル取込", EN: "file import"}
	case string(event.ProofAcknowledged):
		return event.Phrase{JA: "受領確認つき転送", EN: "acknowledged transport"}
	case string(event.ProofHeartbeat):
		return event.Phrase{JA: "生存信号", EN: "heartbeat"}
	case string(event.ProofRhythm):
		return event.Phrase{JA: "普段のリズム", EN: "rhythm"}
	case declared:
		return event.Phrase{JA: "申告", EN: "declared"}
	case sealed:
		return event.Phrase{JA: "封印", EN: "sealed"}
	case counted:
		return event.Phrase{JA: "計数", EN: "counted"}
	case parser:
		return event.Phrase{JA: "解析結果", EN: "parser"}
	case "request":
		return event.Phrase{JA: "請求への回答", EN: "answer to a request"}
	case "expiry":
		return event.Phrase{JA: "保存期間の記録", EN: "record of expiry"}
	}
	return event.Phrase{JA: proof, EN: proof}
}

// Label is the state of a request in words.
func (r Request) Label() event.Phrase {
	switch r.State {
	case Asked:
		return event.Phrase{JA: "請求中", EN: "asked"}
	case Received:
		return event.Phrase{JA: "受領", EN: "received"}
	case RequestRefused:
		return event.Phrase{JA: "拒否", EN: "refused"}
	}
	return event.Phrase{JA: string(r.State), EN: string(r.State)}
}
