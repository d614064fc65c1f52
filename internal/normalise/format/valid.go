package format

import (
	"strings"
	"unicode/utf8"

	"github.com/konseki/konseki/internal/event"
)

// MakeValid makes every string of the event valid UTF-8 but for its source.
func MakeValid(ev *event.Event) {
	for _, s := range []*string{
		&ev.Format, &ev.NativeSeq, &ev.EventCode, &ev.ActorUser, &ev.TargetUser,
		&ev.SrcIP, &ev.DstIP, &ev.Host, &ev.SessionUID, &ev.ProcessPath, &ev.CmdLine, &ev.Object,
		&ev.Statement, &ev.ClientApp, &ev.Message, &ev.Text, &ev.Quality.Original,
	} {
		valid(s)
	}
	for i := range ev.Fields {
		valid(&ev.Fields[i].Name)
		valid(&ev.Fields[i].Value)
	}
}

func valid(s *string) {
	if *s != "" && !utf8.ValidString(*s) {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
}
