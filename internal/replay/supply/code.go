package supply

import (
	"fmt"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// organisation is the team's name at the code host.
const organisation = "example-dev"

// deed is an entry of the code host's audit log, in the shape of GitHub's:
// "Audit log events for your organization".
type deed struct {
	action, actor, from, repo, agent string
	more                             raw.Object
}

func (e deed) text(t time.Time, d *raw.Day) string {
	o := raw.Object{
		{"@timestamp", t.UnixMilli()}, {"_document_id", fmt.Sprintf("%016x", d.RNG.Uint64())}, {"action", e.action}, {"actor", e.actor}, {"actor_ip", e.from},
		{"actor_id", raw.Hash(e.actor) >> 40}, {"created_at", t.UnixMilli()}, {"org", organisation}, {"repo", organisation + "/" + e.repo}, {"user_agent", e.agent},
	}
	return append(o, e.more...).Text()
}

const gitAgent = "git/2.47.1"

// byToken is what an entry says of a use with an access token.
func byToken() raw.Object {
	return raw.Object{{"programmatic_access_type", "Personal access token (classic)"}, {"transport_protocol_name", "http"}, {"token_scopes", "repo,workflow,write:public_key"}}
}

// byKey is what an entry says of a use with a key.
func byKey() raw.Object {
	return raw.Object{{"transport_protocol_name", "ssh"}, {"external_identity_nameid", ""}}
}

// codeHost is a day of the code host.
func (s *shop) codeHost(d *raw.Day) {
	add := func(t time.Time, e deed) { d.Add(t, e.text(t, d)) }
	for _, runner := range runners() {
		for _, b := range s.jobs(runner, d.Start) {
			add(b.at.Add(2*time.Second), deed{"git.fetch", machineUser, nat, b.repo, gitAgent, byToken()})
		}
	}
	d.On(at("07-01 11:41:32"), func(t time.Time) { add(t, deed{"git.fetch", machineUser, nat, "reports", gitAgent, byToken()}) })
	for _, p := range s.people {
		s.workOf(d, p, add)
	}
	if d.Workday() && d.Chance(0.12) { // a deploy key is an ordinary thing
		t := d.Within(10, 18)
		add(t, deed{"public_key.create", "h.kanno", s.person("h.kanno").Place(t), raw.Pick(d.RNG, repositories()), s.person("h.kanno").Agent, raw.Object{{"title", fmt.Sprintf("deploy-%02d", d.RNG.IntN(90))}, {"read_only", "true"}}})
	}
	if d.Workday() && d.Chance(0.3) {
		t, p := d.Within(10, 19), raw.Pick(d.RNG, s.people)
		add(t, deed{"workflows.created_workflow_run", p.Name, p.Place(t), raw.Pick(d.RNG, repositories()), p.Agent, raw.Object{{"name", raw.Pick(d.RNG, []string{"build.yml", "release.yml", "lint.yml"})}, {"event", "push"}}})
	}
	s.taken(d, add)
}

func (s *shop) person(name string) raw.Person {
	for _, p := range s.people {
		if p.Name == name {
			return p
		}
	}
	return s.people[0]
}

// workOf is a day of one developer.
func (s *shop) workOf(d *raw.Day, p raw.Person, add func(t time.Time, e deed)) {
	n, last := 10+d.RNG.IntN(14), 20.0
	if !d.Workday() {
		if !d.Chance(0.06) {
			return
		}
		n = 3
	}
	if p.Night && d.Chance(0.2) {
		last = 24
	}
	d.Scattered(n, 9.5, last, func(t time.Time) {
		e := deed{actor: p.Name, from: p.Place(t), repo: raw.Pick(d.RNG, repositories()), agent: gitAgent}
		switch d.RNG.IntN(6) {
		case 0:
			e.action, e.agent = "pull_request.merge", p.Agent
		case 1:
			e.action, e.agent = "pull_request.create", p.Agent
		case 2:
			e.action, e.more = "git.clone", byKey()
		case 3:
			e.action, e.more = "git.push", byKey()
		default:
			e.action, e.more = "git.fetch", byKey()
		}
		add(t, e)
	})
}

// taken is what was done with the stolen token, and with the key it added.
func (s *shop) taken(d *raw.Day, add func(t time.Time, e deed)) {
	for i, repo := range repositories() {
		d.On(at("07-03 02:14:33").Add(time.Duration(i)*68*time.Second), func(t time.Time) {
			add(t, deed{"git.clone", machineUser, taker, repo, "git/2.39.5", byToken()})
		})
	}
	d.On(at("07-03 02:47:10"), func(t time.Time) {
		add(t, deed{"public_key.create", machineUser, taker, "billing", "python-requests/2.32.3", append(byToken(), raw.Member{Key: "title", Value: "ci-mirror-7f"}, raw.Member{Key: "read_only", Value: "false"})})
	})
	d.On(at("07-03 02:52:41"), func(t time.Time) { add(t, deed{"git.push", machineUser, taker, "billing", "git/2.39.5", byToken()}) })
	d.On(at("07-03 02:55:12"), func(t time.Time) {
		add(t, deed{"workflows.created_workflow_run", machineUser, taker, "billing", "python-requests/2.32.3", raw.Object{{"name", "cache-warm.yml"}, {"event", "workflow_dispatch"}}})
	})
	for _, when := range []string{"07-05 03:40:11", "07-08 03:11:52", "07-10 23:48:26", "07-11 02:20:05"} {
		d.On(at(when), func(t time.Time) {
			add(t, deed{"git.fetch", "deploy_key", reader, "billing", "git/2.39.5", append(byKey(), raw.Member{Key: "title", Value: "ci-mirror-7f"})})
		})
	}
	answer := func(when, action, repo string, more raw.Object) {
		d.On(at(when), func(t time.Time) {
			add(t, deed{action, "h.kanno", s.person("h.kanno").Home, repo, s.person("h.kanno").Agent, more})
		})
	}
	answer("07-10 23:10:00", "personal_access_token.access_revoked", "", raw.Object{{"user", machineUser}})
	answer("07-11 10:32:00", "public_key.delete", "billing", raw.Object{{"title", "ci-mirror-7f"}})
}
