package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// verifyLifetime is for how long a link works that confirms an address.
const verifyLifetime = 24 * time.Hour

// addContact makes a contact, and invites it unless the person does not want that.
func (p *Portal) addContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(f.get("id"))
	if err != nil {
		return web.BadRequest(errors.New("the id of a new contact"))
	}
	m, sent := v.manager(r), f.readContact()
	f.chooseGrants(m, store.Contact{}, &sent)
	sent.Access = store.AccessDisabled
	if f.on("enabled") {
		sent.Access = store.AccessActive
		if sent.Email == "" {
			f.wrong("email", v.T("This is needed to invite the contact."))
		}
	}
	if err := p.alone(r, f, id.String(), sent.Email); err != nil {
		return err
	}
	page := contactPage{ID: id.String(), Fields: sent, Enabled: f.on("enabled")}
	if f.ok() {
		err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
			return p.createContact(ctx, w, v, m, id.String(), sent)
		})
		if err == nil || errors.Is(err, errChanged) { // it is there already: the form came twice
			toContacts(w, r, "added")
			return nil
		}
	}
	return p.contactAgain(w, r, v, f, page, nil, err)
}

func (p *Portal) createContact(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, id string, sent store.Contact) error {
	sent.AccountID = v.session.Account.ID
	deleted, err := w.WasDeleted(ctx, sent.AccountID, id)
	if err != nil {
		return err
	}
	if deleted { // an old form: what was sent to the one before is not for this one
		id = uuid.NewString()
	}
	_, after, err := p.changeContact(ctx, w, v, m, contactChange{id: id, change: func(*store.Contact) store.Contact { return sent }})
	if err != nil || after.Access != store.AccessActive {
		return err
	}
	return p.invite(ctx, w, v, m, after)
}

// alone refuses an address that another contact of the account has: people would take the
// two for one.
func (p *Portal) alone(r *http.Request, f *form, id, email string) error {
	if email == "" || !f.ok() {
		return nil
	}
	found, _, err := p.Store.FindContacts(r.Context(), store.ContactFilter{Email: email}, store.List{AccountID: f.v.session.Account.ID, Limit: 2})
	for _, other := range found {
		if other.ID != id && err == nil {
			f.wrong("email", f.v.T("%s has this address already.", f.v.contactName(&other)))
			break
		}
	}
	return err
}

// contactAgain shows the form with the person's input and what is wrong with it.
func (p *Portal) contactAgain(w http.ResponseWriter, r *http.Request, v *visit, f *form, page contactPage, old *store.Contact, err error) error {
	var refused refusedContact
	switch {
	case errors.As(err, &refused) && refused.reason == identity.NotRecent:
		return errConfirm{}
	case errors.As(err, &refused):
		f.wrong(refused.field, v.refusalWords(refused))
	case err != nil:
		return err
	}
	page.Problems, page.Preset.Value, page.Limit.Value = f.problems, f.get("preset"), f.get("where")
	page.Preset.Problem, page.Limit.Problem = web.ProblemAt(f.problems, "preset"), web.ProblemAt(f.problems, "where")
	return p.showContact(w, r, v, page, old, http.StatusUnprocessableEntity)
}

// editContact changes a contact.
func (p *Portal) editContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	old, err := p.Store.AccountContact(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	m, sent := v.manager(r), f.readContact()
	f.chooseGrants(m, old.Contact, &sent)
	for _, role := range old.Roles {
		if !m.MayGiveRole(role) {
			sent.Roles = append(sent.Roles, role) // the box is fixed, so it does not come
		}
	}
	page := contactPage{Version: version, Fields: withSent(old.Contact, sent), Seen: f.seenTerms()}
	if version != old.Version {
		return p.mergeContact(w, r, v, f, page, old)
	}
	if err := p.checkEmail(r, f, &old.Contact, sent.Email); err != nil {
		return err
	}
	asked := false
	if f.ok() {
		err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) (err error) {
			asked, err = p.saveContact(ctx, w, v, m, contactChange{id: old.ID, version: version}, sent)
			return err
		})
		switch {
		case err == nil && asked:
			toContacts(w, r, "asked")
			return nil
		case err == nil:
			toContacts(w, r, "saved")
			return nil
		case errors.Is(err, errChanged):
			return p.mergeContact(w, r, v, f, page, old)
		}
	}
	return p.contactAgain(w, r, v, f, page, &old.Contact, err)
}

// checkEmail refuses an address that a contact cannot have.
func (p *Portal) checkEmail(r *http.Request, f *form, old *store.Contact, email string) error {
	if strings.EqualFold(email, old.Email) {
		return nil
	}
	if email == "" && needsEmail(old, f.v) {
		f.wrong("email", f.v.T("An address is needed here: for signing in, for an invitation, or for the primary contact."))
	}
	return p.alone(r, f, old.ID, email)
}

