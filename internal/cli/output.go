package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/terminal"
)

// WriteFile writes a file whole or not at all.
func WriteFile(name string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".konseki-*")
	if err != nil {
		return err
	}
	err = write(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// PrintFinding writes a finding as a line of text.
func (e *Env) PrintFinding(f *control.Finding, loc *time.Location) {
	text := fmt.Sprintf("%s  %-13s %s", f.Time.In(loc).Format("2006-01-02 15:04:05 MST"), f.Level, f.Title.In(e.Lang))
	if why := f.Why.In(e.Lang); why != "" {
		text += " – " + why
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(fmt.Sprintf("%s  #%d", text, f.Record)))
}

// WriteJSON writes one object on one line.
func (e *Env) WriteJSON(v any) error { return e.WriteJSONTo(e.Stdout, v) }

// WriteJSONTo writes one object on one line, not to standard output.
func (e *Env) WriteJSONTo(out io.Writer, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.EscapeForHTML(false))
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err = out.Write(append(b, '\n'))
	return err
}

// Say chooses the language.
func (e *Env) Say(ja, en string) string { return event.Phrase{JA: ja, EN: en}.In(e.Lang) }

// PrintEvent writes one event as a line of text; clock is how far its producer's
// was off, nil where that was not measured.
func (e *Env) PrintEvent(ev *event.Event, zone *time.Location, clock *coverage.ClockState) {
	parts := []string{
		ev.Time.In(zone).Format("2006-01-02 15:04:05.000 MST"), Pad(e.doubt(ev.Quality, clock), 4), Pad(ev.Source, 12), Pad(ev.Host, 12),
		Pad(ev.ActorUser, 10), Pad(ev.SrcIP, 15), Pad(e.outcome(ev.StatusID), 4), sentence(ev), fmt.Sprintf("#%d", ev.Record),
	}
	if who := e.Estate.Line(ev, zone, e.Lang); who != "" {
		parts = append(parts, "["+who+"]")
	}
	fmt.Fprintln(e.Stdout, terminal.Plain(strings.Join(parts, "  ")))
}

// sentence is the shortest text that says what the event was.
func sentence(ev *event.Event) string {
	for _, s := range []string{ev.Message, ev.CmdLine, ev.Statement, ev.Object, ev.EventCode} {
		if s != "" {
			return terminal.Clip(s, 160)
		}
	}
	return event.ClassName(ev.ClassUID)
}

func (e *Env) outcome(status int32) string {
	switch status {
	case event.StatusSuccess:
		return e.Say("成功", "ok")
	case event.StatusFailure:
		return e.Say("失敗", "fail")
	}
	return "-"
}

// Pad fills a text with blanks to n characters; nothing is a dash.
func Pad(s string, n int) string {
	if s == "" {
		s = "-"
	}
	return fmt.Sprintf("%-*s", n, s)
}

// VerdictWord is a verdict in words.
func (e *Env) VerdictWord(v coverage.Verdict) string {
	return map[coverage.Verdict]string{
		coverage.Found: e.Say("判明", "found"), coverage.NotFoundCovered: e.Say("痕跡なし・網羅", "not found, covered"),
		coverage.VerdictUnknown: e.Say("不明", "unknown"),
	}[v]
}

// PrintAnswer writes the verdict and what could not be known, to standard
// output with the rest of the answer: an empty result is never just empty.
func (e *Env) PrintAnswer(a control.Answer, zone *time.Location) {
	word := e.VerdictWord(a.Verdict)
	window := ""
	if !a.From.IsZero() {
		window = "  (" + Stamp(a.From, zone) + " – " + a.To.In(zone).Format("2006-01-02 15:04:05 MST") + ")"
	}
	fmt.Fprintf(e.Stdout, "\n%s: %s%s\n", e.Say("判定", "verdict"), word, window)
	for _, b := range a.Because {
		fmt.Fprintln(e.Stdout, "  - "+terminal.Plain(b.In(e.Lang)))
	}
}

// PrintKnown writes what the names in a query were taken to mean.
func (e *Env) PrintKnown(list []control.Meaning) {
	for _, m := range list {
		fmt.Fprintln(e.Stdout, terminal.Plain(m.Term+" = "+m.Said.In(e.Lang)))
	}
}

// InZone shows a time in the zone; no time stays no time.
func InZone(t time.Time, loc *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(loc)
}

// Stamp is a time to the second, as it is on the wall of the zone.
func Stamp(t time.Time, loc *time.Location) string { return t.In(loc).Format("2006-01-02 15:04:05") }

// Span is a length of time in its largest two units.
func (e *Env) Span(d time.Duration) string {
	days, hours, minutes := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60
	switch {
	case days > 9:
		return fmt.Sprintf(e.Say("%d 日", "%d days"), days)
	case days > 0:
		return fmt.Sprintf(e.Say("%d 日 %d 時間", "%d d %d h"), days, hours)
	}
	return fmt.Sprintf(e.Say("%d 時間 %d 分", "%d h %d min"), hours, minutes)
}
