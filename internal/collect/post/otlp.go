package post

import (
	"errors"
	"mime"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// otlpLogs takes logs of OTLP/HTTP, POST /v1/logs, protobuf or JSON, and answers
// in the same encoding (OpenTelemetry Protocol 1.x).
//
// One LogRecord is one record. Its raw is a LogsData in OTLP/JSON that holds this
// LogRecord alone, inside its resource and scope: what the sender wrote once for
// many records is repeated, because each record must stand as evidence by itself
// when others are masked, expired or not disclosed. A line of OpenTelemetry's own
// file format has the same form. Of a JSON body the LogRecord is kept as it
// stands; of protobuf it is written anew, with fields that are not known here in
// base64 under "unknownFields".
func otlpLogs() *protocol {
	return &protocol{
		kind: "otlp", methods: http.MethodPost, take: takeLogs, deny: denyOTLP,
		media: []string{"application/x-protobuf", "application/json"},
	}
}

func takeLogs(v *visit) error {
	body, err := v.whole(v.door.opts.MaxBody)
	if err != nil {
		return err
	}
	var form logForm = protobufLogs{most: v.door.opts.Limits.MaxLine}
	if inJSON(v.r) {
		form = jsonLogs{}
	}
	s := &sheaf{v: v, form: form, as: v.transport().String()}
	if err := s.walk(body, nil, 0); err != nil {
		return err
	}
	if err := v.store(s.recs); err != nil {
		return err
	}
	v.recognise(true)
	v.reject(event.WhyOversize, s.rejected, 0)
	answerOTLP(v, s.rejected)
	return nil
}

// logForm is an encoding of an ExportLogsServiceRequest: objects that hold a list
// of objects, three deep, of which the innermost are LogRecords.
type logForm interface {
	// split tells what an object has beside its list, as an object in OTLP/JSON,
	// from the list.
	split(object []byte, level int) (rest, list []byte, err error)
	// each gives the elements of the list in turn, until an error.
	each(list []byte, level int, do func(element []byte) error) error
	// record appends a LogRecord in OTLP/JSON; errLongRecord where it is too long.
	record(b, element []byte) ([]byte, error)
}

// sheaf is the records of one request.
type sheaf struct {
	v        *visit
	form     logForm
	as       string
	block    []byte // where records are written; a new one when it is full
	size     int64
	recs     []event.Record
	rejected int64
}

// walk takes the LogRecords of an object; open is what stands around it.
func (s *sheaf) walk(object, open []byte, level int) error {
	rest, list, err := s.form.split(object, level)
	if err != nil {
		return notLogs(err)
	}
	open = openList(open[:len(open):len(open)], rest, logList(level))
	err = s.form.each(list, level, func(element []byte) error {
		if level == lastLevel {
			return s.add(open, element)
		}
		return s.walk(element, open, level+1)
	})
	if err != nil {
		return notLogs(err)
	}
	return nil
}

// lastLevel is that whose list is LogRecords.
const lastLevel = 2

// logList is the name of the list of a level.
func logList(level int) string { return [...]string{"resourceLogs", "scopeLogs", "logRecords"}[level] }

// logsEnd closes what three openList have opened.
const logsEnd = "]}]}]}"

// add makes a LogRecord stand alone. One that would be longer than a record may
// be is rejected. What all of them together grow to is bounded: a resource
// repeated for very many records is taken for a bomb.
func (s *sheaf) add(open, element []byte) error {
	if err := s.space(len(open) + 2*len(element) + len(logsEnd)); err != nil {
		return err
	}
	from := len(s.block)
	b, err := s.form.record(append(s.block, open...), element)
	if errors.Is(err, errLongRecord) {
		s.rejected++
		return nil
	}
	if err != nil {
		return notLogs(err)
	}
	b = append(b, logsEnd...)
	raw := b[from:len(b):len(b)]
	if len(raw) > s.v.door.opts.Limits.MaxRecord {
		s.rejected++
		return nil
	}
	s.block = b
	s.recs = append(s.recs, s.v.record(s.as, raw))
	if s.size += int64(len(raw)); s.size > 2*s.v.door.opts.MaxBody {
		return collect.ErrBomb
	}
	return nil
}

// space makes room for about n bytes.
func (s *sheaf) space(n int) error {
	if cap(s.block)-len(s.block) >= n {
		return nil
	}
	size := max(n, min(2*cap(s.block), 4<<20), 16<<10)
	if err := s.v.claim(int64(size)); err != nil {
		return err
	}
	s.block = make([]byte, 0, size)
	return nil
}

func notLogs(err error) error {
	var r *refusal
	if errors.As(err, &r) || errors.Is(err, errBusy) || errors.Is(err, collect.ErrBomb) {
		return err
	}
	return malformed("the body is no ExportLogsServiceRequest: %v", err)
}

func inJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// answerOTLP answers with an ExportLogsServiceResponse: all was taken, or how
// many records were rejected for good.
func answerOTLP(v *visit, rejected int64) {
	var problem string
	if rejected > 0 {
		problem = "a log record is longer than " + strconv.Itoa(v.door.opts.Limits.MaxRecord) + " bytes with its resource"
	}
	if inJSON(v.r) {
		type partial struct {
			Rejected int64  `json:"rejectedLogRecords,string"`
			Message  string `json:"errorMessage"`
		}
		var body struct {
			Partial *partial `json:"partialSuccess,omitzero"`
		}
		if rejected > 0 {
			body.Partial = &partial{rejected, problem}
		}
		v.say(http.StatusOK, body)
		return
	}
	var b []byte
	if rejected > 0 {
		inner := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(rejected))
		inner = protowire.AppendString(protowire.AppendTag(inner, 2, protowire.BytesType), problem)
		b = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), inner)
	}
	v.answer(http.StatusOK, "application/x-protobuf", b)
}

// denyOTLP denies with a google.rpc.Status. Senders try again after 429 and 503
// and after no other that is used here.
func denyOTLP(v *visit, r *refusal) {
	if inJSON(v.r) {
		v.say(r.status, struct {
			Message string `json:"message"`
		}{r.text})
		return
	}
	v.answer(r.status, "application/x-protobuf", protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), r.text))
}
