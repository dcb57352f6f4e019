package portal

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// billing makes the profile of business customers have all of invoices and payments.
var billing = []string{`["ViewInvoices","ViewActivity"]`, `["ViewInvoices","DownloadInvoices","PayInvoices","ViewPayments"]`}

// payable is an open invoice that can be paid online.
func payable(id, account, due, balance string) store.Invoice {
	v := invoice(id, account, "2026-11-01", due, "Invoice", "", balance, balance, "Open")
	v.PayURL = "https://pay.example/" + id
	return v
}

func (s *site) document(t *testing.T, id, content string) {
	t.Helper()
	var result store.Result
	s.write(t, func(ctx context.Context, w *store.Writer) (err error) {
		result, err = w.PutInvoiceDocument(ctx, id, []byte(content), store.DocumentSeen{})
		return err
	})
	if result.Outcome != store.Created {
		t.Fatal(result)
	}
}

func TestStateWords(t *testing.T) {
	today := time.Date(2026, 11, 22, 23, 59, 0, 0, time.FixedZone("east", 11*3600))
	for _, test := range []struct{ status, due, balance, words, kind string }{
		{"Open", "2026-11-23", "10.5", "Open", "accent"},
		{"Open", "2026-11-22", "10.5", "Due today", "warn"},
		{"Open", "2026-11-21", "0.0001", "1 day overdue", "bad"},
		{"Open", "2025-11-22", "10.5", "365 days overdue", "bad"},
		{"Open", "2025-11-22", "0", "Nothing to pay", "good"},
		{"Open", "2025-11-22", "-7.5", "Nothing to pay", "good"},
		{"Paid", "2025-11-22", "0", "Paid", "good"},
		{"Void", "2025-11-22", "10.5", "Cancelled", ""},
	} {
		v := store.ListedInvoice{Status: test.status, Balance: test.balance}
		words, kind := english.stateWords(standing(test.status, v.Owed(), day(test.due), today))
		if words != test.words || kind != test.kind {
			t.Errorf("%s, %s, %s: %q, %q; want %q, %q", test.status, test.due, test.balance, words, kind, test.words, test.kind)
		}
	}
}

