// Package sequence finds what is missing from the numbers that producers give their records.
//
// A chain is one count of one producer: the numbers that auditd of a host, a
// channel of a Windows computer or a session of PostgreSQL gives its records,
// one after the other and without gaps. Whoever holds the numbers 7 and 8 knows
// that there was nothing between them; whoever holds 7 and 9 knows that something
// is not here.
//
// # Runs
//
// A Run is a row of consecutive numbers that were seen, with the times of its
// ends. A Builder makes the runs of a part of the records, in whatever order
// they come; Merge puts the runs of all parts together. Runs are cut at every
// 1024th number and wherever an hour lies between two numbers, so that two runs
// of the same numbers can be told apart: records that came twice have the same
// time for the same number, those of a count that began again have not.
//
// # Epochs
//
// Within an epoch times grow with the numbers, but for a few seconds. Where a
// run does not fit, since its numbers were there before or its time is that of
// other numbers, the producer began to count anew: another epoch begins, and
// nothing is said of the time between the two. Counts that are known to wrap go
// on over the wrap. Where two epochs lie in the same time, because a clock was
// set back, the time is in doubt: it is neither whole nor has it gaps.
//
// What is found does not depend on how the records were cut into parts, as long
// as each part is a stretch of what arrived, or a new count begins at least an
// hour after the last record of the old one. It does not show what is missing
// before the first and after the last number of an epoch.
package sequence
