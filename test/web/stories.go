package webtest

import (
	"context"
	"fmt"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
)

// Stories implements [control.Triage] over the sample's findings.
func (o *Ops) Stories(ctx context.Context, by string, q control.StoryQuery) (*control.Stories, error) {
	list, err := o.Findings(ctx, by, control.Search{})
	if err != nil {
		return nil, err
	}
	if q.Level == "" {
		q.Level = finding.LevelMedium
	}
	var items []story.Item
	for _, f := range list {
		items = append(items, story.Item{Record: f.Record, Finding: finding.Finding{
			ID: f.ID, RuleID: f.RuleID, Title: f.Title.EN, TitleJA: f.Title.JA, Why: f.Why.EN, WhyJA: f.Why.JA, Level: f.Level, Kind: f.Kind,
			Time: f.Time, Until: f.Time, Records: f.Cites, Source: f.Source, Host: f.Host, ActorUser: f.User, SrcIP: f.Address, Object: f.Object, Tags: f.Tags,
		}})
	}
	var mutes []story.Mute
	for _, m := range o.mutes {
		mutes = append(mutes, m.Mute)
	}
	all := story.Build(items, story.Options{Level: q.Level, Budget: q.Budget, Zone: q.Zone, Mutes: mutes})
	out := &control.Stories{Stories: []story.Story{}, Days: story.Days(all, q.Level, q.Zone)}
	for _, t := range all {
		out.Muted += t.Muted
		if t.Counts(q.Level) {
			out.Stories = append(out.Stories, t)
		} else if len(t.Findings) > 0 {
			out.Below++
		}
	}
	return out, nil
}

// Mutes implements [control.Triage].
func (o *Ops) Mutes(context.Context) ([]control.Mute, error) { return o.mutes, nil }

// AddMute implements [control.Triage].
func (o *Ops) AddMute(_ context.Context, by string, m story.Mute) (*control.Mute, error) {
	if err := m.Check(o.Now); err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrInvalid, err)
	}
	made := control.Mute{Mute: m, At: o.Now, By: by, Record: uint64(9000 + len(o.mutes))}
	made.ID = fmt.Sprintf("m%d", made.Record)
	o.mutes = append(o.mutes, made)
	return &made, nil
}

// EndMute implements [control.Triage].
func (o *Ops) EndMute(_ context.Context, by, id, reason string) (*control.Mute, error) {
	for i := range o.mutes {
		if m := &o.mutes[i]; m.ID == id && m.Ended == nil && reason != "" {
			m.Ended = &control.Release{At: o.Now, By: by, Reason: reason}
			return m, nil
		}
	}
	return nil, fmt.Errorf("mute %s: %w", id, control.ErrNotFound)
}
