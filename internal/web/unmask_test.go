package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/konseki/konseki/internal/auth"
)

func TestARecordIsUnmaskedForAReasonAndNotForViewers(t *testing.T) {
	s := newSite(t)
	s.post("/record/7/unmask", url.Values{"reason": {""}}, http.StatusBadRequest)
	_, text := s.post("/record/7/unmask", url.Values{"reason": {"the customer asked"}}, http.StatusOK)
	if text == "" || len(s.ops.Unmasked) != 1 {
		t.Errorf("%q, %v", text, s.ops.Unmasked)
	}
	s.session = s.person("guest", auth.RoleViewer)
	s.post("/record/7/unmask", url.Values{"reason": {"curious"}}, http.StatusForbidden)
	if len(s.ops.Unmasked) != 1 {
		t.Errorf("a viewer unmasked: %v", s.ops.Unmasked)
	}
}
