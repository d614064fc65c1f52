package network_test

import (
	"testing"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// TestHubLinesGiveWhatTheirAssertionsSay compares with CrowdSec's parser tests.
func TestHubLinesGiveWhatTheirAssertionsSay(t *testing.T) {
	n := normalise.New()
	read := func(line string) event.Event {
		return n.Events(nil, &event.Record{Received: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Transport: "file", Raw: []byte(line)})[0]
	}
	lines, parsed, facts, agree := normalisetest.Hub(t, read,
		"palo-alto-threat", "CVE-2024-9474", "CVE-2025-0108", "CVE-2022-40684", "pulse-secure*", "mikrotik-logs", "unifi-*", "cef-logs",
		"charon-ipsec-*bf", "wireguard-auth", "pf-scan*", "pfsense*", "iptables*", "proxmox-iptables-logs", "openvpn*", "suricata-logs-fastlog")
	if parsed != lines || agree != facts {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	}
	// The hub takes a packet of 128 bytes that charon sends for the refusal of a
	// logon; here a refusal is what charon calls one, so that fact is not ours.
	lines, parsed, facts, agree = normalisetest.Hub(t, read, "charon-ipsec-logs")
	if parsed != lines || agree*100 < facts*75 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	}
}
