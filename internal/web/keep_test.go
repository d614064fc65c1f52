package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
)

func TestTheCasePageTellsTheTimeLeft(t *testing.T) {
	s := newSite(t)
	cases, err := s.ops.Cases(t.Context())
	if err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	path := site.CasePath(cases[0].ID)
	text := s.get(path, http.StatusOK)
	contains(t, text, "保全の残り時間", "経緯の最初の行", "不明 – 要確認", "あと 6 日", "元でも失われた：", "今すぐ書き出す", "konseki hold start "+cases[0].ID)
	if strings.Index(text, "担当（infra）に確かめ") > strings.Index(text, "元にしか無い記録がある") {
		t.Error("the source of which nobody knows does not stand first")
	}
	s.lang = "en"
	contains(t, s.get(path, http.StatusOK), "Time left", "unknown – ask", "6 d left", "lost at the origin too", "ask infra how long it keeps its logs")
	if _, err := s.ops.StartHold(t.Context(), "sato", control.Hold{Case: cases[0].ID}); err != nil {
		t.Fatal(err)
	}
	contains(t, s.get(path, http.StatusOK), cases[0].ID+"/1")
}

func TestTheCoveragePageTellsHowLongSourcesAreKept(t *testing.T) {
	s := newSite(t)
	contains(t, s.get("/coverage", http.StatusOK), "保存 400 日", "元で 7 日", "元で 不明 – 要確認", "konseki.yaml keep.default")
	s.lang = "en"
	contains(t, s.get("/coverage", http.StatusOK), "kept 400 days", "at its origin 7 days", "at its origin unknown – ask", "kept for ever")
}
