package ransomware

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// estate is the data centre and its people.
type estate struct {
	seed    uint64
	staff   []person
	servers []*server
	step    time.Duration // between the everyday acts of a server
	flow    time.Duration // between the everyday flows through the firewall
}

// A person administers or develops; everybody works from home on some days.
type person struct{ name, home, tunnel, desk string }

// A server is one Windows host of the estate.
type server struct {
	*estate
	name, address, work string    // work is what its scheduled program is called
	begun, gone         time.Time // when encryption began and when its log ends; zero for those that were spared
}

// spanDays is how many days are written.
const spanDays = 28

// newEstate sizes the estate so that about the wanted number of records comes out.
func newEstate(o raw.Options) *estate {
	e := &estate{seed: o.Seed, staff: staff()}
	e.servers = servers(e)
	const fixed, perAct = 24_000, 2.37 // an act is a program, a file and a share of logons
	flows := max(600, o.Records/40)
	acts := max(8, int(float64(o.Records-fixed-flows)/(spanDays*float64(len(e.servers))*perAct)))
	e.step = 24 * time.Hour / time.Duration(acts)
	e.flow = 3 * 24 * time.Hour / time.Duration(flows)
	return e
}

// staff are the people who may come in from outside. The first left in May;
// the account was not closed.
func staff() []person {
	names := []string{leaver, "s.oda", "m.hirano", "t.kaneko", "y.ueda", "n.sugawara", "k.onishi", "r.chiba", "a.kubota", "h.nomura", administrator}
	out := make([]person, len(names))
	for i, n := range names {
		out[i] = person{n, fmt.Sprintf("100.64.%d.%d", 20+i, 30+i), fmt.Sprintf("10.212.134.%d", 10+i), fmt.Sprintf("10.50.9.%d", 20+i)}
	}
	return out
}

// The accounts of the incident.
const (
	leaver        = "k.hayashi"
	administrator = "adm-nakata"
	worker        = "svc-payroll" // runs the service
)

// The new ending of encrypted files, and the program that gives it.
const (
	ending  = "kqzt"
	program = `\\mg01\c$\PerfLogs\wsup64.exe`
)

// encrypted lists the servers that were encrypted, in that order.
func encrypted() []string {
	out := []string{"fs01", "bk01", "svc-db01", "svc-db02", "svc-db03"}
	for i := range 11 {
		out = append(out, fmt.Sprintf("svc-ap%02d", i+1))
	}
	return append(out, "svc-web01", "svc-web02")
}

func servers(e *estate) []*server {
	var out []*server
	for i, name := range encrypted() {
		begun := at("06-05 03:05:00").Add(time.Duration(i) * 25 * time.Second)
		out = append(out, &server{
			estate: e, name: name, address: fmt.Sprintf("10.50.1.%d", 11+i), work: workOf(name),
			begun: begun, gone: begun.Add(150 * time.Second),
		})
	}
	for i, name := range []string{"mg01", "av01", "svc-web03", "svc-web04"} {
		out = append(out, &server{estate: e, name: name, address: fmt.Sprintf("10.50.2.%d", 11+i), work: workOf(name)})
	}
	return out
}

// workOf is the program that does a server's own work.
func workOf(name string) string {
	switch name[:2] {
	case "fs", "bk":
		return `C:\Program Files\ExampleBackup\agent.exe`
	case "mg", "av":
		return `C:\Program Files\ExampleManager\collect.exe`
	}
	return `D:\Service\bin\payroll-job.exe`
}

// folder is where a server's logs lie; those that were spared are a source of
// their own, because nothing of theirs was lost.
func (s *server) folder() string {
	if s.begun.IsZero() {
		return "server_spared/" + s.name
	}
	return "server/" + s.name
}

// management is the server that people administer the others from.
const management = "10.50.2.11"
