package logsource_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/konseki/konseki/internal/sigma/logsource"
)

var update = flag.Bool("update", false, "write docs/logsources.md and the golden files anew")

// golden compares a file of the repository with what the code says.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), string(got)); diff != "" {
		t.Errorf("%s is not what the code says; run go test ./internal/sigma/logsource -update: %s", path, diff)
	}
}

func TestDocsTellTheTableOfLogsources(t *testing.T) {
	var b strings.Builder
	b.WriteString(docsHead)
	list := logsource.List()
	slices.SortStableFunc(list, func(a, b logsource.Info) int {
		return strings.Compare(a.Product+"\x00"+a.Category+"\x00"+a.Service, b.Product+"\x00"+b.Category+"\x00"+b.Service)
	})
	for _, l := range list {
		if l.Why == "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(l.Product), cell(l.Category), cell(l.Service), strings.ReplaceAll(strings.Join(l.Belongs, "; or<br>"), "|", `\|`))
		}
	}
	b.WriteString(docsNone)
	for _, l := range list {
		if l.Why != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(l.Product), cell(l.Category), cell(l.Service), l.Why)
		}
	}
	b.WriteString(docsAliases)
	for _, f := range logsource.FieldNames() {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", f.Where, f.Name, strings.ReplaceAll(f.StandIns, "|", `\|`))
	}
	golden(t, filepath.Join("..", "..", "..", "docs", "logsources.md"), []byte(b.String()))
}

func cell(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

const docsHead = `# Logsources

Which events a Sigma rule is matched against. A rule names a product, a category and a service, any of which may be missing; what it names is looked up
one by one, and an event must belong to all of it. So an auditd record of a program's start is an event of *linux*, of *linux / process_creation* and of
*linux / auditd*. An event that belongs to none of a rule's logsources is never compared with the rule, whatever it says: keyword rules too see only their own logs.

Every mark in a line must hold; of several values in one mark any will do. "Field" is a native field of that name, with the value where one is stated
(` + "`*`" + ` for any beginning or end, without regard to case). "Channel" is the Windows channel; where an export states none, the provider that writes to it.
` + "`device`" + ` is what marks the message of a network device: ` + "`%ASA-6-113039`" + ` and the like.

This page is written by a test from the table in the code (` + "`go test ./internal/sigma/logsource -update`" + `).

| product | category | service | events that belong |
| --- | --- | --- | --- |
`

const docsNone = `
## Logsources that no event belongs to

Rules for them load and are listed as rules without a source.

| product | category | service | why |
| --- | --- | --- | --- |
`

const docsAliases = `
## Field names

A rule sees the native fields of an event under their own names, and konseki's columns under theirs (` + "`src_ip`, `actor_user`, `cmd_line`" + ` …). Where an event has no field of
the name that the rule asks for, these stand in, best first.

| logsource | field of the rule | what stands in |
| --- | --- | --- |
`
