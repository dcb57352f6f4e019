package backoffice

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// at fixes the time of the API.
func (s *site) at(now time.Time) { s.api.now = func() time.Time { return now } }

// unchanged writes back what is read, and reads it again.
func (s *site) unchanged(t *testing.T, path string) {
	t.Helper()
	before, text := s.call(t, http.MethodGet, "/api/v1/"+path, nil, nil)
	response, written := s.call(t, http.MethodPut, "/api/v1/"+path, map[string]string{"Content-Type": "application/json"}, reader(text))
	_, after := s.call(t, http.MethodGet, "/api/v1/"+path, nil, nil)
	if response.StatusCode != http.StatusOK || response.Header.Get("ETag") != before.Header.Get("ETag") || written != text || after != text {
		t.Errorf("%s written back: %s %s\nread    %swritten %sread    %s", path, response.Status, response.Header.Get("ETag"), text, written, after)
	}
}

const wholeInvoice = `{"accountId":"A","number":"INV-1","issuedOn":"2026-11-01","currency":"EUR","total":"120.00","totalWithoutTax":"100.84","balance":"0.10","status":"Open",` +
	`"paymentReference":"RF18 5390","payURL":"https://pay.acme.example/1?a=b","lines":[{"description":"Fibre 500","amount":"39.90"},{"description":"Minutes","quantity":"10.50","amount":"80.1000"}]}`

func TestInvoices(t *testing.T) {
	s := newSite(t, server)
	s.at(time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC))
	s.must(t, "accounts", `{"id":"A","name":"Ada","accountProfile":"business","attributes":{"timeZone":"Pacific/Auckland"}}`, `{"id":"B","name":"Ben"}`)
	s.walk(t, []step{
		{"PUT", "invoices/i1", wholeInvoice, nil, 201, `"v1"`, `{"id":"i1","accountId":"A","number":"INV-1","issuedOn":"2026-11-01","dueOn":"2026-11-22","dueSource":"AccountProfile","dueSourceName":"business",` +
			`"currency":"EUR","total":"120.00","totalWithoutTax":"100.84","balance":"0.10","status":"Open","paymentReference":"RF18 5390","payURL":"https://pay.acme.example/1?a=b",` +
			`"lines":[{"description":"Fibre 500","quantity":"1","amount":"39.90"},{"description":"Minutes","quantity":"10.5","amount":"80.10"}],"version":1`},
		{"PUT", "invoices/i1", wholeInvoice, nil, 200, `"v1"`, `"version":1`},
		{"PATCH", "invoices/i1", `{"paymentReference":null,"lines":[]}`, nil, 200, `"v2"`, `"payURL":"https://pay.acme.example/1?a=b","version":2`},
		{"PUT", "invoices/i1", strings.Replace(wholeInvoice, `"A"`, `"B"`, 1), nil, 422, "", "never moves"},
		{"PUT", "invoices/i2", `{"accountId":"C","number":"1","issuedOn":"2026-11-01","total":"1","status":"Open"}`, nil, 422, "", `{"field":"accountId","message":"there is no account \"C\""}`},
		{"PATCH", "invoices/i9", `{"number":"2"}`, nil, 404, "", "create it with PUT"},
		{"PATCH", "invoices/i1", `{"accountId":"B"}`, nil, 422, "", "never moves"},
		{"GET", "invoices?accountId=A", "", nil, 200, "", `{"items":[{"id":"i1"`},
		{"GET", "invoices?accountId=B", "", nil, 200, "", `{"items":[]}`},
		{"GET", "invoices?updatedSince=2026-11-21T23:30:00Z", "", nil, 200, "", `{"items":[{"id":"i1"`},
		{"GET", "invoices?updatedSince=2026-11-21T23:30:01Z", "", nil, 200, "", `{"items":[]}`},
		{"DELETE", "invoices/i1", "", map[string]string{"If-Match": `"v1"`}, 412, "", "is at version 2"},
		{"DELETE", "invoices/i1", "", map[string]string{"If-Match": `"v2"`}, 204, "", ""},
		{"GET", "invoices/i1", "", nil, 404, "", ""},
		{"PUT", "invoices/i1", wholeInvoice, nil, 201, `"v4"`, ""},
	})
	s.unchanged(t, "invoices/i1")
	s.walk(t, []step{{"PUT", "payments/p1", `{"accountId":"A","status":"Received","amount":"1","paidOn":"2026-11-01","invoices":[{"id":"i1","amount":"1"}]}`, nil, 201, `"v4"`, ""},
		{"DELETE", "invoices/i1", "", nil, 409, "", `payment \"p1\" is for it`}})
}

