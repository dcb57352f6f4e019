package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func day(text string) time.Time {
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return d
}

// invoice has its due date from the provider, or from the terms of the source.
func invoice(id, account, issued, due, source, sourceName, total, balance, status string) store.Invoice {
	return store.Invoice{Row: store.Row{ID: id, AccountID: account}, Number: "INV-" + id, IssuedOn: day(issued), DueOn: day(due),
		DueSource: source, DueSourceName: sourceName, Currency: "AUD", Total: total, Balance: balance, Status: status}
}

// It is 22 November 2026 in Melbourne, and still the 21st in UTC.
func (s *site) seedInvoices(t *testing.T) {
	t.Helper()
	s.invoices(t,
		invoice("d1", "10042", "2026-11-15", "2026-12-06", "AccountProfile", "ap-business", "200.00", "200.00", "Open"),
		invoice("d2", "10042", "2026-11-01", "2026-11-22", "AccountProfile", "ap-business", "1300.00", "1300.00", "Open"),
		invoice("d3", "10042", "2026-10-22", "2026-11-21", "Invoice", "", "50.50", "20.50", "Open"),
		invoice("d4", "10042", "2026-09-01", "2026-09-15", "Tenant", "acme", "75", "0", "Paid"),
		invoice("d5", "10042", "2026-08-01", "2026-08-02", "Account", "10042", "75", "0", "Void"),
		invoice("d6", "10042", "2026-07-01", "2026-07-15", "BuiltIn", "", "75", "0", "Paid"),
		invoice("d7", "10042", "2026-06-01", "2026-06-15", "AccountProfile", "gone-profile", "75", "0", "Paid"),
		invoice("r1", "20077", "2026-11-10", "2026-11-24", "AccountProfile", "ap-residential", "64.90", "64.90", "Open"),
	)
}

func TestHomeShowsTermsWithTheirSource(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.seedInvoices(t)
	home := s.signedIn(t, "dana").get("/").is(t, http.StatusOK)
	home.shows(t,
		"Hello, Dana", "Here is what Acme Telecom has for Harbour Lane Coffee.",
		"Customer number 10042", "Status Active", "Profile Business customers", "Portal Full access",
		"Trading terms 21 days to pay from your profile Business customers",
		"Currency AUD Acme Telecom standard",
		"Language and formats Australian English agreed for your account",
		"Time zone Melbourne, Australia Acme Telecom standard",
		"Open balance $1,520.50 3 open invoices", "Overdue $20.50",
		"Invoices See the invoices of the account", "Activity See who signed in",
		"Account Harbour Lane Coffee 10042", "Terms Privacy")
	home.hides(t, "ap-business", "map-full", "Portal access", "Sub-accounts", "Emails", "Text messages", "Quiet hours", "Reminders")
	s.signedIn(t, "ravi").get("/").is(t, http.StatusOK).
		shows(t, "Trading terms 14 days to pay from your profile Residential customers", "Portal Basic access", "1 open invoice").
		hides(t, "/activity")
}

// How messages are sent is shown where a layer says it; whom the provider reminds is not.
func TestHomeShowsHowMessagesAreSent(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	s.apply(t, `"tradingTermsDays":21`, `"tradingTermsDays":21,"emailNotifications":"Enabled","smsNotifications":"WithConsent","quietHours":{"start":"22:00","end":"07:00"},
		"reminders":"Disabled","reminderMinimumAmount":"10","requireVerifiedEmail":"Enabled"`)
	const source = " from your profile Business customers"
	dana.get("/").shows(t, "Emails Sent"+source, "Text messages With your consent"+source, "Quiet hours 22:00 to 07:00"+source).
		hides(t, "Reminders", "Verified addresses")
}

// What the provider's systems act on is shown where a layer sets it, to who sees invoices.
func TestHomeShowsPublishedTerms(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	dana.get("/").is(t, http.StatusOK).hides(t, "Credit limit", "Billing day", "Invoice delivery", "Late fee")

	const published = `"tradingTermsDays":21,"creditLimit":"5000","billingDay":15,"invoiceDelivery":"EmailAndPost",
		"lateFee":{"type":"Flat","amount":"15","daysAfterDue":14,"minimumBalance":"20.5","label":"Late payment"},"custom":[{"name":"segment","value":"own-b2b"}]`
	s.apply(t, `"tradingTermsDays":21`, published)
	const source = " from your profile Business customers"
	dana.get("/").is(t, http.StatusOK).shows(t,
		"Credit limit $5,000.00"+source, "Billing day Day 15 of the month"+source, "Invoice delivery By email and post"+source,
		"Late fee A fixed amount"+source, "Late fee amount $15.00"+source, "Late fee after 14 days past the due date"+source,
		"Late fee from $20.50"+source, "Late fee label Late payment"+source).
		hides(t, "segment", "own-b2b")

	s.apply(t, `"tradingTermsDays":21`, strings.Replace(strings.Replace(published, "Flat", "Percent", 1), `"15"`, `"2.5"`, 1))
	dana.get("/").shows(t, "Late fee A percentage of what is overdue", "Late fee amount 2.5%")

	s.apply(t, `"tradingTermsDays":21`, strings.Replace(published, "Flat", "None", 1))
	dana.get("/").shows(t, "Late fee None"+source).hides(t, "Late fee amount", "Late fee after", "Late payment")

	s.apply(t, `"tradingTermsDays":21`, published, `["ViewInvoices","ViewActivity"]`, `["ViewActivity"]`)
	dana.get("/").shows(t, "Trading terms 21 days to pay").hides(t, "Credit limit", "Billing day", "Invoice delivery", "Late fee")
}

