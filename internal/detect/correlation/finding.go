package correlation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/sigma"
)

// findingOf makes the finding of a group whose condition holds. Its identity is
// correlation, group and day: what goes on holding is one finding a day.
func findingOf(c *sigma.Correlation, values []string, when time.Time, r *result) finding.Finding {
	f := finding.Finding{
		RuleID: c.ID, Title: c.Title, TitleJA: c.TitleJA, Level: c.Level, Kind: finding.KindCorrelation, Tags: c.Tags,
		Time: when, Until: when, Source: r.who.source, Host: r.who.host, ActorUser: r.who.actor, SrcIP: r.who.address,
		Records: append([]uint64(nil), r.records...),
	}
	if f.TitleJA == "" {
		f.TitleJA = f.Title
	}
	for i, name := range c.GroupBy {
		v := sigma.Withheld
		if !c.Secret && i < len(values) {
			v = values[i]
		}
		f.Because = append(f.Because, sigma.Reason{Field: name, Value: v, Pattern: "group-by"})
	}
	number := strconv.FormatFloat(r.number, 'g', -1, 64)
	f.Because = append(f.Because, sigma.Reason{Field: string(c.Type), Value: number, Pattern: condition(c)})
	f.Why, f.WhyJA = sentence(c, &f, number, r), sentenceJA(c, &f, number, r)
	f.SealDaily(values...)
	return f
}

// condition writes what is asked for: ">= 10 within 5m0s".
func condition(c *sigma.Correlation) string {
	signs := map[sigma.CompareOp]string{
		sigma.Less: "<", sigma.LessEqual: "<=", sigma.Greater: ">", sigma.GreaterEqual: ">=", sigma.Equal: "=", sigma.NotEqual: "!=",
	}
	var parts []string
	for _, b := range c.Bounds {
		parts = append(parts, signs[b.Op]+" "+strconv.FormatFloat(b.Value, 'g', -1, 64))
	}
	if len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("all %d", len(c.Inputs)))
	}
	return strings.Join(parts, ", ") + " within " + finding.Span(c.Timespan)
}

// groups writes the group-by values for a sentence.
func groups(f *finding.Finding) string {
	var parts []string
	for _, b := range f.Because[:len(f.Because)-1] {
		parts = append(parts, b.Field+" "+finding.Shown(b.Value))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func inputs(c *sigma.Correlation) string {
	var names []string
	for _, in := range c.Inputs {
		if in.Rule != nil {
			names = append(names, in.Rule.Title)
		} else {
			names = append(names, in.Correlation.Title)
		}
	}
	return finding.List(names)
}

func sentence(c *sigma.Correlation, f *finding.Finding, number string, r *result) string {
	what := map[sigma.CorrelationType]string{
		sigma.EventCount: number + " matches of", sigma.ValueCount: number + " different values of " + strings.Join(c.Fields, ", ") + " in",
		sigma.Temporal: number + " together of", sigma.TemporalOrdered: number + " one after the other of",
		sigma.ValueSum: "a sum of " + number + " in", sigma.ValueAvg: "a mean of " + number + " in",
		sigma.ValuePercentile: "a percentile of " + number + " in",
	}[c.Type]
	return fmt.Sprintf("%s%s: %s “%s” since %s (%s).", f.Title, groups(f), what, inputs(c), finding.Clock(r.from), condition(c))
}

func sentenceJA(c *sigma.Correlation, f *finding.Finding, number string, r *result) string {
	what := map[sigma.CorrelationType]string{
		sigma.EventCount: "該当 " + number + " 件", sigma.ValueCount: strings.Join(c.Fields, "、") + " が " + number + " 通り",
		sigma.Temporal: number + " 種が重なった", sigma.TemporalOrdered: number + " 段が順に起きた",
		sigma.ValueSum: "合計 " + number, sigma.ValueAvg: "平均 " + number, sigma.ValuePercentile: "百分位 " + number,
	}[c.Type]
	return fmt.Sprintf("%s%s：「%s」について %s（%s 以降、条件 %s）。", f.TitleJA, groups(f), inputs(c), what, finding.ClockJA(r.from), condition(c))
}
