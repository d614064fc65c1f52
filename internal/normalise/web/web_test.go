package web_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzNginx(f *testing.F) { normalisetest.FuzzHinted(f, "nginx") }

func FuzzApache(f *testing.F) { normalisetest.FuzzHinted(f, "apache") }

func FuzzHAProxy(f *testing.F) { normalisetest.FuzzHinted(f, "haproxy") }
