package stories

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/konseki/konseki/internal/web/site"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/detect/finding"
	"github.com/konseki/konseki/internal/detect/story"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// Limits of mutes on a page.
const (
	muteFor    = 30 * 24 * time.Hour // what the form suggests
	maxPattern = 200                 // bytes of a suggested pattern
	maxChoices = 20                  // of a kind that the form offers
	maxPast    = 50                  // mutes that no longer hold
)

// muteForm is the form to mute findings, or to end a mute, in its state.
type muteForm struct {
	Story string // whose form is open
	Alone bool   // the form is open, but not a story's
	End   string // the mute whose end was not accepted
	Old   map[string]string
	Wrong map[string]string // what is wrong, by field
}

// muteFormView is the form as the page shows it.
type muteFormView struct {
	Story, Back, Close string
	Wrong              string // of the form as a whole
	What, Why          []muteField
}

// muteField is one field of the form.
type muteField struct {
	Name, Label, Value, Hint, Wrong string
	List                            string // ID of the choices
	Choices                         []string
}

// mutesView lists the mutes.
type mutesView struct {
	Active, Past []muteView
	More         int
	New          string // the address with the form
	Form         *muteFormView
}

// muteView is one mute.
type muteView struct {
	ID, Owner, Reason   string
	What                []muteField
	Until, At, By, Back string
	Number, Href        string // of its record
	End                 string // how it ended, or where it is ended
	Old, Wrong          string // of the form that ends it
}

// muteKeys are the fields that say what is muted; all that are given must hold.
func muteKeys() []string { return []string{"rule", "account", "address", "host", "source"} }

// muteAsked opens the form that the URL asks for, unless one is open.
func (v Visit) muteAsked(form muteForm) muteForm {
	asked := v.At.Get("mute")
	if v.Person.Role == "viewer" || asked == "" || form.Old != nil {
		return form
	}
	if asked == "new" {
		form.Alone = true
	} else {
		form.Story = asked
	}
	return form
}

// suggestion is what the form holds before anybody wrote into it.
type suggestion struct {
	values  map[string]string
	choices map[string][]string
}

// suggested is the narrowest mute of a story's gravest finding: its rule, and
// what it names where the story names nothing else of that kind.
func suggested(list *control.Stories, i int, now time.Time) suggestion {
	s := suggestion{map[string]string{"until": now.Add(muteFor).Format(time.DateOnly)}, map[string][]string{}}
	found := storyFindings(list, i)
	for j := range found {
		f := &found[j]
		for k, value := range []string{f.RuleID, finding.Account(f.User), f.Address, f.Host, f.Source} {
			name := muteKeys()[k]
			s.offer(name, value)
			if j == 0 {
				s.values[name] = literal(value)
			}
		}
	}
	for _, name := range muteKeys()[1:] {
		if len(s.choices[name]) > 1 {
			s.values[name] = ""
		}
	}
	return s
}

// offer adds a value as a choice.
func (s *suggestion) offer(name, value string) {
	pattern := literal(value)
	if pattern != "" && len(s.choices[name]) < maxChoices && !slices.Contains(s.choices[name], pattern) {
		s.choices[name] = append(s.choices[name], pattern)
	}
}

