package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

const teamFeatures = `["ViewInvoices","PayInvoices","ViewPayments","ViewServices","PlaceOrders","RequestService","EditProfile","ManageContacts","ViewActivity"]`

// team is a site with people who manage each other:
//
//	dana   owner of 10042, the primary contact
//	mia    manages contacts, and sees invoices
//	tom    sees services and signs in
//	gus    has no sign-in, and was not invited
//	sam    sees invoices and signs in
type team struct {
	*site
	db *pgxpool.Pool // as the API's role
}

func newTeam(t *testing.T) team {
	t.Helper()
	s := newSite(t)
	s.seed(t)
	s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures)
	tm := team{s, storetest.Pool(t, s.tenant.BackofficeURI)}
	hash, err := s.portal.Hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	tm.provider(t, func(ctx context.Context, w *store.Writer) error {
		var sites []store.Item[store.Site]
		for _, one := range []store.Site{{Row: store.Row{ID: "barn", AccountID: "10042"}, Name: "Barn"}, {Row: store.Row{ID: "shop", AccountID: "10042"}, Name: "Shop"}, {Row: store.Row{ID: "ravis", AccountID: "20077"}, Name: "Menon"}} {
			sites = append(sites, store.Item[store.Site]{ID: one.ID, Decide: func(*store.Site) (store.Site, *store.Refusal) { return one, nil }})
		}
		_, err := w.PutSites(ctx, sites)
		return err
	})
	dana := person("c-dana", "10042", "Dana", "Whitfield", hash, true)
	dana.Roles = []string{"Primary"}
	mia := person("c-mia", "10042", "Mia", "Lund", hash, false, settings.ManageContacts, settings.ViewInvoices)
	tom := person("c-tom", "10042", "Tom", "Reed", hash, false, settings.ViewServices)
	mia.User.EmailVerified, tom.User.EmailVerified = true, true
	gus := store.Contact{Row: store.Row{ID: "c-gus", AccountID: "10042"}, FirstName: "Gus", LastName: "Hale", Email: "gus@mail.example", Access: store.AccessActive}
	s.contacts(t, dana, mia, tom, gus)
	return tm
}

// provider writes as the provider's systems do.
func (s team) provider(t *testing.T, work func(context.Context, *store.Writer) error) {
	t.Helper()
	if err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: s.clock.Now()}, work); err != nil {
		t.Fatal(err)
	}
}

// changeByProvider changes a contact as the API does.
func (s team) changeByProvider(t *testing.T, id string, change func(*store.Contact)) {
	t.Helper()
	s.provider(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
			next := *old
			change(&next)
			return next, nil
		}}})
		return err
	})
}

