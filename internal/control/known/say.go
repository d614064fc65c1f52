package known

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/query"
)

// counts is how much a term stands for.
type counts struct{ accounts, stretches int }

// Bounds of what is said: names in a sentence, entries of a list, characters of
// a name, holes of one device.
const (
	saidNames   = 5
	saidEntries = 100
	saidRunes   = 60
)

// say writes what the term was taken to mean, and by which knowledge.
func (r *resolver) say(zone *time.Location) {
	m := &r.meaning
	var ja, en []string
	add := func(list []string, inJA, inEN string) {
		if list = unique(list); len(list) > 0 {
			ja, en = append(ja, inJA+" "+some(list, "、", "ほか %d")), append(en, inEN+" "+some(list, ", ", "%d more"))
		}
	}
	add(m.Accounts, "アカウント", "accounts")
	add(m.Hosts, "ホスト名", "host")
	if n := len(m.Addresses); n > 0 {
		ja = append(ja, fmt.Sprintf("アドレス %d 個（%s、使っていた期間 %d 回）", n, some(m.Addresses, "、", "ほか %d"), r.count.stretches))
		en = append(en, fmt.Sprintf("%s (%s, each while it was theirs: %s)", several(n, "address", "addresses"), some(m.Addresses, ", ", "%d more"), several(r.count.stretches, "stretch", "stretches")))
	}
	add(m.Networks, "アドレス範囲", "addresses in")
	add(m.Patterns, "対象", "objects and statements like")
	if len(ja) == 0 {
		ja, en = []string{"この期間に当たるものなし"}, []string{"nothing in this window"}
	}
	ofJA, ofEN := r.knowledge()
	m.Said = event.Phrase{JA: strings.Join(ja, "、") + "。" + ofJA, EN: strings.Join(en, "; ") + "; " + ofEN}
	if len(m.People) > 0 {
		who := some(m.People, "、", "ほか %d")
		m.Said.JA, m.Said.EN = who+"："+m.Said.JA, some(m.People, ", ", "%d more")+": "+m.Said.EN
	}
	for _, list := range []*[]string{&m.People, &m.Devices, &m.Accounts, &m.Addresses, &m.Hosts, &m.Networks, &m.Patterns} {
		*list = unique(*list)
		*list = (*list)[:min(len(*list), saidEntries)]
	}
	m.Unknown = m.Unknown[:min(len(m.Unknown), saidEntries)]
}

// knowledge names the versions of what was looked up.
func (r *resolver) knowledge() (ja, en string) {
	r.meaning.Versions = map[string]int{}
	var inJA, inEN []string
	for _, kind := range r.kinds {
		n := r.Version(kind)
		if n == 0 {
			continue
		}
		r.meaning.Versions[kind] = n
		if kind == estate.KindLeases {
			inJA, inEN = append(inJA, fmt.Sprintf("%s %d ファイル", kind, n)), append(inEN, several(n, "lease file", "lease files"))
			continue
		}
		inJA, inEN = append(inJA, fmt.Sprintf("%s 第%d版", kind, n)), append(inEN, fmt.Sprintf("%s version %d", kind, n))
	}
	if len(inJA) == 0 {
		return "私設アドレスの取り決めによる", "by the ranges set aside for private use"
	}
	return "取り込んだ情報：" + strings.Join(inJA, "、"), "by knowledge of " + strings.Join(inEN, ", ")
}

// holes says of each device when its address is not known in the search's window.
func (r *resolver) holes(stretches map[string][]estate.Validity) {
	for _, device := range slices.Sorted(maps.Keys(stretches)) {
		r.meaning.Devices = append(r.meaning.Devices, device)
		for _, hole := range estate.Holes(stretches[device], r.from, r.to) {
			r.meaning.Unknown = append(r.meaning.Unknown, query.Hole{Device: device, From: hole.From, To: hole.To})
		}
	}
}

