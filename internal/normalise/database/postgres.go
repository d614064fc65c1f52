package database

import (
	"bytes"
	"strings"

	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/jsonx"
	"github.com/konseki/konseki/internal/normalise/format"
)

// postgres reads the three forms of PostgreSQL's log (documentation, "Error
// Reporting and Logging"): stderr under any sensible log_line_prefix, csvlog
// and jsonlog, with the audit lines of pgaudit. The same event comes out of
// each, as far as each states it.
type postgres struct {
	flat  *jsonx.Flattener
	cells []string
	names map[string]pgField
}

// NewPostgres returns the format "postgres".
func NewPostgres() format.Format {
	p := &postgres{flat: jsonx.NewFlattener(jsonx.DefaultLimits()), names: map[string]pgField{}}
	for i, name := range pgFieldNames() {
		p.names[name] = pgField(i)
	}
	return p
}

func (p *postgres) Name() string { return "postgres" }

func (p *postgres) Matches(raw []byte) bool {
	if len(raw) < 20 {
		return false
	}
	if raw[0] == '{' {
		return bytes.Contains(raw, []byte(`"error_severity"`))
	}
	return bytes.Contains(raw, []byte(":  ")) || format.IsDigit(raw[0]) && bytes.Count(raw, []byte(",")) >= 21
}

// Shape takes stderr logs, whose records may go over several lines, and csvlog.
func (p *postgres) Shape(head []byte) (event.Shape, bool) {
	if first, framing, ok := format.FirstJSON(head); ok {
		return event.Shape{Format: p.Name(), Framing: framing}, bytes.Contains(first, []byte(`"error_severity"`))
	}
	lines, votes := 0, 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || line[0] == '\t' {
			continue
		}
		if lines++; lines > format.MaxSample {
			break
		}
		var r pgRecord
		if p.csv(&r, string(line)) {
			return event.Shape{Format: p.Name(), Framing: event.FrameCSV}, true
		}
		if _, _, ok := pgPrefix(&r, string(line)); ok {
			votes++
		}
	}
	if votes == 0 || votes*2 < lines {
		return event.Shape{}, false
	}
	return event.Shape{Format: p.Name(), Framing: event.FrameLines, Continues: pgContinues}, true
}

// pgContinues reports whether line goes on with the record that began with
// first: it is indented, has no prefix, or is a DETAIL, HINT, CONTEXT, QUERY
// or STATEMENT that the same process wrote.
func pgContinues(first, line []byte) bool {
	if len(line) == 0 || line[0] == '\t' {
		return true
	}
	var a, b pgRecord
	severity, _, ok := pgPrefix(&b, string(line))
	if !ok {
		return true
	}
	if !isPgPart(severity) {
		return false
	}
	begin, _, _ := bytes.Cut(first, []byte("\n"))
	_, _, ok = pgPrefix(&a, string(begin))
	return ok && a[pgPID] == b[pgPID] && a[pgSession] == b[pgSession]
}

func (p *postgres) Normalise(in *format.Input, dst []event.Event) ([]event.Event, bool) {
	if len(in.Raw) == 0 {
		return dst, false
	}
	var r pgRecord
	counted := false // line numbers count records, from 1 within a session
	if in.Raw[0] == '{' {
		counted = p.json(&r, in.Raw)
	} else {
		counted = p.csv(&r, in.Text())
	}
	if !counted && (in.Raw[0] == '{' || !pgStderr(&r, in.Text())) {
		return dst, false
	}
	dst = append(dst, in.New(p.Name(), event.ClassBase))
	ev := &dst[len(dst)-1]
	r.fill(in, ev)
	// The %l of stderr counts lines: DETAIL and STATEMENT have numbers of their
	// own within the record, so that whole logs would seem to have gaps.
	if counted && r[pgSession] != "" && r[pgLine] != "" {
		ev.Chain = "pgsession:" + r[pgSession]
	}
	return dst, true
}

// json reads a jsonlog object. One with other members than jsonlog's is not
// taken, so that none is lost.
func (p *postgres) json(r *pgRecord, raw []byte) bool {
	members, err := p.flat.Flatten(raw)
	if err != nil {
		return false
	}
	for _, m := range members {
		i, known := p.names[m.Name]
		if !known {
			return false
		}
		r[i] = m.Value
	}
	return r[pgTime] != "" && r[pgSeverity] != ""
}

// csv reads a csvlog record: 23 columns up to PostgreSQL 12, 24 in 13, 26 since 14.
func (p *postgres) csv(r *pgRecord, text string) bool {
	if !format.IsDigit(text[0]) || strings.IndexByte(text, ',') < 19 {
		return false
	}
	cells, ok := format.SplitCSV(p.cells[:0], text, ',')
	p.cells = cells[:0]
	if n := len(cells); !ok || n != 23 && n != 24 && n != 26 || !isPgSeverity(cells[11]) {
		return false
	}
	for i, field := range pgCSVColumns() {
		if i < len(cells) {
			r[field] = cells[i]
		}
	}
	r[pgRemoteHost], r[pgRemotePort] = pgConnection(r[pgRemoteHost])
	if r[pgState] == "00000" {
		r[pgState] = "" // jsonlog leaves it out
	}
	return true
}

// pgConnection parts "127.0.0.1:46740" as csvlog writes it, and "[local]".
func pgConnection(from string) (host, port string) {
	if i := strings.LastIndexByte(from, ':'); i > 0 {
		return from[:i], from[i+1:]
	}
	return from, ""
}
