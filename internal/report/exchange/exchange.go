// Package exchange writes what a case cites for other tools: CSV, JSON lines, Timesketch, OCSF and STIX.
//
// What is written is for other people's hands: unless asked otherwise, entities
// stand there under their public names and secrets are masked.
package exchange

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/names"
	"github.com/konseki/konseki/internal/mask"
)

// ErrInvalid marks what cannot be written as asked; the message says why.
var ErrInvalid = errors.New("not valid")

// Format is one way to write a case for another tool.
type Format struct {
	Name string // as people choose it
	File string // what its file is called in a bundle, and its ending elsewhere
	Says event.Phrase
	to   func(*writer, *bufio.Writer) sink
}

// Formats lists the formats.
func Formats() []Format {
	return []Format{
		{"csv", "events.csv", event.Phrase{JA: "引用した事象の表（表計算ソフト用、UTF-8）", EN: "cited events as a table for spreadsheets, UTF-8"}, (*writer).csv},
		{"jsonl", "events.jsonl", event.Phrase{JA: "引用した事象、1 行に 1 件の JSON", EN: "cited events, one JSON object a line"}, (*writer).jsonl},
		{"timesketch", "timesketch.jsonl", event.Phrase{JA: "Timesketch 用の時系列", EN: "the timeline for Timesketch"}, (*writer).timesketch},
		{"ocsf", "ocsf.jsonl", event.Phrase{JA: "引用した事象、OCSF の JSON", EN: "cited events as JSON of OCSF"}, (*writer).ocsf},
		{"stix", "stix.json", event.Phrase{JA: "侵入者の痕跡情報（STIX 2.1、指標とした項目だけ）", EN: "indicators of the intruder, those marked as such alone, as STIX 2.1"}, (*writer).stix},
	}
}

// Input is all that is written from.
type Input struct {
	Case    *investigate.Case
	Events  iter.Seq2[event.Event, error] // every event of every cited record, by Record; read once
	Zone    *time.Location
	Lang    string // "ja" or "en": of texts and public names
	Version string // of konseki
	Marking string // TLP: clear, green, amber, amber+strict or red; amber when empty
	Real    bool   // real names, and nothing masked
}

// Count says what was written.
type Count struct {
	Lines int64 // events, rows or indicators
	Left  int64 // what the format cannot hold: rows without a time, indicators that are none
}

// sink is one format as it is written.
type sink struct {
	event func(*event.Event) error // nil where the format takes none
	end   func() (Count, error)    // what comes after the events; Lines are those besides them
}

// Write writes a case in a format of [Formats]. Errors: ErrInvalid for an
// unknown format or marking, and those of Events and w.
func Write(w io.Writer, format string, in Input) (Count, error) {
	n, err := WriteAll(map[string]io.Writer{format: w}, in)
	return n[format], err
}

// WriteAll is [Write] for several formats at once: the events are read, masked
// and named once for all of them.
func WriteAll(to map[string]io.Writer, in Input) (map[string]Count, error) {
	w := &writer{Input: in, cited: citing(in.Case), count: map[string]Count{}}
	if !in.Real {
		w.mask = mask.New()
		w.names = names.New(in.Case.Entities, in.Lang)
	}
	sinks, outs := map[string]sink{}, map[string]*bufio.Writer{}
	names := []string{}
	for _, f := range Formats() {
		names = append(names, f.Name)
		if to[f.Name] != nil {
			outs[f.Name] = bufio.NewWriterSize(to[f.Name], 64<<10)
			sinks[f.Name] = f.to(w, outs[f.Name])
		}
	}
	for format := range to {
		if outs[format] == nil {
			return nil, fmt.Errorf("exchange: %w: the formats are %s, not %q", ErrInvalid, strings.Join(names, ", "), format)
		}
	}
	if err := w.run(sinks); err != nil {
		return w.count, fmt.Errorf("exchange: %w", err)
	}
	for _, format := range names {
		if out := outs[format]; out != nil {
			if err := out.Flush(); err != nil {
				return w.count, fmt.Errorf("exchange: %s: %w", format, err)
			}
		}
	}
	return w.count, nil
}