// What goes with the status, the day of issue and the account is decided when an invoice
// comes without it, and stays.
func TestRulesOfInvoices(t *testing.T) {
	s := newSite(t, server)
	s.at(time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC))
	s.must(t, "accounts", `{"id":"A","name":"Ada","accountProfile":"business","attributes":{"timeZone":"Pacific/Auckland"}}`)
	const head = `{"accountId":"A","number":"1","issuedOn":"2026-11-01","total":"100",`
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"terms", []step{
			{"PUT", "", head + `"status":"Open"}`, nil, 201, `"v1"`, `"dueOn":"2026-11-22","dueSource":"AccountProfile","dueSourceName":"business","currency":"AUD","total":"100.00","balance":"100.00"`},
			{"PATCH", "", `{"issuedOn":"2026-11-02"}`, nil, 200, `"v2"`, `"dueOn":"2026-11-23","dueSource":"AccountProfile"`},
			{"PATCH", "", `{"dueOn":"2026-11-23"}`, nil, 200, `"v2"`, `"dueSource":"AccountProfile"`},
			{"PATCH", "", `{"dueOn":"2026-11-30"}`, nil, 200, `"v3"`, `"dueOn":"2026-11-30","dueSource":"Invoice","currency"`},
			{"PATCH", "", `{"dueOn":null}`, nil, 200, `"v3"`, `"dueOn":"2026-11-30","dueSource":"Invoice"`},
			{"PATCH", "", `{"issuedOn":"2026-11-01"}`, nil, 200, `"v4"`, `"dueOn":"2026-11-30","dueSource":"Invoice"`},
			{"PATCH", "", `{"issuedOn":"2026-11-03","dueOn":null}`, nil, 200, `"v5"`, `"dueOn":"2026-11-24","dueSource":"AccountProfile"`},
			{"PATCH", "", `{"dueOn":"2026-11-02"}`, nil, 422, "", `{"field":"dueOn","message":"2026-11-02 is before issuedOn 2026-11-03"}`},
		}},
		{"paid", []step{
			{"PUT", "", head + `"status":"Open"}`, nil, 201, `"v1"`, ""},
			{"PATCH", "", `{"balance":"0.01"}`, nil, 200, `"v2"`, `"balance":"0.01","status":"Open","version"`},
			{"PATCH", "", `{"paidOn":"2026-11-21"}`, nil, 422, "", `{"field":"paidOn","message":"is there, but 0.01 of the invoice is still to be paid"}`},
			{"PATCH", "", `{"status":"Paid"}`, nil, 200, `"v3"`, `"balance":"0.00","status":"Paid","paidOn":"2026-11-22","version"`},
			{"PATCH", "", `{"paymentReference":"x"}`, nil, 200, `"v4"`, `"paidOn":"2026-11-22"`},
			{"PATCH", "", `{"paidOn":null}`, nil, 200, `"v4"`, `"paidOn":"2026-11-22"`},
			{"PATCH", "", `{"paidOn":"2026-11-20"}`, nil, 200, `"v5"`, `"paidOn":"2026-11-20"`},
			{"PATCH", "", `{"balance":"5"}`, nil, 422, "", `{"field":"balance","message":"is 5, but nothing is left to pay of a paid invoice: leave it out"}`},
			{"PATCH", "", `{"status":"Open"}`, nil, 200, `"v6"`, `"balance":"100.00","status":"Open","paymentReference":"x","version"`},
		}},
		{"paid-before", []step{
			{"PUT", "", head + `"status":"Paid"}`, nil, 201, `"v1"`, `"balance":"0.00","status":"Paid","version"`},
			{"PATCH", "", `{"paidOn":"2025-01-02"}`, nil, 200, `"v2"`, `"paidOn":"2025-01-02"`},
		}},
		{"zero", []step{
			{"PUT", "", head + `"status":"Open","balance":"12.5"}`, nil, 201, `"v1"`, `"balance":"12.50"`},
			{"PATCH", "", `{"balance":"0.00"}`, nil, 200, `"v2"`, `"balance":"0.00","status":"Open","paidOn":"2026-11-22"`},
		}},
		{"void", []step{
			{"PUT", "", head + `"status":"Void"}`, nil, 201, `"v1"`, `"balance":"0.00","status":"Void","version"`},
		}},
		{"credit", []step{
			{"PUT", "", strings.Replace(head, `"100"`, `"-7.50"`, 1) + `"status":"Open"}`, nil, 201, `"v1"`, `"total":"-7.50","balance":"-7.50","status":"Open","version"`},
		}},
		{"currency", []step{
			{"PUT", "", head + `"status":"Open","currency":"USD"}`, nil, 201, `"v1"`, `"currency":"USD"`},
			{"PUT", "", head + `"status":"Open"}`, nil, 200, `"v1"`, `"currency":"USD"`},
			{"PATCH", "", `{"currency":null}`, nil, 200, `"v1"`, `"currency":"USD"`},
			{"PATCH", "", `{"currency":"EUR"}`, nil, 200, `"v2"`, `"currency":"EUR"`},
		}},
	} {
		for i := range test.steps {
			test.steps[i].path = "invoices/" + test.name
		}
		s.walk(t, test.steps)
		s.unchanged(t, "invoices/"+test.name)
	}
}

