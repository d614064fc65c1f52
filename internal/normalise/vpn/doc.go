// Package vpn reads the logs of VPN gateways and firewalls: FortiGate, Ivanti, strongSwan and OpenVPN.
package vpn

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room whose lines are told from all others
// by their form; [NewOpenVPN], which goes by wordings, is asked later.
func Formats() []format.Format {
	return []format.Format{NewFortiGate(), newIvanti(), newCharon()}
}
