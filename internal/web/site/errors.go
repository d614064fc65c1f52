package site

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/event"
	"github.com/konseki/konseki/internal/web/reading"
)

// problem is an error for the person at the browser: a status and the key of a
// sentence in the catalogue, which says what to do.
type problem struct {
	status int
	key    string
	cause  error
}

// Refusal is the error for the person at the browser with this status, whose
// sentence stands under key in the catalogue.
func Refusal(status int, key string, cause error) error { return problem{status, key, cause} }

// Error names the sentence and what caused it.
func (p problem) Error() string {
	if p.cause != nil {
		return p.key + ": " + p.cause.Error()
	}
	return p.key
}

// Unwrap returns what caused the problem.
func (p problem) Unwrap() error { return p.cause }

// Failure is the error page.
type Failure struct {
	Page   Page
	Status int
	Text   string
	Detail string
}

// Explain turns an error into a status, a sentence and a detail.
func (v *Visit) Explain(err error) (status int, text, detail string) {
	if p, ok := errors.AsType[problem](err); ok {
		if p.cause != nil {
			detail = event.Said(p.cause, v.Lang)
		}
		return p.status, v.T(p.key), detail
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, v.T("error.toolarge"), ""
	}
	switch {
	case errors.Is(err, control.ErrNotFound):
		return http.StatusNotFound, v.T("error.notfound"), event.Said(err, v.Lang)
	case errors.Is(err, control.ErrInvalid):
		return http.StatusBadRequest, v.T("error.invalid"), event.Said(err, v.Lang)
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, v.T("error.deadline"), ""
	}
	if _, ok := SyntaxOf(err); ok {
		return http.StatusBadRequest, v.T("error.query"), err.Error()
	}
	return http.StatusInternalServerError, v.T("error.internal"), err.Error()
}

// fail answers with the error as page or, for a fragment, as a small box.
func (s *server) fail(v *Visit, err error) {
	if errors.Is(err, context.Canceled) && v.R.Context().Err() != nil {
		return // nobody is listening any more
	}
	status, text, detail := v.Explain(err)
	if status >= http.StatusInternalServerError {
		s.Logger.Error("page failed", slog.String("path", v.R.URL.Path), slog.Any("error", err))
	}
	view := Failure{Status: status, Text: text, Detail: reading.Visible(detail, 2000)}
	root := "page"
	if v.Fragment != "" {
		root = "problem"
	} else {
		view.Page = v.PageOf("", text)
	}
	var b bytes.Buffer
	if err := s.pages[v.Lang].execute(&b, "error.html", root, view); err != nil {
		s.Logger.Error("error page failed", slog.Any("error", err))
		http.Error(v.W, text, status)
		return
	}
	v.Write(status, "text/html; charset=utf-8", b.Bytes())
}

// Write sends a whole response.
func (v *Visit) Write(status int, contentType string, body []byte) {
	v.W.Header().Set("Content-Type", contentType)
	v.W.WriteHeader(status)
	_, _ = v.W.Write(body) // the browser may be gone; there is nobody to tell
}
