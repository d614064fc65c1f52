package evidence

import (
	"testing"

	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/site/sitetest"
)

func TestTemplatesFitTheirViews(t *testing.T) {
	sitetest.Fit(t,
		sitetest.Shown{File: "explore.html", Name: "page", View: exploreView{}}, sitetest.Shown{File: "explore.html", Name: "body", View: exploreView{}},
		sitetest.Shown{File: "explore.html", Name: "drawer", View: site.Page{Drawer: &drawer{}}}, sitetest.Shown{File: "explore.html", Name: "record", View: recordView{}},
		sitetest.Shown{File: "explore.html", Name: "pivot", View: pivotView{}}, sitetest.Shown{File: "explore.html", Name: "gap", View: gapView{}},
		sitetest.Shown{File: "coverage.html", Name: "page", View: coverageView{}}, sitetest.Shown{File: "coverage.html", Name: "drawer", View: site.Page{}},
		sitetest.Shown{File: "verify.html", Name: "page", View: verifyView{}}, sitetest.Shown{File: "verify.html", Name: "job", View: jobView{}},
		sitetest.Shown{File: "verify.html", Name: "proof", View: proofView{}},
	)
}