func TestInvoicesThatCannotBe(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	for change, want := range map[string]string{
		`"number":""`:                      `{"field":"number","rule":"required"`,
		`"issuedOn":"2026-02-30"`:          `{"field":"issuedOn","rule":"format"`,
		`"issuedOn":"1899-12-31"`:          `{"field":"issuedOn","rule":"format"`,
		`"dueOn":"tomorrow"`:               `{"field":"dueOn","rule":"format"`,
		`"currency":"eur"`:                 `\"eur\" is not a currency, allowed is an ISO 4217 code such as EUR`,
		`"total":12.5`:                     `{"field":"total","rule":"type"`,
		`"total":"1e3"`:                    `{"field":"total","rule":"format"`,
		`"total":"0.00001"`:                `{"field":"total","rule":"format"`,
		`"total":"123456789012345"`:        `{"field":"total","rule":"format"`,
		`"totalWithoutTax":"1,5"`:          `{"field":"totalWithoutTax","rule":"format"`,
		`"balance":"+1"`:                   `{"field":"balance","rule":"format"`,
		`"status":"Late"`:                  `allowed are Open, Paid, Void`,
		`"payURL":"http://pay.example"`:    `{"field":"payURL"`,
		`"payURL":"https://"`:              `{"field":"payURL"`,
		`"payURL":"https://:443/x"`:        `{"field":"payURL"`,
		`"payURL":"https://u:p@a.example"`: `{"field":"payURL"`,
		`"payURL":"https://a.example/é"`:   `{"field":"payURL"`,
		`"paidOn":"2026-13-01"`:            `{"field":"paidOn","rule":"format"`,
		`"lines":[{"description":"x"}]`:    `{"field":"lines[0].amount","rule":"required"`,
		`"lines":[{"description":"x","amount":"1","quantity":"one"}]`:                                                 `{"field":"lines[0].quantity","rule":"format"`,
		`"lines":[` + strings.Repeat(`{"description":"x","amount":"1"},`, 1000) + `{"description":"x","amount":"1"}]`: `{"field":"lines","rule":"maxItems"`,
		`"line":[]`: `{"field":"line"`,
	} {
		name, _, _ := strings.Cut(change, ":")
		fields := []string{`"accountId":"A"`, `"number":"1"`, `"issuedOn":"2026-11-01"`, `"total":"1"`, `"status":"Open"`}
		body := []string{change}
		for _, field := range fields {
			if !strings.HasPrefix(field, name+":") {
				body = append(body, field)
			}
		}
		response, text := s.call(t, http.MethodPut, "/api/v1/invoices/i1", map[string]string{"Content-Type": "application/json"}, reader("{"+strings.Join(body, ",")+"}"))
		if response.StatusCode != 422 || !strings.Contains(text, want) {
			t.Errorf("%.60s: %s %s", change, response.Status, text)
		}
	}
	if _, err := s.tenant.Backoffice.Invoice(t.Context(), "i1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something was written: %v", err)
	}
}

