package normalise

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// ownFormat reads konseki's own records: findings, case operations, imports,
// searches made. Only konseki writes them, so it is only ever asked by hint.
type ownFormat struct{}

// newOwnFormat returns the format of konseki's own records.
func newOwnFormat() format.Format { return ownFormat{} }

// Name is "konseki".
func (ownFormat) Name() string { return "konseki" }

// Matches is false: no content from outside is ever taken for an own record.
func (ownFormat) Matches([]byte) bool { return false }

// Normalise derives one event; a finding becomes an OCSF Detection Finding at
// the time of what it found, everything else stays a base event.
func (ownFormat) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if in.Via.Kind != "konseki" || !event.IsOwn(in.Rec.Source) {
		return dst, false
	}
	if in.Rec.Source == event.SourceFinding {
		return ownFinding(in, dst)
	}
	if in.Rec.Source == event.SourceLoss {
		return ownLoss(in, dst)
	}
	var op struct {
		At    time.Time `json:"at"`
		By    string    `json:"by"`
		Op    string    `json:"op"`
		Query string    `json:"query"`
		Case  string    `json:"case"`
		Peer  string    `json:"peer"`
	}
	if jsonx.Unmarshal(in.Raw, &op, jsonx.DefaultLimits()) != nil {
		return dst, false
	}
	ev := in.New("konseki", event.ClassBase)
	if !op.At.IsZero() {
		in.Stated(&ev, op.At, event.PrecisionNano, op.At.Format(time.RFC3339Nano))
	}
	ev.ActorUser, ev.EventCode, ev.Object, ev.Statement = op.By, op.Op, op.Case, op.Query
	if a, err := netip.ParseAddr(op.Peer); err == nil {
		ev.SrcIP = a.String()
	}
	ev.Message = strings.TrimSpace(strings.Join([]string{op.By, op.Op, op.Case, op.Query}, " "))
	return append(dst, ev), true
}

// ownFinding reads the JSON of a detect.Finding; its keys are part of the
// format of the evidence.
func ownFinding(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var f struct {
		ID      string    `json:"id"`
		RuleID  string    `json:"rule_id"`
		Title   string    `json:"title"`
		TitleJA string    `json:"title_ja"`
		Why     string    `json:"why"`
		Level   string    `json:"level"`
		Kind    string    `json:"kind"`
		Time    time.Time `json:"time"`
		Source  string    `json:"source"`
		Host    string    `json:"host"`
		User    string    `json:"actor_user"`
		Address string    `json:"src_ip"`
		Object  string    `json:"object"`
		Tags    []string  `json:"tags"`
	}
	if jsonx.Unmarshal(in.Raw, &f, jsonx.DefaultLimits()) != nil {
		return dst, false
	}
	ev := in.New("konseki", event.ClassFinding)
	in.Stated(&ev, f.Time, event.PrecisionNano, f.Time.Format(time.RFC3339Nano))
	ev.ActivityID, ev.SeverityID = 1, findingSeverity(f.Level)
	ev.EventCode, ev.SessionUID, ev.Message = f.RuleID, f.ID, f.Title
	ev.Host, ev.ActorUser, ev.SrcIP, ev.Object = f.Host, f.User, f.Address, f.Object
	ev.Add("level", f.Level)
	ev.Add("kind", f.Kind)
	ev.Add("title_ja", f.TitleJA)
	ev.Add("why", f.Why)
	ev.Add("found_in", f.Source)
	ev.Add("tags", strings.Join(f.Tags, " "))
	return append(dst, ev), true
}

// ownLoss reads a record of losses: one event per loss, all of them with what
// the losses can be added up from again without reading the record.
func ownLoss(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	var op struct {
		At     time.Time    `json:"at"`
		By     string       `json:"by"`
		Op     string       `json:"op"`
		First  uint64       `json:"first"`
		Last   uint64       `json:"last"`
		Losses []event.Loss `json:"losses"`
	}
	if jsonx.Unmarshal(in.Raw, &op, jsonx.DefaultLimits()) != nil {
		return dst, false
	}
	ev := in.New("konseki", event.ClassBase)
	in.Stated(&ev, op.At, event.PrecisionNano, op.At.Format(time.RFC3339Nano))
	ev.ActorUser, ev.EventCode = op.By, op.Op
	ev.Message = op.By + " " + op.Op
	if op.First > 0 {
		ev.Add("first", strconv.FormatUint(op.First, 10))
		ev.Add("last", strconv.FormatUint(op.Last, 10))
	}
	if len(op.Losses) == 0 {
		return append(dst, ev), true
	}
	for _, l := range op.Losses {
		one := ev
		one.Fields = l.AddTo(slices.Clone(ev.Fields))
		one.Host, one.Object = l.Host, cmp.Or(l.Path, l.Source)
		one.Message = strings.TrimSpace(l.Source + " " + l.Words().EN)
		dst = append(dst, one)
	}
	return dst, true
}

func findingSeverity(level string) int32 {
	for i, name := range []string{"informational", "low", "medium", "high", "critical"} {
		if name == level {
			return int32(i + 1)
		}
	}
	return event.SeverityUnknown
}
