package format

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func TestOnlyASCIIWithoutEscapesIsPlain(t *testing.T) {
	for n := range 20 {
		text := []byte(strings.Repeat("a", n))
		if !IsPlain(text) {
			t.Errorf("%q is not plain", text)
		}
		for i := range text {
			text[i] = 0x80
			if IsPlain(text) {
				t.Errorf("%q is plain", text)
			}
			text[i] = 'a'
		}
	}
	for text, want := range map[string]bool{`C:\windows`: true, `C:\users`: false, "\\u3042": false, "\x00\x7f": true, "痕跡": false} {
		if IsPlain([]byte(text)) != want {
			t.Errorf("%q: plain %v", text, !want)
		}
	}
}

func TestMessagesAreCutBetweenCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Repeat(rapid.StringN(1, 5, -1).Draw(t, "s"), MaxMessage)
		got := Message(s)
		if len(got) > MaxMessage || len(got) < MaxMessage-utf8.UTFMax || !strings.HasPrefix(s, got) || !utf8.ValidString(got) {
			t.Fatalf("%d bytes of %d", len(got), len(s))
		}
	})
}

func TestMakeValidReachesEveryString(t *testing.T) {
	const bad = "a\xff\xfe"
	ev := event.Event{
		Source: bad, Format: bad, NativeSeq: bad, EventCode: bad, ActorUser: bad, TargetUser: bad, SrcIP: bad, DstIP: bad, Host: bad,
		SessionUID: bad, ProcessPath: bad, CmdLine: bad, Object: bad, Statement: bad, ClientApp: bad, Message: bad, Text: bad,
		Quality: event.Quality{Original: bad}, Fields: []event.Field{{Name: bad, Value: bad}},
	}
	MakeValid(&ev)
	const good = "a\uFFFD"
	want := event.Event{
		Source: good, Format: good, NativeSeq: good, EventCode: good, ActorUser: good, TargetUser: good, SrcIP: good, DstIP: good, Host: good,
		SessionUID: good, ProcessPath: good, CmdLine: good, Object: good, Statement: good, ClientApp: good, Message: good, Text: good,
		Quality: event.Quality{Original: good}, Fields: []event.Field{{Name: good, Value: good}},
	}
	if d := cmp.Diff(want, ev); d != "" {
		t.Error(d)
	}
}
