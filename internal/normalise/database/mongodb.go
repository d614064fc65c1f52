package database

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// mongodb reads MongoDB's log since 4.4, JSON, and the audit log of its
// Enterprise and Percona editions (MongoDB manual, "Log Messages" and "System
// Event Audit Messages").
type mongodb struct{ flat *jsonx.Flattener }

// NewMongoDB returns the format "mongodb".
func NewMongoDB() format.Format { return mongodb{jsonx.NewFlattener(jsonx.DefaultLimits())} }

func (mongodb) Name() string { return "mongodb" }

func (mongodb) Matches(raw []byte) bool {
	if len(raw) < 16 || raw[0] != '{' {
		return false
	}
	head := raw[:min(len(raw), 128)]
	return bytes.Contains(head, []byte(`"$date"`)) && (bytes.Contains(head, []byte(`"t"`)) && bytes.Contains(head, []byte(`"s"`)) || bytes.Contains(head, []byte(`"atype"`)))
}

// Shape takes files whose first record is one of MongoDB.
func (f mongodb) Shape(head []byte) (event.Shape, bool) {
	first, framing, ok := format.FirstJSON(head)
	return event.Shape{Format: f.Name(), Framing: framing}, ok && f.Matches(first)
}

func (f mongodb) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	members, err := f.flat.Flatten(in.Raw)
	if err != nil {
		return dst, false
	}
	ev := in.New(f.Name(), event.ClassBase)
	ev.Fields = make([]event.Field, 0, len(members))
	for i := range members {
		m := &members[i]
		if isMongoSecret(m.Name) {
			continue
		}
		ev.Add(m.Name, m.Value)
	}
	get := func(name string) string { v, _ := ev.Get(name); return v }
	if at, ok := format.ParseTime(cmp.Or(get("t.$date"), get("ts.$date"))); ok {
		at.Set(in, &ev)
	}
	if atype := get("atype"); atype != "" {
		mongoAudit(&ev, atype, get)
	} else {
		mongoLog(&ev, get)
	}
	return append(dst, ev), true
}

// isMongoSecret keeps what people type as a password out of the fields.
func isMongoSecret(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".pwd") || strings.HasSuffix(name, ".password") || strings.HasSuffix(name, ".payload")
}

// mongoLog classes a line of the log by its number and component.
func mongoLog(ev *event.Event, get func(string) string) {
	id := get("id")
	ev.EventCode, ev.SessionUID, ev.Message = id, get("ctx"), format.Message(get("msg"))
	ev.SeverityID = mongoSeverity(get("s"))
	ev.SrcIP, ev.SrcPort = format.AddressPort(cmp.Or(get("attr.remote"), get("attr.client")))
	switch id {
	case "20249", "5286307":
		format.Logon(ev, cmp.Or(get("attr.principalName"), get("attr.user")), event.StatusFailure)
		ev.Object = cmp.Or(get("attr.authenticationDatabase"), get("attr.db"))
	case "20250", "5286306":
		format.Logon(ev, cmp.Or(get("attr.principalName"), get("attr.user")), event.StatusSuccess)
		ev.Object = cmp.Or(get("attr.authenticationDatabase"), get("attr.db"))
	case "22943":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkOpen
	case "22944":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkClose
	case "51800":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkTraffic
		ev.ClientApp = cmp.Or(get("attr.doc.application.name"), get("attr.doc.driver.name"))
	default:
		mongoOther(ev, get)
	}
}

// mongoOther classes what has no number of its own: commands, and the rest by
// severity and component.
func mongoOther(ev *event.Event, get func(string) string) {
	ns := get("attr.ns")
	command := mongoCommand(ev)
	switch {
	case ns != "" || command != "":
		ev.ClassUID, ev.Object, ev.EventCode = event.ClassDatastore, ns, cmp.Or(command, ev.EventCode)
		ev.ActivityID, ev.Statement = mongoActivity(command), strings.TrimSpace(command+" "+ns)
		ev.ClientApp = get("attr.appName")
	case ev.SeverityID >= event.SeverityMedium:
		ev.ClassUID, ev.StatusID = event.ClassApplicationError, event.StatusFailure
	case get("c") == "CONTROL" || get("c") == "STORAGE":
		ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityOther
	}
}

// mongoCommand gives the first member of the command that was logged.
func mongoCommand(ev *event.Event) string {
	for i := range ev.Fields {
		if name, ok := strings.CutPrefix(ev.Fields[i].Name, "attr.command."); ok {
			name, _, _ = strings.Cut(name, ".")
			return name
		}
	}
	return ""
}

func mongoActivity(command string) int32 {
	switch strings.ToLower(command) {
	case "find", "aggregate", "count", "distinct", "getmore", "listcollections", "listdatabases":
		return event.ActivityDatastoreRead
	case "insert":
		return event.ActivityDatastoreWrite
	case "update", "findandmodify", "collmod", "renamecollection":
		return event.ActivityDatastoreUpdate
	case "create", "createindexes", "createcollection", "createdatabase", "createindex":
		return event.ActivityDatastoreCreate
	case "delete", "drop", "dropdatabase", "dropindexes", "dropcollection", "dropindex":
		return event.ActivityDatastoreDelete
	}
	return event.ActivityDatastoreQuery
}

func mongoSeverity(s string) int32 {
	switch s {
	case "F":
		return event.SeverityCritical
	case "E":
		return event.SeverityMedium
	case "W":
		return event.SeverityLow
	case "":
		return event.SeverityUnknown
	}
	return event.SeverityInformational
}

// mongoAudit reads {"atype":…,"remote":{"ip":…,"port":…},"users":[{"user":…}],
// "param":{…},"result":0}.
func mongoAudit(ev *event.Event, atype string, get func(string) string) {
	ev.EventCode, ev.SessionUID = atype, get("uuid.$binary")
	ev.SrcIP, ev.SrcPort = format.Address(get("remote.ip")), format.Port(get("remote.port"))
	ev.ActorUser = cmp.Or(get("users.user"), get("param.user"))
	switch get("result") {
	case "":
	case "0":
		ev.StatusID = event.StatusSuccess
	default:
		ev.StatusID = event.StatusFailure
	}
	switch atype {
	case "authenticate":
		format.Logon(ev, cmp.Or(get("param.user"), ev.ActorUser), ev.StatusID)
	case "logout":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
	case "createUser":
		mongoAccount(ev, get, format.ActivityAccountCreate)
	case "dropUser":
		mongoAccount(ev, get, format.ActivityAccountDelete)
	case "updateUser", "grantRolesToUser", "revokeRolesFromUser":
		mongoAccount(ev, get, event.ActivityOther)
	default:
		ev.ClassUID = event.ClassDatastore
		ev.Object = cmp.Or(get("param.ns"), get("param.db"))
		ev.ActivityID = mongoActivity(cmp.Or(get("param.command"), atype))
		ev.Statement = strings.TrimSpace(cmp.Or(get("param.command"), atype) + " " + ev.Object)
	}
	ev.Message = format.Message(strings.Join(strings.Fields(atype+" "+ev.ActorUser+" "+ev.TargetUser+" "+ev.Object), " "))
}

func mongoAccount(ev *event.Event, get func(string) string, activity int32) {
	ev.ClassUID, ev.ActivityID, ev.TargetUser, ev.Object = event.ClassAccountChange, activity, get("param.user"), get("param.db")
	ev.ActorUser = get("users.user")
}
