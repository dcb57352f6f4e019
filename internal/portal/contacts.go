package portal

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

const contactsPerPage = 50

// contactRow is one contact in words, and what the person can do with it: an address is
// empty where they cannot.
type contactRow struct {
	Name       string
	Email      string
	Pending    string // address that waits for its holder
	Roles      string
	May        string
	Where      string // the sites that it is limited to
	Access     string
	AccessKind string
	Until      string // until when the invitation works
	Owner, Own bool
	On         bool // whether the portal is switched on for it
	Version    int64
	Toggle     string
	Invite     string
	Edit       string
	Delete     string
}

type contactsPage struct {
	Page     web.Page
	Done     string
	Silent   bool // and no mail goes out
	Problems []web.FieldProblem
	Changed  bool // somebody else changed what the person was about to change
	Rows     []contactRow
	Newest   string
	Older    string
	HandOver bool // whether the person can hand the account over
}

func (p *Portal) contactRoutes() []route {
	const feature = settings.ManageContacts
	return []route{
		{pattern: "GET /portal-settings/contacts/new", feature: feature, handle: p.newContact},
		{pattern: "POST /portal-settings/contacts/new", feature: feature, handle: p.addContact},
		{pattern: "GET /portal-settings/contacts/{id}", feature: feature, handle: p.contact},
		{pattern: "POST /portal-settings/contacts/{id}", feature: feature, handle: p.editContact},
		{pattern: "GET /portal-settings/contacts/{id}/delete", feature: feature, handle: p.confirmDeleteContact},
		{pattern: "POST /portal-settings/contacts/{id}/delete", feature: feature, handle: p.deleteContact},
		{pattern: "POST /portal-settings/contacts/{id}/disable", feature: feature, handle: p.disableContact},
		{pattern: "POST /portal-settings/contacts/{id}/email", feature: feature, handle: p.askContact},
		{pattern: "POST /portal-settings/contacts/{id}/email/drop", feature: feature, handle: p.dropContactEmail},
		{pattern: "POST /portal-settings/contacts/{id}/enable", feature: feature, handle: p.enableContact},
		{pattern: "POST /portal-settings/contacts/{id}/invite", feature: feature, handle: p.inviteContact},
		{pattern: "GET /portal-settings/owner", feature: feature, recent: true, handle: p.ownerPage},
		{pattern: "POST /portal-settings/owner", feature: feature, recent: true, handle: p.handOver},
		{pattern: "GET /portal-settings", feature: feature, handle: p.contacts},
	}
}

const contactsPath = "/portal-settings"

func contactPath(id string) string { return contactsPath + "/contacts/" + url.PathEscape(id) }

// contactsDone are the sentences of what worked, by the word in the address.
var contactsDone = map[string]string{
	"added":    web.Text("The contact is added."),
	"invited":  web.Text("The invitation is on its way."),
	"saved":    web.Text("Your changes are saved."),
	"asked":    web.Text("Your changes are saved. The new address counts once its holder has confirmed it: a message with a link is on its way there."),
	"enabled":  web.Text("The portal is switched on for this contact."),
	"disabled": web.Text("The portal is switched off for this contact. They are signed out."),
	"deleted":  web.Text("The contact is deleted."),
	"stopped":  web.Text("The new address is dropped. Everything stays with the one before."),
	"owner":    web.Text("The account has a new owner."),
}

func (p *Portal) contacts(w http.ResponseWriter, r *http.Request, v *visit) error {
	page := contactsPage{}
	done, silent := v.unsent(r.URL.Query().Get("done"))
	if text := contactsDone[done]; text != "" {
		page.Done = v.T(text)
	}
	page.Silent = silent
	return p.showContacts(w, r, v, page, http.StatusOK)
}

// showContacts adds the list to a page.
func (p *Portal) showContacts(w http.ResponseWriter, r *http.Request, v *visit, page contactsPage, status int) error {
	skip, err := readSkip(r.URL.Query().Get("after"))
	if err != nil {
		return web.BadRequest(err)
	}
	list, more, err := p.Store.AccountContacts(r.Context(), v.session.Account.ID, skip, contactsPerPage)
	if err != nil {
		return err
	}
	m := v.manager(r)
	page.Page, page.HandOver = v.page(v.T("Portal settings"), contactsPath), m.Owner
	for i := range list {
		page.Rows = append(page.Rows, v.contactRow(m, &list[i]))
	}
	if skip > 0 {
		page.Newest = contactsPath
	}
	if more {
		page.Older = contactsPath + "?after=" + strconv.Itoa(skip+contactsPerPage)
	}
	return v.show(w, r, status, contactsView(page))
}

// mostSkipped bounds how far a list is paged by counting.
const mostSkipped = 100_000

func readSkip(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	skip, err := strconv.Atoi(text)
	if err != nil || skip < 0 || skip > mostSkipped {
		return 0, errCursor
	}
	return skip, nil
}

