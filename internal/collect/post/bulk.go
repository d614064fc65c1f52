package post

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/konseki/konseki/internal/event"
)

// bulk takes Elasticsearch's bulk API, POST /_bulk and /INDEX/_bulk: pairs of
// lines, the action and the document. The document line is the record, byte for
// byte; the index stands in the transport. create and index are taken, each
// answered with the record's sequence as _id; update and delete are refused one
// by one, since nothing here is ever changed.
func bulk(index string) *protocol {
	return &protocol{
		kind: "elastic", methods: "POST,PUT", deny: denyElastic,
		media: []string{
			"application/x-ndjson", "application/json",
			"application/vnd.elasticsearch+x-ndjson", "application/vnd.elasticsearch+json",
		},
		take: func(v *visit) error { return takeBulk(v, index) },
	}
}

// bulkIndex is the index that a path of the bulk API names, "" for none.
func bulkIndex(path string) (index string, ok bool) {
	if path == "/_bulk" {
		return "", true
	}
	index, ok = strings.CutSuffix(strings.TrimPrefix(path, "/"), "/_bulk")
	return index, ok && index != "" && !strings.Contains(index, "/")
}

func takeBulk(v *visit, index string) error {
	began := time.Now()
	body, err := v.whole(v.door.opts.MaxBody)
	if err != nil {
		return err
	}
	items, err := splitBulk(body, index, v.door.opts.Limits.MaxRecord)
	if err != nil {
		return err
	}
	recs := bulkRecords(v, items)
	if err := v.store(recs); err != nil {
		return err
	}
	for i, at := 0, 0; i < len(items); i++ {
		if items[i].problem == "" {
			items[i].seq = recs[at].Seq
			at++
		}
	}
	v.recognise(true)
	rejectItems(v, items)
	answerElastic(v, http.StatusOK, appendItems(nil, items, time.Since(began)))
	return nil
}

// bulkItem is one action and what became of it.
type bulkItem struct {
	action, index, id string
	doc               []byte
	problem           string // why it was refused
	status            int
	seq               uint64
}

// bulkMeta is what an action line says of its document.
type bulkMeta struct {
	Index string         `json:"_index"`
	ID    jsontext.Value `json:"_id"`
}

// splitBulk pairs actions with documents. Like Elasticsearch it takes nothing of
// a body whose actions it cannot tell.
func splitBulk(body []byte, index string, most int) ([]bulkItem, error) {
	var items []bulkItem
	var last []byte // the action line before, which is mostly the same
	var item bulkItem
	for at := 1; len(body) > 0; at++ {
		var line []byte
		if line, body = cutLine(body); len(line) == 0 {
			continue
		}
		if !bytes.Equal(line, last) {
			var err error
			if item, err = bulkAction(line, index); err != nil {
				return nil, malformed("malformed action/metadata line [%d]: %v", at, err)
			}
			last = line
		}
		next := item
		if next.action != "delete" {
			if len(body) == 0 {
				return nil, malformed("the bulk request ends after action line [%d], without its document", at)
			}
			next.doc, body = cutLine(body)
			at++
		}
		items = append(items, next.judged(most))
	}
	return items, nil
}

func cutLine(body []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(body, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// bulkAction reads an action line, {"create":{"_index":…,"_id":…}}.
func bulkAction(line []byte, index string) (bulkItem, error) {
	var actions map[string]bulkMeta
	if err := json.Unmarshal(line, &actions, jsontext.AllowInvalidUTF8(true)); err != nil {
		return bulkItem{}, fmt.Errorf("it is not an action: %w", err)
	}
	if len(actions) != 1 {
		return bulkItem{}, fmt.Errorf("it names %d actions; one is wanted", len(actions))
	}
	for action, m := range actions {
		switch action {
		case "create", "index", "update", "delete":
		default:
			return bulkItem{}, fmt.Errorf("action %q is not known", short(action))
		}
		if m.Index == "" {
			m.Index = index
		}
		id := string(m.ID)
		if m.ID.Kind() == '"' {
			if text, err := jsontext.AppendUnquote(nil, m.ID); err == nil {
				id = string(text)
			}
		}
		return bulkItem{action: action, index: short(m.Index), id: short(id)}, nil
	}
	return bulkItem{}, nil
}

// judged says whether the item can be taken.
func (i bulkItem) judged(most int) bulkItem {
	i.status = http.StatusCreated
	switch {
	case i.action == "update" || i.action == "delete":
		i.status, i.problem = http.StatusBadRequest, "records are never changed or deleted: send create or index"
	case len(i.doc) == 0:
		i.status, i.problem = http.StatusBadRequest, "the document is empty"
	case len(i.doc) > most:
		i.status, i.problem = http.StatusRequestEntityTooLarge, "the document is longer than "+strconv.Itoa(most)+" bytes"
	}
	return i
}

func bulkRecords(v *visit, items []bulkItem) []event.Record {
	recs := make([]event.Record, 0, len(items))
	base := v.transport()
	as, index := base.String(), ""
	for i := range items {
		if items[i].problem != "" {
			continue
		}
		if items[i].index != index {
			index = items[i].index
			as = base.With("index", index).String()
		}
		recs = append(recs, v.record(as, items[i].doc))
	}
	return recs
}

// rejectItems counts the documents that were refused. Of a deletion nothing is
// missing.
func rejectItems(v *visit, items []bulkItem) {
	var form, long, formBytes, longBytes int64
	for i := range items {
		switch size := int64(len(items[i].doc)); {
		case items[i].problem == "" || items[i].action == "delete":
		case items[i].status == http.StatusRequestEntityTooLarge:
			long, longBytes = long+1, longBytes+size
		default:
			form, formBytes = form+1, formBytes+size
		}
	}
	v.reject(event.WhyForm, form, formBytes)
	v.reject(event.WhyOversize, long, longBytes)
}

// appendItems writes the answer of the bulk API.
func appendItems(b []byte, items []bulkItem, took time.Duration) []byte {
	errs := false
	for i := range items {
		errs = errs || items[i].problem != ""
	}
	b = fmt.Appendf(b, `{"took":%d,"errors":%t,"items":[`, took.Milliseconds(), errs)
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = items[i].appendTo(b)
	}
	return append(b, `]}`...)
}

func (i *bulkItem) appendTo(b []byte) []byte {
	id := i.id
	if id == "" && i.seq > 0 {
		id = strconv.FormatUint(i.seq, 10)
	}
	b = append(append(append(b, `{"`...), i.action...), `":{"_index":`...)
	b = quote(b, i.index)
	b = append(b, `,"_id":`...)
	b = quote(b, id)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(i.status), 10)
	if i.problem != "" {
		b = append(b, `,"error":{"type":"illegal_argument_exception","reason":`...)
		return append(quote(b, i.problem), `}}}`...)
	}
	b = append(b, `,"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":`...)
	b = strconv.AppendUint(b, i.seq, 10)
	return append(b, `,"_primary_term":1}}`...)
}

// quote appends text as a JSON string; what is not UTF-8 is replaced.
func quote(b []byte, text string) []byte {
	b, err := jsontext.AppendQuote(b, strings.ToValidUTF8(text, "\uFFFD"))
	if err != nil { // valid UTF-8 always can be quoted
		return append(b, `""`...)
	}
	return b
}
