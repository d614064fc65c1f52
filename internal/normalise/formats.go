package normalise

import (
	"slices"

	"github.com/konseki/konseki/internal/normalise/cloud"
	"github.com/konseki/konseki/internal/normalise/database"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/identity"
	"github.com/konseki/konseki/internal/normalise/network"
	"github.com/konseki/konseki/internal/normalise/service"
	"github.com/konseki/konseki/internal/normalise/system"
	"github.com/konseki/konseki/internal/normalise/vpn"
	"github.com/konseki/konseki/internal/normalise/web"
	"github.com/konseki/konseki/internal/normalise/windows"
)

// formats lists every format in the order asked: what is no text, then the
// syslog envelope, because what stands in it is asked from there, then the most
// specific first, and last what takes nearly anything.
func formats() []format.Format {
	inner := innerFormats()
	return slices.Concat([]format.Format{windows.NewEventLog(), system.NewSyslog(inner), newContainer(inner)}, inner, []format.Format{
		newOwnFormat(),
		service.NewCSV(),
	})
}

// innerFormats lists the formats whose records may also stand inside a syslog
// line, most specific first.
func innerFormats() []format.Format {
	return slices.Concat([]format.Format{
		system.NewAuditd(),
		system.NewLaurel(),
	}, web.Formats(), []format.Format{
		service.NewWorkspace(),
		service.NewSlack(),
		vpn.NewFortiGate(),
	}, network.Formats(), identity.Formats(), cloud.Formats(), []format.Format{
		database.NewPostgres(),
		database.NewMariaDB(),
		database.NewMySQL(),
		vpn.NewOpenVPN(),
		web.NewJava(),
		service.NewJSONLines(),
	})
}
