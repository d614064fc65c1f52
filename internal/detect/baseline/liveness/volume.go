package liveness

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// volumeChange compares what comes in an hour with the same hours of the weeks before.
type volumeChange struct {
	least, leastRise int
	times            float64
	fall, rise       finding.Info
}

// A volume is how much one stream sends by the hour of the week.
type volume struct {
	count   *counts // nil until there is something to learn
	now     int64   // the hour being counted, from 1970
	n       int
	normal  int64   // the last hour that was as usual
	falling int     // hours in a row with less than half
	lacking float64 // records that these hours had less than usual
	usual   float64 // records that are usual in them
}

// counts hold the records of each hour of the last weeks: 0 where nothing is
// known, else 1 + an eighth of the logarithm to base 2.
type counts [slots][weeks]uint8

func encodeCount(n int) uint8 { return uint8(min(1+math.Round(8*math.Log2(1+float64(n))), 255)) }
func decodeCount(b uint8) float64 {
	return math.Exp2(float64(b-1)/8) - 1
}

func (v *volumeChange) tune(k *learn.Kit) {
	t := k.Tune("baseline-volume-fall")
	v.least = t.Int("least", 100)
	v.fall = finding.Info{
		ID:    "baseline-volume-fall",
		Title: "A source sends much less than usual", TitleJA: "ログ源の量が大きく減った",
		Description: "In an hour a source or host sent less than a tenth (critical), or for two hours less than half (medium), of the median of the same hours of the weeks before, and less than any of them and than how much its hours vary explains; least is the smallest median that counts. " +
			"At least two weeks are needed. A day that begins as quietly as a day off is none; what stops altogether is told as silence.",
		DescriptionJA: "ログ源またはホストの 1 時間の件数が、前の週までの同じ時間帯の中央値の 1 割を下回った（「重大」）、または 2 時間続けて半分を下回った（「中」）。かつ、比べた週のどれよりも少なく、ふだんのばらつきでは説明できない。中央値が least 件未満なら数えない。" +
			"2 週間以上の記録が要る。休日のように朝から静かな日は数えない。完全に止まったときは沈黙として知らせる。",
		Level: finding.LevelCritical, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
	t = k.Tune("baseline-volume-rise")
	v.leastRise, v.times = t.Int("least", 5000), t.Float("times", 10)
	v.rise = finding.Info{
		ID:    "baseline-volume-rise",
		Title: "A source sends much more than usual", TitleJA: "ログ源の量が大きく増えた",
		Description:   "In an hour a source or host sent least records or more, and more than times the most of the same and neighbouring hours of the weeks before. At least two weeks are needed.",
		DescriptionJA: "ログ源またはホストの 1 時間の件数が least 件以上で、前の週までの同じ時間帯とその前後の最大の times 倍を超えた。2 週間以上の記録が要る。",
		Level:         finding.LevelMedium, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
}

// observe counts an event; the hours before it are over.
func (v *volumeChange) observe(k *learn.Kit, s *stream, at time.Time, ev *event.Event) {
	vol, now := &s.volume, at.Unix()/3600
	switch {
	case vol.now == 0:
		vol.now = now
	case now > vol.now:
		v.close(k, s, now, ev)
	}
	vol.n++
}

// close ends the hour being counted. Hours in which nothing came count for
// later ones, but say nothing themselves: that is silence.
func (v *volumeChange) close(k *learn.Kit, s *stream, now int64, ev *event.Event) {
	vol := &s.volume
	if vol.count == nil {
		if s.gaps < gathered {
			vol.now, vol.n = now, 0
			return
		}
		vol.count = &counts{}
	}
	before := vol.count.around(vol.now)
	if vol.now > s.first.Unix()/3600 { // the first hour is not whole
		v.judge(k, s, before, ev)
		vol.count.put(vol.now, vol.n)
	}
	for x := max(vol.now+1, now-slots*weeks); x < now; x++ {
		vol.count.put(x, 0)
	}
	vol.now, vol.n = now, 0
}

func (c *counts) put(hour int64, n int) { c[hour%slots][hour/slots%weeks] = encodeCount(n) }

// around gives the counts of the same hour in the weeks before, and the most of
// them and the hours beside it.
type weekCounts struct {
	same []float64
	most float64
	off  float64 // the least median of the same hour on any day of the week
}

func (c *counts) around(at int64) weekCounts {
	out := weekCounts{same: c.same(at), off: math.Inf(1)}
	for x := at - 1; x <= at+1; x++ {
		for _, b := range c[x%slots] {
			if b != 0 {
				out.most = max(out.most, decodeCount(b))
			}
		}
	}
	for day := range int64(7) {
		if day := c.same(at + day*24); len(day) >= known {
			out.off = min(out.off, median(day))
		}
	}
	return out
}

func (c *counts) same(at int64) []float64 {
	out := make([]float64, 0, weeks)
	for _, b := range c[at%slots] {
		if b != 0 {
			out = append(out, decodeCount(b))
		}
	}
	slices.Sort(out)
	return out
}

// median of sorted numbers.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread is the median distance from the median, as a standard deviation.
func spread(sorted []float64) float64 {
	m := median(sorted)
	away := make([]float64, len(sorted))
	for i, x := range sorted {
		away[i] = math.Abs(x - m)
	}
	slices.Sort(away)
	return 1.4826 * median(away)
}

// chance is how many standard deviations of what an hour ordinarily varies by the
// hours of a fall must lack together.
const chance = 4

// byChance reports whether what the hours of a fall lack is within what hours vary
// by, those compared with, of so many weeks, as well as these.
func (v *volume) byChance(weeks int) bool {
	return v.lacking < chance*math.Sqrt(v.count.burstiness()*v.usual*(1+1/float64(weeks)))
}

// withoutMost is what is left of the mean of squares when their largest tenth is
// left out, with two weeks to compare (chi-square of one degree of freedom).
const withoutMost = 0.62

// burstiness is how much more the records of an hour vary from week to week than
// if they came one by one and by chance: their variance divided by their mean, over
// all hours of the week but the tenth that varies most, in which outages are. Two
// or three weeks of one hour alone would not tell.
func (c *counts) burstiness() float64 {
	var all []float64
	for slot := range int64(slots) {
		weeks := c.same(slot)
		if len(weeks) < known {
			continue
		}
		mean, square := 0.0, 0.0
		for _, x := range weeks {
			mean += x / float64(len(weeks))
		}
		for _, x := range weeks {
			square += (x - mean) * (x - mean) / float64(len(weeks)-1)
		}
		if mean >= 1 {
			all = append(all, square/mean)
		}
	}
	slices.Sort(all)
	all = all[:len(all)-len(all)/10]
	sum := 0.0
	for _, x := range all {
		sum += x
	}
	return max(1, sum/max(1, float64(len(all)))/withoutMost)
}

// dayOffAfter is for how many hours after an ordinary one a day is no day off.
const dayOffAfter = 6

func (v *volumeChange) judge(k *learn.Kit, s *stream, before weekCounts, ev *event.Event) {
	vol := &s.volume
	if len(before.same) < known {
		return
	}
	n, usual := float64(vol.n), median(before.same)
	if n > before.most*v.times && vol.n >= v.leastRise {
		v.tell(k, s, &v.rise, finding.LevelMedium, usual, ev)
	}
	if usual < float64(v.least) {
		return
	}
	if n >= usual/2 {
		vol.normal, vol.falling, vol.lacking, vol.usual = vol.now, 0, 0, 0
		return
	}
	vol.falling++
	vol.lacking, vol.usual = vol.lacking+usual-n, vol.usual+usual
	dayOff := n >= before.off/2 && vol.now-vol.normal > dayOffAfter
	if dayOff || n >= before.same[0]*0.8 || usual-n < 3*spread(before.same) || vol.byChance(len(before.same)) {
		return
	}
	switch {
	case n < usual/10:
		v.tell(k, s, &v.fall, finding.LevelCritical, usual, ev)
	case vol.falling >= 2:
		v.tell(k, s, &v.fall, finding.LevelMedium, usual, ev)
	}
}

func (v *volumeChange) tell(k *learn.Kit, s *stream, info *finding.Info, level string, usual float64, ev *event.Event) {
	at := time.Unix(s.volume.now*3600, 0).UTC()
	who := s.key.source
	if s.key.host != "" {
		who = s.key.host
	}
	f := finding.Finding{Level: level, Time: at, Until: at.Add(hour), Source: s.key.source, Host: s.key.host, Object: s.key.source, Records: []uint64{ev.Record}}
	f.Why = fmt.Sprintf("%s sent %d records in the hour from %s; the median of this hour of the week is %.0f.", finding.Shown(who), s.volume.n, finding.Clock(at), usual)
	f.WhyJA = fmt.Sprintf("%s の %s からの 1 時間は %d 件だった。同じ曜日・時間帯の中央値は %.0f 件である。", finding.Shown(who), finding.ClockJA(at), s.volume.n, usual)
	k.Raise(f, info, s.key.source, s.key.host)
}
