package week

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/konseki/konseki/internal/replay/raw"
)

// Who is who among the two hundred, by number.
const (
	people200 = 200

	developers   = 60 // 0–59
	travellerOne = 3  // abroad with the telephone roaming through the carrier at home
	operators    = 60 // 60–69, who share the account "ops" on the jump host
	databaseHand = 64
	itStaff      = 70 // 70–74
	itAdmin      = 70
	travellerTwo = 76 // abroad with a local telephone card
	coupleOne    = 80 // live together
	coupleTwo    = 134
	guestOne     = 82 // stay at one hotel on a night
	guestTwo     = 83
	leaver       = 120
	forgetful    = 140
	renamer      = 162
	returning    = 165 // back after 120 days
	analyst      = 184
	newcomers    = 196 // 196–199, who begin on Monday
)

// The addresses of the company as the internet sees them.
const (
	tokyoOffice = "192.0.2.10"
	osakaOffice = "192.0.2.20"
	authorised  = "192.0.2.200" // of the firm that scans the company's own servers, by contract
)

// employee works for the company.
type employee struct {
	n             int
	name          string // login in every service
	laptop, phone string // what the browser and the telephone call themselves
	first, last   time.Time
	trips         []trip
}

// trip is a journey: in the air first and last, away between.
type trip struct {
	out, there, back, home time.Time
	hotel                  string // the laptop's address
	phone                  string // prefix of the telephone's; "" for that of the carrier at home
}

func (e *employee) mail() string { return e.name + "@example.jp" }

// lan is the address of the person's computer in the office.
func (e *employee) lan() string { return fmt.Sprintf("10.10.%d.%d", 1+e.n/100, 20+e.n%100) }

// tunnel is the address that the VPN hands out to them.
func (e *employee) tunnel() string { return fmt.Sprintf("10.20.0.%d", 20+e.n) }

// staff are the people of the company.
func staff() []*employee {
	families := []string{
		"abe", "aoki", "endo", "fujita", "goto", "hara", "hasegawa", "hayashi", "ishii", "kimura", "kondo", "maeda", "mori",
		"murakami", "nakajima", "ogawa", "ono", "ota", "saito", "sakai", "shimizu", "takagi", "uchida", "ueda", "wada",
	}
	laptops := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
	}
	phones := []string{
		"com.tinyspeck.chatlyio/26.10.30 (iPhone; iOS 26.1; Scale/3.00)", "ChatMobile/26.10.30 (Android 16; Pixel 9)",
	}
	out := make([]*employee, people200)
	for n := range out {
		out[n] = &employee{
			n: n, name: string("ahkmnrst"[n/len(families)]) + "." + families[n%len(families)],
			laptop: laptops[n%3], phone: phones[n%2],
		}
	}
	for _, e := range out[newcomers:] {
		e.first = monday()
	}
	out[leaver].last = during("11-06 18:00:00")
	out[returning].first = during("11-04 00:00:00")
	out[travellerOne].trips = []trip{{
		out: during("11-02 17:00:00"), there: during("11-03 04:30:00"), back: during("11-06 01:00:00"), home: during("11-06 15:30:00"), hotel: "198.19.7.80",
	}}
	out[travellerTwo].trips = []trip{{
		out: during("11-02 11:00:00"), there: during("11-02 19:30:00"), back: during("11-06 09:00:00"), home: during("11-06 17:10:00"), hotel: "198.18.4.21", phone: "198.18.96.",
	}}
	return out
}

// operatorOf is who is on call in the night after a day.
func (w *week) onCall(start time.Time) *employee {
	_, number := start.ISOWeek()
	return w.staff[operators+number%4]
}

