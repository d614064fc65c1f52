package story

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/detect/finding"
)

func start() time.Time { return time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC) }

// item makes a finding at a minute: "rule level account address host".
func item(minute int, text string, tags ...string) Item {
	w := strings.Fields(text)
	blank := func(s string) string {
		if s == "-" {
			return ""
		}
		return s
	}
	it := Item{Finding: finding.Finding{
		RuleID: w[0], Level: w[1], ActorUser: blank(w[2]), SrcIP: blank(w[3]), Host: blank(w[4]), Title: "T " + w[0], TitleJA: "題 " + w[0],
		Why: "Because " + w[0] + ".", WhyJA: w[0] + " のため。", Time: start().Add(time.Duration(minute) * time.Minute), Tags: tags,
	}}
	it.SealDaily(text, it.Time.String())
	return it
}

// told gives "rule@minute+…" of each story.
func told(list []Story) []string {
	var out []string
	for _, s := range list {
		var parts []string
		for _, f := range s.Findings {
			parts = append(parts, fmt.Sprintf("%s@%g", f.RuleID, f.Time.Sub(start()).Minutes()))
		}
		out = append(out, strings.Join(parts, "+"))
	}
	return out
}

func TestFindingsThatShareActorsAreOneStory(t *testing.T) {
	const day = 24 * 60
	for name, c := range map[string]struct {
		items []Item
		want  []string
	}{
		"one account, in several spellings": {[]Item{item(0, "a low abe - -"), item(60, "b high ABE@example.jp - -"), item(120, `c low EX\abe - -`)}, []string{"a@0+b@60+c@120"}},
		"one address":                       {[]Item{item(0, "a low abe 203.0.113.9 -"), item(60, "b low baba 203.0.113.9 -")}, []string{"a@0+b@60"}},
		"nothing shared":                    {[]Item{item(0, "a low abe 203.0.113.9 -"), item(1, "b low baba 203.0.113.8 -")}, []string{"a@0", "b@1"}},
		"the same account too late":         {[]Item{item(0, "a low abe - -"), item(day+1, "b low abe - -")}, []string{"a@0", fmt.Sprintf("b@%d", day+1)}},
		"one leads to the next":             {[]Item{item(0, "a low abe - -"), item(day, "b low abe - -"), item(2*day, "c low abe - -")}, []string{"a@0+b@1440+c@2880"}},
		"two stories become one by a third": {[]Item{item(0, "a low abe - -"), item(5, "b low - 203.0.113.9 -"), item(9, "c low abe 203.0.113.9 -")}, []string{"a@0+b@5+c@9"}},
		"root of two hosts is two people":   {[]Item{item(0, "a low root - web1"), item(90, "b low root - web2")}, []string{"a@0", "b@90"}},
		"one host within the hour":          {[]Item{item(0, "a low - - web1"), item(59, "b low - - WEB1"), item(125, "c low - - web1")}, []string{"a@0+b@59", "c@125"}},
		"one rule on many hosts at once":    {[]Item{item(0, "a high - - web1"), item(9, "a high - - web2"), item(30, "a high - - web3")}, []string{"a@0+a@9", "a@30"}},
		"low ones of one rule stay apart":   {[]Item{item(0, "a low - - web1"), item(9, "a low - - web2")}, []string{"a@0", "a@9"}},
		"a private address, an hour later":  {[]Item{item(0, "a low abe 10.0.0.1 -"), item(61, "b low baba 10.0.0.1 -")}, []string{"a@0", "b@61"}},
	} {
		if d := cmp.Diff(c.want, told(Build(c.items, Options{}))); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestAStorySaysWhyNow(t *testing.T) {
	list := Build([]Item{
		item(0, "a low abe 203.0.113.9 -", "attack.initial-access", "attack.t1078"),
		item(5, "b high abe 203.0.113.9 vpn1", "attack.t1133", "attack.g0016"), item(6, "a low abe 203.0.113.9 -"),
	}, Options{})
	if len(list) != 1 {
		t.Fatalf("%d stories", len(list))
	}
	s := list[0]
	want := Story{
		ID: s.ID, Level: finding.LevelHigh, Title: "T b", TitleJA: "題 b", First: start(), Last: start().Add(6 * time.Minute), Shown: start().Add(5 * time.Minute),
		Why:      "Because b. With 2 more finding(s) of 2 rule(s) since 2018-03-01 00:00:00 UTC.",
		WhyJA:    "b のため。ほかに 2018-03-01 09:00:00 JST から 2 件の検知（ルール 2 種）がある。",
		Accounts: []string{"abe"}, Addresses: []string{"203.0.113.9"}, Hosts: []string{"vpn1"}, Techniques: []string{"T1078", "T1133"}, Tactics: []string{"initial-access"},
		Findings: s.Findings,
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
}

func TestAStorysSentencesStandApart(t *testing.T) {
	for why, want := range map[[2]string][2]string{
		{"b ran", "b が動いた"}:    {"b ran. With 1 more", "b が動いた。ほかに"},
		{"b ran.", "b が動いた。"}:  {"b ran. With 1 more", "b が動いた。ほかに"},
		{"b ran?", "b が動いたか？"}: {"b ran? With 1 more", "b が動いたか？ほかに"},
	} {
		top := item(5, "b high abe - -")
		top.Why, top.WhyJA = why[0], why[1]
		s := Build([]Item{item(0, "a low abe - -"), top}, Options{})[0]
		if !strings.HasPrefix(s.Why, want[0]) || !strings.HasPrefix(s.WhyJA, want[1]) {
			t.Errorf("%q: %s / %s", why, s.Why, s.WhyJA)
		}
		if alone := Build([]Item{top}, Options{})[0]; alone.Why+" With 1 more" != want[0] || alone.WhyJA+"ほかに" != want[1] {
			t.Errorf("%q alone: %s / %s", why, alone.Why, alone.WhyJA)
		}
	}
}

func TestAChainOfTacticsRaisesTheLevelByOne(t *testing.T) {
	chain := []Item{item(0, "a low abe - -", "attack.initial-access"), item(1, "b low abe - -", "attack.execution"), item(2, "c low abe - -", "attack.impact")}
	if s := Build(chain, Options{})[0]; s.Level != finding.LevelMedium || !s.Raised || !strings.Contains(s.Why, "execution, impact, initial-access") {
		t.Errorf("%s, raised %v: %s", s.Level, s.Raised, s.Why)
	}
	if s := Build(chain[:2], Options{})[0]; s.Raised {
		t.Error("two tactics raise the level")
	}
}

func TestMutedFindingsAreCountedAndLeftOut(t *testing.T) {
	items := []Item{item(0, "scan high - 203.0.113.9 web1"), item(1, "other low - 203.0.113.9 web1"), item(60*24*3, "scan high - 203.0.113.9 web1")}
	m := Mute{Owner: "ops", Reason: "authorised scan", Rule: "sc*", Address: "203.0.113.9", Until: start().Add(24 * time.Hour)}
	list := Build(items, Options{Mutes: []Mute{m}})
	if len(list) != 2 || list[0].Muted != 1 || list[0].Level != finding.LevelLow || list[1].Muted != 0 || list[1].Level != finding.LevelHigh {
		t.Errorf("%+v", list)
	}
	all := m
	all.Rule, all.Address, all.Source = "", "203.0.113.*", ""
	if list := Build(items[:2], Options{Mutes: []Mute{all}}); list[0].Muted != 2 || list[0].Counts(finding.LevelInformational) {
		t.Errorf("a story that is muted whole counts: %+v", list)
	}
}

func TestMutesThatAreNotRightAreRefused(t *testing.T) {
	good := Mute{Owner: "ops", Reason: "x", Rule: "a", Until: start().Add(time.Hour)}
	if err := good.Check(start()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Mute){
		"owner": func(m *Mute) { m.Owner = " " }, "reason": func(m *Mute) { m.Reason = "" }, "nothing": func(m *Mute) { m.Rule = "" },
		"past": func(m *Mute) { m.Until = start() }, "for ever": func(m *Mute) { m.Until = start().Add(2 * LongestMute) }, "pattern": func(m *Mute) { m.Rule = "[" },
	} {
		m := good
		change(&m)
		if m.Check(start()) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestBeyondTheBudgetStoriesAreMarkedTheGravestLast(t *testing.T) {
	var items []Item
	for i := range 30 {
		level := finding.LevelMedium
		if i >= 25 {
			level = finding.LevelHigh
		}
		items = append(items, item(i*11, fmt.Sprintf("r%d %s u%d - -", i, level, i)))
	}
	items = append(items, item(3, "info low x - -"))
	list := Build(items, Options{Budget: 10})
	shown, high := 0, 0
	for _, s := range list {
		if s.Counts(finding.LevelMedium) && !s.Over {
			shown++
			if s.Level == finding.LevelHigh {
				high++
			}
		}
	}
	if shown != 10 || high != 5 {
		t.Errorf("%d shown, %d of them high", shown, high)
	}
	if d := cmp.Diff([]Day{{"2018-03-01", 10, 20}}, Days(list, finding.LevelMedium, time.UTC)); d != "" {
		t.Error(d)
	}
}

func TestDaysWithoutAStoryAreListed(t *testing.T) {
	list := Build([]Item{item(0, "a high abe - -"), item(3*24*60, "b high baba - -")}, Options{})
	if days := Days(list, finding.LevelMedium, time.UTC); len(days) != 4 || days[1].Shown != 0 || days[3].Shown != 1 {
		t.Errorf("%+v", days)
	}
}

func TestStoriesDoNotDependOnTheOrderFindingsCameIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for range rapid.IntRange(1, 60).Draw(t, "findings") {
			pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
			items = append(items, item(rapid.IntRange(0, 4000).Draw(t, "minute"), strings.Join([]string{
				pick("rule", "a", "b", "c"), pick("level", "low", "medium", "high"), pick("account", "-", "abe", "root", "baba"),
				pick("address", "-", "203.0.113.9", "198.51.100.2", "10.0.0.1"), pick("host", "-", "web1", "web2"),
			}, " ")))
		}
		want := Build(items, Options{Budget: 2})
		n := 0
		for _, s := range want {
			n += len(s.Findings) + s.Muted
		}
		if n != len(items) {
			t.Fatalf("%d of %d findings are in stories", n, len(items))
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffled := slices.Clone(items)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if d := cmp.Diff(want, Build(shuffled, Options{Budget: 2})); d != "" {
			t.Error(d)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	var items []Item
	for i := range 20_000 {
		items = append(items, item(i, fmt.Sprintf("r%d low u%d 203.0.113.%d h%d", i%40, i%900, i%250, i%60)))
	}
	for b.Loop() {
		Build(items, Options{})
	}
}
