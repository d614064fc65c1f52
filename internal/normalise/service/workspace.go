package service

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
	"github.com/konseki/konseki/internal/normalise/object"
)

// workspace reads activities of Google Workspace's Reports API (Admin SDK,
// "Activities: list"): an activity, or a page of them. Each of an activity's
// events becomes an Event.
type workspace struct{ flat *jsonx.Flattener }

// NewWorkspace returns the format "workspace".
func NewWorkspace() format.Format { return &workspace{jsonx.NewFlattener(jsonx.DefaultLimits())} }

func (w *workspace) Name() string { return "workspace" }

func (w *workspace) Matches(raw []byte) bool {
	return len(raw) > 0 && raw[0] == '{' && bytes.Contains(raw, []byte(`"admin#reports#activit`))
}

// Shape cuts pages and arrays into activities. An activity has an array
// "events" of its own, which is not the array of records.
func (w *workspace) Shape(head []byte) (event.Shape, bool) {
	head = bytes.TrimSpace(head)
	page := bytes.Contains(head, []byte(`"admin#reports#activities"`))
	if len(head) == 0 || !page && !bytes.Contains(head, []byte(`"admin#reports#activity"`)) {
		return event.Shape{}, false
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	shape := event.Shape{Format: w.Name(), Framing: event.FrameJSON}
	switch {
	case head[0] == '[' || page && head[0] == '{':
		shape.Framing = event.FrameJSONArray
	case head[0] != '{':
		return event.Shape{}, false
	case format.IsWholeJSON(bytes.TrimSpace(line)):
		shape.Framing = event.FrameLines
	}
	return shape, true
}

// workspaceActivity is one activity; Events is an object or an array of them.
type workspaceActivity struct {
	Kind string `json:"kind"`
	ID   struct {
		Time        string `json:"time"`
		Application string `json:"applicationName"`
	} `json:"id"`
	Actor struct {
		Email string `json:"email"`
		Key   string `json:"key"`
	} `json:"actor"`
	IP     string         `json:"ipAddress"`
	Events jsontext.Value `json:"events"`
}

type workspaceEvent struct {
	Type       string               `json:"type"`
	Name       string               `json:"name"`
	Parameters []workspaceParameter `json:"parameters"`
}

type workspaceParameter struct {
	Name string         `json:"name"`
	Rest jsontext.Value `json:",embed"`
}

func (w *workspace) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !w.Matches(in.Raw) {
		return dst, false
	}
	start := len(dst)
	for _, raw := range pageOf(in.Raw, "items") {
		var ok bool
		if dst, ok = w.activity(in, dst, raw); !ok {
			return dst[:start], false
		}
	}
	return dst, len(dst) > start
}

func (w *workspace) activity(in *format.Input, dst []event.Event, raw []byte) ([]event.Event, bool) {
	var a workspaceActivity
	if err := jsonx.Unmarshal(raw, &a, jsonx.DefaultLimits()); err != nil || a.Kind != "admin#reports#activity" {
		return dst, false
	}
	shared, err := w.sharedFields(raw)
	if err != nil {
		return dst, false
	}
	events, ok := oneOrMany[workspaceEvent](a.Events)
	if !ok {
		return dst, false
	}
	for i := range events {
		dst = append(dst, in.New(w.Name(), event.ClassBase))
		ev := &dst[len(dst)-1]
		ev.Fields = append(make([]event.Field, 0, len(shared)+len(events[i].Parameters)+4), shared...)
		a.fill(in, ev)
		w.fillEvent(ev, &events[i])
		classifyWorkspace(ev, a.ID.Application, events[i].Type)
	}
	return dst, true
}

// sharedFields gives what all events of an activity have in common.
func (w *workspace) sharedFields(raw []byte) ([]event.Field, error) {
	members, err := w.flat.Flatten(raw)
	if err != nil {
		return nil, err
	}
	var fields []event.Field
	for _, m := range members {
		if m.Value != "" && !strings.HasPrefix(m.Name, "events.") {
			fields = append(fields, event.Field{Name: m.Name, Value: m.Value})
		}
	}
	return fields, nil
}

func (a *workspaceActivity) fill(in *format.Input, ev *event.Event) {
	if st, ok := format.ParseTime(a.ID.Time); ok {
		st.Set(in, ev)
	}
	ev.ActorUser = cmp.Or(a.Actor.Email, a.Actor.Key)
	ev.SrcIP = format.Address(a.IP)
}

