package casebook

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/width"

	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits of forms.
const (
	maxFormCites = 1000
	maxFormText  = 64 << 10 // bytes of one field
)

// formView is the form of one part.
type formView struct {
	Action, Weigh    string // where it is sent, and where it is weighed while it is written
	Kind, ID, Title  string
	Base             uint64 // the version that it was made from
	Back, Cancel     string
	Error            string
	Rows, Rest       []fieldRow
	Unfold           bool
	Conflict         *conflictView
	Withdraw, Reason string // where it is withdrawn; what was written as the reason
	Weighed          *weighedView
}

// fieldRow is fields side by side.
type fieldRow struct {
	Class  string
	Fields []fieldView
}

// fieldView is one field with its value.
type fieldView struct {
	Name, Label, Hint, Input, Lang, Value string
	Wrong                                 string
	Options                               []option
	Offers                                []option // what may be chosen, and need not
	Need                                  bool
	Both                                  []fieldView // one phrase in two languages
	Theirs                                *string     // what somebody else wrote meanwhile
}

// option is a choice of a select field.
type option struct {
	Value, Label string
	On           bool
}

// tree is a part by its JSON names.
type tree map[string]any

func treeOf(p investigate.Part) (tree, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("casebook: %s: %w", p.Kind(), err)
	}
	t := tree{}
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("casebook: %s: %w", p.Kind(), err)
	}
	return t, nil
}

// part reads the tree back.
func (t tree) part(k investigate.Kind) (investigate.Part, error) {
	text, err := json.Marshal(map[string]any(t))
	if err != nil {
		return nil, fmt.Errorf("casebook: %s: %w", k, err)
	}
	return investigate.DecodePart(k, text)
}

func (t tree) get(path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return t[name]
	}
	inner, _ := t[name].(map[string]any)
	return tree(inner).get(rest)
}

// set puts a value, or takes it away where it is nil.
func (t tree) set(path string, value any) {
	name, rest, deeper := strings.Cut(path, ".")
	switch {
	case !deeper && value == nil:
		delete(t, name)
	case !deeper:
		t[name] = value
	default:
		inner, _ := t[name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
		}
		tree(inner).set(rest, value)
		if len(inner) == 0 {
			delete(t, name)
		} else {
			t[name] = inner
		}
	}
}

// text writes a value as its field shows it.
func (v visit) text(f field, value any) string {
	switch x := value.(type) {
	case nil:
		return ""
	case bool:
		return map[bool]string{true: "yes", false: ""}[x]
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []any:
		return joined(f.input, x)
	case string:
		if f.input == "time" {
			return v.stamp(x)
		}
		text, _ := reading.VisibleLines(x, maxFormText)
		if f.input != "area" {
			text = reading.Visible(x, maxFormText)
		}
		return text
	}
	return ""
}

// stamp writes an instant as people do, with the fraction that it has.
func (v visit) stamp(text string) string {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.IsZero() {
		return ""
	}
	return at.In(v.Zone).Format("2006-01-02 15:04:05.999999999")
}

// joined writes a list: names and numbers in one line, phrases one a line.
func joined(input string, list []any) string {
	var out []string
	for _, x := range list {
		switch x := x.(type) {
		case string:
			out = append(out, reading.Visible(x, 1000))
		case float64:
			out = append(out, strconv.FormatFloat(x, 'f', -1, 64))
		case map[string]any:
			ja, _ := x["ja"].(string)
			en, _ := x["en"].(string)
			out = append(out, strings.TrimSuffix(reading.Visible(ja, 1000)+" | "+reading.Visible(en, 1000), " | "))
		}
	}
	switch input {
	case "cites":
		return strings.Join(out, " ")
	case "phrases":
		return strings.Join(out, "\n")
	}
	return strings.Join(out, ", ")
}

