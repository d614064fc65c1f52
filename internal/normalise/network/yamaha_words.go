package network

import (
	"github.com/konseki/konseki/internal/event"
)

// yamahaWording is one wording with what it says.
type yamahaWording struct {
	code, pattern            string
	class, activity, outcome int32
}

// yamahaWordings lists the wordings, the most specific first.
func yamahaWordings() []yamahaWording {
	return append(yamahaTraffic(), append(yamahaTunnels(), yamahaOperation()...)...)
}

func yamahaTraffic() []yamahaWording {
	const network, refuse, pass, yes, no, unknown = event.ClassNetwork, event.ActivityNetworkRefuse, event.ActivityNetworkTraffic, event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	return []yamahaWording{
		{"Rejected", "{interface} Rejected at {direction}({filter>object}) filter: {protocol} {source} > {destination}", network, refuse, no},
		{"Rejected", "{interface} Rejected at {direction}({filter>object}): {protocol} {source} > {destination}", network, refuse, no},
		{"Passed", "{interface} Passed at {direction}({filter>object}) filter: {protocol} {source} > {destination}", network, pass, yes},
		{"Passed", "{interface} Passed at {direction}({filter>object}): {protocol} {source} > {destination}", network, pass, yes},
		{"Rejected", "{interface} Rejected at {direction}({filter>object}) filter: {source_mac} > {destination_mac} {protocol}", network, refuse, no},
		{"Passed", "{interface} Passed at {direction}({filter>object}) filter: {source_mac} > {destination_mac} {protocol}", network, pass, yes},
		{"IP commencing", "PP[{pp>session}] IP Commencing: {protocol} {source} > {destination}", network, pass, unknown},
		{"INSPECT", "[INSPECT] PP[{pp}][{direction}][{filter>object}] {protocol} {source} > {destination} ({begun})", network, event.ActivityNetworkClose, yes},
		{"INSPECT", "[INSPECT] TUNNEL[{tunnel}][{direction}][{filter>object}] {protocol} {source} > {destination} ({begun})", network, event.ActivityNetworkClose, yes},
		{"INSPECT", "[INSPECT] {interface}[{direction}][{filter>object}] {protocol} {source} > {destination} ({begun})", network, event.ActivityNetworkClose, yes},
		{"INSPECT", "[INSPECT] {interface}[{direction}] {protocol} {source} > {destination} ({begun})", network, event.ActivityNetworkClose, yes},
		{"IDS", "[IDS] {interface}: {attack>object} {source} > {destination}", event.ClassFinding, event.ActivityFindingCreate, yes},
	}
}

func yamahaTunnels() []yamahaWording {
	const auth, logon, tunnel, opened, closed, other = event.ClassAuthentication, event.ActivityLogon, event.ClassTunnel, event.ActivityTunnelOpen, event.ActivityTunnelClose, event.ActivityOther
	const yes, no, unknown = event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	return []yamahaWording{
		{"L2TP connected", "[L2TP] TUNNEL[{tunnel>session}] connected from {address>src}", tunnel, opened, yes},
		{"L2TP disconnected", "[L2TP] TUNNEL[{tunnel>session}] disconnected tunnel {id}", tunnel, closed, yes},
		{"L2TP disconnected", "[L2TP] TUNNEL[{tunnel>session}] disconnected{text}", tunnel, closed, yes},
		{"L2TP tunnel", "[L2TP] TUNNEL[{tunnel>session}] tunnel {id} established", tunnel, opened, yes},
		{"L2TP tunnel", "[L2TP] TUNNEL[{tunnel>session}] {text}", tunnel, other, unknown},
		{"PPTP connected", "[PPTP] TUNNEL[{tunnel>session}] connected from {address>src}", tunnel, opened, yes},
		{"PPTP disconnected", "[PPTP] TUNNEL[{tunnel>session}] disconnected{text}", tunnel, closed, yes},
		{"PPTP", "[PPTP] {text}", tunnel, other, unknown},
		// The account is named before its password is looked at: what comes of it is told by "PPP/IPCP up".
		{"PP call", "PP[{pp>session}] Call detected from user '{user>user}'", auth, logon, unknown},
		{"PP accepted", "PP[{pp>session}] PPP/{layer} up  (Local: {local}, Remote: {remote>dst})", tunnel, opened, yes},
		{"PP accepted", "PP[{pp>session}] PPP/{layer} up (Local: {local}, Remote: {remote>dst})", tunnel, opened, yes},
		{"PP accepted", "PP[{pp>session}] PPP/{layer} up {text}", tunnel, opened, yes},
		{"PP accepted", "PP[{pp>session}] PPP/{layer} up", tunnel, opened, yes},
		{"PP refused", "PP[{pp>session}] CHAP authentication failed{text}", auth, logon, no},
		{"PP refused", "PP[{pp>session}] PAP authentication failed{text}", auth, logon, no},
		{"PP disconnected", "PP[{pp>session}] Disconnected, cause [{cause}]{text}", tunnel, closed, yes},
		{"PP disconnected", "PP[{pp>session}] Disconnect{text}", tunnel, closed, yes},
		{"PP address", "PP[{pp>session}] Local  PP IP address {address>dst}", tunnel, other, yes},
		{"PP refused", "PP[{pp>session}] RECV CHAP Failure in {state}", tunnel, other, no},
		{"PPPoE connected", "PPPOE[{pp>session}] PPPoE Connect", tunnel, opened, yes},
		{"PPPoE disconnected", "PPPOE[{pp>session}] Disconnected, cause [{cause}]", tunnel, closed, yes},
		{"PPPoE disconnected", "PPPOE[{pp>session}] Disconnect{text}", tunnel, closed, yes},
		{"PPPoE", "PPPOE[{pp>session}] {text}", tunnel, other, unknown},
		{"IKE initiate", "[IKE] initiate ISAKMP phase to {peer>dst} (local address {local>src})", tunnel, other, unknown},
		{"IKE respond", "[IKE] respond ISAKMP phase to {peer>src}", tunnel, other, unknown},
		{"IKE failed", "[IKE] add ISAKMP context [{context>session}] {text}", tunnel, other, unknown},
		{"IKE failed", "[IKE] inactivate context [{context>session}] {text}", tunnel, other, unknown},
		{"IKE", "[IKE] {text}", tunnel, other, unknown},
		{"IKE established", "[IKE1] SA:{sa>session} established{text}", tunnel, opened, yes},
		{"IKE deleted", "[IKE1] SA:{sa>session} deleted{text}", tunnel, closed, yes},
		{"IKE1", "[IKE1] {text}", tunnel, other, unknown},
		{"IKE2", "[IKE2] {text}", tunnel, other, unknown},
		{"Tunnel up", "IP Tunnel[{tunnel>session}] Up", tunnel, opened, yes},
		{"Tunnel down", "IP Tunnel[{tunnel>session}] Down", tunnel, closed, yes},
	}
}

