package service

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// slack reads entries of Slack's Audit Logs API, one or a page of them, and
// the messages of an exported workspace. Sources: api.slack.com, "Audit Logs
// API" and "Message events".
type slack struct{ flat *jsonx.Flattener }

// NewSlack returns the format "slack".
func NewSlack() format.Format { return &slack{jsonx.NewFlattener(jsonx.DefaultLimits())} }

func (s *slack) Name() string { return "slack" }

func (s *slack) Matches(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '{' {
		return false
	}
	return isSlackAudit(raw) || isSlackMessage(raw)
}

func isSlackAudit(raw []byte) bool {
	return bytes.Contains(raw, []byte(`"date_create"`)) && bytes.Contains(raw, []byte(`"action"`)) && bytes.Contains(raw, []byte(`"actor"`))
}

// isSlackMessage asks for the marks of a message object; white space differs
// between exporters.
func isSlackMessage(raw []byte) bool {
	return bytes.Contains(raw, []byte(`"message"`)) && bytes.Contains(raw, []byte(`"type"`)) && bytes.Contains(raw, []byte(`"ts"`)) &&
		bytes.Contains(raw, []byte(`"text"`))
}

func (s *slack) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	if !ok || !s.Matches(first) {
		return event.Shape{}, false
	}
	return event.Shape{Format: s.Name(), Framing: framing}, true
}

func (s *slack) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !s.Matches(in.Raw) {
		return dst, false
	}
	start := len(dst)
	for _, raw := range pageOf(in.Raw, "entries") {
		members, err := s.flat.Flatten(raw)
		if err != nil {
			return dst[:start], false
		}
		dst = append(dst, in.New(s.Name(), event.ClassBase))
		ev := &dst[len(dst)-1]
		ev.Fields = make([]event.Field, 0, len(members))
		for _, m := range members {
			ev.Add(m.Name, m.Value)
		}
		if !slackAudit(in, ev) && !slackMessage(in, ev) {
			return dst[:start], false
		}
	}
	return dst, len(dst) > start
}

// slackAudit fills the columns from an audit entry.
func slackAudit(in *format.Input, ev *event.Event) bool {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	action := get("action")
	c, ok := format.ParseEpoch(get("date_create"))
	if action == "" || !ok {
		return false
	}
	c.Set(in, ev)
	ev.EventCode = action
	ev.ActorUser = cmp.Or(get("actor.user.email"), get("actor.user.name"), get("actor.user.id"))
	ev.SrcIP, ev.ClientApp = format.Address(get("context.ip_address")), get("context.ua")
	ev.SessionUID = get("context.session_id")
	ev.Object = cmp.Or(get("entity.file.title"), get("entity.file.name"), get("entity.channel.name"), get("entity.workspace.name"), get("entity.app.name"))
	if get("entity.type") == "user" {
		ev.TargetUser = cmp.Or(get("entity.user.email"), get("entity.user.name"))
	}
	k := slackKind(action)
	ev.ClassUID, ev.ActivityID, ev.StatusID = k.class, k.activity, k.status
	if k.class == event.ClassAuthentication {
		ev.TargetUser = ""
	}
	ev.Message = format.Message(strings.Join(slicesOf(ev.ActorUser, action, ev.Object, ev.TargetUser), " "))
	return true
}

// slackMessage fills the columns from a chat message.
func slackMessage(in *format.Input, ev *event.Event) bool {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	c, ok := format.ParseEpoch(get("ts"))
	if get("type") != "message" || !ok {
		return false
	}
	c.Set(in, ev)
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassWebResources, event.ActivityWebCreate, event.StatusSuccess
	switch get("subtype") {
	case "message_changed":
		ev.ActivityID = event.ActivityWebUpdate
	case "message_deleted":
		ev.ActivityID = event.ActivityWebDelete
	}
	ev.EventCode = cmp.Or(get("subtype"), "message")
	ev.ActorUser = cmp.Or(get("user"), get("username"), get("user_profile.name"), get("message.user"), get("bot_id"))
	ev.Object = cmp.Or(get("channel"), get("channel_name"), in.Via.Get("path"))
	ev.Statement = cmp.Or(get("text"), get("message.text"), get("previous_message.text"))
	ev.Message = format.Message(ev.Statement)
	return true
}

// slackKind classes an action of the audit log.
func slackKind(action string) kind {
	const ok = event.StatusSuccess
	switch action {
	case "user_login", "user_session_started":
		return kind{event.ClassAuthentication, event.ActivityLogon, ok}
	case "user_login_failed":
		return kind{event.ClassAuthentication, event.ActivityLogon, event.StatusFailure}
	case "user_logout", "user_session_invalidated", "user_sessions_reset", "user_logout_compromised":
		return kind{event.ClassAuthentication, event.ActivityLogoff, ok}
	case "file_downloaded", "file_downloaded_blocked":
		return kind{event.ClassFileHosting, event.ActivityHostingDownload, slackOutcome(action)}
	case "file_uploaded", "file_created":
		return kind{event.ClassFileHosting, event.ActivityHostingUpload, ok}
	case "file_shared", "file_public_link_created", "file_link_shared":
		return kind{event.ClassFileHosting, event.ActivityHostingShare, ok}
	case "file_public_link_revoked", "file_unshared":
		return kind{event.ClassFileHosting, event.ActivityHostingUnshare, ok}
	case "file_deleted":
		return kind{event.ClassFileHosting, event.ActivityHostingDelete, ok}
	case "user_created":
		return kind{event.ClassAccountChange, format.ActivityAccountCreate, ok}
	case "user_reactivated":
		return kind{event.ClassAccountChange, format.ActivityAccountEnable, ok}
	case "user_password_reset":
		return kind{event.ClassAccountChange, format.ActivityPasswordReset, ok}
	case "user_deactivated":
		return kind{event.ClassAccountChange, format.ActivityAccountDisable, ok}
	case "anomaly":
		return kind{event.ClassFinding, 1, 0}
	}
	switch {
	case strings.HasPrefix(action, "user_channel_"), strings.HasPrefix(action, "role_change"), strings.HasPrefix(action, "group_"):
		return kind{event.ClassGroup, event.ActivityOther, ok}
	case strings.HasPrefix(action, "user_"):
		return kind{event.ClassAccountChange, event.ActivityOther, ok}
	case strings.HasPrefix(action, "file_"):
		return kind{event.ClassFileHosting, event.ActivityOther, ok}
	case strings.HasSuffix(action, "_export_started"), strings.Contains(action, "export"):
		return kind{event.ClassWebResources, event.ActivityWebExport, ok}
	case strings.Contains(action, "channel"):
		return kind{event.ClassWebResources, event.ActivityOther, ok}
	}
	return kind{event.ClassAPI, event.ActivityOther, ok}
}

func slackOutcome(action string) int32 {
	if strings.HasSuffix(action, "_blocked") {
		return event.StatusFailure
	}
	return event.StatusSuccess
}
