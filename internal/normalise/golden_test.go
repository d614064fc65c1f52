package normalise

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

var update = flag.Bool("update", false, "rewrite the .want files of the golden tests")

// goldenTransport is what a golden sample's records carry unless a file
// NAME.hints beside NAME.in says otherwise.
const goldenTransport = "file;tz=Asia%2FTokyo;tzfrom=configured;ref=2018-04-01T00%3A00%3A00Z"

// TestGoldenSamplesGiveTheEventsWritten reads every testdata/FORMAT/NAME.in,
// cuts it as Recognise says and compares the events with NAME.want.
func TestGoldenSamplesGiveTheEventsWritten(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no golden samples: %v", err)
	}
	for _, path := range inputs {
		t.Run(strings.TrimSuffix(path[len("testdata/"):], ".in"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	transport := goldenTransport
	if hints, err := os.ReadFile(strings.TrimSuffix(path, ".in") + ".hints"); err == nil {
		transport = strings.TrimSpace(string(hints))
	}
	shape := Recognise("sample", data)
	var b strings.Builder
	fmt.Fprintf(&b, "recognised as %q\n", shape.Format)
	for _, ev := range shapedEvents(shape, data, transport) {
		b.WriteString("\n" + describe(&ev))
	}
	want := strings.TrimSuffix(path, ".in") + ".want"
	if *update {
		if err := os.WriteFile(want, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(old), b.String()); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

// shapedEvents cuts data as shape says and normalises each record.
func shapedEvents(shape event.Shape, data []byte, transport string) []event.Event {
	via := event.ParseTransport(transport).With("format", shape.Format).With("enc", shape.Encoding)
	if len(shape.Columns) > 0 {
		via = via.With("columns", event.JoinColumns(shape.Columns))
	}
	n := New()
	var events []event.Event
	for i, raw := range records(shape, data) {
		events = n.Events(events, &event.Record{
			Seq: uint64(i + 1), Received: time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC),
			Source: "sample", Transport: via.String(), Raw: raw,
		})
	}
	return events
}

// records cuts a whole file in the way that its shape describes.
func records(shape event.Shape, data []byte) [][]byte {
	switch shape.Framing {
	case event.FrameJSON, event.FrameJSONArray:
		return jsonRecords(shape.Framing, data)
	case event.FrameBinary:
		return [][]byte{data}
	}
	var all [][]byte
	for line := range bytes.Lines(data) {
		last := len(all) - 1
		switch {
		case last >= 0 && shape.Framing == event.FrameCSV && bytes.Count(all[last], []byte(`"`))%2 == 1,
			last >= 0 && shape.Continues != nil && shape.Continues(all[last], bytes.TrimRight(line, "\r\n")):
			all[last] = append(slices.Clip(all[last]), line...)
		case len(bytes.TrimSpace(line)) > 0:
			all = append(all, line)
		}
	}
	return all
}

func jsonRecords(framing event.Framing, data []byte) [][]byte {
	var all [][]byte
	dec := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	if framing == event.FrameJSONArray {
		for dec.PeekKind() == '{' || dec.PeekKind() == '"' {
			if tok, err := dec.ReadToken(); err != nil || tok.Kind() == '"' && !slices.Contains(arrayKeys(), tok.String()) && dec.SkipValue() != nil {
				return all
			}
		}
		if _, err := dec.ReadToken(); err != nil {
			return all
		}
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err == io.EOF || err != nil {
			return all
		}
		all = append(all, bytes.Clone(v))
	}
	return all
}

func arrayKeys() []string { return []string{"items", "entries", "events", "records", "value"} }

// describe writes an event as text: the columns that are set and the native
// fields, each sorted by name.
func describe(ev *event.Event) string {
	var lines []string
	add := func(name string, value any) {
		if s := fmt.Sprint(value); s != "" && s != "0" {
			lines = append(lines, fmt.Sprintf("%s = %q", name, s))
		}
	}
	add("activity_id", ev.ActivityID)
	add("actor_user", ev.ActorUser)
	add("bytes_out", ev.BytesOut)
	add("class", event.ClassName(ev.ClassUID))
	add("client_app", ev.ClientApp)
	add("cmd_line", ev.CmdLine)
	add("dst_ip", ev.DstIP)
	add("dst_port", ev.DstPort)
	add("event_code", ev.EventCode)
	add("host", ev.Host)
	add("message", ev.Message)
	add("object", ev.Object)
	add("process_path", ev.ProcessPath)
	add("seq", ev.NativeSeq)
	add("session_uid", ev.SessionUID)
	add("severity_id", ev.SeverityID)
	add("src_ip", ev.SrcIP)
	add("src_port", ev.SrcPort)
	add("statement", ev.Statement)
	add("status_id", ev.StatusID)
	add("target_user", ev.TargetUser)
	add("text", ev.Text)
	add("time", ev.Time.Format(time.RFC3339Nano))
	add("time_original", ev.Quality.Original)
	add("time_quality", ev.Quality)
	var fields []string
	for _, f := range ev.Fields {
		fields = append(fields, fmt.Sprintf("  %s = %q", f.Name, f.Value))
	}
	slices.Sort(fields)
	head := fmt.Sprintf("record %d.%d %s", ev.Record, ev.Nth, ev.Format)
	return head + "\n" + strings.Join(append(lines, fields...), "\n") + "\n"
}