// run gives every event to every sink that takes them.
func (w *writer) run(sinks map[string]sink) error {
	var events int64
	if w.Events != nil && slices.ContainsFunc(slices.Collect(maps.Values(sinks)), func(s sink) bool { return s.event != nil }) {
		for ev, err := range w.Events {
			if err != nil {
				return err
			}
			ev = w.shown(ev)
			events++
			for format, s := range sinks {
				if s.event == nil {
					continue
				}
				if err := s.event(&ev); err != nil {
					return fmt.Errorf("%s: %w", format, err)
				}
			}
		}
	}
	for format, s := range sinks {
		n, err := s.end()
		if err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
		if s.event != nil {
			n.Lines += events
		}
		w.count[format] = n
	}
	return nil
}

// writer is what the formats share.
type writer struct {
	Input
	mask  *mask.Masker        // nil: nothing is masked
	names *names.Names        // nil: names stay
	cited map[uint64][]*place // by record
	count map[string]Count
}

// place is a part of the case that cites.
type place struct {
	id   string
	text event.Phrase
}

func citing(c *investigate.Case) map[uint64][]*place {
	out := map[uint64][]*place{}
	add := func(id string, text event.Phrase, cites []uint64) {
		p := &place{id, text}
		for _, seq := range cites {
			out[seq] = append(out[seq], p)
		}
	}
	for i := range c.Timeline {
		add(c.Timeline[i].ID, c.Timeline[i].Text, c.Timeline[i].Cites)
	}
	for i := range c.Statements {
		add(c.Statements[i].ID, c.Statements[i].Text, c.Statements[i].Cites)
	}
	for i := range c.Questions {
		add(c.Questions[i].ID, c.Questions[i].Text, c.Questions[i].Cites)
	}
	return out
}

// citedBy names the parts that cite a record.
func (w *writer) citedBy(seq uint64) []string {
	out := []string{}
	for _, p := range w.cited[seq] {
		out = append(out, p.id)
	}
	return out
}

// shown masks the secrets of an event and gives entities their public names.
// What is no UTF-8 becomes U+FFFD, as all the formats are UTF-8.
func (w *writer) shown(ev event.Event) event.Event {
	ev.Fields = slices.Clone(ev.Fields)
	for _, s := range texts(&ev) {
		*s = valid(*s)
	}
	for i := range ev.Fields {
		f := &ev.Fields[i]
		f.Name, f.Value = valid(f.Name), valid(f.Value)
	}
	if w.mask != nil {
		ev, _ = w.mask.Event(ev)
	}
	if w.names == nil {
		return ev
	}
	for _, s := range texts(&ev) {
		*s = w.names.Public(*s)
	}
	for i := range ev.Fields {
		f := &ev.Fields[i]
		f.Name, f.Value = w.names.Public(f.Name), w.names.Public(f.Value)
	}
	return ev
}

// texts are the columns of an event that hold text, its native fields apart.
func texts(ev *event.Event) []*string {
	return []*string{
		&ev.Source, &ev.Format, &ev.NativeSeq, &ev.Chain, &ev.EventCode, &ev.ActorUser, &ev.TargetUser, &ev.SrcIP, &ev.DstIP, &ev.Host, &ev.SessionUID,
		&ev.ProcessPath, &ev.CmdLine, &ev.Object, &ev.Statement, &ev.ClientApp, &ev.Message, &ev.Text, &ev.Peer, &ev.Quality.Original,
	}
}

// text is a text that people wrote, as it may be shown.
func (w *writer) text(p event.Phrase) string { return w.plain(p.In(w.Lang)) }

func (w *writer) plain(s string) string {
	s = valid(s)
	if w.mask != nil {
		s, _ = w.mask.Text(s)
	}
	if w.names != nil {
		s = w.names.Public(s)
	}
	return s
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// line writes a value as one line of JSON.
func line(out *bufio.Writer, v any) error {
	if err := json.MarshalWrite(out, v, json.Deterministic(true)); err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// nothing is the end of a format that has nothing after its events.
func nothing() (Count, error) { return Count{}, nil }
