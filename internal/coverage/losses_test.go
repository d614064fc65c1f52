package coverage

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// minute is a minute of the first invented hour.
func minute(n int) time.Time { return day().Add(time.Duration(n) * time.Minute) }

// loss is a loss of one record in a minute.
func loss(source, door string, kind event.LossKind, reason string, at time.Time, n int64) Loss {
	return Loss{Source: source, Host: "192.0.2.1", Door: door, Kind: kind, Reason: reason, From: at, To: at.Add(time.Minute), Records: n}
}

func TestAnIntervalWithKnownLossesIsAGapThatSaysHowManyAndWhy(t *testing.T) {
	file := Source{ID: "s", Ack: "acknowledged"}
	udp := Source{ID: "s", Ack: "datagram"}
	dropped := func(source, door string, at time.Time, n int64) Loss {
		return loss(source, door, event.LossDropped, event.WhyUDPSystem, at, n)
	}
	for _, c := range []struct {
		name   string
		source Source
		losses []Loss
		want   string
		reason string
	}{
		{"dropped", udp, []Loss{dropped("s", "syslog/udp", minute(10), 3)},
			"best_effort 00:00–00:10 gap 00:10–00:11 best_effort 00:11–01:00 ", "3 dropped (the operating system dropped UDP)"},
		{"minutes that touch are one gap", udp, []Loss{dropped("s", "syslog/udp", minute(11), 4), dropped("s", "syslog/udp", minute(10), 3)},
			"best_effort 00:00–00:10 gap 00:10–00:12 best_effort 00:12–01:00 ", "7 dropped (the operating system dropped UDP)"},
		{"of nobody knows whom, by the same transport", udp, []Loss{dropped("", "syslog/udp", minute(10), 3)},
			"best_effort 00:00–00:10 gap 00:10–00:11 best_effort 00:11–01:00 ", "3 dropped"},
		{"of nobody knows whom, by another transport", file, []Loss{dropped("", "syslog/udp", minute(10), 3)}, "complete 00:00–01:00 ", ""},
		{"of another source", udp, []Loss{dropped("other", "syslog/udp", minute(10), 3)}, "best_effort 00:00–01:00 ", ""},
		{"rejected for good", file, []Loss{loss("s", "http", event.LossRejected, event.WhyOversize, minute(10), 2)},
			"complete 00:00–00:10 gap 00:10–00:11 complete 00:11–01:00 ", "2 rejected (longer than the limit)"},
		{"rejected for now", file, []Loss{loss("s", "http", event.LossRejected, event.WhyVault, minute(10), 2)},
			"complete 00:00–00:10 best_effort 00:10–00:11 complete 00:11–01:00 ", "2 rejected (the vault could not take them); the sender was asked to send again"},
		{"who is refused without a name may be the source", file, []Loss{loss("", "http", event.LossRejected, event.WhyToken, minute(10), 2)},
			"complete 00:00–00:10 best_effort 00:10–00:11 complete 00:11–01:00 ", "senders without a name were turned away, and may have been of this source: 2 rejected"},
		{"at another kind of door", file, []Loss{loss("", "syslog/tls", event.LossRejected, event.WhyHandshake, minute(10), 2)}, "complete 00:00–01:00 ", ""},
		{"from where the source does not send", Source{ID: "s", Ack: "acknowledged", Match: Match{Addresses: []string{"198.51.100.0/24"}}},
			[]Loss{loss("", "http", event.LossRejected, event.WhyToken, minute(10), 2)}, "complete 00:00–01:00 ", ""},
		{"from where the source sends", Source{ID: "s", Ack: "acknowledged", Match: Match{Addresses: []string{"192.0.2.0/24"}}},
			[]Loss{loss("", "http", event.LossRejected, event.WhyToken, minute(10), 2)},
			"complete 00:00–00:10 best_effort 00:10–00:11 complete 00:11–01:00 ", "senders without a name were turned away"},
		{"refused, where people vouch for the time", Source{ID: "s", Ack: "acknowledged", Covers: []Claim{{From: hour(0), To: hour(40)}}},
			[]Loss{loss("", "http", event.LossRejected, event.WhyToken, minute(10), 2)}, "complete 00:00–01:00 ", ""},
		{"what is here", file, []Loss{loss("s", "http", event.LossLate, event.WhyLate, minute(10), 2), loss("s", "http", event.LossDuplicate, event.WhySameBatch, minute(10), 2)}, "complete 00:00–01:00 ", ""},
		{"a file refused says nothing of this time", file, []Loss{loss("s", "file", event.LossRejected, event.WhyEncrypted, minute(10), 1)}, "complete 00:00–01:00 ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := made([]Source{c.source}, hourly("s", "", 0, 48), c.losses, time.Hour, hour(48)).Coverage("s", hour(0), hour(1))
			var text string
			for _, iv := range got.Intervals {
				text += fmt.Sprintf("%s %s–%s ", iv.State, iv.From.Format("15:04"), iv.To.Format("15:04"))
				if iv.Proof == counted && (!strings.HasPrefix(iv.Reason.EN, c.reason) || c.reason == "" || iv.Reason.JA == "") {
					t.Errorf("the reason is %+v, not %q", iv.Reason, c.reason)
				}
			}
			if text != c.want {
				t.Errorf("intervals %s\nwant      %s", text, c.want)
			}
		})
	}
}

