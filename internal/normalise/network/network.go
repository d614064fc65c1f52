// Package network reads the logs of firewalls, routers, switches and access points.
package network

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format { return nil }
