package system

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Activities of OCSF Peripheral Activity.
const (
	activityPeripheralConnect    int32 = 1
	activityPeripheralDisconnect int32 = 2
)

// readKernel reads netfilter's packet log (iptables, nftables, ufw) and USB
// connections; anything else is kernel activity.
func readKernel(ev *event.Event, message string) {
	s := message
	if strings.HasPrefix(s, "[") { // seconds since start: "[12345.678901] "
		if stamp, rest, ok := strings.Cut(s, "] "); ok && isUptime(stamp[1:]) {
			s = rest
		}
	}
	ev.ClassUID, ev.ActivityID = event.ClassKernel, event.ActivityOther
	ev.Message = s
	switch {
	case isNetfilter(s):
		readNetfilter(ev, s)
	case strings.HasPrefix(s, "Clock: "):
		isClock(ev, s)
	case strings.HasPrefix(s, "wireguard: "):
		readWireGuard(ev, s)
	case strings.Contains(s, "New USB device found"):
		ev.ClassUID, ev.ActivityID = event.ClassPeripheral, activityPeripheralConnect
		usbFields(ev, s)
	case strings.Contains(s, "USB disconnect"):
		ev.ClassUID, ev.ActivityID = event.ClassPeripheral, activityPeripheralDisconnect
		usbFields(ev, s)
	}
}

func isNetfilter(s string) bool {
	return strings.Contains(s, "IN=") && strings.Contains(s, " SRC=") && strings.Contains(s, " DST=")
}

func isUptime(s string) bool {
	for i := range len(s) {
		if !format.IsDigit(s[i]) && s[i] != '.' && s[i] != ' ' {
			return false
		}
	}
	return s != ""
}

// usbFields reads "usb 1-1: New USB device found, idVendor=0781, idProduct=5567".
func usbFields(ev *event.Event, s string) {
	port, s, _ := strings.Cut(s, ": ")
	ev.Object = strings.TrimPrefix(port, "usb ")
	for part := range strings.SplitSeq(s, ", ") {
		if name, value, ok := strings.Cut(part, "="); ok {
			ev.Add(name, value)
		}
	}
}

// readNetfilter reads "PREFIX IN=eth0 OUT= SRC=192.0.2.1 DST=… PROTO=TCP
// SPT=… DPT=…" (nf_log_syslog.c). An ICMP error repeats the packet it is about
// in brackets, which is not read.
func readNetfilter(ev *event.Event, s string) {
	ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkTraffic
	start := strings.Index(s, "IN=")
	if start < 0 {
		start = strings.Index(s, "SRC=")
	}
	prefix := strings.TrimSpace(s[:start])
	if prefix == "" && ev.ProcessPath != "kernel" { // "DENY: IN=…" reads like a program
		prefix = ev.ProcessPath
	}
	prefix, description, _ := strings.Cut(prefix, " DESCR=") // UniFi gateways quote the rule's name
	ev.EventCode = prefix
	ev.Add("prefix", prefix)
	ev.Add("DESCR", strings.Trim(description, `"`))
	switch verdict := strings.ToUpper(prefix); {
	case containsAny(verdict, "-A]", "-A-"):
		ev.StatusID = event.StatusSuccess
	case containsAny(verdict, "DROP", "BLOCK", "DENY", "DENIED", "REJECT", "-D]", "-D-", "-R]", "-R-"):
		ev.ActivityID, ev.StatusID = event.ActivityNetworkRefuse, event.StatusFailure
	case containsAny(verdict, "ACCEPT", "ALLOW", "PASS"):
		ev.StatusID = event.StatusSuccess
	}
	packet := s[start:]
	if i := strings.Index(packet, " [SRC="); i >= 0 {
		packet = packet[:i]
	}
	for pair := range strings.FieldsSeq(packet) {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "SRC":
			ev.SrcIP = format.Address(value)
		case "DST":
			ev.DstIP = format.Address(value)
		case "SPT":
			ev.SrcPort = format.Port(value)
		case "DPT":
			ev.DstPort = format.Port(value)
		}
		ev.Add(name, value)
	}
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
