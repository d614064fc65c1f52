package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/coverage"
)

// An empty answer is not covered by records that hold what was asked for and that
// nobody understood, by accounts written otherwise, by hosts that never sent, and
// by events whose time may lie in the window.
func TestNotFoundIsNotCoveredByWhatWasOverlooked(t *testing.T) {
	t.Parallel()
	s := started(t)
	var lines []string
	for h := range 48 {
		lines = append(lines, sshLine(jst(1, 0, 0).Add(time.Duration(h)*time.Hour), "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"))
	}
	lines = append(lines, "\x01 a form of firmware 9: in hanako 203.0.113.77 [2001:DB8:0:0:0:0:0:7]",
		"\x02 GET-ish ?who=ichiro%40example.com&via=2001%3Adb8%3A%3A9&name=%E8%8A%B1%E5%AD%90", `\x02 blob <<"jiro\u4e8c\u90ce" "CORP\\shiro">>`, "\x02 g\x00o\x00r\x00o\x00 \x002\x000\x003\x00.\x000\x00.\x001\x001\x003\x00.\x008\x00",
		jst(1, 6, 0).Format("Jan _2 15:04:05")+" web-01 newauthd[9]: session granted to saburo at 203.0.113.99")
	dir := t.TempDir()
	put(t, dir, "auth.log", strings.Join(lines, "\n")+"\n")
	if err := os.Chtimes(filepath.Join(dir, "auth.log"), jst(4, 0, 0), jst(4, 0, 0)); err != nil {
		t.Fatal(err)
	}
	imported(t, s, dir)
	for _, c := range []struct {
		ask  control.Ask
		want string // a reason; "" where it is covered
	}{
		{control.Ask{Account: "nobody"}, ""},
		{control.Ask{Address: "203.0.113.7"}, ""}, // which is no part of 203.0.113.77
		{control.Ask{Host: "WEB-01", Account: "nobody"}, ""},
		{control.Ask{Address: "203.0.113.77"}, "1 record that no format could read holds what was asked for"},
		{control.Ask{Address: "::ffff:203.0.113.77"}, "no format could read"},
		{control.Ask{Address: "2001:db8::7"}, "no format could read"},
		{control.Ask{Account: "Hanako"}, "no format could read"},
		{control.Ask{Account: "hanako", Address: "198.51.100.1"}, "no format could read"},
		{control.Ask{Account: "ichiro@example.com"}, "no format could read"},
		{control.Ask{Address: "2001:db8::9"}, "no format could read"},
		{control.Ask{Account: "花子"}, "no format could read"},
		{control.Ask{Account: "jiro二郎"}, "no format could read"},
		{control.Ask{Account: `corp\shiro`}, "no format could read"},
		{control.Ask{Account: "goro"}, "no format could read"},
		{control.Ask{Address: "203.0.113.8"}, "no format could read"},
		{control.Ask{Account: "saburo"}, "1 record whose meaning no format knows"},
		{control.Ask{Account: "saburo", Address: "198.51.100.1"}, ""}, // the record has another address
		{control.Ask{Account: "deploy@example.com"}, "written otherwise (deploy)"},
		{control.Ask{Account: `EXAMPLE\deploy`}, "written otherwise (deploy)"},
		{control.Ask{Host: "web-09"}, "ever had a record of web-09"},
	} {
		c.ask.Kind, c.ask.From, c.ask.To = "login", jst(1, 1, 0), jst(2, 1, 0)
		r, err := s.Ask(t.Context(), "sato", c.ask)
		if err != nil {
			t.Fatal(err)
		}
		covered := r.Answer.Verdict == coverage.NotFoundCovered
		if reasons := fmt.Sprint(r.Answer.Because); covered != (c.want == "") || !strings.Contains(reasons, c.want) {
			t.Errorf("%+v: %s because %s", c.ask, r.Answer.Verdict, reasons)
		}
	}
	for _, address := range []string{"203.0.113", "web-01", "203.0.113.0/24"} {
		if _, err := s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Address: address}); err == nil || !strings.Contains(err.Error(), "is not an address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// What other hosts of a source sent does not show that one was sending.
func TestNotFoundIsNotCoveredByOtherHosts(t *testing.T) {
	t.Parallel()
	s := started(t)
	var lines []string
	for h := range 48 {
		at := jst(1, 0, 0).Add(time.Duration(h) * time.Hour)
		lines = append(lines, sshLine(at, "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"),
			at.Format("Jan _2 15:04:05")+" web-02 cron[9]: (root) CMD (true)")
	}
	dir := t.TempDir()
	put(t, dir, "auth.log", strings.Join(lines, "\n")+"\n")
	if err := os.Chtimes(filepath.Join(dir, "auth.log"), jst(4, 0, 0), jst(4, 0, 0)); err != nil {
		t.Fatal(err)
	}
	imported(t, s, dir)
	for host, want := range map[string]string{"web-01": "of them are of the hosts asked about", "WEB-02": "by this host itself"} {
		r, err := s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Host: host, Account: "nobody", From: jst(1, 1, 0), To: jst(2, 1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		covered := r.Answer.Verdict == coverage.NotFoundCovered
		if reasons := fmt.Sprint(r.Answer.Because); covered != (host == "web-01") || !strings.Contains(reasons, want) {
			t.Errorf("%s: %s because %s", host, r.Answer.Verdict, reasons)
		}
	}
}

func TestNotFoundIsNotCoveredWhereAZoneWasAssumed(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]coverage.Verdict{"": coverage.VerdictUnknown, "Asia/Tokyo": coverage.NotFoundCovered} {
		s := started(t)
		var lines []string
		for h := range 96 {
			lines = append(lines, sshLine(jst(1, 0, 0).Add(time.Duration(h)*time.Hour), "Accepted publickey for deploy from 192.0.2.20 port 50022 ssh2"))
		}
		lines = append(lines, sshLine(jst(3, 8, 30), "Accepted password for hanako from 203.0.113.77 port 50022 ssh2"))
		dir := t.TempDir()
		put(t, dir, "auth.log", strings.Join(lines, "\n")+"\n")
		if err := os.Chtimes(filepath.Join(dir, "auth.log"), jst(6, 0, 0), jst(6, 0, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(t.Context(), "sato", control.Import{Paths: []string{dir}, Zone: zone}); err != nil {
			t.Fatal(err)
		}
		r, err := s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Account: "hanako", From: jst(3, 0, 0), To: jst(3, 8, 0)})
		if err != nil || r.Answer.Verdict != want {
			t.Errorf("zone %q: %s because %v, %v", zone, r.Answer.Verdict, r.Answer.Because, err)
		}
		// half an hour later it is found, whatever the zone was
		r, err = s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Account: "hanako", From: jst(3, 0, 0), To: jst(3, 9, 0)})
		if err != nil || r.Answer.Verdict != coverage.Found {
			t.Errorf("zone %q: %s, %v", zone, r.Answer.Verdict, err)
		}
	}
}

