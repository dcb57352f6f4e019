package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// forgotForm is what the page shows. Sent says that a request was taken, which says
// nothing about whether there is such a user.
type forgotForm struct {
	Page     web.Page
	Login    string
	Sent     bool
	Silent   bool // the tenant sends its customers no mails: it says so to everybody
	Minutes  int  // that a link works
	Problems []web.FieldProblem
}

func (p *Portal) forgotPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := v.forgotForm()
	page.Sent = r.URL.Query().Get("done") == "sent"
	return v.show(w, r, http.StatusOK, forgotView(page))
}

func (v *visit) forgotForm() forgotForm {
	return forgotForm{
		Page:    web.Page{Title: v.T("Forgot your password?"), Brand: v.brand(), Bare: true},
		Minutes: max(1, int(v.live.Credentials().ResetLinkSeconds/60)),
		Silent:  v.silent(),
	}
}

// silent says whether the tenant sends its customers no mails: while it is tried out, those
// that are asked for are held, or go to staff, and are never sent later.
func (v *visit) silent() bool {
	return v.live.Delivery().Mode != config.DeliveryLive || v.live.Tenant.Email.From == ""
}

// unsent takes the promise of a mail out of what a page says was done, if none goes out.
func (v *visit) unsent(done string) (other string, silent bool) {
	switch {
	case !v.silent():
		return done, false
	case done == "asked":
		return "saved", true
	case done == "invited":
		return "", true
	}
	return done, false
}

// forgot takes a request and answers the same, at the same cost, whoever it is for: what
// there is to do is done behind the answer.
func (p *Portal) forgot(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	page := v.forgotForm()
	page.Login = f.text("login", rule{required: true, most: maxLogin})
	if !f.ok() {
		page.Problems = f.problems
		return v.show(w, r, http.StatusUnprocessableEntity, forgotView(page))
	}
	wait, err := p.takeForgotten(r, v, identity.NewForgotThrottle(page.Login, process.ClientIP(r, p.Trusted)))
	if err != nil {
		return err
	}
	if wait > 0 {
		setRetryAfter(w, wait)
		f.wrong("login", v.T("There were too many attempts. Please wait %s, then try again.", v.waitWords(wait)))
		page.Problems = f.problems
		return v.show(w, r, http.StatusTooManyRequests, forgotView(page))
	}
	if !p.mailer.forgotten(forgotten{login: page.Login, origin: p.stranger(r, v)}) {
		return identity.ErrBusy
	}
	http.Redirect(w, r, "/forgot?done=sent", http.StatusSeeOther)
	return nil
}

// takeForgotten counts a request, or says how long to wait.
func (p *Portal) takeForgotten(r *http.Request, v *visit, t identity.Throttle) (wait time.Duration, err error) {
	until, err := p.Store.Blocked(r.Context(), t.Keys(), v.now)
	if wait = until.Sub(v.now); err != nil || wait > 0 {
		return wait, err
	}
	if wait, err = p.takeOne(r, v, t.Own, t.Keys()); err != nil || wait > 0 {
		return wait, err
	}
	for _, limit := range t.Failed() {
		if err := p.Store.RecordFailure(r.Context(), []string{limit.Key}, v.now, limit.Policy); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// Bounds of the mails that are sent behind an answer.
const (
	mailerQueue = 256
	mailTimeout = 10 * time.Second
)

// mailer sends the mails that people ask for without being signed in. It keeps a bounded
// number of requests.
type mailer struct {
	store    *store.Store
	settings func() *config.Live
	log      *slog.Logger
	pending  chan forgotten
}

// forgotten is a request of somebody who says that they forgot their password.
type forgotten struct {
	login  string
	origin store.Origin
}

func newMailer(o Options) *mailer {
	return &mailer{store: o.Store, settings: o.Settings, log: o.Log, pending: make(chan forgotten, mailerQueue)}
}

// forgotten takes a request; false: there are too many.
func (m *mailer) forgotten(f forgotten) bool {
	select {
	case m.pending <- f:
		return true
	default:
		return false
	}
}

// run sends what requests left until ctx ends, and then what is left, for as long as one
// mail may take.
func (m *mailer) run(ctx context.Context) {
	for {
		select {
		case f := <-m.pending:
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTimeout)
			m.send(limited, f)
			cancel()
		case <-ctx.Done():
			m.drain(context.WithoutCancel(ctx))
			return
		}
	}
}

func (m *mailer) drain(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	for limited.Err() == nil {
		select {
		case f := <-m.pending:
			m.send(limited, f)
		default:
			return
		}
	}
	if left := len(m.pending); left > 0 {
		m.log.Warn("mails to reset a password were not sent, the database did not answer before the end", "left", left)
	}
}

// send sends the user of a login the mail to reset the password, or the one to create the
// sign-in if there is no password yet. Why somebody gets none is in the log, without the
// login: people type other things into that field.
func (m *mailer) send(ctx context.Context, f forgotten) {
	user, err := m.store.SignInUser(ctx, f.login)
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		m.log.Warn("could not look up who forgot their password", "error", err)
		return
	}
	var reasons []string
	for _, c := range user.Contacts {
		refused, err := m.sendTo(ctx, f, user, c)
		if err != nil {
			m.log.Warn("could not send a mail to reset a password", "error", err)
			return
		}
		if refused == nil {
			return
		}
		reasons = append(reasons, refused.Field+" "+refused.Message)
	}
	m.log.Info("no mail to reset a password was sent", "user", user.UserID, "reasons", strings.Join(reasons, "; "))
}

// sendTo sends a contact the mail, unless one was sent a moment ago: whoever asks is a
// stranger, and floods no mailbox.
func (m *mailer) sendTo(ctx context.Context, f forgotten, user store.SignInUser, c store.SignInContact) (refused *store.Refusal, err error) {
	send, purpose := identity.SendResetMail, store.LinkReset
	if user.PasswordHash == "" {
		send, purpose = identity.SendCreateMail, store.LinkCreate
	}
	err = m.store.Write(ctx, f.origin, func(ctx context.Context, w *store.Writer) error {
		credentials, err := w.Credentials(ctx, c.ContactID)
		if err != nil {
			return err
		}
		if lately, err := w.SentLately(ctx, credentials, purpose); err != nil || lately {
			return err
		}
		_, why, err := send(ctx, w, m.settings(), c.ContactID, f.origin.Now)
		refused = why
		return err
	})
	return refused, err
}
