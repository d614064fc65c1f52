package replay

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// person works for the company and has ordinary habits.
type person struct {
	name   string // login in every service
	home   string // address at home
	mobile string // address prefix on the road; the last part changes
	night  bool   // on call at night now and then
	agent  string // browser
}

// office is the address everybody at the office comes from.
const office = "192.0.2.10"

// people are about sixty: those of the published report under their letters,
// and others under ordinary names.
func people() []person {
	family := []string{"sato", "suzuki", "takahashi", "tanaka", "ito", "yamamoto", "nakamura", "kobayashi", "kato", "yoshida", "yamada", "sasaki", "yamaguchi", "matsumoto"}
	given := []string{"h", "k", "m", "y"}
	agents := []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.132 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_2) AppleWebKit/604.4.7 (KHTML, like Gecko) Version/11.0.2 Safari/604.4.7",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:57.0) Gecko/20100101 Firefox/57.0",
	}
	var out []person
	for i, name := range []string{"A", "B", "C", "E", "F"} {
		out = append(out, person{name: name, home: fmt.Sprintf("100.64.1.%d", 20+i), mobile: fmt.Sprintf("100.72.%d.", i+1), night: name == "B", agent: agents[i%3]})
	}
	out[4].home = addressY // F's usual place
	for i := range 55 {
		f, g := family[i%len(family)], given[i/len(family)]
		out = append(out, person{
			name: g + "." + f, home: fmt.Sprintf("100.64.%d.%d", 2+i/20, 10+i*4%240), mobile: fmt.Sprintf("100.72.%d.", 10+i),
			night: i%11 == 0, agent: agents[i%3],
		})
	}
	return out
}

// place is where a person is at a time of day: at the office on most days, at
// home on others and in the evening, now and then on the road. It is the same
// for every service.
func (p person) place(t time.Time) string {
	r := rand.New(rand.NewPCG(hashOf(p.name), uint64(t.Year()*400+t.YearDay())))
	today := r.IntN(100)
	switch {
	case today >= 98:
		return p.mobile + fmt.Sprint(10+r.IntN(2))
	case today >= 86 || t.Hour() >= 19 || t.Weekday() == time.Saturday || t.Weekday() == time.Sunday:
		return p.home
	}
	return office
}

// document is an item of the groupware drive.
type document struct{ title, kind, owner, visibility string }

// documents are what people open on ordinary days.
func documents(r *rand.Rand) document {
	subjects := []string{"週次報告", "イベント企画書", "売上速報", "障害対応メモ", "リリース計画", "画像素材一覧", "問い合わせ集計", "会議議事録", "運用カレンダー", "採用面接メモ", "翻訳依頼", "予算案"}
	kinds := []string{"spreadsheet", "document", "presentation"}
	return document{
		title: fmt.Sprintf("%s %d月%d日", pick(r, subjects), 1+r.IntN(12), 1+r.IntN(28)), kind: pick(r, kinds),
		owner: "office", visibility: pick(r, []string{"private", "shared_internally", "shared_internally", "people_within_domain_with_link"}),
	}
}
