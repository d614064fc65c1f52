package lint

import (
	"testing"

	"github.com/konseki/konseki/internal/event"
)

// What counts as a denial in English, and what only looks like one.
func TestEnglishDenialsAreRecognised(t *testing.T) {
	w := newWords()
	for denies, list := range map[bool][]string{
		true: {
			"No evidence of access was found", "We found no evidence of exfiltration", "We did not find any sign of access", "We didn't find any sign of access",
			"The database was not accessed", "The database wasn’t accessed", "We have not identified any further accounts", "We haven't identified any further accounts",
			"The study failed to find any trace of the address", "We were unable to identify any such access", "Nothing was taken", "None of the servers ran it",
			"Neither the chat nor the groupware was used", "The week passed without any sign of the address", "It was never run", "The file was found nowhere",
		},
		false: {
			"It was stopped no later than 20:00", "Not only the chat but also the groupware was used", "It reached no fewer than 20 servers",
			"It is not known whether the file was read", "We do not know whether the file was read", "We cannot rule out that it was read", "We can't say when it was read",
			"It was not possible to determine the way in", "We were unable to determine the way in", "Server no. 3 was wiped",
			"The account, which had not been used before, signed in", "The database was accessed",
		},
	} {
		for _, text := range list {
			if got := w.negative(event.Phrase{EN: text}); got != denies {
				t.Errorf("%q: %v", text, got)
			}
		}
	}
}
