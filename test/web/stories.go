package webtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
)

// AddFindings adds findings to those that stories are made of.
func (o *Ops) AddFindings(items ...story.Item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.extra = append(o.extra, items...)
}

// items are the findings that stories are made of, and the mutes in force.
func (o *Ops) items() ([]story.Item, []story.Mute) {
	o.mu.Lock()
	defer o.mu.Unlock()
	items := slices.Clone(o.extra)
	for _, f := range o.found() {
		items = append(items, story.Item{Record: f.Record, Finding: finding.Finding{
			ID: f.ID, RuleID: f.RuleID, Title: f.Title.EN, TitleJA: f.Title.JA, Why: f.Why.EN, WhyJA: f.Why.JA, Level: f.Level, Kind: f.Kind,
			Time: f.Time, Until: f.Time, Records: f.Cites, Source: f.Source, Host: f.Host, ActorUser: f.User, SrcIP: f.Address, Object: f.Object, Tags: f.Tags,
		}})
	}
	var mutes []story.Mute
	for _, m := range o.mutes {
		if m.Ended != nil && m.Ended.At.Before(m.Until) {
			m.Until = m.Ended.At
		}
		mutes = append(mutes, m.Mute)
	}
	return items, mutes
}

// Stories implements [control.Triage] over the sample's findings, with a budget
// of 20 a day.
func (o *Ops) Stories(_ context.Context, _ string, q control.StoryQuery) (*control.Stories, error) {
	if o.Fail != nil {
		return nil, o.Fail
	}
	items, mutes := o.items()
	out, err := control.StoriesOf(items, mutes, q)
	if err != nil {
		return nil, err
	}
	out.Watch = o.Watched
	return out, nil
}

// Mutes implements [control.Triage].
func (o *Ops) Mutes(context.Context) ([]control.Mute, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.mutes), o.Fail
}

// AddMute implements [control.Triage].
func (o *Ops) AddMute(_ context.Context, by string, m story.Mute) (*control.Mute, error) {
	if err := m.Check(o.Now); err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrInvalid, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	made := control.Mute{Mute: m, At: o.Now, By: by, Record: uint64(1000 + len(o.mutes))}
	made.ID = fmt.Sprintf("m%d", made.Record)
	o.mutes = append(o.mutes, made)
	return &made, nil
}

// EndMute implements [control.Triage].
func (o *Ops) EndMute(_ context.Context, by, id, reason string) (*control.Mute, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.mutes {
		if m := &o.mutes[i]; m.ID == id && m.Ended == nil && reason != "" {
			m.Ended = &control.Release{At: o.Now, By: by, Reason: reason}
			return m, nil
		}
	}
	return nil, fmt.Errorf("mute %s: %w", id, control.ErrNotFound)
}
