package vpn

import (
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// wording is one wording of a message with what it says.
type wording struct {
	code, pattern            string
	class, activity, outcome int32
}

// ivantiWordings lists the wordings, the most specific first. Names that stand
// in them again are not taken: the peer chooses them.
func ivantiWordings() []wording {
	const auth, logon, logoff, tunnel, opened, closed, other = event.ClassAuthentication, event.ActivityLogon, event.ActivityLogoff, event.ClassTunnel, event.ActivityTunnelOpen, event.ActivityTunnelClose, event.ActivityOther
	const yes, no, unknown = event.StatusSuccess, event.StatusFailure, event.StatusUnknown
	return []wording{
		{"primary authentication", "Primary authentication successful for {account} from {address>src}", auth, logon, yes},
		{"primary authentication", "Primary authentication successful for {account}", auth, logon, yes},
		{"primary authentication", "Primary authentication failed for {account} from {address>src}", auth, logon, no},
		{"secondary authentication", "Secondary authentication successful for {account} from {address>src}", auth, logon, yes},
		{"secondary authentication", "Secondary authentication failed for {account} from {address>src}", auth, logon, no},
		{"agent login", "Agent login succeeded for {account} (session:{session>session}) from {address>src} with {agent>app}", auth, logon, yes},
		{"agent login", "Agent login succeeded for {account} from {address>src} with {agent>app}", auth, logon, yes},
		{"agent login", "Agent login succeeded for {account} from {address>src}{text}", auth, logon, yes},
		{"login", "Login succeeded for {account} (session:{session>session}) from {address>src} with {agent>app}", auth, logon, yes},
		{"login", "Login succeeded for {account} from {address>src}{text}", auth, logon, yes},
		{"login", "Login failed using auth server {server>object} ({kind}).{text}", auth, logon, no},
		{"login", "Login failed. Reason: {reason}", auth, logon, no},
		{"login", "Login failed from {address>src} for {account}{text}", auth, logon, no},
		{"login", "User {account} denied access as {reason}", auth, logon, no},
		{"account", "User account {account} locked{text}", event.ClassAccountChange, format.ActivityAccountLock, yes},
		{"logout", "Logout from {address>src} (session:{session>session})", auth, logoff, yes},
		{"logout", "Logout from {address>src}{text}", auth, logoff, yes},
		{"session created", "Session created for user: [{account}] from [{address>src}] with {text}", auth, logon, yes},
		{"session timed out", "Session timed out for {account} (session:{session>session}) due to {reason}", auth, logoff, yes},
		{"session deleted", "Session:[{session>session}] for user:[{account}] with roles:[{roles}] deleted. Bandwidth consumed [{bytes}] bytes", auth, logoff, yes},
		{"session resumed", "Session resumed from user agent '{agent>app}' (session:{session>session}).", tunnel, other, yes},
		{"remote address changed", "Remote address for user {account} changed from {former} to {address>src}.{text}", auth, other, unknown},
		{"tunnel opened", "VPN Tunneling: Session started for user{text}(session: {session>session}) with IPv4 address {assigned>dst}, hostname {hostname}", tunnel, opened, yes},
		{"tunnel opened", "VPN Tunneling: Session started for user{text}with IPv4 address {assigned>dst}, hostname {hostname}", tunnel, opened, yes},
		{"tunnel opened", "VPN Tunneling: Session started for user{text}with IP {assigned>dst}, hostname {hostname}", tunnel, opened, yes},
		{"tunnel closed", "VPN Tunneling: Session ended for user{text}(session: {session>session}) with IPv4 address {assigned>dst}", tunnel, closed, yes},
		{"tunnel closed", "VPN Tunneling: Session ended for user{text}with IP {assigned>dst}", tunnel, closed, yes},
		{"tunnel closed", "VPN Tunneling: Session ended for user{text}", tunnel, closed, yes},
		{"tunnel transport", "VPN Tunneling: User with IP {assigned>dst} connected with {transport} transport mode.{text}", tunnel, other, yes},
		{"acl", "VPN Tunneling: ACL count = {count}.", tunnel, other, unknown},
		{"connection closed", "Closed connection to {target>object} port {port} after {duration} seconds, with {read} bytes read (in {read_chunks} chunks) and {written>bytes} bytes written (in {written_chunks} chunks) (session:{session>session})", event.ClassNetwork, event.ActivityNetworkClose, yes},
		{"connection closed", "Closed connection to {target>object} after {duration} seconds, with {read} bytes read and {written>bytes} bytes written{text}", event.ClassNetwork, event.ActivityNetworkClose, yes},
		{"connection", "Connection from IP {address>src} not authenticated yet (URL={url>object})", event.ClassHTTP, other, unknown},
		{"client done", ":Client connection done for {session>session}, reason code {reason}", tunnel, other, unknown},
		{"web request", "WebRequest completed, {method} to {url>object} from {destination>dst} result={result} sent={sent>bytes} received={received} in {duration} seconds", event.ClassHTTP, other, yes},
		{"web request", "WebRequest ok : Host: {host}, Request: {request>object}", event.ClassHTTP, other, yes},
		{"realm restriction", "{kind} realm restrictions successfully passed for {account}", auth, other, yes},
		{"realm restriction", "{kind} realm restrictions failed for {account}{text}", auth, logon, no},
		{"host checker", "Host Checker policy '{policy>object}' passed on host '{checked}' address '{mac}' for user '{account}'{text}", event.ClassAuthorization, other, yes},
		{"host checker", "Host Checker policy '{policy>object}' failed on host '{checked}' address '{mac}'{text}", event.ClassAuthorization, other, no},
		{"host checker", "Host Checker Compliance Result - ['{result}'] on host ['{checked}'] {text}", event.ClassAuthorization, other, unknown},
		{"accounts modified", "User Accounts modified. Removed username {account>target} from authentication server {server>object}.", event.ClassAccountChange, format.ActivityAccountDelete, yes},
		{"accounts modified", "User Accounts modified. Added username {account>target} to authentication server {server>object}.", event.ClassAccountChange, format.ActivityAccountCreate, yes},
		{"accounts modified", "User Accounts modified. {text}", event.ClassAccountChange, other, yes},
		{"integrity scan", "Integrity Scan Completed: {text}", event.ClassAppLifecycle, other, yes},
		{"integrity scan", "Integrity Checker Tool: {text}", event.ClassAppLifecycle, other, unknown},
	}
}
