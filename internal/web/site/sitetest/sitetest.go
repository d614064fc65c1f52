// Package sitetest compares templates with the views they are shown with, for the tests of pages.
package sitetest

import (
	"testing"

	"github.com/jba/templatecheck"

	"github.com/konseki/konseki/internal/web/site"
)

// Shown is a template of a page's file, by name, with the view it is shown with.
type Shown struct {
	File, Name string
	View       any
}

// Fit fails t for every template that asks its view for what is not there, so
// that a renamed field is found without rendering.
func Fit(t *testing.T, list ...Shown) {
	t.Helper()
	pages, err := site.Templates()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		for lang, set := range pages {
			tmpl := set[c.File].Lookup(c.Name)
			if tmpl == nil {
				t.Errorf("%s has no template %q", c.File, c.Name)
				continue
			}
			if err := templatecheck.CheckHTML(tmpl, c.View); err != nil {
				t.Errorf("%s %s %s: %v", lang, c.File, c.Name, err)
			}
		}
	}
}
