package network

import "github.com/konseki/konseki/internal/event"

// addASALogons adds logons, their refusals and what administrators do.
func addASALogons(w wordings) {
	const auth, logon, logoff, yes, no = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.StatusSuccess, event.StatusFailure
	w.add("109005", auth, logon, yes, "Authentication succeeded for user '{user>user}' from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} on interface {interface}",
		"Authentication succeeded for user {user>user} from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} on interface {interface}")
	w.add("109006", auth, logon, no, "Authentication failed for user '{user>user}' from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} on interface {interface}",
		"Authentication failed for user {user>user} from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} on interface {interface}")
	w.add("113004", auth, logon, yes, "AAA user {aaa_type} Successful: server ={server_IP_address>dst}: user ={user>user}")
	w.add("113005", auth, logon, no, "AAA user {aaa_type} Rejected: reason ={reason}: server ={server_IP_address>dst}: user ={user>user}: user IP ={user_ip>src}",
		"AAA user {aaa_type} Rejected: reason ={reason}: server ={server_IP_address>dst}: user ={user>user}")
	w.add("113006", event.ClassAccountChange, 9, yes, "User {user>target} locked out on exceeding {number} successive failed authentication attempts",
		"User '{user>target}' locked out on exceeding '{number}' successive failed authentication attempts")
	w.add("113007", event.ClassAccountChange, 12, yes, "User {user>target} unlocked by {administrator>user}")
	w.add("113008", auth, logon, yes, "AAA transaction status ACCEPT: user ={user>user}")
	w.add("113009", event.ClassAuthorization, event.ActivityOther, yes, "AAA retrieved default group policy {group_policy>object} for user {user>user}")
	w.add("113012", auth, logon, yes, "AAA user authentication Successful: local database: user ={user>user}")
	w.add("113014", auth, logon, no, "AAA authentication server not accessible: server ={server_IP_address>dst}: user ={user>user}")
	for _, code := range []string{"113015", "113017"} {
		w.add(code, auth, logon, no, "AAA {what}: reason ={reason}: local database: user ={user>user}: user IP ={user_ip>src}", "AAA {what}: reason ={reason}: local database: user ={user>user}")
	}
	w.add("113016", auth, logon, no, "AAA credentials rejected: reason ={reason}: server ={server_IP_address>dst}: user ={user>user}: user IP ={user_ip>src}")
	w.add("113021", auth, logon, no, "Attempted console login failed. User {username>user} did NOT have appropriate Admin Rights", "Attempted console login failed. User '{username>user}' did NOT")
	w.add("605004", auth, logon, no, "Login denied from {source-address>src}/{source-port>sport} to {interface}:{destination>dst}/{service>object} for user \"{username>user}\"")
	w.add("605005", auth, logon, yes, "Login permitted from {source-address>src}/{source-port>sport} to {interface}:{destination>dst}/{service>object} for user \"{username>user}\"")
	w.add("611101", auth, logon, yes, "User authentication succeeded: IP address: {ip_address>src}, Uname: {user>user}", "User authentication succeeded: Uname: {user>user}")
	w.add("611102", auth, logon, no, "User authentication failed: IP address: {ip_address>src}, Uname: {user>user}", "User authentication failed: Uname: {user>user}")
	w.add("611103", auth, logoff, yes, "User logged out: Uname: {user>user}")
	w.add("315011", auth, logoff, yes, "SSH session from {remote_ip>src} on interface {interface} for user \"{user>user}\" terminated normally",
		"SSH session from {remote_ip>src} on interface {interface} for user \"{user>user}\" disconnected by SSH server, reason: {reason}",
		"SSH session from {remote_ip>src} on interface {interface} for user {user>user} disconnected by SSH server, reason: {reason}")
	const app, change = event.ClassAppLifecycle, event.ActivityOther
	w.add("111008", app, change, yes, "User '{user>user}' executed the '{command>statement}' command", "User {user>user} executed the command {command>statement}")
	w.add("111009", app, change, yes, "User '{user>user}' executed cmd: {cmd>statement}", "User {user>user} executed cmd:{cmd>statement}")
	w.add("111010", app, change, yes, "User '{username>user}', running '{application-name>app}' from IP {ip_addr>src}, executed '{cmd>statement}'",
		"User {username>user}, running {application-name>app} from IP {ip_addr>src}, executed {cmd>statement}")
	w.add("111004", app, change, yes, "{source>object} end configuration: {result}")
	w.add("111001", app, change, yes, "Begin configuration: {IP_address>src} writing to {device>object}")
	w.add("111007", app, change, yes, "Begin configuration: {IP_address>src} reading from {device>object}")
	w.add("502103", event.ClassAccountChange, change, yes, "User priv level changed: Uname: {user>target} From: {privilege_level} To: {new_privilege_level}")
	w.add("502101", event.ClassAccountChange, 1, yes, "New user added to local dbase: Uname: {user>target} Priv: {privilege_level}")
	w.add("502102", event.ClassAccountChange, 6, yes, "User deleted from local dbase: Uname: {user>target} Priv: {privilege_level}")
}

