package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/coverage"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise"
)

func TestEveryFormatHasAKind(t *testing.T) {
	table := kindTable()
	known := make(map[string]bool)
	for _, name := range normalise.Names() {
		known[name] = true
		if table[name] == "" {
			t.Errorf("format %q has no kind", name)
		}
	}
	for name, kind := range table {
		if !known[name] {
			t.Errorf("%s: no format is named %q", kind, name)
		}
		if !slices.ContainsFunc(coverage.Kinds(), func(k coverage.Kind) bool { return k.Name == kind }) {
			t.Errorf("no kind is named %q", kind)
		}
	}
	count := 0
	for _, formats := range kindsOfFormats() {
		count += len(strings.Fields(formats))
	}
	if count != len(table) {
		t.Errorf("%d names for %d formats: one stands twice", count, len(table))
	}
	if kindOf(event.Unparsed) != "other" || kindOf("fortigate") != "vpn" {
		t.Error("kindOf")
	}
}
