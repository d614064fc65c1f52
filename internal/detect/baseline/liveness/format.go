package liveness

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

// formatChange tells when what used to be read as one format comes as another,
// or can no longer be read.
type formatChange struct {
	usual, run int
	info       finding.Info
	forms      *bounded.Table[formKey, form]
}

// A formKey is what writes in one form: a program of a host, or a sender.
type formKey struct{ source, host, program, peer string }

// A form is the format of one writer.
type form struct {
	format string
	lines  int // read as it
	worst  int // the longest run of another
	run    int
	since  time.Time // of the run
	record uint64    // the first of it
}

// maxForms bounds the writers that are remembered.
const maxForms = 50_000

func (c *formatChange) tune(k *learn.Kit) {
	t := k.Tune("baseline-format-change")
	c.usual, c.run = t.Int("usual", 200), t.Int("run", 20)
	c.forms = bounded.NewTable[formKey, form](maxForms, k.Evicted())
	c.info = finding.Info{
		ID:    "baseline-format-change",
		Title: "Format of a log changed", TitleJA: "ログの形式が変わった",
		Description: "A program of a host, or a sender, of which usual lines or more were read as one format now sends only lines of another, or lines that no format can read: run of them in a row and three times as many as ever before. " +
			"Medium; high when they cannot be read.",
		DescriptionJA: "ホストのプログラムまたは送信元で、usual 行以上が一つの形式として読めていたのに、別の形式の行、または読めない行だけが届いている（run 行以上、かつこれまでの連続の 3 倍を超えて連続）。「中」、読めないときは「高」。",
		Level:         finding.LevelHigh, Tags: []string{"attack.defense-impairment"}, Params: t.Params(),
	}
}

// observe takes in an event. One that is not parsed tells neither host nor
// program, so senders are watched as well.
func (c *formatChange) observe(k *learn.Kit, ev *event.Event, at time.Time) {
	if ev.Nth > 0 {
		return
	}
	if ev.Format != event.Unparsed && len(ev.Host) <= maxHost {
		program, _ := ev.Get("program")
		if len(program) > maxHost {
			program = ""
		}
		c.note(k, formKey{source: ev.Source, host: ev.Host, program: program}, ev, at)
	}
	if ev.Live {
		c.note(k, formKey{source: ev.Source, peer: ev.Peer[:min(len(ev.Peer), maxHost)]}, ev, at)
	}
}

func (c *formatChange) note(k *learn.Kit, key formKey, ev *event.Event, at time.Time) {
	f, _ := c.forms.Get(key)
	switch {
	case f.lines == 0 && ev.Format == event.Unparsed:
		return // it was never read
	case f.lines == 0 || f.format == ev.Format:
		f.format, f.worst, f.run = ev.Format, max(f.worst, f.run), 0
		f.lines++
		return
	case f.lines < c.usual:
		f.format, f.lines = ev.Format, 0 // nothing to compare with yet
		if ev.Format != event.Unparsed {
			f.lines = 1
		}
		return
	}
	if f.run == 0 {
		f.since, f.record = at, ev.Record
	}
	if f.run++; f.run < max(c.run, 3*f.worst) {
		return
	}
	c.raise(k, f, ev)
	*f = form{format: ev.Format, lines: f.run}
	if ev.Format == event.Unparsed {
		f.lines = 0
	}
}

func (c *formatChange) raise(k *learn.Kit, was *form, ev *event.Event) {
	level, now, nowJA := finding.LevelMedium, "come as "+ev.Format, ev.Format+" として届いている"
	if ev.Format == event.Unparsed {
		level, now, nowJA = finding.LevelHigh, "cannot be read", "読めない"
	}
	f := learn.About(ev, level)
	f.Time, f.Until, f.Object = was.since, ev.Time.UTC(), ev.Source
	if ev.Live {
		f.Until = ev.TimeRx.UTC()
	}
	f.Records = []uint64{was.record, ev.Record}
	who := hostOf(ev)
	if ev.Host == "" && ev.Peer != "" {
		who = ev.Source + " (" + ev.Peer + ")"
	}
	f.Why = fmt.Sprintf("%d lines of %s were read as %s; since %s they %s.", was.lines, finding.Shown(who), was.format, finding.Clock(was.since), now)
	f.WhyJA = fmt.Sprintf("%s の %d 行は %s として読めていたが、%s からは%s。", finding.Shown(who), was.lines, was.format, finding.ClockJA(was.since), nowJA)
	k.Raise(f, &c.info, ev.Source, who, was.format, ev.Format)
}