func TestNotFoundIsNotCoveredByAFieldThatNoEventHas(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for text, want := range map[string]coverage.Verdict{
		`source:vpn devname:"fgt-77"`:                 coverage.NotFoundCovered, // every event of a gateway has it
		`source:vpn usr:nobody`:                       coverage.VerdictUnknown,
		`source:vpn (usr:nobody OR devname:"fgt-77")`: coverage.VerdictUnknown,
		`source:vpn user:nobody NOT usr:x`:            coverage.NotFoundCovered,
	} {
		r, err := s.Search(t.Context(), "sato", control.Search{Query: text, From: jst(1, 2, 0), To: jst(1, 6, 0)})
		if err != nil || r.Answer.Verdict != want || want == coverage.VerdictUnknown && !strings.Contains(fmt.Sprint(r.Answer.Because), "has the field usr") {
			t.Errorf("%s: %s because %v, %v", text, r.Answer.Verdict, r.Answer.Because, err)
		}
	}
}

func TestASourceThatHeldSuchEventsMattersWhateverItsKind(t *testing.T) {
	t.Parallel()
	s := opened(t)
	if err := s.AddSource(t.Context(), "sato", control.Source{ID: "vpn", Kind: "web", Ack: "file"}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Ask(t.Context(), "sato", control.Ask{Kind: "login", Account: "nobody", From: jst(1, 2, 0), To: jst(1, 6, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Answer.Coverage {
		if c.Source == "vpn" {
			return
		}
	}
	t.Errorf("a source with logons is left out because it is registered as another kind: %+v", r.Answer)
}

func TestAFileThatIsMostlyUnreadIsNotComplete(t *testing.T) {
	t.Parallel()
	for share, want := range map[int]coverage.State{1: coverage.Complete, 10: coverage.Unparsed} {
		s := started(t)
		var lines []string
		for h := range 48 {
			lines = append(lines, vpnLine(jst(1, 0, 0).Add(time.Duration(h)*time.Hour), "tunnel-up", "sato", "198.51.100.10"))
			if h%(11-share) == 0 {
				lines = append(lines, strings.Repeat("\x01 firmware 9 speaks otherwise\n", 2)+"\x02 still")
			}
		}
		dir := t.TempDir()
		put(t, dir, "vpn/a.log", strings.Join(lines, "\n")+"\n")
		imported(t, s, dir)
		rows, err := s.Coverage(t.Context(), "sato", jst(1, 2, 0), jst(1, 6, 0))
		if err != nil || len(rows) == 0 || rows[0].State != want {
			t.Errorf("%d: %+v, %v", share, rows, err)
		}
	}
}
