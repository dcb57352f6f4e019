package portal

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// business opens every page of services, orders, requests, the profile and messages to dana,
// and to kim, who is limited to the site Barn. lee may request service at a site that is gone.
func (s *site) business(t *testing.T) {
	t.Helper()
	s.seed(t)
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["ViewServices","PlaceOrders","RequestService","EditProfile","ViewEmails","ViewActivity"]`)
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutSites(ctx, []store.Item[store.Site]{
			row("home", store.Site{Row: store.Row{AccountID: "10042"}, Name: "Harbour Lane", Address: "Harbour Lane 1, Melbourne"}),
			row("barn", store.Site{Row: store.Row{AccountID: "10042"}, Name: "Barn"}),
			row("ravi-home", store.Site{Row: store.Row{AccountID: "20077"}, Name: "Ravi's home"}),
		})
		return err
	})
	hash, err := s.portal.Hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	kim := person("c-kim", "10042", "Kim", "Barnes", hash, false, settings.ViewServices, settings.RequestService, settings.ViewEmails)
	kim.Sites = []string{"barn"}
	s.contacts(t, kim)
}

// row writes a row whatever was there.
func row[R any](id string, value R) store.Item[R] {
	return store.Item[R]{ID: id, Decide: func(*R) (R, *store.Refusal) { return value, nil }}
}

// write writes as the provider does.
func (s *site) write(t *testing.T, work func(context.Context, *store.Writer) error) {
	t.Helper()
	if err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: s.clock.Now()}, work); err != nil {
		t.Fatal(err)
	}
}

func (s *site) putServices(t *testing.T, list ...store.Service) {
	t.Helper()
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		for _, one := range list {
			written, err := w.PutServices(ctx, []store.Item[store.Service]{row(one.ID, one)})
			if err != nil || written[0].Outcome == store.Refused {
				return fmt.Errorf("%v %w", written, err)
			}
		}
		return nil
	})
}

func aService(id, account, name string, change func(*store.Service)) store.Service {
	s := store.Service{Row: store.Row{ID: id, AccountID: account}, Name: name, Status: store.ServiceActive, StartsOn: day("2026-03-01")}
	if change != nil {
		change(&s)
	}
	return s
}

func pointer[T any](value T) *T { return &value }

func TestServicesInWords(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	dana.get("/services").is(t, http.StatusOK).shows(t, "No services here yet They appear here as soon as Acme Telecom has set up the first.").hides(t, "<table")
	priced := func(amount string, months int64) func(*store.Service) {
		return func(s *store.Service) { s.Price, s.Currency, s.BillingMonths = &amount, "AUD", months }
	}
	s.putServices(t,
		aService("s1", "10042", "Fibre 500", func(s *store.Service) {
			priced("45", 1)(s)
			s.Number, s.SiteID, s.Description = "+61 2 5550 0199", "home", "Fast."
		}),
		aService("s2", "10042", "Hosting", priced("120", 12)),
		aService("s3", "10042", "Alarm", func(s *store.Service) {
			priced("9.5", 3)(s)
			s.Status, s.StartsOn = store.ServicePending, day("2026-12-24")
		}),
		aService("s4", "10042", "Ancient line", func(s *store.Service) {
			priced("1", 0)(s)
			s.Status, s.EndsOn, s.CancelReason = store.ServiceCancelled, pointer(day("2026-11-20")), "As you asked."
		}),
		aService("s5", "10042", "Backup", func(s *store.Service) {
			priced("200", 24)(s)
			s.Status, s.EndsOn = store.ServiceSuspended, pointer(day("2026-11-22"))
		}),
		aService("b1", "20077", "Ravi's line", nil),
	)
	dana.get("/services").is(t, http.StatusOK).shows(t,
		"Alarm – none $9.50 every 3 months From 24 Dec 2026 on Being set up",
		"Fibre 500 +61 2 5550 0199 Fast. Harbour Lane $45.00 a month Since 1 Mar 2026 Active",
		"Hosting – none $120.00 a year Since 1 Mar 2026 Active",
		"Backup – none $200.00 every 2 years Since 1 Mar 2026 Until 22 Nov 2026 Suspended",
		"Ancient line – none $1.00 once Since 1 Mar 2026 Ended on 20 Nov 2026 Cancelled As you asked.",
	).hides(t, "Ravi", "Services by status")
}

func TestServicePagesAndFilters(t *testing.T) {
	s := newSite(t)
	s.business(t)
	var list []store.Service
	for n := range 55 {
		list = append(list, aService(fmt.Sprintf("s%02d", n), "10042", fmt.Sprintf("Line <%02d>~é", n%20), func(s *store.Service) {
			if n >= 50 {
				s.Status, s.EndsOn = store.ServiceCancelled, pointer(day("2026-11-20"))
			}
		}))
	}
	s.putServices(t, list...)
	dana := s.signedIn(t, "dana")
	read := func(path string) (rows, pages int) {
		for ; path != ""; pages++ {
			page := dana.get(path).is(t, http.StatusOK).shows(t, "All (55)", "Active (50)", "Cancelled (5)")
			rows += strings.Count(page.body, "Line &lt;")
			path = olderLink(page.body)
		}
		return rows, pages
	}
	for path, want := range map[string][2]int{"/services": {55, 3}, "/services?status=Active": {50, 2}, "/services?status=Cancelled": {5, 1}, "/services?status=Pending": {0, 1}} {
		rows, pages := read(path)
		if diff := cmp.Diff(want, [2]int{rows, pages}); diff != "" {
			t.Errorf("%s:\n%s", path, diff)
		}
	}
	dana.get("/services?status=Pending").shows(t, "No service has this status").hides(t, "No services here yet")
	for _, bad := range []string{"after=x", "after=*~x", "after=eA", "after=AA~x", "after=_w~x", "after=eA~%00", "status=Everything"} {
		dana.get("/services?"+bad).is(t, http.StatusBadRequest)
	}
}

// TestSitesLimitWhatIsSeen: who is limited to sites sees what is there, in lists and by
// address, and not what is at no site.
func TestSitesLimitWhatIsSeen(t *testing.T) {
	s := newSite(t)
	s.business(t)
	at := func(site string) func(*store.Service) { return func(s *store.Service) { s.SiteID = site } }
	s.putServices(t, aService("s1", "10042", "Office line", at("home")), aService("s2", "10042", "Barn line", at("barn")), aService("s3", "10042", "Hosting", nil))
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		for id, site := range map[string]string{"r1": "home", "r2": "barn", "r3": ""} {
			r := store.Request{Row: store.Row{AccountID: "10042"}, Number: "SR-" + id, Subject: "Visit " + id, Status: store.RequestNew, SiteID: site, OpenedBy: "Dana", OpenedAt: s.clock.Now()}
			if _, err := w.PutRequests(ctx, []store.Item[store.Request]{row(id, r)}); err != nil {
				return err
			}
		}
		return nil
	})
	kim, dana, ravi := s.signedIn(t, "kim"), s.signedIn(t, "dana"), s.signedIn(t, "ravi")
	kim.get("/services").is(t, http.StatusOK).shows(t, "Barn line", "You see the services at the sites that are open to you.").hides(t, "Office line", "Hosting")
	kim.get("/requests").is(t, http.StatusOK).shows(t, "Visit r2 SR-r2 Barn").hides(t, "Visit r1", "Visit r3")
	for id, status := range map[string]int{"r1": http.StatusNotFound, "r2": http.StatusOK, "r3": http.StatusNotFound, "none": http.StatusNotFound} {
		kim.get("/requests/"+id).is(t, status)
	}
	for _, id := range []string{"r1", "r2", "r3"} {
		dana.get("/requests/"+id).is(t, http.StatusOK).shows(t, "Visit "+id)
		ravi.get("/requests/"+id).is(t, http.StatusForbidden)
	}
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["RequestService"]`, `["ViewInvoices"]`, `["RequestService"]`)
	ravi.get("/requests/r1").is(t, http.StatusNotFound)
	kim.get("/requests/new").is(t, http.StatusOK).shows(t, "Barn").hides(t, "Harbour Lane 1", "No site in particular", "Ravi")
	dana.get("/requests/new").is(t, http.StatusOK).shows(t, "No site in particular Barn Harbour Lane, Harbour Lane 1, Melbourne")
}

