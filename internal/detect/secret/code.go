package secret

import (
	"regexp"
	"strings"
)

// securityCode finds the three or four digits printed on a card (CVV2, CVC2,
// CAV2, セキュリティコード) beside the word that names them.
type securityCode struct{ pattern *regexp.Regexp }

func newSecurityCode() securityCode {
	return securityCode{regexp.MustCompile(`(?i)(?:^|[^a-z])(?:cvv2?|cvc2?|cav2|security[ _-]?code|card[ _-]?verification[ _-]?(?:value|code|number)|セキュリティー?・?コード)` +
		`(?:[ _-]?(?:no|num|number|code|value|番号))?\.?["'\\]{0,3}\s*(?:[:=]|は|が|is\s|%3d)?\s*[「『("'\\]{0,3}([0-9]{3,4})(?:[^0-9a-z%.:/-]|[.:/-](?:[^0-9]|$)|$)`)}
}

// startsCode reports whether s begins with a word that may name the code.
func startsCode(s string) bool {
	if len(s) < 6 {
		return false
	}
	switch s[0] {
	case 'c', 'C':
		second, third := s[1]|0x20, s[2]|0x20
		return second == 'v' && (third == 'v' || third == 'c') || second == 'a' && (third == 'v' && s[3] == '2' || strings.EqualFold(s[2:4], "rd"))
	case 's', 'S':
		return s[1]|0x20 == 'e' && s[2]|0x20 == 'c' && s[3]|0x20 == 'u' && s[4]|0x20 == 'r'
	}
	return s[1] == 0x82 && strings.HasPrefix(s, "セキュ")
}

func (c securityCode) find(text, field string, found *hits) {
	for range c.pattern.FindAllStringIndex(fold(text), -1) {
		found.add(Hit{
			RuleID: "secret." + KindSecurityCode, Kind: KindSecurityCode, Level: "high", Field: field, Masked: "***",
			Title: "Card security code in clear text", TitleJA: "カードのセキュリティコードの平文記録",
		})
	}
}
