// Package wire is the JSON that scripts read from the command line.
package wire

import (
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// Event is an event as scripts read it: the promoted columns by their
// names, times in RFC 3339 with zone, native fields under "fields".
type Event struct {
	Record      uint64    `json:"record"`
	Nth         uint16    `json:"nth,omitzero"`
	Time        time.Time `json:"time"`
	TimeRx      time.Time `json:"time_rx"`
	TimeQuality string    `json:"time_quality"`
	// Original is the time as it stands in the record. UncertaintyMS is how far
	// Time can be off to either side, its producer's measured clock among it;
	// nothing where the record states no time. ClockOffsetMS is receive minus
	// event time.
	Original      string            `json:"time_original,omitzero"`
	UncertaintyMS int64             `json:"uncertainty_ms,omitzero"`
	ClockOffsetMS int64             `json:"clock_offset_ms,omitzero"`
	Source        string            `json:"source"`
	Format        string            `json:"format"`
	Seq           string            `json:"seq,omitzero"`
	ClassUID      int32             `json:"class_uid"`
	Class         string            `json:"class"`
	ActivityID    int32             `json:"activity_id,omitzero"`
	StatusID      int32             `json:"status_id,omitzero"`
	EventCode     string            `json:"event_code,omitzero"`
	SeverityID    int32             `json:"severity_id,omitzero"`
	ActorUser     string            `json:"actor_user,omitzero"`
	TargetUser    string            `json:"target_user,omitzero"`
	SrcIP         string            `json:"src_ip,omitzero"`
	SrcPort       int32             `json:"src_port,omitzero"`
	DstIP         string            `json:"dst_ip,omitzero"`
	DstPort       int32             `json:"dst_port,omitzero"`
	Host          string            `json:"host,omitzero"`
	SessionUID    string            `json:"session_uid,omitzero"`
	ProcessPath   string            `json:"process_path,omitzero"`
	CmdLine       string            `json:"cmd_line,omitzero"`
	Object        string            `json:"object,omitzero"`
	Statement     string            `json:"statement,omitzero"`
	ClientApp     string            `json:"client_app,omitzero"`
	BytesOut      int64             `json:"bytes_out,omitzero"`
	Message       string            `json:"message,omitzero"`
	Fields        map[string]string `json:"fields,omitempty"`
	Who           string            `json:"who,omitzero"` // what the company knows of address, account and object at that time
}

// EventOf sets an event, with its times in a zone and, where it was measured, how
// far its producer's clock was off.
func EventOf(ev *event.Event, zone *time.Location, clock *coverage.ClockState) Event {
	out := Event{
		Record: ev.Record, Nth: ev.Nth, Time: ev.Time.In(zone), TimeRx: ev.TimeRx.In(zone), TimeQuality: ev.Quality.String(),
		Source: ev.Source, Format: ev.Format, Seq: ev.NativeSeq, ClassUID: ev.ClassUID, Class: event.ClassName(ev.ClassUID),
		ActivityID: ev.ActivityID, StatusID: ev.StatusID, EventCode: ev.EventCode, SeverityID: ev.SeverityID,
		ActorUser: ev.ActorUser, TargetUser: ev.TargetUser, SrcIP: ev.SrcIP, SrcPort: ev.SrcPort, DstIP: ev.DstIP, DstPort: ev.DstPort,
		Host: ev.Host, SessionUID: ev.SessionUID, ProcessPath: ev.ProcessPath, CmdLine: ev.CmdLine, Object: ev.Object,
		Statement: ev.Statement, ClientApp: ev.ClientApp, BytesOut: ev.BytesOut, Message: ev.Message,
	}
	if ev.Quality.Zone != event.ZoneReceived {
		out.Original = ev.Quality.Original
		out.UncertaintyMS = max(clock.Doubt(ev.Quality.Uncertainty()).Widest().Milliseconds(), 1)
	}
	if clock != nil {
		out.ClockOffsetMS = clock.OffsetMS
	}
	if len(ev.Fields) > 0 {
		out.Fields = make(map[string]string, len(ev.Fields))
		for _, f := range ev.Fields {
			if _, ok := out.Fields[f.Name]; !ok {
				out.Fields[f.Name] = f.Value
			}
		}
	}
	return out
}

// Answer is the object that ends search, pivot and ask.
type Answer struct {
	Verdict  coverage.Verdict          `json:"verdict"`
	Because  []string                  `json:"because"`
	Coverage []coverage.SourceCoverage `json:"coverage"`
	Found    int64                     `json:"found"`
	From     time.Time                 `json:"from"`
	To       time.Time                 `json:"to"`
	Query    string                    `json:"query,omitempty"`
	Next     string                    `json:"next,omitempty"`
	Known    []Meaning                 `json:"known,omitempty"` // what names of the company's own were taken to mean
}

// AnswerOf sets an answer in a language.
func AnswerOf(a control.Answer, zone *time.Location, lang string) Answer {
	out := Answer{Verdict: a.Verdict, Because: []string{}, Coverage: a.Coverage, Found: a.Found, From: a.From.In(zone), To: a.To.In(zone)}
	for _, b := range a.Because {
		out.Because = append(out.Because, b.In(lang))
	}
	return out
}
