package detect

import "time"

// Params are the baselines' thresholds. Start from DefaultParams.
type Params struct {
	// Reorder is how long accesses wait for earlier ones to arrive. Later ones
	// than that are judged when they come and counted in Stats.Late.
	Reorder time.Duration
	// ReorderLimit bounds the accesses that wait.
	ReorderLimit int

	// LearnDays and LearnLogons say when an account's habits are known.
	LearnDays   int
	LearnLogons int
	// UsualWithin is the time after a logon from one address in which a logon
	// from a first-seen address elsewhere is held for a second person's. A
	// little over the hour, because the clocks of two sources differ.
	UsualWithin time.Duration
	// RoamingAddresses new addresses within RoamingDays make an account one
	// that roams: its new addresses are then ordinary.
	RoamingAddresses int
	RoamingDays      int
	// PoolAccounts accounts with PoolAddresses addresses each make a network
	// (/16, /32 for IPv6) a carrier's pool, whose addresses mean little.
	PoolAccounts  int
	PoolAddresses int

	// SharedWithin is how long a new address is watched before it is judged;
	// with more than SharedAccounts accounts by then it is ordinary shared
	// egress, an office for example.
	SharedWithin   time.Duration
	SharedAccounts int
	// PrivateAddresses includes addresses of private networks, which jump
	// hosts and application servers share as a matter of course.
	PrivateAddresses bool

	// FailWindow and Failures: so many failures so shortly before a success.
	// From an address the account is used from often, FailuresUsual.
	FailWindow    time.Duration
	Failures      int
	FailuresUsual int

	// SilenceFloor is the shortest silence that is reported, SilenceFactor what
	// the learned gap is multiplied with, SilenceCeiling the gap beyond which a
	// source has no rhythm worth watching, SilenceLearn how long and
	// SilenceGaps how many gaps a rhythm is learned from.
	SilenceFloor   time.Duration
	SilenceFactor  float64
	SilenceCeiling time.Duration
	SilenceLearn   time.Duration
	SilenceGaps    int
	// SilenceGather is how long hosts of one source are gathered into one
	// finding.
	SilenceGather time.Duration

	// RepeatDays is how long the same VPN finding about the same account and
	// address is not repeated.
	RepeatDays int

	// MaxAccounts, MaxAddresses and MaxStreams bound the memory.
	MaxAccounts  int
	MaxAddresses int
	MaxStreams   int
}

// DefaultParams gives the thresholds for an organisation of a few hundred
// people: an ordinary week stays at a few findings.
func DefaultParams() Params {
	return Params{
		Reorder: 10 * time.Second, ReorderLimit: 10_000,
		LearnDays: 14, LearnLogons: 10, UsualWithin: 65 * time.Minute,
		RoamingAddresses: 4, RoamingDays: 14, PoolAccounts: 3, PoolAddresses: 4,
		SharedWithin: 24 * time.Hour, SharedAccounts: 4,
		FailWindow: time.Hour, Failures: 3, FailuresUsual: 10,
		SilenceFloor: 2 * time.Minute, SilenceFactor: 3, SilenceCeiling: 12 * time.Hour,
		SilenceLearn: 24 * time.Hour, SilenceGaps: 50, SilenceGather: time.Minute,
		RepeatDays: 30, MaxAccounts: 100_000, MaxAddresses: 200_000, MaxStreams: 50_000,
	}
}

// An Info describes one baseline to people.
type Info struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	TitleJA       string   `json:"title_ja"`
	Description   string   `json:"description"`
	DescriptionJA string   `json:"description_ja"`
	Level         string   `json:"level"` // the highest it may raise
	Tags          []string `json:"tags"`
	Params        []Param  `json:"params"`
}

// A Param is one threshold of a baseline, as text.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