// withSent is what the form shows: the contact with what the person sent.
func withSent(old, sent store.Contact) store.Contact {
	old.FirstName, old.LastName, old.Email, old.Phone = sent.FirstName, sent.LastName, sent.Email, sent.Phone
	old.Roles, old.Grants, old.Sites, old.OptedOut = sent.Roles, sent.Grants, sent.Sites, sent.OptedOut
	return old
}

// needsEmail says whether a contact cannot do without an address.
func needsEmail(c *store.Contact, v *visit) bool {
	state := c.PortalAccess(v.now)
	return state == store.AccessActive || state == store.AccessInvited || c.User != nil || identity.IsPrimary(c)
}

// mustConfirm says whether another address of a contact counts only once its holder has
// confirmed it: who reads its mails gets into a sign-in, or into the owner's.
func mustConfirm(c *store.Contact) bool { return c.User != nil || c.Owner || identity.IsPrimary(c) }

// saveContact writes what the person sent. asked: a link that confirms the address is on
// its way.
func (p *Portal) saveContact(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, c contactChange, sent store.Contact) (asked bool, err error) {
	c.change = func(old *store.Contact) store.Contact {
		next := withSent(*old, sent)
		next.Email = old.Email
		if another := !strings.EqualFold(sent.Email, old.Email); another && mustConfirm(old) {
			next.PendingEmail = sent.Email
		} else if another {
			next.Email = sent.Email
		}
		return next
	}
	before, after, err := p.changeContact(ctx, w, v, m, c)
	switch {
	case err != nil:
		return false, err
	case after.PendingEmail != "" && after.PendingEmail != before.PendingEmail:
		return true, p.ask(ctx, w, v, after)
	case after.Email != before.Email && before.PortalAccess(v.now) == store.AccessInvited:
		return false, p.invite(ctx, w, v, m, after) // the one that is out went to another address
	}
	return false, nil
}

// ask sends the link that confirms the pending address of a contact. Of the person's own
// it is the address of their sign-in too, if that was the same.
func (p *Portal) ask(ctx context.Context, w *store.Writer, v *visit, c store.Contact) error {
	if err := p.takeMail(ctx, w, v, c.PendingEmail); err != nil {
		return err
	}
	n := store.NewAddress{Contact: c, Address: c.PendingEmail, ExpiresAt: v.now.Add(verifyLifetime)}
	if c.ID == v.session.ContactID && (c.User.Email == "" || strings.EqualFold(c.User.Email, c.Email)) {
		n.UserID = v.session.UserID
	}
	return w.AskToConfirm(ctx, n)
}

// seenTerms are what the person saw, as the form brought it.
func (f *form) seenTerms() []term {
	terms := f.v.contactTerms(&store.Contact{})
	for i := range terms {
		terms[i].Value = f.seen(terms[i].Title)
	}
	return terms
}

// mergeContact is for when the contact was changed while the person filled the form: it
// comes back with what they wrote, and with what the others wrote where they wrote nothing.
func (p *Portal) mergeContact(w http.ResponseWriter, r *http.Request, v *visit, f *form, page contactPage, old store.AccountContact) error {
	old, err := p.Store.AccountContact(r.Context(), v.session.Account.ID, old.ID)
	if err != nil {
		return err
	}
	page.Changed = f.meanwhile(&page.Fields, old.Contact, old.SiteNames)
	page.Fields = withSent(old.Contact, page.Fields)
	page.Version, page.Seen = old.Version, v.contactTerms(&old.Contact)
	page.Preset.Value, page.Problems = f.get("preset"), f.problems
	return p.showContact(w, r, v, page, &old.Contact, http.StatusConflict)
}

// askContact sends the link that confirms a pending address again.
func (p *Portal) askContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	m, id := v.manager(r), r.PathValue("id")
	return p.press(w, r, v, "asked", func(ctx context.Context, w *store.Writer, version int64) error {
		_, after, err := p.changeContact(ctx, w, v, m, contactChange{id, version, func(old *store.Contact) store.Contact { return *old }})
		if err != nil {
			return err
		}
		before := after
		before.PendingEmail = ""
		if reason := m.CheckChange(&before, after); reason != "" {
			return refusedContact{reason: reason}
		}
		if after.PendingEmail == "" {
			return errChanged
		}
		return p.ask(ctx, w, v, after)
	})
}

// dropContactEmail gives up a pending address.
func (p *Portal) dropContactEmail(w http.ResponseWriter, r *http.Request, v *visit) error {
	m, id := v.manager(r), r.PathValue("id")
	return p.press(w, r, v, "stopped", func(ctx context.Context, w *store.Writer, version int64) error {
		return p.dropPending(ctx, w, v, m, id, version)
	})
}

func (p *Portal) dropPending(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, id string, version int64) error {
	_, after, err := p.changeContact(ctx, w, v, m, contactChange{id, version, func(old *store.Contact) store.Contact {
		next := *old
		next.PendingEmail = ""
		return next
	}})
	if err != nil {
		return err
	}
	return w.StopAsking(ctx, after)
}
