package keeping

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/cli"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/server"
	"github.com/konseki/konseki/internal/terminal"
	"github.com/konseki/konseki/internal/vault/anchor"
	"github.com/konseki/konseki/internal/vault/audit"
)

// verificationJSON is what scripts read: the vault's own report with the
// verdict, the anchors and the index beside it.
func verificationJSON(v *verified) any {
	out := struct {
		OK bool `json:"ok"`
		*audit.Report
		Expired      uint64              `json:"expired"` // also when there are none
		Shredded     uint64              `json:"shredded"`
		Locked       uint64              `json:"locked"`
		Anchors      []anchor.Anchor     `json:"anchors,omitempty"`
		AnchorsError string              `json:"anchors_error,omitempty"`
		AnchorNewest time.Time           `json:"anchor_newest,omitzero"`
		Index        *server.IndexReport `json:"index,omitempty"`
	}{
		OK: v.problems() == 0, Report: v.vault, Index: v.index, Expired: v.vault.Expired, Shredded: v.vault.Shredded, Locked: v.vault.Locked,
	}
	if v.noCheck != nil {
		out.AnchorsError = v.noCheck.Error()
	}
	if v.anchors != nil {
		out.Anchors, out.AnchorNewest = v.anchors.Anchors, v.anchors.Newest
	}
	return out
}

func (e *env) printVerification(v *verified, now time.Time, zone *time.Location) {
	r := v.vault
	fmt.Fprintf(e.Stdout, e.Say("記録 %d 件（封印済 %d 件、未封印 %d 件）、区画 %d、批 %d、原文 %d バイト\n",
		"%d records (%d sealed, %d in the unsealed tail), %d segments, %d batches, %d raw bytes\n"),
		r.Records, r.Sealed, r.Unsealed, r.Segments, r.Batches, r.RawBytes)
	fmt.Fprintf(e.Stdout, "%s\n", terminal.Plain(r.Origin))
	if !r.SealedAt.IsZero() {
		fmt.Fprintf(e.Stdout, e.Say("最後の封印：%s（%s前）\n", "last sealed: %s (%s ago)\n"), cli.Stamp(r.SealedAt, zone), e.Span(now.Sub(r.SealedAt)))
	}
	if r.Unsealed > 0 && !r.TailSince.IsZero() {
		fmt.Fprintf(e.Stdout, e.Say("未封印の末尾 %d 件：最も古いものは %s前に受信。ここだけは変えられても分からない\n",
			"unsealed tail of %d: the oldest was received %s ago; a change there would not show\n"), r.Unsealed, e.Span(now.Sub(r.TailSince)))
	}
	if r.Resumed != nil {
		fmt.Fprintf(e.Stdout, e.Say("区画 %d／%d は %s までに検証済で、以後変わっていないため読み直していない\n",
			"%d of %d segments were verified by %s, have not changed since, and were not read again\n"), r.Resumed.Segments, r.Segments, cli.Stamp(r.Resumed.At, zone))
	}
	e.printLetGo(r, zone)
	for _, p := range r.Problems {
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("  %-11s %s %s %s", p.Kind, p.Segment, recordName(p.Record), p.Detail)))
	}
	e.printAnchors(v, now, zone)
	e.printIndex(v.index)
	if v.problems() == 0 {
		fmt.Fprintln(e.Stdout, e.Say("検証成功：封印の後に変わったものはない。（封印の前に正しかったか、発生元で欠けがなかったかは示さない）",
			"verified: nothing changed since it was sealed. (This does not show that it was true before, or complete at its origin.)"))
	}
}

