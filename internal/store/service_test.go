package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func (tn tenant) putSites(t *testing.T, items ...store.Item[store.Site]) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutSites(ctx, items)
		return err
	})
}

func service(id, account string) store.Service {
	return store.Service{Row: store.Row{ID: id, AccountID: account}, Name: "Fibre 500", Status: store.ServicePending, StartsOn: day(time.November, 21)}
}

func (tn tenant) putServices(t *testing.T, list ...store.Service) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		var items []store.Item[store.Service]
		for _, s := range list {
			items = append(items, always(s.ID, s))
		}
		written, err := w.PutServices(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func TestServices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putSites(t, site("a", "A", "Harbour Road 12"), site("b", "B", "Elsewhere"))
	full := service("s1", "A")
	full.Description, full.Number, full.SiteID, full.Price, full.Currency, full.BillingMonths = "Fast.\nVery.", "+44 20 7946 0123", "a", ptr("39.90"), "EUR", 12
	full.Status, full.EndsOn, full.CancelReason = store.ServiceCancelled, ptr(day(time.December, 31)), "Cancelled as requested."
	elsewhere := service("s3", "A")
	elsewhere.SiteID = "b"
	wantResults(t, tn.putServices(t, full, service("s2", "A"), elsewhere), nil, "Created", "Created", `Refused siteId: account "A" has no site "b"`)
	full.Price = ptr("39.9")
	wantResults(t, tn.putServices(t, full, service("s2", "A")), nil, "Unchanged", "Unchanged")
	full.Price, full.SiteID, full.EndsOn = nil, "", nil
	wantResults(t, tn.putServices(t, full), nil, "Updated")
	full.Price, full.SiteID = ptr("0.0001"), "a"
	wantResults(t, tn.putServices(t, full), nil, "Updated")
	want := full
	want.Row = store.Row{ID: "s1", AccountID: "A", Version: 3, CreatedAt: now, UpdatedAt: now}
	got, err := tn.Backoffice.Service(t.Context(), "s1")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, _, err := tn.Backoffice.Services(t.Context(), store.List{Limit: 9}); err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		if result, err := w.DeleteSite(ctx, "a", 0); err != nil || result.Outcome != store.Refused {
			t.Errorf("the site of a service: %v %v", result, err)
		}
		_, err := w.DeleteService(ctx, "s1", 3)
		return err
	})
	if got := tn.column(t, "SELECT id FROM service"); len(got) != 1 {
		t.Errorf("left are %v", got)
	}
}

func TestEventsOfServices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.putSites(t, site("a", "A", "Harbour Road 12"))
	start := tn.events(t)
	s := service("s1", "A")
	for _, change := range []func(){
		func() {},
		func() { s.Status, s.SiteID, s.Number = store.ServiceActive, "a", "+44 20 7946 0123" },
		func() { s.Name = "Fibre 1000" },
		func() { s.Status = store.ServiceSuspended },
		func() { s.Status, s.SiteID, s.Number = store.ServiceActive, "", "" },
		func() { s.Status, s.EndsOn = store.ServiceCancelled, ptr(day(time.December, 31)) },
		func() { s.EndsOn = ptr(day(time.December, 30)) },
	} {
		change()
		tn.putServices(t, s)
	}
	ended, begun := service("s2", "A"), service("s3", "A")
	ended.Status, ended.EndsOn = store.ServiceCancelled, ptr(day(time.December, 31))
	begun.Status = store.ServiceActive
	tn.putServices(t, ended, begun)
	ended.Status = store.ServiceSuspended
	tn.putServices(t, ended)
	ended.Status, ended.CancelReason = store.ServiceCancelled, "As requested."
	tn.putServices(t, ended)
	const name = `"name":"Fibre 500"`
	wantTold(t, tn, start,
		`service.activated s1 {"service":{"id":"s1",`+name+`,"number":"+44 20 7946 0123","site":"Harbour Road 12","startsOn":"2026-11-21"}}`,
		`service.activated s1 {"service":{"id":"s1","name":"Fibre 1000","startsOn":"2026-11-21"}}`,
		`service.cancelled s1 {"service":{"endsOn":"2026-12-31","id":"s1","name":"Fibre 1000","startsOn":"2026-11-21"}}`,
		`service.activated s3 {"service":{"id":"s3",`+name+`,"startsOn":"2026-11-21"}}`,
		`service.cancelled s2 {"service":{"endsOn":"2026-12-31","id":"s2",`+name+`,"reason":"As requested.","startsOn":"2026-11-21"}}`)
}