func TestInvoicesSayWhyTheyAreDue(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.seedInvoices(t)
	page := s.signedIn(t, "dana").get("/invoices").is(t, http.StatusOK)
	page.shows(t,
		"Open balance $1,520.50 3 open invoices", "Overdue $20.50 1 invoice is past its due date",
		"INV-d1 15 Nov 2026 6 Dec 2026 21 days, Business customers $200.00 $200.00 Open",
		"INV-d2 1 Nov 2026 22 Nov 2026 21 days, Business customers $1,300.00 $1,300.00 Due today",
		"INV-d3 22 Oct 2026 21 Nov 2026 as stated on the invoice $50.50 $20.50 1 day overdue",
		"INV-d4 1 Sep 2026 15 Sep 2026 14 days, Acme Telecom standard $75.00 $0.00 Paid",
		"INV-d5 1 Aug 2026 2 Aug 2026 1 day, agreed for your account $75.00 $0.00 Cancelled",
		"INV-d6 1 Jul 2026 15 Jul 2026 14 days, general default",
		"14 days, gone-profile")
	page.hides(t, "ap-business", "INV-r1")
}

func TestInvoicePages(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	var list []store.Invoice
	for i := range 60 { // several share a day
		list = append(list, invoice(fmt.Sprintf("p%02d", i), "10042", fmt.Sprintf("2026-%02d-01", 1+i%4), "2026-12-31", "Invoice", "", "1", "1", "Open"))
	}
	s.invoices(t, list...)
	b := s.signedIn(t, "dana")
	seen := map[string]bool{}
	path, pages := "/invoices", 0
	for path != "" {
		page := b.get(path).is(t, http.StatusOK).shows(t, "60 open invoices")
		for _, i := range list {
			if strings.Contains(page.body, ">"+i.Number+"<") {
				if seen[i.ID] {
					t.Errorf("%s is on two pages", i.Number)
				}
				seen[i.ID] = true
			}
		}
		path, pages = olderLink(page.body), pages+1
	}
	if len(seen) != len(list) || pages != 3 {
		t.Errorf("saw %d invoices on %d pages, want %d on 3", len(seen), pages, len(list))
	}
	for _, bad := range []string{"x", "2026-01-01", "2026-13-01~a", "~a", "2026-01-01~"} {
		b.get("/invoices?after="+url.QueryEscape(bad)).is(t, http.StatusBadRequest).shows(t, "We could not read that")
	}
	b.get("/activity?before=-1").is(t, http.StatusBadRequest)
}

// olderLink is the address of the next page, empty on the last.
func olderLink(body string) string {
	before, _, found := strings.Cut(body, `" rel="next"`)
	if !found {
		return ""
	}
	return strings.ReplaceAll(before[strings.LastIndex(before, `href="`)+len(`href="`):], "&amp;", "&")
}

