package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// contactChange is one change of a contact, or a new one.
type contactChange struct {
	id      string
	version int64 // that the person has seen; 0: it is new
	change  func(old *store.Contact) store.Contact
}

// changeContact makes a change of a contact, if the person may. It fails with
// [refusedContact], errChanged or [store.ErrNotFound].
func (p *Portal) changeContact(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, c contactChange) (before *store.Contact, after store.Contact, err error) {
	var reason identity.ContactRefusal
	foreign := false
	item := store.Item[store.Contact]{ID: c.id, IfVersion: c.version, IfNone: c.version == 0}
	item.Decide = func(old *store.Contact) (store.Contact, *store.Refusal) {
		before, reason = old, ""
		if foreign = old != nil && old.AccountID != v.session.Account.ID; foreign {
			return store.Contact{}, &store.Refusal{}
		}
		next := c.change(old)
		if reason = m.CheckChange(old, next); reason != "" {
			return store.Contact{}, &store.Refusal{}
		}
		return next, nil
	}
	written, err := w.PutContacts(ctx, []store.Item[store.Contact]{item})
	if err != nil {
		return nil, store.Contact{}, err
	}
	switch one := written[0]; {
	case foreign:
		return nil, store.Contact{}, store.ErrNotFound
	case reason != "":
		return nil, store.Contact{}, refusedContact{reason: reason, field: refusalFields[reason]}
	case one.Outcome == store.Conflict:
		return nil, store.Contact{}, errChanged
	case one.Field == "sites":
		return nil, store.Contact{}, refusedContact{field: "sites", text: v.T("One of these sites is not there any more. Please choose again.")}
	case one.Outcome == store.Refused:
		return nil, store.Contact{}, errors.New("contact refused: " + one.Field + ": " + one.Message)
	default:
		return before, one.Row, nil
	}
}

// refusalFields are the fields of the form that some refusals are about.
var refusalFields = map[identity.ContactRefusal]string{
	identity.OwnGrants: "grants", identity.NotOffered: "grants", identity.NotHeld: "grants",
	identity.EmailOfSignIn: "email", identity.PrimaryOfOwner: "roles", identity.RoleNotHeld: "roles",
}

// room refuses a sub-account too many.
func (p *Portal) room(ctx context.Context, w *store.Writer, v *visit, id string) error {
	most := v.effective.Attributes.MaxSubAccounts
	if most.Source == settings.SourceUnset {
		return nil
	}
	free, err := w.RoomForSubAccount(ctx, v.session.Account.ID, id, int(most.Value))
	if err == nil && !free {
		err = refusedContact{field: "enabled", text: v.N(int(most.Value),
			"Besides the owner, %d person of this account can have a sign-in, and it is taken. Switch the portal off for somebody first, or ask %s for more.",
			"Besides the owner, %d people of this account can have a sign-in, and all are taken. Switch the portal off for somebody first, or ask %s for more.",
			v.live.Tenant.DisplayName)}
	}
	return err
}

// takeMail counts a mail to an address that people of the account chose, and refuses one
// too many: it can be anybody's.
func (p *Portal) takeMail(ctx context.Context, w *store.Writer, v *visit, address string) error {
	for _, limit := range identity.NewMailLimits(v.session.Account.ID, address) {
		free, err := w.Attempt(ctx, limit.Key, limit.Policy)
		if err != nil {
			return err
		}
		if !free {
			return refusedContact{field: "email", text: v.T("Many messages were sent lately, so this one was not. Please wait an hour, then try again.")}
		}
	}
	return nil
}

// invite sends a contact an invitation. An older one is void.
func (p *Portal) invite(ctx context.Context, w *store.Writer, v *visit, m identity.Manager, c store.Contact) error {
	if reason := m.CheckInvite(c); reason != "" {
		return refusedContact{reason: reason}
	}
	if err := p.room(ctx, w, v, c.ID); err != nil {
		return err
	}
	if err := p.takeMail(ctx, w, v, c.Email); err != nil {
		return err
	}
	sent, refused, err := identity.SendInvitation(ctx, w, v.live, c.ID, v.person(), v.now)
	if err == nil && (refused != nil || !settings.IsEmail(sent.Addresses[0])) {
		return refusedContact{field: "email", text: v.T("%s has no email address that an invitation could go to. Add one first.", v.contactName(&c))}
	}
	return err
}