// manager is the person of the session as one who changes contacts.
func (v *visit) manager(r *http.Request) identity.Manager {
	return identity.NewManager(*v.session, v.effective, v.isRecent(r))
}

func (v *visit) contactRow(m identity.Manager, c *store.AccountContact) contactRow {
	state := c.PortalAccess(v.now)
	row := contactRow{
		Name: v.contactName(&c.Contact), Email: c.Email, Pending: c.PendingEmail, Roles: v.roleWords(c.Roles), May: v.grantWords(&c.Contact),
		Where: v.listWords(c.SiteNames), Access: v.T(accessStates[state].words), AccessKind: accessStates[state].kind,
		Owner: c.Owner, Own: c.ID == m.ContactID, Version: c.Version,
		On: state == store.AccessActive || state == store.AccessInvited || state == store.AccessExpired,
	}
	if c.Owner {
		row.Where = ""
	}
	if state == store.AccessInvited {
		row.Until = v.T("until %s", locale.DateTime(v.locale(), *c.InvitedUntil, v.zone()))
	}
	row.offer(m, &c.Contact, state)
	return row
}

// offer adds the addresses of what the person may do about the contact now.
func (row *contactRow) offer(m identity.Manager, c *store.Contact, state string) {
	path := contactPath(c.ID)
	if may(m.CheckChange(c, *c)) {
		row.Edit = path
	}
	if may(m.CheckDelete(*c)) {
		row.Delete = path + "/delete"
	}
	if row.On && identity.PermitAccess(state, identity.Disable) && may(m.CheckChange(c, withAccess(*c, store.AccessDisabled))) {
		row.Toggle = path + "/disable"
	}
	if !row.On && identity.PermitAccess(state, identity.Enable) && mayEnable(m, *c) {
		row.Toggle = path + "/enable"
	}
	if row.On && identity.PermitAccess(state, identity.Invite) && may(m.CheckInvite(*c)) {
		row.Invite = path + "/invite"
	}
}

// may says whether a refusal is none, or one that the person can do something about.
func may(refused identity.ContactRefusal) bool {
	return refused == "" || refused == identity.NotRecent
}

func mayEnable(m identity.Manager, c store.Contact) bool {
	if !may(m.CheckChange(&c, withAccess(c, store.AccessActive))) {
		return false
	}
	return signsIn(&c) || may(m.CheckInvite(c))
}

// signsIn says whether a contact has a sign-in that works when the portal is switched on.
func signsIn(c *store.Contact) bool { return c.User != nil && c.User.HasPassword }

func withAccess(c store.Contact, access string) store.Contact {
	c.Access = access
	return c
}

// errChanged is for a form about something that is another now than when the person saw it.
var errChanged = errors.New("changed by somebody else")

// refusedContact is a change of a contact that is not allowed, or not possible.
type refusedContact struct {
	field  string // of the form; empty: none in particular
	reason identity.ContactRefusal
	text   string // a sentence in the person's language, where reason is empty
}

func (e refusedContact) Error() string { return cmp.Or(string(e.reason), e.text) }

// failContacts shows the list again with why something was not done.
func (p *Portal) failContacts(w http.ResponseWriter, r *http.Request, v *visit, err error) error {
	var refused refusedContact
	switch {
	case errors.As(err, &refused) && refused.reason == identity.NotRecent:
		return errConfirm{}
	case errors.As(err, &refused):
		page := contactsPage{Problems: []web.FieldProblem{{Text: v.refusalWords(refused)}}}
		return p.showContacts(w, r, v, page, http.StatusUnprocessableEntity)
	case errors.Is(err, errChanged):
		return p.showContacts(w, r, v, contactsPage{Changed: true}, http.StatusConflict)
	}
	return err
}

func toContacts(w http.ResponseWriter, r *http.Request, done string) {
	http.Redirect(w, r, contactsPath+"?done="+done, http.StatusSeeOther)
}

// contactName is what people call a contact.
func (v *visit) contactName(c *store.Contact) string {
	name := joinName(c.FirstName, c.LastName)
	if name == "" && c.User != nil {
		name = c.User.Username
	}
	return cmp.Or(name, c.Email, v.T("Contact without a name"))
}

// grantWords says what a contact may do.
func (v *visit) grantWords(c *store.Contact) string {
	if c.Owner {
		return v.T("Everything")
	}
	var titles []string
	for _, info := range settings.FeatureRegistry() {
		if slices.Contains(c.Grants, info.Feature) && slices.Contains(v.effective.Features, info.Feature) {
			titles = append(titles, v.T(info.Title))
		}
	}
	switch len(titles) {
	case 0:
		return v.T("Nothing yet")
	case len(v.effective.Features):
		return v.T("Everything that the portal has")
	}
	return v.listWords(titles)
}
