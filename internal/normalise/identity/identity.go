// Package identity reads the logs of directories, RADIUS servers and identity providers.
package identity

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format {
	return []format.Format{
		NewFreeRADIUS(), NewSlapd(), NewCiscoISE(), NewKeycloak(), NewAuthelia(), NewCAS(), NewLemonLDAP(),
		NewOkta(), NewEntra(), NewAuthentik(), NewTeleport(),
	}
}
