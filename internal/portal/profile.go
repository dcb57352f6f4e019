package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/web"
)

// profileFields are what people change of their account, in the order of the page.
type profileFields struct {
	Address  string
	Phone    string
	TaxID    string
	Locale   string // empty: as the provider has it
	TimeZone string // empty: as the provider has it
}

// profilePage is the form of the account's own details. Seen is what the person saw of the
// account when the form was filled: it goes along unseen, so that what somebody else changed
// meanwhile can be told, and is never undone by who did not touch it.
type profilePage struct {
	Page      web.Page
	Done      string
	Problems  []web.FieldProblem
	Name      string
	Number    string
	Fields    profileFields
	Seen      profileFields
	Version   int64
	Changed   []term // by somebody else while the person filled the form
	Locales   []web.Option
	LocaleNow string // what applies now, and where it comes from
	Zones     []zoneGroup
	ZoneNow   string
}

// zoneGroup is a part of the world in the list of time zones.
type zoneGroup struct {
	Title string
	Zones []web.Option
}

func (p *Portal) profileRoutes() []route {
	return []route{
		{pattern: "GET /profile", feature: settings.EditProfile, handle: p.profile},
		{pattern: "POST /profile", feature: settings.EditProfile, handle: p.saveProfile},
	}
}

func profileOf(a store.Account) profileFields {
	return profileFields{a.Address, a.Phone, a.TaxID, a.Attributes.Locale, a.Attributes.TimeZone}
}

func (f profileFields) write(a *store.Account) {
	a.Address, a.Phone, a.TaxID, a.Attributes.Locale, a.Attributes.TimeZone = f.Address, f.Phone, f.TaxID, f.Locale, f.TimeZone
}

func (p *Portal) profile(w http.ResponseWriter, r *http.Request, v *visit) error {
	account, err := p.Store.Account(r.Context(), v.session.Account.ID)
	if err != nil {
		return err
	}
	page := profilePage{Fields: profileOf(account), Seen: profileOf(account), Version: account.Version}
	if r.URL.Query().Get("done") == "saved" {
		page.Done = v.T("Your changes are saved.")
	}
	return p.showProfile(w, r, v, page, http.StatusOK)
}

// showProfile adds to a page what is the same whatever happened.
func (p *Portal) showProfile(w http.ResponseWriter, r *http.Request, v *visit, page profilePage, status int) error {
	a := v.effective.Attributes
	account := v.session.Account.Account
	account.Attributes.Locale, account.Attributes.TimeZone = "", ""
	inherited := v.live.For(account).Attributes
	page.Page = v.page(v.T("Profile"), "/profile")
	page.Name, page.Number = v.session.Account.Name, v.session.Account.ID
	page.LocaleNow = v.T("Now: %s, %s.", v.localeWords(a.Locale.Value), v.sourceWords(a.Locale.Source))
	page.ZoneNow = v.T("Now: %s, %s.", v.zoneWords(a.TimeZone.Value), v.sourceWords(a.TimeZone.Source))
	page.Locales = append([]web.Option{{Label: v.asProviderHas(v.localeWords(inherited.Locale.Value))}}, v.localeOptions(page.Fields.Locale, page.Seen.Locale)...)
	page.Zones = append([]zoneGroup{{Zones: []web.Option{{Label: v.asProviderHas(v.zoneWords(inherited.TimeZone.Value))}}}}, v.zoneGroups(page.Fields.TimeZone, page.Seen.TimeZone)...)
	return v.show(w, r, status, profileView(page))
}

func (v *visit) asProviderHas(words string) string {
	return v.T("As %s has it: %s", v.live.Tenant.DisplayName, words)
}

