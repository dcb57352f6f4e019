package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// TestTwoPeopleEditAContact: in two browsers, and with a write of the provider in between.
// Who comes second sees what the others changed, keeps what they wrote, and undoes nothing.
func TestTwoPeopleEditAContact(t *testing.T) {
	s := newTeam(t)
	dana, mia := s.signedIn(t, "dana"), s.signedIn(t, "mia")
	of := func(pairs ...string) url.Values { return s.sent(t, "c-gus", pairs...) }
	first, second := of("lastName", "Hall", "grants", "ViewInvoices"), of("phone", "111", "firstName", "Gustav")
	dana.do("POST", editPath("c-gus"), first).goesTo(t, "/portal-settings?done=saved")
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Phone = "222" })
	a := mia.do("POST", editPath("c-gus"), second).is(t, http.StatusConflict)
	a.shows(t, "Somebody else changed this meanwhile", "Last name: Hall", "Telephone: 222", "What this contact may do: Invoices", "What you wrote is still here")
	for _, kept := range []string{`value="Gustav"`, `value="Hall"`, `value="111"`, `name="version" value="3"`, `name="seen-phone" value="222"`} {
		if !strings.Contains(a.body, kept) {
			t.Errorf("the form has no %s", kept)
		}
	}
	again := of("phone", "111", "firstName", "Gustav")
	mia.do("POST", editPath("c-gus"), again).goesTo(t, "/portal-settings?done=saved")
	got := s.row(t, "c-gus")
	if diff := cmp.Diff([]any{"Gustav", "Hall", "111", []settings.Feature{settings.ViewInvoices}}, []any{got.FirstName, got.LastName, got.Phone, got.Grants}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestButtonsOfAStaleList: a button for a contact that is another now does nothing.
func TestButtonsOfAStaleList(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	stale := url.Values{"version": {"1"}}
	s.changeByProvider(t, "c-gus", func(c *store.Contact) { c.Email = "gus@provider.example" })
	s.changeByProvider(t, "c-tom", func(c *store.Contact) { c.Phone = "1" })
	for _, path := range []string{"c-gus/enable", "c-tom/disable", "c-gus/invite", "c-tom/delete", "c-tom/email", "c-tom/email/drop"} {
		dana.do("POST", editPath(path), stale).is(t, http.StatusConflict).shows(t, "Somebody else changed this contact meanwhile", "gus@provider.example")
	}
	if got := s.events(t); len(got) > 0 {
		t.Errorf("events %v", got)
	}
	for _, version := range []string{"", "x", "0", "-1", "1e3"} {
		dana.do("POST", editPath("c-tom")+"/disable", url.Values{"version": {version}}).is(t, http.StatusBadRequest)
	}
}

// TestPreferencesAndTheProvider: the provider renames a person who fills their form.
func TestPreferencesAndTheProvider(t *testing.T) {
	s := newTeam(t)
	tom := s.signedIn(t, "tom")
	form := s.own(t, "c-tom", "phone", "111")
	s.changeByProvider(t, "c-tom", func(c *store.Contact) { c.LastName, c.Grants = "Read", nil })
	a := tom.do("POST", "/preferences", form).is(t, http.StatusConflict).shows(t, "Last name: Read")
	if !strings.Contains(a.body, `value="111"`) || !strings.Contains(a.body, `value="Read"`) {
		t.Error("the form has not what both wrote")
	}
	tom.do("POST", "/preferences", s.own(t, "c-tom", "phone", "111")).goesTo(t, "/preferences?done=saved")
}

// TestContactsAsTheProviderWroteThem: what the person leaves as it was is not checked.
func TestContactsAsTheProviderWroteThem(t *testing.T) {
	s := newTeam(t)
	asTheyDo := func(c *store.Contact) { c.FirstName, c.LastName, c.Phone = "", "", "0800 COFFEE" }
	s.changeByProvider(t, "c-gus", asTheyDo)
	s.changeByProvider(t, "c-tom", asTheyDo)
	dana, tom := s.signedIn(t, "dana"), s.signedIn(t, "tom")
	dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "grants", "ViewInvoices")).goesTo(t, "/portal-settings?done=saved")
	tom.do("POST", "/preferences", s.own(t, "c-tom", "categories", "Invoice")).goesTo(t, "/preferences?done=saved")
	if gus, toms := s.row(t, "c-gus"), s.row(t, "c-tom"); gus.Phone != "0800 COFFEE" || len(gus.Grants) != 1 || toms.Phone != "0800 COFFEE" || len(toms.OptedOut) != 3 {
		t.Errorf("%+v %+v", gus, toms)
	}
	dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "phone", "0800 TEA")).is(t, http.StatusUnprocessableEntity).shows(t, "digits and spaces")
	tom.do("POST", "/preferences", s.own(t, "c-tom", "phone", "0800 TEA")).is(t, http.StatusUnprocessableEntity).shows(t, "digits and spaces")
}

