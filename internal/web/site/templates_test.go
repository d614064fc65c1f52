package site

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func allWords(t testing.TB) map[string]words {
	t.Helper()
	all, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCatalogueHasBothLanguages(t *testing.T) {
	for key, w := range allWords(t) {
		if strings.TrimSpace(w.JA) == "" || strings.TrimSpace(w.EN) == "" {
			t.Errorf("%s lacks a language: %+v", key, w)
		}
		if verbs := regexp.MustCompile(`%[a-z]`); strings.Join(verbs.FindAllString(w.JA, -1), "") != strings.Join(verbs.FindAllString(w.EN, -1), "") {
			t.Errorf("%s takes different verbs: %q, %q", key, w.JA, w.EN)
		}
	}
}

// TestCatalogueIsWhatThePagesAskFor finds a key that is asked for and absent,
// and one that nothing asks for.
func TestCatalogueIsWhatThePagesAskFor(t *testing.T) {
	words, asked := allWords(t), map[string]bool{}
	prefixes := []string{}
	inTemplates := regexp.MustCompile(`\{\{-?\s*t "([^"]+)"`)
	inCode := regexp.MustCompile(`"([a-z]+(?:\.[a-z_]+)+)"( \+)?`)
	inJoins := regexp.MustCompile(`"((?:[a-z]+\.)+)"`)
	for _, pattern := range []string{"templates/*.html", "*.go", "../*.go", "../*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range inTemplates.FindAllStringSubmatch(string(text), -1) {
				asked[m[1]] = true
				if _, ok := words[m[1]]; !ok {
					t.Errorf("%s asks for %q, which is not in the catalogue", file, m[1])
				}
			}
			for _, m := range inCode.FindAllStringSubmatch(string(text), -1) {
				asked[m[1]] = true
			}
			for _, m := range inJoins.FindAllStringSubmatch(string(text), -1) {
				prefixes = append(prefixes, m[1])
			}
		}
	}
	for _, call := range calledKeys(t) {
		if _, ok := words[call]; !ok {
			t.Errorf("the code asks for %q, which is not in the catalogue", call)
		}
	}
	for key := range words {
		joined := false
		for _, p := range prefixes {
			joined = joined || strings.HasPrefix(key, p)
		}
		if !asked[key] && !asked[strings.TrimSuffix(key, ".one")] && !joined {
			t.Errorf("nothing asks for %q", key)
		}
	}
}

// calledKeys are the keys that the code asks for by their whole name.
func calledKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	call := regexp.MustCompile(`\b(?:[vr]|Reader)\.[TF]\("([^"]+)"[,)]|(?:problem\{|[rR]efusal\()[^,]+, "([^"]+)"`)
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			keys = append(keys, m[1]+m[2])
		}
	}
	if len(keys) < 40 {
		t.Fatalf("found only %d keys in the code", len(keys))
	}
	return keys
}

func TestUnlistedFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one.html", "two.html"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := os.DirFS(dir)
	if err := sameNames(files, ".", []string{"one.html"}); err == nil || !strings.Contains(err.Error(), "two.html is not listed") {
		t.Errorf("an unlisted file passes: %v", err)
	}
	if err := sameNames(files, ".", []string{"one.html", "two.html", "three.html"}); err == nil || !strings.Contains(err.Error(), "three.html is missing") {
		t.Errorf("a missing file passes: %v", err)
	}
	if err := sameNames(files, ".", []string{"one.html", "two.html"}); err != nil {
		t.Error(err)
	}
}
