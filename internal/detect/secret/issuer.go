package secret

// An issuer's range tells whether a number can be a card's, and whether it is
// so usual a form that nothing else need speak for it.
type verdict uint8

const (
	notCard verdict = iota
	unusual         // wants a word like "card" near it
	usual
)

// judge compares digits with the ranges that the card schemes publish (ISO/IEC
// 7812 issuer identification numbers) and checks the Luhn digit.
func judge(digits []byte) verdict {
	v := schemeOf(digits)
	if v == notCard || sameDigits(digits) || !luhn(digits) {
		return notCard
	}
	return v
}

func schemeOf(digits []byte) verdict {
	if len(digits) < 13 || len(digits) > 19 {
		return notCard
	}
	six := 0
	for _, d := range digits[:6] {
		six = six*10 + int(d-'0')
	}
	for _, r := range ranges() {
		if six < r.from || six > r.to || len(digits) < r.short || len(digits) > r.long {
			continue
		}
		if len(digits) == r.usual {
			return usual
		}
		return unusual
	}
	return notCard
}

// cardRange is a range of first six digits with its lengths; usual is the
// length in which such cards are nearly always issued, 0 for none.
type cardRange struct{ from, to, short, long, usual int }

func ranges() [19]cardRange {
	return [...]cardRange{
		{400000, 499999, 16, 16, 16}, // Visa
		{400000, 499999, 13, 19, 0},  // Visa, lengths hardly issued
		{510000, 559999, 16, 16, 16}, // Mastercard
		{222100, 272099, 16, 16, 16}, // Mastercard, 2-series
		{340000, 349999, 15, 15, 15}, // American Express
		{370000, 379999, 15, 15, 15}, // American Express
		{352800, 358999, 16, 19, 16}, // JCB
		{300000, 305999, 14, 19, 0},  // Diners Club
		{309500, 309599, 14, 19, 0},  // Diners Club
		{360000, 369999, 14, 19, 0},  // Diners Club
		{380000, 399999, 14, 19, 0},  // Diners Club
		{601100, 601199, 16, 19, 16}, // Discover
		{644000, 659999, 16, 19, 16}, // Discover
		{620000, 629999, 16, 19, 16}, // UnionPay
		{220000, 220499, 16, 19, 0},  // Mir
		{500000, 509999, 13, 19, 0},  // Maestro
		{560000, 589999, 13, 19, 0},  // Maestro
		{630000, 639999, 13, 19, 0},  // Maestro
		{670000, 679999, 13, 19, 0},  // Maestro
	}
}

// luhn checks the last digit (ISO/IEC 7812-1, annex B).
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func sameDigits(digits []byte) bool {
	for _, d := range digits[1:] {
		if d != digits[0] {
			return false
		}
	}
	return true
}
