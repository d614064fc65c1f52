package note

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/event"
)

// eventOf makes an event with native fields: name, value, name, value.
func eventOf(format string, class int32, code string, fields ...string) *event.Event {
	ev := &event.Event{Format: format, ClassUID: class, EventCode: code}
	for i := 0; i < len(fields); i += 2 {
		ev.Add(fields[i], fields[i+1])
	}
	return ev
}

func notesOf(ev *event.Event) map[string]string {
	out := map[string]string{}
	for _, n := range people(ev, nil) {
		out[n.Name] = n.Value
	}
	return out
}

func TestWhereaboutsAreNotedUnderOneNameForEveryProduct(t *testing.T) {
	const logon = event.ClassAuthentication
	for name, c := range map[string]struct {
		ev   *event.Event
		want map[string]string
	}{
		"okta": {
			eventOf("jsonlines", logon, "user.session.start", "client.geographicalContext.country", "Japan",
				"client.geographicalContext.geolocation.lat", "35.6", "client.geographicalContext.geolocation.lon", "139.6", "client.userAgent.rawUserAgent", "curl/8"),
			map[string]string{"country": "Japan", "coordinates": "35.6,139.6", "client": "curl/8"},
		},
		"entra": {
			eventOf("jsonlines", logon, "Sign-in activity", "properties.location.countryOrRegion", "BR", "properties.location.geoCoordinates.latitude", "-23.5",
				"properties.location.geoCoordinates.longitude", "-46.6", "properties.deviceDetail.deviceId", "d-1", "properties.status.errorCode", "50034"),
			map[string]string{"country": "BR", "coordinates": "-23.5,-46.6", "device": "d-1", "unknown_account": "true"},
		},
		"fortigate": {eventOf("fortigate", event.ClassTunnel, "", "srccountry", "Korea, Republic of"), map[string]string{"country": "Korea, Republic of"}},
		"workspace": {eventOf("workspace", logon, "login_success", "networkInfo.regionCode", "JP"), map[string]string{"country": "JP"}},
		"sshd":      {eventOf("syslog", logon, "", "invalid_user", "true"), map[string]string{"unknown_account": "true"}},
		"windows":   {eventOf("jsonlines", logon, "4625", "SubStatus", "0xC0000064"), map[string]string{"unknown_account": "true"}},
		"one half":  {eventOf("jsonlines", logon, "", "geo.lat", "35"), map[string]string{}},
		"too long":  {eventOf("jsonlines", logon, "", "country", strings.Repeat("x", maxValue+1)), map[string]string{}},
		"others":    {eventOf("jsonlines", event.ClassHTTP, "", "country", "JP"), map[string]string{}},
	} {
		if d := cmp.Diff(c.want, notesOf(c.ev)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestGrantsAreNotedWithWhatAndWhom(t *testing.T) {
	target := func(ev *event.Event, activity int32, user, object string) *event.Event {
		ev.ActivityID, ev.TargetUser, ev.Object = activity, user, object
		return ev
	}
	for name, c := range map[string]struct {
		ev            *event.Event
		what, grantee string
	}{
		"usermod":    {target(eventOf("syslog", event.ClassGroup, ""), 3, "sato", "sudo"), "sudo", "sato"},
		"removed":    {target(eventOf("syslog", event.ClassGroup, ""), 4, "sato", "sudo"), "", ""},
		"windows":    {target(eventOf("jsonlines", event.ClassGroup, "4732", "MemberName", "CN=Sato Hanako,OU=Staff,DC=example,DC=jp"), 99, "Administrators", ""), "Administrators", "Sato Hanako"},
		"unnamed":    {target(eventOf("jsonlines", event.ClassGroup, "4732", "MemberName", "-", "MemberSid", "S-1-5-21-9"), 99, "Administrators", ""), "Administrators", "S-1-5-21-9"},
		"workspace":  {target(eventOf("workspace", event.ClassAccountChange, "GRANT_ADMIN_PRIVILEGE"), 99, "sato@example.jp", ""), "super admin", "sato@example.jp"},
		"role":       {target(eventOf("workspace", event.ClassAPI, "ASSIGN_ROLE", "ROLE_NAME", "_GROUPS_ADMIN_ROLE"), 99, "sato@example.jp", ""), "_GROUPS_ADMIN_ROLE", "sato@example.jp"},
		"slack":      {target(eventOf("slack", event.ClassGroup, "role_change_to_owner"), 99, "sato@example.jp", ""), "owner", "sato@example.jp"},
		"slack user": {target(eventOf("slack", event.ClassGroup, "role_change_to_user"), 99, "sato@example.jp", ""), "user", "sato@example.jp"},
		"fortigate":  {target(eventOf("fortigate", event.ClassAccountChange, "", "cfgpath", "system.admin"), 1, "sato", ""), "system.admin", "sato"},
		"directory":  {target(eventOf("jsonlines", event.ClassBase, "Add member to role.", "ModifiedProperties.NewValue", `"Global Administrator"`), 0, "sato@example.jp", ""), "Global Administrator", "sato@example.jp"},
		"aws":        {eventOf("jsonlines", event.ClassAPI, "AttachUserPolicy", "requestParameters.policyArn", "arn:aws:iam::aws:policy/AdministratorAccess", "requestParameters.userName", "sato"), "arn:aws:iam::aws:policy/AdministratorAccess", "sato"},
		"anything":   {eventOf("jsonlines", event.ClassBase, "doc_view", "user", "sato"), "", ""},
	} {
		got := notesOf(c.ev)
		if got["granted"] != c.what || got["grantee"] != c.grantee {
			t.Errorf("%s: %v", name, got)
		}
	}
}
