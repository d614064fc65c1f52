// Package insider is the incident of a colleague who carries data away.
package insider
