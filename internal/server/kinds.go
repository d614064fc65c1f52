package server

import "strings"

// kindsOfFormats says, for each kind of source (see coverage.Kinds), which
// formats of package normalise an unregistered source of that kind writes. Where
// a device does several things the kind is the one by which logons are asked
// for. A person can say better with `source add`.
func kindsOfFormats() map[string]string {
	return map[string]string{
		"vpn":         "fortigate sophos checkpoint openvpn ivanti charon yamaha seil",
		"firewall":    "cisco panos juniper sonicwall filterlog proxmox mikrotik vpcflow",
		"network":     "suricata unifi",
		"auth":        "okta entra keycloak authentik authelia lemonldap cas teleport slapd freeradius cisco_ise vaultwarden bitwarden",
		"groupware":   "workspace m365 box dropbox nextcloud zoom",
		"chat":        "slack",
		"web_service": "gitlab gitea",
		"web":         "nginx apache haproxy iis cloudfront modsecurity caddy traefik envoy fastly cloudflare awswaf alb litespeed java",
		"database":    "postgres mariadb mysql mssql oracle mongodb couchdb",
		"server":      "syslog journal auditd laurel evtx container dovecot postfix_sasl setupapi vsftpd xferlog proftpd pureftpd sftpgo samba",
		"other":       "otlp hec fluent beats cloudtrail gcp azure kubernetes crowdstrike defender cef leef osv kev csv jsonlines konseki",
	}
}

// kindTable gives the kind of each format.
func kindTable() map[string]string {
	table := make(map[string]string)
	for kind, formats := range kindsOfFormats() {
		for name := range strings.FieldsSeq(formats) {
			table[name] = kind
		}
	}
	return table
}

// kindOf guesses the kind of an unregistered source by its format; "other" for
// what no format reads. It is asked once for each source.
func kindOf(format string) string {
	if kind := kindTable()[format]; kind != "" {
		return kind
	}
	return "other"
}