// profileLocales are the languages of the portal with the countries that write money and
// dates in their own way, each named in itself.
var profileLocales = []web.Option{
	{Value: "en", Label: "English"}, {Value: "en-AU", Label: "English (Australia)"}, {Value: "en-CA", Label: "English (Canada)"},
	{Value: "en-IE", Label: "English (Ireland)"}, {Value: "en-NZ", Label: "English (New Zealand)"}, {Value: "en-ZA", Label: "English (South Africa)"},
	{Value: "en-GB", Label: "English (United Kingdom)"}, {Value: "en-US", Label: "English (United States)"},
	{Value: "de", Label: "Deutsch"}, {Value: "de-AT", Label: "Deutsch (Österreich)"}, {Value: "de-CH", Label: "Deutsch (Schweiz)"},
	{Value: "fr", Label: "Français"}, {Value: "fr-BE", Label: "Français (Belgique)"}, {Value: "fr-CA", Label: "Français (Canada)"},
	{Value: "fr-LU", Label: "Français (Luxembourg)"}, {Value: "fr-CH", Label: "Français (Suisse)"},
}

// localeOptions are the languages to choose from, and with them one that the provider has
// set for the account and the list does not have.
func (v *visit) localeOptions(set ...string) []web.Option {
	options := slices.Clone(profileLocales)
	for _, tag := range set {
		if tag != "" && !has(options, tag) && v.knows("locale", tag) {
			options = append(options, web.Option{Value: tag, Label: v.localeWords(tag)})
		}
	}
	return options
}

// zoneGroups are the time zones to choose from, by region, and with them one that the
// provider has set for the account and the list does not have.
func (v *visit) zoneGroups(set ...string) []zoneGroup {
	var groups []zoneGroup
	var all []web.Option
	for _, region := range zoneRegions {
		group := zoneGroup{Title: v.T(region.title)}
		for _, city := range region.cities {
			group.Zones = append(group.Zones, web.Option{Value: region.name + "/" + city, Label: cityWords(city)})
		}
		groups, all = append(groups, group), append(all, group.Zones...)
	}
	other := zoneGroup{Title: v.T("Other"), Zones: []web.Option{{Value: "UTC", Label: "UTC"}}}
	all = append(all, other.Zones...)
	for _, zone := range set {
		if zone != "" && !has(all, zone) && v.knows("timeZone", zone) {
			option := web.Option{Value: zone, Label: v.zoneWords(zone)}
			other.Zones, all = append(other.Zones, option), append(all, option)
		}
	}
	return append(groups, other)
}

// cityWords reads "Argentina/Buenos_Aires" as "Buenos Aires, Argentina".
func cityWords(city string) string {
	parts := strings.Split(strings.ReplaceAll(city, "_", " "), "/")
	slices.Reverse(parts)
	return strings.Join(parts, ", ")
}

func has(options []web.Option, value string) bool {
	return slices.ContainsFunc(options, func(o web.Option) bool { return o.Value == value })
}

// knows says whether a value of the account's attributes is one that exists.
func (v *visit) knows(key, value string) bool {
	a := settings.Attributes{Locale: value}
	if key == "timeZone" {
		a = settings.Attributes{TimeZone: value}
	}
	return len(a.Validate()) == 0
}

