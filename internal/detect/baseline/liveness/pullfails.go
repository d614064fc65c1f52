package liveness

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
)

// pullFails tells of services that konseki asks for their records and that do
// not give them. One outage is one finding, however often it is tried.
type pullFails struct {
	patience time.Duration
	refusals int
	info     finding.Info
	told     map[string]time.Time // by source: since when the outage lasts that was told
}

func (p *pullFails) tune(k *learn.Kit) {
	t := k.Tune("baseline-pull-fails")
	p.patience, p.refusals, p.told = t.Duration("patience", 30*time.Minute), t.Int("refusals", 2), map[string]time.Time{}
	p.info = finding.Info{
		ID:    "baseline-pull-fails",
		Title: "Records of a service cannot be pulled", TitleJA: "サービスからログを取得できない",
		Description: "A service that konseki asks for its records refuses the credentials refusals times in a row, or every attempt fails for patience or three of its intervals, whichever is longer. " +
			"High when it refuses, else medium. One finding for one outage; the next one after it answered again is another.",
		DescriptionJA: "konseki がログを取りに行くサービスで、認証が refusals 回続けて拒否された、または patience か取得間隔の 3 倍（長い方）を過ぎても失敗し続けている。" +
			"拒否は「高」、それ以外は「中」。一つの障害につき一件で、回復した後にまた失敗すれば別の一件になる。",
		Level: finding.LevelHigh, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
}

func (p *pullFails) judge(w *sources, now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(w.expect)) {
		x := w.expect[id].Pull
		if x == nil || x.Failing.IsZero() {
			delete(p.told, id)
			continue
		}
		if p.told[id].Equal(x.Failing) || !p.due(x, w.since, now) {
			continue
		}
		p.told[id] = x.Failing
		f := finding.Finding{Level: finding.LevelMedium, Time: x.Failing.UTC(), Until: now.UTC(), Source: id, Object: x.API}
		if x.Refused {
			f.Level = finding.LevelHigh
		}
		f.Why, f.WhyJA = pullWords(id, x)
		w.kit.Raise(f, &p.info, id, f.Time.Format(time.RFC3339Nano)) // two outages of a day are two
	}
}

// due reports whether an outage has lasted long enough to be told. Time in which
// konseki itself was away does not count.
func (p *pullFails) due(x *learn.Pull, since, now time.Time) bool {
	if x.Refused && x.Failures >= p.refusals {
		return true
	}
	return now.Sub(learn.Later(x.Failing, since)) >= max(p.patience, 3*x.Every)
}

// pullWords say since when, what was answered, what is not known and what to do.
func pullWords(id string, x *learn.Pull) (en, ja string) {
	en = fmt.Sprintf("Pulling %s for source %s has failed since %s, %d times. The answer: \"%s\".", finding.Shown(x.API), finding.Shown(id), finding.Clock(x.Failing), x.Failures, answered(x.Answer))
	ja = fmt.Sprintf("%s（ログ源 %s）からの取得が %s から %d 回続けて失敗している。応答は「%s」。", finding.Shown(x.API), finding.Shown(id), finding.ClockJA(x.Failing), x.Failures, answered(x.Answer))
	if x.Complete.IsZero() {
		en += " Nothing of it has been read to its end, so nothing is known from it."
		ja += "一度も最後まで取得できておらず、このログからは何も分からない。"
	} else {
		en += fmt.Sprintf(" What it recorded after %s is not known.", finding.Clock(x.Complete))
		ja += fmt.Sprintf("%s より後にこのサービスで何があったかは分からない。", finding.ClockJA(x.Complete))
	}
	if x.Refused {
		return en + " See whether the token or the consent was revoked, has expired or lacks a permission; a new one in its file is used at the next attempt.",
			ja + "トークンや同意が取り消されていないか、期限が切れていないか、権限が足りているかを確かめる。ファイルの中身を新しくすれば次の取得から使う。"
	}
	return en + " See whether its name resolves, whether this machine reaches it and whether the service reports trouble or a used-up quota; konseki goes on trying.",
		ja + "名前解決、このサーバーからの到達性、サービス側の障害情報と利用枠を確かめる。konseki は取得を試み続ける。"
}

// maxAnswer is how many characters of an answer are shown.
const maxAnswer = 200

// answered prepares what a service said for a sentence: what does not print, or
// changes how the text around it reads, is written as its number.
func answered(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		shown := string(r)
		if !unicode.IsPrint(r) {
			shown = fmt.Sprintf("\\u{%x}", r)
		}
		if n += len([]rune(shown)); n >= maxAnswer {
			return b.String() + "…"
		}
		b.WriteString(shown)
	}
	return b.String()
}
