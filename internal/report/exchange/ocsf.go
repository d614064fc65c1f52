package exchange

import (
	"bufio"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// ocsfVersion is the version of the schema that the objects keep to.
const ocsfVersion = "1.8.0"

// class is what OCSF asks of the events of a class: objects it must have,
// objects of which it must have one, and others it may have. Every class may
// have actor and device, by the profile host.
type class struct {
	uid        int32
	must       []string
	oneOf      [][]string
	may        []string
	activities int32 // the highest activity
}

func classes() []class {
	endpoints := []string{"src_endpoint", "dst_endpoint"}
	return []class{
		{event.ClassFileSystem, []string{"actor", "device", "file"}, nil, nil, 14},
		{event.ClassModule, []string{"actor", "device", "module"}, nil, nil, 3},
		{event.ClassScheduledJob, []string{"device", "job"}, nil, nil, 6},
		{event.ClassProcess, []string{"actor", "device", "process"}, nil, nil, 5},
		{event.ClassEventLog, []string{"log_name"}, nil, endpoints, 10},
		{event.ClassScript, []string{"actor", "device", "script"}, nil, nil, 1},
		{event.ClassPeripheral, []string{"actor", "device", "peripheral_device"}, nil, nil, 5},
		{event.ClassFinding, []string{"finding_info"}, nil, nil, 3},
		{event.ClassAccountChange, []string{"user"}, nil, []string{"src_endpoint"}, 12},
		{event.ClassAuthentication, []string{"user", "service"}, nil, slices.Concat(endpoints, []string{"session"}), 7},
		{event.ClassGroup, []string{"group"}, nil, []string{"src_endpoint", "user"}, 13},
		{event.ClassNetwork, nil, [][]string{endpoints}, slices.Concat(endpoints, []string{"traffic"}), 7},
		{event.ClassHTTP, []string{"http_request"}, [][]string{endpoints}, slices.Concat(endpoints, []string{"traffic"}), 40},
		{event.ClassDNS, nil, [][]string{endpoints}, slices.Concat(endpoints, []string{"query", "traffic"}), 2},
		{event.ClassSSH, nil, [][]string{endpoints}, slices.Concat(endpoints, []string{"traffic"}), 7},
		{event.ClassTunnel, nil, [][]string{endpoints, {"session", "src_endpoint", "traffic"}}, slices.Concat(endpoints, []string{"session", "traffic", "user"}), 3},
		{event.ClassWebResources, []string{"web_resources"}, nil, slices.Concat(endpoints, []string{"http_request"}), 8},
		{event.ClassAppLifecycle, []string{"app"}, nil, nil, 8},
		{event.ClassAPI, []string{"actor", "api", "src_endpoint"}, nil, []string{"dst_endpoint", "http_request"}, 4},
		{event.ClassDatastore, []string{"actor", "src_endpoint", "table"}, nil, []string{"dst_endpoint", "query_info"}, 10},
		{event.ClassFileHosting, []string{"actor", "src_endpoint", "file"}, nil, []string{"dst_endpoint", "http_request"}, 17},
		{event.ClassApplicationError, nil, nil, nil, 2},
	}
}

// ocsf writes one object of OCSF a line. An event that lacks what its class asks
// for, or is of a class of another schema, is written as a Base Event, which
// keeps all there is: its class stands in unmapped.
func (w *writer) ocsf(out *bufio.Writer) sink {
	known := classes()
	return sink{func(ev *event.Event) error { return line(out, w.ocsfOf(ev, known)) }, nothing}
}

type object = map[string]any

func (w *writer) ocsfOf(ev *event.Event, known []class) object {
	parts := ocsfParts(ev)
	unmapped := object{}
	for _, f := range ev.Fields {
		if was, ok := unmapped[f.Name]; ok {
			unmapped[f.Name] = was.(string) + "\n" + f.Value
		} else {
			unmapped[f.Name] = f.Value
		}
	}
	out := object{}
	uid, activity := ev.ClassUID, ev.ActivityID
	i := slices.IndexFunc(known, func(c class) bool { return c.uid == ev.ClassUID })
	if i >= 0 && known[i].takes(parts) {
		for _, name := range slices.Concat(known[i].must, known[i].may, []string{"actor", "device"}) {
			if v, ok := parts[name]; ok {
				out[name] = v
			}
		}
		if activity < 0 || activity > known[i].activities {
			activity = 99
		}
	} else {
		uid, activity = event.ClassBase, 0
		for _, name := range []string{"actor", "device"} {
			if v, ok := parts[name]; ok {
				out[name] = v
			}
		}
		for name, v := range columns(ev) {
			unmapped["konseki."+name] = v
		}
	}
	out["class_uid"], out["activity_id"], out["type_uid"], out["category_uid"] = uid, activity, int64(uid)*100+int64(activity), uid/1000
	out["time"], out["severity_id"], out["metadata"] = ev.Time.UnixMilli(), ev.SeverityID, w.metadata(ev)
	if ev.StatusID > 0 {
		out["status_id"] = ev.StatusID
	}
	if ev.Message != "" {
		out["message"] = ev.Message
	}
	if len(unmapped) > 0 {
		out["unmapped"] = unmapped
	}
	return out
}

func (c class) takes(parts object) bool {
	for _, name := range c.must {
		if _, ok := parts[name]; !ok {
			return false
		}
	}
	for _, list := range c.oneOf {
		if !slices.ContainsFunc(list, func(name string) bool { _, ok := parts[name]; return ok }) {
			return false
		}
	}
	return true
}

func (w *writer) metadata(ev *event.Event) object {
	m := object{
		"version": ocsfVersion, "product": object{"name": "konseki", "vendor_name": "konseki", "version": firstNonEmpty(w.Version, "dev")},
		"uid": uidOf(ev), "profiles": []string{"host"},
		"labels": append([]string{"case:" + w.Case.ID}, w.citedBy(ev.Record)...),
	}
	set(m, "log_source", ev.Source)
	set(m, "log_format", ev.Format)
	set(m, "event_code", ev.EventCode)
	set(m, "original_time", ev.Quality.Original)
	if !ev.TimeRx.IsZero() {
		m["logged_time"] = ev.TimeRx.UnixMilli()
	}
	return m
}

// uidOf names an event for good: its record, and which of the record's it is.
func uidOf(ev *event.Event) string {
	return strconv.FormatUint(ev.Record, 10) + "." + strconv.Itoa(int(ev.Nth))
}

// ocsfParts are the objects that can be made of an event.
func ocsfParts(ev *event.Event) object {
	out := object{}
	if ev.Source != "" {
		out["service"], out["log_name"] = object{"name": ev.Source}, ev.Source
	}
	actor := object{}
	if ev.ActorUser != "" {
		actor["user"] = object{"name": ev.ActorUser}
	}
	if ev.SessionUID != "" {
		out["session"] = object{"uid": ev.SessionUID}
		actor["session"] = out["session"]
	}
	if len(actor) > 0 {
		out["actor"] = actor
	}
	if who := firstNonEmpty(ev.TargetUser, ev.ActorUser); who != "" {
		out["user"] = object{"name": who}
	}
	if ev.Host != "" {
		out["device"] = object{"hostname": ev.Host, "type_id": 0}
	}
	if e := endpoint(ev.SrcIP, ev.SrcPort); e != nil {
		out["src_endpoint"] = e
	}
	if e := endpoint(ev.DstIP, ev.DstPort); e != nil {
		out["dst_endpoint"] = e
	}
	if ev.BytesOut > 0 {
		out["traffic"] = object{"bytes_out": ev.BytesOut}
	}
	if p := process(ev); p != nil {
		out["process"] = p
	}
	named(out, ev)
	return out
}

// named are the objects that are made of the column object, statement, program
// or event code.
func named(out object, ev *event.Event) {
	if name := ev.Object; name != "" {
		out["file"] = object{"name": path.Base(strings.ReplaceAll(name, `\`, "/")), "path": name, "type_id": 0}
		for _, part := range []string{"table", "job", "group", "peripheral_device"} {
			out[part] = object{"name": name}
		}
		out["web_resources"] = []object{{"name": name}}
		out["query"] = object{"hostname": name}
		out["module"] = object{"file": out["file"], "load_type_id": 0}
	}
	if ev.Object != "" || ev.ClientApp != "" {
		r := object{}
		set(r, "user_agent", ev.ClientApp)
		if ev.Object != "" {
			r["url"] = object{"path": ev.Object}
		}
		out["http_request"] = r
	}
	if app := firstNonEmpty(ev.Object, ev.ClientApp, ev.Source); app != "" {
		out["app"] = object{"name": app}
	}
	if ev.EventCode != "" {
		out["api"] = object{"operation": ev.EventCode}
	}
	if ev.Statement != "" {
		out["query_info"] = object{"query_string": ev.Statement, "uid": uidOf(ev)} // OCSF wants a name or number of it
		out["script"] = object{"script_content": object{"value": ev.Statement}, "type_id": 0}
	}
	out["finding_info"] = object{"uid": strconv.FormatUint(ev.Record, 10), "title": firstNonEmpty(ev.Message, "finding")}
}

func endpoint(address string, port int32) object {
	if address == "" {
		return nil
	}
	e := object{}
	if _, err := netip.ParseAddr(address); err == nil {
		e["ip"] = address
	} else {
		e["name"] = address // a public name
	}
	if port > 0 {
		e["port"] = port
	}
	return e
}

// process needs a number to be one; without it OCSF takes none.
func process(ev *event.Event) object {
	for _, name := range []string{"NewProcessId", "ProcessId", "pid", "process.pid"} {
		text, ok := ev.Get(name)
		if !ok {
			continue
		}
		pid, err := strconv.ParseInt(strings.TrimSpace(text), 0, 32)
		if err != nil || pid < 0 {
			continue
		}
		p := object{"pid": pid}
		set(p, "cmd_line", ev.CmdLine)
		if ev.ProcessPath != "" {
			base := path.Base(strings.ReplaceAll(ev.ProcessPath, `\`, "/"))
			p["name"], p["file"] = base, object{"name": base, "path": ev.ProcessPath, "type_id": 1}
		}
		return p
	}
	return nil
}

func set(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}