// addASASessions adds the VPN sessions of AnyConnect, WebVPN and IPsec.
func addASASessions(w wordings) {
	const auth, logon, tunnel, opened, closed, other = event.ClassAuthentication, event.ActivityLogon, event.ClassTunnel, event.ActivityTunnelOpen, event.ActivityTunnelClose, event.ActivityOther
	const yes, no, unknown = event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	const people, plain = "Group <{group}> User <{user>user}> IP <{ip>src}> ", "Group {group} User {user>user} IP {ip>src} "
	both := func(code string, class, activity, status int32, text string) {
		w.add(code, class, activity, status, people+text, plain+text)
	}
	w.add("113019", tunnel, closed, yes, "Group = {group}, Username = {username>user}, IP = {peer_address>src}, Session disconnected. Session Type: {type}, Duration: {duration}, Bytes xmt: {bytes_xmt>bytes}, Bytes rcv: {bytes_rcv}, Reason: {reason}")
	both("113029", tunnel, opened, no, "Session could not be established: {reason}")
	both("113030", tunnel, opened, no, "User ACL {acl>object} from AAA doesn't exist on the device, terminating connection.")
	both("113033", tunnel, opened, no, "AnyConnect session not allowed. {reason}")
	both("113035", tunnel, opened, no, "Session terminated: {reason}")
	w.add("113037", auth, logon, no, "Reboot pending, new sessions disabled. Denied user login.")
	both("113038", tunnel, opened, no, "Unable to create AnyConnect parent session.")
	both("113039", tunnel, opened, yes, "AnyConnect parent session started.")
	w.add("113040", tunnel, opened, no, "Terminating the VPN connection attempt from {attempted_group}. Reason: {reason}")
	both("716001", tunnel, opened, yes, "WebVPN session started.")
	both("716002", tunnel, closed, yes, "WebVPN session terminated: {reason}")
	both("716003", event.ClassWebResources, event.ActivityWebRead, yes, "WebVPN access GRANTED: \"{url>object}\"")
	both("716003", event.ClassWebResources, event.ActivityWebRead, yes, "WebVPN access GRANTED: {url>object}")
	both("716004", event.ClassWebResources, event.ActivityWebRead, no, "WebVPN access DENIED to specified location: {url>object}")
	w.add("716038", auth, logon, yes, "Authentication: successful, group = {group} user = {user>user} , Session Type: {session_type}")
	both("716038", auth, logon, yes, "Authentication: successful, Session Type: {session_type}")
	w.add("716039", auth, logon, no, "Authentication: rejected, group = {group} user = {user>user} , Session Type: {session_type}")
	both("716039", auth, logon, no, "Authentication: rejected, Session Type: {session_type}")
	both("716058", tunnel, other, unknown, "AnyConnect session lost connection. {text}")
	both("716059", tunnel, other, yes, "AnyConnect session resumed. Connection from <{from>src}>")
	w.add("716059", tunnel, other, yes, plain+"AnyConnect session resumed. Connection from {from>src}.")
	both("716059", tunnel, other, yes, "AnyConnect session resumed connection from IP <{from>src}>")
	both("722022", tunnel, opened, yes, "{protocol} SVC connection established {compression}")
	both("722023", tunnel, closed, yes, "{protocol} SVC connection terminated {compression}")
	both("722033", tunnel, opened, yes, "First {protocol} SVC connection established for SVC session.")
	both("722037", tunnel, closed, yes, "SVC closing connection: {reason}")
	both("722051", tunnel, opened, yes, "IPv4 Address <{assigned_ip>dst}> IPv6 address <{assigned_ipv6}> assigned to session")
	w.add("722051", tunnel, opened, yes, plain+"Address {assigned_ip>dst} assigned to session")
	both("722055", tunnel, other, unknown, "Client Type: {client_type>app}")
	both("722053", tunnel, opened, no, "Unknown client {user-agent>app} connection.")
	w.add("734001", auth, event.ActivityOther, yes, "DAP: User {user>user}, Addr {ipaddr>src}, Connection {connection>app}: The following DAP records were selected for this connection: {dap_records}")
	const local = "Local:{local_ip}:{local_port} Remote:{remote_ip>src}:{remote_port>sport} Username:{user>user} "
	w.add("751025", tunnel, opened, yes, "Local:{local} Remote:{remote>src} Username:{user>user} IKEv2 Group:{group} IPv4 Address={assigned_ip>dst} IPv6 address={assigned_ipv6} assigned to session",
		"Local:{local} Remote:{remote>src} Username:{user>user} Group:{group} IPv4 Address={assigned_ip>dst} IPv6 address={assigned_ipv6} assigned to session")
	w.add("751026", tunnel, other, unknown, local+"Client OS: {client_os} Client: {client_name>app} {client_version}",
		"Local: {local} Remote: {remote>src} Username: {user>user} IKEv2 Client OS: {client_os} Client: {client_name>app}")
	w.add("750003", tunnel, opened, no, "Local:{local>dst} Remote:{remote>src} Username:{user>user} Negotiation aborted due to ERROR: {reason}")
	w.add("750006", tunnel, opened, yes, "Local:{local>dst} Remote:{remote>src} Username:{user>user} {text} SA UP. Reason: {reason}")
	w.add("750007", tunnel, closed, yes, "Local:{local>dst} Remote:{remote>src} Username:{user>user} {text} SA DOWN. Reason: {reason}")
	for code, text := range map[string]string{"713119": "PHASE 1 COMPLETED", "713120": "PHASE 2 COMPLETED", "713049": "Security negotiation complete for "} {
		w.add(code, tunnel, opened, yes, "Group = {group}, Username = {user>user}, IP = {ip>src}, "+text+"{text}", "Group = {group}, IP = {ip>src}, "+text+"{text}")
	}
	w.add("713050", tunnel, closed, yes, "Group = {group}, Username = {user>user}, IP = {ip>src}, Connection terminated for peer {peer}. Reason: {reason}",
		"Group = {group}, IP = {ip>src}, Connection terminated for peer {peer}. Reason: {reason}", "Connection terminated for peer {peer>src}. Reason: {reason}")
	w.add("713228", tunnel, opened, yes, "Group = {group}, Username = {user>user}, IP = {ip>src}, Assigned private IP address {assigned_ip>dst} to remote user")
	w.add("713198", auth, logon, no, "User Authorization failed: {user>user} {reason}", "Group = {group}, Username = {user>user}, IP = {ip>src}, User Authorization failed: {reason}")
	w.add("602303", tunnel, opened, yes, "IPSEC: An {direction} {tunnel_type} SA (SPI= {spi>session}) between {local_IP>dst} and {remote_IP>src} (user= {user>user}) has been created")
	w.add("602304", tunnel, closed, yes, "IPSEC: An {direction} {tunnel_type} SA (SPI= {spi>session}) between {local_IP>dst} and {remote_IP>src} (user= {user>user}) has been deleted")
}