func (p *Portal) saveProfile(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	page, err := f.profile()
	if err != nil {
		return err
	}
	if !f.ok() {
		page.Problems = f.problems
		return p.showProfile(w, r, v, page, http.StatusUnprocessableEntity)
	}
	saved, err := p.changeProfile(r, v, page.Version, page.Fields)
	if err == nil && !saved {
		return p.mergeProfile(w, r, v, page)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/profile?done=saved", http.StatusSeeOther)
	return nil
}

// changeProfile writes what people change of their account, unless it has another version.
func (p *Portal) changeProfile(r *http.Request, v *visit, version int64, fields profileFields) (saved bool, err error) {
	err = p.Store.Write(r.Context(), v.origin(r, p.Trusted), func(ctx context.Context, w *store.Writer) error {
		written, err := w.ChangeProfile(ctx, v.session.Account.ID, version, fields.write)
		if err == nil && (written.Outcome == store.Conflict || written.Outcome == store.Refused) {
			err = store.ErrRefused
		}
		return err
	})
	if errors.Is(err, store.ErrRefused) {
		return false, nil
	}
	return err == nil, err
}

// mergeProfile is for when the account was changed while the person filled the form. If
// nothing of the form was, it is saved all the same; if not, the form comes back with what
// the person wrote, with what the others wrote where the person changed nothing, and with
// what that is.
func (p *Portal) mergeProfile(w http.ResponseWriter, r *http.Request, v *visit, page profilePage) error {
	account, err := p.Store.Account(r.Context(), v.session.Account.ID)
	if err != nil {
		return err
	}
	now := profileOf(account)
	if now == page.Seen {
		saved, err := p.changeProfile(r, v, account.Version, page.Fields)
		if err == nil && saved {
			http.Redirect(w, r, "/profile?done=saved", http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
	}
	page.Changed = v.profileChanges(page.Seen, now)
	page.Fields = page.Fields.onto(page.Seen, now)
	page.Seen, page.Version = now, account.Version
	return p.showProfile(w, r, v, page, http.StatusConflict)
}

// onto is what the person wrote, with what is there now where they left what they had seen.
func (f profileFields) onto(seen, now profileFields) profileFields {
	keep := func(written, seen, now string) string {
		if written == seen {
			return now
		}
		return written
	}
	return profileFields{
		keep(f.Address, seen.Address, now.Address), keep(f.Phone, seen.Phone, now.Phone), keep(f.TaxID, seen.TaxID, now.TaxID),
		keep(f.Locale, seen.Locale, now.Locale), keep(f.TimeZone, seen.TimeZone, now.TimeZone),
	}
}

// profileChanges says what is another than the person saw.
func (v *visit) profileChanges(seen, now profileFields) []term {
	var changes []term
	add := func(title, before, after, words string) {
		if before != after {
			changes = append(changes, term{Title: title, Value: words})
		}
	}
	empty := func(text string) string {
		if text == "" {
			return v.T("empty")
		}
		return text
	}
	inherit := func(value string, words func(string) string) string {
		if value == "" {
			return v.T("as %s has it", v.live.Tenant.DisplayName)
		}
		return words(value)
	}
	add(v.T("Address"), seen.Address, now.Address, empty(now.Address))
	add(v.T("Telephone"), seen.Phone, now.Phone, empty(now.Phone))
	add(v.T("Tax number"), seen.TaxID, now.TaxID, empty(now.TaxID))
	add(v.T("Language and formats"), seen.Locale, now.Locale, inherit(now.Locale, v.localeWords))
	add(v.T("Time zone"), seen.TimeZone, now.TimeZone, inherit(now.TimeZone, v.zoneWords))
	return changes
}

// profile reads the form.
func (f *form) profile() (profilePage, error) {
	version, err := f.readVersion()
	if err != nil {
		return profilePage{}, err
	}
	page := profilePage{
		Version: version,
		Seen:    profileFields{f.seen("address"), f.seen("phone"), f.seen("taxId"), f.seen("locale"), f.seen("timeZone")},
		Fields: profileFields{
			Address: f.text("address", rule{most: 500, lines: true}),
			Phone:   f.phone("phone"),
			TaxID:   f.text("taxId", rule{most: 40}),
			Locale:  f.get("locale"), TimeZone: f.get("timeZone"),
		},
	}
	if tag := page.Fields.Locale; tag != "" && !has(f.v.localeOptions(page.Seen.Locale), tag) {
		f.wrong("locale", f.v.T("Please choose one of the list."))
		page.Fields.Locale = page.Seen.Locale
	}
	if zone := page.Fields.TimeZone; zone != "" && !f.v.knows("timeZone", zone) {
		f.wrong("timeZone", f.v.T("Please choose one of the list."))
		page.Fields.TimeZone = page.Seen.TimeZone
	}
	return page, nil
}
