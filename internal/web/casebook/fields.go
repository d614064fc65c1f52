package casebook

import "github.com/konseki/konseki/internal/investigate"

// field is one field of the form of a part. Its path leads to a value by the
// JSON names of the part, as in "check.query".
type field struct {
	path    string
	input   string   // line, area, time, choice, names, cites, number, yes, phrases; "both" stands for two, in ja and en
	need    bool     // the browser asks for it; what a part needs, the part says
	prefix  string   // of the words for the choices
	choices []string // "" is a choice too, of nothing
	label   string   // key of the label, where it is not "field." and the path

	title, help string   // words of their own, in the reader's language
	options     []option // choices with words of their own
}

// row is fields that stand side by side; class tells how wide they are.
type row struct {
	class  string
	fields []field
}

// spec is the form of a kind of parts; what is seldom needed stands in rest,
// folded away.
type spec struct {
	tab        string // the page that the form is on
	rows, rest []row
}

func one(f ...field) row   { return row{"", f} }
func two(f ...field) row   { return row{"two", f} }
func three(f ...field) row { return row{"thirds", f} }
func four(f ...field) row  { return row{"four", f} }

func line(path string) field        { return field{path: path, input: "line"} }
func needed(f field) field          { f.need = true; return f }
func named(f field, l string) field { f.label = l; return f }
func code(path string) field        { return field{path: path, input: "code"} }
func phrase(path string) field      { return field{path: path, input: "both"} }
func instant(path string) field     { return field{path: path, input: "time"} }
func names(path string) field       { return field{path: path, input: "names"} }
func cited(path string) field       { return field{path: path, input: "cites"} }
func count(path string) field       { return field{path: path, input: "number"} }
func choice(path, prefix string, values ...string) field {
	return field{path: path, input: "choice", prefix: prefix, choices: values}
}

// specOf is the form of a kind; ok is false for one that people do not write.
func specOf(k investigate.Kind) (spec, bool) {
	switch k {
	case investigate.KindRow, investigate.KindStatement, investigate.KindQuestion, investigate.KindSection:
		return specOfText(k), true
	case investigate.KindEntity, investigate.KindScope, investigate.KindTold:
		return specOfNames(k), true
	case investigate.KindFact, investigate.KindClock, investigate.KindSubmission:
		return specOfClocks(k), true
	case investigate.KindTask, investigate.KindDecision, investigate.KindContainment:
		return specOfWork(k), true
	case investigate.KindCondition, investigate.KindMeasure:
		return specOfPromise(k), true
	}
	return spec{}, false
}

func specOfText(k investigate.Kind) spec {
	window := []field{instant("from"), instant("to")}
	switch k {
	case investigate.KindRow:
		return spec{tab: "timeline", rows: []row{
			four(needed(instant("at")), choice("precision", "precision.", "exact", "about", "day", "unknown"), choice("kind", "kind.", "event", "action", "notice", "finding", "interview", "paper"), line("source")),
			one(needed(phrase("text"))), three(cited("cites"), code("cause"), line("signer")),
		}, rest: []row{three(instant("until"), code("query"), line("about")), one(names("entities"))}}
	case investigate.KindStatement:
		return spec{tab: "statements", rows: []row{
			one(needed(phrase("text"))),
			three(choice("certainty", "certainty.", "confirmed", "established", "probable", "possible", "not_confirmed", "undetermined"), choice("status", "status.", "", "reviewed"), choice("chapter", "chapter.", "", "cause", "impact", "method")),
			one(code("query")), two(window...), one(cited("cites")), one(phrase("reason")),
			one(choice("reason_code", "reason.", "", "expired", "deleted", "never_collected", "refused", "out_of_scope", "not_decrypted", "silent", "other")),
		}, rest: []row{
			three(instant("at"), instant("until"), choice("precision", "precision.", "", "exact", "about", "day")),
			three(count("number.min"), count("number.max"), line("number.unit")), one(phrase("number.basis")),
			three(names("sources"), line("about"), names("entities")),
		}}
	case investigate.KindQuestion:
		return spec{tab: "home", rows: []row{
			two(choice("board", "board.", "", "how_in", "who", "since_when", "touched", "still_in", "what_left"), names("sources")),
			one(named(needed(phrase("text")), "field.question")), one(code("query")), two(window...), one(phrase("conclusion")), one(cited("cites")),
		}}
	}
	return spec{tab: "statements", rows: []row{
		one(choice("id", "section.", "summary", "method", "cause", "impact", "resumption", "prevention", "contact", "plan")), one(needed(phrase("text"))),
	}}
}

