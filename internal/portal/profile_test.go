package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// profileForm is the form of a page of the profile, as a browser sends it.
func profileForm(body string) url.Values {
	form := fields(body)
	for _, name := range []string{"locale", "timeZone"} {
		_, options, _ := strings.Cut(body, `name="`+name+`"`)
		options, _, _ = strings.Cut(options, "</select>")
		form.Set(name, "")
		if before, _, found := strings.Cut(options, " selected"); found {
			form.Set(name, attribute(before[strings.LastIndex(before, "<option"):]+" ", "value"))
		}
	}
	_, text, _ := strings.Cut(body, `name="address"`)
	_, text, _ = strings.Cut(text, ">")
	text, _, _ = strings.Cut(text, "</textarea>")
	form.Set("address", text)
	return form
}

// accountRow is what is stored of the account that people change.
func (s *site) accountRow(t *testing.T) string {
	t.Helper()
	return s.column(t, "SELECT concat_ws('|', name, address, phone, tax_id, attributes) FROM account WHERE id = '10042'")[0]
}

// elsewhere changes the account as the provider does.
func (s *site) elsewhere(t *testing.T, change func(*store.Account)) {
	t.Helper()
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutAccounts(ctx, []store.Item[store.Account]{{ID: "10042", Decide: func(old *store.Account) (store.Account, *store.Refusal) {
			next := *old
			change(&next)
			return next, nil
		}}})
		return err
	})
}

func TestEditProfile(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	page := dana.get("/profile").is(t, http.StatusOK).shows(t,
		"Name Harbour Lane Coffee Only Acme Telecom can change the name.", "Customer number 10042",
		"Now: Australian English, agreed for your account.", "As Acme Telecom has it: English", "Deutsch (Schweiz)", "Français (Canada)",
		"Now: Melbourne, Australia, Acme Telecom standard.", "As Acme Telecom has it: Melbourne, Australia", "Buenos Aires, Argentina")
	form := profileForm(page.body)
	want := url.Values{"version": {"1"}, "address": {""}, "phone": {""}, "taxId": {""}, "locale": {"en-AU"}, "timeZone": {""},
		"seen-address": {""}, "seen-phone": {""}, "seen-taxId": {""}, "seen-locale": {"en-AU"}, "seen-timeZone": {""}}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	if got := s.column(t, "SELECT version::text FROM account WHERE id = '10042'"); got[0] != "1" {
		t.Errorf("saving what is there is version %s", got[0])
	}
	form["address"], form["phone"], form["taxId"] = []string{" Harbour Lane 1\r\nMelbourne مرحبا 🎉 "}, []string{"+61 2 5550-0199"}, []string{"ABN 51 824 753 556"}
	form["locale"], form["timeZone"] = []string{"de-CH"}, []string{"Europe/Zurich"}
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	dana.get("/profile?done=saved").is(t, http.StatusOK).shows(t, "Ihre Änderungen sind gespeichert.", "Zurzeit: Schweizer Hochdeutsch")
	const row = "Harbour Lane Coffee|Harbour Lane 1\nMelbourne مرحبا 🎉|+61 2 5550-0199|ABN 51 824 753 556|" + `{"locale": "de-CH", "timeZone": "Europe/Zurich"}`
	if diff := cmp.Diff(row, s.accountRow(t)); diff != "" {
		t.Errorf("the row:\n%s", diff)
	}
	if events := s.column(t, "SELECT data ->> 'settings' FROM event WHERE type = 'settings.changed'"); len(events) != 1 || !strings.Contains(events[0], `"newValue": "de-CH"`) {
		t.Errorf("events: %v", events)
	}
	form = profileForm(dana.get("/profile").body)
	form["locale"], form["timeZone"] = []string{""}, []string{""}
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	dana.get("/profile").is(t, http.StatusOK).shows(t, "Now: English, general default.")
	dana.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Account changed")
}

// TestProfileConflicts: what others changed meanwhile is told and stays; what the person
// wrote is still in the form; what does not touch the form does not matter.
func TestProfileConflicts(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	form := profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	form.Set("taxId", "ABN 1")
	s.elsewhere(t, func(a *store.Account) { a.Name = "Harbour Lane Roasters" })
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")

	form = profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	form.Set("phone", "+61 1")
	form.Set("address", "Mine")
	s.elsewhere(t, func(a *store.Account) {
		a.Address, a.TaxID, a.Attributes.Locale, a.Attributes.TimeZone = "Theirs\n<b>", "", "", "Australia/Perth"
	})
	before := s.accountRow(t)
	again := dana.do(http.MethodPost, "/profile", form).is(t, http.StatusConflict).shows(t, "Somebody else changed this meanwhile",
		"Address: Theirs &lt;b&gt;", "Tax number: empty", "Language and formats: as Acme Telecom has it", "Time zone: Perth, Australia", "nothing of it is saved yet").
		hides(t, "Telephone:")
	if diff := cmp.Diff(before, s.accountRow(t)); diff != "" {
		t.Errorf("a conflict wrote:\n%s", diff)
	}
	form = profileForm(again.body)
	for field, want := range map[string]string{"phone": "+61 1", "address": "Mine", "taxId": "", "locale": "", "timeZone": "Australia/Perth", "version": "4"} {
		if got := form.Get(field); got != want {
			t.Errorf("%s is %q in the form, want %q", field, got, want)
		}
	}
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	if diff := cmp.Diff(`Harbour Lane Roasters|Mine|+61 1||{"timeZone": "Australia/Perth"}`, s.accountRow(t)); diff != "" {
		t.Errorf("the row:\n%s", diff)
	}
}

