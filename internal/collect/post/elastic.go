package post

import (
	"fmt"
	"net/http"
	"strings"
)

// elasticVersion is the release whose answers senders find here: recent enough
// for the shippers in use, which refuse a server older than themselves.
const elasticVersion = "8.19.0"

// elastic answers what shippers ask of Elasticsearch before they send: who is
// there, its licence and health, and that templates and policies are in place.
// They get what lets them go on. Nothing is kept of what they set up: there is
// nothing here that a template could change. It reports whether the path is one
// of these.
func (d *Door) elastic(v *visit) bool {
	text, ok := elasticText(v.r, v.path)
	if ok {
		v.through(&protocol{
			kind: "elastic", methods: "GET,HEAD,PUT,POST", asks: true, deny: denyElastic,
			take: func(v *visit) error {
				answerElastic(v, http.StatusOK, []byte(text))
				return nil
			},
		})
	}
	return ok
}

func elasticText(r *http.Request, path string) (text string, ok bool) {
	if set := elasticSetting(path); set != "" {
		switch r.Method {
		case http.MethodPut, http.MethodPost:
			return `{"acknowledged":true}`, true
		case http.MethodGet, http.MethodHead:
			return set, true
		}
		return "", false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "", false
	}
	switch strings.TrimSuffix(path, "/") {
	case "":
		return `{"name":"konseki","cluster_name":"konseki","cluster_uuid":"konseki","version":{"number":"` + elasticVersion +
			`","build_flavor":"default","build_type":"tar","build_snapshot":false,"lucene_version":"9.12.0",` +
			`"minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},"tagline":"You Know, for Search"}`, true
	case "/_license":
		return `{"license":{"status":"active","uid":"konseki","type":"basic","mode":"basic"}}`, true
	case "/_xpack":
		return `{"license":{"status":"active","uid":"konseki","type":"basic","mode":"basic"},"features":{"ilm":{"available":true,"enabled":true},"security":{"available":true,"enabled":true}}}`, true
	case "/_cluster/health":
		return `{"cluster_name":"konseki","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1}`, true
	case "/_cat/health":
		return `[{"cluster":"konseki","status":"green"}]`, true
	case "/_nodes/http", "/_nodes/_all/http", "/_nodes":
		return `{"_nodes":{"total":1,"successful":1,"failed":0},"cluster_name":"konseki","nodes":{"konseki":{"name":"konseki","version":"` + elasticVersion +
			`","roles":["data","ingest"],"http":{"publish_address":` + string(quote(nil, r.Host)) + `}}}}`, true
	}
	return "", false
}

// elasticSetting is how a template, policy or pipeline at a path looks: as if it
// were there; "" for other paths.
func elasticSetting(path string) string {
	for _, s := range []struct{ folder, before, after string }{
		{"/_ilm/policy", `{`, `:{"version":1,"policy":{"phases":{}}}}`},
		{"/_index_template", `{"index_templates":[{"name":`, `,"index_template":{}}]}`},
		{"/_component_template", `{"component_templates":[{"name":`, `,"component_template":{}}]}`},
		{"/_template", `{`, `:{}}`},
		{"/_data_stream", `{"data_streams":[{"name":`, `}]}`},
		{"/_ingest/pipeline", `{`, `:{}}`},
		{"/_alias", `{`, `:{"aliases":{}}}`},
	} {
		name, ok := strings.CutPrefix(path, s.folder)
		if ok && (name == "" || name[0] == '/') {
			return s.before + string(quote(nil, strings.TrimPrefix(name, "/"))) + s.after
		}
	}
	return ""
}

// answerElastic answers in the media type that the sender asks for. Its clients
// turn away from a server without the product header.
func answerElastic(v *visit, status int, body []byte) {
	media := "application/json"
	if strings.Contains(v.r.Header.Get("Accept"), "application/vnd.elasticsearch+json") {
		media = "application/vnd.elasticsearch+json;compatible-with=8"
	}
	v.w.Header().Set("X-Elastic-Product", "Elasticsearch")
	v.answer(status, media, body)
}

// denyElastic denies in the words of Elasticsearch.
func denyElastic(v *visit, r *refusal) {
	kind := "illegal_argument_exception"
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = "security_exception"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		kind = "es_rejected_execution_exception"
	}
	b := quote([]byte(`{"error":{"type":"`+kind+`","reason":`), r.text)
	answerElastic(v, r.status, fmt.Appendf(b, `},"status":%d}`, r.status))
}
