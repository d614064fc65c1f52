package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewZoom returns the format "zoom": sign-ins and sign-outs, and what
// administrators did, one record or a page of them. Source: developers.zoom.us,
// reports "sign In / sign out activities" and "operation logs".
func NewZoom() format.Format {
	return object.New(object.Reader{
		Name: "zoom", Marks: []string{`"Sign in"|"Sign out"|"operation_detail"`, `"time"`, `"client_type"|"category_type"`},
		Pages: []string{"activity_logs", "operation_logs"}, Read: readZoom,
	})
}

func readZoom(in *format.Input, _ []byte, ev *event.Event) bool {
	if !object.SetTime(in, ev, "time") {
		return false
	}
	if detail := ev.First("operation_detail"); detail != "" {
		zoomOperation(ev, detail)
		return true
	}
	ev.EventCode = ev.First("type")
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogon, event.StatusSuccess
	switch ev.EventCode {
	case "Sign in":
	case "Sign out":
		ev.ActivityID = event.ActivityLogoff
	default:
		return false
	}
	ev.ActorUser = ev.First("email")
	ev.SrcIP = format.Address(ev.First("ip_address"))
	ev.ClientApp = object.Sentence(ev.First("client_type"), ev.First("version"))
	ev.Message = object.Sentence(ev.ActorUser, ev.EventCode, ev.ClientApp)
	return true
}

// zoomOperation classes what an administrator did by the category it stands in.
func zoomOperation(ev *event.Event, detail string) {
	action, category := ev.First("action"), ev.First("category_type")
	ev.EventCode, ev.ActorUser = action, ev.First("operator")
	ev.Statement, ev.Message = detail, format.Message(detail)
	ev.StatusID = event.StatusSuccess
	switch {
	case strings.HasPrefix(category, "User"):
		ev.ClassUID, ev.ActivityID = event.ClassAccountChange, event.ActivityOther
		switch action {
		case "Add":
			ev.ActivityID = format.ActivityAccountCreate
		case "Delete":
			ev.ActivityID = format.ActivityAccountDelete
		case "Deactivate":
			ev.ActivityID = format.ActivityAccountDisable
		case "Activate":
			ev.ActivityID = format.ActivityAccountEnable
		}
		ev.TargetUser = mailAddress(detail)
	case strings.Contains(category, "Group"):
		ev.ClassUID, ev.ActivityID = event.ClassGroup, event.ActivityOther
	default:
		ev.ClassUID, ev.ActivityID = event.ClassAPI, event.ActivityOther
	}
}

// mailAddress finds the first word of a text that is a mail address.
func mailAddress(text string) string {
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, `,;:()<>[]"'.`)
		if i := strings.IndexByte(word, '@'); i > 0 && strings.IndexByte(word[i:], '.') > 1 {
			return word
		}
	}
	return ""
}
