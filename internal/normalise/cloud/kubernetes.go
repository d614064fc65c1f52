package cloud

import (
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewKubernetes returns the format "kubernetes": the audit log of the API
// server, one event of audit.k8s.io a record or a list of them. Source:
// kubernetes.io, "Auditing", and the reference of audit.k8s.io/v1.
func NewKubernetes() format.Format {
	return object.New(object.Reader{
		Name: "kubernetes", Marks: []string{`"auditID"`, `"verb"`}, Pages: []string{"items"}, Read: readKubernetes,
	})
}

func readKubernetes(in *format.Input, _ []byte, ev *event.Event) bool {
	verb := ev.First("verb")
	if verb == "" || ev.First("auditID") == "" {
		return false
	}
	object.SetTime(in, ev, "requestReceivedTimestamp", "stageTimestamp")
	ev.ClassUID, ev.EventCode = event.ClassAPI, verb
	ev.ActivityID = verbActivity(verb)
	ev.ActorUser = ev.First("user.username")
	ev.TargetUser = ev.First("impersonatedUser.username")
	ev.SrcIP = format.Address(ev.First("sourceIPs"))
	ev.ClientApp = ev.First("userAgent")
	ev.SessionUID = ev.First("auditID")
	ev.Statement = ev.First("requestURI")
	ev.Object = kubernetesObject(ev)
	if code, err := strconv.Atoi(ev.First("responseStatus.code")); err == nil {
		ev.StatusID = event.StatusSuccess
		if code >= 400 {
			ev.StatusID = event.StatusFailure
		}
	}
	ev.Message = object.Sentence(verb, ev.Object, ev.First("responseStatus.reason"), ev.First("responseStatus.message"))
	return true
}

// kubernetesObject names what the request is about as kubectl does, with its
// namespace before: "kube-system/pods/web-1/exec".
func kubernetesObject(ev *event.Event) string {
	var parts []string
	for _, name := range [...]string{"namespace", "resource", "name", "subresource"} {
		if v := ev.First("objectRef." + name); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "/")
}
