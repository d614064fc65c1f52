package post

import (
	"bytes"
	"net/http"
)

// jsonLines takes POST /ingest/jsonlines?source=NAME&host=NAME: each line of
// the body is a record, blank lines are none; a line that is no JSON is kept too.
// The answer is 200 with {"records","first","last"} once all records are durable,
// with "duplicate" of them where the batch came before. On any other answer the
// same members tell what was acknowledged before the "error", so that a sender
// can go on with the line after.
func jsonLines() *protocol {
	return &protocol{kind: "http", methods: http.MethodPost, take: takeLines, deny: plain}
}

func takeLines(v *visit) error {
	err := v.stream(&lines{limit: v.door.opts.Limits.MaxLine})
	if err == nil {
		v.told(http.StatusOK, "")
	}
	return err
}

// told answers with what was stored, in konseki's own words.
func (v *visit) told(status int, problem string) {
	v.say(status, struct {
		Error     string `json:"error,omitzero"`
		Records   int64  `json:"records"`
		First     uint64 `json:"first,omitzero"`
		Last      uint64 `json:"last,omitzero"`
		Duplicate int64  `json:"duplicate,omitzero"`
	}{problem, v.stored.records, v.stored.first, v.stored.last, v.stored.duplicate})
}

// plain denies in konseki's own words.
func plain(v *visit, r *refusal) { v.told(r.status, r.text) }

// lines cuts at line feeds. A record loses its line end.
type lines struct{ limit int }

func (f *lines) next(data []byte, eof bool) (piece, error) {
	i := bytes.IndexByte(data[:min(len(data), f.limit+2)], '\n')
	switch {
	case i < 0 && len(data) > f.limit+1:
		return piece{}, errLine
	case i < 0 && !eof || len(data) == 0:
		return piece{}, nil
	case i < 0:
		i = len(data)
	}
	raw := bytes.TrimRight(data[:i], "\r")
	if len(raw) > f.limit {
		return piece{}, errLine
	}
	if len(raw) == 0 {
		raw = nil
	}
	return piece{raw: raw, n: min(i+1, len(data))}, nil
}
