package evidence

import (
	"net/http"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/web/reading"
)

// unmask shows a record as it was sealed, as plain text, to those who may and
// say why.
func (v Visit) unmask() error {
	seq, ok := recordNumber(v.R.PathValue("seq"))
	if !ok {
		return site.Refusal(http.StatusNotFound, "error.norecord", reading.Input(v.R.PathValue("seq")))
	}
	rec, err := v.Ops.Unmask(v.R.Context(), v.Person, seq, v.R.PostFormValue("reason"))
	if err != nil {
		return err
	}
	text, _ := reading.VisibleLines(rec.Text, maxShown)
	v.Write(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}
