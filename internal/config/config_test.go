package config

import (
	"strings"
	"testing"
	"time"
)

func TestEmptyFileGivesTheDefaults(t *testing.T) {
	c, err := Read(strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if c.Web != "127.0.0.1:8743" || c.Seal != 2*time.Second || c.Syslog.UDP != "" {
		t.Errorf("defaults are %+v", c)
	}
}

func TestBadSettingsAreRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		"zoen: Asia/Tokyo":                   "zoen",
		"zone: Tokyo/Asia":                   "zone",
		"language: de":                       "language",
		"seal: 1h":                           "seal",
		"web: 0.0.0.0:80":                    "tls.certificate",
		"web: 127.example.com:80":            "tls.certificate",
		"web: ':8743'":                       "tls.certificate",
		"http: 192.0.2.1:80":                 "tls.certificate",
		"web: 127.0.0.1":                     "tls.certificate",
		"seal: 1ms":                          "seal",
		"tls: {key: /etc/tls/k.pem}":         "certificate and key",
		"syslog: {tls: '127.0.0.1:6514'}":    "syslog.tls",
		"tls: {certificate: /etc/tls/c.pem}": "certificate and key",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	c := Default()
	c.Rules = []string{"/etc/konseki/rules"}
	var b strings.Builder
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	back, err := Read(strings.NewReader(b.String()))
	if err != nil || back.Zone != c.Zone || len(back.Rules) != 1 {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestTheMachinesZoneGoesByItsOwnName(t *testing.T) {
	t.Setenv("TZ", "Asia/Tokyo")
	if got := Default().Location().String(); got != "Asia/Tokyo" {
		t.Errorf("the zone is %q", got)
	}
	t.Setenv("TZ", "Nowhere/AtAll")
	if got := Default().Location(); got != time.UTC {
		t.Errorf("an unknown zone is %q", got)
	}
}
