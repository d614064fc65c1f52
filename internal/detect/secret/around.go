package secret

import "strings"

// What stands beside a number decides whether it stands for itself.
type side uint8

const (
	inside side = iota // part of something longer: a hash, an id, a decimal
	beside             // a part of a path: only a word nearby makes it a card
	apart
)

func neighbours(text string, start, end int) side {
	out := apart
	if start > 0 {
		switch c := text[start-1]; {
		case c == 'n' || c == 'r' || c == 't':
			if start < 2 || text[start-2] != '\\' { // not a line end as JSON writes it
				return inside
			}
		case isWord(c):
			if start < 3 || text[start-3] != '%' || !isHex(text[start-2]) || !isHex(c) {
				return inside
			}
		case (c == '.' || c == '-') && start > 1 && isWord(text[start-2]):
			return inside
		case c == '/':
			out = beside
		}
	}
	if end < len(text) {
		switch c := text[end]; {
		case isWord(c), c == '@':
			return inside
		case (c == '.' || c == '-') && end+1 < len(text) && isWord(text[end+1]):
			return inside
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isTrack reports whether a number at [start,end) is followed by what a card's
// track holds after it (ISO/IEC 7813): on track 1 "^NAME^", on track 2 "=",
// written as "D" by terminals, then expiry YYMM and the service code.
func isTrack(text string, start, end int) bool {
	rest := text[end:]
	if start > 0 && isWord(text[start-1]) && text[start-1] != 'B' && text[start-1] != 'b' {
		return false
	}
	switch {
	case strings.HasPrefix(rest, "^"):
		name, after, ok := strings.Cut(rest[1:min(len(rest), 40)], "^")
		return ok && len(name) >= 2 && len(name) <= 26 && isExpiry(after)
	case strings.HasPrefix(rest, "="), strings.HasPrefix(rest, "D"), strings.HasPrefix(rest, "d"):
		return isExpiry(rest[1:])
	case strings.HasPrefix(rest, "%3D"), strings.HasPrefix(rest, "%3d"):
		return isExpiry(rest[3:])
	}
	return false
}

// isExpiry reports whether s begins with YYMM and three digits.
func isExpiry(s string) bool {
	if len(s) < 7 {
		return false
	}
	for i := range 7 {
		if s[i]-'0' > 9 {
			return false
		}
	}
	month := s[2:4]
	return month >= "01" && month <= "12"
}

// namesCard reports whether a word before a number says that it is a card's.
func namesCard(before string) bool {
	before = strings.ToLower(before)
	for _, w := range [...]string{"card", "カード", "ｶｰﾄﾞ", "クレジット", "credit", "visa", "jcb", "amex", "diners", "デビット"} {
		if strings.Contains(before, w) {
			return true
		}
	}
	last := lastName(before)
	return last == "pan" || last == "cc" || last == "ccnum" || last == "cc_number"
}

// namesOther reports whether the name of the value says that it is something
// else: an id, a time, a count, a number of an order or telephone.
func namesOther(before string) bool {
	before = strings.TrimRight(strings.ToLower(fold(before)), " \t\"'=:\\は")
	for _, w := range [...]string{
		"注文番号", "伝票番号", "受付番号", "会員番号", "顧客番号", "電話番号", "口座番号", "問い合わせ番号", "問合せ番号", "追跡番号", "管理番号", "整理番号", "商品コード", "janコード",
	} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	last := lastName(before)
	for _, w := range [...]string{
		"id", "ids", "uid", "ts", "time", "timestamp", "date", "epoch", "seq", "sequence", "offset", "nonce", "hash", "trace", "span", "session", "request",
		"size", "bytes", "length", "count", "version", "lsn", "xid", "txid", "serial", "jan", "ean", "isbn", "sku", "imei", "tel", "phone", "mobile", "barcode",
		"tracking", "qualifier", "cookie", "duration", "ns", "rev", "revision",
	} {
		if last == w || len(w) > 3 && strings.HasSuffix(last, w) || strings.HasSuffix(last, "_"+w) || strings.HasSuffix(last, "-"+w) {
			return true
		}
	}
	return len(last) > 2 && strings.HasSuffix(last, "id")
}

// lastName gives the name that a text ends with, without quotes and signs of
// assignment after it.
func lastName(before string) string {
	before = strings.TrimRight(before, " \t\"'=:\\")
	i := len(before)
	for i > 0 && (isWord(before[i-1]) || before[i-1] == '-') {
		i--
	}
	return before[i:]
}
