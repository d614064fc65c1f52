package site

import (
	_ "embed"
	"fmt"

	"github.com/go-json-experiment/json"
)

// wordsFile holds every text of the pages by key, in both languages.
//
//go:embed words.json
var wordsFile []byte

// words is one text of the pages in both languages; verbs such as %s stand in
// the same order in both.
type words struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// catalogue reads the texts; a key that stands there twice is an error.
func catalogue() (map[string]words, error) {
	var all map[string]words
	if err := json.Unmarshal(wordsFile, &all, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("words.json: %w", err)
	}
	return all, nil
}

// WordsByLanguage turns the catalogue into a dictionary per language.
func WordsByLanguage() (map[string]map[string]string, error) {
	all, err := catalogue()
	if err != nil {
		return nil, err
	}
	ja, en := make(map[string]string, len(all)), make(map[string]string, len(all))
	for key, w := range all {
		ja[key], en[key] = w.JA, w.EN
	}
	return map[string]map[string]string{"ja": ja, "en": en}, nil
}
