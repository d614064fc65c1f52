package note

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// maxValue bounds a note, in bytes.
const maxValue = 256

// people notes what is said of a person's whereabouts, device and rights:
//
//	country          where the client was: a name or an ISO 3166 code
//	coordinates      the same as "LATITUDE,LONGITUDE" in degrees
//	device           the identity of a managed device
//	client           the client program, where no column holds it
//	unknown_account  "true" when the log says that the account does not exist
//	granted          the group, role or policy that gives rights
//	grantee          the account that got them
//
// The names of fields are those of Okta, Entra, Microsoft 365, Google Workspace,
// FortiGate, ECS, Windows, sshd and AWS CloudTrail.
func people(ev *event.Event, dst []event.Field) []event.Field {
	switch ev.ClassUID {
	case event.ClassAuthentication, event.ClassTunnel:
		return whereabouts(ev, dst)
	case event.ClassFileHosting, event.ClassWebResources:
		switch ev.Format {
		case "jsonlines", "workspace", "csv", "m365", "box", "dropbox":
			return whereabouts(ev, dst)
		}
	case event.ClassGroup, event.ClassAccountChange, event.ClassAPI:
		return rights(ev, dst)
	case event.ClassBase:
		if ev.Format == "jsonlines" || ev.Format == "csv" {
			return rights(ev, dst)
		}
	}
	return dst
}

// said collects the first value that stands for each note.
type said struct {
	country, lat, lon, device, client, unknown string
}

func whereabouts(ev *event.Event, dst []event.Field) []event.Field {
	var s said
	for i := range ev.Fields {
		s.take(ev.Fields[i].Name, ev.Fields[i].Value)
	}
	dst = add(dst, "country", s.country)
	if s.lat != "" && s.lon != "" {
		dst = add(dst, "coordinates", s.lat+","+s.lon)
	}
	dst = add(dst, "device", s.device)
	if ev.ClientApp == "" {
		dst = add(dst, "client", s.client)
	}
	return add(dst, "unknown_account", s.unknown)
}

func (s *said) take(name, value string) {
	switch strings.TrimPrefix(name, "properties.") {
	case "srccountry", "networkInfo.regionCode", "client.geographicalContext.country", "location.countryOrRegion", "geo.country_iso_code",
		"source.geo.country_iso_code", "client.geo.country_iso_code", "source.geo.country_name", "geoip.country_code2", "geo.country", "country_code", "country":
		keep(&s.country, value)
	case "client.geographicalContext.geolocation.lat", "location.geoCoordinates.latitude", "source.geo.location.lat", "client.geo.location.lat",
		"geo.location.lat", "geo.lat", "geo.latitude":
		keep(&s.lat, value)
	case "client.geographicalContext.geolocation.lon", "location.geoCoordinates.longitude", "source.geo.location.lon", "client.geo.location.lon",
		"geo.location.lon", "geo.lon", "geo.longitude":
		keep(&s.lon, value)
	case "deviceDetail.deviceId", "device.id", "mdm.device_id":
		keep(&s.device, value)
	case "client.userAgent.rawUserAgent", "userAgent", "deviceDetail.browser", "UserAgent":
		keep(&s.client, value)
	case "invalid_user":
		keep(&s.unknown, "true")
	case "SubStatus": // NTSTATUS: no such user
		if strings.EqualFold(value, "0xc0000064") {
			s.unknown = "true"
		}
	case "status.errorCode": // Entra: the account does not exist in the directory
		if value == "50034" {
			s.unknown = "true"
		}
	}
}

// keep takes the first value that is not empty.
func keep(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// add appends a note unless its value is empty or too long to be what it is
// taken for.
func add(dst []event.Field, name, value string) []event.Field {
	if value == "" || len(value) > maxValue {
		return dst
	}
	return append(dst, event.Field{Name: name, Value: value})
}
