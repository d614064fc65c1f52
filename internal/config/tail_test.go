package config

import (
	"strings"
	"testing"
)

func TestBadTailsAreRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		"tail: [{source: app}]":                                          "paths",
		"tail: [{paths: [app.log], source: app}]":                        "begins with /",
		"tail: [{paths: ['/var/log/[a'], source: app}]":                  "/var/log/[a",
		"tail: [{paths: [/var/log/app.log]}]":                            "source",
		"tail: [{paths: [/var/log/app.log], source: Konseki.case}]":      "source",
		"tail: [{paths: [/a], source: app, zone: Tokyo}]":                "zone",
		"tail: [{paths: [/a], source: app, multiline: '('}]":             "multiline",
		"tail: [{paths: [/a], source: app}, {paths: [/b], source: app}]": "entry 2",
		"tail: [{path: /a}]":                                             "path",
		"journald: {directory: /var/log/journal}":                        "source",
		"journald: {source: konseki.access}":                             "source",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}

func TestTailsAreRead(t *testing.T) {
	c, err := Read(strings.NewReader(`
tail:
  - {paths: [/var/log/nginx/*.log, "/srv/**/app.log"], source: web, zone: Asia/Tokyo, format: nginx, multiline: '^\d{4}-'}
journald: {source: this-host}
`))
	if err != nil || len(c.Tail) != 1 || len(c.Tail[0].Paths) != 2 || c.Journald.Source != "this-host" {
		t.Errorf("%+v, %v", c, err)
	}
}
