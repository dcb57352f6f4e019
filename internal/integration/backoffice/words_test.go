package backoffice

import (
	"testing"
)

// TestWordsOfRefusals: what people did wrong most when they used the API is told with what
// to do instead.
func TestWordsOfRefusals(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	s.must(t, "invoices", `{"id":"i1","accountId":"A","number":"1","issuedOn":"2026-11-01","total":"1","status":"Open"}`)
	lines := map[string]string{"Content-Type": "application/x-ndjson"}
	const none = `"detail":"there is none with this id"`
	s.walk(t, []step{
		{"GET", "events?type=invoice.isued", "", nil, 422, "", `{"field":"type","rule":"enum","message":"\"invoice.isued\" is not an event type of this tenant, the nearest is invoice.issued; docs/events.md lists the types`},
		{"GET", "events?type=invoice.issued,account.created", "", nil, 200, "", `"items":`},
		{"GET", "changes?kind=accounts", "", nil, 422, "", `{"field":"kind","rule":"enum","message":"\"accounts\" is not a kind, the nearest is account; allowed are account, campaign`},
		{"GET", "invoices/i1/document", "", nil, 404, "", `"detail":"the invoice has no document"`},
		{"DELETE", "invoices/i1/document", "", nil, 404, "", `"detail":"the invoice has no document"`},
		{"GET", "invoices/i2/document", "", nil, 404, "", none},
		{"DELETE", "invoices/i2/document", "", nil, 404, "", none},
		{"POST", "sites", `{}`, nil, 405, "", `"detail":"this address takes GET, HEAD; the id is yours: create with PUT /sites/{id}"`},
		{"POST", "sites/s1", `{}`, nil, 405, "", `"detail":"this address takes DELETE, GET, HEAD, PATCH, PUT"`},
		{"GET", "calls", "", nil, 422, "", `{"field":"accountId","rule":"required","message":"is missing"}`},
		{"POST", "import/sites", `{}`, lines, 404, "", `"detail":"there are imports of groups, products, accounts, contacts, invoices, payments, calls; everything else is written one by one, with PUT"`},
		{"GET", "import/sites", "", nil, 404, "", "there are imports of groups"},
		{"GET", "import/accounts", "", nil, 405, "", `"detail":"this address takes POST"`},
		{"POST", "import/groups?mode=whole", `{`, lines, 200, "", "1 of 1 line is refused, so nothing was applied"},
	})
}

// TestEmptyAttributes: an empty text in the settings of an account says neither a value nor
// that it is inherited.
func TestEmptyAttributes(t *testing.T) {
	s := newSite(t, server)
	const problem = `"field":"attributes.currency","rule":"minLength","message":"must not be empty: null, or leaving it out, inherits it"`
	s.walk(t, []step{
		{"PUT", "accounts/A", `{"name":"Ada","attributes":{"currency":"EUR","lateFee":{"label":"Late"}}}`, nil, 201, `"v1"`, ""},
		{"PUT", "accounts/A", `{"name":"Ada","attributes":{"currency":""}}`, nil, 422, "", problem},
		{"PATCH", "accounts/A", `{"attributes":{"currency":""}}`, nil, 422, "", problem},
		{"PATCH", "accounts/A", `{"attributes":{"lateFee":{"label":""}}}`, nil, 422, "", `"field":"attributes.lateFee.label","rule":"minLength"`},
		{"POST", "import/accounts", `{"id":"A","attributes":{"currency":""}}`, map[string]string{"Content-Type": "application/x-ndjson"}, 200, "", problem},
		{"POST", "import/accounts", `{"id":"B","name":"Ben","attributes":{"currency":""}}`, map[string]string{"Content-Type": "application/x-ndjson"}, 200, "", problem},
		{"PATCH", "accounts/A", `{"attributes":{"currency":null}}`, nil, 200, `"v2"`, `"attributes":{"lateFee":{"label":"Late"}}`},
		{"PATCH", "accounts/A", `{"statusReason":""}`, nil, 200, `"v2"`, ""},
	})
}
