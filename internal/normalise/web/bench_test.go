package web_test

import (
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// BenchmarkFormats measures the first record of each sample that is no header.
func BenchmarkFormats(b *testing.B) {
	for name, sample := range map[string]string{
		"nginx": "nginx/access.in", "apache": "apache/access.in", "haproxy": "haproxy/http.in", "iis": "iis/w3c.in", "caddy": "caddy/access.in",
		"traefik": "traefik/json.in", "envoy": "envoy/access.in", "fastly": "fastly/access.in", "alb": "alb/access.in", "litespeed": "litespeed/error.in",
		"java": "java/zookeeper.in", "modsecurity": "modsecurity/json.in",
	} {
		b.Run(name, func(b *testing.B) {
			var record string
			for line := range strings.Lines(normalisetest.Sample(b, sample)) {
				if record = strings.TrimSpace(line); !strings.HasPrefix(record, "#") {
					break
				}
			}
			b.SetBytes(int64(len(record)))
			normalisetest.Benchmark(b, name, record)
		})
	}
}
