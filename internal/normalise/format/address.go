package format

import (
	"net/netip"
	"strconv"
	"strings"
)

// Address returns the text form of an IP address, an IPv4 address in IPv6
// notation as plain IPv4, and "" for anything else: a host name, a list.
func Address(s string) string {
	if len(s) < 2 || len(s) > 64 {
		return ""
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	if a.Is4() {
		return s // the parser accepts canonical IPv4 only
	}
	return a.Unmap().WithZone("").String()
}

// AddressPort reads "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1:80" as
// nginx may write it, and an address alone, whose port is 0.
func AddressPort(s string) (ip string, number int32) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, rest, _ := strings.Cut(inner, "]")
		return Address(host), Port(strings.TrimPrefix(rest, ":"))
	}
	if ip := Address(s); ip != "" {
		return ip, 0
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0
	}
	if ip = Address(s[:i]); ip == "" {
		return "", 0
	}
	return ip, Port(s[i+1:])
}

// Port reads a decimal port number, 0 for anything else.
func Port(s string) int32 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int32(n)
}
