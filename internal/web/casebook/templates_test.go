package casebook

import (
	"testing"

	"github.com/konseki/konseki/internal/web/site"
	"github.com/konseki/konseki/internal/web/site/sitetest"
)

func TestTemplatesFitTheirViews(t *testing.T) {
	sitetest.Fit(t,
		sitetest.Shown{File: "case.html", Name: "page", View: caseView{}}, sitetest.Shown{File: "case.html", Name: "drawer", View: site.Page{}},
		sitetest.Shown{File: "cases.html", Name: "page", View: casesView{}}, sitetest.Shown{File: "report.html", Name: "page", View: reportView{}},
		sitetest.Shown{File: "timeline.html", Name: "page", View: timelineView{}}, sitetest.Shown{File: "statements.html", Name: "page", View: statementsView{}},
		sitetest.Shown{File: "statements.html", Name: "weighed", View: &weighedView{}}, sitetest.Shown{File: "clocks.html", Name: "page", View: clocksView{}},
		sitetest.Shown{File: "promises.html", Name: "page", View: promisesView{}}, sitetest.Shown{File: "names.html", Name: "page", View: namesView{}},
	)
}
