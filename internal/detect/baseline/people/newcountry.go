package people

import (
	"fmt"
	"strings"

	"github.com/konseki/konseki/internal/detect/baseline/learn"

	"github.com/konseki/konseki/internal/detect/finding"
)

type newCountry struct {
	learn, remember int32
	info            finding.Info
}

func (b *persons) tuneNewCountry(t *learn.Tuning) {
	b.country.learn, b.country.remember = b.span(t, "learn", 14*learn.Day), b.span(t, "remember", 90*learn.Day)
	b.country.info = finding.Info{
		ID:    "baseline-new-country",
		Title: "Account used from a first-seen country", TitleJA: "アカウントが初めての国から使われた",
		Description: "An account succeeds from a country it was not used from within the remembered days. Low with a client or device " +
			"known for the account, as on a journey; high when nobody else is used from that country and the client is new. " +
			"It cannot see countries of sources that state none without an address database, nor an intruder's proxy in the account's own country.",
		DescriptionJA: "記憶している日数のあいだ使われたことのない国から、アカウントが成功した。そのアカウントの既知の端末・クライアントなら出張とみて「低」、" +
			"社内の誰も使わない国からで、クライアントも初めてなら「高」。" +
			"国を記さないログ源は住所データベース（MMDB）がなければ判定できない。普段と同じ国にある踏み台も見えない。",
		Level: finding.LevelHigh, Tags: []string{"attack.initial-access", "attack.t1078"},
		Params: t.Params(),
	}
}

// judgeCountry judges a success from a country that is new to the account.
func (b *persons) judgeCountry(u *use, h *habit) {
	p := &b.country
	if u.place.Country == "" || h.countries.known(u.place.Country, u.day, p.remember) {
		return
	}
	before := h.countries.latest()
	if before == nil || !h.located.Any(u.day-p.remember, u.day-p.learn) || !h.learned(u.day, p.learn, p.remember) || b.shared(u.addr, u.day) {
		return
	}
	usedBy := 0
	if r := b.residents.Find(u.place.Country); r != nil {
		usedBy = r.Count(u.day-p.remember, u.day-1)
	}
	level := finding.LevelMedium
	switch {
	case h.knowsClient(u, p.remember):
		level = finding.LevelLow
	case usedBy < 2 && u.client != "":
		level = finding.LevelHigh
	}
	f := aboutUse(u, level)
	f.Records = append(f.Records, before.record)
	days := h.located.Since(u.day-p.remember, u.day)
	f.Why = fmt.Sprintf("%s was used from %s (%s), a country it was never used from in %d days; it is known from %s; others were used from there on %d of those days; client: %s.",
		finding.Shown(u.shown), u.place, u.addr, days, finding.List(h.countriesOf(u.day, p.remember)), usedBy, said(u.client))
	f.WhyJA = fmt.Sprintf("%s が %s（%s）から使われた。過去 %d 日間にこの国から使われたことはない。既知の国：%s。ほかのアカウントがこの国から使われた日数：%d 日。クライアント：%s。",
		finding.Shown(u.shown), u.place, u.addr, days, finding.List(h.countriesOf(u.day, p.remember)), usedBy, saidJA(u.client))
	b.kit.Raise(f, &p.info, u.account, u.place.Country)
}

// countriesOf lists the countries an account is known from, the last one first.
func (h *habit) countriesOf(day, days int32) []string {
	var out []string
	for i := len(h.countries) - 1; i >= 0; i-- {
		if h.countries[i].days.Any(day-days, day) {
			out = append(out, h.countries[i].key)
		}
	}
	return out
}

func said(s string) string {
	if s == "" {
		return "not stated"
	}
	return finding.Shown(s)
}

func saidJA(s string) string {
	if s == "" {
		return "記録なし"
	}
	return finding.Shown(s)
}

// maxClientName bounds what a client calls itself; longer is no client's name.
const maxClientName = 2048

// clientFamily names a client by what stays when it is updated: its family and
// its platform, "Chrome on Windows".
func clientFamily(client string) string {
	family := ""
	for _, f := range [...]struct{ mark, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Vivaldi", "Vivaldi"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"HeadlessChrome", "headless Chrome"}, {"Slack", "Slack"}, {"Teams", "Teams"}, {"Electron", "Electron"},
		{"Outlook", "Outlook"}, {"Chrome", "Chrome"}, {"FortiClient", "FortiClient"}, {"OpenVPN", "OpenVPN"}, {"AnyConnect", "AnyConnect"},
		{"GlobalProtect", "GlobalProtect"}, {"Safari", "Safari"}, {"MSIE", "Internet Explorer"}, {"Trident", "Internet Explorer"},
	} {
		if strings.Contains(client, f.mark) {
			family = f.name
			break
		}
	}
	if family == "" {
		family = firstWord(client)
	}
	if on := platform(client); on != "" {
		return family + " on " + on
	}
	return family
}

// firstWord is a program's name without its version: "curl" of "curl/8.1",
// "Mozilla" of an unknown browser. Digits end it.
func firstWord(client string) string {
	end := strings.IndexAny(client, "/ ;(0123456789")
	if end <= 0 {
		end = len(client)
	}
	return strings.Clone(finding.Shown(client[:end]))
}

func platform(client string) string {
	for _, p := range [...]struct{ mark, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Macintosh", "Mac"}, {"Mac OS", "Mac"}, {"macOS", "Mac"}, {"Linux", "Linux"}, {"iOS", "iPhone"},
	} {
		if strings.Contains(client, p.mark) {
			return p.name
		}
	}
	return ""
}
