package identity_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// TestIdentityFormatsAgreeWithTheHub compares with CrowdSec's parser tests.
func TestIdentityFormatsAgreeWithTheHub(t *testing.T) {
	lines, parsed, facts, agree := normalisetest.Hub(t, func(line string) event.Event {
		return normalisetest.Derive(t, "file;tz=UTC;tzfrom=configured", line)[0]
	},
		"authelia-*", "authentik-*", "keycloak-logs", "apereo-cas-audit-logs", "lemonldap-ng-*", "teleport-*")
	t.Logf("all: %d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	if parsed*100 < lines*95 || agree*100 < facts*90 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	}
}