// addASATraffic adds connections built and torn down.
func addASATraffic(w wordings) {
	const network, yes = event.ClassNetwork, event.StatusSuccess
	const traced = "{src_interface}:{src>src}/{sport>sport} ({mapped_src})({idfw_user}) to {dst_interface}:{dst>dst}/{dport>dport} ({mapped_dst})"
	const pair = "{src_interface}:{src>src}/{sport>sport} ({mapped_src}) to {dst_interface}:{dst>dst}/{dport>dport} ({mapped_dst})"
	const ended = "{src_interface}:{src>src}/{sport>sport} to {dst_interface}:{dst>dst}/{dport>dport} duration {duration} bytes {bytes}"
	for _, t := range []struct{ built, ended, protocol string }{{"302013", "302014", "TCP"}, {"302015", "302016", "UDP"}} {
		w.add(t.built, network, event.ActivityNetworkOpen, yes, "Built {direction} "+t.protocol+" connection {connection_id>session} for "+traced+"{text}",
			"Built {direction} "+t.protocol+" connection {connection_id>session} for "+pair+"{text}")
		w.add(t.ended, network, event.ActivityNetworkClose, yes, "Teardown "+t.protocol+" connection {connection_id>session} for "+ended+" {reason}",
			"Teardown "+t.protocol+" connection {connection_id>session} for "+ended)
	}
	w.add("302020", network, event.ActivityNetworkOpen, yes, "Built {direction} ICMP connection for faddr {faddr>src}/{icmp_seq_num} gaddr {gaddr}/{gaddr_type} laddr {laddr>dst}/{laddr_type}")
	w.add("302021", network, event.ActivityNetworkClose, yes, "Teardown ICMP connection for faddr {faddr>src}/{icmp_seq_num} gaddr {gaddr}/{gaddr_type} laddr {laddr>dst}/{laddr_type}")
	for _, code := range []string{"305011", "305012"} {
		activity := event.ActivityNetworkOpen
		if code == "305012" {
			activity = event.ActivityNetworkClose
		}
		w.add(code, network, activity, yes, "{what} {kind} {protocol} translation from {interface}:{src>src}/{sport>sport} to {mapped_interface}:{mapped_ip}/{mapped_port}")
	}
	w.add("304001", event.ClassHTTP, 3, yes, "{user>user}@{src>src}({idfw_user}) Accessed URL {dst>dst}:{url>object}", "{user>user}@{src>src}({idfw_user}) Accessed JAVA URL {dst>dst}:{url>object}",
		"{user>user}@{src>src} Accessed JAVA URL {dst>dst}:{url>object}", "{src>src} Accessed JAVA URL {dst>dst}:{url>object}",
		"{user>user}@{src>src} Accessed URL {dst>dst}:{url>object}", "{src>src} Accessed URL {dst>dst}:{url>object}")
	w.add("304002", event.ClassHTTP, 3, event.StatusFailure, "Access denied URL {url>object} SRC {src>src} DEST {dst>dst}")
	w.add("106100", network, event.ActivityNetworkTraffic, event.StatusUnknown, "access-list {acl_ID>object} {action} {protocol} {src_interface}/{src>src}({sport>sport}) -> {dst_interface}/{dst>dst}({dport>dport}) {text}")
	w.add("106102", network, event.ActivityNetworkTraffic, event.StatusUnknown, "access-list {acl_ID>object} {action} {protocol} for user {user>user} {src_interface}/{src>src} {sport>sport} {dst_interface}/{dst>dst} {dport>dport} {text}",
		"access-list {acl_ID>object} {action} {protocol} for user '{user>user}' {src_interface}/{src>src}({sport>sport}) -> {dst_interface}/{dst>dst}({dport>dport}) {text}")
	w.add("710002", network, event.ActivityNetworkOpen, yes, "{protocol} access permitted from {src>src}/{sport>sport} to {interface}:{dst>dst}/{service>object}")
}

