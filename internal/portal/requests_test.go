package portal

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func TestRequestService(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	dana.get("/requests").is(t, http.StatusOK).shows(t, "No service requests here yet", "New request")
	form := fields(dana.get("/requests/new").is(t, http.StatusOK).body)
	form["subject"], form["text"], form["site"] = []string{" Move the router 🎉 "}, []string{"مرحبا\r\nSoon, please."}, []string{"home"}
	sent := dana.do(http.MethodPost, "/requests", form)
	sent.goesTo(t, "/requests/"+form.Get("key")+"?done=sent")
	dana.get(sent.header.Get("Location")).is(t, http.StatusOK).shows(t,
		"Move the router 🎉 Service request R-1", "Thank you. Your request is with Acme Telecom.", "Status New", "Planned for No day is set yet", "Site Harbour Lane",
		"Asked 22 Nov 2026", "Asked by Dana Whitfield", "What you asked for مرحبا Soon, please.").hides(t, "Last comment")
	again := maps.Clone(form)
	again["subject"] = []string{"Another"}
	dana.do(http.MethodPost, "/requests", again).goesTo(t, "/requests/"+form.Get("key")+"?done=sent")
	want := []string{`{"id": "` + form.Get("key") + `", "site": "Harbour Lane", "number": "R-1", "status": "New", "subject": "Move the router 🎉", "openedAt": "2026-11-21T23:30:00Z", "openedBy": "Dana Whitfield"}`}
	if diff := cmp.Diff(want, s.column(t, "SELECT (data -> 'request')::text FROM event WHERE type = 'request.created'")); diff != "" {
		t.Errorf("events:\n%s", diff)
	}
	dana.get("/activity").is(t, http.StatusOK).shows(t, "Dana Whitfield Service request added")

	s.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutRequests(ctx, []store.Item[store.Request]{{ID: form.Get("key"), Decide: func(old *store.Request) (store.Request, *store.Refusal) {
			next := *old
			next.Status, next.ScheduledOn, next.Comment = store.RequestScheduled, pointer(day("2026-11-25")), "Between 9 and 11."
			return next, nil
		}}})
		return err
	})
	if diff := cmp.Diff([]string{"request.created c-dana", "request.updated c-dana"}, s.column(t, "SELECT type || ' ' || contact_id FROM event WHERE type LIKE 'request.%' ORDER BY position")); diff != "" {
		t.Errorf("who asked is told of it:\n%s", diff)
	}
	dana.get("/requests").is(t, http.StatusOK).shows(t, "Move the router 🎉 R-1 Harbour Lane 22 Nov 2026", "Dana Whitfield 25 Nov 2026 Scheduled Between 9 and 11.")
	dana.get("/requests/"+form.Get("key")).is(t, http.StatusOK).shows(t, "Status Scheduled Last comment Between 9 and 11. Planned for 25 Nov 2026").hides(t, "Thank you")
}

