package web

import (
	"net/http"
	"testing"
)

func TestAChoiceThatIsNotOfferedStaysChosen(t *testing.T) {
	s := newSite(t)
	contains(t, s.get(home+"/timeline?new=row&set.kind=rumour", http.StatusOK), `<option value="rumour" selected>`)
}
