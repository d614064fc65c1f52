package coverage

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/coverage/offset"
	"github.com/konseki/konseki/internal/event"
)

// ClockState is how far the clock of a source, or of one host of it, was from
// this machine's over a window, by its live arrivals. Of files nothing is known.
type ClockState struct {
	// OffsetMS is receive minus event time without the delay on the way, in
	// milliseconds: below zero the producer's clock is ahead. LowMS and HighMS
	// bound it over the window and over hosts.
	OffsetMS int64       `json:"offset_ms"`
	LowMS    int64       `json:"low_ms"`
	HighMS   int64       `json:"high_ms"`
	Measured int64       `json:"measured"` // live records that it rests on
	Jumps    []ClockJump `json:"jumps,omitempty"`
}

// ClockJump is a change of a clock between two hours.
type ClockJump struct {
	Host   string    `json:"host,omitempty"`
	After  time.Time `json:"after"`
	At     time.Time `json:"at"`
	FromMS int64     `json:"from_ms"`
	ToMS   int64     `json:"to_ms"`
}

// clockOf gathers the estimates of a source, or of one host, over a window.
func (l *Ledger) clockOf(source, host string, from, to time.Time) *ClockState {
	var lows []int64
	var c *ClockState
	for _, e := range l.offsets {
		if e.Source != source || host != "" && e.Host != host || !e.From.Before(to) || !from.Before(e.To) {
			continue
		}
		if c == nil {
			c = &ClockState{LowMS: e.LowMS, HighMS: e.LowMS}
		}
		c.LowMS, c.HighMS, c.Measured = min(c.LowMS, e.LowMS), max(c.HighMS, e.LowMS), c.Measured+e.Count
		lows = append(lows, e.LowMS)
	}
	if c == nil {
		return nil
	}
	slices.Sort(lows)
	c.OffsetMS = lows[len(lows)/2]
	for _, j := range l.jumps {
		if j.Source == source && (host == "" || j.Host == host) && j.After.Before(to) && from.Before(j.At) {
			c.Jumps = append(c.Jumps, ClockJump{j.Host, j.After, j.At, j.FromMS, j.ToMS})
		}
	}
	return c
}

// noteworthy is an offset that people should know of when they put records of
// two sources in order.
const noteworthy = 2 * time.Second

// Words says how far the clock is, and whether it jumped; empty where it is
// within what is ordinary.
func (c *ClockState) Words() event.Phrase {
	if c == nil {
		return event.Phrase{}
	}
	widest := max(time.Duration(max(c.HighMS, -c.HighMS)), time.Duration(max(c.LowMS, -c.LowMS))) * time.Millisecond
	if widest < noteworthy && len(c.Jumps) == 0 {
		return event.Phrase{}
	}
	low, high := signed(-c.HighMS), signed(-c.LowMS)
	p := event.Phrase{JA: fmt.Sprintf("時計のずれ %s", signed(-c.OffsetMS)), EN: fmt.Sprintf("its clock is off by %s", signed(-c.OffsetMS))}
	if low != high {
		p.JA += fmt.Sprintf("（%s 〜 %s）", low, high)
		p.EN += fmt.Sprintf(" (%s to %s)", low, high)
	}
	for i, j := range c.Jumps {
		if i == maxWhys {
			p.JA, p.EN = p.JA+"、ほか", p.EN+", …"
			break
		}
		p.JA += fmt.Sprintf("、%s %s に %s → %s", j.Host, j.At.UTC().Format("2006-01-02 15:04Z"), signed(-j.FromMS), signed(-j.ToMS))
		p.EN += fmt.Sprintf(", %s at %s from %s to %s", j.Host, j.At.UTC().Format("2006-01-02 15:04Z"), signed(-j.FromMS), signed(-j.ToMS))
	}
	return p
}

// signed writes milliseconds as a length of time with its sign: + is ahead.
func signed(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d.Abs() >= time.Minute {
		d = d.Round(time.Second)
	}
	if d >= 0 {
		return "+" + d.String()
	}
	return d.String()
}

// sortEstimates puts estimates in order and finds the jumps between them.
func (l *Ledger) sortEstimates(list []offset.Estimate) {
	l.offsets = list
	l.jumps = offset.Jumps(list)
}