func TestNameCursors(t *testing.T) {
	for _, want := range []store.NameCursor{{}, {Name: "", ID: "x"}, {Name: "0Fibre ~é\n", ID: "a~b/c"}} {
		text := writeNameCursor(want)
		if want.ID == "" {
			text = ""
		}
		got, err := readNameCursor(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	want := store.Newest{At: time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC), ID: "a~b"}
	if got, err := readNewest(writeNewest(want)); err != nil || got != want {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"x", "2026-11-21~x", "2026-11-21T12:00:00Z~", "~", "2026-11-21T12:00:00Z"} {
		if got, err := readNewest(bad); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

// TestRoundTripsOfBusinessPages: one for the person, one for the page.
func TestRoundTripsOfBusinessPages(t *testing.T) {
	s := newSite(t)
	s.business(t)
	counting := &countingDB{DB: storetest.Pool(t, s.tenant.PortalURI)}
	s.portal.Store = store.New(counting)
	dana := s.signedIn(t, "dana")
	for _, path := range []string{"/services", "/orders", "/requests", "/requests/new", "/profile", "/messages"} {
		counting.trips.Store(0)
		dana.get(path).is(t, http.StatusOK)
		if got := counting.trips.Load(); got != 2 {
			t.Errorf("%s takes %d round trips", path, got)
		}
	}
}

// TestBusinessPagesAreTranslated is [TestPagesAreTranslated] for pages that need something
// to be there.
func TestBusinessPagesAreTranslated(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.portal.texts = markedTexts(t)
	s.elsewhere(t, func(a *store.Account) { a.Attributes.Locale = "de-DE" })
	const name = "Full access" // as the names of the provider's things are
	for i, status := range serviceStatuses {
		s.putServices(t, aService(fmt.Sprint("s", i), "10042", name, func(s *store.Service) {
			s.Status, s.EndsOn, s.Price, s.Currency, s.BillingMonths = status, pointer(day("2026-12-24")), pointer("1"), "AUD", []int64{0, 1, 12, 3}[i]
		}))
	}
	s.products(t, row("p1", aProduct(name, "1", 24)), row("p2", aProduct(name, "1", 0)))
	s.sent(t, "10042", "c-dana", "Product", "SMS", "", 1)
	s.sent(t, "10042", "c-dana", "Security", "Email", "", 1)
	dana := s.signedIn(t, "dana")
	review := dana.get("/orders/review?product=p1&quantity=2&product=p2&quantity=1").is(t, http.StatusOK)
	order := dana.do(http.MethodPost, "/orders", fields(review.body)).is(t, http.StatusSeeOther).header.Get("Location")
	form := fields(dana.get("/requests/new").body)
	form.Set("key", form.Get("key"))
	form["subject"], form["text"], form["site"] = []string{name}, []string{name}, []string{""}
	request := dana.do(http.MethodPost, "/requests", form).is(t, http.StatusSeeOther).header.Get("Location")
	paths := []string{"/services", "/services?status=Active", "/orders", order, "/requests", request, "/orders/new?product=p1&quantity=1", "/messages", "/profile?done=saved",
		"/orders/review", "/orders/review?product=p1&quantity=x", "/orders/review?product=p1&quantity=2&product=p2&quantity=1"}
	for _, id := range s.column(t, "SELECT id::text FROM notification") {
		paths = append(paths, "/messages/"+id)
	}
	for _, path := range paths {
		page := dana.get(path)
		for _, text := range notTranslated(t, page.body) {
			if numbers := regexp.MustCompile(`^([OR]-\d+|\d+ ×|c-|Body(?s:.*))$`); !numbers.MatchString(text) {
				t.Errorf("%s (%d): %q is not translated", path, page.status, text)
			}
		}
	}
}
