// Package stream receives records over lasting connections and datagrams: syslog, RELP, Fluent forward; one protocol per file.
//
// Syslog acknowledges nothing. [RELP] and [Fluent] acknowledge a record once
// the vault has it, not before, so that a sender keeps what konseki may not
// have. What they read is hostile: everything is bounded, nobody waits for
// somebody else who is slow, and what is not kept is counted.
package stream
