package normalise

import (
	"net/netip"
	"strconv"
	"strings"
)

// address returns the text form of an IP address, an IPv4 address in IPv6
// notation as plain IPv4, and "" for anything else: a host name, a list.
func address(s string) string {
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

// addressPort reads "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1:80" as
// nginx may write it, and an address alone, whose port is 0.
func addressPort(s string) (ip string, number int32) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, rest, _ := strings.Cut(inner, "]")
		return address(host), port(strings.TrimPrefix(rest, ":"))
	}
	if ip := address(s); ip != "" {
		return ip, 0
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0
	}
	if ip = address(s[:i]); ip == "" {
		return "", 0
	}
	return ip, port(s[i+1:])
}

// port reads a decimal port number, 0 for anything else.
func port(s string) int32 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int32(n)
}
