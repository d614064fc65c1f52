package secret

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

func scanner(t testing.TB) *Scanner {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scanRaw(t testing.TB, s *Scanner, raw string) []Hit {
	t.Helper()
	return s.Scan(&event.Event{ClassUID: event.ClassBase}, []byte(raw))
}

func TestCardNumbersAreFoundInAnyText(t *testing.T) {
	s := scanner(t)
	for _, x := range []struct{ raw, masked string }{
		{"4111111111111111", "411111******1111"},
		{"お支払いカードは 4111-1111-1111-1111 でした", "411111******1111"},
		{"card 4111 1111 1111 1111 123", "411111******1111"},
		{"2026-11-22 4111 1111 1111 1111 12/27", "411111******1111"},
		{"カード番号：４１１１　１１１１　１１１１　１１１１", "411111******1111"},
		{"カード番号４１１１－１１１１－１１１１－１１１１", "411111******1111"},
		{"４１１１１１１１１１１１１１１１", "411111******1111"},
		{"GET /pay?no=5555555555554444&x=1 HTTP/1.1", "555555******4444"},
		{"GET /pay?no=%205555555555554444 HTTP/1.1", "555555******4444"},
		{"n=5555+5555+5555+4444", "555555******4444"},
		{"n=5555%205555%205555%204444&m=1", "555555******4444"},
		{"2223003122003222", "222300******3222"},
		{"amex 3782 822463 10005 12/29", "378282*****0005"},
		{"378282246310005", "378282*****0005"},
		{"JCB 3530111333300000", "353011******0000"},
		{"diners card 30569309025904", "305693****5904"},
		{"3056 930902 5904", "305693****5904"},
		{`{"pan":"6011111111111117","id":7}`, "601111******1117"},
		{`{"card_id":4111111111111111}`, "411111******1111"},
		{`a\n4111111111111111\n`, "411111******1111"},
		{"a,4111111111111111,b", "411111******1111"},
		{"/card/4111111111111111/edit", "411111******1111"},
		{"INSERT INTO payments VALUES (17, '4111111111111111', '12/27')", "411111******1111"},
	} {
		got := scanRaw(t, s, x.raw)
		if len(got) != 1 || got[0].Kind != KindCard || got[0].Masked != x.masked || got[0].Field != "raw" || got[0].Count != 1 {
			t.Errorf("%q: %+v", x.raw, got)
		}
	}
}

func TestNumbersThatAreNoCardsAreLeftAlone(t *testing.T) {
	s := scanner(t)
	for _, raw := range []string{
		"4111111111111112",                        // Luhn
		"0000000000000000", "4444 4444 4444 4444", // one digit
		"1111 4111 1111 1111 1111",               // a longer number in fours
		"4111 1111 1111 1111 1111",               // the same
		"94111111111111111", "41111111111111110", // longer runs
		"4111111111111111abcdef", "ab4111111111111111", // parts of hashes
		"6f1c-4111111111111111", "x_4111111111111111",
		"0.4111111111111111", "4111111111111111.25",
		"eventtime=1557771654587081441 seq=4111111111111111",
		`{"trace_id":"4111111111111111"}`, `{"doc_id": 4111111111111111}`, `"uniqueQualifier":"4111111111111111"`,
		"注文番号：4111111111111111", "電話番号は4111111111111111",
		"GET /orders/4111111111111111 HTTP/1.1",
		"4111111111111111@docomo.example.jp",
		"4901234567894",                                         // JAN code
		"4222222222222", "5018000000000009", "6304000000000000", // lengths and ranges hardly issued, nothing beside them
		"550e8400-e29b-41d4-a716-446655440000",
		"2026-11-22 03:04:05.123456789", "20261122030405123",
		"4111-1111 1111-1111", // parted in two ways
		"tel 03-1234-5678 fax 03-1234-5679",
		"4111\n1111\n1111\n1111",
		"", "4", "４", "%4", "\xEF", "\xEF\xBC", "%B", "cvv",
	} {
		if got := scanRaw(t, s, raw); len(got) != 0 {
			t.Errorf("%q: %+v", raw, got)
		}
	}
}

func TestMagneticStripeDataIsFound(t *testing.T) {
	s := scanner(t)
	for _, raw := range []string{
		"%B4111111111111111^TARO/YAMADA^29121011000?", ";4111111111111111=29121011234567890?", "57=4111111111111111D29121011234", "track2=4111111111111111%3D29121010000",
	} {
		got := scanRaw(t, s, raw)
		if len(got) != 1 || got[0].Kind != KindTrack || got[0].Level != "critical" || got[0].Masked != "411111******1111" {
			t.Errorf("%q: %+v", raw, got)
		}
	}
	for _, raw := range []string{"4111111111111111=abc", "4111111111111111=29131011234"} {
		if got := scanRaw(t, s, raw); len(got) != 1 || got[0].Kind != KindCard {
			t.Errorf("%q: %+v", raw, got)
		}
	}
}

func TestSecurityCodesAreFoundBesideTheirNames(t *testing.T) {
	s := scanner(t)
	for _, raw := range []string{
		"GET /pay?cvv=123&x=1", `{"cvv2":"1234"}`, `{\"cvc\":\"123\"}`, "CVC: 123", "セキュリティコード：１２３", "セキュリティコードは123です", "card_cvv=123",
		"security code 123", "カードのセキュリティーコード番号: 1234", "card verification value = 987",
	} {
		got := scanRaw(t, s, raw)
		if len(got) != 1 || got[0].Kind != KindSecurityCode || got[0].Masked != "***" {
			t.Errorf("%q: %+v", raw, got)
		}
	}
	for _, raw := range []string{
		"cvv=***", "cvv required", "セキュリティコードを入力してください", "security code 123456", "cvv_length=3", "CVSS: 9.8", "cve-2026-1234", "cvv=12", "cv=123", "cvv=123abc",
	} {
		if got := scanRaw(t, s, raw); len(got) != 0 {
			t.Errorf("%q: %+v", raw, got)
		}
	}
}

func TestCardsAreCountedAndPlaced(t *testing.T) {
	s := scanner(t)
	ev := &event.Event{ClassUID: event.ClassDatastore, Statement: "UPDATE t SET n='4111111111111111', m='5555555555554444'"}
	got := s.Scan(ev, []byte("LOG: statement: "+ev.Statement))
	if len(got) != 1 || got[0].Field != "statement" || got[0].Count != 2 {
		t.Errorf("%+v", got)
	}
	ev.Object = "card 4111111111111111"
	if got := s.Scan(ev, []byte("LOG: statement: "+ev.Statement)); len(got) != 1 || got[0].Field != "object" {
		t.Errorf("the object holds it too: %+v", got)
	}
	ev.Nth = 1
	if got := s.Scan(ev, []byte(ev.Statement)); len(got) != 0 {
		t.Errorf("the record's text counted for its second event: %+v", got)
	}
	ev = &event.Event{Nth: 3, Text: "カード 4111111111111111"}
	if got := s.Scan(ev, []byte{0xFF}); len(got) != 1 || got[0].Field != "text" {
		t.Errorf("%+v", got)
	}
}

// cardDigits makes a number with a right Luhn digit from a range.
func cardDigits(rt *rapid.T) string {
	all := ranges()
	r := rapid.SampledFrom(all[:]).Draw(rt, "range")
	six := rapid.IntRange(r.from, r.to).Draw(rt, "six")
	n := rapid.IntRange(r.short, r.long).Draw(rt, "length")
	digits := make([]byte, 0, n)
	for div := 100000; div > 0; div /= 10 {
		digits = append(digits, byte('0'+six/div%10))
	}
	for len(digits) < n {
		digits = append(digits, byte('0'+rapid.IntRange(0, 9).Draw(rt, "digit")))
	}
	for d := byte('0'); d <= '9'; d++ {
		if digits[n-1] = d; luhn(digits) {
			break
		}
	}
	return string(digits)
}

func TestNoHitHoldsSevenDigitsOfACard(t *testing.T) {
	s := scanner(t)
	rapid.Check(t, func(rt *rapid.T) {
		card := cardDigits(rt)
		before := rapid.SampledFrom([]string{"card=", "カード番号：", "", "%B", ";", "クレジット ", `{"pan":"`}).Draw(rt, "before")
		after := rapid.SampledFrom([]string{"", "\"}", "=29121011234?", "^A/B^2912101?", " cvv 123", "です"}).Draw(rt, "after")
		written := card
		if rapid.Bool().Draw(rt, "wide") {
			written = strings.Map(func(r rune) rune { return r - '0' + '０' }, card)
		}
		found := scanRaw(t, s, before+written+after)
		if before == "card=" && (after == "" || after == "です") && len(found) == 0 && !sameDigits([]byte(card)) {
			rt.Fatalf("%s is not found", card)
		}
		for _, h := range found {
			for i := 0; i+7 <= len(card); i++ {
				if part := card[i : i+7]; strings.Contains(h.Masked+"|"+h.Title+"|"+h.TitleJA+"|"+h.Field+"|"+h.RuleID, part) {
					rt.Fatalf("%+v shows %s of %s", h, part, card)
				}
			}
		}
	})
}
