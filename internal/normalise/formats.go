package normalise

import (
	"slices"

	"github.com/konseki/konseki/internal/normalise/advisory"
	"github.com/konseki/konseki/internal/normalise/cloud"
	"github.com/konseki/konseki/internal/normalise/database"
	"github.com/konseki/konseki/internal/normalise/envelope"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/identity"
	"github.com/konseki/konseki/internal/normalise/network"
	"github.com/konseki/konseki/internal/normalise/service"
	"github.com/konseki/konseki/internal/normalise/system"
	"github.com/konseki/konseki/internal/normalise/vpn"
	"github.com/konseki/konseki/internal/normalise/web"
	"github.com/konseki/konseki/internal/normalise/windows"
)

// formats lists every format in the order asked: what is no text, then shippers'
// envelopes, what brings a header of its own and the syslog envelope, because what
// stands in an envelope is asked from there, then the most specific first, and
// last what takes nearly anything.
func formats() []format.Format {
	inner, headed := innerFormats(), network.Headed()
	rest := slices.DeleteFunc(slices.Clone(inner), func(f format.Format) bool {
		return slices.ContainsFunc(headed, func(h format.Format) bool { return h.Name() == f.Name() })
	})
	shipped := slices.Concat(headed, []format.Format{system.NewSyslog(inner), newContainer(inner)}, rest)
	return slices.Concat([]format.Format{windows.NewEventLog(), system.NewJournal(inner)}, envelope.Formats(shipped), shipped, []format.Format{
		newOwnFormat(),
		service.NewCSV(),
	})
}

// Names lists the names of all formats, in the order asked.
func Names() []string {
	all := formats()
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name()
	}
	return names
}

// innerFormats lists the formats whose records may also stand inside a syslog
// line, most specific first.
func innerFormats() []format.Format {
	return slices.Concat([]format.Format{
		system.NewAuditd(),
		system.NewLaurel(),
	}, web.Formats(), vpn.Formats(), network.Formats(), identity.Formats(), service.Formats(), cloud.Formats(), database.Formats(), advisory.Formats(), []format.Format{
		vpn.NewOpenVPN(),
		web.NewJava(),
		service.NewJSONLines(),
	})
}
