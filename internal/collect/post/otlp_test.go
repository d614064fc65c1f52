package post

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/konseki/konseki/internal/collect"
	"github.com/konseki/konseki/internal/event"
)

// bind gives the records of a body.
func bind(form logForm, body []byte) ([]event.Record, error) {
	d := New(&memory{}, Options{})
	d.hall.enter("")
	s := &sheaf{v: &visit{door: d}, form: form}
	err := s.walk(body, nil, 0)
	return s.recs, err
}

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func pair(key string, value *common.AnyValue) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: value}
}

// export has two resources with three log records.
func export() *logs.LogsData {
	return &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{
		{
			Resource:  &resource.Resource{Attributes: []*common.KeyValue{pair("service.name", text("shop"))}},
			SchemaUrl: "https://schema.example/1",
			ScopeLogs: []*logs.ScopeLogs{{
				Scope: &common.InstrumentationScope{Name: "audit", Version: "1"},
				LogRecords: []*logs.LogRecord{
					{
						TimeUnixNano: 1767225600123456789, SeverityNumber: logs.SeverityNumber_SEVERITY_NUMBER_WARN, SeverityText: "WARN",
						Body: text("ログイン失敗"), TraceId: []byte{1, 2, 255}, SpanId: []byte{10}, Flags: 1, EventName: "login",
					},
					{Body: &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{
						pair("n", &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: math.MaxInt64}}),
						pair("f", &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: math.NaN()}}),
						pair("b", &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{0, 255}}}),
						pair("l", &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{text("x"), {}}}}}),
						pair("t", &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}),
					}}}}},
				},
			}},
		},
		{ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{}}}}},
	}}
}

func TestOTLPKeepsEachLogRecordWithItsResourceAndScope(t *testing.T) {
	body, err := proto.Marshal(export())
	if err != nil {
		t.Fatal(err)
	}
	var m memory
	h, _ := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{} })
	w := ask(h, request("/v1/logs", "application/x-protobuf", string(body)))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "application/x-protobuf" {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
	head := `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"schemaUrl":"https://schema.example/1","scopeLogs":[` +
		`{"scope":{"name":"audit","version":"1"},"logRecords":[`
	want := []string{
		head + `{"timeUnixNano":"1767225600123456789","severityNumber":13,"severityText":"WARN","body":{"stringValue":"ログイン失敗"},"flags":1,"traceId":"0102ff","spanId":"0a","eventName":"login"}]}]}]}`,
		head + `{"body":{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"9223372036854775807"}},{"key":"f","value":{"doubleValue":"NaN"}},{"key":"b","value":{"bytesValue":"AP8="}},` +
			`{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},{}]}}},{"key":"t","value":{"boolValue":true}}]}}}]}]}]}`,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`,
	}
	if diff := cmp.Diff(want, raws(m.Recs)); diff != "" {
		t.Error(diff)
	}
	if got := m.Recs[0].Transport; got != "otlp;peer=192.0.2.1;sender=kt_app;auth=token" {
		t.Error(got)
	}
}

func TestOTLPKeepsWhatJSONSaysAsItStands(t *testing.T) {
	var m memory
	h, _ := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{} })
	body := `{"resourceLogs":[{"resource":{"attributes":[]},"extra":1,"scopeLogs":[{"logRecords":[{ "timeUnixNano": 17, "new": [1.0] },{}],"schemaUrl":"s"}]},{"scopeLogs":[{}]}]}`
	w := ask(h, request("/v1/logs", "application/json; charset=utf-8", body))
	if w.Code != 200 || w.Body.String() != "{}" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	head := `{"resourceLogs":[{"resource":{"attributes":[]},"extra":1,"scopeLogs":[{"schemaUrl":"s","logRecords":[`
	want := []string{head + `{ "timeUnixNano": 17, "new": [1.0] }]}]}]}`, head + `{}]}]}]}`}
	if diff := cmp.Diff(want, raws(m.Recs)); diff != "" {
		t.Error(diff)
	}
}

func TestOTLPKeepsFieldsItDoesNotKnow(t *testing.T) {
	rec := protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "new")
	list := func(number protowire.Number, inner []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
	}
	got, err := bind(protobufLogs{most: 100}, append(list(1, append(list(2, append(list(2, rec), rec...)), rec...)), rec...))
	const unknown = `"unknownFields":"mgYDbmV3"`
	want := `{` + unknown + `,"resourceLogs":[{` + unknown + `,"scopeLogs":[{` + unknown + `,"logRecords":[{` + unknown + `}]}]}]}`
	if err != nil || len(got) != 1 || string(got[0].Raw) != want {
		t.Errorf("%s %v", raws(got), err)
	}
}

func TestOTLPRejectsRecordsThatAreTooLongAndTakesTheOthers(t *testing.T) {
	in := export()
	in.ResourceLogs[1].ScopeLogs[0].LogRecords[0].Body = text(strings.Repeat("x", 1000))
	for media, encode := range map[string]func(proto.Message) ([]byte, error){"application/x-protobuf": proto.Marshal, "application/json": protojson.Marshal} {
		body, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		var m memory
		h, told := withLosses(&m, func(o *Options) { o.Limits = collect.Limits{MaxRecord: 900} })
		w := ask(h, request("/v1/logs", media, string(body)))
		want := "\x0a"
		if media == "application/json" {
			want = `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"`
		}
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), want) || len(m.Recs) != 2 {
			t.Errorf("%s: %d %q", media, w.Code, w.Body)
		}
		if inner, n := protowire.ConsumeBytes(w.Body.Bytes()[1:]); want == "\x0a" && (n != w.Body.Len()-1 || inner[0] != 8 || inner[1] != 1) {
			t.Errorf("no partial success: %q", w.Body)
		}
		if diff := cmp.Diff(map[string]int64{"otlp rejected oversize": 1}, reasons(*told)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestOTLPRefuses(t *testing.T) {
	deep := &common.AnyValue{}
	for range 400 {
		deep = &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{deep}}}}
	}
	nested, err := proto.Marshal(&logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{Body: deep}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	bomb := `{"resourceLogs":[{"resource":"` + strings.Repeat("x", 5000) + `","scopeLogs":[{"logRecords":[{}` + strings.Repeat(",{}", 500) + `]}]}]}`
	full := &memory{Fail: func(int) error { return errors.New("broken") }}
	for name, tt := range map[string]struct {
		media, body string
		to          collect.Appender
		status      int
		why         string
	}{
		"no protobuf":     {"application/x-protobuf", "hello", nil, 400, event.WhyForm},
		"nested":          {"application/x-protobuf", string(nested), nil, 400, event.WhyForm},
		"no JSON":         {"application/json", "{", nil, 400, event.WhyForm},
		"no records":      {"application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}`, nil, 400, event.WhyForm},
		"a bomb":          {"application/json", bomb, nil, 413, event.WhyBomb},
		"text":            {"text/plain", "x", nil, 415, event.WhyForm},
		"a broken vault":  {"application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`, full, 503, event.WhyVault},
		"a broken vault2": {"application/x-protobuf", "\x0a\x04\x12\x02\x12\x00", full, 503, event.WhyVault},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.to == nil {
				tt.to = &memory{}
			}
			h, told := withLosses(tt.to, func(o *Options) { o.Limits, o.MaxBody = collect.Limits{}, 10_000 })
			w := ask(h, request("/v1/logs", tt.media, tt.body))
			if w.Code != tt.status || len(*told) != 1 || (*told)[0].Reason != tt.why || (*told)[0].Door != "otlp" {
				t.Fatalf("%d %s, lost %v", w.Code, w.Body, *told)
			}
			if tt.media == "application/json" {
				var status struct {
					Message string `json:"message"`
				}
				if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || status.Message == "" {
					t.Errorf("%s: %v", w.Body, err)
				}
			} else if _, _, n := protowire.ConsumeField(w.Body.Bytes()); n != w.Body.Len() {
				t.Errorf("the answer is no status: %q", w.Body)
			}
		})
	}
}

