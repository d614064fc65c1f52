package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

func TestAWordingFillsColumnsAndKeepsNativeNames(t *testing.T) {
	w := NewWording("User '{name>user}' from {peer>src}:{port>sport} ran {} of {cmd>statement}.", event.ClassProcess, 1, event.StatusSuccess).WithCode("7")
	ev := event.Event{}
	if !w.Read("User 'sato' from 192.0.2.7:22(x) ran one of a. b.", &ev) {
		t.Fatal("not read")
	}
	want := event.Event{
		ActorUser: "sato", SrcIP: "192.0.2.7", SrcPort: 22, Statement: "a", ClassUID: event.ClassProcess, ActivityID: 1, StatusID: 1, EventCode: "7",
		Fields: []event.Field{{Name: "name", Value: "sato"}, {Name: "peer", Value: "192.0.2.7"}, {Name: "port", Value: "22(x)"}, {Name: "cmd", Value: "a"}},
	}
	if d := cmp.Diff(want, ev); d != "" {
		t.Error(d)
	}
	for _, s := range []string{"", "User 'sato'", "user 'sato' from 192.0.2.7:22 ran x of y.", "User 'sato' from 192.0.2.7:22 ran x of y"} {
		if ev := (event.Event{}); w.Read(s, &ev) || len(ev.Fields) > 0 || ev.ActorUser != "" {
			t.Errorf("%q was read", s)
		}
	}
}

func TestAWordingTakesTheRestIntoItsLastHole(t *testing.T) {
	ev := event.Event{}
	if !NewWording("from {a>src} to {b>dst}", 0, 0, 0).Read("from host to 2001:db8::1", &ev) || ev.SrcIP != "" || ev.DstIP != "2001:db8::1" {
		t.Errorf("%+v", ev)
	}
	if v, _ := ev.Get("a"); v != "host" {
		t.Error("a name that is no address is kept as a native field")
	}
}
