package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Pull is a service whose records are asked for (docs/pull.md). Secrets are
// given by file, and only their owner may be able to read those.
type Pull struct {
	// Service is workspace, microsoft365, slack, okta or cloudtrail.
	Service string `yaml:"service"`
	// Source names the records of a service with one stream. Those of several
	// are named SOURCE-STREAM unless streams says otherwise. Default: the service.
	Source string `yaml:"source,omitempty"`
	// Streams are what is pulled, each with its source: "login: workspace-login".
	// An empty source means SOURCE-STREAM. Default: all that the service has; for
	// cloudtrail the regions must be named.
	Streams map[string]string `yaml:"streams,omitempty"`
	// URL of the service. Default: the provider's; okta has none, as each
	// organisation has its own.
	URL string `yaml:"url,omitempty"`
	// LoginURL is where Microsoft 365 gives tokens. Default: the provider's.
	LoginURL string `yaml:"login_url,omitempty"`
	// CAFile holds the authorities that the service's certificate must come from,
	// PEM. Default: the machine's own.
	CAFile string `yaml:"ca_file,omitempty"`

	// TokenFile holds the API token of Slack or Okta.
	TokenFile string `yaml:"token_file,omitempty"`
	// KeyFile is the JSON key of the service account for Google Workspace, and
	// Subject the administrator for whom it acts.
	KeyFile string `yaml:"key_file,omitempty"`
	Subject string `yaml:"subject,omitempty"`
	// Tenant and Client are the ids of the directory and of the application for
	// Microsoft 365, SecretFile holds the client secret.
	Tenant     string `yaml:"tenant,omitempty"`
	Client     string `yaml:"client,omitempty"`
	SecretFile string `yaml:"secret_file,omitempty"`

	// Bucket is s3://bucket/prefix of the trail, BucketRegion its region (default
	// us-east-1), Account the AWS account, Trail the trail's name where several
	// write into the bucket.
	Bucket       string `yaml:"bucket,omitempty"`
	BucketRegion string `yaml:"bucket_region,omitempty"`
	Account      string `yaml:"account,omitempty"`
	Trail        string `yaml:"trail,omitempty"`
	// AccessKeyFile and SecretKeyFile hold credentials that may list and read.
	AccessKeyFile string `yaml:"access_key_file,omitempty"`
	SecretKeyFile string `yaml:"secret_key_file,omitempty"`
	// PublicKeysFile holds the keys that sign digests: what aws cloudtrail
	// list-public-keys prints, or PEM. Without it digests are not looked at.
	PublicKeysFile string `yaml:"public_keys_file,omitempty"`

	// Every is how often the service is asked. Default: by service.
	Every time.Duration `yaml:"every,omitempty"`
	// Lag is how long after an event the service can be trusted to show it:
	// completeness is attested up to now less lag. Default: by service.
	Lag time.Duration `yaml:"lag,omitempty"`
	// Reread is how far back each pull looks again for events that came late.
	// Default: by service.
	Reread time.Duration `yaml:"reread,omitempty"`
	// Since is how far back the first pull reaches. Default: as long as the
	// service keeps its events, 30d where it does not say.
	Since event.Period `yaml:"since,omitempty"`
}

// Sources gives the streams that an entry names with the source of each. all
// are the streams that the service has; nil where they must be named.
func (p Pull) Sources(all []string) map[string]string {
	named := p.Source
	if named == "" {
		named = p.Service
	}
	out := map[string]string{}
	if len(p.Streams) == 0 {
		for _, s := range all {
			out[s] = ""
		}
	}
	for s, source := range p.Streams {
		out[s] = source
	}
	for s, source := range out {
		switch {
		case source != "":
		case len(all) == 1:
			out[s] = named
		default:
			out[s] = named + "-" + strings.ToLower(s)
		}
	}
	return out
}

func checkPull(list []Pull) error {
	for i, p := range list {
		if err := p.check(); err != nil {
			return fmt.Errorf("pull: entry %d (%s): %w", i+1, p.Service, err)
		}
	}
	return nil
}

func (p Pull) check() error {
	need := map[string][]string{
		"workspace":    {"key_file", p.KeyFile, "subject", p.Subject},
		"microsoft365": {"tenant", p.Tenant, "client", p.Client, "secret_file", p.SecretFile},
		"slack":        {"token_file", p.TokenFile},
		"okta":         {"url", p.URL, "token_file", p.TokenFile},
		"cloudtrail":   {"bucket", p.Bucket, "account", p.Account, "access_key_file", p.AccessKeyFile, "secret_key_file", p.SecretKeyFile},
	}
	pairs, ok := need[p.Service]
	if !ok {
		return fmt.Errorf("service: %q is none of cloudtrail, microsoft365, okta, slack, workspace", p.Service)
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("%s is missing", pairs[i])
		}
	}
	if p.Service == "cloudtrail" && len(p.Streams) == 0 {
		return errors.New("streams: name the regions, such as ap-northeast-1: cloudtrail-tokyo")
	}
	for _, name := range append([]string{p.Source}, slices.Collect(maps.Values(p.Streams))...) {
		if event.IsOwn(name) || len(name) > 100 || name != strings.ToLower(name) || strings.ContainsAny(name, " \t\r\n\"():;*?") {
			return fmt.Errorf("source: %q: lower-case letters, digits, dots, slashes and dashes, at most 100, not beginning with %s", name, event.OwnPrefix)
		}
	}
	for name, d := range map[string]time.Duration{"every": p.Every, "lag": p.Lag, "reread": p.Reread} {
		if d != 0 && (d < 10*time.Second || d > 7*24*time.Hour) {
			return fmt.Errorf("%s: %s is outside 10s to 168h", name, d)
		}
	}
	return nil
}
