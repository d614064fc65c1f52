package secret

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTokensOfKnownServicesAreFound(t *testing.T) {
	s := scanner(t)
	for _, x := range []struct{ text, rule, level string }{
		{"slack のトークン xoxb-" + "123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx", "secret.token.slack-bot-token", "high"},
		{"export GITHUB_TOKEN=ghp_" + "Zx9kQ2mLr8TtVw4BnYc7JdHs6FgPa1Ue3RiO", "secret.token.github-pat", "high"},
		{"aws: AKIA" + "QYLPMN5HHHFPZAM2 を使ってください", "secret.token.aws-access-token", "high"},
		{"api_key = \"q8Zr2Lw9Xk4Tn7Vb\"", "secret.token.generic-api-key", "medium"},
	} {
		got := scanMessage(s, x.text)
		if len(got) != 1 || got[0].RuleID != x.rule || got[0].Level != x.level || got[0].Kind != KindToken {
			t.Errorf("%q: %+v", x.text, got)
		}
	}
	for _, text := range []string{
		"api_key = \"${API_KEY}\"", "token の期限は 90 日です", "key: name-of-the-column", "password=5f4dcc3b5aa765d61d8327deb882cf99", "access_token=", "AKIAEXAMPLE",
	} {
		if got := scanMessage(s, text); len(got) != 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestATextThatNamesEveryServiceIsTriedOnFewRules(t *testing.T) {
	s := scanner(t)
	all := ""
	for _, r := range s.tokens.rules {
		all += r.Keywords[0] + " "
	}
	if n := len(s.tokens.candidates(all)); n < maxTokenRules || n > 2*maxTokenRules {
		t.Errorf("%d of %d rules are tried", n, len(s.tokens.rules))
	}
}

func TestAssignmentsAreTakenNoticeOfWhereTheExpressionMatches(t *testing.T) {
	rules, err := newTokenRules()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"api_key", "ACCESS token", "auth", "my.secret-x", "creds"}).Draw(t, "name") +
			rapid.StringOfN(rapid.RuneFrom([]rune(" \t'\"ab_-.")), 0, 12, -1).Draw(t, "gap") +
			rapid.SampledFrom([]string{"=", ":", ":=", "=>", "||", ",", ">", "?="}).Draw(t, "sign") +
			rapid.StringOfN(rapid.RuneFrom([]rune(" '\"`=")), 0, 6, -1).Draw(t, "after") +
			rapid.StringOfN(rapid.RuneFrom([]rune("aB3_.=-/+")), 0, 20, -1).Draw(t, "value") +
			rapid.SampledFrom([]string{"", " ", "'", ";", "\n"}).Draw(t, "end")
		for i := range rules.rules {
			if r := &rules.rules[i]; r.RuleID == genericKey && r.Regex.MatchString(text) && !assigns(strings.ToLower(text)) {
				t.Fatalf("%q is matched and was not taken notice of", text)
			}
		}
	})
}
