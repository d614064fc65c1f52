package network

import "github.com/konseki/konseki/internal/event"

// addIOS adds the messages of routers and switches: logons, configuration,
// access lists, tunnels, links and 802.1X.
func addIOS(w wordings) {
	const auth, logon, logoff, yes, no, unknown = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	w.add("SEC_LOGIN-LOGIN_SUCCESS", auth, logon, yes, "Login Success [user: {user>user}] [Source: {Source>src}] [localport: {localport>dport}]{text}", "Login Success [user: {user>user}]{text}")
	w.add("SEC_LOGIN-LOGIN_FAILED", auth, logon, no, "Login failed [user: {user>user}] [Source: {Source>src}] [localport: {localport>dport}] [Reason: {Reason}]{text}")
	w.add("SEC_LOGIN-QUIET_MODE_ON", auth, event.ActivityOther, no, "{text}[user: {user>user}] [Source: {Source>src}] [localport: {localport>dport}]")
	w.add("SSH-SSH2_SESSION", event.ClassSSH, event.ActivityNetworkOpen, unknown, "SSH2 Session request from {src>src} (tty = {tty}) using crypto cipher '{cipher}', hmac '{hmac}' {verdict}")
	w.add("SSH-SSH2_USERAUTH", auth, logon, unknown, "User '{user>user}' authentication for SSH2 Session from {src>src} (tty = {tty}) using crypto cipher '{cipher}', hmac '{hmac}' {verdict}")
	w.add("SSH-SSH2_CLOSE", auth, logoff, yes, "SSH2 Session from {src>src} (tty = {tty}) for user '{user>user}' using {text}")
	w.add("WEBSERVER-LOGIN_PASSED", auth, logon, yes, "Chassis {chassis}: Login Successful from host {src>src} by user '{user>user}'", "Login Successful from host {src>src} by user '{user>user}'")
	w.add("WEBSERVER-LOGIN_FAILED", auth, logon, no, "Chassis {chassis}: Login Un-Successful from host {src>src} by user '{user>user}'", "Login Un-Successful from host {src>src} by user '{user>user}'")
	w.add("SYS-LOGOUT", auth, logoff, yes, "User {user>user} has exited tty session {tty}({src>src})")
	w.add("AUTHPRIV-SYSTEM_MSG", auth, logon, no, "pam_aaa:Authentication failed for user {user>user} from {src>src} - {program}", "pam_aaa:Authentication failed from {src>src} - {program}")

	const app, other = event.ClassAppLifecycle, event.ActivityOther
	w.add("SYS-CONFIG_I", app, other, yes, "Configured from {source} by {user>user} on {line>object} ({src>src})", "Configured from {source} by {user>user} on {line>object}", "Configured from {source} by {line>object}")
	w.add("VSHD-VSHD_SYSLOG_CONFIG_I", app, other, yes, "Configured from vty by {user>user} on {src>src}@{line>object}")
	w.add("PARSER-CFGLOG_LOGGEDCMD", app, other, yes, "User:{user>user}  logged command:{command>statement}", "User:{user>user} logged command:{command>statement}")
	w.add("SYS-RELOAD", app, event.ActivityAppStop, yes, "Reload requested by {user>user} on {line>object} ({src>src}). {text}", "Reload requested by {user>user} on {line>object}. {text}")
	w.add("SYS-RESTART", app, event.ActivityAppStart, yes, "System restarted{text}")
	w.add("SYS-LOGGINGHOST_STARTSTOP", event.ClassEventLog, event.ActivityLogStop, yes, "Logging to host {host>dst} port {port>dport} stopped{text}", "Logging to host {host>dst} stopped{text}")
	for _, p := range []string{"Logging to host {host>dst} port {port>dport} started{text}", "Logging to host {host>dst} started{text}"} {
		w.add("SYS-LOGGINGHOST_STARTSTOP", event.ClassEventLog, event.ActivityLogStart, yes, p)
	}

	const network, traffic = event.ClassNetwork, event.ActivityNetworkTraffic
	for _, facility := range []string{"SEC", "IPV6_ACL", "IPV6", "FMANFP"} {
		for _, mnemonic := range []string{"IPACCESSLOGP", "ACCESSLOGP"} {
			w.add(facility+"-"+mnemonic, network, traffic, unknown, "list {list>object} {action} {protocol} {src>src}({sport>sport}) ({interface}) -> {dst>dst}({dport>dport}), {packets} packet",
				"list {list>object} {action} {protocol} {src>src}({sport>sport}) -> {dst>dst}({dport>dport}), {packets} packet",
				"list {list>object} {action} {protocol} {mac} {src>src}({sport>sport}) {interface}-> {dst>dst}({dport>dport}), {packets} packet",
				"list {list>object}/{entry} {action} {protocol} {src>src}({sport>sport}) -> {dst>dst}({dport>dport}), {packets} packet")
		}
		for _, mnemonic := range []string{"IPACCESSLOGDP", "ACCESSLOGDP"} {
			w.add(facility+"-"+mnemonic, network, traffic, unknown, "list {list>object} {action} {protocol} {src>src} -> {dst>dst} ({icmp}), {packets} packet")
		}
		for _, mnemonic := range []string{"IPACCESSLOGSP", "ACCESSLOGSP"} {
			w.add(facility+"-"+mnemonic, network, traffic, unknown, "list {list>object} {action} {protocol} {src>src} -> {dst>dst} ({type}), {packets} packet",
				"list {list>object}/{entry} {action} {protocol} {src>src} -> {dst>dst}, {packets} packet")
		}
		for _, mnemonic := range []string{"IPACCESSLOGNP", "ACCESSLOGNP", "IPACCESSLOGRP"} {
			w.add(facility+"-"+mnemonic, network, traffic, unknown, "list {list>object} {action} {protocol} {src>src} -> {dst>dst}, {packets} packet")
		}
	}
	w.add("SEC-IPACCESSLOGS", network, traffic, unknown, "list {list>object} {action} {src>src} {packets} packet")
	w.add("FW-DROP_PKT", network, event.ActivityNetworkRefuse, no, "Dropping {protocol} session {src>src}:{sport>sport} {dst>dst}:{dport>dport} {text}", "Dropping {protocol} pkt {src>src}:{sport>sport} => {dst>dst}:{dport>dport} {text}")
	w.add("FW-SESS_AUDIT_TRAIL", network, event.ActivityNetworkClose, yes, "(target:class)-({zone}:{class}):Stop {protocol} session: initiator ({src>src}:{sport>sport}) sent {sent>bytes} bytes -- responder ({dst>dst}:{dport>dport}) sent {received} bytes")
	w.add("FW-SESS_AUDIT_TRAIL_START", network, event.ActivityNetworkOpen, yes, "(target:class)-({zone}:{class}):Start {protocol} session: initiator ({src>src}:{sport>sport}) -- responder ({dst>dst}:{dport>dport})")
	// What the rate limit left out is nowhere else.
	w.add("SEC-IPACCESSLOGRL", event.ClassEventLog, other, no, "access-list logging rate-limited or missed {packets} packet")
	addIOSAccess(w)
}