func TestASourceOfWhichEverythingWasLostIsInTheLedger(t *testing.T) {
	l := made(nil, nil, []Loss{loss("fw", "syslog/udp", event.LossDropped, event.WhyUDPQueue, minute(0), 9)}, time.Hour, hour(1))
	first, last := l.Reach()
	if !first.Equal(minute(0)) || !last.Equal(minute(1).Add(-1)) {
		t.Errorf("it reaches from %s to %s", first, last)
	}
	all := l.All(first, last.Add(1))
	if len(all) != 1 || all[0].Source != "fw" || all[0].State != Gap || all[0].Lost.Dropped != 9 {
		t.Errorf("%+v", all)
	}
}

func TestAnswersNameWhatWasLostInTheirWindow(t *testing.T) {
	late := loss("s", "http", event.LossLate, event.WhyLate, minute(20), 5)
	late.LateMS = 5_400_000
	losses := []Loss{
		late, loss("s", "http", event.LossUnparsed, event.WhyNoFormat, minute(20), 7),
		loss("", "http", event.LossRejected, event.WhyToken, minute(20), 2),
		loss("s", "file", event.LossRejected, event.WhyEncrypted, hour(1000), 1),
		loss("s", "http", event.LossUnparsed, event.WhyNoFormat, hour(30), 100), // not in the window
		loss("s", "http", event.LossDuplicate, event.WhySameBatch, minute(20), 11),
	}
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "acknowledged"}}, Seen: hourly("s", "", 0, 48), Losses: losses, Shut: losses[3:4], Width: time.Hour, Now: hour(48)})
	var text string
	for _, b := range l.Answer(Question{From: hour(0), To: hour(1)}).Because {
		if b.JA == "" || b.EN == "" {
			t.Errorf("%+v is not in both languages", b)
		}
		text += b.EN + "\n"
	}
	for _, want := range []string{"s: 7 unparsed (no format could read them); 5 late (arrived long after the time they state, by up to 1 h 30 min); 1 rejected (encrypted)", "of no known source: 2 rejected (no token, or not a valid one)"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "107") || strings.Contains(text, "duplicate") {
		t.Errorf("it says too much:\n%s", text)
	}
}

func TestWhatADoorRefusedWithoutAnyNameIsNotCovered(t *testing.T) {
	refused := []Loss{loss("", "http", event.LossRejected, event.WhyToken, minute(70), 2)}
	l := New(Facts{Sources: []Source{{ID: "s", Ack: "acknowledged"}}, Seen: hourly("s", "", 0, 48), Losses: refused, Width: time.Hour, Now: hour(48)})
	for from, want := range map[int]Verdict{1: VerdictUnknown, 3: NotFoundCovered} {
		if a := l.Answer(Question{From: hour(from), To: hour(from + 2)}); a.Verdict != want {
			t.Errorf("from hour %d: %s because %s", from, a.Verdict, because(a))
		}
	}
}

func TestAFileThatCouldNotBeReadMayHoldWhatIsNotFound(t *testing.T) {
	file := loss("s", "file", event.LossRejected, event.WhyUnreadable, hour(1000), 1)
	file.Path = "s/b.log.gz"
	whole := event.Attestation{Source: "s", From: hour(0), To: hour(48), Proof: event.ProofFile}
	numbered := whole
	numbered.Proof = event.ProofSequence
	for name, c := range map[string]struct {
		source   Source
		attested event.Attestation
		shut     []Loss
		want     Verdict
	}{
		"nothing is shut":                       {Source{ID: "s", Ack: "file"}, whole, nil, NotFoundCovered},
		"complete by its files":                 {Source{ID: "s", Ack: "file"}, whole, []Loss{file}, VerdictUnknown},
		"complete by a gap-free chain":          {Source{ID: "s", Ack: "file"}, numbered, []Loss{file}, NotFoundCovered},
		"somebody vouches for all of the files": {Source{ID: "s", Ack: "file", Covers: []Claim{{From: hour(0), To: hour(48)}}}, event.Attestation{Source: "s", From: hour(900), To: hour(901), Proof: event.ProofFile}, []Loss{file}, NotFoundCovered},
		"of another source":                     {Source{ID: "s", Ack: "file"}, whole, []Loss{loss("r", "file", event.LossRejected, event.WhyUnreadable, hour(1000), 1)}, NotFoundCovered},
	} {
		t.Run(name, func(t *testing.T) {
			l := New(Facts{Sources: []Source{c.source}, Seen: hourly("s", "", 0, 48), Losses: c.shut, Shut: c.shut, Attested: []event.Attestation{c.attested}, Width: time.Hour, Now: hour(2000)})
			a := l.Answer(Question{From: hour(1), To: hour(9), Sources: []string{"s"}})
			said := fmt.Sprint(a.Because)
			if a.Verdict != c.want || a.Verdict == VerdictUnknown && (!strings.Contains(said, "could not be imported whole") || !strings.Contains(said, file.Path)) {
				t.Errorf("verdict %s, because %s", a.Verdict, said)
			}
		})
	}
}

