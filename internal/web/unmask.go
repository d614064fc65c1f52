package web

import (
	"net/http"

	"github.com/konseki/konseki/internal/web/reading"
)

// unmask shows a record as it was sealed, as plain text, to those who may and
// say why.
func (s *server) unmask(v *visit) error {
	seq, ok := recordNumber(v.r.PathValue("seq"))
	if !ok {
		return problem{http.StatusNotFound, "error.norecord", reading.Input(v.r.PathValue("seq"))}
	}
	rec, err := s.Ops.Unmask(v.r.Context(), v.person, seq, v.r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	text, _ := reading.VisibleLines(rec.Text, maxShown)
	v.write(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
