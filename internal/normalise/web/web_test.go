package web_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzNginx(f *testing.F) { normalisetest.FuzzHinted(f, "nginx") }

func FuzzApache(f *testing.F) { normalisetest.FuzzHinted(f, "apache") }

func FuzzHAProxy(f *testing.F) { normalisetest.FuzzHinted(f, "haproxy") }

func FuzzIIS(f *testing.F) { normalisetest.FuzzHinted(f, "iis") }

func FuzzCloudFront(f *testing.F) { normalisetest.FuzzHinted(f, "cloudfront") }

func FuzzModSecurity(f *testing.F) { normalisetest.FuzzHinted(f, "modsecurity") }

func FuzzCaddy(f *testing.F) { normalisetest.FuzzHinted(f, "caddy") }

func FuzzTraefik(f *testing.F) { normalisetest.FuzzHinted(f, "traefik") }

func FuzzEnvoy(f *testing.F) { normalisetest.FuzzHinted(f, "envoy") }

func FuzzFastly(f *testing.F) { normalisetest.FuzzHinted(f, "fastly") }

func FuzzALB(f *testing.F) { normalisetest.FuzzHinted(f, "alb") }

func FuzzLiteSpeed(f *testing.F) { normalisetest.FuzzHinted(f, "litespeed") }

func FuzzJava(f *testing.F) { normalisetest.FuzzHinted(f, "java") }
