package post

import (
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

// logScope is what the LogRecords of one scope of one resource share.
type logScope struct {
	open    []byte // the LogsData up to its LogRecord
	records [][]byte
}

// logsEnd closes what logScope.open has opened.
const logsEnd = "]}]}]}"

func takeLogs(v *visit) error {
	body, err := v.whole(v.door.opts.MaxBody)
	if err != nil {
		return err
	}
	var scopes []logScope
	if inJSON(v.r) {
		scopes, err = logsOfJSON(body)
	} else {
		scopes, err = logsOfProtobuf(body)
	}
	if err != nil {
		return malformed("the body is no ExportLogsServiceRequest: %v", err)
	}
	recs, rejected, err := logRecords(v, scopes)
	if err != nil {
		return err
	}
	if err := v.store(recs); err != nil {
		return err
	}
	v.recognise(true)
	v.reject(event.WhyOversize, rejected, 0)
	answerOTLP(v, rejected)
	return nil
}

// logRecords makes each LogRecord stand alone. Those that would be longer than a
// record may be are rejected. A resource repeated for very many records is taken
// for a bomb.
func logRecords(v *visit, scopes []logScope) (recs []event.Record, rejected int64, err error) {
	limit := v.door.opts.Limits.MaxRecord
	var size int64
	var n int
	for _, s := range scopes {
		for _, r := range s.records {
			size += int64(len(s.open) + len(r) + len(logsEnd))
		}
		n += len(s.records)
		if size > 2*v.door.opts.MaxBody {
			return nil, 0, collect.ErrBomb
		}
	}
	if err := v.claim(size); err != nil {
		return nil, 0, err
	}
	all := make([]byte, 0, size)
	recs = make([]event.Record, 0, n)
	as := v.transport().String()
	for _, s := range scopes {
		for _, r := range s.records {
			if len(s.open)+len(r)+len(logsEnd) > limit {
				rejected++
				continue
			}
			from := len(all)
			all = append(append(append(all, s.open...), r...), logsEnd...)
			recs = append(recs, v.record(as, all[from:len(all):len(all)]))
		}
	}
	return recs, rejected, nil
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
