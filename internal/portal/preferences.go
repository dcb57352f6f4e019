package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) preferenceRoutes() []route {
	return []route{
		{pattern: "GET /preferences", open: customer, handle: p.preferences},
		{pattern: "POST /preferences", open: customer, handle: p.savePreferences},
		{pattern: "GET /preferences/email", open: customer, recent: true, handle: p.ownEmailPage},
		{pattern: "POST /preferences/email", open: customer, recent: true, handle: p.changeOwnEmail},
		{pattern: "POST /preferences/email/drop", open: customer, recent: true, handle: p.dropOwnEmail},
	}
}

// preferencesPage is what a person decides about themselves.
type preferencesPage struct {
	Page       web.Page
	Done       string
	Silent     bool // and no mail goes out
	Problems   []web.FieldProblem
	Changed    []term
	Fields     store.Contact
	Version    int64
	Seen       []term
	Categories []web.Check
	Confirmed  bool   // whether the address of the sign-in is
	SignIn     string // the address of the sign-in, where it is another one
}

var preferencesDone = map[string]string{
	"saved":   web.Text("Your changes are saved."),
	"asked":   web.Text("A message with a link is on its way to the new address. Nothing changes before you press its button."),
	"stopped": web.Text("The new address is dropped. Everything stays with the one before."),
}

// ownContact is the contact of the person in this account.
func (p *Portal) ownContact(r *http.Request, v *visit) (store.AccountContact, error) {
	return p.Store.AccountContact(r.Context(), v.session.Account.ID, v.session.ContactID)
}

func (p *Portal) preferences(w http.ResponseWriter, r *http.Request, v *visit) error {
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	page := preferencesPage{Fields: own.Contact, Version: own.Version, Seen: v.ownTerms(&own.Contact)}
	done, silent := v.unsent(r.URL.Query().Get("done"))
	if text := preferencesDone[done]; text != "" {
		page.Done = v.T(text)
	}
	page.Silent = silent
	return p.showPreferences(w, r, v, page, http.StatusOK)
}

// ownTerms are the fields of the form in words.
func (v *visit) ownTerms(c *store.Contact) []term {
	return []term{{Title: "firstName", Value: c.FirstName}, {Title: "lastName", Value: c.LastName}, {Title: "phone", Value: c.Phone},
		{Title: "optedOut", Value: sortedWords(c.OptedOut)}}
}

func (p *Portal) showPreferences(w http.ResponseWriter, r *http.Request, v *visit, page preferencesPage, status int) error {
	page.Page = v.page(v.T("Preferences"), "/preferences")
	page.Categories = v.categoryChecks(page.Fields.OptedOut)
	if user := page.Fields.User; user != nil {
		page.Confirmed = user.EmailVerified
		if !strings.EqualFold(user.Email, page.Fields.Email) {
			page.SignIn = user.Email
		}
	}
	return v.show(w, r, status, preferencesView(page))
}

func (p *Portal) savePreferences(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	sent := own.Contact
	sent.FirstName, sent.LastName = f.names(v.T("Please write what you are called."))
	sent.Phone, sent.OptedOut = f.phone("phone"), f.optedOut()
	page := preferencesPage{Problems: f.problems, Fields: sent, Version: version}
	for _, seen := range v.ownTerms(&sent) {
		page.Seen = append(page.Seen, term{Title: seen.Title, Value: f.seen(seen.Title)})
	}
	if !f.ok() {
		return p.showPreferences(w, r, v, page, http.StatusUnprocessableEntity)
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		_, _, err := p.changeContact(ctx, w, v, v.manager(r), contactChange{own.ID, version, func(old *store.Contact) store.Contact {
			next := *old
			next.FirstName, next.LastName, next.Phone, next.OptedOut = sent.FirstName, sent.LastName, sent.Phone, sent.OptedOut
			return next
		}})
		return err
	})
	if errors.Is(err, errChanged) {
		return p.mergePreferences(w, r, v, f, page)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/preferences?done=saved", http.StatusSeeOther)
	return nil
}

// mergePreferences is for when somebody else changed the contact while the person filled
// the form.
func (p *Portal) mergePreferences(w http.ResponseWriter, r *http.Request, v *visit, f *form, page preferencesPage) error {
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	sent := page.Fields
	page.Changed = f.meanwhile(&sent, own.Contact, own.SiteNames)
	page.Fields = own.Contact
	page.Fields.FirstName, page.Fields.LastName, page.Fields.Phone, page.Fields.OptedOut = sent.FirstName, sent.LastName, sent.Phone, sent.OptedOut
	page.Version, page.Seen = own.Version, v.ownTerms(&own.Contact)
	return p.showPreferences(w, r, v, page, http.StatusConflict)
}

