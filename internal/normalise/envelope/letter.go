package envelope

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
)

// role is what a member of an envelope is to what it carries.
type role uint8

const (
	theHost role = iota
	theProgram
	theService
	thePID
	roles
)

// sense is the role of a name and how good a name for it that is (0 best).
type sense struct {
	role
	rank int
}

// senses gives the roles of names: those of OpenTelemetry's semantic conventions,
// of ECS, of systemd's journal and of the metadata that Kubernetes' shippers add.
func senses() map[string]sense {
	out := make(map[string]sense)
	for i, names := range [roles]string{
		theHost:    "host.name _HOSTNAME host.hostname hostname host k8s.node.name kubernetes.host kubernetes.node.name agent.hostname agent.name",
		theProgram: "SYSLOG_IDENTIFIER syslog.identifier log.syslog.appname appname ident",
		theService: "process.executable.name process.name process.executable.path service.name",
		thePID:     "_PID SYSLOG_PID process.pid log.syslog.procid proc_id pid",
	} {
		for rank, name := range strings.Fields(names) {
			out[name] = sense{role(i), rank}
		}
	}
	return out
}

// letter reads what the members of an envelope tell of what it carries. All are
// kept as fields.
func (o opener) letter(members []jsonx.Member) letter {
	var found [roles]string
	var rank [roles]int
	l := letter{fields: make([]event.Field, 0, len(members))}
	for i := range members {
		m := &members[i]
		l.fields = append(l.fields, event.Field{Name: m.Name, Value: m.Value})
		s, ok := o.senses[m.Name]
		if ok && m.Value != "" && (found[s.role] == "" || s.rank < rank[s.role]) {
			found[s.role], rank[s.role] = m.Value, s.rank
		}
	}
	l.host, l.program, l.service, l.pid = found[theHost], found[theProgram], found[theService], found[thePID]
	return l
}
