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
	Host     string       `json:"host,omitempty" yaml:"host"` // the machine it runs on, where it is one
	Zone     string       `json:"zone,omitempty" yaml:"zone"` // IANA zone of times that state none
	Paths    []string     `json:"paths,omitempty" yaml:"paths"`
	Critical bool         `json:"critical,omitempty" yaml:"critical"`
	Absent   []Absence    `json:"absent,omitempty" yaml:"absent"`
	Covers   []Claim      `json:"covers,omitempty" yaml:"covers"`
	// Match says which live records are its: those that no source matches are
	// put under the name of their door.
	Match Match `json:"match,omitzero" yaml:"match"`
	// Ack says how its records reach the vault: "file", "acknowledged",
	// "stream" (TCP without acknowledgement), "datagram" or "cursor" (read or
	// pulled to its end).
	Ack string `json:"ack,omitempty" yaml:"ack"`
	// Sequence is the chain that its producer numbers records by, such as
	// "eventrecord" or "audit": one that numbers them and of which no number was
	// seen is not vouched for.
	Sequence string `json:"sequence,omitempty" yaml:"sequence"`
	// Rhythm is how long it is ordinarily quiet at most, Heartbeat how often it
	// gives a sign of life although nothing happens; 0 where nobody said.
	Rhythm    Span `json:"rhythm,omitzero" yaml:"rhythm"`
	Heartbeat Span `json:"heartbeat,omitzero" yaml:"heartbeat"`
	// Retention is how long konseki keeps its records, from receipt; nothing
	// said leaves it to the configuration. A file that comes with evidence
	// cannot say it. OriginRetention is how long the producer itself keeps its
	// logs; nothing said means that nobody knows.
	Retention       event.Period `json:"retention,omitzero" yaml:"-"`
	OriginRetention event.Period `json:"origin_retention,omitzero" yaml:"origin_retention"`
	// HeldBy is who else holds its records (a hosting firm, a data centre, a
	// service), and Requests what they were asked for.
	HeldBy   string    `json:"held_by,omitempty" yaml:"held_by"`
	Requests []Request `json:"requests,omitempty" yaml:"-"`
	// Expected is false for a source that was only seen, never registered; Since is
	// when it was first registered.
	Expected bool      `json:"expected" yaml:"-"`
	Since    time.Time `json:"since,omitzero" yaml:"-"`
}

// Quiet is the longest quiet that its registration calls ordinary, 0 where it
// says nothing: three heartbeats, or the rhythm.
func (s *Source) Quiet() time.Duration {
	if s.Heartbeat > 0 {
		return 3 * time.Duration(s.Heartbeat)
	}
	return time.Duration(s.Rhythm)
}

// Match names the senders whose records belong to a source. A record matches
// when it has one of each list that is not empty.
type Match struct {
	Senders   []string `json:"senders,omitempty" yaml:"senders"`     // names of tokens and certificates
	Addresses []string `json:"addresses,omitempty" yaml:"addresses"` // of the peer, or networks
	Hosts     []string `json:"hosts,omitempty" yaml:"hosts"`         // that a syslog line names; * is any text
	Programs  []string `json:"programs,omitempty" yaml:"programs"`   // that a syslog line names; * is any text
}

// IsZero reports whether it names nothing.
func (m Match) IsZero() bool {
	return len(m.Senders)+len(m.Addresses)+len(m.Hosts)+len(m.Programs) == 0
}

// Claim declares that all records of [From, To) that a source or one of its
// files had are here: by whoever handed them over.
type Claim struct {
	From   time.Time    `json:"from" yaml:"from"`
	To     time.Time    `json:"to" yaml:"to"`
	Reason event.Phrase `json:"reason,omitzero" yaml:"reason"`
}

// Request is what became of asking another party for records they hold.
type Request struct {
	At    time.Time    `json:"at"`
	By    string       `json:"by"`            // who asked, or took the answer down
	Of    string       `json:"of"`            // who was asked
	State RequestState `json:"state"`         // asked, received, refused
	From  time.Time    `json:"from,omitzero"` // the records asked for; open where zero
	To    time.Time    `json:"to,omitzero"`   //
	Note  event.Phrase `json:"note,omitzero"` // what they said
}

// RequestState is how far a request has come.
type RequestState string

// The states of a request.
const (
	Asked          RequestState = "asked"
	Received       RequestState = "received"
	RequestRefused RequestState = "refused"
)

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

// Same reports whether two absences say the same, whatever the reason.
func (a Absence) Same(b Absence) bool {
	return a.From.Equal(b.From) && a.To.Equal(b.To) && a.State == b.State
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
	Proof    string       `json:"proof,omitempty"` // kind of proof: one of event.Proof, "declared", "counted", …
	Reason   event.Phrase `json:"reason,omitzero"`
	Missing  int64        `json:"missing,omitzero"` // records known to be missing, -1 for an unknown number
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
	Host      string       `json:"host,omitempty"` // of one host only
	Hosts     int          `json:"hosts,omitzero"` // how many hosts of it were ever seen
	// Control is the positive control: what else it holds in the window that
	// could have been the answer.
	Control *Control `json:"control,omitempty"`
	// Clock is how far its clock was from this machine's; nil where nothing of it
	// arrived live.
	Clock *ClockState `json:"clock,omitempty"`
	// ZoneAssumed is how many events of it, at any time, state no zone while nobody
	// said one: their times can be off by up to a day.
	ZoneAssumed int64 `json:"zone_assumed,omitzero"`
	// Advice is what would make more known of it.
	Advice event.Phrase `json:"advice,omitzero"`
}

// Control is the positive control of a source: events of the classes asked for
// that it holds in the window. They show that it was working.
type Control struct {
	Events    int64     `json:"events"`
	Successes int64     `json:"successes,omitzero"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	// Classes are what was counted; empty for all.
	Classes []int32 `json:"classes,omitempty"`
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
