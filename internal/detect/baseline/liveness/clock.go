package liveness

import (
	"fmt"
	"strconv"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// clockJump tells of clocks that jump: seen by what arrives, or told by the log.
type clockJump struct {
	least time.Duration
	stay  time.Duration
	lines int
	info  finding.Info
	step  finding.Info
}

// A clock is how far the times of a host lie behind their receipt.
type clock struct {
	known  bool
	usual  time.Duration // the least way of late
	recent [clockLines]time.Duration
	n      int
	since  time.Time // of the first line that is off
	off    int       // lines that are off, without one that is not
	low    time.Duration
	high   time.Duration
}

// clockLines is how many lines the least way from event to receipt is taken of.
const clockLines = 8

func (j *clockJump) tune(k *learn.Kit) {
	t := k.Tune("baseline-clock-jump")
	j.least, j.stay, j.lines = t.Duration("least", 30*time.Second), t.Duration("stay", 5*time.Minute), t.Int("lines", 5)
	j.info = finding.Info{
		ID:    "baseline-clock-jump",
		Title: "Clock of a host jumped", TitleJA: "ホストの時計が飛んだ",
		Description: "The difference between a host's times and their receipt moved by least or more and stayed there, within a narrow band, for stay and so many lines; records that were held up on their way come back to normal. " +
			"Low, from five minutes medium, from an hour high.",
		DescriptionJA: "ホストの時刻と受信時刻の差が least 以上ずれ、狭い幅に収まったまま stay と lines 行のあいだ続いた。配送の遅れは元に戻るので数えない。「低」、5 分以上で「中」、1 時間以上で「高」。",
		Level:         finding.LevelHigh, Tags: []string{"attack.defense-impairment", "attack.t1070.006"}, Params: t.Params(),
	}
	t = k.Tune("baseline-clock-set")
	j.least = max(j.least, t.Duration("least", j.least))
	j.step = finding.Info{
		ID:    "baseline-clock-set",
		Title: "Clock of a host was set", TitleJA: "ホストの時計が変更された",
		Description:   "A log says that the clock was stepped by least or more (chrony, ntpd, ntpdate, timesyncd, Windows 4616 and Kernel-General 1), or somebody set it by command. Low, from five minutes or by hand medium, from an hour high.",
		DescriptionJA: "時計が least 以上変更されたことがログにある（chrony、ntpd、ntpdate、timesyncd、Windows 4616、Kernel-General 1）、または誰かがコマンドで設定した。「低」、5 分以上または手動で「中」、1 時間以上で「高」。",
		Level:         finding.LevelHigh, Tags: []string{"attack.defense-impairment", "attack.t1070.006"}, Params: t.Params(),
	}
}

// observe compares a live event's time with its receipt.
func (j *clockJump) observe(k *learn.Kit, s *stream, ev *event.Event) {
	if ev.Format == event.Unparsed || ev.Quality.Zone == event.ZoneReceived {
		return
	}
	c, way := &s.clock, ev.TimeRx.Sub(ev.Time)
	if !c.known {
		c.learn(way)
		return
	}
	if (way - c.usual).Abs() < j.least {
		c.off = 0
		c.learn(way)
		return
	}
	if c.off == 0 || max(c.high, way)-min(c.low, way) > max(j.least, 0) {
		c.since, c.off, c.low, c.high = ev.TimeRx, 0, way, way // a queue that empties is no jump
	}
	c.off++
	c.low, c.high = min(c.low, way), max(c.high, way)
	if c.off < j.lines || ev.TimeRx.Sub(c.since) < j.stay {
		return
	}
	by := c.usual - c.low // ahead is positive
	f := learn.About(ev, levelOf(by.Abs()))
	f.Time, f.Until = c.since.UTC(), ev.TimeRx.UTC()
	f.Why = fmt.Sprintf("The clock of %s is %s %s since %s, by what arrives from it.", finding.Shown(hostOf(ev)), finding.Span(by.Abs()), direction(by), finding.Clock(c.since))
	f.WhyJA = fmt.Sprintf("%s の時計が %s から %s %s（届いた記録の時刻による）。", finding.Shown(hostOf(ev)), finding.ClockJA(c.since), finding.SpanJA(by.Abs()), directionJA(by))
	k.Raise(f, &j.info, hostOf(ev), f.Time.Format(time.RFC3339))
	*c = clock{}
	c.learn(way)
}

// learn takes the least of the last ways for the usual one: the rest is delay.
func (c *clock) learn(way time.Duration) {
	c.recent[c.n%clockLines] = way
	if c.n++; c.n < clockLines {
		return
	}
	c.known, c.usual = true, c.recent[0]
	for _, d := range c.recent {
		c.usual = min(c.usual, d)
	}
}

func hostOf(ev *event.Event) string {
	if ev.Host != "" {
		return ev.Host
	}
	return ev.Source
}

func levelOf(by time.Duration) string {
	switch {
	case by >= time.Hour:
		return finding.LevelHigh
	case by >= 5*time.Minute:
		return finding.LevelMedium
	}
	return finding.LevelLow
}

func direction(by time.Duration) string {
	if by < 0 {
		return "behind what it was"
	}
	return "ahead of what it was"
}

func directionJA(by time.Duration) string {
	if by < 0 {
		return "遅れた"
	}
	return "進んだ"
}

// wantsStep reports whether the log says that a clock was set.
func wantsStep(ev *event.Event) bool { return len(ev.Notes) > 0 && ev.Note("clock") != "" }

// set takes in that a clock was set; the note says by how many seconds, or that
// it was done by hand.
func (j *clockJump) set(k *learn.Kit, ev *event.Event) {
	text := ev.Note("clock")
	if text == "" {
		return
	}
	level, how, howJA := finding.LevelMedium, "by command", "コマンドで"
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		const most = 100 * 365 * 86400
		by := time.Duration(max(min(seconds, most), -most) * float64(time.Second))
		if by.Abs() < j.least {
			return
		}
		level, how, howJA = levelOf(by.Abs()), "by "+finding.Span(by), finding.SpanJA(by)+" "
	}
	f := learn.About(ev, level)
	f.Why = fmt.Sprintf("On %s the clock was set %s.", finding.Shown(hostOf(ev)), how)
	f.WhyJA = fmt.Sprintf("%s の時計が%s変更された。", finding.Shown(hostOf(ev)), howJA)
	k.Raise(f, &j.step, hostOf(ev), ev.ActorUser)
}
