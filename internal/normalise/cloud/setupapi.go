package cloud

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewSetupAPI returns the format "setupapi": Windows' setupapi.dev.log, in
// which each first connection of a device is a section of lines that begins
// with ">>>" and ends with "<<<". Source: learn.microsoft.com, "Format of a
// SetupAPI text log section". Times are local and state no zone.
func NewSetupAPI() format.Format {
	return setupAPI{format.Line{Named: "setupapi", Of: isSetupAPI, Read: readSetupAPI}}
}

type setupAPI struct{ format.Line }

// Shape puts a section together: a new one begins with ">>>  [" or with a boot session.
func (f setupAPI) Shape(head []byte) (event.Shape, bool) {
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	if !isSetupAPI(head) {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.Name(), Continues: func(_, line []byte) bool { return !isSetupStart(line) }}, true
}

func isSetupStart(line []byte) bool {
	return bytes.HasPrefix(line, []byte(">>>  [")) || bytes.HasPrefix(line, []byte("[Boot Session:")) || bytes.HasPrefix(line, []byte("[BeginLog]"))
}

func isSetupAPI(raw []byte) bool {
	return isSetupStart(raw) || bytes.HasPrefix(raw, []byte("[Device Install Log]")) || bytes.HasPrefix(raw, []byte("[SetupAPI Log]"))
}

func readSetupAPI(in *format.Input, ev *event.Event) bool {
	s := in.Text()
	title, body, _ := strings.Cut(s, "\n")
	title = strings.TrimRight(title, "\r")
	ev.Message = format.Message(title)
	if boot, ok := strings.CutPrefix(title, "[Boot Session: "); ok {
		setSetupTime(in, ev, strings.TrimSuffix(boot, "]"))
		ev.ClassUID, ev.ActivityID, ev.EventCode = event.ClassKernel, event.ActivityOther, "Boot Session"
		return true
	}
	head, ok := strings.CutPrefix(title, ">>>  [")
	if !ok { // the log's own header
		setupHeader(ev, body)
		return true
	}
	head = strings.TrimSuffix(head, "]")
	what, device, _ := strings.Cut(head, " - ")
	start, end := format.After(body, ">>>  Section start "), format.After(body, "<<<  Section end ")
	setSetupTime(in, ev, firstLine(start))
	ev.EventCode, ev.Object = what, device
	ev.Add("section", what)
	ev.Add("device", device)
	ev.Add("section_end", firstLine(end))
	exit := format.Between(body, "[Exit status: ", "]")
	ev.Add("exit_status", exit)
	switch {
	case exit == "SUCCESS":
		ev.StatusID = event.StatusSuccess
	case exit != "":
		ev.StatusID = event.StatusFailure
	}
	setupClass(ev, what, device)
	return true
}

// setupHeader keeps what the log says of the system: "OS Version = 10.0.19045".
func setupHeader(ev *event.Event, body string) {
	for line := range strings.Lines(body) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			ev.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

// Activity of OCSF Peripheral Activity for a device taken away.
const activityDeviceDisconnect int32 = 2

func setupClass(ev *event.Event, what, device string) {
	ev.ClassUID, ev.ActivityID = event.ClassAppLifecycle, event.ActivityAppInstall // of a driver
	bus, _, onBus := strings.Cut(device, `\`)
	switch {
	case strings.HasPrefix(what, "Delete Device"), strings.HasPrefix(what, "Uninstall Device"):
		ev.ClassUID, ev.ActivityID = event.ClassPeripheral, activityDeviceDisconnect
	case strings.HasPrefix(what, "Device Install (") && onBus && !strings.Contains(bus, ":"):
		ev.ClassUID, ev.ActivityID = event.ClassPeripheral, event.ActivityOther
		if strings.Contains(what, "Hardware initiated") {
			ev.ActivityID = event.ActivityDeviceConnect
		}
	}
	if ev.ClassUID != event.ClassPeripheral {
		return
	}
	ev.Add("bus", bus)
	upper := strings.ToUpper(device)
	for _, id := range [...]string{"VID", "PID", "VEN", "PROD", "REV"} {
		for _, mark := range [...]string{`\` + id + "_", "&" + id + "_"} {
			if i := strings.Index(upper, mark); i >= 0 && len(upper) == len(device) {
				value := device[i+len(mark):]
				ev.Add(strings.ToLower(id), value[:setupEnd(value)])
			}
		}
	}
	if parts := strings.Split(device, `\`); len(parts) == 3 {
		ev.Add("serial", parts[2])
	}
}

// setupEnd is where a part of a device's identifier ends.
func setupEnd(s string) int {
	if i := strings.IndexAny(s, `&\`); i >= 0 {
		return i
	}
	return len(s)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(line)
}

func setSetupTime(in *format.Input, ev *event.Event, text string) {
	if at, ok := format.ParseTime(text); ok {
		at.Set(in, ev)
	}
}