func yamahaOperation() []yamahaWording {
	const auth, logon, logoff, app, base, other = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.ClassAppLifecycle, event.ClassBase, event.ActivityOther
	const yes, no, unknown = event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	return []yamahaWording{
		{"Login", "Login succeeded for {service>app}: {address>src} {user>user}", auth, logon, yes},
		{"Login", "Login succeeded for {service>app}: {address>src}", auth, logon, yes},
		{"Login", "Login succeeded for {service>app}", auth, logon, yes},
		{"Login", "Login failed for {service>app}: {address>src} {user>user}", auth, logon, no},
		{"Login", "Login failed for {service>app}: {address>src}", auth, logon, no},
		{"Login", "Login failed for {service>app}", auth, logon, no},
		{"Logout", "Logout from {service>app}: {address>src} {user>user}", auth, logoff, yes},
		{"Logout", "Logout from {service>app}: {address>src}", auth, logoff, yes},
		{"Logout", "Logout from {service>app}", auth, logoff, yes},
		{"administrator", "'administrator' succeeded for {service>app}: {address>src} {user>user}", auth, event.ActivityAccountSwitch, yes},
		{"administrator", "'administrator' succeeded for {service>app}: {address>src}", auth, event.ActivityAccountSwitch, yes},
		{"administrator", "'administrator' failed for {service>app}: {address>src} {user>user}", auth, event.ActivityAccountSwitch, no},
		{"administrator", "'administrator' failed for {service>app}: {address>src}", auth, event.ActivityAccountSwitch, no},
		{"administrator", "'administrator' succeeded for {service>app}", auth, event.ActivityAccountSwitch, yes},
		{"administrator", "'administrator' failed for {service>app}", auth, event.ActivityAccountSwitch, no},
		{"Configuration saved", "Configuration saved in \"{file>object}\" by {user>user}({service>app} {address>src})", app, other, yes},
		{"Configuration saved", "Configuration saved in \"{file>object}\" by {service>app}", app, other, yes},
		{"Configuration saved", "Configuration saved{text}", app, other, yes},
		{"Restart", "Restart by {reason}", app, event.ActivityAppStart, yes},
		{"Power-on boot", "Power-on boot{text}", app, event.ActivityAppStart, yes},
		{"starts", "RTX{model} Rev.{revision} starts", app, event.ActivityAppStart, yes},
		{"starts", "NVR{model} Rev.{revision} starts", app, event.ActivityAppStart, yes},
		{"starts", "FWX{model} Rev.{revision} starts", app, event.ActivityAppStart, yes},
		{"DHCP lease", "[DHCPD] {interface} Allocates {address>dst}: {mac>object}", base, other, yes},
		{"DHCP lease", "[DHCPD] {interface} Extends {address>dst}: {mac>object}", base, other, yes},
		{"DHCP lease", "[DHCPD] Allocates {address>dst}: {mac>object}", base, other, yes},
		{"DHCP lease", "[DHCPD] Extends {address>dst}: {mac>object}", base, other, yes},
		{"DHCP", "[DHCPD] {text}", base, other, unknown},
		{"DHCP", "[DHCPC] {text}", base, other, unknown},
		{"repeated", "same message repeated {repeated} times", base, other, unknown},
		{"switch", "[SWCTL] {path}: {text}", base, other, unknown},
		{"SCHEDULE", "[SCHEDULE] {text}", event.ClassScheduledJob, event.ActivityJobStart, unknown},
		{"LUA", "[LUA] {script>object} {text}", event.ClassScript, event.ActivityScriptExecute, unknown},
		{"revision", "main:  {text}", base, other, unknown},
		{"link", "{interface>object}: {port} link changed{text}", base, other, unknown},
		{"link", "{interface>object}: {port} link up{text}", base, other, unknown},
		{"link", "{interface>object}: link up{text}", base, other, unknown},
		{"link", "{interface>object}: {port} link down{text}", base, other, unknown},
		{"link", "{interface>object}: link down{text}", base, other, unknown},
		{"MAC filter", "[MAC_FILTER] {text}", event.ClassNetwork, event.ActivityNetworkRefuse, no},
	}
}
