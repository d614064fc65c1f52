package windows

import (
	"cmp"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// Classify sets class, activity, outcome and columns of an event from its
// native fields, which must stand under the names that Sigma's public rules
// use. Number, channel and provider are given because exports spell their
// names in many ways; one of the last two may be empty.
func Classify(ev *event.Event, id, channel, provider string) {
	v := valuesOf(ev)
	l := logOf(channel, provider)
	k := l.kind(id)
	ev.EventCode = id
	ev.ClassUID, ev.ActivityID, ev.StatusID = k.class, k.activity, k.status
	ev.NativeSeq = cmp.Or(v.recordID, ev.NativeSeq)
	if v.recordID != "" && channel != "" { // each channel of a computer counts its records
		ev.Chain = "eventrecord:" + channel
	}
	ev.SeverityID = cmp.Or(severity(v.level), ev.SeverityID)
	v.people(ev, l, id)
	v.processes(ev)
	v.network(ev)
	v.things(ev)
	v.outcome(ev, l, id)
	clockStep(ev, l, id, provider)
}

// values are the native fields that columns are filled from.
type values struct {
	recordID, level, userID                       string
	subject, target, user, member, memberSID      string
	targetLogon, subjectLogon, logon, session     string
	address, port, srcIP, srcPort, dstIP, dstPort string
	image, newProcess, process, application       string
	cmdLine, imagePath, serviceFile               string
	file, registry, object, share, relative       string
	service, task, query, pipe, path              string
	loaded, targetImage, secondChannel            string
	script, payload, data, threat                 string
	status, mask, eventType, state, consumer      string
	filter, param2, operation, param1, param3     string
}

// valuesOf takes the fields by name, the first of equal ones but for a second
// Channel, which is that of a log that was cleared, and for all Data together.
func valuesOf(ev *event.Event) *values {
	v := &values{}
	channels := 0
	var data []string
	for i := range ev.Fields {
		f := &ev.Fields[i]
		if f.Name == "Channel" {
			if channels++; channels > 1 {
				v.secondChannel = f.Value
			}
			continue
		}
		if f.Name == "Data" {
			data = append(data, f.Value)
			continue
		}
		if to := v.place(f.Name); to != nil && *to == "" {
			*to = format.NilValue(f.Value)
		}
	}
	v.data = strings.Join(data, "\n")
	return v
}

// place is where the value of a field goes, or nil.
func (v *values) place(name string) *string {
	switch name {
	case "EventRecordID":
		return &v.recordID
	case "Level":
		return &v.level
	case "UserID":
		return &v.userID
	case "SubjectUserName":
		return &v.subject
	case "TargetUserName":
		return &v.target
	case "User", "UserContext", "UserName":
		return &v.user
	case "MemberName":
		return &v.member
	case "MemberSid":
		return &v.memberSID
	case "TargetLogonId":
		return &v.targetLogon
	case "SubjectLogonId":
		return &v.subjectLogon
	case "LogonId":
		return &v.logon
	case "SessionID":
		return &v.session
	}
	if to := v.placeNetwork(name); to != nil {
		return to
	}
	if to := v.placeProcess(name); to != nil {
		return to
	}
	if to := v.placeThing(name); to != nil {
		return to
	}
	return v.placeRest(name)
}

func (v *values) placeNetwork(name string) *string {
	switch name {
	case "IpAddress", "Address", "ClientAddress":
		return &v.address
	case "IpPort":
		return &v.port
	case "SourceIp", "SourceAddress":
		return &v.srcIP
	case "SourcePort":
		return &v.srcPort
	case "DestinationIp", "DestAddress":
		return &v.dstIP
	case "DestinationPort", "DestPort":
		return &v.dstPort
	}
	return nil
}

func (v *values) placeProcess(name string) *string {
	switch name {
	case "Image", "SourceImage":
		return &v.image
	case "NewProcessName":
		return &v.newProcess
	case "ProcessName", "Process Name":
		return &v.process
	case "Application":
		return &v.application
	case "CommandLine":
		return &v.cmdLine
	case "ImagePath":
		return &v.imagePath
	case "ServiceFileName":
		return &v.serviceFile
	case "ImageLoaded":
		return &v.loaded
	case "TargetImage":
		return &v.targetImage
	case "ActionName":
		return &v.imagePath
	}
	return nil
}

func (v *values) placeThing(name string) *string {
	switch name {
	case "TargetFilename":
		return &v.file
	case "TargetObject":
		return &v.registry
	case "ObjectName":
		return &v.object
	case "ShareName":
		return &v.share
	case "RelativeTargetName":
		return &v.relative
	case "ServiceName":
		return &v.service
	case "TaskName":
		return &v.task
	case "QueryName":
		return &v.query
	case "PipeName":
		return &v.pipe
	case "Path":
		return &v.path
	}
	return nil
}

func (v *values) placeRest(name string) *string {
	switch name {
	case "ScriptBlockText":
		return &v.script
	case "Payload":
		return &v.payload
	case "Threat Name":
		return &v.threat
	case "Status":
		return &v.status
	case "AccessMask":
		return &v.mask
	case "EventType":
		return &v.eventType
	case "State":
		return &v.state
	case "Consumer":
		return &v.consumer
	case "Filter":
		return &v.filter
	case "Operation":
		return &v.operation
	case "param1", "Param1":
		return &v.param1
	case "param2", "Param2":
		return &v.param2
	case "param3", "Param3":
		return &v.param3
	}
	return nil
}

// people sets who acted, on whom, and in which session.
func (v *values) people(ev *event.Event, l log, id string) {
	switch {
	case id == "1149" && l == logSessions: // user, domain and address have no names
		ev.ActorUser, v.address = joinAccount(v.param2, v.param1), v.param3
	case ev.ClassUID == event.ClassAuthentication && ev.ActivityID == event.ActivityAccountSwitch:
		ev.ActorUser, ev.TargetUser = v.subject, v.target
	case ev.ClassUID == event.ClassAuthentication:
		ev.ActorUser, ev.TargetUser = cmp.Or(v.target, v.user, v.subject), ""
	case ev.ClassUID == event.ClassGroup:
		ev.ActorUser, ev.TargetUser = v.subject, cmp.Or(v.member, v.memberSID)
	case ev.ClassUID == event.ClassAccountChange:
		ev.ActorUser, ev.TargetUser = v.subject, v.target
	case ev.ClassUID == event.ClassScript:
		ev.ActorUser = cmp.Or(v.user, v.subject, v.userID)
	default:
		if ev.ActorUser == v.userID {
			ev.ActorUser = "" // whose program wrote the event, not who acted
		}
		ev.ActorUser = cmp.Or(v.user, v.subject, format.NilValue(ev.ActorUser))
		if l == logSecurity {
			ev.TargetUser = v.target
		}
	}
	ev.SessionUID = cmp.Or(v.targetLogon, v.logon, v.subjectLogon, v.session, ev.SessionUID)
}

func joinAccount(domain, user string) string {
	if domain == "" || user == "" {
		return user
	}
	return domain + `\` + user
}

func (v *values) processes(ev *event.Event) {
	ev.ProcessPath = cmp.Or(v.newProcess, v.image, v.process, v.application, ev.ProcessPath)
	ev.CmdLine = cmp.Or(v.cmdLine, v.imagePath, v.serviceFile, ev.CmdLine)
	if ev.ClassUID == event.ClassProcess && ev.Message == "" {
		ev.Message = format.Message(ev.CmdLine)
	}
}

func (v *values) network(ev *event.Event) {
	ev.SrcIP = cmp.Or(format.Address(v.address), format.Address(v.srcIP), ev.SrcIP)
	ev.SrcPort = cmp.Or(format.Port(v.port), format.Port(v.srcPort), ev.SrcPort)
	ev.DstIP = cmp.Or(format.Address(v.dstIP), ev.DstIP)
	ev.DstPort = cmp.Or(format.Port(v.dstPort), ev.DstPort)
}

// things sets what the event is about.
func (v *values) things(ev *event.Event) {
	object := cmp.Or(v.file, v.registry, v.object, v.share, v.query, v.pipe, v.loaded, v.targetImage, v.service, v.task)
	switch {
	case v.share != "" && v.relative != "":
		object = strings.TrimSuffix(v.share, `\`) + `\` + v.relative
	case ev.ClassUID == event.ClassGroup:
		object = v.target
	case ev.ClassUID == event.ClassEventLog:
		object = cmp.Or(v.secondChannel, object)
	case ev.ClassUID == event.ClassFinding, ev.ClassUID == event.ClassScript:
		object = cmp.Or(v.path, object)
	case ev.ClassUID == event.ClassAuthentication:
		object = v.service // of a ticket
	case ev.ClassUID == event.ClassAppLifecycle:
		object = cmp.Or(v.service, v.param1)
	case ev.ClassUID == event.ClassAPI:
		object = cmp.Or(v.consumer, v.filter, object)
	}
	ev.Object = object
	ev.Statement = cmp.Or(v.script, v.payload)
	switch ev.ClassUID {
	case event.ClassScript:
		ev.Statement = cmp.Or(ev.Statement, v.data)
	case event.ClassAPI:
		ev.Statement = v.operation
	}
}

// outcome sets what the number alone does not tell.
func (v *values) outcome(ev *event.Event, l log, id string) {
	switch {
	case l == logSecurity && (id == "4768" || id == "4769" || id == "4776"):
		if strings.Trim(v.status, "0x") != "" {
			ev.StatusID = event.StatusFailure
		}
	case l == logSecurity && ev.ClassUID == event.ClassFileSystem:
		ev.ActivityID = fileActivity(id, v.mask)
	case l == logSystem && id == "7036", l == logSysmon && id == "4":
		ev.ActivityID = serviceActivity(cmp.Or(v.state, v.param2))
	case l == logSysmon && (id == "12" || id == "14"):
		ev.ActivityID = registryActivity(v.eventType)
	case l == logSysmon && ev.ClassUID == event.ClassAPI:
		ev.ActivityID = wmiActivity(v.operation)
	case ev.ClassUID == event.ClassFinding:
		ev.SeverityID = max(ev.SeverityID, event.SeverityHigh)
		ev.Message = format.Message(cmp.Or(v.threat, ev.Message))
	}
}

// severity reads the field Level. Source: winmeta.xml, standard levels.
func severity(level string) int32 {
	switch level {
	case "1":
		return event.SeverityCritical
	case "2":
		return event.SeverityMedium
	case "3":
		return event.SeverityLow
	case "0", "4", "5":
		return event.SeverityInformational
	}
	return event.SeverityUnknown
}

// fileActivity reads the rights that were used. Source: MS-DTYP 2.4.3 and the
// access rights of files.
func fileActivity(id, mask string) int32 {
	const write, appending, remove = 0x2, 0x4, 0x10000
	rights := hexNumber(mask)
	switch {
	case id == "4660" || rights&remove != 0:
		return event.ActivityFileDelete
	case rights&(write|appending) != 0:
		return event.ActivityFileUpdate
	}
	return event.ActivityFileRead
}

func hexNumber(s string) (n uint32) {
	s, ok := strings.CutPrefix(s, "0x")
	if !ok || len(s) > 8 {
		return 0
	}
	for _, c := range []byte(strings.ToLower(s)) {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint32(c-'a'+10)
		default:
			return 0
		}
	}
	return n
}

// serviceActivity reads the state that a service came to, in English or as
// Windows in Japanese writes it.
func serviceActivity(state string) int32 {
	switch strings.ToLower(state) {
	case "running", "started", "実行中":
		return event.ActivityAppStart
	case "stopped", "停止":
		return event.ActivityAppStop
	}
	return event.ActivityOther
}

func registryActivity(eventType string) int32 {
	switch eventType {
	case "CreateKey":
		return event.ActivityRegistryCreate
	case "DeleteKey", "DeleteValue":
		return event.ActivityRegistryDelete
	case "RenameKey":
		return event.ActivityRegistryRename
	}
	return event.ActivityOther
}

func wmiActivity(operation string) int32 {
	switch operation {
	case "Created":
		return event.ActivityAPICreate
	case "Modified":
		return event.ActivityAPIUpdate
	case "Deleted":
		return event.ActivityAPIDelete
	}
	return event.ActivityOther
}
