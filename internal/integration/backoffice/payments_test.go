package backoffice

import (
	"net/http"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

func TestPayments(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`, `{"id":"B","name":"Ben"}`)
	s.must(t, integration.Invoices,
		`{"id":"i1","accountId":"A","number":"1","issuedOn":"2026-11-01","total":"1","status":"Open"}`,
		`{"id":"i2","accountId":"B","number":"1","issuedOn":"2026-11-01","total":"1","status":"Open"}`)
	const whole = `{"accountId":"A","status":"Failed","amount":"12.50","currency":"EUR","paidOn":"2026-11-20","method":"Card ending in 4242","reference":"RF18",` +
		`"reason":"The card has expired.","retryOn":"2026-11-24","invoices":[{"id":"i1","amount":"12.5000"}]}`
	s.walk(t, []step{
		{"PUT", "payments/p1", whole, nil, 201, `"v1"`, `{"id":"p1","accountId":"A","status":"Failed","amount":"12.50","currency":"EUR","paidOn":"2026-11-20","method":"Card ending in 4242",` +
			`"reference":"RF18","reason":"The card has expired.","retryOn":"2026-11-24","invoices":[{"id":"i1","amount":"12.50"}],"version":1`},
		{"PUT", "payments/p1", whole, nil, 200, `"v1"`, ""},
		{"PATCH", "payments/p1", `{"status":"Received"}`, nil, 200, `"v2"`, `"reference":"RF18","invoices"`},
		{"PATCH", "payments/p1", `{"status":"Failed"}`, nil, 422, "", `{"field":"reason","message":"is missing, a failed payment has one, in words for the customer"}`},
		{"PATCH", "payments/p1", `{"status":"Failed","reason":"Returned."}`, nil, 200, `"v3"`, `"reason":"Returned.","invoices"`},
		{"PUT", "payments/p2", `{"accountId":"A","status":"Received","amount":"1","paidOn":"2026-11-20"}`, nil, 201, `"v1"`, `"currency":"AUD"`},
		{"PATCH", "payments/p2", `{"invoices":[{"id":"i2","amount":"1"}]}`, nil, 422, "", `{"field":"invoices[0].id","message":"account \"A\" has no invoice \"i2\""}`},
		{"GET", "payments?accountId=A", "", nil, 200, "", `{"items":[{"id":"p1"`},
		{"DELETE", "payments/p2", "", nil, 204, "", ""},
	})
	s.unchanged(t, "payments/p1")
}

func TestPaymentsThatCannotBe(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	s.must(t, integration.Invoices, `{"id":"i1","accountId":"A","number":"1","issuedOn":"2026-11-01","total":"1","status":"Open"}`,
		`{"id":"i2","accountId":"A","number":"2","issuedOn":"2026-11-01","total":"1","status":"Open"}`)
	for change, want := range map[string]string{
		`"amount":"0"`:                          `{"field":"amount","message":"is 0, a payment is more than 0"}`,
		`"amount":"0.0000"`:                     `a payment is more than 0`,
		`"amount":"-5"`:                         `{"field":"amount","message":"is -5, a payment is more than 0"}`,
		`"amount":"1.00001"`:                    `{"field":"amount","rule":"format"`,
		`"paidOn":"yesterday"`:                  `{"field":"paidOn","rule":"format"`,
		`"status":"Pending"`:                    `allowed are Received, Failed`,
		`"currency":"EURO"`:                     `{"field":"currency","rule":"format"`,
		`"reason":"None."`:                      `{"field":"reason","message":"is there, but only a failed payment has one"}`,
		`"retryOn":"2026-11-24"`:                `{"field":"retryOn","message":"is there, but only a failed payment is tried again"}`,
		`"accountId":"B"`:                       `there is no account`,
		`"invoices":[{"id":"i1"}]`:              `{"field":"invoices[0].amount","rule":"required"`,
		`"invoices":[{"id":"i1","amount":"0"}]`: `{"field":"invoices[0].amount","message":"is 0, allowed is more than 0"}`,
		`"invoices":[{"id":"i1","amount":"1"},{"id":"i1","amount":"1"}]`:                        `{"field":"invoices[1].id","message":"\"i1\" is there twice"}`,
		`"invoices":[{"id":"i1","amount":"0.1"},{"id":"i2","amount":"0.2001"}]`:                 `{"field":"invoices","message":"are 0.3001 together, more than the amount of the payment, 0.3"}`,
		`"invoices":[{"id":"i1","amount":"99999999999999.9999"},{"id":"i2","amount":"0.0001"}]`: `are 100000000000000.0000 together`,
	} {
		name, _, _ := strings.Cut(change, ":")
		body := []string{change}
		for _, field := range []string{`"accountId":"A"`, `"status":"Received"`, `"amount":"0.3"`, `"paidOn":"2026-11-20"`} {
			if !strings.HasPrefix(field, name+":") {
				body = append(body, field)
			}
		}
		response, text := s.call(t, http.MethodPut, "/api/v1/payments/p1", map[string]string{"Content-Type": "application/json"}, reader("{"+strings.Join(body, ",")+"}"))
		if response.StatusCode != 422 || !strings.Contains(text, want) {
			t.Errorf("%s: %s %s", change, response.Status, text)
		}
	}
	// 0.1 and 0.2 are 0.3, to the last digit.
	s.walk(t, []step{{"PUT", "payments/p1", `{"accountId":"A","status":"Received","amount":"0.3","paidOn":"2026-11-20","invoices":[{"id":"i1","amount":"0.1"},{"id":"i2","amount":"0.2"}]}`, nil, 201, `"v1"`, ""}})
}
