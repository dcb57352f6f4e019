package portal

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// buffers are those of pages, which are large: a new one would grow and be copied several
// times for each page.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// show renders a page in the person's language, whole before the first byte leaves, so that an error on the way
// is an error page and not half a page.
func (v *visit) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	buffer, _ := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer buffers.Put(buffer)
	if err := page.Render(web.WithWords(r.Context(), v.words), buffer); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(buffer.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes()) // the browser went away
	return nil
}

// fail shows what a handler returned as an error. It is the one place that does.
func (p *Portal) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	var toSignIn errSignIn
	if errors.As(err, &toSignIn) {
		p.sendToSignIn(w, r, v, toSignIn)
		return
	}
	if errors.As(err, &errConfirm{}) {
		p.sendToConfirm(w, r)
		return
	}
	var denied errDenied
	if errors.As(err, &denied) {
		if err = p.deniedPage(w, r, v, denied); err == nil {
			return
		}
	}
	problem := problemOf(err)
	p.log(r, problem)
	title := v.T(problem.Title)
	if problem.RetryAfter > 0 {
		setRetryAfter(w, problem.RetryAfter)
	}
	page := v.page(title, "")
	note := web.Note{Title: title, Text: v.T(problem.Text), ShowSupport: problem.Status >= http.StatusInternalServerError,
		LinkPath: "/", LinkText: v.T("Go to the home page")}
	if problem.RetryAfter > 0 && r.Method == http.MethodGet {
		note.LinkPath, note.LinkText = safeNext(r.URL.RequestURI()), v.T("Try again")
	}
	if err := v.show(w, r, problem.Status, web.Message(page, note)); err != nil {
		p.Log.ErrorContext(r.Context(), "could not render an error page", "id", process.RequestID(r.Context()), "error", err)
		http.Error(w, problem.Title, problem.Status)
	}
}

// problemOf says what a person is told about an error.
func problemOf(err error) *web.Problem {
	var problem *web.Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.Is(err, store.ErrNotFound):
		return web.NotFound()
	case errors.Is(err, identity.ErrBusy):
		return web.Busy(err)
	case store.Unavailable(err), errors.Is(err, context.DeadlineExceeded):
		return web.Unavailable(err)
	}
	return web.Internal(err)
}

func (p *Portal) log(r *http.Request, problem *web.Problem) {
	level := slog.LevelInfo
	switch {
	case r.Context().Err() != nil: // the browser went away: nobody reads the answer
	case problem.Status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case problem.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	case problem.Cause == nil:
		return // a plain 404 is in the request log
	}
	p.Log.Log(r.Context(), level, "request failed", "id", process.RequestID(r.Context()),
		"route", r.Pattern, "status", problem.Status, "error", problem.Error())
}

func setRetryAfter(w http.ResponseWriter, after time.Duration) {
	seconds := max(1, int((after+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
}

// sendToSignIn keeps where the person wanted to go, if they only wanted to look.
func (p *Portal) sendToSignIn(w http.ResponseWriter, r *http.Request, v *visit, e errSignIn) {
	query := url.Values{}
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		query.Set("next", r.URL.RequestURI())
	}
	if e.ended {
		query.Set("ended", "1")
	}
	if v.presented != nil {
		clearSession(w)
	}
	target := "/sign-in"
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// sendToConfirm has the person prove again who they are, and then brings them to where
// they were: to the page of the form, if it was one.
func (p *Portal) sendToConfirm(w http.ResponseWriter, r *http.Request) {
	next := r.URL.RequestURI()
	if r.Method != http.MethodGet {
		next = r.Header.Get("Referer")
		if at, err := url.Parse(next); err == nil {
			next = at.RequestURI()
		}
	}
	http.Redirect(w, r, "/confirm?next="+url.QueryEscape(safeNext(next)), http.StatusSeeOther)
}
