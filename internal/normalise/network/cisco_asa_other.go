package network

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// addASAOther adds TLS handshakes, addresses given to clients, transfers by FTP
// and what the firewall itself calls a threat.
func addASAOther(w wordings) {
	const network, tunnel, yes, no, unknown = event.ClassNetwork, event.ClassTunnel, event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	const peer = "{interface}:{src>src}/{sport>sport}"
	w.add("725001", network, event.ActivityNetworkOpen, unknown, "Starting SSL handshake with {peer_type} "+peer+" to {dst>dst}/{dport>dport} for {protocol}", "Starting SSL handshake with {peer_type} "+peer+" for {protocol}")
	w.add("725002", network, event.ActivityNetworkTraffic, yes, "Device completed SSL handshake with {peer_type} "+peer+" to {dst>dst}/{dport>dport} for {protocol}", "Device completed SSL handshake with {peer_type} "+peer)
	w.add("725006", network, event.ActivityNetworkTraffic, no, "Device failed SSL handshake with {peer_type} "+peer+" to {dst>dst}/{dport>dport}", "Device failed SSL handshake with {peer_type} "+peer)
	w.add("725007", network, event.ActivityNetworkClose, yes, "SSL session with {peer_type} "+peer+" to {dst>dst}/{dport>dport} terminated", "SSL session with {peer_type} "+peer+" terminated")
	w.add("721016", tunnel, event.ActivityTunnelOpen, yes, "({device}) WebVPN session for client user {user>user}, IPv4 {ip>src} has been created", "({device}) WebVPN session for client user {user>user}, IP {ip>src} has been created")
	w.add("721018", tunnel, event.ActivityTunnelClose, yes, "({device}) WebVPN session for client user {user>user}, IPv4 {ip>src} has been deleted", "({device}) WebVPN session for client user {user>user}, IP {ip>src} has been deleted")
	w.add("737016", tunnel, event.ActivityOther, yes, "IPAA: Session={session>session}, Freeing local pool {pool} address {assigned_ip>dst}", "IPAA: Freeing local pool {pool} address {assigned_ip>dst}")
	w.add("737026", tunnel, event.ActivityOther, yes, "IPAA: Session={session>session}, Client assigned {assigned_ip>dst} from local pool{pool}", "IPAA: Client assigned {assigned_ip>dst} from local pool{pool}")
	const ftp = "FTP connection from {src_interface}:{src>src}/{sport>sport} to {dst_interface}:{dst>dst}/{dport>dport}, user {user>user} "
	w.add("303002", event.ClassFileHosting, event.ActivityHostingUpload, yes, ftp+"Stored file {file>object}")
	w.add("303002", event.ClassFileHosting, event.ActivityHostingDownload, yes, ftp+"Retrieved file {file>object}")
	const finding, raised = event.ClassFinding, event.ActivityFindingCreate
	w.add("733100", finding, raised, unknown, "[{object>src}] {rate} exceeded. {text}")
	w.add("733101", finding, raised, unknown, "Host {src>src} is attacking. {text}", "Host {dst>dst} is targeted. {text}", "Subnet {object>object} is {state}. {text}")
	w.add("419002", finding, raised, unknown, "Duplicate TCP SYN from {src_interface}:{src>src}/{sport>sport} to {dst_interface}:{dst>dst}/{dport>dport} with different initial sequence number")
	for _, code := range []string{"338001", "338002", "338003", "338004", "338005", "338006", "338007", "338008"} {
		w.add(code, finding, raised, unknown, "Dynamic Filter {verdict} {list} {protocol} traffic from {src_interface}:{src>src}/{sport>sport} ({mapped_src}) to {dst_interface}:{dst>dst}/{dport>dport} ({mapped_dst}), {text}")
	}
}

// aaaMessage gives the messages about AAA the one wording that versions differ
// in: "server = a : user = b", "server = a, User = b".
func aaaMessage(code, message string) string {
	if !strings.HasPrefix(code, "1130") {
		return message
	}
	return strings.NewReplacer(" : ", ": ", " , User = ", ": user = ", ", User = ", ": user = ", ", user IP", ": user IP").Replace(message)
}

// asaWhat tells what the AAA server was asked for apart from a logon.
func asaWhat(ev *event.Event) {
	switch kind, _ := ev.Get("aaa_type"); kind {
	case "authorization":
		ev.ClassUID, ev.ActivityID = event.ClassAuthorization, event.ActivityOther
	case "accounting":
		ev.ClassUID, ev.ActivityID = event.ClassBase, event.ActivityOther
	}
}

// asaAccount finds whose a connection is, where the firewall knows: at the end
// "(sato)", or behind an address "(example\sato)"; LOCAL is its own database.
func asaAccount(ev *event.Event, message string) {
	if ev.ActorUser != "" || !strings.HasPrefix(ev.EventCode, "3020") && !strings.HasPrefix(ev.EventCode, "30501") {
		return
	}
	message, _, _ = strings.Cut(message, " type ")
	account := ""
	if open := strings.LastIndex(message, " ("); open >= 0 && strings.HasSuffix(message, ")") {
		account = message[open+2 : len(message)-1]
	}
	if address, _, mapped := strings.Cut(account, "/"); mapped || format.Address(address) != "" {
		account = ""
	}
	if slash := strings.IndexByte(message, '\\'); account == "" && slash > 0 {
		open := strings.LastIndexByte(message[:slash], '(')
		account, _, _ = strings.Cut(message[open+1:], ")")
	}
	ev.ActorUser = strings.TrimPrefix(account, `LOCAL\`)
}

// withoutMask leaves an account out that the device did not name: "*****" of one
// that does not exist, "Unknown" before it is known.
func withoutMask(ev *event.Event) {
	if strings.Trim(ev.ActorUser, "*") == "" || ev.ActorUser == "Unknown" {
		ev.ActorUser = ""
	}
}
