package sight

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/attack"
)

// What a layer says of its own form.
// Source: ATT&CK Navigator layer file format 4.5.
const (
	layerVersion     = "4.5"
	navigatorVersion = "5.1.0"
)

// layer is a layer of the ATT&CK Navigator.
type layer struct {
	Name        string            `json:"name"`
	Versions    map[string]string `json:"versions"`
	Domain      string            `json:"domain"`
	Description string            `json:"description"`
	Techniques  []cell            `json:"techniques"`
	Gradient    gradient          `json:"gradient"`
	Legend      []legend          `json:"legendItems"`
	Sorting     int               `json:"sorting"`
	Hide        bool              `json:"hideDisabled"`
}

type cell struct {
	ID       string     `json:"techniqueID"`
	Tactic   string     `json:"tactic"`
	Score    int        `json:"score"`
	Color    string     `json:"color"`
	Comment  string     `json:"comment"`
	Enabled  bool       `json:"enabled"`
	Metadata []metadata `json:"metadata"`
	Show     bool       `json:"showSubtechniques"`
}

type metadata struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type gradient struct {
	Colors []string `json:"colors"`
	Min    int      `json:"minValue"`
	Max    int      `json:"maxValue"`
}

type legend struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

// paint is the score and colour of a state.
func paint(s State) (score int, color string) {
	switch s {
	case Able:
		return 100, "#31a354"
	case Loaded:
		return 50, "#9ecae1"
	case Blind:
		return 25, "#fdae6b"
	}
	return 0, ""
}

// maxComment bounds the rules that a cell names.
const maxComment = 20

// Navigator writes the report as a layer of the ATT&CK Navigator, techniques
// without a rule left out. lang is "ja" or "en".
func (r *Report) Navigator(lang string) ([]byte, error) {
	l := layer{
		Name: "konseki", Versions: map[string]string{"attack": strings.SplitN(attack.Version, ".", 2)[0], "navigator": navigatorVersion, "layer": layerVersion},
		Domain: "enterprise-attack", Techniques: []cell{}, Gradient: gradient{[]string{"#ffffff", "#31a354"}, 0, 100},
	}
	var cannot []string
	for _, p := range r.Unknown {
		cannot = append(cannot, p.In(lang))
	}
	l.Description = strings.Join(cannot, " ")
	for _, s := range []State{Able, Loaded, Blind} {
		_, color := paint(s)
		l.Legend = append(l.Legend, legend{s.Words(lang), color})
	}
	shorts := make(map[string]string)
	for _, t := range r.Tactics {
		shorts[t.ID] = t.Short
	}
	for i := range r.Techniques {
		t := &r.Techniques[i]
		if t.State == NoRule {
			continue
		}
		score, color := paint(t.State)
		for _, tactic := range t.Tactics {
			l.Techniques = append(l.Techniques, cell{
				ID: t.ID, Tactic: shorts[tactic], Score: score, Color: color, Comment: t.comment(lang), Enabled: true,
				Metadata: []metadata{{"konseki", t.State.Words(lang)}}, Show: strings.Contains(t.ID, "."),
			})
		}
	}
	return json.Marshal(l, json.Deterministic(true), jsontext.WithIndent("  "), jsontext.EscapeForHTML(false))
}

// comment names the detectors of a technique.
func (t *Technique) comment(lang string) string {
	var out []string
	for _, d := range t.Detectors[:min(len(t.Detectors), maxComment)] {
		line := d.State.Words(lang) + ": " + d.Title.In(lang)
		if len(d.Missing) > 0 {
			line += " (" + strings.Join(d.Missing, ", ") + ")"
		}
		out = append(out, line)
	}
	if len(t.Detectors) > maxComment {
		out = append(out, "…")
	}
	return strings.Join(out, "\n")
}

// Words is the state as people read it.
func (s State) Words(lang string) string {
	en, ja := "no rule", "ルールなし"
	switch s {
	case Able:
		en, ja = "able", "検知可能"
	case Blind:
		en, ja = "blind", "ログ源なし"
	case Loaded:
		en, ja = "loaded", "読込済み"
	case NoRule:
	}
	if lang == "ja" {
		return ja
	}
	return en
}
