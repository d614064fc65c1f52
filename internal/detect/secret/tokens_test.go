package secret

import "testing"

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
