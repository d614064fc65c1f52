package stories

import (
	"testing"

	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/site/sitetest"
)

func TestTemplatesFitTheirViews(t *testing.T) {
	sitetest.Fit(t,
		sitetest.Shown{File: "findings.html", Name: "page", View: findingsView{}}, sitetest.Shown{File: "findings.html", Name: "drawer", View: site.Page{}},
		sitetest.Shown{File: "stories.html", Name: "page", View: storiesView{}}, sitetest.Shown{File: "stories.html", Name: "drawer", View: site.Page{}},
	)
}
