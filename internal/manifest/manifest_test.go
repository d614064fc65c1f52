package manifest

import (
	"strings"
	"testing"
)

func TestPathsOfAManifestMatchAsWritten(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"vpn/**", "vpn/a/b.log", true}, {"vpn/*", "vpn/a/b.log", false}, {"vpn/*.log", "vpn/a.log", true}, {"vpn/*.log", "vpn/axlog", false},
		{"*.log", "a.log", true}, {"*.log", "x/a.log", false}, {"a+(b)[c].log", "a+(b)[c].log", true}, {"vpn", "vpn2", false}, {"", "x", false},
		{"server/{host}/**", "server/app-1/audit.log", true}, {"server/{host}/**", "server/audit.log", false},
	} {
		host, got := matchPath(c.pattern, c.path)
		if got != c.want || got && strings.Contains(c.pattern, "{host}") && host != "app-1" {
			t.Errorf("%q matches %q: %t, host %q", c.pattern, c.path, got, host)
		}
	}
}
