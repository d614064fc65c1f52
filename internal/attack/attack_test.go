package attack

import (
	"regexp"
	"testing"
)

func TestEveryTechniqueHasANameAndAKnownTactic(t *testing.T) {
	m := New()
	if n := len(m.Techniques()); n < 600 {
		t.Fatalf("%d techniques", n)
	}
	id := regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	for _, x := range m.Techniques() {
		if !id.MatchString(x.ID) || x.Name == "" || len(x.Tactics) == 0 {
			t.Errorf("technique %+v", x)
		}
		for _, name := range x.Tactics {
			if _, ok := m.Tactic(name); !ok {
				t.Errorf("%s is of tactic %q, which is not in the kill chain", x.ID, name)
			}
		}
	}
	for _, x := range m.Tactics() {
		if x.Name.EN == "" || x.Name.JA == "" || x.Short == "" {
			t.Errorf("tactic %+v", x)
		}
	}
	if n := len(rows(tactics)); n != len(m.Tactics()) {
		t.Errorf("%d tactics in the table, %d in the kill chain", n, len(m.Tactics()))
	}
}

func TestTagIsATechniqueATacticOrUnknown(t *testing.T) {
	m := New()
	for tag, want := range map[string][2]string{
		"attack.t1078.004": {"T1078.004", ""}, "attack.T1078": {"T1078", ""}, "attack.initial-access": {"", "TA0001"}, "attack.ta0040": {"", "TA0040"},
		"attack.s0002": {"", ""}, "attack.g0123": {"", ""}, "cve.2017-5638": {"", ""},
	} {
		technique, tactic, known := m.Tag(tag)
		if technique != want[0] || tactic != want[1] || !known {
			t.Errorf("%s: technique %q, tactic %q, known %v", tag, technique, tactic, known)
		}
	}
	for _, tag := range []string{"attack.t9999", "attack.defense-evasion", "attack.", "attack.t1562.001"} {
		if _, _, known := m.Tag(tag); known {
			t.Errorf("%s is known", tag)
		}
	}
}

func TestURLNamesThePage(t *testing.T) {
	for id, want := range map[string]string{
		"T1078.004": "https://attack.mitre.org/techniques/T1078/004/", "t1078": "https://attack.mitre.org/techniques/T1078/", "TA0001": "https://attack.mitre.org/tactics/TA0001/",
	} {
		if got := URL(id); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
}