// addASADenials adds the packets that the firewall refused.
func addASADenials(w wordings) {
	refuse := func(code string, patterns ...string) {
		w.add(code, event.ClassNetwork, event.ActivityNetworkRefuse, event.StatusFailure, patterns...)
	}
	refuse("106001", "Inbound TCP connection denied from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} flags {flags} on interface {interface}")
	refuse("106002", "{protocol} Connection denied by outbound list {acl_ID>object} src {src>src} dest {dst>dst}")
	refuse("106006", "Deny inbound UDP from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} on interface {interface}")
	refuse("106007", "Deny inbound UDP from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} due to {reason}")
	refuse("106010", "Deny inbound {protocol} src {src_interface}:{src>src}/{sport>sport} dst {dst_interface}:{dst>dst}/{dport>dport}",
		"Deny inbound {protocol} src {src_interface}:{src>src} dst {dst_interface}:{dst>dst}")
	refuse("106012", "Deny IP from {src>src} to {dst>dst}, IP options {options}")
	refuse("106013", "Dropping echo request from {src>src} to PAT address {dst>dst}")
	refuse("106014", "Deny inbound icmp src {src_interface}:{src>src} dst {dst_interface}:{dst>dst}(type {icmp_type}, code {icmp_code})",
		"Deny inbound icmp src {src_interface}:{src>src} dst {dst_interface}:{dst>dst} (type {icmp_type}, code {icmp_code})")
	refuse("106015", "Deny TCP (no connection) from {src>src}/{sport>sport} to {dst>dst}/{dport>dport} flags {flags} on interface {interface}")
	refuse("106016", "Deny IP spoof from ({src>src}) to {dst>dst} on interface {interface}")
	refuse("106017", "Deny IP due to Land Attack from {src>src} to {dst>dst}")
	refuse("106021", "Deny {protocol} reverse path check from {src>src} to {dst>dst} on interface {interface}")
	refuse("106023", "Deny {protocol} src {src_interface}:{src>src}/{sport>sport} dst {dst_interface}:{dst>dst}/{dport>dport} by access-group \"{acl_ID>object}\"",
		"Deny {protocol} src {src_interface}:{src>src} dst {dst_interface}:{dst>dst} (type {icmp_type}, code {icmp_code}) by access-group \"{acl_ID>object}\"",
		"Deny {protocol} src {src_interface}:{src>src} dst {dst_interface}:{dst>dst} by access-group \"{acl_ID>object}\"")
	refuse("313001", "Denied ICMP type={icmp_type}, code={icmp_code} from {src>src} on interface {interface}")
	refuse("313004", "Denied ICMP type={icmp_type}, from laddr {src>src} on interface {interface} to {dst>dst}: {reason}", "Denied ICMP type={icmp_type}, from {src>src} on interface {interface} to {dst>dst}: {reason}")
	refuse("313005", "No matching connection for ICMP error message: icmp src {src_interface}:{src>src} dst {dst_interface}:{dst>dst} (type {icmp_type}, code {icmp_code}) on {interface} interface{text}")
	refuse("434002", "SFR requested to drop {protocol} packet from {src_interface}:{src>src}/{sport>sport} to {dst_interface}:{dst>dst}/{dport>dport}")
	refuse("710003", "{protocol} access denied by ACL from {src>src}/{sport>sport} to {interface}:{dst>dst}/{service>object}")
	refuse("710005", "{protocol} request discarded from {src>src}/{sport>sport} to {interface}:{dst>dst}/{service>object}")
	refuse("733102", "Threat-detection adds host {src>src} to shun list")
	refuse("401004", "Shunned packet: {src>src} ==> {dst>dst} on interface {interface}")
}
