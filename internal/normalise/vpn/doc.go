// Package vpn reads the logs of VPN gateways and firewalls: FortiGate and OpenVPN.
package vpn
