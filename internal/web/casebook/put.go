package casebook

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/investigate"
	"github.com/konseki/konseki/internal/web/reading"
	"github.com/konseki/konseki/internal/web/site"
)

// posted reads a form about a part of the kind that the path names.
func (v visit) posted() (*draft, spec, error) {
	k := investigate.Kind(v.R.PathValue("kind"))
	s, ok := specOf(k)
	if !ok {
		return nil, s, site.Refusal(http.StatusNotFound, "error.nopage", nil)
	}
	if err := v.R.ParseForm(); err != nil {
		return nil, s, site.Refusal(http.StatusBadRequest, "error.form", err)
	}
	d := draftOf(k, v.R.PostForm)
	if k == investigate.KindFact {
		var err error
		if s, err = v.factSpec(s, d.value("id")); err != nil {
			return nil, s, err
		}
	}
	if d.base != 0 {
		var err error
		if d.was, err = v.Ops.Part(v.R.Context(), v.R.PathValue("id"), k, d.id, d.base); err != nil {
			return nil, s, err
		}
	}
	return d, s, nil
}

// put records a part as a form says it.
func (v visit) put() error {
	d, s, err := v.posted()
	if err != nil {
		return err
	}
	p, err := v.fill(d, s)
	if err == nil && p != nil {
		_, err = v.Ops.Put(v.R.Context(), v.Person.Name, v.R.PathValue("id"), p, d.base)
	}
	return v.settle(d, s, err, map[investigate.Kind]string{investigate.KindRow: "row", investigate.KindStatement: "statement", investigate.KindQuestion: "question"}[d.kind])
}

// addRow adds a record to the timeline of the case that the form names.
func (v visit) addRow() error {
	v.R.SetPathValue("id", v.R.PostFormValue("case"))
	v.R.SetPathValue("kind", string(investigate.KindRow))
	return v.put()
}

// settle answers a form: back to where it was written, or the form again, with
// everything that was written still there, and what was wrong with it.
func (v visit) settle(d *draft, s spec, err error, done string) error {
	status := http.StatusBadRequest
	_, unreadable := site.SyntaxOf(err)
	conflict, met := errors.AsType[*investigate.Conflict](err)
	switch {
	case met:
		d.conflict, status = conflict, http.StatusConflict
	case len(d.wrong) > 0:
		d.err = d.wrongs()
	case d.err != "":
	case unreadable || errors.Is(err, control.ErrInvalid):
		d.err = v.objection(err)
	case err != nil:
		return err
	default:
		if done == "" {
			done = "saved"
		}
		return v.Redirect(v.back(s.tab, done))
	}
	return v.show(s.tab, status, d)
}

// back is where a form was sent from, or else its page.
func (v visit) back(tab, done string) string {
	to := v.pathOf(tab)
	if back := v.R.PostFormValue("back"); back != "" {
		to = reading.LocalPath(back)
	}
	return site.WithDone(to, done)
}

// weigh shows what a part would say, without recording it.
func (v visit) weigh() error {
	d, s, err := v.posted()
	if err != nil {
		return err
	}
	if d.weighed, err = v.weighed(d, s); err != nil {
		return err
	}
	if v.Fragment == "weighed" {
		return v.Show(http.StatusOK, "statements.html", "weighed", d.weighed)
	}
	return v.show(s.tab, http.StatusOK, d)
}

// withdraw says that a part is no longer upheld. Nothing is deleted.
func (v visit) withdraw() error {
	return v.said("withdrawn", func(k investigate.Kind, id string, reason event.Phrase) error {
		return v.Ops.Withdraw(v.R.Context(), v.Person.Name, v.R.PathValue("id"), k, id, reason)
	})
}

// override lets a condition count as dealt with though it is not met.
func (v visit) override() error {
	return v.said("overridden", func(k investigate.Kind, id string, reason event.Phrase) error {
		return v.Ops.Override(v.R.Context(), v.Person.Name, v.R.PathValue("id"), k, id, reason)
	})
}

// sign signs a condition or measure off.
func (v visit) sign() error {
	return v.said("signed", func(k investigate.Kind, id string, _ event.Phrase) error {
		return v.Ops.Sign(v.R.Context(), v.Person.Name, v.R.PathValue("id"), k, id)
	})
}

// check runs the checks of a case, or one of them.
func (v visit) check() error {
	return v.said("checked", func(k investigate.Kind, id string, _ event.Phrase) error {
		_, err := v.Ops.Check(v.R.Context(), v.Person.Name, v.R.PathValue("id"), k, id)
		return err
	})
}

// said does what a person says of a part that is there. What is wrong with it
// is told on the page of the part, with the reason that was written.
func (v visit) said(done string, do func(investigate.Kind, string, event.Phrase) error) error {
	k, id := investigate.Kind(v.R.PathValue("kind")), v.R.PathValue("part")
	s, ok := specOf(k)
	if k == "" {
		s.tab, ok = "promises", true
	}
	if !ok {
		return site.Refusal(http.StatusNotFound, "error.nopage", nil)
	}
	reason := strings.TrimSpace(v.R.PostFormValue("reason"))
	err := do(k, id, v.written(reason))
	if errors.Is(err, control.ErrInvalid) {
		return v.show(s.tab, http.StatusBadRequest, &draft{kind: k, id: id, err: v.Said(err, 600), reason: reason})
	}
	if err != nil {
		return err
	}
	return v.Redirect(v.back(s.tab, done))
}

// closeCase closes a case, reopenCase opens it again.
func (v visit) closeCase() error {
	err := v.Ops.CloseCase(v.R.Context(), v.Person.Name, v.R.PathValue("id"), v.written(strings.TrimSpace(v.R.PostFormValue("reason"))))
	if err != nil {
		return err
	}
	return v.Redirect(v.back("home", "closed"))
}

func (v visit) reopenCase() error {
	if err := v.Ops.ReopenCase(v.R.Context(), v.Person.Name, v.R.PathValue("id")); err != nil {
		return err
	}
	return v.Redirect(v.back("home", "reopened"))
}

// written is a text as a person wrote it, in their language.
func (v visit) written(text string) event.Phrase {
	if v.Lang == "ja" {
		return event.Phrase{JA: text}
	}
	return event.Phrase{EN: text}
}

// pathOf is the address of a page of the case.
func (v visit) pathOf(tab string) string {
	path := site.CasePath(v.R.PathValue("id"))
	if tab == "home" {
		return path
	}
	return path + "/" + url.PathEscape(tab)
}
