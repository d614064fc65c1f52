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
	verb := object.First(ev, "verb")
	if verb == "" || object.First(ev, "auditID") == "" {
		return false
	}
	object.SetTime(in, ev, "requestReceivedTimestamp", "stageTimestamp")
	ev.ClassUID, ev.EventCode = event.ClassAPI, verb
	ev.ActivityID = verbActivity(verb)
	ev.ActorUser = object.First(ev, "user.username")
	ev.TargetUser = object.First(ev, "impersonatedUser.username")
	ev.SrcIP = format.Address(object.First(ev, "sourceIPs"))
	ev.ClientApp = object.First(ev, "userAgent")
	ev.SessionUID = object.First(ev, "auditID")
	ev.Statement = object.First(ev, "requestURI")
	ev.Object = kubernetesObject(ev)
	if code, err := strconv.Atoi(object.First(ev, "responseStatus.code")); err == nil {
		ev.StatusID = event.StatusSuccess
		if code >= 400 {
			ev.StatusID = event.StatusFailure
		}
	}
	ev.Message = object.Sentence(verb, ev.Object, object.First(ev, "responseStatus.reason"), object.First(ev, "responseStatus.message"))
	return true
}

// kubernetesObject names what the request is about as kubectl does, with its
// namespace before: "kube-system/pods/web-1/exec".
func kubernetesObject(ev *event.Event) string {
	var parts []string
	for _, name := range [...]string{"namespace", "resource", "name", "subresource"} {
		if v := object.First(ev, "objectRef."+name); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "/")
}