// endless is a body that never ends; it counts what is taken of it.
type endless struct{ taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.taken += int64(len(p))
	return len(p), nil
}

func TestDocumentsOfInvoices(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	s.must(t, integration.Invoices, `{"id":"i1","accountId":"A","number":"Rechnung 1/ü","issuedOn":"2026-11-01","total":"1","status":"Open"}`)
	pdf := "%PDF-1.7\x00\xff" + strings.Repeat("a page\n", 1000)
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(pdf)))
	whole := "%PDF-" + strings.Repeat("x", maxDocumentBytes-5)
	wholeTag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(whole)))
	as := func(media string, more ...string) map[string]string {
		header := map[string]string{"Content-Type": media}
		for i := 0; i < len(more); i += 2 {
			header[more[i]] = more[i+1]
		}
		return header
	}
	s.walk(t, []step{
		{"GET", "invoices/i1/document", "", nil, 404, "", ""},
		{"DELETE", "invoices/i1/document", "", nil, 404, "", ""},
		{"PUT", "invoices/i9/document", pdf, as(mediaTypePDF), 404, "", ""},
		{"PUT", "invoices/i1/document", pdf, as("text/html"), 415, "", "application/pdf"},
		{"PUT", "invoices/i1/document", "<html>" + pdf, as(mediaTypePDF), 422, "", "%PDF-"},
		{"PUT", "invoices/i1/document", pdf, as(mediaTypePDF, "If-Match", tag), 412, "", "does not exist"},
		{"PUT", "invoices/i1/document", pdf, as(mediaTypePDF, "If-Match", `"v1"`), 412, "", "entity tag of the document"},
		{"PUT", "invoices/i1/document", pdf, as(mediaTypePDF, "If-None-Match", "*"), 201, tag, ""},
		{"PUT", "invoices/i1/document", pdf, as(mediaTypePDF), 204, tag, ""},
		{"PUT", "invoices/i1/document", pdf + "more", as(mediaTypePDF, "If-None-Match", "*"), 412, "", "exists already"},
		{"GET", "invoices/i1", "", nil, 200, `"v2"`, `"documentName":"Rechnung 1/ü.pdf","version":2`},
		{"GET", "invoices/i1/document", "", map[string]string{"If-None-Match": tag}, 304, tag, ""},
		{"GET", "invoices/i1/document", "", map[string]string{"If-None-Match": wholeTag}, 200, tag, pdf},
		{"PUT", "invoices/i1/document", whole, as(mediaTypePDF, "If-Match", tag), 204, wholeTag, ""},
		{"PUT", "invoices/i1/document", whole + "x", as(mediaTypePDF), 413, "", "larger than"},
		{"DELETE", "invoices/i1/document", "", map[string]string{"If-Match": tag}, 412, "", "another one"},
	})
	s.unchanged(t, "invoices/i1")
	response, text := s.call(t, http.MethodGet, "/api/v1/invoices/i1/document", nil, nil)
	got := map[string]string{"body": fmt.Sprint(text == whole)}
	for _, name := range []string{"Content-Type", "Content-Disposition", "X-Content-Type-Options", "Cache-Control"} {
		got[name] = response.Header.Get(name)
	}
	if diff := cmp.Diff(map[string]string{
		"body": "true", "Content-Type": mediaTypePDF, "Content-Disposition": "attachment; filename*=utf-8''Rechnung%201%2F%C3%BC.pdf",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	}, got); diff != "" {
		t.Errorf("the document (-want +got):\n%s", diff)
	}
	s.walk(t, []step{
		{"DELETE", "invoices/i1/document", "", map[string]string{"If-Match": wholeTag}, 204, "", ""},
		{"GET", "invoices/i1", "", nil, 200, `"v4"`, `"status":"Open","version":4`},
	})
}

// A document that is too large is refused before it is read to its end, though its length
// was not told. There is no connection here that could break on the way.
func TestDocumentsWithoutEnd(t *testing.T) {
	s := newSite(t, server)
	body, answer := &endless{}, httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/api/v1/invoices/i1/document", body)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", mediaTypePDF)
	newAPI(s.api.Options).handler().ServeHTTP(answer, request)
	if answer.Code != http.StatusRequestEntityTooLarge || body.taken > maxDocumentBytes+1 {
		t.Errorf("%d after %d bytes: %s", answer.Code, body.taken, answer.Body)
	}
}
