package bench

import (
	"fmt"
	"io"
	"testing"

	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/docx"
	"github.com/konseki/konseki/internal/report/pdf"
)

// thickDocument is a document of about 200 pages: a chronology, and evidence
// with a record's text in each row.
func thickDocument() *report.Document {
	chronology := &report.Table{Header: []string{"日時", "出所", "内容"}}
	evidence := &report.Table{Header: []string{"#", "原記録", "SHA-256", "内容"}, Evidence: true}
	for i := range 2600 {
		n := i + 1
		at := fmt.Sprintf("2018-03-%02d %02d:%02d:%02d", i%28+1, i%24, i%60, i%60)
		chronology.Rows = append(chronology.Rows, []report.Cell{{{Text: at}}, {{Text: "VPN 装置"}},
			{{Text: "社外の接続元から共有アカウントで VPN に接続し、開発サーバーにログインした。"}, {Cite: n}, {Mark: "unknown", Text: "不明"}}})
		evidence.Rows = append(evidence.Rows, []report.Cell{{{Cite: n}}, {{Text: fmt.Sprint(n), Code: true}}, {{Text: fmt.Sprintf("%064x", i), Code: true}},
			{{Text: at + ` devname="vpn-gw-01" logid="0101039424" type="event" subtype="vpn" action="tunnel-up" user="staff01" remip=203.0.113.7 tunnelip=198.51.100.20`, Code: true}}})
	}
	return &report.Document{Lang: "ja", Title: "二百ページの報告", Subtitle: "最終報告書", Sections: []report.Section{
		{ID: "chronology", Number: "1", Heading: "経緯", Blocks: []report.Block{{Table: chronology}}},
		{ID: "evidence", Number: "付録 A", Heading: "証跡一覧", Blocks: []report.Block{{Table: evidence}}},
	}}
}

// BenchmarkReport writes a document of about 200 pages in each form; the bar is
// ten seconds.
func BenchmarkReport(b *testing.B) {
	d := thickDocument()
	for _, f := range append(report.Renderers(), report.Renderer{Name: "docx", Write: docx.Write}, report.Renderer{Name: "pdf", Write: pdf.Write}) {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := f.Write(io.Discard, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
