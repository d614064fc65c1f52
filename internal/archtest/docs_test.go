package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// design reads docs/design.md.
func design(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "design.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section gives the lines of a document between a heading and the next.
func section(doc, heading string) []string {
	_, rest, _ := strings.Cut(doc, "\n## "+heading+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	return strings.Split(rest, "\n")
}

// cells parts a row of a table.
func cells(line string) []string {
	var out []string
	for c := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		out = append(out, strings.TrimSpace(c))
	}
	return out
}

// TestDesignTellsTheTableOfRooms compares what people read with what is enforced.
func TestDesignTellsTheTableOfRooms(t *testing.T) {
	told := map[string][]string{}
	for _, line := range section(design(t), "Rooms") {
		if c := cells(line); strings.HasPrefix(line, "| ") && len(c) == 3 && c[0] != "room" && c[0] != "---" {
			told[c[0]] = c[1:]
		}
	}
	for name, r := range rooms() {
		switch strings.Split(name, "/")[0] {
		case "rules", "cmd", "bench", "test":
			continue
		}
		c, ok := told[name]
		delete(told, name)
		if !ok {
			t.Errorf("docs/design.md does not tell of room %s", name)
			continue
		}
		if r.sentence != "" && r.sentence != "Package "+filepath.Base(name)+" "+c[0] {
			t.Errorf("docs/design.md says of %s\n  %q\nits sentence is\n  %q", name, c[0], r.sentence)
		}
		may := strings.Join(r.may, ", ")
		switch {
		case r.anything:
			may = "anything"
		case may == "":
			may = "nothing"
		}
		if may != c[1] {
			t.Errorf("docs/design.md lets %s import %q, rooms.go %q", name, c[1], may)
		}
	}
	for name := range told {
		t.Errorf("docs/design.md tells of room %s, which rooms.go does not have", name)
	}
}

// TestGuaranteesNameTestsThatExist keeps the table of guarantees honest.
func TestGuaranteesNameTestsThatExist(t *testing.T) {
	have := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(s.text, -1) {
			have[m[1]] = true
		}
	}
	var told []string
	for _, line := range section(design(t), "Guarantees") {
		c := cells(line)
		if len(c) != 4 || !regexp.MustCompile(`^G\d+$`).MatchString(c[0]) {
			continue
		}
		told = append(told, c[0])
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(c[2], -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", c[0])
		}
		for _, m := range named {
			if !have[m[1]] {
				t.Errorf("%s names %s, which does not exist", c[0], m[1])
			}
		}
	}
	want := []string{"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10"}
	if !slices.Equal(told, want) {
		t.Errorf("the guarantees told are %v, want %v", told, want)
	}
}

// TestDesignNamesFilesThatExist looks for every file that docs/design.md names
// in backquotes with its folder.
func TestDesignNamesFilesThatExist(t *testing.T) {
	for _, m := range regexp.MustCompile("`([a-z/]+/[a-z_]+\\.go)`").FindAllStringSubmatch(design(t), -1) {
		found := false
		for _, base := range []string{"internal", "."} {
			if _, err := os.Stat(filepath.Join("..", "..", base, filepath.FromSlash(m[1]))); err == nil {
				found = true
			}
		}
		if !found {
			t.Errorf("docs/design.md names %s, which does not exist", m[1])
		}
	}
}
