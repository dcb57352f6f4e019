package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/store"
)

// told returns the events from a position on, each as "type subject data", and checks
// that they are what the catalogue says, once the portal's addresses are in them.
func (tn tenant) told(t *testing.T, after int) (texts []string) {
	t.Helper()
	type event struct {
		Type, Subject string
		Data          map[string]any
	}
	for _, text := range tn.column(t, "SELECT jsonb_build_object('type', type, 'subject', subject, 'data', data)::text FROM event WHERE position > $1 ORDER BY position", after) {
		var e event
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, fmt.Sprint(e.Type, " ", e.Subject, " ", string(shown)))
		declared, known := catalog.BuiltIn().Lookup(e.Type)
		if !known {
			t.Errorf("there is no event type %s", e.Type)
			continue
		}
		var payload map[string]any
		decoder = json.NewDecoder(strings.NewReader(string(declared.Sample)))
		decoder.UseNumber()
		if err := decoder.Decode(&payload); err != nil {
			t.Fatal(err)
		}
		common := map[string]any{}
		for _, name := range []string{"tenant", "account", "event"} {
			common[name] = payload[name]
		}
		maps.Copy(common, withAddresses(e.Data))
		if problems := declared.CheckPayload(common); len(problems) > 0 {
			t.Errorf("%s: %v", texts[len(texts)-1], problems)
		}
	}
	return texts
}

// withAddresses adds what is not stored: the pages of the portal. That of an overdue
// invoice is made of its id.
func withAddresses(data map[string]any) map[string]any {
	for _, name := range []string{"invoice", "order", "request", "ticket"} {
		if object, ok := data[name].(map[string]any); ok {
			object["url"] = "https://my.acme.example/x"
		}
	}
	for _, name := range []string{"invitation", "verification"} {
		if object, ok := data[name].(map[string]any); ok {
			object["link"] = "https://my.acme.example/x"
		}
	}
	if credential, ok := data["credential"].(map[string]any); ok && credential["expiresAt"] != nil {
		credential["link"] = "https://my.acme.example/x"
	}
	if overdue, ok := data["overdue"].(map[string]any); ok {
		for _, one := range overdue["invoices"].([]any) {
			invoice := one.(map[string]any)
			invoice["url"] = fmt.Sprint("https://my.acme.example/invoices/", invoice["id"])
		}
	}
	return data
}

func wantTold(t *testing.T, tn tenant, after int, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, tn.told(t, after)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// events is how many events there are.
func (tn tenant) events(t *testing.T) (position int) {
	t.Helper()
	if _, err := fmt.Sscan(tn.column(t, "SELECT event::text FROM feed")[0], &position); err != nil {
		t.Fatal(err)
	}
	return position
}

func TestEventsOfInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	start := tn.events(t)
	with := func(id string, change func(*store.Invoice)) store.Invoice {
		v := invoice(id, "A", day(time.November, 10))
		change(&v)
		return v
	}
	late := func(v *store.Invoice) {
		v.IssuedOn, v.DueOn, v.Balance = day(time.October, 1), day(time.October, 15), "0.1"
	}
	tn.putInvoices(t,
		with("void", func(v *store.Invoice) { v.Status = store.InvoiceVoid }),
		with("paid", func(v *store.Invoice) { v.Status, v.Balance = store.InvoicePaid, "0" }),
	)
	wantTold(t, tn, start)

	// All of a batch are told with the sums after it: exact, by currency, without other
	// accounts, and a credit note lessens what is open.
	dollars := with("dollars", func(v *store.Invoice) { v.Currency = "USD"; late(v) })
	credit := with("credit", func(v *store.Invoice) { v.Total, v.Balance, v.DueOn = "-0.3", "-0.3", day(time.October, 1) })
	other := invoice("other", "B", day(time.November, 10))
	other.Today = day(time.December, 30)
	tn.putInvoices(t, with("late", late), with("new", func(v *store.Invoice) {
		v.Total, v.Balance, v.TotalWithoutTax, v.PaymentReference, v.PayURL = "0.20", "0.20", ptr("0.17"), "RF18", "https://pay.acme.example/1"
	}), dollars, credit, other)
	lateData := `{"balance":"0.10","currency":"EUR","daysOverdue":37,"dueOn":"2026-10-15","id":"late","number":"N-late"}`
	inEuro := `"open":{"balance":"0.00","count":3,"currency":"EUR"},"overdue":{"balance":"0.10","count":1,"currency":"EUR","invoices":[` + lateData + `]}}`
	wantTold(t, tn, start,
		`invoice.issued late {"invoice":{"balance":"0.10","currency":"EUR","dueOn":"2026-10-15","id":"late","issuedOn":"2026-10-01","number":"N-late","status":"Open","total":"100.00"},`+inEuro,
		`invoice.issued new {"invoice":{"balance":"0.20","currency":"EUR","dueOn":"2026-11-24","id":"new","issuedOn":"2026-11-10","number":"N-new","payURL":"https://pay.acme.example/1","paymentReference":"RF18","status":"Open","total":"0.20","totalWithoutTax":"0.17"},`+inEuro,
		`invoice.issued dollars {"invoice":{"balance":"0.10","currency":"USD","dueOn":"2026-10-15","id":"dollars","issuedOn":"2026-10-01","number":"N-dollars","status":"Open","total":"100.00"},`+
			strings.ReplaceAll(strings.ReplaceAll(strings.Replace(inEuro, `"balance":"0.00","count":3`, `"balance":"0.10","count":1`, 1), "EUR", "USD"), "late", "dollars"),
		`invoice.issued credit {"invoice":{"balance":"-0.30","currency":"EUR","dueOn":"2026-10-01","id":"credit","issuedOn":"2026-11-10","number":"N-credit","status":"Open","total":"-0.30"},`+inEuro,
		`invoice.issued other {"invoice":{"balance":"100.00","currency":"EUR","dueOn":"2026-11-24","id":"other","issuedOn":"2026-11-10","number":"N-other","status":"Open","total":"100.00"},`+
			`"open":{"balance":"100.00","count":1,"currency":"EUR"},"overdue":{"balance":"100.00","count":1,"currency":"EUR","invoices":[`+
			`{"balance":"100.00","currency":"EUR","daysOverdue":36,"dueOn":"2026-11-24","id":"other","number":"N-other"}]}}`)
}

func TestEventsOfPaidInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	states := map[string]func(*store.Invoice){
		"open": func(*store.Invoice) {},
		"less": func(v *store.Invoice) { v.Balance = "0.01" },
		"zero": func(v *store.Invoice) { v.Balance = "0.00" },
		"over": func(v *store.Invoice) { v.Balance = "-1" },
		"paid": func(v *store.Invoice) {
			v.Status, v.Balance, v.PaidOn = store.InvoicePaid, "0", ptr(day(time.November, 20))
		},
		"void":   func(v *store.Invoice) { v.Status, v.Balance = store.InvoiceVoid, "0" },
		"credit": func(v *store.Invoice) { v.Total, v.Balance = "-5", "-5" },
	}
	paid := func(balance, status, paidOn string) []string {
		return []string{`invoice.paid i {"invoice":{"balance":"` + balance + `","currency":"EUR","dueOn":"2026-11-24","id":"i","issuedOn":"2026-11-10","number":"N-i","paidOn":"` + paidOn +
			`","status":"` + status + `","total":"100.00"},"open":{"balance":"%s","count":%s,"currency":"EUR"}}`}
	}
	for _, test := range []struct {
		from, to    string
		want        []string
		left, count string
	}{
		{"open", "less", nil, "", ""},
		{"open", "paid", paid("0.00", "Paid", "2026-11-20"), "0.00", "0"},
		{"less", "paid", paid("0.00", "Paid", "2026-11-20"), "0.00", "0"},
		{"open", "zero", paid("0.00", "Open", "2026-11-21"), "0.00", "0"},
		{"open", "over", paid("-1.00", "Open", "2026-11-21"), "-1.00", "1"},
		{"zero", "paid", nil, "", ""},
		{"open", "void", nil, "", ""},
		{"void", "paid", nil, "", ""},
		{"paid", "open", nil, "", ""},
		{"credit", "zero", nil, "", ""},
	} {
		from, to := invoice("i", "A", day(time.November, 10)), invoice("i", "A", day(time.November, 10))
		states[test.from](&from)
		states[test.to](&to)
		tn.putInvoices(t, from)
		before := tn.events(t)
		tn.putInvoices(t, to)
		for i, text := range test.want {
			test.want[i] = fmt.Sprintf(text, test.left, test.count)
		}
		if diff := cmp.Diff(test.want, tn.told(t, before)); diff != "" {
			t.Errorf("from %s to %s (-want +got):\n%s", test.from, test.to, diff)
		}
		tn.exec(t, "DELETE FROM invoice")
	}
}

// At most 50 overdue invoices are listed, the oldest, and all of them count.
func TestEventsListTheOldestOverdueInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	var list []store.Invoice
	for n := range 60 {
		v := invoice(fmt.Sprintf("i%02d", n), "A", day(time.January, 1).AddDate(0, 0, 59-n))
		v.Balance = "0.1"
		list = append(list, v)
	}
	tn.putInvoices(t, list...)
	got := tn.column(t, `
SELECT concat(data #>> '{overdue,count}', ' ', data #>> '{overdue,balance}', ' ', jsonb_array_length(data #> '{overdue,invoices}'), ' ',
              data #>> '{overdue,invoices,0,id}', ' ', data #>> '{overdue,invoices,49,id}') FROM event WHERE subject = 'i00'`)
	if diff := cmp.Diff([]string{"60 6.00 50 i59 i10"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQuietWritesTellNothing(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	start := tn.events(t)
	err := tn.Backoffice.Write(t.Context(), store.Origin{Quiet: true, Now: now}, func(ctx context.Context, w *store.Writer) error {
		if _, err := w.PutInvoices(ctx, []store.Item[store.Invoice]{always("i", invoice("i", "A", day(time.November, 1)))}); err != nil {
			return err
		}
		_, err := w.PutPayments(ctx, []store.Item[store.Payment]{always("p", payment("p", "A", "i"))})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, tn, start)
	if got := tn.column(t, "SELECT kind FROM change ORDER BY position DESC LIMIT 2"); cmp.Diff([]string{"payment", "invoice"}, got) != "" {
		t.Errorf("changes: %v", got)
	}
}