// TestFormsOfContactsWithBadInput: the person gets their input back with the field marked;
// what is odd but a person's own is kept as it is.
func TestFormsOfContactsWithBadInput(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	for name, test := range map[string]struct{ field, value, sentence string }{
		"missing":               {"firstName", "", "A contact needs a name."},
		"oversized":             {"firstName", strings.Repeat("x", 101), "at most 100 characters fit"},
		"a control character":   {"lastName", "Re\x07ed", "cannot be stored"},
		"a zero byte":           {"lastName", "Re\x00ed", "cannot be stored"},
		"broken UTF-8":          {"lastName", "Re\xffed", "cannot be stored"},
		"no address":            {"email", "gus at home", "does not look like an email address"},
		"an address with name":  {"email", "Gus <gus@mail.example>", "does not look like an email address"},
		"an address of two":     {"email", "a@mail.example, b@mail.example", "does not look like an email address"},
		"an address too long":   {"email", strings.Repeat("x", 250) + "@mail.example", "characters fit"},
		"an address taken":      {"email", "TOM@mail.example", "Tom Reed has this address already."},
		"a telephone of words":  {"phone", "call me", "A telephone number has digits"},
		"a telephone too long":  {"phone", strings.Repeat("1", 41), "at most 40 characters fit"},
		"no site that is known": {"sites", "nowhere", "One of these sites is not there any more"},
	} {
		form := s.sent(t, "c-gus")
		form.Set("lastName", "")
		form.Set(test.field, test.value)
		if test.field == "sites" {
			form.Set("where", "Some")
		}
		before := s.row(t, "c-gus")
		for path, f := range map[string]url.Values{editPath("c-gus"): form, "/portal-settings/contacts/new": withID(form)} {
			a := dana.do("POST", path, f)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(words(a.body), test.sentence) {
				t.Errorf("%s to %s: status %d, %s", name, path, a.status, words(a.body))
			}
			if test.field == "firstName" && test.value != "" && !strings.Contains(a.body, test.value) {
				t.Errorf("%s: the person's input is gone", name)
			}
		}
		if diff := cmp.Diff(before, s.row(t, "c-gus")); diff != "" {
			t.Errorf("%s changed something (-want +got):\n%s", name, diff)
		}
	}
	for _, odd := range []string{"مريم", "משה", "👩‍💻 Zoë", "<script>alert(1)</script>", "O'Neil & Söhne", "\u202eevil"} {
		dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus", "firstName", odd)).goesTo(t, "/portal-settings?done=saved")
		if got := s.row(t, "c-gus").FirstName; got != odd {
			t.Errorf("%q was kept as %q", odd, got)
		}
		dana.get("/portal-settings").is(t, http.StatusOK).hides(t, "<script")
		dana.do("POST", "/preferences", s.own(t, "c-dana", "firstName", odd)).goesTo(t, "/preferences?done=saved")
	}
	dana.do("POST", editPath("c-gus"), url.Values{"version": {"1"}, "firstName": {strings.Repeat("x", maxFormBytes)}}).is(t, http.StatusBadRequest)
	dana.do("POST", editPath("c-gus"), s.sent(t, "c-gus"), "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	dana.do("POST", "/portal-settings/contacts/new", newContactForm("id", "not-one")).is(t, http.StatusBadRequest)
	dana.get("/portal-settings?after=-1").is(t, http.StatusBadRequest)
	dana.get("/portal-settings?after=50").is(t, http.StatusOK).shows(t, "There are no more contacts.")
}

// withID is a form as one of a new contact.
func withID(form url.Values) url.Values {
	next := newContactForm()
	for field, values := range form {
		if field != "version" && !strings.HasPrefix(field, "seen-") {
			next[field] = values
		}
	}
	if next.Get("email") == "gus@mail.example" {
		next.Set("email", "nia@mail.example")
	}
	return next
}

// TestPreferencesWithBadInput: the same of one's own form.
func TestPreferencesWithBadInput(t *testing.T) {
	s := newTeam(t)
	tom := s.signedIn(t, "tom")
	for _, test := range []struct{ field, value, sentence string }{
		{"firstName", strings.Repeat("x", 101), "at most 100 characters fit"},
		{"lastName", "a\tb", "cannot be stored"},
		{"phone", "none", "A telephone number has digits"},
		{"categories", "Security", "Please choose one of the list"},
	} {
		tom.do("POST", "/preferences", s.own(t, "c-tom", test.field, test.value)).is(t, http.StatusUnprocessableEntity).shows(t, test.sentence)
	}
	nameless := s.own(t, "c-tom", "firstName", " ", "lastName", "")
	tom.do("POST", "/preferences", nameless).is(t, http.StatusUnprocessableEntity).shows(t, "Please write what you are called.")
	tom.do("POST", "/preferences", url.Values{}).is(t, http.StatusBadRequest)
	for _, email := range []string{"", "x", "a@b c", strings.Repeat("x", 300) + "@mail.example", "a\x00@mail.example"} {
		s.ownEmail(t, tom, "c-tom", email).is(t, http.StatusUnprocessableEntity)
	}
	if got := s.row(t, "c-tom"); got.Version != 1 {
		t.Errorf("tom is %+v", got)
	}
}

// TestButtonsThatAreNotOffered: what the state of a contact's access does not allow is not
// done, whatever version is sent.
func TestButtonsThatAreNotOffered(t *testing.T) {
	s := newTeam(t)
	dana := s.signedIn(t, "dana")
	refused := func(id, button string) {
		t.Helper()
		before := s.row(t, id)
		s.press(t, dana, id, button).is(t, http.StatusConflict)
		if diff := cmp.Diff(before, s.row(t, id)); diff != "" {
			t.Errorf("%s of %s (-before +after):\n%s", button, id, diff)
		}
	}
	refused("c-tom", "enable") // is on
	s.press(t, dana, "c-tom", "disable").goesTo(t, "/portal-settings?done=disabled")
	refused("c-tom", "disable")
	s.press(t, dana, "c-gus", "enable").goesTo(t, "/portal-settings?done=enabled")
	refused("c-gus", "enable") // is invited
	s.press(t, dana, "c-gus", "disable").goesTo(t, "/portal-settings?done=disabled")
	refused("c-gus", "invite")
}
