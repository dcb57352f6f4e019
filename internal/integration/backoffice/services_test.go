package backoffice

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

func TestServices(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`, `{"id":"B","name":"Ben"}`)
	const head = `{"accountId":"A","name":"Fibre 500",`
	s.walk(t, []step{
		{"PUT", "sites/a", `{"accountId":"A","name":"Home"}`, nil, 201, `"v1"`, ""},
		{"PUT", "sites/b", `{"accountId":"B","name":"Home"}`, nil, 201, `"v1"`, ""},
		{"PUT", "services/s1", head + `"description":"Fast.\nVery.","number":"+44 20 7946 0123","status":"Active","siteId":"a","startsOn":"2026-11-01","endsOn":"2027-11-01","price":"39.90","billingMonths":1}`, nil, 201, `"v1"`,
			`"description":"Fast.\nVery.","number":"+44 20 7946 0123","status":"Active","siteId":"a","startsOn":"2026-11-01","endsOn":"2027-11-01","price":"39.90","currency":"AUD","billingMonths":1,"version":1`},
		{"PATCH", "services/s1", `{"currency":"EUR"}`, nil, 200, `"v2"`, `"currency":"EUR"`},
		{"PATCH", "services/s1", `{"price":"40","currency":null}`, nil, 200, `"v3"`, `"price":"40.00","currency":"EUR"`},
		{"PATCH", "services/s1", `{"price":null}`, nil, 200, `"v4"`, `"endsOn":"2027-11-01","billingMonths":1`},
		{"PATCH", "services/s1", `{"currency":"EUR"}`, nil, 422, "", `{"field":"currency","message":"is there without a price"}`},
		{"PATCH", "services/s1", `{"cancelReason":"Moved."}`, nil, 422, "", `{"field":"cancelReason","message":"is there, but only a cancelled service has one"}`},
		{"PATCH", "services/s1", `{"status":"Cancelled","endsOn":null}`, nil, 422, "", `{"field":"endsOn","message":"is missing, a cancelled service has a last day"}`},
		{"PATCH", "services/s1", `{"endsOn":"2026-10-31"}`, nil, 422, "", `{"field":"endsOn","message":"2026-10-31 is before startsOn 2026-11-01"}`},
		{"PATCH", "services/s1", `{"status":"Cancelled","endsOn":"2026-12-31","cancelReason":"Moved."}`, nil, 200, `"v5"`, `"endsOn":"2026-12-31","cancelReason":"Moved."`},
		{"PATCH", "services/s1", `{"status":"Active"}`, nil, 200, `"v6"`, `"startsOn":"2026-11-01","billingMonths":1`},
		{"PATCH", "services/s1", `{"siteId":"b"}`, nil, 422, "", `{"field":"siteId","message":"account \"A\" has no site \"b\""}`},
		{"PUT", "services/s2", head + `"status":"Gone","startsOn":"2026-11-01"}`, nil, 422, "", "allowed are Pending, Active, Suspended, Cancelled"},
		{"PUT", "services/s2", head + `"status":"Active","startsOn":"2026-11-01","billingMonths":-1}`, nil, 422, "", `{"field":"billingMonths","rule":"minimum"`},
		{"PUT", "services/s2", head + `"status":"Pending","startsOn":"2026-11-01"}`, nil, 201, `"v1"`, ""},
		{"GET", "services?accountId=A&limit=1", "", nil, 200, "", `"next":`},
		{"DELETE", "services/s2", "", nil, 204, "", ""},
	})
	s.unchanged(t, "services/s1")
}

func TestOrders(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	const head = `{"accountId":"A","number":"ORD-1","status":"Placed","placedAt":"2026-11-21T09:00:00.1234567+11:00",`
	s.walk(t, []step{
		{"PUT", "orders/o1", head + `"placedBy":"Dana Miller","total":"39.90","items":[{"description":"Fibre 500","quantity":2,"amount":"39.90"}]}`, nil, 201, `"v1"`,
			`"status":"Placed","placedAt":"2026-11-20T22:00:00.123456Z","placedBy":"Dana Miller","total":"39.90","currency":"AUD","items":[{"description":"Fibre 500","quantity":2,"amount":"39.90"}],"version":1`},
		{"PUT", "orders/o1", head + `"placedBy":"Dana Miller","total":"39.9","items":[{"description":"Fibre 500","quantity":2,"amount":"39.90"}]}`, nil, 200, `"v1"`, ""},
		{"PATCH", "orders/o1", `{"status":"Completed","placedBy":null}`, nil, 200, `"v2"`, `"status":"Completed","placedAt":"2026-11-20T22:00:00.123456Z","total"`},
		{"PUT", "orders/o2", head + `"total":"1","items":[{"description":"x","quantity":0,"amount":"1"}]}`, nil, 422, "", `{"field":"items[0].quantity"`},
		{"PUT", "orders/o2", head + `"total":"1","items":[{"description":"x","quantity":1.5,"amount":"1"}]}`, nil, 422, "", `{"field":"items[0].quantity","rule":"type"`},
		{"PUT", "orders/o2", `{"accountId":"A","number":"1","status":"Placed","placedAt":"0001-01-01T00:00:00Z","total":"1"}`, nil, 422, "", `{"field":"placedAt"`},
		{"PUT", "orders/o2", `{"accountId":"A","number":"1","status":"Placed","placedAt":"2026-11-21","total":"1"}`, nil, 422, "", `{"field":"placedAt","rule":"format"`},
		{"PUT", "orders/o2", `{"accountId":"A","number":"1","status":"Sent","placedAt":"2026-11-21T00:00:00Z","total":"1"}`, nil, 422, "", "allowed are Placed, InProgress, Completed, Cancelled"},
		{"DELETE", "orders/o9", "", nil, 404, "", ""},
	})
	s.unchanged(t, "orders/o1")
}

func TestRequests(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	const head = `{"accountId":"A","number":"SR-1","subject":"Move the router","openedBy":"Dana Miller","openedAt":"2026-11-20T16:20:00Z",`
	s.walk(t, []step{
		{"PUT", "sites/a", `{"accountId":"A","name":"Home"}`, nil, 201, `"v1"`, ""},
		{"PUT", "requests/r1", head + `"text":"Please.\nSoon.","status":"New","siteId":"a"}`, nil, 201, `"v1"`, `"text":"Please.\nSoon.","status":"New","siteId":"a","openedBy":"Dana Miller","openedAt":"2026-11-20T16:20:00Z","version":1`},
		{"PATCH", "requests/r1", `{"status":"Scheduled","scheduledOn":"2026-11-25","comment":"Between 9 and 11."}`, nil, 200, `"v2"`, `"scheduledOn":"2026-11-25","comment":"Between 9 and 11."`},
		{"PUT", "requests/r2", head + `"status":"Open"}`, nil, 422, "", "allowed are New, Scheduled, InProgress, Completed, Declined"},
		{"PUT", "requests/r2", head + `"status":"New","siteId":"x"}`, nil, 422, "", `account \"A\" has no site \"x\"`},
		{"DELETE", "sites/a", "", nil, 409, "", "there are service requests of it"},
	})
	s.unchanged(t, "requests/r1")
	// Customers are told of the provider, not of a token.
	feed, err := s.tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range feed.Entries {
		if e.Type == "request.updated" {
			var data struct{ Update map[string]any }
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			told = append(told, fmt.Sprint(data.Update))
		}
	}
	if diff := cmp.Diff([]string{"map[author:Acme byStaff:true comment:Between 9 and 11. oldStatus:New]"}, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
