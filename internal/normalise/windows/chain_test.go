package windows_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/windows"
)

func TestEachChannelCountsItsRecords(t *testing.T) {
	numbered := event.Event{Fields: []event.Field{{Name: "EventRecordID", Value: "77"}}}
	windows.Classify(&numbered, "4624", "Security", "")
	if numbered.NativeSeq != "77" || numbered.Chain != "eventrecord:Security" {
		t.Errorf("got %q of %q", numbered.NativeSeq, numbered.Chain)
	}
	other := event.Event{NativeSeq: "5"}
	windows.Classify(&other, "4624", "Security", "")
	if other.NativeSeq != "5" || other.Chain != "" {
		t.Errorf("a number that is not the channel's counts: %q of %q", other.NativeSeq, other.Chain)
	}
}
