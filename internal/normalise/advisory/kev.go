package advisory

import (
	"github.com/konseki/konseki/internal/advisory/notice"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewKEV returns the format "kev": entries of CISA's catalogue of known
// exploited vulnerabilities, one or the whole catalogue. They name a CVE and a
// product and no versions: what they add to an advisory of the same CVE is that
// attacks are known. Source: cisa.gov, the catalogue's JSON schema.
func NewKEV() format.Format {
	return object.New(object.Reader{
		Name: "kev", Marks: []string{`"cveID"`, `"dateAdded"`, `"vulnerabilityName"`}, Pages: []string{"vulnerabilities"}, Read: readKEV,
	})
}

func readKEV(in *format.Input, _ []byte, ev *event.Event) bool {
	id := ev.First("cveID")
	if !notice.Sound(id) || !object.SetTime(in, ev, "dateAdded") {
		return false
	}
	ev.ClassUID = event.ClassVulnerability
	n := notice.Notice{
		ID: id, Exploited: true, Published: ev.Time, Modified: ev.Time,
		Summary: object.Sentence(ev.First("vulnerabilityName"), ev.First("shortDescription")),
	}
	finish(ev, &n)
	ev.Object = object.Sentence(ev.First("vendorProject"), ev.First("product"))
	return true
}