func TestActivityPages(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for i := range 30 {
		err := s.tenant.Portal.Audit(t.Context(), store.AuditEntry{AccountID: "10042", UserID: "7b0d3f3e-9f5a-4a0b-8d57-0c9f3f0f5a11", Actor: fmt.Sprintf("Person %02d", i),
			Action: store.ActionSignedIn, At: s.clock.Now().Add(time.Duration(i) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := s.signedIn(t, "dana")
	first := b.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield", "Person 29", "Times are those of Melbourne, Australia", "22 Nov 2026").hides(t, "Person 05")
	b.get(olderLink(first.body)).is(t, http.StatusOK).shows(t, "Person 05", "Person 00", "Newest").hides(t, "Person 06", "Older")
}

func TestNobodySeesAnotherAccount(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.seedInvoices(t)
	ravi := s.signedIn(t, "ravi")
	s.signedIn(t, "dana")
	ravi.get("/invoices").shows(t, "INV-r1").hides(t, "INV-d1", "Harbour Lane")
	// A cursor of another account's invoice is only a place in one's own list.
	ravi.get("/invoices?after=2026-11-15T00:00:00Z~d1").is(t, http.StatusOK).shows(t, "INV-r1").hides(t, "INV-d")
	s.apply(t, `"features":["ViewInvoices"]`, `"features":["ViewInvoices","ViewActivity"]`)
	ravi.get("/activity").is(t, http.StatusOK).shows(t, "Ravi Menon Signed in").hides(t, "Dana")
	ravi.get("/activity?before=9223372036854775807").is(t, http.StatusOK).hides(t, "Dana")
}

func TestDeniedPage(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for _, test := range []struct {
		name, login string
		texts       []string
	}{
		{"not granted", "sam", []string{
			"Sorry Sam, this page is not open to you", "Harbour Lane Coffee has Activity, but you have not been given access to it.",
			"What you can use Home Invoices", "Ask Dana Whitfield, the owner of Harbour Lane Coffee, who decides what you can use", "Sam Okafor"}},
		{"not in the profile", "ravi", []string{
			"Sorry Ravi", "Activity is not part of the portal of Ravi Menon.", "What you can use Home Invoices", "Please write to help@acme.example"}},
		{"suspended", "june", []string{
			"Sorry June", "Activity is closed while Abbott & Daughters is suspended.", "What you can use Home Invoices", "call +61 2 5550 0100"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.signedIn(t, test.login).get("/activity").is(t, http.StatusForbidden).shows(t, test.texts...)
		})
	}
}

func TestLockedAndMissingEntries(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.signedIn(t, "sam").get("/").shows(t, "Activity (not granted)", "Activity Locked: not granted").is(t, http.StatusOK)
	s.signedIn(t, "june").get("/").shows(t, "Activity (closed while suspended)", "This account is suspended")
	s.signedIn(t, "ravi").get("/").hides(t, "Activity")
	s.signedIn(t, "dana").get("/").hides(t, "not granted", "Locked")
}

// A change of the settings shows in the next request of who is signed in.
func TestSettingsChangeMidSession(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	dana.get("/").shows(t, "21 days to pay")
	dana.get("/activity").is(t, http.StatusOK)

	s.apply(t, `"tradingTermsDays":21`, `"tradingTermsDays":45`)
	dana.get("/").shows(t, "45 days to pay from your profile Business customers")

	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["ViewInvoices"]`)
	dana.get("/").hides(t, "Activity")
	dana.get("/activity").is(t, http.StatusForbidden).shows(t, "Activity is not part of the portal")

	s.apply(t, `"displayName":"Acme Telecom"`, `"displayName":"Zenith"`, `#0a6b5e`, `#aa1122`)
	page := dana.get("/").shows(t, "Z Zenith")
	if !strings.Contains(page.body, "/assets/brand-aa1122-") {
		t.Error("the new accent colour is not used")
	}

	s.apply(t, `"attributes":{"currency"`, `"attributes":{"portalAccess":"Disabled","currency"`)
	dana.get("/").is(t, http.StatusForbidden).shows(t, "The portal of Harbour Lane Coffee is switched off at the moment.", "Sign out").hides(t, `href="/invoices"`)
	dana.get("/invoices").is(t, http.StatusForbidden)

	s.apply(t)
	dana.get("/invoices").is(t, http.StatusOK)
}

// What the account itself has changes as quickly.
func TestAccountChangeMidSession(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	dana := s.signedIn(t, "dana")
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Closed, AccountProfile: "ap-residential"})
	dana.get("/").is(t, http.StatusOK).shows(t, "This account is closed", "14 days to pay", "Profile Residential customers")
	dana.get("/invoices").is(t, http.StatusOK)
}

func TestUnknownProfileShowsTheDefault(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	const unknown = "nobody-knows"
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: unknown})
	s.apply(t, `"session"`, `"defaultMyAccountProfile":"map-basic","session"`)
	s.signedIn(t, "dana").get("/").is(t, http.StatusOK).shows(t, "Profile Default", "14 days to pay general default").hides(t, unknown)
}

// Names come from the provider's systems: none may become markup.
func TestNamesAreEscaped(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	const name = `<script>alert(1)</script>"'&`
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: name, Status: settings.Active, AccountProfile: "ap-business"})
	dana := s.signedIn(t, "dana")
	for _, path := range []string{"/", "/invoices", "/activity", "/nothing"} {
		dana.get(path).hides(t, "<script", `"'&`)
	}
	// The sign-in page has a script of ours, which stands in a file.
	s.browser(t).signIn(`"><script>`, "x").hides(t, "<script>")
}
