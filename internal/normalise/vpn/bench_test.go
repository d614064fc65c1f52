package vpn_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func BenchmarkIvanti(b *testing.B) {
	normalisetest.Benchmark(b, "ivanti", `2018-03-01 12:13:15 - pcs1 - [203.0.113.7] Default Network::sato(Staff)[Staff role, Mail][0a1b2c3d4e] - VPN Tunneling: Session started for user  (session: sid0a1b) with IPv4 address 198.51.100.77, hostname PC1`)
}

func BenchmarkCharon(b *testing.B) {
	normalisetest.Benchmark(b, "charon", `Mar  1 12:13:16 07[IKE] <staff|84> IKE_SA staff[84] established between 198.51.100.1[gw.example.jp]...203.0.113.7[sato]`)
}
