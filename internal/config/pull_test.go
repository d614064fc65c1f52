package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBadPullsAreRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		"pull: [{service: ftp}]":                                "none of cloudtrail",
		"pull: [{service: okta, url: 'https://x'}]":             "token_file",
		"pull: [{service: okta, token_file: t}]":                "url",
		"pull: [{service: workspace, key_file: k}]":             "subject",
		"pull: [{service: microsoft365, tenant: t, client: c}]": "secret_file",
		"pull: [{service: cloudtrail, bucket: 's3://b', account: '1', access_key_file: a, secret_key_file: s}]": "regions",
		"pull: [{service: slack, token_file: t, every: 1s}]":                                                    "every",
		"pull: [{service: slack, token_file: t, source: konseki.case}]":                                         "source",
		"pull: [{service: slack, token_file: t, streams: {audit: Konseki.x}}]":                                  "source",
		"pull: [{service: slack, token: hush}]":                                                                 "token",
		"pull: [{service: slack, token_file: t, since: long}]":                                                  "long",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}

func TestEachStreamHasItsSource(t *testing.T) {
	c, err := Read(strings.NewReader(`
pull:
  - {service: workspace, key_file: k, subject: admin@example.com, streams: {login: sign-ins, drive: ""}, since: 90d, every: 15m}
  - {service: slack, token_file: t}
  - {service: okta, token_file: t, url: "https://example.okta.com", source: idp}
  - {service: microsoft365, tenant: t, client: c, secret_file: s, source: m365, streams: {Audit.General: ""}}
`))
	if err != nil || c.Pull[0].Every != 15*time.Minute || c.Pull[0].Since != mustPeriod(t, "90d") {
		t.Fatalf("%+v: %v", c.Pull, err)
	}
	for i, want := range []map[string]string{{"login": "sign-ins", "drive": "workspace-drive"}, {"audit": "slack"}, {"system": "idp"}, {"Audit.General": "m365-audit.general"}} {
		all := [][]string{{"login", "drive", "admin", "token"}, {"audit"}, {"system"}, {"Audit.General", "DLP.All"}}[i]
		if d := cmp.Diff(want, c.Pull[i].Sources(all)); d != "" {
			t.Error(d)
		}
	}
}
