package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/coverage"
)

func TestTheCoveragePageTellsHowFarServicesArePulled(t *testing.T) {
	s := newSite(t)
	page := s.get("/coverage", http.StatusOK)
	contains(t, page, "workspace/login", "最後の問い合わせ", "漏れなしの証明", "証明の遅れ", "取得失敗中", "104 回続けて失敗：", "token_revoked", "12,345")
	if strings.Count(page, "取得失敗中") != 1 {
		t.Error("one source does not answer, and that is not what the page says")
	}
	s.lang = "en"
	contains(t, s.get("/coverage", http.StatusOK), "Last asked", "Proven complete up to", "not answering", "104 times:", "konseki source add backup --heartbeat 20m")
}

func TestASourceIsRegisteredOnThePage(t *testing.T) {
	s := newSite(t)
	form := url.Values{"id": {"vpn"}, "kind": {"vpn"}, "name_ja": {"VPN 装置"}, "owner": {" infra "}, "critical": {"1"}, "heartbeat": {"20m"}, "retention": {"400d"}, "origin": {"7d"}}
	if to, _ := s.post("/coverage/sources", form, http.StatusSeeOther); to != "/coverage#source-vpn" {
		t.Error(to)
	}
	got := s.ops.Registered[0]
	if got.ID != "vpn" || got.Owner != "infra" || !got.Critical || time.Duration(got.Heartbeat) != 20*time.Minute || got.Retention.String() != "400d" || got.OriginRetention.String() != "7d" ||
		got.Name.JA != "VPN 装置" || got.Zone != "Asia/Tokyo" {
		t.Errorf("registered is %+v", got)
	}
	form.Set("heartbeat", "soon")
	if _, text := s.post("/coverage/sources", form, http.StatusBadRequest); !strings.Contains(text, "heartbeat") || len(s.ops.Registered) != 1 {
		t.Errorf("a heartbeat that is none: %.300s", text)
	}
	s.post("/coverage/confirm", url.Values{"id": {"web"}}, http.StatusSeeOther)
	if len(s.ops.Registered) != 2 || s.ops.Registered[1].ID != "web" {
		t.Errorf("%+v", s.ops.Registered)
	}
	s.post("/coverage/confirm", url.Values{"id": {"nobody"}}, http.StatusNotFound)
}

func TestARequestToOthersIsTakenDownOnThePage(t *testing.T) {
	s := newSite(t)
	s.post("/coverage/requests", url.Values{"id": {"firewall"}, "of": {"example.jp"}, "state": {"refused"}, "from": {"2018-01-01"}, "to": {"2018-02-01"}, "note": {"機密"}}, http.StatusSeeOther)
	got := s.ops.Requested[0]
	from := time.Date(2017, 12, 31, 15, 0, 0, 0, time.UTC) // midnight in Japan
	if got.Of != "example.jp" || got.State != coverage.RequestRefused || !got.From.Equal(from) || got.Note.JA != "機密" || got.By == "" {
		t.Errorf("taken down is %+v", got)
	}
	s.post("/coverage/requests", url.Values{"id": {"firewall"}, "of": {"x"}, "state": {"asked"}, "from": {"1st of May"}}, http.StatusBadRequest)
	if len(s.ops.Requested) != 1 {
		t.Errorf("%+v", s.ops.Requested)
	}
}
