// Package identity reads the logs of directories, RADIUS servers and identity providers.
package identity

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format { return nil }