func TestOrders(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	start := tn.events(t)
	put := func(list ...store.Order) (results []store.Result) {
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			var items []store.Item[store.Order]
			for _, o := range list {
				items = append(items, always(o.ID, o))
			}
			written, err := w.PutOrders(ctx, items)
			results = resultsOf(written)
			return err
		})
		return results
	}
	order := store.Order{
		Row: store.Row{ID: "o1", AccountID: "A"}, Number: "ORD-1", Status: store.OrderPlaced, PlacedAt: now.Add(1234567 * time.Nanosecond), PlacedBy: "Dana Miller",
		Total: "39.90", Currency: "EUR", Items: []store.OrderItem{{Description: "Fibre 500", Quantity: 2, Amount: "39.90"}},
	}
	done := store.Order{Row: store.Row{ID: "o2", AccountID: "A"}, Number: "ORD-2", Status: store.OrderCompleted, PlacedAt: now, Total: "0", Currency: "EUR"}
	bare := done
	bare.ID, bare.Status = "o3", store.OrderPlaced
	wantResults(t, put(order, done, bare), nil, "Created", "Created", "Created")
	order.Total, order.PlacedAt = "39.9", order.PlacedAt.In(time.FixedZone("east", 3600))
	wantResults(t, put(order, done), nil, "Unchanged", "Unchanged")
	order.Status, order.Items[0].Amount = store.OrderInProgress, "39.9"
	wantResults(t, put(order), nil, "Updated")
	order.Row, order.PlacedAt = store.Row{ID: "o1", AccountID: "A", Version: 2, CreatedAt: now, UpdatedAt: now}, now.Add(1234*time.Microsecond)
	got, err := tn.Backoffice.Order(t.Context(), "o1")
	if diff := cmp.Diff(order, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, next, err := tn.Backoffice.Orders(t.Context(), store.List{Limit: 2}); err != nil || len(list) != 2 || next == nil {
		t.Errorf("%v %v %v", list, next, err)
	}
	wantTold(t, tn, start,
		`order.placed o1 {"order":{"currency":"EUR","id":"o1","items":[{"amount":"39.90","currency":"EUR","description":"Fibre 500","quantity":2}],"number":"ORD-1",`+
			`"placedAt":"2026-11-21T12:00:00.001234Z","placedBy":"Dana Miller","total":"39.90"}}`,
		`order.placed o3 {"order":{"currency":"EUR","id":"o3","items":[],"number":"ORD-2","placedAt":"2026-11-21T12:00:00Z","total":"0.00"}}`)
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		result, err := w.DeleteOrder(ctx, "o1", 1)
		if err == nil && result.Outcome != store.Conflict {
			t.Errorf("another version: %v", result)
		}
		return err
	})
}

func TestRequests(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putSites(t, site("a", "A", "Harbour Road 12"), site("b", "B", "Elsewhere"))
	start := tn.events(t)
	put := func(list ...store.Request) (results []store.Result) {
		tn.write(t, func(ctx context.Context, w *store.Writer) error {
			var items []store.Item[store.Request]
			for _, r := range list {
				items = append(items, always(r.ID, r))
			}
			written, err := w.PutRequests(ctx, items)
			results = resultsOf(written)
			return err
		})
		return results
	}
	r := store.Request{
		Row: store.Row{ID: "r1", AccountID: "A"}, Number: "SR-1", Subject: "Move the router", Text: "Please.\nSoon.", Status: store.RequestNew, SiteID: "a",
		OpenedBy: "Dana Miller", OpenedAt: now, Author: "Acme Telecom", Staff: true,
	}
	done, elsewhere := r, r
	done.ID, done.Status = "r2", store.RequestDeclined
	elsewhere.ID, elsewhere.SiteID = "r3", "b"
	wantResults(t, put(r, done, elsewhere), nil, "Created", "Created", `Refused siteId: account "A" has no site "b"`)
	r.Author = "Somebody"
	wantResults(t, put(r), nil, "Unchanged")
	r.Text = "Please."
	wantResults(t, put(r), nil, "Updated")
	r.Status, r.ScheduledOn, r.Comment = store.RequestScheduled, ptr(day(time.November, 25)), "Between 9 and 11."
	wantResults(t, put(r), nil, "Updated")
	r.ScheduledOn, r.SiteID = ptr(day(time.November, 26)), ""
	wantResults(t, put(r), nil, "Updated")
	r.Comment = ""
	wantResults(t, put(r), nil, "Updated")
	want := r
	want.Row, want.Author, want.Staff = store.Row{ID: "r1", AccountID: "A", Version: 5, CreatedAt: now, UpdatedAt: now}, "", false
	got, err := tn.Backoffice.Request(t.Context(), "r1")
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if list, _, err := tn.Backoffice.Requests(t.Context(), store.List{UpdatedSince: now, Limit: 9}); err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
	const request = `{"request":{"id":"r1","number":"SR-1","openedAt":"2026-11-21T12:00:00Z","openedBy":"Dana Miller",`
	wantTold(t, tn, start,
		`request.created r1 `+request+`"site":"Harbour Road 12","status":"New","subject":"Move the router"}}`,
		`request.updated r1 `+request+`"scheduledOn":"2026-11-25","site":"Harbour Road 12","status":"Scheduled","subject":"Move the router"},`+
			`"update":{"author":"Somebody","byStaff":true,"comment":"Between 9 and 11.","oldStatus":"New"}}`,
		`request.updated r1 `+request+`"scheduledOn":"2026-11-26","status":"Scheduled","subject":"Move the router"},"update":{"author":"Somebody","byStaff":true}}`)
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.DeleteRequest(ctx, "r1", 5)
		return err
	})
}
