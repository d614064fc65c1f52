package webshell

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// published is when the framework's flaw was made public.
func published() time.Time { return at("03-06 22:14:00") }

// feed is a day of a public feed of advisories, one OSV object a line as it was
// pulled. Most of it concerns nothing that the company runs.
func feed(d *raw.Day) {
	d.Scattered(4, 0, 24, func(t time.Time) {
		p := raw.Pick(d.RNG, []struct{ ecosystem, name string }{
			{"npm", "example-grid"}, {"npm", "example-forms"}, {"PyPI", "example-mailer"}, {"Maven", "com.example:report-engine"}, {"RubyGems", "example-queue"}, {"Packagist", "example/cms-gallery"},
		})
		number := 1000 + d.RNG.IntN(9000)
		d.Add(t, notice{
			id: fmt.Sprintf("EXA-2017-%04d", number), t: t, ecosystem: p.ecosystem, name: p.name, severity: raw.Pick(d.RNG, []string{"LOW", "MODERATE", "HIGH"}),
			summary: raw.Pick(d.RNG, []string{"Output is not escaped", "A request without end uses all memory", "A path leads out of its folder"}), ranges: [][2]string{{"0", fmt.Sprintf("%d.%d.0", 1+d.RNG.IntN(4), 1+d.RNG.IntN(9))}},
		}.text())
	})
	// Two of little weight that do concern it.
	for when, n := range map[string]notice{
		"02-20 10:05:00": {id: "EXA-2017-0411", ecosystem: "Maven", name: "jp.example:pay-forms", summary: "A message tells which fields a form has", severity: "LOW", ranges: [][2]string{{"1.0", "1.9"}}},
		"03-01 16:40:00": {id: "EXA-2017-0502", ecosystem: "Maven", name: "jp.example:pay-calendar", summary: "A holiday can be guessed", severity: "LOW", ranges: [][2]string{{"0", "3.2.1"}}},
	} {
		d.On(at(when), func(t time.Time) {
			n.t = t
			d.Add(t, n.text())
		})
	}
	d.On(published(), func(t time.Time) {
		d.Add(t, notice{
			id: "S2-045", alias: "CVE-2017-5638", t: t, ecosystem: "Maven", name: "org.apache.struts:struts2-core", severity: "HIGH",
			summary: "A crafted Content-Type header runs commands while an upload is parsed", ranges: [][2]string{{"2.3.5", "2.3.32"}, {"2.5", "2.5.10.1"}},
		}.text())
	})
}

// notice is an advisory on its day.
type notice struct {
	id, alias                          string
	t                                  time.Time
	ecosystem, name, summary, severity string
	ranges                             [][2]string // introduced, fixed
}

// text is the advisory in the Open Source Vulnerability format.
func (n notice) text() string {
	when, aliases := n.t.UTC().Format(time.RFC3339), ""
	if n.alias != "" {
		aliases = fmt.Sprintf("%q", n.alias)
	}
	var ranges []string
	for _, r := range n.ranges {
		ranges = append(ranges, fmt.Sprintf(`{"type":"ECOSYSTEM","events":[{"introduced":%q},{"fixed":%q}]}`, r[0], r[1]))
	}
	return fmt.Sprintf(`{"schema_version":"1.7.0","id":%q,"modified":%q,"published":%q,"aliases":[%s],"summary":%q,"affected":[{"package":{"ecosystem":%q,"name":%q},"ranges":[%s]}],"database_specific":{"severity":%q}}`,
		n.id, when, when, aliases, n.summary, n.ecosystem, n.name, strings.Join(ranges, ","), n.severity)
}
