package web

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/control/casework"
	"github.com/konseki/konseki/internal/estate"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/site"
	webtest "github.com/konseki/konseki/test/web"
)

// knowingOps answers as if every query had named somebody.
type knowingOps struct{ casework.Operations }

func (o knowingOps) Search(ctx context.Context, by string, q control.Search) (*control.Result, error) {
	r, err := o.Operations.Search(ctx, by, q)
	if r != nil {
		r.Known = []control.Meaning{{Term: `person:"k"`, Said: event.Phrase{JA: "K：アカウント A", EN: "K: accounts A <b>\u202e"}}}
	}
	return r, err
}

// newKnowingSite is a site of a company that knows its people and devices, one of
// which has a hostile name.
func newKnowingSite(t *testing.T) *browser {
	t.Helper()
	s := newSiteWith(t, webtest.New(), nil)
	var e *estate.Estate
	for i, f := range [][2]string{
		{"people", "person,account\nengineer K,A\n\"</option><script>\",x\nbi\u202edi,y\n"},
		{"devices", "device,address,owner\nPC-114,203.0.113.77,engineer K\n"},
		{"networks", "network,name\n192.0.2.0/24,office\n"}, {"items", "pattern,tag\ncustomers,personal data\n"},
	} {
		ed, err := estate.Read(f[0], f[0]+".csv", []byte(f[1]), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		ed.Record, ed.Version = uint64(i+1), 1
		e = e.With(*ed)
	}
	h, err := New(site.Options{Logger: slog.New(slog.DiscardHandler), Auth: s.auth, Ops: knowingOps{s.ops}, Version: "test", Now: func() time.Time { return s.ops.Now },
		Hosts: []string{"konseki.example"}, Estate: func() *estate.Estate { return e }})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = h
	return s
}

func TestTheSearchBoxOffersTheCompanysNames(t *testing.T) {
	s := newKnowingSite(t)
	s.lang = "en"
	text := s.get("/explore?q=src_ip:203.0.113.77", http.StatusOK)
	contains(t, text, `list="names"`, `<datalist id="names">`, `<option value="src_ip:203.0.113.77 person:&#34;engineer K&#34;">`, "device:PC-114", "network:outside", `item:&#34;personal data&#34;`,
		`person:&#34;&lt;/option&gt;&lt;script&gt;&#34;`, "any of their accounts")
	lacks(t, text, "\u202e", "<script>\"")
	contains(t, text, `person:&#34;k&#34;</span> = K: accounts A &lt;b&gt;`)
	if without := newSite(t).get("/explore?q=src_ip:203.0.113.77", http.StatusOK); strings.Contains(without, "<datalist") {
		t.Error("names are offered where none are known")
	}
}

func TestAnAddressAndAnAccountLeadToASearchByPersonAndDevice(t *testing.T) {
	s := newKnowingSite(t)
	for path, want := range map[string][]string{
		"/explore?pivot=ip:203.0.113.77": {`href="/explore?q=person%3A%22engineer+K%22"`, `href="/explore?q=device%3APC-114"`},
		"/explore?pivot=user:A":          {`href="/explore?q=person%3A%22engineer+K%22"`},
		"/explore?pivot=host:pc-114":     {`href="/explore?q=device%3APC-114"`},
	} {
		contains(t, html.UnescapeString(s.get(path, http.StatusOK)), want...)
	}
}

func TestStoriesSayWhoseAnAddressWas(t *testing.T) {
	s := newKnowingSite(t)
	contains(t, s.get("/findings?span=all&budget=all", http.StatusOK), "社内：PC-114、engineer K", "[engineer K]")
}