// value reads what was written into a field; wrong is the key of the sentence
// that says what is wrong with it.
func (v visit) value(f field, text string) (value any, wrong string) {
	if text == "" {
		return nil, ""
	}
	switch f.input {
	case "time":
		at, ok := reading.ParseTime(text, v.Zone)
		if !ok {
			return nil, "error.time"
		}
		return at.Format(time.RFC3339Nano), ""
	case "number":
		n, err := strconv.ParseInt(strings.ReplaceAll(width.Fold.String(text), ",", ""), 10, 53)
		if err != nil || n < 0 {
			return nil, "form.number"
		}
		return n, ""
	case "cites":
		return citesOf(text)
	case "names":
		var list []any
		for name := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' || c == '、' || c == '\n' }) {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
		return list, ""
	case "phrases":
		var list []any
		for l := range strings.SplitSeq(text, "\n") {
			ja, en, _ := strings.Cut(l, "|")
			if ja, en = strings.TrimSpace(ja), strings.TrimSpace(en); ja+en != "" {
				list = append(list, map[string]any{"ja": ja, "en": en})
			}
		}
		return list, ""
	case "yes":
		return true, ""
	}
	return text, ""
}

// citesOf reads record numbers, parted by anything that is not a digit.
func citesOf(text string) (value any, wrong string) {
	text = width.Fold.String(text)
	text = strings.NewReplacer(",", "", "、", " ", "#", " ").Replace(strings.ReplaceAll(text, ", ", " "))
	var list []uint64
	for word := range strings.FieldsSeq(text) {
		seq, err := strconv.ParseUint(word, 10, 53)
		if err != nil || seq == 0 || len(list) == maxFormCites {
			return nil, "form.cites"
		}
		list = append(list, seq)
	}
	slices.Sort(list)
	return slices.Compact(list), ""
}

// leaves lists the fields of a form one by one, a phrase as two.
func (s spec) leaves() (out []field) {
	for _, r := range slices.Concat(s.rows, s.rest) {
		for _, f := range r.fields {
			if f.input != "both" {
				out = append(out, f)
				continue
			}
			out = append(out, field{path: f.path + ".ja", input: "area"}, field{path: f.path + ".en", input: "area"})
		}
	}
	return out
}

// draft is a form as it was sent: what was written is never lost.
type draft struct {
	kind     investigate.Kind
	id       string
	base     uint64
	values   map[string]string // by path
	wrong    map[string]string // by path
	err      string
	conflict *investigate.Conflict
	was      investigate.Part // the version that the form was made from; nil for a new part
	reason   string           // of withdrawing, signing or overriding
	weighed  *weighedView
}

// draftOf reads a form.
func draftOf(k investigate.Kind, form url.Values) *draft {
	d := &draft{kind: k, id: strings.TrimSpace(form.Get("part")), values: map[string]string{}, wrong: map[string]string{}}
	d.base, _ = strconv.ParseUint(form.Get("base"), 10, 64)
	for path, list := range form {
		d.values[path] = strings.TrimSpace(strings.ReplaceAll(list[len(list)-1], "\r\n", "\n"))
	}
	return d
}

// value is what was written into a field; "" where nothing was sent.
func (d *draft) value(path string) string {
	if d == nil {
		return ""
	}
	return d.values[path]
}

// fill makes the part that a draft says. Only fields that say something else
// than the version they were made from are written, so that what a form does not
// show, and what it shows cut or masked, stays as it is.
func (v visit) fill(d *draft, s spec) (investigate.Part, error) {
	p := d.was
	if p == nil {
		var err error
		if p, err = investigate.NewPart(d.kind); err != nil {
			return nil, err
		}
	}
	t, err := treeOf(p)
	if err != nil {
		return nil, err
	}
	for _, f := range s.leaves() {
		text, sent := d.values[f.path]
		if !sent || d.values["take."+f.path] == "theirs" || text == v.text(f, t.get(f.path)) {
			continue
		}
		value, wrong := v.value(f, text)
		if wrong != "" {
			d.wrong[f.path] = v.T(wrong)
			continue
		}
		t.set(f.path, value)
	}
	if q := d.values["board"]; d.kind == investigate.KindQuestion && q != "" && d.values["text.ja"]+d.values["text.en"] == "" {
		t.set("text", map[string]any{"ja": v.Both("board." + q).JA, "en": v.Both("board." + q).EN}) // a question of the board is asked as the board asks it
	}
	v.unsaid(d, s, t)
	if len(d.wrong) > 0 {
		return nil, nil
	}
	if d.id != "" {
		t["id"] = d.id
	}
	return t.part(d.kind)
}