// ownEmailPage is the form of another address of one's own.
type ownEmailPage struct {
	Page     web.Page
	Silent   bool // no mail goes out
	Problems []web.FieldProblem
	Email    string // that the form shows
	Now      string
	Pending  string
	Version  int64
	Refused  string // why the person cannot change it
	SignIn   bool   // whether one signs in with it too
}

func (p *Portal) ownEmailPage(w http.ResponseWriter, r *http.Request, v *visit) error {
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	return p.showOwnEmail(w, r, v, ownEmailPage{Email: own.PendingEmail}, own.Contact, http.StatusOK)
}

func (p *Portal) showOwnEmail(w http.ResponseWriter, r *http.Request, v *visit, page ownEmailPage, own store.Contact, status int) error {
	page.Silent = v.silent()
	page.Page = v.page(v.T("Change your email address"), "/preferences")
	page.Now, page.Pending, page.Version, page.SignIn = own.Email, own.PendingEmail, own.Version, v.sameSignIn(own)
	if reason := v.manager(r).CheckOwnEmail(own); !may(reason) {
		page.Refused = v.T("Your address is a primary one of this account: links that reset the owner's password go to it. So only the owner changes it.")
	}
	return v.show(w, r, status, ownEmailView(page))
}

// sameSignIn says whether the address of the person's sign-in is that of their contact.
func (v *visit) sameSignIn(own store.Contact) bool {
	return own.User.Email == "" || strings.EqualFold(own.User.Email, own.Email)
}

func (p *Portal) changeOwnEmail(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	email := f.email("email")
	same := strings.EqualFold(email, own.Email)
	switch {
	case email == "" && f.ok():
		f.wrong("email", v.T("This is needed."))
	case same && own.User.EmailVerified && v.sameSignIn(own.Contact) && f.ok():
		f.wrong("email", v.T("That is your address already."))
	}
	if err := p.alone(r, f, own.ID, email); err != nil {
		return err
	}
	if f.ok() {
		err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
			return p.askOwn(ctx, w, v, v.manager(r), contactChange{id: own.ID, version: version}, email)
		})
		if err == nil {
			http.Redirect(w, r, "/preferences?done=asked", http.StatusSeeOther)
			return nil
		}
	}
	return p.ownEmailAgain(w, r, v, f, email, err)
}

// askOwn has the person confirm an address of their own: another one, or the one that
// they have and never confirmed.
func (p *Portal) askOwn(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, c contactChange, email string) error {
	var refused identity.ContactRefusal
	c.change = func(old *store.Contact) store.Contact {
		next := *old
		if !strings.EqualFold(email, old.Email) {
			refused = m.CheckOwnEmail(*old)
			next.PendingEmail = email
		}
		return next
	}
	_, after, err := p.changeContact(ctx, w, v, m, c)
	switch {
	case err != nil:
		return err
	case refused != "":
		return refusedContact{reason: refused, field: "email"}
	case after.PendingEmail == email:
		return p.ask(ctx, w, v, after)
	}
	if err := p.takeMail(ctx, w, v, email); err != nil {
		return err
	}
	return w.AskToConfirm(ctx, store.NewAddress{Contact: after, Address: email, UserID: v.session.UserID, ExpiresAt: v.now.Add(verifyLifetime)})
}

// ownEmailAgain shows the form again with why nothing was done.
func (p *Portal) ownEmailAgain(w http.ResponseWriter, r *http.Request, v *visit, f *form, email string, err error) error {
	status := http.StatusUnprocessableEntity
	var refused refusedContact
	switch {
	case errors.As(err, &refused) && refused.reason == identity.NotRecent:
		return errConfirm{}
	case errors.As(err, &refused):
		f.wrong("email", v.refusalWords(refused))
	case errors.Is(err, errChanged):
		status = http.StatusConflict
		f.wrong("", v.T("Somebody else changed your details meanwhile. Please look again, then go on."))
	case err != nil:
		return err
	}
	own, err := p.ownContact(r, v)
	if err != nil {
		return err
	}
	return p.showOwnEmail(w, r, v, ownEmailPage{Problems: f.problems, Email: email}, own.Contact, status)
}

func (p *Portal) dropOwnEmail(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		return p.dropPending(ctx, w, v, v.manager(r), v.session.ContactID, version)
	})
	if err != nil {
		return p.ownEmailAgain(w, r, v, f, f.get("email"), err)
	}
	http.Redirect(w, r, "/preferences?done=stopped", http.StatusSeeOther)
	return nil
}