// addIOSAccess adds privileges, tunnels, 802.1X and ports.
func addIOSAccess(w wordings) {
	const auth, logon, other, yes, no, unknown = event.ClassAuthentication, event.ActivityLogon, event.ActivityOther, event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	for _, code := range []string{"SYS-PRIV_AUTH_PASS", "SYS-PRIV_I"} {
		w.add(code, event.ClassAuthorization, other, yes, "Privilege level set to {level} by {user>user} on {line>object} ({src>src})", "Privilege level set to {level} by {user>user} on {line>object}")
	}
	w.add("SYS-PRIV_AUTH_FAIL", event.ClassAuthorization, other, no, "Authentication to privilege level {level} failed by {user>user} on {line>object} ({src>src})",
		"Authentication to privilege level {level} failed by {user>user} on {line>object}")
	w.add("SYS-TTY_EXPIRE_TIMER", auth, event.ActivityLogoff, yes, "(exec timer expired, tty {tty} ({src>src})), user {user>user}")
	w.add("PORT_SECURITY-PSECURE_VIOLATION", event.ClassFinding, event.ActivityFindingCreate, no, "Security violation occurred, caused by MAC address {mac} on port {port>object}.")

	const tunnel = event.ClassTunnel
	w.add("CRYPTO-SESSION_STATUS", tunnel, event.ActivityTunnelOpen, yes, "Crypto tunnel is UP{spaces}. Peer {peer>src} {text}")
	w.add("CRYPTO-SESSION_STATUS", tunnel, event.ActivityTunnelClose, yes, "Crypto tunnel is DOWN{spaces}. Peer {peer>src} {text}")
	w.add("CRYPTO-RECVD_PKT_INV_SPI", tunnel, other, no, "decaps: rec'd IPSEC packet has invalid spi for destaddr={dst>dst}, prot={prot}, spi={spi>session}, srcaddr={src>src}, {text}",
		"decaps: rec'd IPSEC packet has invalid spi for destaddr={dst>dst}, prot={prot}, spi={spi>session}, srcaddr={src>src}")
	w.add("CRYPTO-IKMP_NO_SA", tunnel, other, no, "IKE message from {src>src} {text}")
	w.add("AUTHMGR-SUCCESS", auth, logon, yes, "Authorization succeeded for client ({client>object}) on Interface {interface} AuditSessionID {session>session}")
	w.add("AUTHMGR-FAIL", auth, logon, no, "Authorization failed or unapplied for client ({client>object}) on Interface {interface} AuditSessionID {session>session}", "Authorization failed for client ({client>object}) on Interface {interface} AuditSessionID {session>session}")
	w.add("DOT1X-SUCCESS", auth, logon, yes, "Authentication successful for client ({client>object}) on Interface {interface} AuditSessionID {session>session}")
	w.add("DOT1X-FAIL", auth, logon, no, "Authentication failed for client ({client>object}) on Interface {interface} AuditSessionID {session>session}")
	for _, code := range []string{"LINK-UPDOWN", "LINEPROTO-UPDOWN"} {
		w.add(code, event.ClassBase, other, unknown, "Interface {interface>object}, changed state to {state}", "Line protocol on Interface {interface>object}, changed state to {state}")
	}
}
