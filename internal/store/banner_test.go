package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// showBanners shows account A a banner of each event, whose text is the event and what it is
// about.
func (tn tenant) showBanners(t *testing.T, banners ...store.Banner) {
	t.Helper()
	for i := range banners {
		b := &banners[i]
		b.ID, b.AccountID, b.From, b.To = uuid.NewString(), "A", now, now.AddDate(0, 0, 14)
		b.Texts = map[string]string{"": b.EventType + " " + b.About}
	}
	err := tn.Dispatcher.Write(t.Context(), store.Origin{Actor: "dispatcher", Now: now, Unaudited: true}, func(ctx context.Context, w *store.Writer) error {
		return w.AddBanners(ctx, banners)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bannersOf are the banners that people see, by their names.
func (tn tenant) bannersOf(t *testing.T, people map[string][]byte) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for name, secret := range people {
		for _, b := range must[store.SessionView](t)(tn.Portal.Session(t.Context(), secret, now, idle)).Banners {
			all[name] = append(all[name], b.Texts[""])
		}
		slices.Sort(all[name])
	}
	return all
}

// TestBannersAreForThoseWhoMaySeeIt: an account has people who may not see its invoices, or
// what is at other sites; a banner tells them nothing of it.
func TestBannersAreForThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.seedSites(t)
	unpaid, paid := invoice("i1", "A", day(time.November, 1)), invoice("i2", "A", day(time.November, 1))
	paid.Balance, paid.Status = "0", store.InvoicePaid
	tn.putInvoices(t, unpaid, paid)
	with := func(id string, grants ...settings.Feature) store.Contact {
		c := person(id, "A")
		c.Grants = grants
		return c
	}
	barn := with("barn", settings.ViewServices, settings.RequestService)
	barn.Sites = []string{"barn"}
	tn.contacts(t, owner(person("owner", "A")), with("books", settings.ViewInvoices), with("nothing"), barn, with("services", settings.ViewServices), with("people", settings.ManageContacts))
	people := map[string][]byte{}
	for _, name := range []string{"owner", "books", "nothing", "barn", "services", "people"} {
		people[name] = tn.signIn(t, name, "A")
	}

	tn.showBanners(t,
		store.Banner{Category: "Invoice", EventType: "invoice.unpaid", About: "i1"},
		store.Banner{Category: "Invoice", EventType: "invoice.paid", About: "i2"},
		store.Banner{Category: "Product", EventType: "service.activated", About: "shome"},
		store.Banner{Category: "Product", EventType: "service.activated", About: "sbarn"},
		store.Banner{Category: "Support", EventType: "request.updated", About: "rbarn"},
		store.Banner{Category: "Product", EventType: "custom.works", About: "sbarn"},
		store.Banner{Category: "Security", EventType: "portal.newSignIn", About: "books"},
		store.Banner{Category: "General", EventType: "account.statusChanged", About: "A"},
	)
	want := map[string][]string{
		"owner": {
			"account.statusChanged A", "custom.works sbarn", "invoice.paid i2", "invoice.unpaid i1", "portal.newSignIn books", "request.updated rbarn",
			"service.activated sbarn", "service.activated shome",
		},
		"books":    {"account.statusChanged A", "invoice.paid i2", "invoice.unpaid i1"},
		"nothing":  {"account.statusChanged A"},
		"barn":     {"account.statusChanged A", "custom.works sbarn", "request.updated rbarn", "service.activated sbarn"},
		"services": {"account.statusChanged A", "custom.works sbarn", "service.activated sbarn", "service.activated shome"},
		"people":   {"account.statusChanged A", "portal.newSignIn books"},
	}
	if diff := cmp.Diff(want, tn.bannersOf(t, people)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	unpaid.Balance, unpaid.Status = "0", store.InvoicePaid
	tn.putInvoices(t, unpaid)
	for _, name := range []string{"owner", "books"} {
		want[name] = slices.DeleteFunc(want[name], func(text string) bool { return text == "invoice.unpaid i1" })
	}
	if diff := cmp.Diff(want, tn.bannersOf(t, people)); diff != "" {
		t.Errorf("once it is paid (-want +got):\n%s", diff)
	}
}
