package identity

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// NewSlapd returns the format "slapd": what OpenLDAP's server writes at log
// level "stats", inside syslog or with its own hexadecimal time before. A
// request and its result are lines of their own; SessionUID is "conn=N", and
// the field "op" numbers the request within it. Checked against a slapd 2.5.
func NewSlapd() format.Format {
	return format.Line{Named: "slapd", Of: isSlapd, Read: readSlapd}
}

func isSlapd(raw []byte) bool {
	i := bytes.Index(raw[:min(len(raw), 96)], []byte("conn="))
	return i >= 0 && i+5 < len(raw) && format.IsDigit(raw[i+5]) && (bytes.Contains(raw[i:], []byte(" op=")) || bytes.Contains(raw[i:], []byte(" fd=")))
}

func readSlapd(in *format.Input, ev *event.Event) bool {
	text := in.Text()
	at := strings.Index(text, "conn=")
	slapdTime(in, ev, text[:at])
	text = text[at:]
	head, rest, _ := strings.Cut(text, " ")
	ev.SessionUID, ev.ProcessPath = head, "slapd"
	ev.Add("conn", head[len("conn="):])
	ev.Message = format.Message(text)
	number, rest, _ := strings.Cut(rest, " ")
	name, value, ok := strings.Cut(number, "=")
	if !ok || name != "op" && name != "fd" {
		return false
	}
	ev.Add(name, value)
	verb, arguments, _ := strings.Cut(rest, " ")
	if verb == "SEARCH" && strings.HasPrefix(arguments, "RESULT ") {
		verb, arguments = "RESULT", arguments[len("RESULT "):]
	}
	ev.EventCode = verb
	for name, value := range format.Pairs(arguments) {
		ev.Add(name, value)
	}
	slapdClass(ev, verb, arguments)
	return true
}

// slapdTime reads "6b02f6ff.1cef4b4c 0x7faf415fe6c0 ", seconds since 1970 and
// nanoseconds, both in hexadecimal; before 2.5 the fraction is absent.
func slapdTime(in *format.Input, ev *event.Event, head string) {
	stamp, _, ok := strings.Cut(head, " ")
	if !ok {
		return
	}
	whole, part, _ := strings.Cut(stamp, ".")
	seconds, err := strconv.ParseUint(whole, 16, 32)
	if err != nil || len(whole) != 8 {
		return
	}
	precision := event.PrecisionSecond
	fraction, err := strconv.ParseUint(part, 16, 32)
	if err == nil && len(part) == 8 && fraction < 1e9 {
		precision = event.PrecisionNano
	} else {
		fraction = 0
	}
	in.Stated(ev, time.Unix(int64(seconds), int64(fraction)), precision, stamp)
}

func slapdClass(ev *event.Event, verb, arguments string) {
	get := func(name string) string { v, _ := ev.Get(name); return v }
	dn := cmp.Or(get("dn"), get("id"), get("base"))
	switch verb {
	case "ACCEPT":
		ev.ClassUID, ev.ActivityID, ev.StatusID = event.ClassNetwork, event.ActivityNetworkOpen, event.StatusSuccess
		ev.SrcIP, ev.SrcPort = format.AddressPort(format.Between(arguments, "from IP=", " "))
		ev.DstIP, ev.DstPort = format.AddressPort(format.Between(arguments, "(IP=", ")"))
	case "closed":
		ev.ClassUID, ev.ActivityID = event.ClassNetwork, event.ActivityNetworkClose
	case "BIND":
		format.Logon(ev, dn, event.StatusUnknown) // its RESULT tells the outcome
		if get("mech") != "" {
			ev.StatusID = event.StatusSuccess // written once the credentials held
		}
	case "UNBIND":
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogoff
	case "RESULT":
		slapdResult(ev, get("tag"), get("err"))
	case "SRCH":
		ev.ClassUID, ev.ActivityID, ev.Object, ev.Statement = event.ClassDatastore, event.ActivityDatastoreRead, dn, get("filter")
	case "CMP", "WHOAMI", "EXT", "ABANDON":
		ev.ClassUID, ev.ActivityID, ev.Object = event.ClassDatastore, event.ActivityDatastoreQuery, dn
	case "ADD":
		slapdChange(ev, event.ActivityDatastoreCreate, dn)
	case "MOD", "MODRDN":
		slapdChange(ev, event.ActivityDatastoreUpdate, dn)
	case "DEL":
		slapdChange(ev, event.ActivityDatastoreDelete, dn)
	case "PASSMOD":
		ev.ClassUID, ev.ActivityID, ev.TargetUser, ev.Object = event.ClassAccountChange, format.ActivityPasswordReset, dn, dn
	}
}

// slapdChange is a change of an entry; that of a person's or a service's
// account is a change of an account.
func slapdChange(ev *event.Event, activity int32, dn string) {
	ev.ClassUID, ev.ActivityID, ev.Object = event.ClassDatastore, activity, dn
	if !strings.HasPrefix(strings.ToLower(dn), "uid=") {
		return
	}
	ev.ClassUID, ev.TargetUser = event.ClassAccountChange, dn
	switch activity {
	case event.ActivityDatastoreCreate:
		ev.ActivityID = format.ActivityAccountCreate
	case event.ActivityDatastoreDelete:
		ev.ActivityID = format.ActivityAccountDelete
	default:
		ev.ActivityID = event.ActivityOther
	}
}

// slapdResult classes an answer by its tag, that of a response in RFC 4511
// section 4.2 on; err is the LDAP result code, 0 for success.
func slapdResult(ev *event.Event, tag, err string) {
	ev.StatusID = event.StatusFailure
	switch err {
	case "0", "5", "6", "14": // success, compareFalse, compareTrue, saslBindInProgress
		ev.StatusID = event.StatusSuccess
	case "":
		ev.StatusID = event.StatusUnknown
	}
	if tag == "97" {
		ev.ClassUID, ev.ActivityID = event.ClassAuthentication, event.ActivityLogon
		return
	}
	ev.ClassUID, ev.ActivityID = event.ClassDatastore, event.ActivityOther
}
