package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// seil reads the sessions of the PPP access concentrator in IIJ's SEIL routers,
// which is npppd: "ppp id=… layer=… logtype=…" and "l2tpd ctrl=… logtype=…",
// pairs of names and values. Written from the maker's description and npppd's
// own messages; not verified on the lines of a real device. The messages of a
// SEIL's other functions have no mark of their own and stay with the envelope.
type seil struct{}

func newSEIL() format.Format { return seil{} }

func (seil) Name() string { return "seil" }

func (seil) Matches(raw []byte) bool {
	return bytes.Contains(raw[:min(len(raw), 200)], []byte(" logtype=")) && seilStart(string(raw[:min(len(raw), 100)])) >= 0
}

// seilStart finds the layer that speaks.
func seilStart(s string) int {
	for _, layer := range [...]string{"ppp id=", "l2tpd ", "pptpd ", "pppoed "} {
		if at := strings.Index(s, layer); at == 0 || at > 0 && s[at-1] == ' ' {
			return at
		}
	}
	return -1
}

func (f seil) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	text := in.Text()
	at := seilStart(text[:min(len(text), 100)])
	if at < 0 {
		return dst, false
	}
	head, ok := readHeader(text[:at])
	if !ok {
		return dst, false
	}
	if !strings.Contains(text[at:], " logtype=") {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassTunnel))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 16)
	head.set(in, ev)
	for name, value := range format.Pairs(text[at:]) {
		ev.Add(name, value)
	}
	get := ev.First // the first of a name: a peer may put more into its own
	ev.ActorUser, ev.EventCode = get("user", "username"), get("logtype")
	ev.SessionUID, ev.ClientApp = get("id", "ctrl"), get("layer2")
	format.SetColumn(ev, "src", get("layer2from", "from", "to"))
	format.SetColumn(ev, "dst", get("ip"))
	sent, _, _ := strings.Cut(get("data_out"), "bytes")
	ev.BytesOut = format.ByteCount(sent)
	ev.Message = format.Message(text[at:])
	ev.ActivityID = event.ActivityOther
	switch strings.ToUpper(ev.EventCode) {
	case "TUNNELSTART", "STARTED", "OPENED":
		ev.ActivityID, ev.StatusID = event.ActivityTunnelOpen, event.StatusSuccess
	case "TUNNELUSAGE", "FINISHED", "CLOSED", "DISCONNECTED":
		ev.ActivityID, ev.StatusID = event.ActivityTunnelClose, event.StatusSuccess
	case "SUCCESS":
		format.Logon(ev, ev.ActorUser, event.StatusSuccess)
	case "FAILURE":
		format.Logon(ev, ev.ActorUser, event.StatusFailure)
	}
	return dst, true
}
