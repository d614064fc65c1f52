// Package windows reads Windows event log records.
//
// It knows what the events of the usual channels mean: their class and which of
// their fields go into which column. Event log files come through it as a format,
// and exports of events in JSON ask it with [Classify].
package windows
