package ransomware

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// channel collects the events of one channel of one host.
type channel struct {
	raw.Numbered
	host string
}

func (c *channel) put(t time.Time, provider, name string, id int, data raw.Object) {
	c.Add(t, func(n int) string { return raw.WindowsEvent(t, n, provider, name, c.host, id, data) })
}

// sysmonEvent is an event of Sysmon.
func (c *channel) sysmonEvent(t time.Time, id int, data raw.Object) {
	data = append(raw.Object{{"UtcTime", t.UTC().Format("2006-01-02 15:04:05.000")}}, data...)
	c.put(t, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", id, data)
}

// start is a program started.
func (c *channel) start(t time.Time, user, image, command, parent string) {
	c.sysmonEvent(t, 1, raw.Object{
		{"ProcessId", fmt.Sprint(1000 + t.Unix()%30000)}, {"Image", image}, {"CommandLine", command}, {"User", `EXAMPLE\` + user},
		{"LogonId", fmt.Sprintf("0x%x", 0x3e7+t.Unix()%90000)}, {"ParentImage", parent},
	})
}

// file is a file written.
func (c *channel) file(t time.Time, user, image, name string) {
	c.sysmonEvent(t, 11, raw.Object{{"ProcessId", fmt.Sprint(1000 + t.Unix()%30000)}, {"Image", image}, {"TargetFilename", name}, {"User", `EXAMPLE\` + user}})
}

// installed is a service that was registered.
func (c *channel) installed(t time.Time, name, path string) {
	c.put(t, "Service Control Manager", "System", 7045, raw.Object{{"ServiceName", name}, {"ImagePath", path}, {"ServiceType", "user mode service"}, {"StartType", "demand start"}, {"AccountName", "LocalSystem"}})
}

// service is a service that came to a state.
func (c *channel) service(t time.Time, name, state string) {
	c.put(t, "Service Control Manager", "System", 7036, raw.Object{{"param1", name}, {"param2", state}})
}

// logon is a logon over the network (3), by remote desktop (10) or of a
// service (5), and its end.
func (c *channel) logon(t time.Time, user, from string, kind int, length time.Duration) {
	id := raw.Hash(user+from+c.host+t.String()) >> 36
	c.Security(t, c.host, 4624, raw.Logon(user, from, kind, id))
	if length > 0 {
		c.Security(t.Add(length), c.host, 4634, raw.Logon(user, from, kind, id))
	}
}

// never is for hosts that are always there.
func never(time.Time) bool { return false }
