package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaceholdersAreReadFromTheConfigurationAndFromTheirOwnFile(t *testing.T) {
	const list = "{Workstations: ['PC-*'], DC-MACHINE-NAME: [dc1$, dc2$]}"
	want := Placeholders{"Workstations": {"PC-*"}, "DC-MACHINE-NAME": {"dc1$", "dc2$"}}
	c, err := Read(strings.NewReader("placeholders: " + list))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Placeholders); diff != "" {
		t.Error(diff)
	}
	path := filepath.Join(t.TempDir(), "p.yml")
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := LoadPlaceholders(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := LoadPlaceholders(path + ".absent"); err == nil {
		t.Error("a file that is not there gives placeholders")
	}
}

func TestWrongPlaceholdersAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"placeholders: {'%x%': [a]}":     "percent signs",
		"placeholders: {x: []}":          "no values",
		"placeholders: {x: [a, '']}":     "empty value",
		"placeholders: {x: {y: z}}":      "line 1",
		"placeholders: {x: [a], x: [b]}": "already",
		"placeholders: [x]":              "line 1",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not name %q", text, err, want)
		}
	}
}