// readVersion is what a person has seen of the contact that they press a button for.
func (f *form) readVersion() (int64, error) {
	version, err := strconv.ParseInt(f.get("version"), 10, 64)
	if err != nil || version < 1 {
		return 0, web.BadRequest(errors.New("the version of a form"))
	}
	return version, nil
}

// press does what a button in the list is for, and goes back there.
func (p *Portal) press(w http.ResponseWriter, r *http.Request, v *visit, done string, work func(context.Context, *store.Writer, int64) error) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	version, err := f.readVersion()
	if err != nil {
		return err
	}
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error { return work(ctx, w, version) })
	if err != nil {
		return p.failContacts(w, r, v, err)
	}
	toContacts(w, r, done)
	return nil
}

// permits says whether the access of a contact allows what a button is for.
func (v *visit) permits(c *store.Contact, action identity.AccessAction) bool {
	return identity.PermitAccess(c.PortalAccess(v.now), action)
}

// enableContact switches the portal on for a contact, and invites who has no sign-in yet.
func (p *Portal) enableContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	m, id := v.manager(r), r.PathValue("id")
	return p.press(w, r, v, "enabled", func(ctx context.Context, w *store.Writer, version int64) error {
		before, after, err := p.changeContact(ctx, w, v, m, contactChange{id, version, func(old *store.Contact) store.Contact {
			return withAccess(*old, store.AccessActive)
		}})
		switch {
		case err != nil:
			return err
		case !v.permits(before, identity.Enable):
			return errChanged
		case signsIn(&after):
			return p.room(ctx, w, v, id)
		}
		return p.invite(ctx, w, v, m, after)
	})
}

// disableContact switches the portal off for a contact: it is signed out, and what was
// sent to it does not work any more.
func (p *Portal) disableContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	m, id := v.manager(r), r.PathValue("id")
	return p.press(w, r, v, "disabled", func(ctx context.Context, w *store.Writer, version int64) error {
		before, _, err := p.changeContact(ctx, w, v, m, contactChange{id, version, func(old *store.Contact) store.Contact {
			return withAccess(*old, store.AccessDisabled)
		}})
		if err == nil && !v.permits(before, identity.Disable) {
			err = errChanged
		}
		return err
	})
}

// inviteContact sends an invitation again.
func (p *Portal) inviteContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	m, id := v.manager(r), r.PathValue("id")
	return p.press(w, r, v, "invited", func(ctx context.Context, w *store.Writer, version int64) error {
		_, after, err := p.changeContact(ctx, w, v, m, contactChange{id, version, func(old *store.Contact) store.Contact { return *old }})
		switch {
		case err != nil:
			return err
		case !signsIn(&after) && !v.permits(&after, identity.Invite): // who signs in is told so
			return errChanged
		}
		return p.invite(ctx, w, v, m, after)
	})
}

// deletePage asks whether a contact shall really go.
type deletePage struct {
	Page    web.Page
	Name    string
	Email   string
	SignsIn bool
	Path    string
	Version int64
}

func (p *Portal) confirmDeleteContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := p.Store.AccountContact(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if reason := v.manager(r).CheckDelete(c.Contact); reason != "" {
		return p.failContacts(w, r, v, refusedContact{reason: reason})
	}
	page := deletePage{Page: v.page(v.T("Delete contact"), contactsPath), Name: v.contactName(&c.Contact), Email: c.Email,
		SignsIn: signsIn(&c.Contact), Path: contactPath(c.ID) + "/delete", Version: c.Version}
	return v.show(w, r, http.StatusOK, deleteContactView(page))
}

func (p *Portal) deleteContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := p.Store.AccountContact(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.press(w, r, v, "deleted", func(ctx context.Context, w *store.Writer, version int64) error {
		if reason := v.manager(r).CheckDelete(c.Contact); reason != "" {
			return refusedContact{reason: reason}
		}
		if c.Version != version {
			return errChanged
		}
		result, err := w.DeleteContact(ctx, c.ID, version)
		if err == nil && result.Outcome != store.Deleted {
			err = errChanged // meanwhile it became another one, perhaps the owner
		}
		return err
	})
}
