package liveness

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
)

// neverSent tells of sources that were registered and have never sent anything.
type neverSent struct {
	grace time.Duration
	info  finding.Info
	told  map[string]bool
}

func (n *neverSent) tune(k *learn.Kit) {
	t := k.Tune("baseline-source-never-sent")
	n.grace, n.told = t.Duration("grace", time.Hour), map[string]bool{}
	n.info = finding.Info{
		ID:    "baseline-source-never-sent",
		Title: "Registered source has never sent anything", TitleJA: "登録したログ源から一度も届いていない",
		Description:   "A source that was registered as a live sender has sent nothing since, grace or three of its registered periods ago, whichever is longer. Told once.",
		DescriptionJA: "受信するログ源として登録されたのに、grace または登録した周期の 3 倍（長い方）を過ぎても一度も届いていない。一度だけ知らせる。",
		Level:         finding.LevelMedium, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
}

func (n *neverSent) judge(w *sources, now time.Time) {
	for _, id := range slices.Sorted(maps.Keys(w.expect)) {
		e := w.expect[id]
		due := e.Since.Add(max(n.grace, 3*e.Every, 3*e.Heartbeat))
		if e.Since.IsZero() || n.told[id] || now.Before(due) || w.streams.Find(streamKey{source: id}) != nil {
			continue
		}
		n.told[id] = true
		f := finding.Finding{Level: finding.LevelMedium, Time: due.UTC(), Source: id, Object: id}
		f.Why = fmt.Sprintf("Source %s was registered at %s and has sent nothing since.", finding.Shown(id), finding.Clock(e.Since))
		f.WhyJA = fmt.Sprintf("ログ源 %s は %s に登録されたが、一度も届いていない。", finding.Shown(id), finding.ClockJA(e.Since))
		w.kit.Raise(f, &n.info, id)
	}
}
