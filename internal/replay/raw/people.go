package raw

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Person works for the company and has ordinary habits.
type Person struct {
	Name   string // login in every service
	Home   string // address at home
	Mobile string // address prefix on the road; the last part changes
	Night  bool   // on call at night now and then
	Agent  string // browser
}

// Office is the address everybody at the office comes from.
const Office = "192.0.2.10"

// Place is where a person is at a time of day: at the office on most days, at
// home on others and in the evening, now and then on the road. It is the same
// for every service.
func (p Person) Place(t time.Time) string {
	r := rand.New(rand.NewPCG(Hash(p.Name), uint64(t.Year()*400+t.YearDay())))
	today := r.IntN(100)
	switch {
	case today >= 98:
		return p.Mobile + fmt.Sprint(10+r.IntN(2))
	case today >= 86 || t.Hour() >= 19 || t.Weekday() == time.Saturday || t.Weekday() == time.Sunday:
		return p.Home
	}
	return Office
}

// Document is an item of the groupware drive.
type Document struct{ Title, Kind, Owner, Visibility string }

// Documents are what people open on ordinary days.
func Documents(r *rand.Rand) Document {
	subjects := []string{"週次報告", "イベント企画書", "売上速報", "障害対応メモ", "リリース計画", "画像素材一覧", "問い合わせ集計", "会議議事録", "運用カレンダー", "採用面接メモ", "翻訳依頼", "予算案"}
	kinds := []string{"spreadsheet", "document", "presentation"}
	return Document{
		Title: fmt.Sprintf("%s %d月%d日", Pick(r, subjects), 1+r.IntN(12), 1+r.IntN(28)), Kind: Pick(r, kinds),
		Owner: "office", Visibility: Pick(r, []string{"private", "shared_internally", "shared_internally", "people_within_domain_with_link"}),
	}
}

// Guessed are the account names that guessing tries first.
func Guessed() []string {
	return []string{"admin", "root", "test", "guest", "user", "oracle", "postgres", "ubuntu", "pi", "support", "vpn", "info"}
}

// Stranger is an address of the internet that has no business here.
func Stranger(d *Day) string {
	return fmt.Sprintf("%s.%d", Pick(d.RNG, []string{"203.0.113", "198.51.100"}), 1+d.RNG.IntN(254))
}
