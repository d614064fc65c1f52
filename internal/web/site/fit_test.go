package site_test

import (
	"testing"

	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/site/sitetest"
)

func TestTemplatesFitTheirViews(t *testing.T) {
	sitetest.Fit(t, sitetest.Shown{File: "error.html", Name: "page", View: site.Failure{}}, sitetest.Shown{File: "error.html", Name: "problem", View: site.Failure{}},
		sitetest.Shown{File: "signin.html", Name: "page", View: site.SignInView{}})
}
