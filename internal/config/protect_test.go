package config

import (
	"strings"
	"testing"
)

func TestProtectionThatCannotBeHadIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"encrypt: {files: true}":                                     "needs key_file or passphrase_file",
		"encrypt: {key_file: a, passphrase_file: b}":                 "not both",
		"protect: [{source: 'app['}]":                                "not a pattern",
		"protect: [{source: app}]":                                   "asks for nothing",
		"protect: [{source: a, parts: true},{source: b, key: both}]": "entry 2: key",
		"protect: [{source: app, key: subject, subject: 'id=\\d+'}]": "has no group",
		"protect: [{source: app, key: subject, subject: '(('}]":      "subject:",
		"protect: [{source: app, key: source, subject: '(x)'}]":      "is for key: subject",
		"protect: [{source: app, keys: source}]":                     "keys",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	c, err := Read(strings.NewReader("encrypt: {files: true, key_file: /k}\nprotect:\n- {source: 'app*', parts: true}\n- {source: shop, key: subject, subject: 'customer=(\\d+)'}\n"))
	if err != nil || !c.Encrypt.Files || len(c.Protect) != 2 || c.Protect[1].Key != "subject" {
		t.Fatalf("%+v %v", c, err)
	}
}
