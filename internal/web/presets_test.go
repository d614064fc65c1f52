package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/auth"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/measure"
)

// shown reads the form of a page as a browser would send it.
func shown(t testing.TB, text string) url.Values {
	t.Helper()
	_, text, found := strings.Cut(text, `<form class="form partform"`)
	if !found {
		t.Fatal("the page has no form")
	}
	text, _, _ = strings.Cut(text, "</form>")
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input [^>]*name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)<`).FindAllStringSubmatch(text, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range regexp.MustCompile(`(?s)<select [^>]*name="([^"]+)">(.*?)</select>`).FindAllStringSubmatch(text, -1) {
		if on := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(m[2]); on != nil {
			form.Set(m[1], html.UnescapeString(on[1]))
		}
	}
	return form
}

// TestEveryMeasureOfTheCatalogueIsPromisedAsItStandsThere sends each form as it
// is shown, after a refusal once, and holds what was recorded against the
// catalogue.
func TestEveryMeasureOfTheCatalogueIsPromisedAsItStandsThere(t *testing.T) {
	all, err := measure.Presets()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	sources, err := s.ops.Sources(t.Context())
	if err != nil || len(sources) < 2 {
		t.Fatal(sources, err)
	}
	for i := range all.Measures {
		want := &all.Measures[i]
		if by := want.Check.By; by == "coverage" || by == "findings" { // about every source, unless somebody says otherwise
			for _, src := range sources {
				want.Check.Sources = append(want.Check.Sources, src.ID)
			}
		}
		contains(t, s.get(home+"/promises", http.StatusOK), "new=measure&amp;preset="+want.ID+"#form")
		form := shown(t, s.get(home+"/promises?new=measure&preset="+want.ID, http.StatusOK))
		due := form.Get("due")
		form.Set("due", "one day")
		_, refused := s.post(home+"/put/measure", form, http.StatusBadRequest)
		form = shown(t, refused)
		form.Set("due", due)
		if to, _ := s.post(home+"/put/measure", form, http.StatusSeeOther); strings.Contains(to, "preset") {
			t.Errorf("the page that comes after offers the form again: %s", to)
		}
		p, err := s.ops.Part(t.Context(), "2018-001", investigate.KindMeasure, want.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := *p.(*investigate.Measure)
		got.Head = want.Head
		if d := cmp.Diff(*want, got); d != "" {
			t.Errorf("%s (-catalogue +recorded):\n%s", want.ID, d)
		}
	}
	lacks(t, s.get(home+"/promises", http.StatusOK), "preset=")
	contains(t, s.get(home+"/promises", http.StatusOK), "この事案にある", all.Checked)
	_, again := s.post(home+"/put/measure", url.Values{"part": {all.Measures[0].ID}, "base": {"0"}, "text.ja": {"別の文"}, "status": {"done"}}, http.StatusConflict)
	contains(t, again, "ほかの人がここを変えました")
	contains(t, s.get(home+"/promises?new=measure&preset=nothing", http.StatusBadRequest), "というひな型はありません")
	s.session = s.person("guest", auth.RoleViewer)
	lacks(t, s.get(home+"/promises", http.StatusOK), "preset=")
}