// unsaid notes the phrases that a part needs and that say nothing.
func (v visit) unsaid(d *draft, s spec, t tree) {
	for _, r := range s.rows {
		for _, f := range r.fields {
			if f.input == "both" && f.need && t.get(f.path+".ja") == nil && t.get(f.path+".en") == nil {
				d.wrong[f.path+"."+v.Lang] = v.T("form.empty")
			}
		}
	}
}

// form sets the form of a part as it stands, p, or as it was sent, d. A new part
// begins with what the address of the page says.
func (v visit) form(path string, k investigate.Kind, p investigate.Part, d *draft) (*formView, error) {
	s, ok := specOf(k)
	if !ok {
		return nil, fmt.Errorf("%w: a %s is not written by hand", investigate.ErrInvalid, k)
	}
	fresh := p == nil
	if fresh {
		var err error
		if p, err = v.blank(k); err != nil {
			return nil, err
		}
	}
	if k == investigate.KindFact {
		var err error
		if s, err = v.factSpec(s, cmp.Or(p.Common().ID, d.value("id"), v.At.Get("set.id"))); err != nil {
			return nil, err
		}
	}
	t, err := treeOf(p)
	if err != nil {
		return nil, err
	}
	view := &formView{Action: path + "/put/" + string(k), Kind: string(k), ID: p.Common().ID, Base: p.Common().Recorded, Title: v.T("new." + string(k)),
		Back: v.At.Without("edit", "new", "preset", "done"), Cancel: v.At.Without("edit", "new", "preset", "done")}
	if !fresh {
		view.Title = v.F("form.change", v.Phrase(k.Name()), view.ID)
		view.Withdraw = path + "/withdraw/" + string(k) + "/" + url.PathEscape(view.ID)
	}
	show := func(f field) fieldView {
		fv := fieldView{Name: f.path, Input: f.input, Need: f.need, Value: v.text(f, t.get(f.path))}
		if fresh && v.At.Has("set."+f.path) {
			fv.Value = reading.Visible(v.At.Get("set."+f.path), 4000)
		}
		return fv
	}
	if d != nil {
		if show, err = v.sent(view, d, t); err != nil {
			return nil, err
		}
	}
	view.Rows, view.Rest = v.rows(s.rows, show), v.rows(s.rest, show)
	view.Unfold = filled(view.Rest)
	if k == investigate.KindStatement {
		view.Weigh = path + "/weigh/statement"
	}
	return view, nil
}

