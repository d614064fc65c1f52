package web

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/normalise/format"
)

// cloudFront reads the standard log of Amazon CloudFront: the W3C format with
// tabs (CloudFront documentation, "Standard logging").
type cloudFront struct{ *w3c }

// NewCloudFront returns the format "cloudfront".
func NewCloudFront() format.Format {
	standard := strings.Fields("date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) " +
		"cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for " +
		"ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port " +
		"time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end")
	return cloudFront{&w3c{name: "cloudfront", usual: [][]string{standard}, headers: map[string][]string{}}}
}

func (cloudFront) Name() string { return "cloudfront" }

// Matches looks for a date and a time between tabs.
func (cloudFront) Matches(raw []byte) bool {
	return len(raw) > 40 && raw[4] == '-' && raw[10] == '\t' && raw[13] == ':' && raw[19] == '\t' && bytes.Count(raw, []byte("\t")) >= 20
}

// Shape takes a file whose header names the edge.
func (f cloudFront) Shape(head []byte) (event.Shape, bool) {
	columns, ok := w3cHeader(head)
	if !ok || !strings.Contains(strings.Join(columns, " "), "x-edge-") {
		return event.Shape{}, false
	}
	return event.Shape{Format: f.name, Columns: columns}, true
}

func (f cloudFront) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if isW3CDirective(in.Raw) {
		return f.directive(in, dst), true
	}
	cells := strings.Split(in.Text(), "\t")
	columns := f.columns(in, len(cells))
	if len(columns) != len(cells) {
		return dst, false
	}
	out, ok := f.read(in, columns, cells, dst)
	if ok { // values are percent-encoded
		ev := &out[len(out)-1]
		ev.ClientApp = strings.ReplaceAll(ev.ClientApp, "%20", " ")
	}
	return out, ok
}
