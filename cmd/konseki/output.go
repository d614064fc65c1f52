package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
)

// writeJSON writes one object on one line.
func (e *env) writeJSON(v any) error { return e.writeJSONTo(e.stdout, v) }

func (e *env) writeJSONTo(out io.Writer, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.EscapeForHTML(false))
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// eventJSON is an event as scripts read it: the promoted columns by their
// names, times in RFC 3339 with zone, native fields under "fields".
type eventJSON struct {
	Record      uint64            `json:"record"`
	Nth         uint16            `json:"nth,omitzero"`
	Time        time.Time         `json:"time"`
	TimeRx      time.Time         `json:"time_rx"`
	TimeQuality string            `json:"time_quality"`
	Source      string            `json:"source"`
	Format      string            `json:"format"`
	Seq         string            `json:"seq,omitzero"`
	ClassUID    int32             `json:"class_uid"`
	Class       string            `json:"class"`
	ActivityID  int32             `json:"activity_id,omitzero"`
	StatusID    int32             `json:"status_id,omitzero"`
	EventCode   string            `json:"event_code,omitzero"`
	SeverityID  int32             `json:"severity_id,omitzero"`
	ActorUser   string            `json:"actor_user,omitzero"`
	TargetUser  string            `json:"target_user,omitzero"`
	SrcIP       string            `json:"src_ip,omitzero"`
	SrcPort     int32             `json:"src_port,omitzero"`
	DstIP       string            `json:"dst_ip,omitzero"`
	DstPort     int32             `json:"dst_port,omitzero"`
	Host        string            `json:"host,omitzero"`
	SessionUID  string            `json:"session_uid,omitzero"`
	ProcessPath string            `json:"process_path,omitzero"`
	CmdLine     string            `json:"cmd_line,omitzero"`
	Object      string            `json:"object,omitzero"`
	Statement   string            `json:"statement,omitzero"`
	ClientApp   string            `json:"client_app,omitzero"`
	BytesOut    int64             `json:"bytes_out,omitzero"`
	Message     string            `json:"message,omitzero"`
	Fields      map[string]string `json:"fields,omitempty"`
}

func toJSON(ev *event.Event, zone *time.Location) eventJSON {
	out := eventJSON{
		Record: ev.Record, Nth: ev.Nth, Time: ev.Time.In(zone), TimeRx: ev.TimeRx.In(zone), TimeQuality: ev.Quality.String(),
		Source: ev.Source, Format: ev.Format, Seq: ev.NativeSeq, ClassUID: ev.ClassUID, Class: event.ClassName(ev.ClassUID),
		ActivityID: ev.ActivityID, StatusID: ev.StatusID, EventCode: ev.EventCode, SeverityID: ev.SeverityID,
		ActorUser: ev.ActorUser, TargetUser: ev.TargetUser, SrcIP: ev.SrcIP, SrcPort: ev.SrcPort, DstIP: ev.DstIP, DstPort: ev.DstPort,
		Host: ev.Host, SessionUID: ev.SessionUID, ProcessPath: ev.ProcessPath, CmdLine: ev.CmdLine, Object: ev.Object,
		Statement: ev.Statement, ClientApp: ev.ClientApp, BytesOut: ev.BytesOut, Message: ev.Message,
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

// answerJSON is the object that ends search, pivot and ask.
type answerJSON struct {
	Verdict  coverage.Verdict          `json:"verdict"`
	Because  []string                  `json:"because"`
	Coverage []coverage.SourceCoverage `json:"coverage"`
	Found    int64                     `json:"found"`
	From     time.Time                 `json:"from"`
	To       time.Time                 `json:"to"`
	Query    string                    `json:"query,omitempty"`
	Next     string                    `json:"next,omitempty"`
}

func (e *env) answerJSON(a control.Answer, zone *time.Location) answerJSON {
	out := answerJSON{Verdict: a.Verdict, Because: []string{}, Coverage: a.Coverage, Found: a.Found, From: a.From.In(zone), To: a.To.In(zone)}
	for _, b := range a.Because {
		out.Because = append(out.Because, b.In(e.lang))
	}
	return out
}

// say chooses the language.
func (e *env) say(ja, en string) string { return event.Phrase{JA: ja, EN: en}.In(e.lang) }

// printEvent writes one event as a line of text.
func (e *env) printEvent(ev *event.Event, zone *time.Location) {
	parts := []string{
		ev.Time.In(zone).Format("2006-01-02 15:04:05.000 MST"), pad(ev.Source, 12), pad(ev.Host, 12),
		pad(ev.ActorUser, 10), pad(ev.SrcIP, 15), pad(e.outcome(ev.StatusID), 4), sentence(ev), fmt.Sprintf("#%d", ev.Record),
	}
	fmt.Fprintln(e.stdout, plain(strings.Join(parts, "  ")))
}

// sentence is the shortest text that says what the event was.
func sentence(ev *event.Event) string {
	for _, s := range []string{ev.Message, ev.CmdLine, ev.Statement, ev.Object, ev.EventCode} {
		if s != "" {
			return clip(s, 160)
		}
	}
	return event.ClassName(ev.ClassUID)
}

func (e *env) outcome(status int32) string {
	switch status {
	case event.StatusSuccess:
		return e.say("成功", "ok")
	case event.StatusFailure:
		return e.say("失敗", "fail")
	}
	return "-"
}

func pad(s string, n int) string {
	if s == "" {
		s = "-"
	}
	return fmt.Sprintf("%-*s", n, s)
}

// verdictWord is a verdict in words.
func (e *env) verdictWord(v coverage.Verdict) string {
	return map[coverage.Verdict]string{
		coverage.Found: e.say("判明", "found"), coverage.NotFoundCovered: e.say("痕跡なし・網羅", "not found, covered"),
		coverage.VerdictUnknown: e.say("不明", "unknown"),
	}[v]
}

// printAnswer writes the verdict and what could not be known, to standard
// output with the rest of the answer: an empty result is never just empty.
func (e *env) printAnswer(a control.Answer, zone *time.Location) {
	word := e.verdictWord(a.Verdict)
	window := ""
	if !a.From.IsZero() {
		window = "  (" + stamp(a.From, zone) + " – " + a.To.In(zone).Format("2006-01-02 15:04:05 MST") + ")"
	}
	fmt.Fprintf(e.stdout, "\n%s: %s%s\n", e.say("判定", "verdict"), word, window)
	for _, b := range a.Because {
		fmt.Fprintln(e.stdout, "  - "+plain(b.In(e.lang)))
	}
}
