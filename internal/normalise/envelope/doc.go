// Package envelope reads what shippers wrap records in - OTLP, HTTP Event Collector, Fluentd, Beats - and hands what is inside to its format.
package envelope

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of shippers' envelopes. What they carry is offered
// to inner, in their order; none of these is among them, so that an envelope
// within an envelope is not opened.
func Formats(inner []format.Format) []format.Format {
	o := opener{inner, senses()}
	return []format.Format{newOTLP(o), newHEC(o), newFluent(o), newBeats(o)}
}
