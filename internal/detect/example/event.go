package example

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/konseki/konseki/internal/event"
)

// An Event is one event as an example writes it: the promoted columns by their
// names, native fields under "fields" and the record's text under "raw".
// Everything may be left out.
type Event struct {
	// Rule is the id or name of the rule meant, where a file holds several;
	// else any of them may match.
	Rule       string            `json:"rule"`
	Source     string            `json:"source"`
	Format     string            `json:"format"`
	Class      int32             `json:"class_uid"`
	Activity   int32             `json:"activity_id"`
	Status     int32             `json:"status_id"`
	Code       string            `json:"event_code"`
	ActorUser  string            `json:"actor_user"`
	TargetUser string            `json:"target_user"`
	SrcIP      string            `json:"src_ip"`
	SrcPort    int32             `json:"src_port"`
	DstIP      string            `json:"dst_ip"`
	DstPort    int32             `json:"dst_port"`
	Host       string            `json:"host"`
	Session    string            `json:"session_uid"`
	Process    string            `json:"process_path"`
	CmdLine    string            `json:"cmd_line"`
	Object     string            `json:"object"`
	Statement  string            `json:"statement"`
	ClientApp  string            `json:"client_app"`
	BytesOut   int64             `json:"bytes_out"`
	Message    string            `json:"message"`
	Fields     map[string]string `json:"fields"`
	Raw        string            `json:"raw"`
}

// Event makes the event as a format would derive it.
func (x *Event) Event() event.Event {
	ev := event.Event{
		Source: x.Source, Format: x.Format, ClassUID: x.Class, ActivityID: x.Activity, StatusID: x.Status, EventCode: x.Code,
		ActorUser: x.ActorUser, TargetUser: x.TargetUser, SrcIP: x.SrcIP, SrcPort: x.SrcPort, DstIP: x.DstIP, DstPort: x.DstPort,
		Host: x.Host, SessionUID: x.Session, ProcessPath: x.Process, CmdLine: x.CmdLine, Object: x.Object, Statement: x.Statement,
		ClientApp: x.ClientApp, BytesOut: x.BytesOut, Message: x.Message,
	}
	for _, name := range slices.Sorted(maps.Keys(x.Fields)) {
		ev.Add(name, x.Fields[name])
	}
	return ev
}

// A Story is events in their order and how often a correlation is expected to
// find something in them.
type Story struct {
	Story  string  `json:"story"` // what happens, in a few words
	Rule   string  `json:"rule"`  // as in Event
	Expect int     `json:"expect"`
	Events []Timed `json:"events"`
}

// A Timed is an event of a story. At is how long after the first event it
// happens ("0s", "90s", "5m", "26h"), or an instant in RFC 3339.
type Timed struct {
	At string `json:"at"`
	Event
}

// Bounds of one file of examples.
const (
	maxFile     = 4 << 20
	maxExamples = 10_000 // events of all stories counted
)

// decode reads JSON strictly: a name that means nothing here is a mistake.
func decode(data []byte, into any) error {
	if len(data) > maxFile {
		return fmt.Errorf("larger than %d bytes", maxFile)
	}
	return json.Unmarshal(data, into, json.RejectUnknownMembers(true))
}

// Decode reads a file of examples or counter-examples, a JSON list of Events.
func Decode(data []byte) ([]Event, error) {
	var out []Event
	if err := decode(data, &out); err != nil {
		return nil, err
	}
	switch {
	case len(out) == 0:
		return nil, errors.New("holds no example")
	case len(out) > maxExamples:
		return nil, fmt.Errorf("more than %d examples", maxExamples)
	}
	return out, nil
}

// DecodeStories reads a file of stories, a JSON list. The events of each are in
// the order of their instants, which are returned with it.
func DecodeStories(data []byte) (stories []Story, at [][]time.Time, err error) {
	if err := decode(data, &stories); err != nil {
		return nil, nil, err
	}
	if len(stories) == 0 {
		return nil, nil, errors.New("holds no story")
	}
	events := 0
	for i := range stories {
		s := &stories[i]
		if events += len(s.Events); len(s.Events) == 0 || events > maxExamples {
			return nil, nil, fmt.Errorf("story %d: a story has an event, all of them together at most %d", i+1, maxExamples)
		}
		if s.Expect < 0 {
			return nil, nil, fmt.Errorf("story %d: expect is how often it is found, 0 or more", i+1)
		}
		times, err := s.times()
		if err != nil {
			return nil, nil, fmt.Errorf("story %d: %w", i+1, err)
		}
		at = append(at, times)
	}
	return stories, at, nil
}

// times gives the instants of a story's events.
func (s *Story) times() ([]time.Time, error) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var out []time.Time
	for i, ev := range s.Events {
		t, err := instant(ev.At, begin)
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i+1, err)
		}
		if i == 0 {
			begin = t
		} else if t.Before(out[i-1]) {
			return nil, fmt.Errorf("event %d stands after a later one", i+1)
		}
		out = append(out, t)
	}
	return out, nil
}

func instant(text string, begin time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	after, err := time.ParseDuration(text)
	if err != nil || after < 0 {
		return time.Time{}, fmt.Errorf("at %q is neither a time after the first event such as 90s, 5m or 26h, nor an instant in RFC 3339", text)
	}
	return begin.Add(after), nil
}