// unknown is the error of a name that nobody and nothing has: it names what is
// near.
func (r *resolver) unknown(names []string) error {
	words := map[string]event.Phrase{
		query.FieldPerson:  {JA: "人", EN: "person"},
		query.FieldDevice:  {JA: "機器", EN: "device"},
		query.FieldNetwork: {JA: "ネットワーク", EN: "network"},
		query.FieldItem:    {JA: "要注意の区分", EN: "sensitive item"},
	}
	asked := r.asked()
	e := &query.SyntaxError{
		Msg:    fmt.Sprintf("no %s is known as %s", words[r.term.Field].EN, asked),
		MsgJA:  fmt.Sprintf("%s という%sは取り込まれていない", asked, words[r.term.Field].JA),
		Hint:   "konseki estate import takes in what the company knows, konseki estate list shows what it has",
		HintJA: "konseki estate import で取り込む。konseki estate list で取り込み済みのものを見られる",
	}
	if p, ok := r.Person(r.term.Value, "", time.Time{}); ok && r.term.Field == query.FieldPerson && !r.term.Wild {
		e.Hint = fmt.Sprintf("it is an account of %s: write person:%s", quoted(p.Name), quoted(p.Name))
		e.HintJA = fmt.Sprintf("%s のアカウントである。person:%s と書く", quoted(p.Name), quoted(p.Name))
		return e
	}
	if near := nearest(r.term.Value, names); len(near) > 0 {
		for i := range near {
			near[i] = quoted(near[i])
		}
		e.Hint, e.HintJA = "near it: "+strings.Join(near, ", "), "近いもの："+strings.Join(near, "、")
	}
	return e
}

// tooMuch is the error of a term that stands for more than one search can take.
func (r *resolver) tooMuch() error {
	return &query.SyntaxError{
		Msg:    fmt.Sprintf("%s:%s stands for too much: more than %d accounts or networks, or addresses that devices had more than %d times", r.term.Field, r.asked(), maxNames, maxStretches),
		Hint:   "give a shorter window (--from, --to), or a name instead of a pattern",
		MsgJA:  fmt.Sprintf("%s:%s の指すものが多すぎる（アカウントやネットワークは %d 件まで、機器がアドレスを使っていた期間は %d 回まで）", r.term.Field, r.asked(), maxNames, maxStretches),
		HintJA: "期間を短くする（--from、--to）か、ワイルドカードではなく名前で指定する",
	}
}

// asked is the name that was asked for, short enough for a sentence.
func (r *resolver) asked() string { return quoted(r.term.Value) }

func quoted(s string) string { return `"` + short(s) + `"` }

// short cuts a name to what a sentence takes.
func short(s string) string {
	if runes := []rune(s); len(runes) > saidRunes {
		return string(runes[:saidRunes]) + "…"
	}
	return s
}

// some writes the first few of a list and how many more there are.
func some(list []string, comma, more string) string {
	shown := make([]string, 0, saidNames+1)
	for _, s := range list[:min(len(list), saidNames)] {
		shown = append(shown, short(s))
	}
	if rest := len(list) - len(shown); rest > 0 {
		shown = append(shown, fmt.Sprintf(more, rest))
	}
	return strings.Join(shown, comma)
}

func several(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// unique leaves out what a list has before.
func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// written is an account as people write it, with the source that it is of.
func written(p estate.Person) string {
	if p.Source == "" {
		return p.Account
	}
	return p.Account + " (" + p.Source + ")"
}

// title is what a device is called: its name, else its MAC.
func title(d estate.Device) string {
	if d.Name != "" {
		return d.Name
	}
	return d.MAC
}

// nearest are up to three names like the one asked for.
func nearest(asked string, names []string) []string {
	type near struct {
		name string
		far  int
	}
	var list []near
	asked = strings.Trim(asked, "*?")
	for _, name := range unique(names) {
		folded := query.Fold(name)
		far := distance(head(asked), head(folded))
		if asked != "" && strings.Contains(folded, asked) {
			far = 0
		}
		if far <= 2+len(head(asked))/4 {
			list = append(list, near{name, far})
		}
	}
	slices.SortFunc(list, func(a, b near) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, n := range list[:min(len(list), 3)] {
		out = append(out, n.name)
	}
	return out
}

// head is the part of a name that is compared: names of any length cost the same.
func head(s string) []rune {
	runes := []rune(s)
	return runes[:min(len(runes), 32)]
}

// distance is in how many characters two words differ (Levenshtein).
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := before
			if x != y {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
