package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/konseki/konseki/internal/control"
	"github.com/konseki/konseki/internal/web/reading"
)

// problem is an error for the person at the browser: a status and the key of a
// sentence in the catalogue, which says what to do.
type problem struct {
	status int
	key    string
	cause  error
}

// Error names the sentence and what caused it.
func (p problem) Error() string {
	if p.cause != nil {
		return p.key + ": " + p.cause.Error()
	}
	return p.key
}

// Unwrap returns what caused the problem.
func (p problem) Unwrap() error { return p.cause }

// failure is the error page.
type failure struct {
	Page   page
	Status int
	Text   string
	Detail string
}

// explain turns an error into a status, a sentence and a detail.
func (v *visit) explain(err error) (status int, text, detail string) {
	if p, ok := errors.AsType[problem](err); ok {
		if p.cause != nil {
			detail = p.cause.Error()
		}
		return p.status, v.T(p.key), detail
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, v.T("error.toolarge"), ""
	}
	switch {
	case errors.Is(err, control.ErrNotFound):
		return http.StatusNotFound, v.T("error.notfound"), err.Error()
	case errors.Is(err, control.ErrInvalid):
		return http.StatusBadRequest, v.T("error.invalid"), err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, v.T("error.deadline"), ""
	}
	if _, ok := syntaxOf(err); ok {
		return http.StatusBadRequest, v.T("error.query"), err.Error()
	}
	return http.StatusInternalServerError, v.T("error.internal"), err.Error()
}

// fail answers with the error as page or, for a fragment, as a small box.
func (s *server) fail(v *visit, err error) {
	if errors.Is(err, context.Canceled) && v.r.Context().Err() != nil {
		return // nobody is listening any more
	}
	status, text, detail := v.explain(err)
	if status >= http.StatusInternalServerError {
		s.Logger.Error("page failed", slog.String("path", v.r.URL.Path), slog.Any("error", err))
	}
	view := failure{Status: status, Text: text, Detail: reading.Visible(detail, 2000)}
	root := "page"
	if v.fragment != "" {
		root = "problem"
	} else {
		view.Page = s.pageOf(v, "", text)
	}
	var b bytes.Buffer
	if err := s.pages[v.Lang].execute(&b, "error.html", root, view); err != nil {
		s.Logger.Error("error page failed", slog.Any("error", err))
		http.Error(v.w, text, status)
		return
	}
	v.write(status, "text/html; charset=utf-8", b.Bytes())
}

// write sends a whole response.
func (v *visit) write(status int, contentType string, body []byte) {
	v.w.Header().Set("Content-Type", contentType)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // the browser may be gone; there is nobody to tell
}
