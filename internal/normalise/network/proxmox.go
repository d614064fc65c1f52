package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// proxmox reads the log of the Proxmox VE firewall: "VMID LEVEL CHAIN TIME
// POLICY: IN=… SRC=…", a packet as netfilter writes it. Source: the Proxmox VE
// administration guide, "Firewall: Logging".
type proxmox struct{}

func newProxmox() format.Format { return proxmox{} }

func (proxmox) Name() string { return "proxmox" }

func (proxmox) Matches(raw []byte) bool {
	return len(raw) > 40 && format.IsDigit(raw[0]) && bytes.Contains(raw[:min(len(raw), 400)], []byte(" SRC="))
}

func (f proxmox) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	words := strings.SplitN(in.Text(), " ", 6)
	if len(words) < 6 || !format.IsDecimal(words[0]) || !format.IsDecimal(words[1]) {
		return dst, false
	}
	at, ok := format.CLFTime(words[3] + " " + words[4])
	policy, packet, found := strings.Cut(" "+words[5], ": ")
	if !found {
		policy, packet = "", words[5]
	}
	if !ok || !strings.Contains(packet, "SRC=") {
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassNetwork))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 20)
	at.Set(in, ev)
	policy = strings.TrimSpace(policy)
	ev.ActivityID, ev.Object, ev.EventCode, ev.Message = event.ActivityNetworkTraffic, words[2], policy, format.Message(words[5])
	ev.Add("VMID", words[0])
	ev.Add("LOGID", words[1])
	ev.Add("CHAIN", words[2])
	ev.Add("POLICY", policy)
	for pair := range strings.FieldsSeq(packet) {
		name, value, _ := strings.Cut(pair, "=")
		ev.Add(name, value)
		switch name {
		case "SRC":
			format.SetColumn(ev, "src", value)
		case "DST":
			format.SetColumn(ev, "dst", value)
		case "SPT":
			format.SetColumn(ev, "sport", value)
		case "DPT":
			format.SetColumn(ev, "dport", value)
		}
	}
	switch verdict := strings.ToUpper(policy); {
	case strings.Contains(verdict, "DROP"), strings.Contains(verdict, "REJECT"):
		refused(ev)
	case strings.Contains(verdict, "ACCEPT"):
		ev.StatusID = event.StatusSuccess
	}
	return dst, true
}