// printLetGo says what is no longer there and which sealed records say so.
func (e *env) printLetGo(r *audit.Report, zone *time.Location) {
	if r.Expired+r.Shredded+r.Locked == 0 && len(r.Declarations) == 0 {
		return
	}
	fmt.Fprintf(e.Stdout, e.Say("読めない記録：期限切れ %d 件、鍵の破棄 %d 件（いずれも封印された記録による）、鍵が手元にない %d 件\n",
		"unreadable: %d expired, %d shredded (sealed records say so), %d whose key is not at hand\n"), r.Expired, r.Shredded, r.Locked)
	const most = 20
	for i, d := range r.Declarations {
		if i == most {
			fmt.Fprintf(e.Stdout, e.Say("  ほか %d 件の宣言\n", "  and %d more that declare so\n"), len(r.Declarations)-most)
			break
		}
		what := terminal.Clip(d.Records+strings.Join(d.Keys, ", "), 80)
		when := ""
		if !d.At.IsZero() {
			when = cli.Stamp(d.At, zone)
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("  #%d %s %s %s: %s (%s)", d.Record, d.Source, when, d.By, what, d.Reason)))
	}
}

// printAnchors lists what remembers the vault outside, and whether it holds.
func (e *env) printAnchors(v *verified, now time.Time, zone *time.Location) {
	if v.noCheck != nil {
		fmt.Fprintln(e.Stdout, terminal.Plain(e.Say("控えとの照合はできなかった：", "the anchors could not be compared: ")+v.noCheck.Error()))
		return
	}
	if len(v.anchors.Anchors) == 0 {
		fmt.Fprintln(e.Stdout, e.Say("保管庫の外の控え（証人・時刻認証・印刷）：なし。保管庫ごと古い状態に戻されても、これだけでは分からない",
			"anchors (witnesses, timestamps, print): none; a whole vault put back to an older state would not show"))
		return
	}
	for _, a := range v.anchors.Anchors {
		when := ""
		if !a.Time.IsZero() {
			when = cli.Stamp(a.Time, zone)
		}
		held := e.Say("一致", "held")
		if !a.Held {
			held = e.problemWord(a.Why) + e.Say("：", ": ") + a.Reason.In(e.Lang)
		}
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("  %s %s %d %s %s", e.anchorKind(a.Kind), a.Who, a.Size, when, held)))
	}
	if !v.anchors.Newest.IsZero() {
		fmt.Fprintf(e.Stdout, e.Say("最も新しい控えは %s前\n", "the newest anchor is of %s ago\n"), e.Span(now.Sub(v.anchors.Newest)))
	}
}

func (e *env) anchorKind(k anchor.Kind) string {
	words := map[anchor.Kind]event.Phrase{
		anchor.WitnessKind: {JA: "証人", EN: "witness"}, anchor.TimestampKind: {JA: "時刻認証", EN: "timestamp"}, anchor.SavedKind: {JA: "控え", EN: "saved"},
	}
	return words[k].In(e.Lang)
}

func (e *env) printIndex(r *server.IndexReport) {
	if r == nil {
		return
	}
	fmt.Fprintf(e.Stdout, e.Say("索引：区画 %d を導き直して比べた（%d はまだ索引されていない）\n", "index: %d segments derived again and compared (%d not indexed yet)\n"), r.Segments, r.Missing)
	for _, p := range r.Problems {
		fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("  index       %s %s: %s", p.Segment, p.File, p.Detail)))
	}
	if !r.OK() {
		fmt.Fprintln(e.Stdout, e.Say("  証拠そのものは保管庫にある。索引は konseki reindex で導き直せる", "  the evidence itself is in the vault; konseki reindex derives the index again"))
	}
}

type problemJSON struct {
	Kind    string `json:"kind"`
	Segment string `json:"segment,omitempty"`
	Record  uint64 `json:"record,omitzero"`
	Detail  string `json:"detail"`
}

// problemWord says why an anchor does not hold. One that could not be checked
// contradicts nothing.
func (e *env) problemWord(why anchor.Problem) string {
	switch why {
	case anchor.RolledBack:
		return e.Say("巻き戻し", "ROLLED BACK")
	case anchor.Forked:
		return e.Say("分岐", "FORKED")
	case anchor.Foreign:
		return e.Say("別のログ", "of another log")
	case anchor.Unverifiable:
		return e.Say("確認不可", "not checked")
	}
	return e.Say("不一致", "NOT held") + " (" + string(why) + ")"
}
