// Package cloud reads the logs of cloud platforms, endpoint protection and file transfer.
package cloud

import "github.com/konseki/konseki/internal/normalise/format"

// Formats lists the formats of this room, most specific first.
func Formats() []format.Format {
	return []format.Format{
		NewCloudTrail(), NewKubernetes(), NewGCP(), NewAzure(), NewCrowdStrike(), NewDefender(), NewSFTPGo(), NewVPCFlow(), NewSetupAPI(),
		NewVsftpd(), NewXferlog(), NewProFTPD(), NewPureFTPd(), NewSamba(),
	}
}
