package names_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/investigate/names"
)

func entities(pairs ...string) (out []investigate.Entity) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, investigate.Entity{Real: pairs[i], Public: event.Phrase{JA: pairs[i+1], EN: pairs[i+1]}})
	}
	return out
}

func TestRealNamesGiveWayToPublicOnes(t *testing.T) {
	n := names.New(entities("Yamada", "A", "yamada01", "account A", "Bob", "B", "林", "社員 C", "203.0.113.7", "X"), "ja")
	for text, want := range map[string]string{
		"YAMADA did it":       "A did it",
		"yamada01 logged in":  "account A logged in",
		"xyamadax":            "xAx",
		"Bobby and Bob":       "Bobby and B",
		"user_Bob":            "user_B",
		"林さんがVPNに":            "社員 Cさんがvpnに",
		"from 203.0.113.7:22": "from X:22",
		"":                    "",
	} {
		if strings.Contains(text, "VPN") {
			want = strings.ReplaceAll(want, "vpn", "VPN")
		}
		if got := n.Public(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := names.New(nil, "ja").Public("Yamada"); got != "Yamada" {
		t.Errorf("no names change %q", got)
	}
}

func TestALongRealNameIsNeverLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		real := rapid.StringMatching(`[a-zA-Zſßİа-яが-ん林田]{4,8}`).Draw(t, "real")
		n := names.New(entities(real, "1"), "en")
		cased := strings.Map(func(r rune) rune {
			if rapid.Bool().Draw(t, "case") {
				return unicode.SimpleFold(r)
			}
			return r
		}, real)
		text := rapid.String().Draw(t, "before") + cased + rapid.String().Draw(t, "after")
		if got := n.Public(text); strings.Contains(strings.ToLower(got), strings.ToLower(real)) {
			t.Fatalf("%q is left in %q", real, got)
		}
	})
}
