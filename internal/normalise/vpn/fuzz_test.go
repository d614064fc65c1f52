package vpn_test

import (
	"testing"

	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

func FuzzIvanti(f *testing.F) { normalisetest.FuzzHinted(f, "ivanti") }
func FuzzCharon(f *testing.F) { normalisetest.FuzzHinted(f, "charon") }