// TestRequestsAtSites: people limited to sites ask for one of them, and for no other.
func TestRequestsAtSites(t *testing.T) {
	s := newSite(t)
	s.business(t)
	kim := s.signedIn(t, "kim")
	page := kim.get("/requests/new").is(t, http.StatusOK)
	form := fields(page.body)
	form["subject"], form["text"] = []string{"Visit"}, []string{"Please."}
	if !strings.Contains(page.body, `<option value="barn">Barn</option>`) || strings.Count(page.body, "<option") != 1 {
		t.Errorf("kim may choose:\n%s", page.body)
	}
	for site, text := range map[string]string{
		"": "Please choose the site that this is for.", "home": "This site is not there any more.", "ravi-home": "This site is not there any more.", "b\x00": "This site is not there any more.",
	} {
		form["site"] = []string{site}
		kim.do(http.MethodPost, "/requests", form).is(t, http.StatusUnprocessableEntity).shows(t, text, "Please.").has(t, `value="Visit"`).hides(t, "Ravi")
	}
	form["site"] = []string{"barn"}
	kim.do(http.MethodPost, "/requests", form).goesTo(t, "/requests/"+form.Get("key")+"?done=sent")
	kim.get("/requests/"+form.Get("key")).is(t, http.StatusOK).shows(t, "Site Barn", "Asked by Kim Barnes")
	if sites := s.column(t, "SELECT site_id FROM service_request"); len(sites) != 1 || sites[0] != "barn" {
		t.Errorf("requests for %v", sites)
	}

	// The same key from outside of their reach makes no second one, and says nothing.
	dana := s.signedIn(t, "dana")
	form["site"] = []string{""}
	dana.do(http.MethodPost, "/requests", form).is(t, http.StatusSeeOther)
	s.apply(t, `["ViewInvoices"]`, `["RequestService"]`)
	s.signedIn(t, "ravi").do(http.MethodPost, "/requests", form).is(t, http.StatusNotFound)
	if requests := s.column(t, "SELECT id FROM service_request"); len(requests) != 1 {
		t.Errorf("requests %v", requests)
	}

	// Somebody whose sites are gone has none to ask for.
	s.root(t).Exec(t.Context(), `UPDATE contact SET sites = '{gone}' WHERE id = 'c-kim'`) //nolint:errcheck // the page shows it
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["RequestService"]`)
	kim.get("/requests/new").is(t, http.StatusOK).shows(t, "There is no site to choose").hides(t, "<textarea")
}

func TestBadRequests(t *testing.T) {
	s := newSite(t)
	s.business(t)
	dana := s.signedIn(t, "dana")
	good := url.Values{"key": {uuid.NewString()}, "subject": {"Visit"}, "text": {"Please."}, "site": {""}}
	with := func(field string, values ...string) url.Values {
		other := maps.Clone(good)
		other[field] = values
		return other
	}
	const cannot = "There is a character in this that cannot be stored."
	for _, test := range []struct {
		form  url.Values
		texts []string
	}{
		{with("subject"), []string{"This is needed.", "Please."}},
		{with("subject", " \t"), []string{"This is needed."}},
		{with("text", "\r\n"), []string{"This is needed."}},
		{with("subject", strings.Repeat("é", 151)), []string{"This is too long: at most 150 characters fit."}},
		{with("text", strings.Repeat("x", 5001)), []string{"This is too long: at most 5000 characters fit."}},
		{with("subject", "a\nb"), []string{cannot}},
		{with("text", "a\x00b"), []string{cannot}},
		{with("text", "a\x1b[2J"), []string{cannot}},
		{with("text", "\xff"), []string{cannot}},
		{with("site", "none"), []string{"This site is not there any more."}},
	} {
		dana.do(http.MethodPost, "/requests", test.form).is(t, http.StatusUnprocessableEntity).shows(t, test.texts...).
			has(t, `aria-invalid="true"`, `value="`+good.Get("key")+`"`)
	}
	dana.do(http.MethodPost, "/requests", with("subject", strings.Repeat("é", 151))).has(t, `value="`+strings.Repeat("é", 151)+`"`)
	for _, bad := range []url.Values{{}, with("key"), with("key", "1"), with("key", "urn:uuid:"+uuid.NewString()+"x")} {
		dana.do(http.MethodPost, "/requests", bad).is(t, http.StatusBadRequest)
	}
	dana.do(http.MethodPost, "/requests", with("text", strings.Repeat("x", 1<<20))).is(t, http.StatusBadRequest)
	dana.do(http.MethodPost, "/requests", good, "Sec-Fetch-Site", "cross-site").is(t, http.StatusForbidden)
	dana.get("/requests?after=x").is(t, http.StatusBadRequest)
	if requests := s.column(t, "SELECT id FROM service_request"); len(requests) > 0 {
		t.Errorf("requests %v", requests)
	}
	if ended := s.browser(t).do(http.MethodPost, "/requests", good); ended.status != http.StatusSeeOther || !strings.HasPrefix(ended.header.Get("Location"), "/sign-in") {
		t.Errorf("nobody asks: %d", ended.status)
	}
}

func TestRequestPages(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		for n := range 60 {
			r := store.Request{Row: store.Row{AccountID: "10042"}, Number: fmt.Sprintf("SR-%02d.", n), Subject: "x", Status: store.RequestDeclined, SiteID: []string{"barn", "home"}[n%2],
				OpenedBy: "Dana", OpenedAt: s.clock.Now().Add(-time.Duration(n/4) * time.Hour)}
			if _, err := w.PutRequests(ctx, []store.Item[store.Request]{row(fmt.Sprint(n), r)}); err != nil {
				return err
			}
		}
		return nil
	})
	for login, want := range map[string]int{"dana": 60, "kim": 30} {
		b, seen := s.signedIn(t, login), map[string]bool{}
		for path := "/requests"; path != ""; {
			page := b.get(path).is(t, http.StatusOK)
			for n := range 60 {
				if number := fmt.Sprintf("SR-%02d.", n); strings.Contains(page.body, number) {
					if seen[number] {
						t.Errorf("%s sees %s twice", login, number)
					}
					seen[number] = true
				}
			}
			path = olderLink(page.body)
		}
		if len(seen) != want {
			t.Errorf("%s sees %d requests, want %d", login, len(seen), want)
		}
	}
}

// TestRequestsByStatus: services and requests are for active accounts.
func TestRequestsByStatus(t *testing.T) {
	s := newSite(t)
	s.business(t)
	for _, status := range settings.AccountStatuses() {
		s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: status, AccountProfile: "ap-business"})
		dana := s.signedIn(t, "dana")
		for _, path := range []string{"/services", "/requests", "/requests/new", "/messages"} {
			if got := dana.get(path).status; (got == http.StatusOK) != (status == settings.Active) {
				t.Errorf("%s: %s is %d", status, path, got)
			}
		}
	}
}
