package liveness

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// unparsedShare tells when much more of a source than usual cannot be read.
type unparsedShare struct {
	lines, above int
	info         finding.Info
	shares       *bounded.Table[string, share]
}

// A share is how much of a source cannot be read: now, and usually.
type share struct {
	stretch  int64 // ten minutes, counted from 1970
	lines    int
	unparsed int
	record   uint64 // the last one unparsed
	usual    int    // per cent, the most of the last stretches
	past     [pastShares]int
	n        int
	told     bool // in this stretch
}

// pastShares is how many earlier stretches are compared.
const pastShares = 12

// maxShares bounds the sources whose share is remembered.
const maxShares = 10_000

func (u *unparsedShare) tune(k *learn.Kit) {
	t := k.Tune("baseline-unparsed-share")
	u.lines, u.above = t.Int("lines", 50), t.Int("above", 25)
	u.shares = bounded.NewTable[string, share](maxShares, k.Evicted())
	u.info = finding.Info{
		ID:    "baseline-unparsed-share",
		Title: "Much more of a source than usual cannot be read", TitleJA: "ログ源の読めない行が急に増えた",
		Description:   "In ten minutes of lines or more, the share that no format could read is above per cent points more than the highest of the last twelve such stretches. Medium; high from 90 per cent. Of live sources only.",
		DescriptionJA: "10 分間に lines 行以上が届き、どの形式でも読めない行の割合が、直近 12 区間の最大より above ポイント以上高い。「中」、90% 以上で「高」。受信しているログ源だけが対象。",
		Level:         finding.LevelHigh, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
}

func (u *unparsedShare) observe(k *learn.Kit, ev *event.Event, at time.Time) {
	if ev.Nth > 0 {
		return
	}
	s, _ := u.shares.Get(ev.Source)
	if stretch := at.Unix() / 600; stretch != s.stretch {
		s.close(u.lines)
		s.stretch = stretch
	}
	s.lines++
	if ev.Format != event.Unparsed {
		return
	}
	s.unparsed++
	s.record = ev.Record
	now := 100 * s.unparsed / s.lines
	if s.told || s.n == 0 || s.lines < u.lines || now < s.usual+u.above {
		return
	}
	s.told = true
	level := finding.LevelMedium
	if now >= 90 {
		level = finding.LevelHigh
	}
	f := learn.About(ev, level)
	f.Time, f.Object = at, ev.Source
	f.Why = fmt.Sprintf("%d of %d lines of %s cannot be read since %s; until then it was %d per cent at most.", s.unparsed, s.lines, finding.Shown(ev.Source), finding.Clock(time.Unix(s.stretch*600, 0)), s.usual)
	f.WhyJA = fmt.Sprintf("%s は %s から %d 行中 %d 行が読めない。それまでは多くて %d%% だった。", finding.Shown(ev.Source), finding.ClockJA(time.Unix(s.stretch*600, 0)), s.lines, s.unparsed, s.usual)
	k.Raise(f, &u.info, ev.Source)
}

// close ends a stretch; one with too few lines says nothing.
func (s *share) close(least int) {
	if s.lines >= least {
		s.past[s.n%pastShares] = 100 * s.unparsed / s.lines
		s.n++
		s.usual = 0
		for _, p := range s.past {
			s.usual = max(s.usual, p)
		}
	}
	s.lines, s.unparsed, s.told = 0, 0, false
}
