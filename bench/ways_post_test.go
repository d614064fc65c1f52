package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"

	"github.com/konseki/konseki/internal/collect/post"
	"github.com/konseki/konseki/internal/event"
)

// posted is one way to post the same lines.
type posted struct {
	path, media string
	body        func(recs []event.Record) []byte
}

func waysToPost() map[string]posted {
	around := func(before, after string) func([]event.Record) []byte {
		return func(recs []event.Record) []byte {
			var b bytes.Buffer
			for _, r := range recs {
				b.WriteString(before)
				b.Write(r.Raw)
				b.WriteString(after)
			}
			return b.Bytes()
		}
	}
	return map[string]posted{
		"jsonlines": {"/ingest/jsonlines", "", around("", "\n")},
		"elastic":   {"/_bulk", "application/x-ndjson", around(`{"create":{"_index":"bench"}}`+"\n", "\n")},
		"hec":       {"/services/collector/event", "", around(`{"event":`, "}")},
		"journal":   {"/upload", "application/vnd.fdo.journal", around("__CURSOR=s=1;i=1\nPRIORITY=6\nMESSAGE=", "\n\n")},
		"otlp-json": {"/v1/logs", "application/json", otlpJSON},
		"otlp":      {"/v1/logs", "application/x-protobuf", otlpProtobuf},
	}
}

func otlpJSON(recs []event.Record) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bench"}}]},"scopeLogs":[{"scope":{"name":"bench"},"logRecords":[`)
	for i, r := range recs {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"timeUnixNano":"1767225600000000000","severityNumber":9,"body":{"stringValue":%q}}`, r.Raw)
	}
	b.WriteString(`]}]}]}`)
	return b.Bytes()
}

func otlpProtobuf(recs []event.Record) []byte {
	text := func(s string) *common.AnyValue {
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
	}
	scope := &logs.ScopeLogs{Scope: &common.InstrumentationScope{Name: "bench"}}
	for _, r := range recs {
		scope.LogRecords = append(scope.LogRecords, &logs.LogRecord{
			TimeUnixNano: 1767225600000000000, SeverityNumber: 9, Body: text(string(r.Raw)),
			Attributes: []*common.KeyValue{{Key: "user", Value: text("r.mita")}, {Key: "n", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: 7}}}},
		})
	}
	b, err := proto.Marshal(&logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		Resource:  &resource.Resource{Attributes: []*common.KeyValue{{Key: "service.name", Value: text("bench")}}},
		ScopeLogs: []*logs.ScopeLogs{scope},
	}}})
	if err != nil {
		panic(err) // lines are UTF-8
	}
	return b
}

// BenchmarkPost measures acknowledgements of the vault through each protocol of
// the HTTP door: batches of 100 records from 8 senders over loopback connections
// that stay open. The senders work on the same cores.
func BenchmarkPost(b *testing.B) {
	const senders, size = 8, 100
	for name, way := range waysToPost() {
		b.Run(name, func(b *testing.B) {
			v := open(b, filepath.Join(b.TempDir(), "vault"))
			defer closing(b, v)
			door := httptest.NewServer(post.New(v, post.Options{
				Authenticate: func(string) (string, []string, bool) { return "bench", []string{"bench"}, true },
			}))
			defer door.Close()
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
			defer client.CloseIdleConnections()
			body := way.body(lines(0, size))
			b.SetBytes(int64(len(body)))
			acknowledge(b, senders, size, func(ctx context.Context, _ int) error {
				return way.deliver(ctx, client, door.URL, body)
			})
			if got := v.Size(); got != uint64(b.N*size) {
				b.Errorf("%d records are in the vault, %d were acknowledged", got, b.N*size)
			}
		})
	}
}

func (p posted) deliver(ctx context.Context, client *http.Client, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+p.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer kt_bench")
	req.Header.Set("Content-Type", p.media)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return err
}
