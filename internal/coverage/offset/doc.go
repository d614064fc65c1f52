// Package offset measures how far the clocks of sources are from this machine's.
//
// What can be measured is the time between the instant that a record states and
// the instant it was received: the offset of the producer's clock, and with it
// the delay on the way. The delay is never less than nothing and sometimes long, a
// queue or a batch; so it is the lowest of these times, not the middle, that comes
// nearest to the offset. Estimate.Offset gives the 5th percentile: lower ones are
// records whose stated time was rounded up or taken late.
//
// An offset below zero means that the producer's clock is ahead. Only records that
// arrived as they were written count, with a time that states its zone or whose
// zone was configured, to the second or better. The hours are those of receipt, as
// this machine's clock is what others are compared with.
package offset