// fillEvent keeps each parameter under its own name, whatever its type.
func (w *workspace) fillEvent(ev *event.Event, e *workspaceEvent) {
	ev.EventCode = e.Name
	ev.Add("events.type", e.Type)
	ev.Add("events.name", e.Name)
	for _, p := range e.Parameters {
		members, err := w.flat.Flatten(p.Rest)
		if err != nil {
			continue // checked before: the whole activity was flattened
		}
		for _, m := range members {
			// value, intValue, boolValue, multiValue …; what is inside a message
			// value keeps its path.
			_, inner, nested := strings.Cut(m.Name, ".")
			name := p.Name
			if nested {
				name += "." + inner
			}
			ev.Add(name, m.Value)
		}
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	ev.Object = cmp.Or(get("doc_title"), get("doc_id"), get("app_name"), get("GROUP_EMAIL"), get("APPLICATION_NAME"), get("SETTING_NAME"))
	ev.TargetUser = cmp.Or(get("target_user"), get("affected_email_address"), get("USER_EMAIL"))
	ev.ClientApp = cmp.Or(get("user_agent"), get("app_name"))
	ev.Message = format.Message(strings.Join(slicesOf(ev.ActorUser, e.Name, ev.Object, ev.TargetUser), " "))
}

// slicesOf returns the texts that are not empty.
func slicesOf(texts ...string) []string {
	out := texts[:0]
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// pageOf gives the records of a page as an API answers it, those in its array
// key, or raw itself when it is no page.
func pageOf(raw []byte, key string) []jsontext.Value {
	var page map[string]jsontext.Value
	if !bytes.Contains(raw, []byte(`"`+key+`"`)) || jsonx.Unmarshal(raw, &page, jsonx.DefaultLimits()) != nil {
		return []jsontext.Value{raw}
	}
	records, ok := oneOrMany[jsontext.Value](page[key])
	if !ok || page[key].Kind() != '[' {
		return []jsontext.Value{raw}
	}
	return records
}

// oneOrMany decodes an array, or a single value in place of one.
func oneOrMany[T any](raw jsontext.Value) ([]T, bool) {
	switch raw.Kind() {
	case '[':
		var many []T
		err := jsonx.Unmarshal(raw, &many, jsonx.DefaultLimits())
		return many, err == nil
	case '{':
		one := make([]T, 1)
		err := jsonx.Unmarshal(raw, &one[0], jsonx.DefaultLimits())
		return one, err == nil
	}
	return nil, false
}

// classifyWorkspace sets class, activity and outcome by application and event.
func classifyWorkspace(ev *event.Event, application, kind string) {
	switch application {
	case "login", "saml":
		workspaceLogin(ev, kind)
	case "drive":
		ev.ClassUID, ev.ActivityID = event.ClassFileHosting, driveActivity(ev.EventCode)
		ev.StatusID = event.StatusSuccess
	case "admin":
		workspaceAdmin(ev)
	case "user_accounts":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAccountChange, workspaceOwnAccount(ev.EventCode), event.StatusSuccess
		ev.TargetUser = cmp.Or(ev.TargetUser, ev.ActorUser)
	case "groups", "groups_enterprise":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassGroup, workspaceGroup(ev.EventCode), event.StatusSuccess
		get := func(name string) string { v, _ := ev.Get(name); return v }
		ev.TargetUser = cmp.Or(ev.TargetUser, get("user_email"), get("member_id"))
		ev.Object = cmp.Or(ev.Object, get("group_email"), get("group_id"))
	case "token":
		ev.ClassUID, ev.ActivityID = event.ClassAPI, event.ActivityOther
		switch ev.EventCode {
		case "authorize":
			ev.ActivityID, ev.StatusID = event.ActivityAPICreate, event.StatusSuccess
		case "revoke":
			ev.ActivityID, ev.StatusID = event.ActivityAPIDelete, event.StatusSuccess
		}
	case "rules", "alerts":
		ev.ClassUID, ev.ActivityID = event.ClassFinding, 1
	case "calendar", "chat", "meet", "gmail", "keep":
		ev.ClassUID, ev.ActivityID = event.ClassWebResources, event.ActivityOther
	}
}

func workspaceLogin(ev *event.Event, kind string) {
	ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
	switch ev.EventCode {
	case "login_success", "login_verification":
		ev.StatusID = event.StatusSuccess
	case "login_failure":
		ev.StatusID = event.StatusFailure
	case "logout":
		ev.ActivityID, ev.StatusID = event.ActivityLogoff, event.StatusSuccess
	default:
		ev.ActivityID = event.ActivityOther
	}
	switch {
	case strings.HasPrefix(ev.EventCode, "account_disabled"):
		ev.ClassUID, ev.ActivityID, ev.SeverityID = event.ClassAccountChange, format.ActivityAccountDisable, event.SeverityHigh
	case strings.HasPrefix(ev.EventCode, "suspicious_"), ev.EventCode == "gov_attack_warning":
		ev.SeverityID = event.SeverityHigh
	case strings.HasSuffix(kind, "_change"):
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAccountChange, workspaceOwnAccount(ev.EventCode), event.StatusSuccess
		ev.TargetUser = cmp.Or(ev.TargetUser, ev.ActorUser)
	}
}

// workspaceAdmin classes what an administrator did by what it was done to.
func workspaceAdmin(ev *event.Event) {
	ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassAPI, event.ActivityOther, event.StatusSuccess
	name := ev.EventCode
	switch activity := workspaceAccount(name); {
	case activity != 0:
		ev.ClassUID, ev.ActivityID = event.ClassAccountChange, activity
	case strings.Contains(name, "GROUP"):
		ev.ClassUID, ev.ActivityID = event.ClassGroup, workspaceGroup(strings.ToLower(name))
	case strings.Contains(name, "USER"), strings.Contains(name, "PASSWORD"), strings.Contains(name, "PRIVILEGE"), strings.HasSuffix(name, "ASSIGN_ROLE"),
		strings.Contains(name, "SIGNIN_COOKIES"), strings.Contains(name, "TOKEN"), strings.Contains(name, "RECOVERY"), strings.HasPrefix(name, "REVOKE_"):
		ev.ClassUID, ev.ActivityID = event.ClassAccountChange, event.ActivityOther
	case strings.HasPrefix(name, "CREATE_"), strings.HasPrefix(name, "ADD_"):
		ev.ActivityID = event.ActivityAPICreate
	case strings.HasPrefix(name, "CHANGE_"), strings.HasPrefix(name, "UPDATE_"), strings.HasPrefix(name, "TOGGLE_"), strings.HasPrefix(name, "ENFORCE_"):
		ev.ActivityID = event.ActivityAPIUpdate
	case strings.HasPrefix(name, "DELETE_"), strings.HasPrefix(name, "REMOVE_"):
		ev.ActivityID = event.ActivityAPIDelete
	}
}

// workspaceAccount gives the activity of an event about an account, 0 for any other.
func workspaceAccount(name string) int32 {
	switch name {
	case "CREATE_USER":
		return format.ActivityAccountCreate
	case "UNSUSPEND_USER", "UNDELETE_USER", "UNARCHIVE_USER":
		return format.ActivityAccountEnable
	case "CHANGE_PASSWORD", "CHANGE_PASSWORD_ON_NEXT_LOGIN":
		return format.ActivityPasswordReset
	case "SUSPEND_USER", "ARCHIVE_USER":
		return format.ActivityAccountDisable
	case "DELETE_USER":
		return format.ActivityAccountDelete
	case "UNBLOCK_USER_SESSION":
		return format.ActivityAccountUnlock
	case "TURN_OFF_2_STEP_VERIFICATION", "UNENROLL_USER_FROM_STRONG_AUTH", "UNENROLL_USER_FROM_TITANIUM":
		return object.ActivityFactorDisable
	}
	return 0
}

// workspaceOwnAccount gives the activity of what people do to their own account.
func workspaceOwnAccount(name string) int32 {
	switch name {
	case "password_edit":
		return format.ActivityPasswordChange
	case "2sv_enroll", "titanium_enroll", "passkey_enrolled":
		return object.ActivityFactorEnable
	case "2sv_disable", "titanium_unenroll", "passkey_removed":
		return object.ActivityFactorDisable
	}
	return event.ActivityOther
}

func workspaceGroup(name string) int32 {
	switch name {
	case "create_group":
		return event.ActivityGroupCreate
	case "delete_group":
		return event.ActivityGroupDelete
	case "add_user", "add_member", "add_group_member", "join", "accept_invitation":
		return event.ActivityGroupAddUser
	case "remove_user", "remove_member", "remove_group_member", "leave":
		return event.ActivityGroupRemoveUser
	}
	return event.ActivityOther
}

// driveActivity gives the activity of an event of Drive.
func driveActivity(name string) int32 {
	switch name {
	case "view", "preview":
		return event.ActivityHostingPreview
	case "download", "email_as_attachment", "source_copy":
		return event.ActivityHostingDownload
	case "upload", "create":
		return event.ActivityHostingUpload
	case "edit", "rename", "move", "add_to_folder", "remove_from_folder", "untrash":
		return event.ActivityHostingUpdate
	case "delete", "trash":
		return event.ActivityHostingDelete
	}
	if strings.HasPrefix(name, "change_") || strings.HasPrefix(name, "shared_drive_membership") || name == "publish_change" || name == "sheets_import_range_access_change" {
		return event.ActivityHostingShare
	}
	return event.ActivityOther
}
