package post

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/konseki/konseki/internal/collect/sender"
	"github.com/konseki/konseki/internal/event"
)

// SourceHeader names the source of a request, for senders that cannot change
// the address they post to.
const SourceHeader = "X-Konseki-Source"

// identify finds out who sends: by the Authorization header, else by the client
// certificate. A header that proves nothing is not made good by a certificate.
func (v *visit) identify() *refusal {
	header := v.r.Header.Get("Authorization")
	if header == "" {
		who, ok := sender.ByCertificate(v.door.opts.Certificates, v.r.TLS)
		if !ok {
			return refuse(http.StatusUnauthorized, event.WhyToken, "send an API token as Authorization: Bearer kt_…, or a client certificate that is known here").as(faultNoToken)
		}
		v.who = who
		return nil
	}
	token, ok := tokenIn(header)
	if !ok || v.door.opts.Authenticate == nil {
		return refuse(http.StatusUnauthorized, event.WhyToken, "send the API token as Authorization: Bearer kt_…, Splunk kt_…, Basic with the token as password, or ApiKey").as(faultScheme)
	}
	name, sources, ok := v.door.opts.Authenticate(token)
	if !ok {
		return refuse(http.StatusUnauthorized, event.WhyToken, "the API token is unknown or revoked").as(faultToken)
	}
	v.who = sender.Identity{Name: name, How: "token", Sources: sources}
	return nil
}

// tokenIn is the API token in an Authorization header: after Bearer or Splunk,
// as the password of Basic (RFC 7617), or behind the colon of ApiKey, which is
// Elasticsearch's base64(id:key).
func tokenIn(header string) (token string, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer", "splunk":
		return rest, rest != ""
	case "basic", "apikey":
		text, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return "", false
		}
		_, token, ok = strings.Cut(string(text), ":")
		return token, ok && token != ""
	}
	return "", false
}

// place finds the source that the records belong to.
func (v *visit) place() *refusal {
	wanted := v.named
	if v.protocol.wanted != nil {
		wanted = func() string { return v.protocol.wanted(v) }
	}
	source := cmp.Or(wanted(), v.only())
	switch {
	case source == "":
		return refuse(http.StatusBadRequest, event.WhyNoSource, "name the source: ?source=NAME, or the header %s", SourceHeader).as(faultSource)
	case !sender.Usable(source):
		return refuse(http.StatusForbidden, event.WhyForbidden, "source %q is reserved or too long", source).as(faultSource)
	case !v.who.May(source):
		return refuse(http.StatusForbidden, event.WhyForbidden, "%q may not write source %q", v.who.Name, source).as(faultSource)
	}
	v.source = source
	return nil
}

// named is the source that the request names.
func (v *visit) named() string {
	return cmp.Or(v.r.Header.Get(SourceHeader), v.r.URL.Query().Get("source"))
}

// only is the sender's source where it has no other.
func (v *visit) only() string {
	if len(v.who.Sources) == 1 && v.who.Sources[0] != "*" {
		return v.who.Sources[0]
	}
	return ""
}