// literal is a pattern for one value: what means something in a pattern is
// escaped, what no field can hold stands as any character, and what is too
// long ends in anything.
func literal(value string) string {
	var b strings.Builder
	for _, c := range value {
		switch {
		case b.Len() > maxPattern:
			return b.String() + "*"
		case reading.Strange(c):
			b.WriteByte('?')
		case strings.ContainsRune(`*?[\`, c):
			b.WriteString(`\` + string(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// muteForm sets the form: as it was written, or else as suggested.
func (v Visit) muteForm(form muteForm, s suggestion) *muteFormView {
	at := v.At.Change("mute", "")
	view := &muteFormView{Story: reading.Visible(form.Story, 64), Back: at.String(), Close: at.String(), Wrong: form.Wrong[""]}
	field := func(name string) muteField {
		f := muteField{Name: name, Label: v.T("mute." + name), Value: s.values[name], Choices: s.choices[name], Wrong: form.Wrong[name]}
		if form.Old != nil {
			f.Value = form.Old[name]
		}
		if len(f.Choices) > 1 {
			f.List = "mute-" + name
		} else {
			f.Choices = nil
		}
		return f
	}
	for _, name := range muteKeys() {
		view.What = append(view.What, field(name))
	}
	for _, name := range []string{"owner", "reason", "until"} {
		view.Why = append(view.Why, field(name))
	}
	view.Why[2].Label += v.F("list.paren", v.ZoneLabel)
	view.Why[2].Hint = v.T("mute.until.hint")
	return view
}

// mutes lists the mutes, those that hold first, the newest of all first.
func (v Visit) mutes(list []control.Mute, form muteForm, now time.Time) mutesView {
	view := mutesView{New: v.At.Change("mute", "new", "record", "", "pivot", "", "gap", "").String() + "#mutes"}
	if form.Alone {
		view.Form = v.muteForm(form, suggestion{values: map[string]string{"until": now.In(v.Zone).Add(muteFor).Format(time.DateOnly)}})
	}
	record := v.At.UpTo("record", "pivot", "gap") + "record="
	for i := range slices.Backward(list) {
		m := &list[i]
		line := v.mute(m, record)
		switch {
		case m.Ended == nil && m.Until.After(now):
			line.End = "/findings/mutes/" + url.PathEscape(m.ID) + "/end"
			if form.End == m.ID {
				line.Old, line.Wrong = form.Old["reason"], form.Wrong["reason"]
			}
			view.Active = append(view.Active, line)
		case len(view.Past) == maxPast:
			view.More++
		default:
			line.End = v.F("mute.over", v.Prose(m.Until))
			if m.Ended != nil {
				line.End = v.F("mute.ended", v.Prose(m.Ended.At), reading.Visible(m.Ended.By, 60), reading.Visible(m.Ended.Reason, 2000))
			}
			view.Past = append(view.Past, line)
		}
	}
	return view
}

func (v Visit) mute(m *control.Mute, record string) muteView {
	line := muteView{ID: reading.Visible(m.ID, 40), Owner: reading.Visible(m.Owner, 200), Reason: reading.Visible(m.Reason, 2000), Until: v.Prose(m.Until),
		At: v.Clock(m.At, event.PrecisionSecond).Minute(), By: reading.Visible(m.By, 60), Back: v.At.Change("mute", "").String(),
		Number: reading.Grouped(int64(m.Record)), Href: record + strconv.FormatUint(m.Record, 10)}
	for i, value := range []string{m.Rule, m.Account, m.Address, m.Host, m.Source} {
		if value != "" {
			line.What = append(line.What, muteField{Label: v.T("mute." + muteKeys()[i]), Value: reading.Visible(value, 300)})
		}
	}
	return line
}

// postedMute reads a form about mutes and returns to the page it was sent from.
func (v Visit) postedMute() (muteForm, error) {
	if err := v.R.ParseForm(); err != nil {
		return muteForm{}, site.Refusal(http.StatusBadRequest, "error.form", err)
	}
	form := muteForm{Old: map[string]string{}, Wrong: map[string]string{}}
	for key := range v.R.PostForm {
		form.Old[key] = strings.TrimSpace(v.R.PostForm.Get(key))
	}
	v.At = reading.AddressOf("/findings", nil)
	if back, err := url.Parse(reading.LocalPath(form.Old["back"])); err == nil && back.Path == "/findings" {
		v.At = reading.AddressOf(back.Path, back.Query()).Change("view", "", "q", "")
	}
	return form, nil
}

// finishMute leads back to the stories, or shows the form again with what was
// wrong beside its field.
func (v Visit) finishMute(form muteForm, err error, done string) error {
	if errors.Is(err, control.ErrInvalid) {
		form.Wrong[""] = v.Said(err, 400)
	} else if err != nil {
		return err
	}
	if len(form.Wrong) > 0 {
		return v.showStories(http.StatusBadRequest, form)
	}
	return v.Redirect(site.WithDone(v.At.Change("mute", "").String(), done) + "#mutes")
}

// addMute leaves findings out of stories for a time.
func (v Visit) addMute() error {
	form, err := v.postedMute()
	if err != nil {
		return err
	}
	form.Story = form.Old["story"]
	form.Alone = form.Story == ""
	var m control.Mute
	m.Rule, m.Account, m.Address, m.Host, m.Source = form.Old["rule"], form.Old["account"], form.Old["address"], form.Old["host"], form.Old["source"]
	m.Owner, m.Reason = form.Old["owner"], form.Old["reason"]
	m.Until = form.check(v, v.Now())
	if len(form.Wrong) == 0 {
		_, err = v.Ops.AddMute(v.R.Context(), v.Person.Name, m.Mute)
	}
	return v.finishMute(form, err, "mute")
}

// check says in the reader's language what is wrong with each field, and reads
// the instant.
func (form *muteForm) check(v Visit, now time.Time) (until time.Time) {
	named := false
	for _, key := range muteKeys() {
		named = named || form.Old[key] != ""
		if _, err := path.Match(form.Old[key], ""); err != nil {
			form.Wrong[key] = v.T("mute.pattern")
		}
	}
	if !named {
		form.Wrong["rule"] = v.T("mute.nothing")
	}
	if form.Old["owner"] == "" {
		form.Wrong["owner"] = v.T("mute.noowner")
	}
	if form.Old["reason"] == "" {
		form.Wrong["reason"] = v.T("mute.noreason")
	}
	until, ok := reading.ParseTime(form.Old["until"], v.Zone)
	switch {
	case !ok:
		form.Wrong["until"] = v.T("error.time")
	case !until.After(now):
		form.Wrong["until"] = v.T("mute.past")
	case until.Sub(now) > story.LongestMute:
		form.Wrong["until"] = v.T("mute.long")
	}
	return until
}

// endMute ends a mute before its time.
func (v Visit) endMute() error {
	form, err := v.postedMute()
	if err != nil {
		return err
	}
	form.End = v.R.PathValue("id")
	if form.Old["reason"] == "" {
		form.Wrong["reason"] = v.T("mute.noreason.end")
	} else if _, err = v.Ops.EndMute(v.R.Context(), v.Person.Name, form.End, form.Old["reason"]); errors.Is(err, control.ErrInvalid) {
		form.Wrong["reason"], err = v.Said(err, 400), nil
	}
	return v.finishMute(form, err, "unmute")
}

// toMutes leads to the list of mutes.
func (v Visit) toMutes() error { return v.Redirect("/findings#mutes") }
