// Package offset measures how far the clocks of sources are from this machine's.
package offset