func (s team) rows(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := s.db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s team) row(t *testing.T, id string) store.Contact {
	t.Helper()
	c, err := s.tenant.Backoffice.Contact(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// link is the address of the newest link that an event of a type was sent with.
func (s team) link(t *testing.T, event string, purpose store.LinkPurpose, path string) string {
	t.Helper()
	subjects := s.rows(t, "SELECT subject FROM event WHERE type = $1 ORDER BY position DESC LIMIT 1", event)
	if len(subjects) == 0 {
		t.Fatalf("there is no event %s", event)
	}
	token, err := s.keys.LinkToken(purpose, subjects[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	return path + token
}

func (s team) events(t *testing.T) []string {
	t.Helper()
	return s.rows(t, "SELECT concat_ws(' ', type, data->'credential'->>'changed') FROM event WHERE type NOT IN ('portal.newSignIn', 'contact.updated', 'contact.created') ORDER BY position")
}

// sent is the form of a contact as the page shows it, changed by pairs of field and value.
func (s team) sent(t *testing.T, id string, pairs ...string) url.Values {
	t.Helper()
	c := s.row(t, id)
	form := url.Values{
		"version": {fmt.Sprint(c.Version)}, "firstName": {c.FirstName}, "lastName": {c.LastName}, "email": {c.Email}, "phone": {c.Phone},
		"roles": c.Roles, "sites": c.Sites, "preset": {"Own"}, "where": {"All"}, "categories": {"General", "Invoice", "Product", "Support"},
	}
	if len(c.Sites) > 0 {
		form.Set("where", "Some")
	}
	for _, f := range c.Grants {
		form.Add("grants", string(f))
	}
	v := &visit{}
	for _, seen := range v.contactTerms(&c) {
		form.Set("seen-"+seen.Title, seen.Value)
	}
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = strings.Fields(pairs[i+1])
		if strings.HasSuffix(pairs[i], "Name") || pairs[i] == "phone" || pairs[i] == "email" {
			form[pairs[i]] = []string{pairs[i+1]}
		}
	}
	return form
}

func editPath(id string) string { return "/portal-settings/contacts/" + id }

// press presses a button of the list.
func (s team) press(t *testing.T, b *browser, id, button string) answer {
	t.Helper()
	return b.do("POST", editPath(id)+"/"+button, url.Values{"version": {fmt.Sprint(s.row(t, id).Version)}})
}

func newContactForm(pairs ...string) url.Values {
	form := url.Values{"id": {uuid.NewString()}, "firstName": {"Nia"}, "lastName": {"Ward"}, "email": {"nia@mail.example"}, "phone": {""},
		"enabled": {"on"}, "preset": {"Own"}, "where": {"All"}, "categories": {"General", "Invoice", "Product", "Support"}}
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = strings.Fields(pairs[i+1])
	}
	return form
}

// TestServiceCoreToggleAddEditDelete is ServiceCore's guide for customers, step by step.
func TestServiceCoreToggleAddEditDelete(t *testing.T) {
	s := newTeam(t)
	dana, tom := s.signedIn(t, "dana"), s.signedIn(t, "tom")
	dana.get("/").is(t, http.StatusOK).shows(t, "Portal settings")
	list := dana.get("/portal-settings").is(t, http.StatusOK)
	list.shows(t, "Dana Whitfield", "Owner", "Everything", "Gus Hale", "Not invited", "Tom Reed", "Active", "Services", "Customer portal enabled for Tom Reed", "Add contact", "Hand over the account")
	if want := strings.Count(list.body, `role="switch"`); want != 4 {
		t.Errorf("there are %d switches, want 4: nobody switches the owner", want)
	}
	t.Run("toggle on: an invitation goes out", func(t *testing.T) {
		s.press(t, dana, "c-gus", "enable").goesTo(t, "/portal-settings?done=enabled")
		dana.get("/portal-settings?done=enabled").shows(t, "The portal is switched on for this contact.", "Invited until 29 Nov 2026", "Invite again")
		if diff := cmp.Diff([]string{"contact.invited"}, s.events(t)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("toggle off: access and sessions end", func(t *testing.T) {
		tom.get("/services").is(t, http.StatusOK)
		s.press(t, dana, "c-tom", "disable").goesTo(t, "/portal-settings?done=disabled")
		tom.get("/services").goesTo(t, "/sign-in?ended=1&next=%2Fservices")
		s.press(t, dana, "c-gus", "disable").goesTo(t, "/portal-settings?done=disabled")
		dana.get("/portal-settings").shows(t, "Switched off")
		if diff := cmp.Diff([]string{"contact.invited", "portal.accessRevoked"}, s.events(t)); diff != "" {
			t.Error(diff)
		}
		if got := s.rows(t, "SELECT 'open' FROM credential_link WHERE voided_at IS NULL"); len(got) > 0 {
			t.Error("the invitation still works")
		}
		s.press(t, dana, "c-tom", "enable").goesTo(t, "/portal-settings?done=enabled")
		tom.signIn("tom", password).is(t, http.StatusSeeOther)
	})
	t.Run("add: who is new is invited", func(t *testing.T) {
		form := newContactForm("grants", "ViewInvoices", "roles", "Billing")
		dana.get("/portal-settings/contacts/new").is(t, http.StatusOK).shows(t, "Add a contact", "Billing department", "Site contact", "Security")
		dana.do("POST", "/portal-settings/contacts/new", form).goesTo(t, "/portal-settings?done=added")
		dana.do("POST", "/portal-settings/contacts/new", form).goesTo(t, "/portal-settings?done=added") // the same form again
		got := s.row(t, form.Get("id"))
		if len(s.rows(t, "SELECT id FROM contact WHERE email = 'nia@mail.example'")) != 1 || got.PortalAccess(s.clock.Now()) != store.AccessInvited || got.AccountID != "10042" {
			t.Errorf("added %+v", got)
		}
		dana.get("/portal-settings").shows(t, "Nia Ward", "Billing contact")
	})
	t.Run("edit: the provider has it at once", func(t *testing.T) {
		dana.get(editPath("c-gus")).is(t, http.StatusOK).shows(t, "Gus Hale")
		dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "phone", "+61 3 5550 1234", "roles", "Technical", "grants", "ViewServices RequestService", "where", "Some", "sites", "barn", "categories", "Support")).
			goesTo(t, "/portal-settings?done=saved")
		got := s.row(t, "c-gus")
		want := []any{"+61 3 5550 1234", []string{"Technical"}, []settings.Feature{"RequestService", "ViewServices"}, []string{"barn"}, []string{"General", "Invoice", "Product"}}
		if diff := cmp.Diff(want, []any{got.Phone, got.Roles, got.Grants, got.Sites, got.OptedOut}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		dana.get("/portal-settings").shows(t, "Services and Service requests at Barn")
	})
	t.Run("delete: asked for first", func(t *testing.T) {
		dana.get(editPath("c-tom")+"/delete").is(t, http.StatusOK).shows(t, "Delete Tom Reed?", "They are signed out", "This cannot be undone")
		tom.get("/services").is(t, http.StatusOK)
		s.press(t, dana, "c-tom", "delete").goesTo(t, "/portal-settings?done=deleted")
		tom.get("/services").is(t, http.StatusSeeOther)
		dana.get("/portal-settings").hides(t, "Tom Reed")
	})
}

// TestSiteContactRequestsServiceOnly is ServiceCore's site contact: the preset opens service
// requests at the chosen sites and nothing else, and they cannot remove themselves.
func TestSiteContactRequestsServiceOnly(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	dana.do("POST", editPath("c-tom"), s.sent(t, "c-tom", "preset", "SiteContact")).is(t, http.StatusUnprocessableEntity).shows(t, "A site contact is for certain sites")
	dana.do("POST", editPath("c-tom"), s.sent(t, "c-tom", "preset", "SiteContact", "where", "Some", "sites", "shop")).goesTo(t, "/portal-settings?done=saved")
	tom := s.signedIn(t, "tom")
	tom.get("/requests").is(t, http.StatusOK)
	for _, path := range []string{"/invoices", "/services", "/orders", "/payments", "/profile", "/portal-settings"} {
		tom.get(path).is(t, http.StatusForbidden).shows(t, "Tom", "Service requests")
	}
	for _, button := range []string{"disable", "delete"} {
		s.press(t, tom, "c-tom", button).is(t, http.StatusForbidden)
	}
}

// TestWHMCSBillingDepartmentAndWebDeveloper: WHMCS's two examples see exactly their
// sections, and the denied page for the rest.
func TestWHMCSBillingDepartmentAndWebDeveloper(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	sections := []string{"/invoices", "/payments", "/services", "/orders", "/requests", "/profile", "/activity", "/portal-settings"}
	for name, test := range map[string]struct {
		login, preset string
		open          []string
	}{
		"billing department": {"sam", "Billing", []string{"/invoices", "/payments", "/orders"}},
		"web developer":      {"tom", "Technical", []string{"/services"}},
	} {
		dana.do("POST", editPath("c-"+test.login), s.sent(t, "c-"+test.login, "preset", test.preset)).goesTo(t, "/portal-settings?done=saved")
		b := s.signedIn(t, test.login)
		var open []string
		for _, path := range sections {
			if a := b.get(path); a.status == http.StatusOK {
				open = append(open, path)
			} else {
				a.is(t, http.StatusForbidden).shows(t, "Dana Whitfield")
			}
		}
		if diff := cmp.Diff(test.open, open); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestMaxSubAccounts: the limit of the account's settings, and a sentence that says what to
// do about it.
func TestMaxSubAccounts(t *testing.T) {
	s := newTeam(t)
	s.apply(t, `["ViewInvoices","ViewActivity"]`, teamFeatures, `"timeZone":"Australia/Melbourne"`, `"timeZone":"Australia/Melbourne","maxSubAccounts":3`)
	dana := s.signedIn(t, "dana")
	const full = "Besides the owner, 3 people of this account can have a sign-in, and all are taken."
	s.press(t, dana, "c-gus", "enable").is(t, http.StatusUnprocessableEntity).shows(t, full)
	dana.do("POST", "/portal-settings/contacts/new", newContactForm()).is(t, http.StatusUnprocessableEntity).shows(t, full, "Add a contact")
	dana.do("POST", "/portal-settings/contacts/new", newContactForm("enabled", "")).goesTo(t, "/portal-settings?done=added")
	if got := s.events(t); len(got) > 0 {
		t.Errorf("events %v", got)
	}
	s.press(t, dana, "c-tom", "disable").goesTo(t, "/portal-settings?done=disabled")
	s.press(t, dana, "c-gus", "enable").goesTo(t, "/portal-settings?done=enabled")
	s.press(t, dana, "c-gus", "invite").goesTo(t, "/portal-settings?done=invited") // has its place already
	s.press(t, dana, "c-tom", "enable").is(t, http.StatusUnprocessableEntity).shows(t, full)
}

// TestReinvitingVoidsTheOlderLink: and an invitation expires.
func TestReinvitingVoidsTheOlderLink(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	s.press(t, dana, "c-gus", "enable").is(t, http.StatusSeeOther)
	first := s.link(t, "contact.invited", store.LinkInvite, "/invitation/")
	s.press(t, dana, "c-gus", "invite").goesTo(t, "/portal-settings?done=invited")
	second := s.link(t, "contact.invited", store.LinkInvite, "/invitation/")
	nobody := s.browser(t)
	nobody.get(first).goesTo(t, "/sign-in?note=link-voided")
	nobody.get(second).is(t, http.StatusOK).shows(t, "Dana Whitfield")
	s.clock.Advance(time.Duration(config.DefaultCreateLinkSeconds) * time.Second)
	s.signedIn(t, "dana").get("/portal-settings").shows(t, "Invitation expired")
	if s.rows(t, "SELECT count(*)::text FROM contact WHERE id = 'c-gus' AND user_id IS NULL")[0] != "1" {
		t.Error("gus has a sign-in")
	}
}

// TestOwnersOnly: what only the owner does is closed to who manages contacts, by a button
// and by a crafted form.
func TestOwnersOnly(t *testing.T) {
	s := newTeam(t)
	mia := s.signedIn(t, "mia")
	mia.get("/portal-settings").is(t, http.StatusOK).hides(t, "Hand over the account", "c-dana/").shows(t, "Only the owner")
	mia.get("/portal-settings/owner").is(t, http.StatusUnprocessableEntity).shows(t, "Only the owner changes that")
	mia.do("POST", "/portal-settings/owner", url.Values{"contact": {"c-mia"}, "version": {"1"}, "ownVersion": {"1"}}).is(t, http.StatusUnprocessableEntity)
	mia.get(editPath("c-dana")).is(t, http.StatusUnprocessableEntity).shows(t, "This is the owner of the account")
	if !s.row(t, "c-dana").Owner {
		t.Error("dana is not the owner any more")
	}
}

func TestHandOver(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	page := dana.get("/portal-settings/owner").is(t, http.StatusOK).shows(t, "Who shall be the owner?", "Tom Reed", "Mia Lund")
	page.hides(t, "c-gus", "c-dana")
	dana.get("/portal-settings/owner?contact=c-gus").is(t, http.StatusUnprocessableEntity).shows(t, "a contact who signs in already")
	dana.get("/portal-settings/owner?contact=c-ravi").is(t, http.StatusUnprocessableEntity).hides(t, "Ravi")
	dana.get("/portal-settings/owner?contact=c-mia").is(t, http.StatusOK).
		shows(t, "Hand over to Mia Lund?", "Mia Lund becomes the primary contact in your place", "mia@mail.example", "You cannot take this back yourself.")
	form := func(to string) url.Values {
		return url.Values{"contact": {to}, "version": {fmt.Sprint(s.row(t, to).Version)}, "ownVersion": {fmt.Sprint(s.row(t, "c-dana").Version)}}
	}
	for _, other := range []string{"c-gus", "c-ravi", "c-dana"} {
		dana.do("POST", "/portal-settings/owner", form(other)).is(t, http.StatusUnprocessableEntity)
	}
	stale := form("c-mia")
	s.changeByProvider(t, "c-mia", func(c *store.Contact) { c.Access = store.AccessDisabled })
	dana.do("POST", "/portal-settings/owner", stale).is(t, http.StatusConflict).shows(t, "Somebody else changed one of these contacts meanwhile")
	s.changeByProvider(t, "c-mia", func(c *store.Contact) { c.Access = store.AccessActive })
	s.clock.Advance(2 * time.Hour)
	again := s.signedIn(t, "dana")
	s.clock.Advance(20 * time.Minute)
	if got := again.get("/portal-settings/owner").is(t, http.StatusSeeOther).header.Get("Location"); !strings.HasPrefix(got, "/confirm") {
		t.Errorf("who signed in a while ago is led to %s", got)
	}
	dana = s.signedIn(t, "dana")
	dana.do("POST", "/portal-settings/owner", form("c-mia")).goesTo(t, "/portal-settings?done=owner")
	was, is := s.row(t, "c-dana"), s.row(t, "c-mia")
	if !is.Owner || was.Owner || len(was.Roles) != 0 || !cmp.Equal(is.Roles, []string{"Primary"}) {
		t.Errorf("dana is %+v, mia is %+v", was, is)
	}
	for _, path := range []string{"/invoices", "/services", "/orders", "/portal-settings"} {
		dana.get(path).is(t, http.StatusOK) // what she could use she still can
	}
	dana.get(editPath("c-mia")).is(t, http.StatusUnprocessableEntity)
	s.signedIn(t, "mia").get("/portal-settings").shows(t, "You are the owner")
}