func TestPayPath(t *testing.T) {
	for address, want := range map[string]string{
		"https://pay.example/1?a=b": "https://pay.example/1?a=b",
		"":                          "", "http://pay.example": "", "javascript:alert(1)": "", "https:pay": "", "https://": "", "//pay.example": "", "/pay": "", "https://a b\x7f": "",
	} {
		if got := payPath(address); got != want {
			t.Errorf("payPath(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestInvoiceFilters(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.seedInvoices(t)
	dana := s.signedIn(t, "dana")
	for _, test := range []struct {
		query string
		shows []string
		hides []string
	}{
		{"", []string{"INV-d1", "INV-d7", "All years 2026", "All invoices Open Overdue Paid"}, []string{"Show all"}},
		{"?state=open", []string{"INV-d1", "INV-d2", "INV-d3", "Open balance $1,520.50", "Show all"}, []string{"INV-d4"}},
		{"?state=overdue", []string{"INV-d3", "1 day overdue"}, []string{"INV-d1", "INV-d2"}},
		{"?state=paid", []string{"INV-d4", "INV-d6"}, []string{"INV-d1", "INV-d5"}},
		{"?year=2026&number=+v-D4+", []string{"INV-d4"}, []string{"INV-d1"}},
		{"?year=2025", []string{"No invoice is like that", "Show all invoices", "2026 2025"}, []string{"INV-d"}},
		{"?year=2031", []string{"All years 2031 2026"}, []string{"INV-d"}},
		{"?number=%25", []string{"No invoice is like that"}, []string{"INV-d"}},
		{"?number=" + url.QueryEscape("\u202e <script>🧾"), []string{"No invoice is like that"}, []string{"<script>"}},
		{"?number=" + strings.Repeat("9", 5000), []string{"No invoice is like that"}, nil},
	} {
		page := dana.get("/invoices"+test.query).is(t, http.StatusOK).shows(t, test.shows...).hides(t, test.hides...)
		if chosen := strings.Count(page.body, " selected"); chosen != 2 {
			t.Errorf("%s: %d options are chosen", test.query, chosen)
		}
	}
	for _, query := range []string{"?state=Open", "?state=void", "?year=x", "?year=20266", "?year=-1", "?after=x", "?after=2026-01-01~i", "?after=2026-01-01T00:00:00Z~",
		"?after=2026-01-01T00:00:00Z~%00", "?after=2026-01-01T00:00:00Z~%ff", "?number=%00", "?number=%ff"} {
		dana.get("/invoices"+query).is(t, http.StatusBadRequest)
	}
	s.signedIn(t, "june").get("/invoices").is(t, http.StatusOK).shows(t, "No invoices here yet").hides(t, `action="/invoices"`)
}

// TestFilteredPages: pages keep what was asked for, and each invoice is on one.
func TestFilteredPages(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	var list []store.Invoice
	for i := range 60 {
		list = append(list, invoice(fmt.Sprintf("%03d", i), "10042", fmt.Sprintf("%d-%02d-01", 2025+i%2, 1+i%3), "2026-12-31", "Invoice", "", "1", "1", "Open"))
	}
	s.invoices(t, list...)
	dana := s.signedIn(t, "dana")
	path, seen, pages := "/invoices?state=open&year=2026&number=INV", map[string]bool{}, 0
	for path != "" {
		page := dana.get(path).is(t, http.StatusOK)
		for i := range 60 {
			if number := fmt.Sprintf("INV-%03d", i); strings.Contains(page.body, number+"</bdi></a>") {
				if seen[number] {
					t.Errorf("%s is on two pages", number)
				}
				seen[number] = true
			}
		}
		pages++
		if pages > 1 && !strings.Contains(page.body, `href="/invoices?number=INV&amp;state=open&amp;year=2026"`) {
			t.Error("no way to the newest that asks for the same")
		}
		path = older(page.body)
	}
	if pages != 2 || len(seen) != 30 || seen["INV-000"] {
		t.Errorf("%d pages, %d invoices", pages, len(seen))
	}
}

// older is the address of the next page.
func older(body string) string {
	before, _, found := strings.Cut(body, `" rel="next"`)
	if !found {
		return ""
	}
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}

// TestRightsOnInvoices: what the profile has, what was granted and the status of the
// account decide over paying and downloading, on both pages and at their addresses.
func TestRightsOnInvoices(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.invoices(t, payable("x", "10042", "2026-12-01", "20"))
	s.document(t, "x", "%PDF-x")
	const (
		open   = `href="https://pay.example/x"`
		locked = `href="/invoices/x/pay"`
		pdf    = `href="/invoices/x/document"`
	)
	for _, test := range []struct {
		name           string
		login          string
		features       string
		status         settings.AccountStatus
		page           int
		pay, download  int
		shows, without []string
	}{
		{"the owner of all", "dana", `["ViewInvoices","DownloadInvoices","PayInvoices"]`, settings.Active, 200, 303, 200, []string{open, pdf}, []string{locked, "button plain shut"}},
		{"not in the profile", "dana", `["ViewInvoices"]`, settings.Active, 200, 403, 403, nil, []string{open, locked, pdf}},
		{"pay only", "dana", `["ViewInvoices","PayInvoices"]`, settings.Active, 200, 303, 403, []string{open}, []string{locked, pdf}},
		{"not granted", "sam", `["ViewInvoices","DownloadInvoices","PayInvoices"]`, settings.Active, 200, 403, 403, []string{locked, pdf, "(not granted)"}, []string{open}},
		{"suspended", "dana", `["ViewInvoices","DownloadInvoices","PayInvoices"]`, settings.Suspended, 200, 303, 200, []string{open, pdf}, []string{locked}},
		{"closed", "dana", `["ViewInvoices","DownloadInvoices","PayInvoices"]`, settings.Closed, 200, 403, 200, []string{locked, pdf, "(closed with the account)"}, []string{open}},
		{"not a customer yet", "dana", `["ViewInvoices","DownloadInvoices","PayInvoices"]`, settings.Prospect, 403, 403, 403, nil, []string{open, locked, pdf}},
		{"no invoices at all", "dana", `["DownloadInvoices","PayInvoices"]`, settings.Active, 403, 403, 403, nil, []string{open, locked, pdf}},
	} {
		s.apply(t, `["ViewInvoices","ViewActivity"]`, test.features)
		s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: test.status, AccountProfile: "ap-business"})
		b := s.signedIn(t, test.login)
		for _, path := range []string{"/invoices", "/invoices/x"} {
			page := b.get(path).is(t, test.page)
			for _, text := range test.shows {
				if !strings.Contains(page.body, text) && !strings.Contains(words(page.body), text) {
					t.Errorf("%s, %s: no %s", test.name, path, text)
				}
			}
			for _, text := range test.without {
				if strings.Contains(page.body, text) {
					t.Errorf("%s, %s: has %s", test.name, path, text)
				}
			}
		}
		b.get("/invoices/x/pay").is(t, test.pay)
		b.get("/invoices/x/document").is(t, test.download)
	}
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["ViewInvoices","DownloadInvoices","PayInvoices"]`)
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business"})
	if _, err := s.root(t).Exec(t.Context(), "UPDATE contact SET grants = '{DownloadInvoices,PayInvoices}' WHERE id = 'c-sam'"); err != nil {
		t.Fatal(err)
	}
	sam := s.signedIn(t, "sam")
	for _, path := range []string{"/invoices", "/invoices/x", "/invoices/x/pay", "/invoices/x/document"} {
		sam.get(path).is(t, http.StatusForbidden).shows(t, "has Invoices, but you have not been given access to it")
	}
}

// TestPayingSaysHow: where there is no button, the page says what to do.
func TestPayingSaysHow(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, billing...)
	bare := invoice("bare", "10042", "2026-11-01", "2026-12-01", "Invoice", "", "64.9", "64.9", "Open")
	named := bare
	named.ID, named.PaymentReference = "named", "RF18 5390"
	done := payable("done", "10042", "2026-12-01", "0")
	s.invoices(t, bare, named, done, payable("ok", "10042", "2026-12-01", "64.9"))
	dana := s.signedIn(t, "dana")
	const cannot = "$64.90 is to be paid. It cannot be paid in the portal."
	dana.get("/invoices/bare").is(t, http.StatusOK).shows(t, cannot, "Not sure how to pay? Please write to help@acme.example").hides(t, "bank transfer, please name")
	dana.get("/invoices/named").is(t, http.StatusOK).shows(t, cannot, "please name this reference: RF18 5390")
	dana.get("/invoices/done").is(t, http.StatusOK).shows(t, "Nothing to pay").hides(t, "pay.example", "is to be paid")
	paid := dana.get("/invoices/ok").is(t, http.StatusOK).shows(t, "Pay $64.90").hides(t, "Not sure how to pay")
	if !strings.Contains(paid.body, `href="https://pay.example/ok" rel="noopener noreferrer"`) {
		t.Error("the button tells the other site where the person comes from")
	}
	if got := dana.get("/invoices/ok/pay").goesTo(t, "https://pay.example/ok").header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy = %q", got)
	}
	dana.get("/invoices/bare/pay").goesTo(t, "/invoices/bare")
	dana.get("/invoices/done/pay").goesTo(t, "/invoices/done")
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Closed, AccountProfile: "ap-business"})
	dana.get("/invoices/ok").shows(t, "64.90 is to be paid. Paying is not open to you.", "Not sure how to pay?")
}

// TestInvoicesOfOthers: nobody learns of the invoices of another account.
func TestInvoicesOfOthers(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, append(billing, `"features":["ViewInvoices"]`, `"features":["ViewInvoices","DownloadInvoices","PayInvoices"]`)...)
	s.invoices(t, payable("theirs", "20077", "2026-12-01", "20"))
	s.document(t, "theirs", "%PDF-theirs")
	s.signedIn(t, "ravi").get("/invoices/theirs/document").is(t, http.StatusOK)
	dana := s.signedIn(t, "dana")
	for _, id := range []string{"theirs", "nobodys", "%25", "a%2Fb", "%00", "%F0%9F%A7%BE", strings.Repeat("9", 3000)} {
		for _, path := range []string{"", "/document", "/pay"} {
			dana.get("/invoices/"+id+path).is(t, http.StatusNotFound).hides(t, "INV-", "pay.example", "%PDF")
		}
	}
}

func TestInvoiceDocuments(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, billing...)
	odd := payable("a b/ü?", "10042", "2026-12-01", "20")
	odd.Number = `../2026\11 "Größe" 🧾`
	s.invoices(t, payable("x", "10042", "2026-12-01", "20"), payable("none", "10042", "2026-12-01", "20"), odd)
	s.document(t, "x", "%PDF-x")
	s.document(t, odd.ID, "%PDF-odd")
	dana := s.signedIn(t, "dana")
	got := dana.get("/invoices/x/document").is(t, http.StatusOK)
	want := map[string]string{
		"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename=INV-x.pdf", "Content-Length": "6",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	}
	for name, value := range want {
		if got.header.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, got.header.Get(name), value)
		}
	}
	if got.body != "%PDF-x" {
		t.Errorf("%q", got.body)
	}
	head := dana.do(http.MethodHead, "/invoices/x/document", nil).is(t, http.StatusOK)
	if head.body != "" || head.header.Get("Content-Length") != "6" {
		t.Errorf("HEAD: %q %v", head.body, head.header)
	}
	dana.get("/invoices/none/document").is(t, http.StatusNotFound)
	strange := dana.get(invoicePath(odd.ID)+"/document").is(t, http.StatusOK)
	if name := strange.header.Get("Content-Disposition"); name != `attachment; filename*=utf-8''-2026-11%20-Gr%C3%B6%C3%9Fe-%20%F0%9F%A7%BE.pdf` || strange.body != "%PDF-odd" {
		t.Errorf("%s: %q", name, strange.body)
	}
	dana.get(invoicePath(odd.ID)).is(t, http.StatusOK).shows(t, "Größe", "🧾")
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"INV-1.pdf": "INV-1.pdf", "../../etc/passwd": "-..-etc-passwd", "a\r\nb\x00.pdf": "a--b-.pdf", "\xff.pdf": "-.pdf",
		"": "document.pdf", ".pdf": "document.pdf", " .. ": "document.pdf", "r\u202efdp.pdf": "r-fdp.pdf", "中文.pdf": "中文.pdf",
	} {
		if got := fileName(store.SentDocument{Name: name}); got != want {
			t.Errorf("fileName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestPayments(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, billing...)
	dana := s.signedIn(t, "dana")
	dana.get("/payments").is(t, http.StatusOK).shows(t, "No payments here yet", "as soon as Acme Telecom has booked one")
	s.invoices(t, payable("a/1", "10042", "2026-12-01", "20"), payable("b", "10042", "2026-12-01", "30.1234"))
	pay := func(id, on, status, amount string, invoices ...store.PaymentInvoice) store.Payment {
		return store.Payment{Row: store.Row{ID: id, AccountID: "10042"}, Status: status, Amount: amount, Currency: "AUD", PaidOn: day(on), Invoices: invoices}
	}
	one := pay("1", "2026-11-20", "Received", "20", store.PaymentInvoice{ID: "a/1", Amount: "20.00"})
	one.Method, one.Reference = "Card ending in 4242", "my ref"
	two := pay("2", "2026-11-19", "Received", "50.1234", store.PaymentInvoice{ID: "b", Amount: "30.1234"}, store.PaymentInvoice{ID: "a/1", Amount: "20"})
	failed := pay("3", "2026-11-18", "Failed", "7")
	failed.Reason = "Your card has expired 😕"
	for _, retry := range []struct{ id, on string }{{"4", "2026-11-25"}, {"5", "2026-11-22"}, {"6", "2026-11-20"}} {
		again, on := failed, day(retry.on)
		again.ID, again.RetryOn = retry.id, &on
		s.payments(t, again)
	}
	s.payments(t, one, two, failed)
	page := dana.get("/payments").is(t, http.StatusOK).shows(t,
		"20 Nov 2026 Invoice INV-a/1 Card ending in 4242 Reference my ref $20.00 Received",
		"19 Nov 2026 Invoice INV-b $30.1234 Invoice INV-a/1 $20.00 $50.1234 Received",
		"18 Nov 2026 Your account $7.00 Failed Your card has expired 😕 It is not tried again.",
		"It is tried again on 25 Nov 2026.", "It is tried again today.", "It was tried again on 20 Nov 2026.")
	if !strings.Contains(page.body, `href="/invoices/a%2F1"`) {
		t.Error("no link to the invoice")
	}
	dana.get("/invoices/a%2F1").is(t, http.StatusOK).shows(t, "Invoice INV-a/1")
	s.apply(t, `["ViewInvoices","ViewActivity"]`, `["ViewPayments"]`)
	dana.get("/payments").is(t, http.StatusOK).shows(t, "Invoice INV-a/1").hides(t, `href="/invoices/a`)
	s.signedIn(t, "sam").get("/payments").is(t, http.StatusForbidden)
	for _, query := range []string{"?after=x", "?after=~", "?after=2026-01-01T00:00:00Z~", "?after=2026-01-01T00:00:00Z~%00"} {
		dana.get("/payments"+query).is(t, http.StatusBadRequest)
	}
}

func TestPaymentPages(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	s.apply(t, billing...)
	var list []store.Payment
	for i := range 60 {
		list = append(list, store.Payment{Row: store.Row{ID: fmt.Sprint(100 + i), AccountID: "10042"}, Status: "Received", Amount: fmt.Sprint(100 + i), Currency: "AUD", PaidOn: day(fmt.Sprintf("2026-%02d-01", 1+i%3))})
	}
	s.payments(t, list...)
	dana := s.signedIn(t, "dana")
	var counts []int
	for path := "/payments"; path != ""; {
		page := dana.get(path).is(t, http.StatusOK)
		counts = append(counts, strings.Count(page.body, "Received"))
		path = older(page.body)
	}
	if diff := cmp.Diff([]int{25, 25, 10}, counts); diff != "" {
		t.Error(diff)
	}
}

func (s *site) payments(t *testing.T, list ...store.Payment) {
	t.Helper()
	items := make([]store.Item[store.Payment], len(list))
	for i, p := range list {
		items[i] = store.Item[store.Payment]{ID: p.ID, Decide: func(*store.Payment) (store.Payment, *store.Refusal) { return p, nil }}
	}
	var results []store.Result
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		results = nil
		written, err := w.PutPayments(ctx, items)
		for _, one := range written {
			results = append(results, one.Result)
		}
		return err
	})
	accepted(t, results, nil)
}