// TestOTLPInJSONIsTheSameMessage: what is written of a protobuf body, read as
// protobuf's JSON after the identifiers are put in its form, is the message sent.
func TestOTLPInJSONIsTheSameMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := &logs.LogRecord{
			TimeUnixNano: rapid.Uint64().Draw(t, "time"), SeverityNumber: logs.SeverityNumber(rapid.IntRange(0, 30).Draw(t, "severity")),
			SeverityText: rapid.String().Draw(t, "text"), Body: drawValue(t, 3), DroppedAttributesCount: rapid.Uint32().Draw(t, "dropped"),
			Attributes: []*common.KeyValue{pair(rapid.String().Draw(t, "key"), drawValue(t, 2))},
		}
		in := &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{rec}}}}}}
		body, err := proto.Marshal(in)
		if err != nil {
			t.Skip(err) // not UTF-8
		}
		got, err := bind(protobufLogs{most: 1 << 20}, body)
		if err != nil {
			t.Fatal(err)
		}
		var back logs.LogsData
		if err := protojson.Unmarshal(got[0].Raw, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, &back, protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func drawValue(t *rapid.T, depth int) *common.AnyValue {
	switch rapid.IntRange(0, 5+min(depth, 1)*2).Draw(t, "kind") {
	case 0:
		return text(rapid.String().Draw(t, "s"))
	case 1:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: rapid.Int64().Draw(t, "i")}}
	case 2:
		return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: rapid.Float64().Draw(t, "f")}}
	case 3:
		return &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: rapid.SliceOf(rapid.Byte()).Draw(t, "b")}}
	case 4:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: rapid.Bool().Draw(t, "t")}}
	case 5:
		return &common.AnyValue{}
	case 6:
		return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{drawValue(t, depth-1)}}}}
	}
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{pair("k", drawValue(t, depth-1))}}}}
}
