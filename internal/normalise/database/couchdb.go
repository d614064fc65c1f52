package database

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// couchdb reads the requests in Apache CouchDB's log (CouchDB documentation,
// "Logging"), which is an HTTP server: fields bear the names of web logs.
type couchdb struct{}

// NewCouchDB returns the format "couchdb".
func NewCouchDB() format.Format { return couchdb{} }

func (couchdb) Name() string { return "couchdb" }

// Matches looks for "[notice] 2024-01-20T13:54:06.579985Z node@host <0.1.2> ".
func (couchdb) Matches(raw []byte) bool {
	i := bytes.Index(raw[:min(len(raw), 16)], []byte("] "))
	if i < 4 || raw[0] != '[' || len(raw) < i+32 {
		return false
	}
	rest := raw[i+2 : min(len(raw), i+162)]
	return rest[4] == '-' && rest[10] == 'T' && bytes.IndexByte(rest, '@') > 0 && bytes.Contains(rest, []byte(" <"))
}

func (f couchdb) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if !f.Matches(in.Raw) {
		return dst, false
	}
	level, rest, _ := strings.Cut(in.Text()[1:], "] ")
	words := strings.SplitN(rest, " ", 5)
	if len(words) < 5 {
		return dst, false
	}
	at, ok := format.ParseTime(words[0])
	if !ok {
		return dst, false
	}
	ev := in.New(f.Name(), event.ClassBase)
	at.Set(in, &ev)
	ev.SeverityID = format.Severity(level)
	ev.Add("level", level)
	ev.Add("node", words[1])
	ev.Add("process", words[2])
	ev.SessionUID = words[3]
	ev.Message = format.Message(words[4])
	if ev.SeverityID >= event.SeverityMedium {
		ev.ClassUID, ev.StatusID = event.ClassApplicationError, event.StatusFailure
	}
	couchRequest(&ev, words[4])
	return append(dst, ev), true
}

// couchRequest reads "HOST ADDRESS ACCOUNT METHOD PATH STATUS ok MILLISECONDS".
func couchRequest(ev *event.Event, s string) {
	words := strings.Fields(s)
	if len(words) < 7 || format.HTTPActivity(words[3]) == 0 || len(words[5]) != 3 || !format.IsDecimal(words[5]) {
		return
	}
	ev.ClassUID = event.ClassDatastore
	ev.SrcIP = format.Address(words[1])
	if words[2] != "undefined" { // nobody has proved who they are
		ev.ActorUser = words[2]
	}
	ev.Object, ev.Statement = words[4], words[3]+" "+words[4]
	ev.EventCode = words[5]
	ev.StatusID = event.StatusSuccess
	if words[5] >= "400" {
		ev.StatusID = event.StatusFailure
	}
	switch words[3] {
	case "GET", "HEAD", "OPTIONS":
		ev.ActivityID = event.ActivityDatastoreRead
	case "DELETE":
		ev.ActivityID = event.ActivityDatastoreDelete
	default:
		ev.ActivityID = event.ActivityDatastoreWrite
	}
	ev.Add("cs-host", words[0])
	ev.Add("c-ip", words[1])
	ev.Add("cs-username", words[2])
	ev.Add("cs-method", words[3])
	ev.Add("cs-uri", words[4])
	ev.Add("sc-status", words[5])
	ev.Add("time-taken", words[len(words)-1])
}
