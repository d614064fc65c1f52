// Package normalisetest is what the tests of the formats share: samples, their events as text, and what every format owes.
package normalisetest
