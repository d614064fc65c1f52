package coverage

import (
	"fmt"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Pull is how far one stream of a service is that konseki asks for its records.
type Pull struct {
	API       string // service/stream
	Source    string
	Asked     time.Time          // last; zero when it was not since konseki started
	Succeeded time.Time          // when it last answered whole
	Complete  time.Time          // read to its end up to here
	Proven    time.Time          // completeness is attested up to here
	Next      time.Time          // when it is asked again
	Failing   time.Time          // since when every attempt failed; zero while it answers
	Failures  int                // since then
	Error     string             // of the last attempt
	Lag       time.Duration      // that completeness is attested behind the present
	Records   uint64             // taken ever
	Wrong     *event.Attestation // what was last found missing or changed
}

// Pulling tells how the services fare that are asked for their records; nil when
// none is.
type Pulling func() []Pull

// All is how each of them fares.
func (p Pulling) All() []Pull {
	if p == nil {
		return nil
	}
	return p()
}

// Failing names the sources whose pulls fail, and since when: an outage that
// begins or ends changes what is known.
func (p Pulling) Failing() string {
	var b strings.Builder
	for _, x := range p.All() {
		if !x.Failing.IsZero() {
			fmt.Fprintf(&b, "%s %d\n", x.Source, x.Failing.UnixNano())
		}
	}
	return b.String()
}

// failing are the pulls that fail, by their sources.
func failing(all []Pull) map[string]Pull {
	out := map[string]Pull{}
	for _, p := range all {
		if !p.Failing.IsZero() {
			out[p.Source] = p
		}
	}
	return out
}

// fails says why nothing is known of what came after Complete. The service may
// still have it, so it is unknown and no gap.
func (p *Pull) fails() event.Phrase {
	since := p.Failing.UTC().Format("2006-01-02 15:04:05") + " UTC"
	return event.Phrase{JA: since + " から取得に失敗している（" + p.API + "）", EN: "pulling " + p.API + " has failed since " + since}
}

// Tracer tells how a source gives a sign of life every so many minutes although
// nothing happens: by it silence means something.
func Tracer(id string, minutes int) event.Phrase {
	return event.Phrase{
		JA: fmt.Sprintf(`# %[1]s の生存信号（%[2]d 分ごと）。どれか一つを、そのログを書く機器で：
# 1) cron + logger（/etc/cron.d/konseki-tracer）
*/%[2]d * * * * root logger -t konseki-tracer 'konseki tracer %[1]s'
# 2) rsyslog の immark（/etc/rsyslog.d/mark.conf）
module(load="immark" interval="%[3]d")
# 3) サービス：試験用アカウントで定期的にログインする（スケジューラーから）
# そのうえで konseki に教える：
konseki source add %[1]s --heartbeat %[2]dm
`, id, minutes, minutes*60),
		EN: fmt.Sprintf(`# A sign of life of %[1]s every %[2]d minutes. One of these, on the machine that writes its log:
# 1) cron and logger (/etc/cron.d/konseki-tracer)
*/%[2]d * * * * root logger -t konseki-tracer 'konseki tracer %[1]s'
# 2) immark of rsyslog (/etc/rsyslog.d/mark.conf)
module(load="immark" interval="%[3]d")
# 3) of a service: a scheduled sign-in of a test account
# Then tell konseki:
konseki source add %[1]s --heartbeat %[2]dm
`, id, minutes, minutes*60),
	}
}
