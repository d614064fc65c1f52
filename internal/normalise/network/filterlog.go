package network

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// filterlog reads the packet log of pf as pfSense and OPNsense write it: CSV
// behind the tag "filterlog". Source: Netgate, "Raw Filter Log Format".
type filterlog struct {
	head, v4, v6, tcp, udp []string
}

func newFilterlog() format.Format {
	return filterlog{
		head: strings.Fields("rule-number sub-rule-number anchor tracker real-interface reason action direction ip-version"),
		v4:   strings.Fields("tos ecn ttl id offset flags protocol-id protocol length source-address destination-address"),
		v6:   strings.Fields("class flow-label hop-limit protocol protocol-id length source-address destination-address"),
		tcp:  strings.Fields("source-port destination-port data-length tcp-flags sequence-number ack-number tcp-window urg tcp-options"),
		udp:  strings.Fields("source-port destination-port data-length"),
	}
}

func (filterlog) Name() string { return "filterlog" }

func (filterlog) Matches(raw []byte) bool {
	return len(raw) > 20 && format.IsDigit(raw[0]) && bytes.Count(raw[:min(len(raw), 200)], []byte(",")) >= 12
}

func (f filterlog) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	cells := strings.Split(in.Text(), ",")
	if len(cells) < len(f.head)+len(f.v6) || !format.IsDecimal(cells[0]) || cells[7] != "in" && cells[7] != "out" && cells[7] != "in/out" {
		return dst, false
	}
	layout := f.v4
	switch cells[8] {
	case "4":
		if len(cells) < len(f.head)+len(f.v4) {
			return dst, false
		}
	case "6":
		layout = f.v6
	default:
		return dst, false
	}
	dst = append(dst, in.New(f.Name(), event.ClassNetwork))
	ev := &dst[len(dst)-1]
	ev.Fields = make([]event.Field, 0, 30)
	add := func(names []string) {
		for i, name := range names {
			if i < len(cells) {
				ev.Add(name, cells[i])
			}
		}
		cells = cells[min(len(cells), len(names)):]
	}
	add(f.head)
	add(layout)
	get := func(name string) string { v, _ := ev.Get(name); return v }
	switch strings.ToLower(get("protocol")) {
	case "tcp":
		add(f.tcp)
	case "udp":
		add(f.udp)
	}
	ev.SrcIP, ev.DstIP = format.Address(get("source-address")), format.Address(get("destination-address"))
	ev.SrcPort, ev.DstPort = format.Port(get("source-port")), format.Port(get("destination-port"))
	ev.EventCode, ev.Object = get("tracker"), get("real-interface")
	ev.ActivityID = event.ActivityNetworkTraffic
	switch get("action") {
	case "pass":
		ev.StatusID = event.StatusSuccess
	case "block", "reject":
		refused(ev)
	}
	ev.Message = strings.Join([]string{get("action"), get("direction"), get("protocol"), get("source-address"), "to", get("destination-address")}, " ")
	return dst, true
}
