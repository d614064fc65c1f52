package week

import (
	"fmt"
	"slices"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// role is what a host is for.
type role int

const (
	roleWeb role = iota
	roleApp
	roleBatch
	roleAPI
	rolePostgres
	roleMaria
	roleCI
	roleJump
	roleMonitor
	roleScanner
	roleLog
	roleBackup
	roleRepo
	roleWiki
	roleStaging
	roleMail
	roleName
	roleWindows
	roleAppliance
)

// webServers is how many serve the public site.
const webServers = 6

// machine is one of the fifty hosts.
type machine struct {
	name string
	role role
	n    int // from 0; with it goes the address
}

func (m machine) address() string { return fmt.Sprintf("10.0.9.%d", 10+m.n) }

// deployed reports whether releases of the shop go to the host; thirty do.
func (m machine) deployed() bool {
	return m.role == roleWeb || m.role == roleApp || m.role == roleBatch || m.role == roleAPI
}

// machines are the hosts of the company.
func machines() []machine {
	var out []machine
	add := func(r role, count int, name string) {
		for i := range count {
			out = append(out, machine{name: fmt.Sprintf("%s-%02d", name, i+1), role: r, n: len(out)})
		}
	}
	add(roleWeb, webServers, "web")
	add(roleApp, 18, "app")
	add(roleBatch, 4, "batch")
	add(roleAPI, 2, "api")
	add(rolePostgres, 2, "db")
	add(roleMaria, 2, "mdb")
	add(roleCI, 2, "ci")
	add(roleJump, 1, "jump")
	add(roleMonitor, 1, "mon")
	add(roleScanner, 1, "scan")
	add(roleLog, 1, "log")
	add(roleBackup, 1, "backup")
	add(roleRepo, 1, "repo")
	add(roleWiki, 1, "wiki")
	add(roleStaging, 2, "stg")
	add(roleMail, 1, "mail")
	add(roleName, 2, "dns")
	add(roleWindows, 1, "ad")
	add(roleAppliance, 1, "fgt")
	return out
}

// addressOf is the address of a host by its name.
func (w *week) addressOf(name string) string {
	i := slices.IndexFunc(w.machines, func(m machine) bool { return m.name == name })
	return w.machines[i].address()
}

// release is a deployment of the shop: to thirty hosts within eight minutes.
type release struct {
	at      time.Time
	version string
}

// releaseOn gives the deployment of a day: Tuesdays and Thursdays in the
// afternoon, and on Wednesday where Tuesday is a holiday.
func releaseOn(start time.Time) (release, bool) {
	d := &raw.Day{Start: start}
	planned := start.Weekday() == time.Tuesday || start.Weekday() == time.Thursday || d.IsDay("11-04")
	at := start.Add(15 * time.Hour)
	return release{at: at, version: at.Format("20060102") + ".1"}, planned && d.Workday()
}

// on gives the instant at which a release reaches a host, one after another.
func (r release) on(m machine) time.Time { return r.at.Add(time.Duration(m.n*16) * time.Second) }

// rebooted gives when a host is patched and started again: early on Thursday,
// five hosts at a time, and how long it is away.
func rebooted(m machine, start time.Time) (at time.Time, away time.Duration, ok bool) {
	if start.Weekday() != time.Thursday || m.role == roleAppliance {
		return at, 0, false
	}
	at = start.Add(2*time.Hour + time.Duration(m.n/5*11)*time.Minute + time.Duration(m.n%5*20)*time.Second)
	return at, time.Duration(150+m.n%5*35) * time.Second, true
}

// hush takes out what a host cannot have written while it was away.
func (w *week) hush(d *raw.Day, m machine) {
	at, away, ok := rebooted(m, d.Start)
	if !ok {
		return
	}
	back := at.Add(away)
	d.Drop(func(t time.Time) bool { return t.After(at.Add(4*time.Second)) && t.Before(back) })
}

// trouble is the night on which the shop's database was slow and somebody was
// called out of bed.
func trouble() (from, to time.Time) { return during("11-05 03:02:00"), during("11-05 03:31:00") }

// scanned is when the company's own scanner tries all hosts: Saturday morning.
func scanned(start time.Time) (time.Time, bool) {
	return start.Add(5 * time.Hour), start.Weekday() == time.Saturday
}
