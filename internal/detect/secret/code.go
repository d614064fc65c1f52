package secret

import (
	"regexp"
	"strings"
)

// securityCode finds the three or four digits printed on a card (CVV2, CVC2,
// CAV2, セキュリティコード) beside the word that names them.
type securityCode struct{ pattern *regexp.Regexp }

func newSecurityCode() securityCode {
	return securityCode{regexp.MustCompile(`(?i)^(?:cvv2?|cvc2?|cav2|security[ _-]?code|card[ _-]?verification[ _-]?(?:value|code|number)|セキュリティー?・?コード)` +
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

// codeSpan is how far behind its name a code may stand, in bytes.
const codeSpan = 96

// at reports whether the word at i names a code that stands beside it.
func (c securityCode) at(text string, i int) bool {
	if i > 0 && text[i-1]|0x20 >= 'a' && text[i-1]|0x20 <= 'z' && (i < 2 || text[i-2] != '\\') || !startsCode(text[i:]) {
		return false
	}
	return c.pattern.MatchString(fold(text[i:min(len(text), i+codeSpan)]))
}

func codeHit(field string) Hit {
	return Hit{
		RuleID: "secret." + KindSecurityCode, Kind: KindSecurityCode, Level: "high", Field: field, Masked: "***",
		Title: "Card security code in clear text", TitleJA: "カードのセキュリティコードの平文記録",
	}
}