// sent shows a form as it was sent. Where somebody else changed the part
// meanwhile, what they changed stands in the fields that this person did not
// touch, and beside those that both touched.
func (v visit) sent(view *formView, d *draft, now tree) (func(field) fieldView, error) {
	view.Error, view.Reason, view.Weighed = d.err, reading.Visible(d.reason, 2000), d.weighed
	view.Back = reading.LocalPath(d.values["back"])
	if d.conflict == nil {
		view.Base, view.ID = d.base, d.id
		return func(f field) fieldView {
			return fieldView{Name: f.path, Input: f.input, Need: f.need, Value: visibleIn(f, d.values[f.path]), Wrong: d.wrong[f.path]}
		}, nil
	}
	was := tree{}
	if d.was != nil {
		var err error
		if was, err = treeOf(d.was); err != nil {
			return nil, err
		}
	}
	theirs := d.conflict.Theirs.Common()
	view.Base = theirs.Recorded
	view.Conflict = &conflictView{By: reading.Visible(theirs.By, 60), Record: reading.Grouped(int64(theirs.Recorded)), Href: v.At.UpTo("record", "pivot", "gap") + "record=" + strconv.FormatUint(theirs.Recorded, 10)}
	return func(f field) fieldView {
		mine, before, there := d.values[f.path], v.text(f, was.get(f.path)), v.text(f, now.get(f.path))
		fv := fieldView{Name: f.path, Input: f.input, Need: f.need, Value: visibleIn(f, mine)}
		switch {
		case mine == before:
			fv.Value = there
		case there != before && there != mine:
			fv.Theirs = &there
			view.Conflict.Fields++
		}
		return fv
	}, nil
}

// conflictView says that somebody else was faster.
type conflictView struct {
	By, Record, Href string
	Fields           int
}

func visibleIn(f field, text string) string {
	if f.input == "area" || f.input == "phrases" {
		text, _ = reading.VisibleLines(text, maxFormText)
		return text
	}
	return reading.Visible(text, maxFormText)
}

// rows sets the fields of a form, phrases in the reader's language first.
func (v visit) rows(list []row, show func(field) fieldView) []fieldRow {
	out := make([]fieldRow, 0, len(list))
	for _, r := range list {
		line := fieldRow{Class: r.class}
		for _, f := range r.fields {
			line.Fields = append(line.Fields, v.field(f, show))
		}
		out = append(out, line)
	}
	return out
}

func (v visit) field(f field, show func(field) fieldView) fieldView {
	label := v.T("field." + f.path)
	if f.label != "" {
		label = v.Words[f.label]
	}
	if f.input == "both" {
		both := fieldView{Input: "both", Label: label}
		for _, lang := range v.languages() {
			one := show(field{path: f.path + "." + lang, input: "area"})
			one.Lang, one.Label = lang, v.T("lang."+lang)
			both.Both = append(both.Both, one)
		}
		return both
	}
	fv := show(f)
	fv.Label, fv.Hint = cmp.Or(f.title, label), cmp.Or(f.help, v.Words["hint."+f.path])
	if f.input == "time" {
		fv.Label += v.F("list.paren", v.ZoneLabel)
	}
	for _, o := range f.options {
		o.On = fv.Value == o.Value
		fv.Options = append(fv.Options, o)
	}
	for _, value := range f.choices {
		fv.Options = append(fv.Options, option{value, v.choiceLabel(f.prefix, value), fv.Value == value})
	}
	if f.input == "choice" && fv.Value != "" && !slices.ContainsFunc(fv.Options, func(o option) bool { return o.On }) {
		fv.Options = append(fv.Options, option{fv.Value, fv.Value, true}) // what stands there stays until another is chosen
	}
	return fv
}

// choiceLabel names a choice; none is a dash.
func (v visit) choiceLabel(prefix, value string) string {
	if value == "" {
		value = "none"
	}
	return v.T(prefix + value)
}

// languages are both, the reader's own first.
func (v visit) languages() []string {
	if v.Lang == "en" {
		return []string{"en", "ja"}
	}
	return []string{"ja", "en"}
}

// filled reports whether any field says something.
func filled(list []fieldRow) bool {
	said := func(f fieldView) bool {
		return f.Value != "" && len(f.Options) == 0 || f.Theirs != nil || f.Wrong != ""
	}
	return slices.ContainsFunc(list, func(r fieldRow) bool {
		return slices.ContainsFunc(r.Fields, func(f fieldView) bool { return said(f) || slices.ContainsFunc(f.Both, said) })
	})
}

// wrongs lists what is wrong with a draft in one line.
func (d *draft) wrongs() string {
	return strings.Join(slices.Compact(slices.Sorted(maps.Values(d.wrong))), " ")
}
