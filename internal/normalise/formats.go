package normalise

import "slices"

// formats lists every format in the order asked: the most specific first, the
// syslog envelope after all that may stand in it, and last what takes nearly
// anything.
func formats() []Format {
	inner := innerFormats()
	return slices.Concat(inner, []Format{
		newSyslog(inner),
		// Formats that are never the message of a syslog line begin here.
		newOwnFormat(),
		// Formats that are never the message of a syslog line end here.
	})
}

// innerFormats lists the formats whose records may also stand inside a syslog
// line, most specific first.
func innerFormats() []Format {
	return []Format{
		newAuditd(),
		newNginx(),
		newApache(),
		// Database, JSON, VPN and service formats begin here.
		newPostgres(),
		newMariaDB(),
		newMySQL(),
		newJSONLines(),
		// Database, JSON, VPN and service formats end here.
	}
}
