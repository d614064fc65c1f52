package normalise

import "slices"

// formats lists every format in the order asked: the syslog envelope first,
// because what stands in it is asked from there, then the most specific first,
// and last what takes nearly anything.
func formats() []Format {
	inner := innerFormats()
	return slices.Concat([]Format{newSyslog(inner)}, inner, []Format{
		// Formats that are never the message of a syslog line begin here.
		newOwnFormat(),
		newCSV(),
		// Formats that are never the message of a syslog line end here.
	})
}

// innerFormats lists the formats whose records may also stand inside a syslog
// line, most specific first.
func innerFormats() []Format {
	return []Format{
		newAuditd(),
		newLaurel(),
		newNginx(),
		newApache(),
		newHAProxy(),
		// Database, JSON, VPN and service formats begin here.
		newWorkspace(),
		newSlack(),
		newFortiGate(),
		newPostgres(),
		newMariaDB(),
		newMySQL(),
		newOpenVPN(),
		newJSONLines(),
		// Database, JSON, VPN and service formats end here.
	}
}
