package service_test

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/normalisetest"
)

// TestServiceFormatsAgreeWithTheHub compares with CrowdSec's parser tests.
func TestServiceFormatsAgreeWithTheHub(t *testing.T) {
	lines, parsed, facts, agree := normalisetest.Hub(t, func(line string) event.Event {
		return normalisetest.Derive(t, "file;tz=UTC;tzfrom=configured", line)[0]
	},
		"nextcloud-bf", "vaultwarden-logs", "bitwarden-bf", "gitea-*", "gitlab-*", "dovecot-*", "postfix-sasl-bf")
	t.Logf("all: %d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	if parsed*100 < lines*95 || agree*100 < facts*90 {
		t.Errorf("%d/%d lines parsed, %d/%d facts agree", parsed, lines, agree, facts)
	}
}
