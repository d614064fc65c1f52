// Package attack knows the tactics and techniques of MITRE ATT&CK by their numbers.
//
// The numbers and names are those of ATT&CK Enterprise [Version], from
// attack.mitre.org; the file NOTICE beside them tells under which terms.
package attack

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/konseki/konseki/internal/event"
)

// Version is the version of ATT&CK Enterprise that the numbers are of.
const Version = "19.1"

//go:embed techniques.tsv
var techniques string

//go:embed tactics.tsv
var tactics string

// A Tactic is what an intruder is after, a column of the matrix.
type Tactic struct {
	ID    string       // TA0001
	Name  event.Phrase // the English one is ATT&CK's own
	Short string       // as tags write it: initial-access
}

// A Technique is a way to get there. A number with a point is that of a
// sub-technique.
type Technique struct {
	ID      string   // T1078 or T1078.004
	Name    string   // ATT&CK's own, English; of a sub-technique without its technique's
	Tactics []string // ids, one or more
}

// A Matrix is all tactics and techniques. It is immutable and may be shared.
type Matrix struct {
	tactics    []Tactic
	techniques []Technique
	at         map[string]int // technique by id
}

// New reads the tables.
func New() *Matrix {
	m := &Matrix{at: make(map[string]int)}
	names := make(map[string]string)
	for _, cells := range rows(tactics) {
		names[cells[0]] = cells[1]
	}
	for _, t := range killChain() {
		t.Name.EN = names[t.ID]
		t.Short = strings.ReplaceAll(strings.ToLower(t.Name.EN), " ", "-")
		m.tactics = append(m.tactics, t)
	}
	for _, cells := range rows(techniques) {
		m.at[cells[0]] = len(m.techniques)
		m.techniques = append(m.techniques, Technique{cells[0], cells[1], strings.Split(cells[2], ",")})
	}
	return m
}

// rows are the lines of a table, without its heading, parted at tabs.
func rows(table string) [][]string {
	var out [][]string
	for line := range strings.Lines(table) {
		out = append(out, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
	}
	return out[1:]
}

// killChain lists the tactics in the order in which an intrusion mostly goes.
func killChain() []Tactic {
	var out []Tactic
	for _, t := range [...][2]string{
		{"TA0043", "偵察"}, {"TA0042", "攻撃基盤の準備"}, {"TA0001", "初期侵入"}, {"TA0002", "実行"}, {"TA0003", "永続化"},
		{"TA0004", "権限昇格"}, {"TA0005", "隠蔽"}, {"TA0112", "防御の妨害"}, {"TA0006", "認証情報の窃取"}, {"TA0007", "探索"},
		{"TA0008", "横展開"}, {"TA0009", "収集"}, {"TA0011", "遠隔操作（C2）"}, {"TA0010", "持ち出し"}, {"TA0040", "影響（破壊・妨害）"},
	} {
		out = append(out, Tactic{ID: t[0], Name: event.Phrase{JA: t[1]}})
	}
	return out
}

// Tactics lists the tactics in the order in which an intrusion mostly goes.
func (m *Matrix) Tactics() []Tactic { return slices.Clone(m.tactics) }

// Techniques lists all techniques and sub-techniques by number.
func (m *Matrix) Techniques() []Technique { return slices.Clone(m.techniques) }

// Technique finds a technique by its number, in either case. A number that
// ATT&CK has taken back is not found.
func (m *Matrix) Technique(id string) (Technique, bool) {
	at, ok := m.at[strings.ToUpper(id)]
	if !ok {
		return Technique{}, false
	}
	return m.techniques[at], true
}

// Tactic finds a tactic by its number, in either case, or by the name that
// tags write.
func (m *Matrix) Tactic(name string) (Tactic, bool) {
	at := slices.IndexFunc(m.tactics, func(t Tactic) bool {
		return t.ID == strings.ToUpper(name) || t.Short == strings.ToLower(name)
	})
	if at < 0 {
		return Tactic{}, false
	}
	return m.tactics[at], true
}

// Tag reads a rule's tag in the namespace "attack": either the technique or the
// tactic is set. known is false when it is of the namespace and means neither,
// as numbers do that ATT&CK has taken back; software, groups and the like
// (attack.s0002) are known and mean nothing here.
func (m *Matrix) Tag(tag string) (technique, tactic string, known bool) {
	name, ok := strings.CutPrefix(strings.ToLower(tag), "attack.")
	if !ok {
		return "", "", true
	}
	if t, ok := m.Technique(name); ok {
		return t.ID, "", true
	}
	if t, ok := m.Tactic(name); ok {
		return "", t.ID, true
	}
	return "", "", len(name) == 5 && strings.ContainsRune("sgcm", rune(name[0])) && strings.Trim(name[1:], "0123456789") == ""
}

// URL is the page about a tactic or technique. It does not ask whether there is one.
func URL(id string) string {
	id = strings.ToUpper(id)
	if strings.HasPrefix(id, "TA") {
		return "https://attack.mitre.org/tactics/" + id + "/"
	}
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
}
