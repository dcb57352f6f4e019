package portal

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// contactPage is the form of a contact.
type contactPage struct {
	Page     web.Page
	Silent   bool // no mail goes out
	Title    string
	Problems []web.FieldProblem
	Changed  []term // by somebody else while the person filled the form
	Done     string
	Action   string
	ID       string // of a new contact, so that a form that comes twice adds one
	Version  int64
	Fields   store.Contact
	Seen     []term // what the person saw: it goes along unseen
	Own      bool
	State    string
	Kind     string
	CanEmail bool
	Enabled  bool // of a new contact: whether it is invited

	Roles      []web.Check
	Categories []web.Check
	Preset     web.Choice
	Grants     []web.Check
	Sites      []web.Check
	Limit      web.Choice
	FixedSites string // where the grants are, if the person cannot change that
	Grantable  bool
}

// mostSites bounds the sites that are offered.
const mostSites = 500

func (p *Portal) newContact(w http.ResponseWriter, r *http.Request, v *visit) error {
	if v.session.Owner && !v.isRecent(r) {
		return errConfirm{} // before the form is filled, not after
	}
	page := contactPage{ID: uuid.NewString(), Enabled: true, Fields: store.Contact{Access: store.AccessActive}}
	return p.showContact(w, r, v, page, nil, http.StatusOK)
}

