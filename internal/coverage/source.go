// Package coverage knows which sources were complete when, and qualifies every answer.
package coverage

import (
	"time"

	"github.com/konseki/konseki/internal/event"
)

// Source (ログ源) is one producer of records that is expected, whether or not
// it ever sent one.
type Source struct {
	ID       string       `json:"id" yaml:"id"`
	Kind     string       `json:"kind,omitempty" yaml:"kind"` // see Kinds
	Name     event.Phrase `json:"name,omitzero" yaml:"name"`
	Owner    string       `json:"owner,omitempty" yaml:"owner"`
	Zone     string       `json:"zone,omitempty" yaml:"zone"` // IANA zone of times that state none
	Paths    []string     `json:"paths,omitempty" yaml:"paths"`
	Critical bool         `json:"critical,omitempty" yaml:"critical"`
	Absent   []Absence    `json:"absent,omitempty" yaml:"absent"`
	// Ack says how its records reach the vault: "file", "acknowledged",
	// "stream" (TCP without acknowledgement) or "datagram".
	Ack string `json:"ack,omitempty" yaml:"ack"`
	// Retention is how long konseki keeps its records, from receipt; nothing
	// said leaves it to the configuration. A file that comes with evidence
	// cannot say it. OriginRetention is how long the producer itself keeps its
	// logs; nothing said means that nobody knows.
	Retention       event.Period `json:"retention,omitzero" yaml:"-"`
	OriginRetention event.Period `json:"origin_retention,omitzero" yaml:"origin_retention"`
	// Expected is false for a source that was only seen, never registered.
	Expected bool `json:"expected" yaml:"-"`
}

// Absence declares an interval [From, To) for which a source has no records,
// and why.
type Absence struct {
	From   time.Time    `json:"from" yaml:"from"`
	To     time.Time    `json:"to" yaml:"to"`
	State  State        `json:"state" yaml:"state"` // Expired, Deleted, Refused or NeverCollected
	Reason event.Phrase `json:"reason,omitzero" yaml:"reason"`
	// Proof is the kind of proof when it is not a person's declaration.
	Proof string `json:"proof,omitempty" yaml:"-"`
}

// State says what is known of a source in an interval.
type State string

// The states, from best to worst known.
const (
	Complete       State = "complete"        // all records are here
	BestEffort     State = "best_effort"     // records are here; some may be missing
	Gap            State = "gap"             // some records are known to be missing
	Silent         State = "silent"          // it usually sends and did not
	Unparsed       State = "unparsed"        // records are here that no format could read
	Expired        State = "expired"         // let go under a retention period
	Deleted        State = "deleted"         // destroyed
	Refused        State = "refused"         // somebody holds them and does not hand them over
	NeverCollected State = "never_collected" // nobody kept them
	Unknown        State = "unknown"         // nothing tells
)

// Kind is a kind of source with the OCSF classes its records can hold, by
// which a question finds the sources that could answer it.
type Kind struct {
	Name    string
	Label   event.Phrase
	Classes []int32
}

// Kinds lists the kinds of source.
func Kinds() []Kind {
	auth, host := event.ClassAuthentication, event.ClassProcess
	return []Kind{
		{"vpn", event.Phrase{JA: "VPN", EN: "VPN"}, []int32{auth, event.ClassTunnel}},
		{"auth", event.Phrase{JA: "認証基盤", EN: "Identity"}, []int32{auth, event.ClassAccountChange}},
		{"firewall", event.Phrase{JA: "ファイアウォール", EN: "Firewall"}, []int32{event.ClassNetwork}},
		{"network", event.Phrase{JA: "ネットワーク", EN: "Network"}, []int32{event.ClassNetwork}},
		{"groupware", event.Phrase{JA: "グループウェア", EN: "Groupware"}, []int32{auth, event.ClassFileHosting, event.ClassWebResources}},
		{"chat", event.Phrase{JA: "チャット", EN: "Chat"}, []int32{auth, event.ClassWebResources, event.ClassFileHosting}},
		{"web_service", event.Phrase{JA: "ウェブサービス", EN: "Web service"}, []int32{auth, event.ClassHTTP, event.ClassWebResources}},
		{"web", event.Phrase{JA: "ウェブサーバー", EN: "Web server"}, []int32{event.ClassHTTP, event.ClassApplicationError}},
		{"server", event.Phrase{JA: "サーバー", EN: "Server"}, []int32{auth, host, event.ClassFileSystem, event.ClassScheduledJob, event.ClassAccountChange, event.ClassEventLog, event.ClassKernel}},
		{"database", event.Phrase{JA: "データベース", EN: "Database"}, []int32{auth, event.ClassDatastore}},
		{"monitoring", event.Phrase{JA: "監視", EN: "Monitoring"}, []int32{event.ClassBase, event.ClassEventLog}},
		{"other", event.Phrase{JA: "その他", EN: "Other"}, nil},
	}
}

// Interval is a stretch of time in which a source has one state.
type Interval struct {
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	State    State        `json:"state"`
	Proof    string       `json:"proof,omitempty"` // kind of proof: "file import", "declared", "rhythm", …
	Reason   event.Phrase `json:"reason,omitzero"`
	Events   int64        `json:"events"`
	Unparsed int64        `json:"unparsed,omitempty"`
	// Losses are those counted in it, each in one interval only.
	Losses []Loss `json:"losses,omitempty"`
}

// SourceCoverage is the coverage of one source over a window; its intervals
// touch and cover the window whole.
type SourceCoverage struct {
	Source    string       `json:"source"`
	Kind      string       `json:"kind,omitempty"`
	Name      event.Phrase `json:"name,omitzero"`
	State     State        `json:"state"` // the worst of its intervals
	Events    int64        `json:"events"`
	Lost      LossSums     `json:"lost,omitzero"` // records, over all intervals
	Intervals []Interval   `json:"intervals"`
}

// Verdict is the answer in one word.
type Verdict string

// The three verdicts. There is no fourth and no probability.
const (
	Found           Verdict = "found"
	NotFoundCovered Verdict = "not_found_covered"
	VerdictUnknown  Verdict = "unknown"
)

// Answer qualifies a result: what was found, over which window, which sources
// could have held it and what is known of each.
type Answer struct {
	Verdict  Verdict          `json:"verdict"`
	Because  []event.Phrase   `json:"because"`
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	Found    int64            `json:"found"`
	Coverage []SourceCoverage `json:"coverage"`
}

// Partial reports whether any source that matters is less than complete.
func (a *Answer) Partial() bool {
	for _, s := range a.Coverage {
		if s.State != Complete {
			return true
		}
	}
	return false
}
