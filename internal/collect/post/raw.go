package post

import (
	"net/http"
	"strconv"

	"github.com/konseki/konseki/internal/event"
)

// rawLines takes POST /ingest/raw?source=NAME&host=NAME: each line of the body is
// a record, blank lines are none; with whole=1 the body is one record. It
// answers as /ingest/jsonlines does. Nothing in the lines is looked at.
func rawLines() *protocol {
	return &protocol{kind: "http", methods: http.MethodPost, deny: plain, take: func(v *visit) error {
		if whole, err := strconv.ParseBool(v.r.URL.Query().Get("whole")); err != nil || !whole {
			return takeLines(v)
		}
		return takeWhole(v)
	}}
}

func takeWhole(v *visit) error {
	raw, err := v.whole(int64(v.door.opts.Limits.MaxRecord))
	if err != nil {
		return err
	}
	if len(raw) > 0 {
		if err := v.store([]event.Record{v.record(v.transport().String(), raw)}); err != nil {
			return err
		}
	}
	v.recognise(true)
	v.told(http.StatusOK, "")
	return nil
}
