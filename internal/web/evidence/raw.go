package evidence

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/web/reading"
)

// rawRecord hands out the bytes of a record as received, never to be shown by
// the browser.
func (v Visit) rawRecord() error {
	seq, ok := recordNumber(v.R.PathValue("seq"))
	if !ok {
		return site.Refusal(http.StatusNotFound, "error.norecord", reading.Input(v.R.PathValue("seq")))
	}
	rec, err := v.Ops.Record(v.R.Context(), v.Person.Name, seq)
	if err != nil {
		return err
	}
	v.W.Header().Set("Content-Disposition", site.Attachment(fmt.Sprintf("record-%d.raw", seq)))
	v.Write(http.StatusOK, "application/octet-stream", rec.Record.Raw)
	return nil
}

// recordNumber reads a record's number as people write it.
func recordNumber(text string) (uint64, bool) {
	text = strings.NewReplacer("#", "", ",", "", " ", "").Replace(text)
	if unescaped, err := url.PathUnescape(text); err == nil {
		text = unescaped
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	return seq, err == nil && seq > 0
}
