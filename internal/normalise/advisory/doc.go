// Package advisory reads what is published about flaws of software: OSV and the catalogue of exploited ones.
package advisory

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format { return []format.Format{NewOSV(), NewKEV()} }