// place is the address that the internet sees of a person's laptop or
// telephone, the same for every service; "" while they are in the air.
func (w *week) place(e *employee, t time.Time, phone bool) string {
	for _, j := range e.trips {
		switch {
		case t.Before(j.out) || !t.Before(j.home):
			continue
		case t.Before(j.there) || !t.Before(j.back):
			return ""
		case !phone:
			return j.hotel
		case j.phone != "":
			return j.phone + fmt.Sprint(10+hourly(e, t).IntN(40))
		}
		return carrier(e, t)
	}
	office := w.atOffice(e, t)
	hour := t.Sub(midnight(t)).Hours()
	switch {
	case office && hour >= 9.25 && hour < 18:
		return officeOf(e)
	case office && hour >= 8 && hour < 19.25:
		return carrier(e, t) // on the way
	case phone && hourly(e, t).IntN(100) < 35:
		return carrier(e, t)
	case (e.n == guestOne || e.n == guestTwo) && t.After(during("11-04 20:00:00")) && t.Before(during("11-05 08:30:00")):
		return "100.90.12.34"
	}
	return homeLine(e, t)
}

// atOffice reports whether a person spends the day at the office: three days
// of five for most.
func (w *week) atOffice(e *employee, t time.Time) bool {
	d := &raw.Day{Start: midnight(t)}
	if !d.Workday() {
		return false
	}
	first := e.n >= newcomers && t.Before(during("11-04 00:00:00")) || e.n == returning // people begin at the office
	return first || rand.New(rand.NewPCG(raw.Hash(e.name), uint64(d.Start.Unix()))).IntN(100) < 58
}

func officeOf(e *employee) string {
	if e.n%5 == 4 {
		return osakaOffice
	}
	return tokyoOffice
}

// homeLine is the address of a person's line at home: for most the same for
// years, for some another every few days, for some every night.
func homeLine(e *employee, t time.Time) string {
	who, days := e.n, int(t.Unix()/86400)
	if who == coupleTwo {
		who = coupleOne
	}
	lease := 0
	switch who % 10 {
	case 6, 7, 8:
		lease = (days + who) / 6
	case 9:
		lease = days
	}
	r := rand.New(rand.NewPCG(uint64(who), uint64(lease)))
	return fmt.Sprintf("100.%d.%d.%d", 64+who%12, r.IntN(256), 1+r.IntN(254))
}

// carrier is the address that a mobile carrier lends a telephone, another one
// every hour.
func carrier(e *employee, t time.Time) string {
	r := hourly(e, t)
	return fmt.Sprintf("100.%d.%d.%d", 104+e.n%4, r.IntN(256), 1+r.IntN(254))
}

// hourly draws what holds for a person during an hour.
func hourly(e *employee, t time.Time) *rand.Rand {
	return rand.New(rand.NewPCG(raw.Hash(e.name)+1, uint64(t.Unix()/3600)))
}

func midnight(t time.Time) time.Time {
	t = t.In(raw.JST())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, raw.JST())
}

// working reports whether a person works on a day at all: few do on weekends
// and holidays, and now and then somebody is on leave.
func (w *week) working(e *employee, start time.Time) bool {
	end := start.AddDate(0, 0, 1)
	if start.Before(e.first.Truncate(time.Second)) || !e.last.IsZero() && !start.Before(e.last) {
		return false
	}
	for _, j := range e.trips {
		if j.out.Before(end) && j.home.After(start) {
			return true
		}
	}
	r := rand.New(rand.NewPCG(raw.Hash(e.name)+2, uint64(start.Unix())))
	if d := (&raw.Day{Start: start}); !d.Workday() {
		return r.IntN(100) < 4
	}
	return e.n >= newcomers || e.n == leaver || e.n == returning || r.IntN(100) < 95
}

// used calls use for each thing that a person does with a device at some
// instants; nothing is done in the air, nor before or after the employment.
func (w *week) used(e *employee, t time.Time, phone bool, use func(from string)) {
	from := w.place(e, t, phone)
	if from == "" || t.Before(e.first) || !e.last.IsZero() && t.After(e.last) {
		return
	}
	use(from)
}
