package service

import (
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// NewGitLab returns the format "gitlab": production_json.log of GitLab, a
// request a line; requests of the login page are logons. Source:
// docs.gitlab.com, "Log system".
func NewGitLab() format.Format {
	return object.New(object.Reader{
		Name: "gitlab", Marks: []string{`"controller"`, `"action"`, `"correlation_id"`, `"method"`, `"time"`}, Read: readGitLab,
	})
}

func readGitLab(in *format.Input, raw []byte, ev *event.Event) bool {
	if !object.SetTime(in, ev, "time") {
		return false
	}
	method := ev.First("method")
	ev.ClassUID, ev.ActivityID = event.ClassHTTP, format.HTTPActivity(method)
	ev.ActorUser = ev.First("username", "meta.user")
	ev.SrcIP = format.Address(ev.First("remote_ip", "meta.remote_ip"))
	ev.Object, ev.Statement, _ = strings.Cut(ev.First("path"), "?")
	ev.ClientApp, ev.SessionUID = ev.First("ua"), ev.First("correlation_id")
	ev.EventCode = ev.First("controller") + "#" + ev.First("action")
	status := ev.First("status")
	if len(status) == 3 {
		ev.StatusID = event.StatusSuccess
		if status[0] >= '4' {
			ev.StatusID = event.StatusFailure
		}
	}
	gitlabLogon(raw, ev, method, status)
	ev.Message = object.Sentence(method, ev.First("path"), status, ev.ActorUser)
	return true
}

// gitlabLogon tells the logons. The login page answers a refusal with the page
// again (200) or lets the next step answer (0); it redirects who is let in.
func gitlabLogon(raw []byte, ev *event.Event, method, status string) {
	switch ev.EventCode {
	case "SessionsController#destroy":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAuthentication, event.ActivityLogoff, event.StatusSuccess
	case "SessionsController#create", "OmniauthCallbacksController#failure", "Ldap::OmniauthCallbacksController#failure":
		if method != "POST" {
			return
		}
		user := gitlabLogin(raw)
		if user == "" {
			user = ev.ActorUser
		}
		format.Logon(ev, user, event.StatusFailure)
		if status == "302" && strings.HasSuffix(ev.EventCode, "#create") {
			ev.StatusID = event.StatusSuccess
		}
	}
}

// gitlabLogin finds the account among the parameters of the request, which
// are objects of "key" and "value".
func gitlabLogin(raw []byte) string {
	var request struct {
		Params []struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
		} `json:"params"`
	}
	if !object.Into(raw, &request) {
		return ""
	}
	for _, p := range request.Params {
		switch value := p.Value.(type) {
		case string:
			if p.Key == "username" || p.Key == "login" {
				return value
			}
		case map[string]any:
			if login, ok := value["login"].(string); ok && p.Key == "user" {
				return login
			}
		}
	}
	return ""
}
