package webtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Kept tells of three sources how long they are kept.
func (o *Ops) Kept(context.Context) ([]control.Kept, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	rule := both("konseki.yaml keep.default", "konseki.yaml keep.default")
	list := []control.Kept{
		{Source: "vpn", Kind: "vpn", Retention: event.Days(400), Rule: rule, Origin: event.Days(7)},
		{Source: "server", Kind: "server", Retention: event.Days(400), Rule: rule, Owner: "infra"},
		{Source: "chat", Kind: "chat", Retention: event.Forever(), Rule: both("期限を決めていない", "no retention is set"), Origin: event.Forever()},
	}
	for i := range list {
		for _, h := range o.active() {
			list[i].HeldBy = append(list[i].HeldBy, h.ID)
		}
	}
	return list, nil
}

func (o *Ops) active() []control.Hold {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.holds), func(h control.Hold) bool { return h.Released != nil })
}

// Holds lists the holds.
func (o *Ops) Holds(context.Context) ([]control.Hold, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.holds), o.Fail
}

// StartHold adds a hold.
func (o *Ops) StartHold(_ context.Context, by string, h control.Hold) (*control.Hold, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.desk.Case(h.Case) == nil {
		return nil, fmt.Errorf("case %s: %w", h.Case, control.ErrNotFound)
	}
	h.ID, h.By, h.At = fmt.Sprintf("%s/%d", h.Case, len(o.holds)+1), by, o.Now
	o.holds = append(o.holds, h)
	return &h, nil
}

// ReleaseHold ends the holds of a case.
func (o *Ops) ReleaseHold(_ context.Context, by, caseID, reason string) ([]control.Hold, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	if strings.TrimSpace(reason) == "" {
		return nil, fmt.Errorf("%w: say why", control.ErrInvalid)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []control.Hold
	for i := range o.holds {
		if o.holds[i].Case == caseID && o.holds[i].Released == nil {
			o.holds[i].Released = &control.Release{At: o.Now, By: by, Reason: reason}
			out = append(out, o.holds[i])
		}
	}
	return out, nil
}

// Race tells that the VPN logs roll off at their origin, and that nobody knows
// how long the server keeps its own.
func (o *Ops) Race(ctx context.Context, caseID string) (*control.Race, error) {
	kept, err := o.Kept(ctx)
	if err != nil {
		return nil, err
	}
	r := &control.Race{Case: caseID, At: o.Now, Needed: o.Now.Add(-24 * time.Hour), Why: "timeline"}
	for _, i := range []int{1, 0, 2} {
		h := control.Heat{Kept: kept[i], Do: both("すべてここにある", "all of it is here")}
		switch h.Source {
		case "server":
			h.Do = both("元の機器で何日残るか不明：担当（infra）に確かめ、分かるまでに今すぐ書き出す", "unknown at origin: ask infra how long it keeps its logs, and export now")
		case "vpn":
			h.OriginUntil = h.Origin.After(r.Needed)
			h.Oldest, h.HereUntil = r.Needed, h.Retention.After(r.Needed)
			h.Lost = []control.Stretch{{From: r.Needed.Add(-48 * time.Hour), To: r.Needed, State: coverage.Unknown}}
			h.Do = both("今すぐ書き出す：元にしか無い記録がある", "export now: the origin has records that are not here")
		}
		r.Lines = append(r.Lines, h)
	}
	return r, nil
}

// Expire lets nothing go: what is made up is not kept either.
func (o *Ops) Expire(_ context.Context, by string, dry bool) (*control.Expiry, error) {
	return &control.Expiry{At: o.Now, By: by, DryRun: dry}, o.Fail
}