// Every reason that can be sealed is in words, in both languages.
func TestEveryReasonIsInWords(t *testing.T) {
	src, err := os.ReadFile("../event/loss.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(src)) {
		_, code, ok := strings.Cut(line, `= "`)
		if !strings.HasPrefix(strings.TrimSpace(line), "Why") || !ok {
			continue
		}
		code, _, _ = strings.Cut(code, `"`)
		if p := (Loss{Reason: code}).Why(); p.EN == "no known reason" || p.JA == "" || p.EN == "" {
			t.Errorf("%q is not in words: %+v", code, p)
		}
		n++
	}
	if n < 20 {
		t.Fatalf("%d reasons were found", n)
	}
}

// The JSON that scripts rely on.
func TestLossesInCoverageAsJSON(t *testing.T) {
	late := loss("s", "http", event.LossLate, event.WhyClockAhead, minute(3), 5)
	late.LateMS, late.Bytes = 5_400_000, 720
	refused := loss("s", "file", event.LossRejected, event.WhyEncrypted, minute(200), 1)
	refused.Path, refused.Host = "vpn/a.zip!b.log", ""
	l := made([]Source{{ID: "s", Ack: "acknowledged", Kind: "vpn", Name: event.Phrase{JA: "VPN 装置", EN: "VPN gateway"}}}, hourly("s", "", 0, 48), []Loss{
		late, refused, loss("s", "http", event.LossRejected, event.WhyOversize, minute(30), 2),
		loss("s", "http", event.LossUnparsed, event.WhyNoFormat, minute(31), 2), loss("s", "http", event.LossUnparsed, event.WhyNoFormat, minute(33), 2),
	}, time.Hour, hour(48))
	got, err := json.Marshal(l.Coverage("s", hour(0), hour(1)), json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "losses.json")
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Error(diff)
	}
}

// drawLoss is a loss of any of a few sources, senders, doors and minutes.
func drawLoss(t *rapid.T) Loss {
	l := loss(rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "source"), rapid.SampledFrom([]string{"file", "http", "syslog/udp", "syslog/tcp"}).Draw(t, "door"),
		rapid.SampledFrom(event.LossKinds()).Draw(t, "kind"), rapid.SampledFrom([]string{event.WhyVault, event.WhyOversize, event.WhyUDPQueue, "unheard of"}).Draw(t, "reason"),
		minute(rapid.IntRange(-2000, 5000).Draw(t, "minute")), int64(rapid.IntRange(1, 1000).Draw(t, "records")))
	l.Host = fmt.Sprint("192.0.2.", rapid.IntRange(0, 200).Draw(t, "host"))
	return l
}

func TestSumsStayWithinTheirRowsAndLeaveNothingOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 40).Draw(t, "rows")
		sum := NewLosses(rows)
		list := rapid.SliceOfN(rapid.Custom(drawLoss), 0, 300).Draw(t, "losses")
		for _, l := range list {
			sum.Add(l)
		}
		if got := SumLosses(sum.All()); got != SumLosses(list) {
			t.Fatalf("%+v of %+v", got, SumLosses(list))
		}
		const doorsAndKinds = 4 * 5
		if sum.Len() > rows+doorsAndKinds {
			t.Fatalf("%d rows, at most %d", sum.Len(), rows)
		}
		for _, l := range sum.All() {
			if !l.From.Before(l.To) || l.Records <= 0 {
				t.Fatalf("%+v", l)
			}
		}
	})
}

func TestEachLossOfASourceIsInOneIntervalAndIntervalsStillTouch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawLoss), 0, 100).Draw(t, "losses")
		sources := []Source{{ID: "a", Ack: "datagram"}, {ID: "b", Ack: "acknowledged"}, {ID: "c", Ack: "file"}}
		l := made(sources, hourly("a", "", 0, 48), list, time.Hour, hour(50))
		from := minute(rapid.IntRange(-2000, 5000).Draw(t, "from"))
		to := from.Add(time.Duration(rapid.IntRange(1, 5000).Draw(t, "length")) * time.Minute)
		for _, c := range l.All(from, to) {
			want := LossSums{}
			for _, x := range list {
				if x.Source == c.Source && (x.Door == "file" || x.From.Before(to) && x.To.After(from)) {
					*want.of(x.Kind) += x.Records
				}
			}
			var got []Loss
			at := from
			for _, iv := range c.Intervals {
				if !iv.From.Equal(at) || !iv.From.Before(iv.To) {
					t.Fatalf("%s: an interval begins %s, not %s", c.Source, iv.From, at)
				}
				at = iv.To
				got = append(got, iv.Losses...)
			}
			if !at.Equal(to) || SumLosses(got) != want || c.Lost != want {
				t.Fatalf("%s ends %s of %s; lost %+v and %+v, want %+v", c.Source, at, to, SumLosses(got), c.Lost, want)
			}
		}
	})
}
