package backoffice

import (
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

func TestProducts(t *testing.T) {
	s := newSite(t, server)
	const router = `{"name":"Router","description":"Wi-Fi 7.\nReady to use.","price":"199"}`
	s.walk(t, []step{
		{"PUT", "products/router", router, nil, 201, `"v1"`,
			`{"id":"router","name":"Router","description":"Wi-Fi 7.\nReady to use.","price":"199.00","currency":"AUD","state":"Offered","version":1`}, // the Tenant's currency
		{"PUT", "products/router", router, nil, 200, `"v1"`, ""},
		{"PATCH", "products/router", `{"price":"12.5","billingMonths":1,"currency":"NZD"}`, map[string]string{"If-Match": `"v1"`}, 200, `"v2"`, `"price":"12.50","currency":"NZD","billingMonths":1,"state":"Offered"`},
		{"PATCH", "products/router", `{"state":"Withdrawn"}`, nil, 200, `"v3"`, `"state":"Withdrawn"`},
		{"PUT", "products/router", router, nil, 200, `"v4"`, `"currency":"NZD","state":"Withdrawn"`}, // both stay
		{"PUT", "products/router", router, map[string]string{"If-Match": `"v2"`}, 412, "", "Product is at version 4, not 2"},
		{"PUT", "products/x", `{"name":"x"}`, nil, 422, "", `{"field":"price","rule":"required"`},
		{"PUT", "products/x", `{"name":"x","price":"free"}`, nil, 422, "", `{"field":"price","rule":"pattern"`},
		{"PUT", "products/x", `{"name":"x","price":"-5"}`, nil, 422, "", `{"field":"price","rule":"pattern"`},
		{"PUT", "products/x", `{"name":"x","price":"0.0049"}`, nil, 422, "", `is 0.0049, allowed in AUD are at most 2 decimals`},
		{"PUT", "products/x", `{"name":"x","price":"0.5","currency":"JPY"}`, nil, 422, "", `is 0.5, allowed in JPY are at most 0 decimals`},
		{"PUT", "products/x", `{"name":"x","price":"1","currency":"QQQ"}`, nil, 422, "", `{"field":"currency","rule":"format"`},
		{"PUT", "products/x", `{"name":"x","price":"1","billingMonths":0}`, nil, 422, "", `{"field":"billingMonths","rule":"minimum"`},
		{"PUT", "products/x", `{"name":"x","price":"1","state":"Gone"}`, nil, 422, "", `{"field":"state","rule":"enum","message":"\"Gone\" is not allowed, allowed are Offered, Withdrawn"}`},
		{"PUT", "products/x", `{"name":"x","price":"1","accountId":"A"}`, nil, 422, "", `{"field":"accountId","rule":"additionalProperties"`},
		{"GET", "products?accountId=A", "", nil, 422, "", `"field":"accountId"`}, // they belong to none
	})
	s.must(t, integration.Products, `{"id":"setup","name":"Installation","price":"80","currency":"AUD"}`, `{"id":"router","name":"Router","price":"12.50"}`)
	s.walk(t, []step{
		{"GET", "products?limit=1", "", nil, 200, "", `{"items":[{"id":"router","name":"Router","price":"12.50","currency":"NZD","state":"Withdrawn","version":5`},
		{"GET", "changes?kind=product", "", nil, 200, "", `{"kind":"product","id":"setup","operation":"Upsert","version":1`},
		{"DELETE", "products/router", "", map[string]string{"If-Match": `"v1"`}, 412, "", "is at version 5"},
		{"DELETE", "products/router", "", nil, 204, "", ""},
		{"GET", "products/router", "", nil, 404, "", ""},
		{"PUT", "products/free", `{"name":"x","price":"0.0000","currency":"JPY"}`, nil, 201, `"v7"`, `"price":"0"`},
		{"PUT", "products/dinar", `{"name":"x","price":"1.125","currency":"KWD"}`, nil, 201, `"v7"`, `"price":"1.125"`},
		{"PATCH", "products/dinar", `{"currency":"USD"}`, nil, 422, "", `allowed in USD are at most 2 decimals`},
	})
}

// TestOrdersOfProducts: what an order of the portal says of its products stays when the
// provider goes on with it.
func TestOrdersOfProducts(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada"}`)
	const items = `"items":[{"description":"Router","quantity":2,"amount":"25.00","productId":"router","billingMonths":1}]`
	s.walk(t, []step{
		{"PUT", "orders/o1", `{"accountId":"A","number":"1","status":"Placed","placedAt":"2026-11-22T10:00:00Z","total":"25",` + items + `,"comment":"Ring twice."}`, nil, 201, `"v1"`, items + `,"version":1`}, // the comment is the person's
		{"PATCH", "orders/o1", `{"status":"InProgress"}`, nil, 200, `"v2"`, items},
	})
}
