// Package liveness is the baselines about log sources themselves: silence, volume, form and clocks.
package liveness
