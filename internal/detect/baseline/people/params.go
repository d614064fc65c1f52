package people

import (
	"time"

	"github.com/konseki/konseki/internal/detect/baseline/learn"
)

// accountParams are the thresholds of the baselines about accounts and
// addresses.
type accountParams struct {
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
	// CommonAddresses addresses shared with other accounts within the last
	// months make an account one that everybody uses; 0 for never.
	CommonAddresses int
	// PrivateAddresses includes addresses of private networks, which jump
	// hosts and application servers share as a matter of course.
	PrivateAddresses bool

	// FailWindow and Failures: so many failures so shortly before a success.
	// From an address the account is used from often, FailuresUsual.
	FailWindow    time.Duration
	Failures      int
	FailuresUsual int

	// RepeatDays is how long the same VPN finding about the same account and
	// address is not repeated.
	RepeatDays int

	// MaxAccounts and MaxAddresses bound the memory.
	MaxAccounts  int
	MaxAddresses int
}

// tune sets the thresholds, by default for an organisation of a few hundred
// people: an ordinary week stays at a few findings.
func (b *accounts) tune(k *learn.Kit) {
	b.p.MaxAccounts, b.p.MaxAddresses = 100_000, 200_000
	b.tuneNewAddress(k.Tune("baseline-new-address"))
	b.tuneSharedAddress(k.Tune("baseline-shared-address"))
	b.tuneFailed(k.Tune("baseline-failed-then-success"))
	b.tuneVPNTied(k.Tune("baseline-vpn-tied-address"))
}