// TestProfileKeepsWhatIsNotInItsLists: a language and a zone that the provider has set and
// nobody can choose are still there after somebody saved another field.
func TestProfileKeepsWhatIsNotInItsLists(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.elsewhere(t, func(a *store.Account) { a.Attributes.Locale, a.Attributes.TimeZone = "nl-BE", "Etc/GMT+5" })
	dana := s.signedIn(t, "dana")
	form := profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	form.Set("phone", "1")
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	if got := s.accountRow(t); !strings.HasSuffix(got, `|1||{"locale": "nl-BE", "timeZone": "Etc/GMT+5"}`) {
		t.Errorf("the row is %s", got)
	}
}

// TestWhatTheProviderWroteStays: the API takes telephone numbers as people write them, and
// that is no reason to keep a person from saving something else.
func TestWhatTheProviderWroteStays(t *testing.T) {
	s := newSite(t)
	s.business(t)
	const extension = "+61 8 6555 0140 ext. 5"
	s.elsewhere(t, func(a *store.Account) { a.Phone = extension })
	dana := s.signedIn(t, "dana")
	form := profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	form.Set("taxId", "ABN 1")
	dana.do(http.MethodPost, "/profile", form).goesTo(t, "/profile?done=saved")
	if row := s.accountRow(t); !strings.Contains(row, extension+"|ABN 1|") {
		t.Errorf("the row: %s", row)
	}
	form = profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	form.Set("phone", extension+"6")
	dana.do(http.MethodPost, "/profile", form).is(t, http.StatusUnprocessableEntity).shows(t, "A telephone number has digits and spaces")
}

func TestBadProfiles(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	good := profileForm(dana.get("/profile").is(t, http.StatusOK).body)
	good.Set("address", "Harbour Lane 1")
	with := func(field, value string) url.Values {
		form := url.Values{}
		for name, values := range good {
			form[name] = values
		}
		form[field] = []string{value}
		return form
	}
	const cannot = "There is a character in this that cannot be stored."
	for _, test := range []struct{ field, value, text string }{
		{"address", strings.Repeat("x", 501), "This is too long: at most 500 characters fit."},
		{"address", "a\x00", cannot},
		{"phone", strings.Repeat("1", 41), "This is too long: at most 40 characters fit."},
		{"phone", "call me", "A telephone number has digits and spaces, and may begin with +."},
		{"phone", "1\n2", cannot},
		{"taxId", strings.Repeat("x", 41), "This is too long: at most 40 characters fit."},
		{"taxId", "\xff", cannot},
		{"locale", "xx-nothing", "Please choose one of the list."},
		{"locale", "nl-BE", "Please choose one of the list."},
		{"timeZone", "Mars/Olympus", "Please choose one of the list."},
		{"timeZone", "Europe/Berlin\x00", "Please choose one of the list."},
	} {
		dana.do(http.MethodPost, "/profile", with(test.field, test.value)).is(t, http.StatusUnprocessableEntity).shows(t, test.text, "Harbour Lane Coffee").
			has(t, `id="`+test.field+`-problem"`, `href="#`+test.field+`"`)
	}
	for _, version := range []string{"", "x", "0", "-1"} {
		dana.do(http.MethodPost, "/profile", with("version", version)).is(t, http.StatusBadRequest)
	}
	dana.do(http.MethodPost, "/profile", good, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	if got := s.accountRow(t); got != `Harbour Lane Coffee||||{"locale": "en-AU"}` {
		t.Errorf("the row is %s", got)
	}
}

// TestChoicesExist: every language and time zone that can be chosen is one that the account
// can have.
func TestChoicesExist(t *testing.T) {
	var zones int
	for _, region := range zoneRegions {
		for _, city := range region.cities {
			zones++
			if problems := (settings.Attributes{TimeZone: region.name + "/" + city}).Validate(); len(problems) > 0 {
				t.Error(problems)
			}
		}
	}
	for _, locale := range profileLocales {
		if problems := (settings.Attributes{Locale: locale.Value}).Validate(); len(problems) > 0 {
			t.Error(problems)
		}
	}
	if zones < 400 || len(profileLocales) < 10 {
		t.Errorf("%d zones, %d languages", zones, len(profileLocales))
	}
}
