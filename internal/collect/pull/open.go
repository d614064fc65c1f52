package pull

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Settings name one stream of a service and the files that hold its secrets.
// Which of them a service needs is told in docs/pull.md.
type Settings struct {
	Service string // one of Services
	Stream  string // one of Streams, or a region for CloudTrail
	URL     string // of the service; default: the provider's
	Login   string // of its sign-in, where it is elsewhere; default: the provider's
	CAFile  string // authorities its certificate must come from, PEM; default: the machine's

	TokenFile  string // Slack, Okta
	KeyFile    string // Google Workspace: JSON key of the service account
	Subject    string // Google Workspace: the administrator the account acts for
	Tenant     string // Microsoft 365
	Client     string // Microsoft 365: application (client) id
	SecretFile string // Microsoft 365: client secret

	Bucket         string // CloudTrail: s3://bucket/prefix
	Account        string // CloudTrail: account number
	Trail          string // CloudTrail: name of the trail, where several write into the bucket
	BucketRegion   string // CloudTrail: region of the bucket; default us-east-1
	AccessKeyFile  string // CloudTrail
	SecretKeyFile  string // CloudTrail
	PublicKeysFile string // CloudTrail: public keys of the digests, JSON or PEM

	Transport http.RoundTripper // nil for the network
	Now       func() time.Time  // nil for time.Now
}

// Names of the services.
const (
	Workspace  = "workspace"
	Microsoft  = "microsoft365"
	Slack      = "slack"
	Okta       = "okta"
	CloudTrail = "cloudtrail"
)

// Services lists the services that can be pulled.
func Services() []string { return []string{Workspace, Microsoft, Slack, Okta, CloudTrail} }

// Streams lists the streams of a service; nil for CloudTrail, whose streams are
// regions, and for what is no service.
func Streams(service string) []string {
	switch service {
	case Workspace:
		return []string{"login", "drive", "admin", "token"}
	case Microsoft:
		return []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"}
	case Slack:
		return []string{"audit"}
	case Okta:
		return []string{"system"}
	}
	return nil
}

// Open prepares one stream of a service; nothing is asked yet. Errors are
// ErrSetting.
func Open(s Settings) (Service, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	if known := Streams(s.Service); known != nil && !slices.Contains(known, s.Stream) {
		return nil, fmt.Errorf("%w: %s has no stream %q, but %s", ErrSetting, s.Service, s.Stream, strings.Join(known, ", "))
	}
	switch s.Service {
	case Workspace:
		return openWorkspace(s)
	case Microsoft:
		return openMicrosoft(s)
	case Slack:
		return openSlack(s)
	case Okta:
		return openOkta(s)
	case CloudTrail:
		return openCloudTrail(s)
	}
	return nil, fmt.Errorf("%w: service: %q is none of %s", ErrSetting, s.Service, strings.Join(Services(), ", "))
}

const day = 24 * time.Hour
