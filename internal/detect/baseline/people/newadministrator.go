package people

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/bounded"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/event"
)

type administrators struct {
	learn, remember int32
	groups          []string
	granters        *bounded.Table[string, learn.Dayset]    // by account, or by host where none is stated
	grants          *bounded.Table[[2]string, learn.Dayset] // by account and what it was granted
	info            finding.Info
}

const maxGrants = 20_000

func (b *persons) tuneAdministrators(t *learn.Tuning) {
	p := &b.admins
	p.learn, p.remember = b.span(t, "learn", 14*learn.Day), b.span(t, "remember", 120*learn.Day)
	p.groups = lowered(t.List("groups", []string{
		"wheel", "sudo", "root", "docker", "lxd", "account operators", "backup operators", "server operators", "powerusers", "poweruseraccess", "iamfullaccess",
	}))
	p.granters = bounded.NewTable[string, learn.Dayset](maxGrants, b.kit.Evicted())
	p.grants = bounded.NewTable[[2]string, learn.Dayset](maxGrants, b.kit.Evicted())
	p.info = finding.Info{
		ID:    "baseline-new-administrator",
		Title: "Administrator rights granted", TitleJA: "管理者権限が付与された",
		Description: "An account is put into a group or role that administers (its name says admin or owner, or is one of groups). Low when who grants did so before " +
			"within the remembered days, or while konseki is learning; medium from somebody who never did; high when somebody grants to himself. The same grant on " +
			"further machines is not repeated. It cannot see rights given by editing files such as sudoers.",
		DescriptionJA: "管理の権限をもつグループや役割（名前に admin・owner・管理者などを含む、または groups に挙げたもの）にアカウントが加えられた。記憶している日数のあいだに付与をしたことのある者によるもの、" +
			"および学習中は「低」、したことのない者なら「中」、自分自身への付与なら「高」。同じ付与がほかのホストで続いても繰り返さない。sudoers などのファイルの編集による付与は見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.persistence", "attack.privilege-escalation", "attack.t1098"},
		Params: t.Params(),
	}
}

// administers reports whether a group, role or policy gives rights over others.
func (p *administrators) administers(granted string) bool {
	name := strings.ToLower(granted)
	if i := strings.LastIndexAny(name, `\/`); i >= 0 {
		name = name[i+1:]
	}
	for _, word := range [...]string{"admin", "owner", "管理者", "特権"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return slices.Contains(p.groups, name)
}

// granted judges and learns a grant.
func (b *persons) granted(ev *event.Event) {
	p := &b.admins
	role, who := ev.Note("granted"), learn.AccountKey(ev.Note("grantee"))
	if role == "" || who == "" || ev.StatusID == event.StatusFailure || !p.administers(role) {
		return
	}
	today := learn.DayOf(ev.Time)
	by := learn.AccountKey(ev.ActorUser)
	granter, _ := p.granters.Get(strings.Clone(cmp.Or(by, "\x00"+ev.Host)))
	grant, _ := p.grants.Get([2]string{strings.Clone(who), strings.ToLower(role)})
	repeated, practised := grant.Any(today-p.remember, today), granter.Any(today-p.remember, today-1)
	granter.Mark(today)
	grant.Mark(today)
	if repeated {
		b.kit.Repeat()
		return
	}
	level := finding.LevelMedium
	switch {
	case by != "" && by == who:
		level = finding.LevelHigh
	case practised, !b.watching(today, p.learn, p.remember):
		level = finding.LevelLow
	}
	f := learn.About(ev, level)
	f.Object = role
	shown, shownJA := finding.Shown(ev.ActorUser), finding.Shown(ev.ActorUser)
	if by == "" {
		shown, shownJA = "somebody on "+finding.Shown(ev.Host), finding.Shown(ev.Host)+" 上の何者か"
	}
	before, beforeJA := "who never granted such rights", "これまで付与をしたことがない"
	if practised {
		before, beforeJA = "who has granted such rights before", "以前にも付与をしたことがある"
	}
	f.Why = fmt.Sprintf("%s was given %s by %s, %s in the remembered %d days.", finding.Shown(ev.Note("grantee")), finding.Shown(role), shown, before, p.remember)
	f.WhyJA = fmt.Sprintf("%s に %s の権限が %s によって付与された。付与した者は、記憶している %d 日間に%s。",
		finding.Shown(ev.Note("grantee")), finding.Shown(role), shownJA, p.remember, beforeJA)
	b.kit.Raise(f, &p.info, who, role)
}