func (p *Portal) contact(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := p.Store.AccountContact(r.Context(), v.session.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	m := v.manager(r)
	if reason := m.CheckChange(&c.Contact, c.Contact); reason != "" && reason != identity.NotRecent {
		return p.failContacts(w, r, v, refusedContact{reason: reason})
	}
	if v.session.Owner && !m.Recent {
		return errConfirm{}
	}
	page := contactPage{Version: c.Version, Fields: c.Contact, Seen: v.contactTerms(&c.Contact)}
	return p.showContact(w, r, v, page, &c.Contact, http.StatusOK)
}

// showContact adds to a page what is the same whatever happened. old is the contact as it
// is, nil for a new one; page.Fields are what the form shows.
func (p *Portal) showContact(w http.ResponseWriter, r *http.Request, v *visit, page contactPage, old *store.Contact, status int) error {
	sites, _, err := p.Store.Sites(r.Context(), store.List{AccountID: v.session.Account.ID, Limit: mostSites})
	if err != nil {
		return err
	}
	m, base := v.manager(r), store.Contact{}
	page.Title, page.Action, page.CanEmail = v.T("Add a contact"), contactsPath+"/contacts/new", true
	if old != nil {
		base = *old
		state := accessStates[old.PortalAccess(v.now)]
		page.Title, page.Action, page.Own = v.contactName(old), contactPath(old.ID), old.ID == m.ContactID
		page.State, page.Kind = v.T(state.words), state.kind
		another := base
		another.PendingEmail = "another@address.invalid"
		page.CanEmail = may(m.CheckChange(&base, another))
	}
	page.Silent = v.silent()
	page.Page = v.page(page.Title, contactsPath)
	page.Roles, page.Categories = v.roleChecks(m, page.Fields), v.categoryChecks(page.Fields.OptedOut)
	page.Grantable = !page.Own && !base.Owner
	if page.Grantable {
		v.offerGrants(&page, m, base, sites)
	}
	return v.show(w, r, status, contactView(page))
}

func (v *visit) roleChecks(m identity.Manager, c store.Contact) []web.Check {
	var checks []web.Check
	for _, role := range identity.Roles() {
		checks = append(checks, web.Check{Name: "roles", Value: role, Label: v.T(roleTitles[role]), Hint: v.T(roleHints[role]),
			On: slices.Contains(c.Roles, role), Disabled: !m.MayGiveRole(role)})
	}
	return checks
}

// categoryChecks are ticked for what a person wants.
func (v *visit) categoryChecks(optedOut []string) []web.Check {
	var checks []web.Check
	for _, c := range store.OptOutCategories {
		checks = append(checks, web.Check{Name: "categories", Value: c, Label: v.T(categoryTitles[c]), On: !slices.Contains(optedOut, c)})
	}
	return append(checks, web.Check{Name: "security", Label: v.T(categoryTitles[securityMessages]), On: true, Disabled: true,
		Hint: v.T("Links, sign-ins and changes of passwords. These messages always come.")})
}

// ownChoice is the choice of grants one by one, and the two answers to where they are.
const (
	ownChoice  = "Own"
	everywhere = "All"
	someSites  = "Some"
)

// offerGrants shows what the person may give, and as fixed what they may not.
func (v *visit) offerGrants(page *contactPage, m identity.Manager, base store.Contact, sites []store.Site) {
	for _, info := range settings.FeatureRegistry() {
		if slices.Contains(m.Profile, info.Feature) {
			page.Grants = append(page.Grants, web.Check{Name: "grants", Value: string(info.Feature), Label: v.T(info.Title), Hint: v.T(info.Description),
				On: slices.Contains(page.Fields.Grants, info.Feature), Disabled: !m.HasFeature(info.Feature)})
		}
	}
	page.Preset.Name, page.Preset.Label = "preset", v.T("What this contact may do")
	if page.Preset.Value == "" {
		page.Preset.Value = ownChoice
	}
	for _, preset := range m.Presets() {
		page.Preset.Options = append(page.Preset.Options, web.Option{Value: string(preset), Label: v.T(presetTitles[preset]), Hint: v.T(presetHints[preset])})
	}
	page.Preset.Options = append(page.Preset.Options, web.Option{Value: ownChoice, Label: v.T("What is ticked below")})
	if len(sites) == 0 {
		return
	}
	for _, s := range sites {
		if m.HasSite(s.ID) || slices.Contains(base.Sites, s.ID) {
			page.Sites = append(page.Sites, web.Check{Name: "sites", Value: s.ID, Label: s.Name, Hint: firstLine(s.Address),
				On: slices.Contains(page.Fields.Sites, s.ID), Disabled: !m.HasSite(s.ID)})
		}
	}
	if !m.MayChangeSites(base) {
		page.FixedSites, page.Sites = v.siteWords(base.Sites, sites), nil
		return
	}
	if page.Limit.Value == "" {
		page.Limit.Value = everywhere
		if len(page.Fields.Sites) > 0 || len(m.Sites) > 0 {
			page.Limit.Value = someSites
		}
	}
	page.Limit.Name, page.Limit.Label = "where", v.T("Where")
	if len(m.Sites) == 0 {
		page.Limit.Options = append(page.Limit.Options, web.Option{Value: everywhere, Label: v.T("At all sites, also new ones")})
	}
	page.Limit.Options = append(page.Limit.Options, web.Option{Value: someSites, Label: v.T("Only at the sites that are ticked below")})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// siteWords names the sites that grants are limited to.
func (v *visit) siteWords(ids []string, sites []store.Site) string {
	if len(ids) == 0 {
		return v.T("At all sites, also new ones")
	}
	var names []string
	for _, s := range sites {
		if slices.Contains(ids, s.ID) {
			names = append(names, s.Name)
		}
	}
	return v.listWords(names)
}

// readContact reads the form of a contact into what it makes of the contact.
func (f *form) readContact() store.Contact {
	c := store.Contact{
		Email: f.email("email"), Phone: f.phone("phone"),
		Roles: f.all("roles"), Sites: f.all("sites"),
	}
	c.FirstName, c.LastName = f.names(f.v.T("A contact needs a name."))
	for _, grant := range f.all("grants") {
		c.Grants = append(c.Grants, settings.Feature(grant))
	}
	c.OptedOut = f.optedOut()
	if slices.ContainsFunc(c.Roles, func(role string) bool { return !slices.Contains(identity.Roles(), role) }) {
		f.wrong("roles", f.v.T("Please choose one of the list."))
	}
	return c
}

// optedOut reads the categories that are not ticked.
func (f *form) optedOut() []string {
	var out []string
	wanted := f.all("categories")
	for _, c := range store.OptOutCategories {
		if !slices.Contains(wanted, c) {
			out = append(out, c)
		}
	}
	if len(wanted)+len(out) != len(store.OptOutCategories) {
		f.wrong("categories", f.v.T("Please choose one of the list."))
	}
	return out
}

// names reads the two parts of a name, of which one is needed unless there was none before.
func (f *form) names(missing string) (first, last string) {
	first, last = f.text("firstName", rule{most: 100}), f.text("lastName", rule{most: 100})
	if joinName(first, last) == "" && !(f.untouched("firstName", first) && f.untouched("lastName", last)) {
		f.wrong("firstName", missing)
	}
	return first, last
}

// email reads a mail address, which may be empty.
func (f *form) email(field string) string {
	text := f.text(field, rule{most: maxLogin})
	if text != "" && web.ProblemAt(f.problems, field) == "" && !settings.IsEmail(text) {
		f.wrong(field, f.v.T("This does not look like an email address. It should read like name@example.com."))
	}
	return text
}

// phone reads a telephone number, which may be empty.
func (f *form) phone(field string) string {
	text := f.text(field, rule{most: 40})
	if web.ProblemAt(f.problems, field) == "" && !f.untouched(field, text) && strings.Trim(text, "+0123456789 ()-./") != "" {
		f.wrong(field, f.v.T("A telephone number has digits and spaces, and may begin with +."))
	}
	return text
}

// chooseGrants makes of what the form says what the contact shall have.
func (f *form) chooseGrants(m identity.Manager, base store.Contact, sent *store.Contact) {
	preset := settings.Feature(f.get("preset"))
	own := preset == "" || preset == ownChoice
	if base.ID == m.ContactID || base.Owner { // their form has none of it: what came all the same is refused
		if own && len(sent.Grants)+len(sent.Sites) == 0 {
			sent.Grants, sent.Sites = base.Grants, base.Sites
		}
		return
	}
	switch {
	case base.ID == "" && preset == "":
		f.wrong("preset", f.v.T("This is needed."))
	case !own && !slices.Contains(m.Presets(), preset):
		f.wrong("preset", f.v.T("Please choose one of the list."))
	case !own:
		sent.Grants = m.Expand(preset)
	}
	if f.get("where") == everywhere {
		sent.Sites = nil
	}
	sent.Grants, sent.Sites = m.Granted(base, sent.Grants, sent.Sites)
	f.checkWhere(preset, sent)
}

// checkWhere: a choice of sites has at least one, and a site contact has such a choice.
func (f *form) checkWhere(preset settings.Feature, sent *store.Contact) {
	switch where := f.get("where"); {
	case where == someSites && len(sent.Grants) > 0 && len(sent.Sites) == 0:
		f.wrong("sites", f.v.T("Please tick at least one site."))
	case where == everywhere && preset == presetSiteContact && f.ok():
		f.wrong("where", f.v.T("A site contact is for certain sites. Please choose which."))
	}
}

const presetSiteContact settings.Feature = "SiteContact"

// contactTerms are the fields of a contact in words, to see what somebody else changed.
func (v *visit) contactTerms(c *store.Contact) []term {
	return []term{
		{Title: "firstName", Value: c.FirstName}, {Title: "lastName", Value: c.LastName}, {Title: "email", Value: c.Email}, {Title: "phone", Value: c.Phone},
		{Title: "roles", Value: strings.Join(c.Roles, " ")}, {Title: "grants", Value: joinFeatures(c.Grants)}, {Title: "sites", Value: strings.Join(c.Sites, " ")},
		{Title: "optedOut", Value: strings.Join(c.OptedOut, " ")}, {Title: "access", Value: c.Access}, {Title: "owner", Value: strconv.FormatBool(c.Owner)},
	}
}

func joinFeatures(list []settings.Feature) string {
	texts := make([]string, len(list))
	for i, f := range list {
		texts[i] = string(f)
	}
	return strings.Join(texts, " ")
}

// meanwhile compares what the person saw with what is there now: it takes over what others
// changed where the person left what they had seen, and says what that is.
func (f *form) meanwhile(sent *store.Contact, now store.Contact, siteNames []string) []term {
	v, seen := f.v, f.seen
	var changes []term
	part := func(field, title, is, words, wrote string, take func()) {
		if _, there := f.values["seen-"+field]; !there || seen(field) == is {
			return
		}
		if words == "" {
			words = v.T("empty")
		}
		changes = append(changes, term{Title: title, Value: words})
		if wrote == seen(field) {
			take()
		}
	}
	part("firstName", v.T("First name"), now.FirstName, now.FirstName, sent.FirstName, func() { sent.FirstName = now.FirstName })
	part("lastName", v.T("Last name"), now.LastName, now.LastName, sent.LastName, func() { sent.LastName = now.LastName })
	part("email", v.T("Email"), now.Email, now.Email, sent.Email, func() { sent.Email = now.Email })
	part("phone", v.T("Telephone"), now.Phone, now.Phone, sent.Phone, func() { sent.Phone = now.Phone })
	part("roles", v.T("Roles"), strings.Join(now.Roles, " "), v.roleWords(now.Roles), sortedWords(sent.Roles), func() { sent.Roles = now.Roles })
	part("grants", v.T("What this contact may do"), joinFeatures(now.Grants), v.grantWords(&now), sortedWords(sent.Grants), func() { sent.Grants = now.Grants })
	where := v.listWords(siteNames)
	if len(now.Sites) == 0 {
		where = v.T("At all sites, also new ones")
	}
	part("sites", v.T("Where"), strings.Join(now.Sites, " "), where, sortedWords(sent.Sites), func() { sent.Sites = now.Sites })
	unwanted := v.categoryWords(now.OptedOut)
	part("optedOut", v.T("Messages that are not wanted"), strings.Join(now.OptedOut, " "), unwanted, sortedWords(sent.OptedOut), func() { sent.OptedOut = now.OptedOut })
	part("access", v.T("Access to the portal"), now.Access, v.T(accessStates[now.PortalAccess(v.now)].words), seen("access"), func() {})
	part("owner", v.T("Owner"), strconv.FormatBool(now.Owner), v.grantWords(&now), seen("owner"), func() {})
	return changes
}

// sortedWords is a list as it is kept, in one text.
func sortedWords[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = string(one)
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// invitationHint promises an invitation where mails go out.
func invitationHint(ctx context.Context, silent bool) string {
	if silent {
		return ""
	}
	return web.T(ctx, "The contact gets an invitation by email and chooses a username and a password.")
}
