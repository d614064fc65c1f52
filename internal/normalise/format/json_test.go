package format

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/event"
)

func TestFirstJSONTellsHowAFileIsCut(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 200)
	for head, want := range map[string]string{
		"{\"a\":1}\n{\"a\":2}\n":               "lines",
		"{\n \"a\": 1\n}\n{\n \"a\": 2\n}":     "json",
		"{\"a\":1}{\"a\":2}":                   "json",
		"[{\"a\":1},\n{\"a\":2}]":              "array",
		"{\"next\":\"x\",\"items\":[{\"a\":1}": "array",
		"{\"entries\":[{\"a\":1}]}":            "array",
		long:                                   "json",
		"[1,2]":                                "",
		"[Thu Mar 01] error":                   "",
		"{not json}":                           "",
		"":                                     "",
	} {
		got := ""
		if first, framing, ok := FirstJSON([]byte(head)); ok && IsJSONObject(first) {
			got = map[event.Framing]string{event.FrameLines: "lines", event.FrameJSON: "json", event.FrameJSONArray: "array"}[framing]
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", head, got, want)
		}
	}
}
