package system_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzSyslog(f *testing.F) { normalisetest.FuzzHinted(f, "syslog") }
