package report_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/konseki/konseki/internal/replay"
	"github.com/konseki/konseki/internal/replay/raw"
	"github.com/konseki/konseki/internal/replay/replaytest"
	"github.com/konseki/konseki/internal/report"
	"github.com/konseki/konseki/internal/report/docx"
	"github.com/konseki/konseki/internal/report/pdf"
)

// incident is an incident as a report is made from it: imported, with the case
// that people wrote of it and what was cited. Its checkpoint and hashes are left
// out, because the keys of a vault are new each time.
func incident(t *testing.T, s raw.Scenario) report.Input {
	t.Helper()
	i := replaytest.Import(t, s, raw.Options{Seed: 1, Records: 1})
	i.Estate(t)
	k := i.Applied(t)
	from, to := s.Info.First, s.Info.Noticed.AddDate(0, 0, 7)
	in := report.Input{Case: k, From: from, To: to, Zone: time.FixedZone("JST", 9*3600), Now: to, Version: "test", Origin: "konseki/test", PublicKey: "KEY", Checkpoint: "konseki/test", Records: map[uint64]report.Cited{}}
	for _, seq := range k.Cited(false) {
		rec, err := i.Vault().Get(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		in.Records[seq] = report.Cited{Record: rec, Text: strings.ToValidUTF8(string(rec.Raw[:min(400, len(rec.Raw))]), "?"), SHA256: strings.Repeat("0", 64), Sealed: true}
	}
	problems, err := i.Lint(context.WithoutCancel(t.Context()), "sato", k.ID)
	if err != nil {
		t.Fatal(err)
	}
	in.Problems = problems
	return in
}

// TestEachIncidentGivesEachKindOfDocument holds the structure of the documents
// of every incident, and writes them in every form.
func TestEachIncidentGivesEachKindOfDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("it imports the incidents")
	}
	for _, s := range replay.Scenarios() {
		if s.Info.First.IsZero() {
			continue // nothing happens in it
		}
		t.Run(s.Info.Name, func(t *testing.T) {
			in := incident(t, s)
			for _, lang := range []string{"ja", "en"} {
				in.Lang = lang
				var all strings.Builder
				for _, k := range report.Kinds() {
					in.Kind = k.Kind
					d := report.Compose(in)
					all.WriteString(report.Structure(d) + "\n")
					text := pdfText(t, write(t, pdf.Write, d), d)
					if k.Kind == report.Final {
						inOrder(t, text, texts(d))
					}
					write(t, docx.Write, d)
				}
				report.Golden(t, "replay."+s.Info.Name+"."+lang+".txt", all.String())
			}
		})
	}
}