func specOfNames(k investigate.Kind) spec {
	switch k {
	case investigate.KindEntity:
		return spec{tab: "names", rows: []row{
			three(choice("type", "type.", "person", "account", "host", "address", "network", "company", "service", "item", "domain", "url", "file", "hash"), needed(line("real")), choice("role", "role.", "", "intruder", "victim", "staff", "third_party", "own")),
			one(needed(phrase("public"))), two(names("aliases"), field{path: "indicator", input: "yes"}), one(phrase("note")),
		}}
	case investigate.KindScope:
		return spec{tab: "names", rows: []row{
			one(named(needed(phrase("text")), "field.scope")), three(choice("of", "of.", "accounts", "hosts", "addresses", "items", "tables", "records", "persons"), count("number.min"), count("number.max")),
			one(phrase("number.basis")), one(code("query")), two(instant("from"), instant("to")),
		}, rest: []row{three(code("field"), count("weeks"), cited("cites"))}}
	}
	return spec{tab: "names", rows: []row{
		one(needed(phrase("recipient"))), four(choice("group", "group.", "authority", "police", "customers", "partners", "card_companies", "public", "staff", "other"), needed(instant("at")), choice("precision", "precision.", "", "exact", "about", "day"), line("channel")),
		one(named(needed(phrase("text")), "field.told")), two(code("version"), cited("cites")),
	}}
}

func specOfClocks(k investigate.Kind) spec {
	switch k {
	case investigate.KindFact:
		return spec{tab: "clocks", rows: []row{
			three(needed(named(code("id"), "field.key")), needed(line("value")), instant("known")), one(phrase("note")), one(cited("cites")),
		}}
	case investigate.KindClock:
		return spec{tab: "clocks", rows: []row{
			one(needed(phrase("name"))), three(needed(code("start")), needed(code("within")), choice("calendar", "calendar.", "", "us")), one(needed(phrase("recipient"))),
			one(field{path: "items", input: "phrases"}), one(phrase("basis")),
		}}
	}
	return spec{tab: "clocks", rows: []row{
		three(needed(code("clock")), needed(named(instant("at"), "field.submitted")), code("version")), one(phrase("proof")), one(cited("cites")), one(phrase("late")),
	}}
}

func specOfWork(k investigate.Kind) spec {
	switch k {
	case investigate.KindTask:
		return spec{tab: "home", rows: []row{one(named(needed(phrase("text")), "field.task")), three(line("owner"), instant("due"), choice("status", "task.", "open", "done", "dropped"))}}
	case investigate.KindDecision:
		return spec{tab: "home", rows: []row{one(named(needed(phrase("text")), "field.decision")), two(needed(instant("at")), needed(line("who"))), one(phrase("grounds")), one(cited("cites"))}}
	}
	return spec{tab: "home", rows: []row{
		one(named(needed(phrase("text")), "field.containment")),
		four(choice("action", "action.", "disable_account", "block_address", "isolate_host", "stop_service", "rotate_secret", "other"), needed(line("target")), needed(instant("at")), instant("until")),
		one(code("query")), two(names("sources"), cited("cites")),
	}}
}

func specOfPromise(k investigate.Kind) spec {
	check := []row{
		three(choice("check.by", "check.", "query", "findings", "coverage", "evidence", "sign_off"), choice("check.expect", "expect.", "", "found"), names("check.sources")), one(code("check.query")),
		four(count("check.days"), count("check.every"), instant("check.from"), instant("check.to")), one(cited("check.cites")),
	}
	if k == investigate.KindCondition {
		return spec{tab: "promises", rows: append([]row{two(needed(line("service")), line("platform")), one(named(needed(phrase("text")), "field.condition"))}, check...)}
	}
	check[0].fields[0].choices = append([]string{""}, check[0].fields[0].choices...)
	return spec{tab: "promises", rows: append([]row{
		one(named(needed(phrase("text")), "field.measure")),
		four(choice("status", "measure.", "planned", "ongoing", "done", "dropped"), choice("term", "term.", "", "short", "long"), choice("area", "area.", "", "technical", "organisation", "rules"), line("owner")),
		two(instant("due"), names("controls")),
	}, check...)}
}
