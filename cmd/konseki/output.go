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

// say chooses the language.
func (e *env) say(ja, en string) string { return event.Phrase{JA: ja, EN: en}.In(e.lang) }

// printEvent writes one event as a line of text; clock is how far its producer's
// was off, nil where that was not measured.
func (e *env) printEvent(ev *event.Event, zone *time.Location, clock *coverage.ClockState) {
	parts := []string{
		ev.Time.In(zone).Format("2006-01-02 15:04:05.000 MST"), pad(e.doubt(ev.Quality, clock), 4), pad(ev.Source, 12), pad(ev.Host, 12),
		pad(ev.ActorUser, 10), pad(ev.SrcIP, 15), pad(e.outcome(ev.StatusID), 4), sentence(ev), fmt.Sprintf("#%d", ev.Record),
	}
	if who := e.estate.Line(ev, zone, e.lang); who != "" {
		parts = append(parts, "["+who+"]")
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
