// Package measure checks promises against evidence.
package measure

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
)

// Window is the time that a check looks at when it is run now.
func Window(c investigate.Check, now time.Time) (from, to time.Time) {
	if c.Days > 0 {
		return now.AddDate(0, 0, -c.Days), now
	}
	return c.From, c.To
}

// Activity is the query for what a target of containment does: nothing of it may
// be seen afterwards.
func Activity(action, target string) string {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(target) + `"`
	_, err := netip.ParsePrefix(target)
	if err == nil {
		return "ip:" + target
	}
	switch action {
	case "disable_account":
		return "user:" + quoted + " status_id:1"
	case "block_address":
		return "ip:" + quoted + " NOT status_id:2"
	}
	return "host:" + quoted
}

// JudgeQuery tells what a check by query found: nothing where nothing may be is
// only met when the sources that would tell are covered.
func JudgeQuery(c investigate.Check, now time.Time, a *coverage.Answer, found int64, cites []uint64) investigate.Result {
	r := investigate.Result{At: now, Answer: a, Count: found, Cites: cites, State: investigate.Unknown}
	need := max(c.AtLeast, 1)
	switch {
	case c.Expect == "found" && found >= need:
		r.State, r.Because = investigate.Met, counted("期待した記録が %d 件ある", "1 event, as expected", "%d events, as expected", found)
	case c.Expect == "found" && a.Verdict == coverage.NotFoundCovered:
		r.State, r.Because = investigate.NotMet, counted("期待した記録がない（必要 %d 件、ログは揃っている）", "no event, though one is expected and the logs are complete", "fewer events than the %d expected, though the logs are complete", need)
	case c.Expect == "found" && found > 0:
		r.State, r.Because = investigate.NotMet, counted("%d 件しかない", "only 1 event", "only %d events", found)
	case c.Expect != "found" && found > 0:
		r.State, r.Because = investigate.NotMet, counted("あってはならない記録が %d 件ある", "1 event that should not be", "%d events that should not be", found)
	case c.Expect != "found" && a.Verdict == coverage.NotFoundCovered:
		r.State, r.Because = investigate.Met, event.Phrase{JA: "該当する記録はなく、ログは揃っている", EN: "no such event, and the logs are complete"}
	case len(a.Because) > 0:
		r.Because = a.Because[0]
	default:
		r.Because = event.Phrase{JA: "ログが揃っておらず判断できない", EN: "the logs are not complete enough to tell"}
	}
	return r
}

func counted(ja, one, many string, n int64) event.Phrase {
	return event.Phrase{JA: fmt.Sprintf(ja, n), EN: event.Many(n, one, many)}
}

// JudgeCoverage tells whether the sources were complete all the time.
func JudgeCoverage(now time.Time, list []coverage.SourceCoverage) investigate.Result {
	r := investigate.Result{At: now, State: investigate.Met, Because: event.Phrase{JA: "すべてのログ源が揃っている", EN: "every source is complete"}}
	for i := range list {
		if len(list[i].Intervals) == 0 {
			r.State = investigate.Unknown
			r.Because = event.Phrase{JA: list[i].Source + " の記録は一度も届いていない", EN: "nothing ever came from " + list[i].Source}
			return r
		}
		for _, iv := range list[i].Intervals {
			if iv.State == coverage.Complete {
				continue
			}
			label := coverage.StateLabel(iv.State)
			r.State = investigate.NotMet
			if iv.State == coverage.Unknown || iv.State == coverage.BestEffort {
				r.State = investigate.Unknown
			}
			from := iv.From.UTC().Format(time.RFC3339)
			r.Because = event.Phrase{JA: fmt.Sprintf("%s は %s から「%s」", list[i].Source, from, label.JA), EN: fmt.Sprintf("%s is “%s” from %s", list[i].Source, label.EN, from)}
			return r
		}
	}
	return r
}

// JudgeEvidence tells whether the records that show it are there.
func JudgeEvidence(now time.Time, cites, gone []uint64) investigate.Result {
	r := investigate.Result{At: now, Cites: cites, Count: int64(len(cites)), State: investigate.Met}
	switch {
	case len(cites) == 0:
		r.State, r.Because = investigate.NotMet, event.Phrase{JA: "証跡がまだ示されていない", EN: "no evidence has been given yet"}
	case len(gone) > 0:
		r.State = investigate.Unknown
		r.Because = event.Phrase{JA: fmt.Sprintf("証跡の原記録 #%d はもう残っていない", gone[0]), EN: fmt.Sprintf("the record #%d that showed it is no more", gone[0])}
	default:
		r.Because = counted("証跡が %d 件ある", "1 record shows it", "%d records show it", int64(len(cites)))
	}
	return r
}

// maxCites bounds the findings that a result cites.
const maxCites = 20

// JudgeFindings tells whether rules that must not fire did not, while the sources
// that they look at were complete.
func JudgeFindings(now time.Time, fired []uint64, list []coverage.SourceCoverage) investigate.Result {
	if n := len(fired); n > 0 {
		return investigate.Result{At: now, State: investigate.NotMet, Count: int64(n), Cites: fired[:min(n, maxCites)],
			Because: counted("検知が %d 件ある", "1 finding", "%d findings", int64(n))}
	}
	r := JudgeCoverage(now, list)
	switch r.State {
	case investigate.Met:
		r.Because = event.Phrase{JA: "検知はなく、ログは揃っている", EN: "no finding, and the logs are complete"}
	default:
		r.State = investigate.Unknown
	}
	return r
}
