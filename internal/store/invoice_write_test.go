package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// fullInvoice has a value in every field.
func fullInvoice(id, account string) store.Invoice {
	v := invoice(id, account, day(time.November, 1))
	v.DueSource, v.DueSourceName = "AccountProfile", "business"
	v.Total, v.Balance, v.TotalWithoutTax = "12345678901234.5678", "0.10", ptr("-0.5000")
	v.PaymentReference, v.PayURL = "RF18 5390 0754", "https://pay.acme.example/1"
	v.Lines = []store.InvoiceLine{{"Fibre 500", "1", "39.90"}, {"Minutes", "10.50", "0.1250"}, {"Credit", "1.0000", "-4"}}
	return v
}

func TestInvoicesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	v := fullInvoice("i1", "A")
	bare := invoice("i2", "B", day(time.November, 2))
	wantResults(t, tn.putInvoices(t, v, bare, invoice("i3", "C", day(time.November, 3))), nil,
		"Created", "Created", `Refused accountId: there is no account "C"`)
	v.Balance, v.Lines[0].Amount = "0.1000", "39.9000"
	wantResults(t, tn.putInvoices(t, v, bare), nil, "Unchanged", "Unchanged")

	want := fullInvoice("i1", "A")
	want.Row = store.Row{ID: "i1", AccountID: "A", Version: 1, CreatedAt: now, UpdatedAt: now}
	want.Balance, want.TotalWithoutTax, want.Today = "0.1", ptr("-0.5"), time.Time{}
	want.Lines = []store.InvoiceLine{{"Fibre 500", "1", "39.9"}, {"Minutes", "10.5", "0.125"}, {"Credit", "1", "-4"}}
	got, err := tn.Backoffice.Invoice(t.Context(), "i1")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	list, next, err := tn.Backoffice.ListInvoices(t.Context(), store.List{AccountID: "A", Limit: 1})
	if diff := cmp.Diff([]store.Invoice{want}, list); diff != "" || next != nil || err != nil {
		t.Errorf("%v %v (-want +got):\n%s", next, err, diff)
	}
	list, next, err = tn.Backoffice.ListInvoices(t.Context(), store.List{UpdatedSince: now, Limit: 1})
	if err != nil || next == nil || len(list) != 1 || list[0].ID != "i1" {
		t.Errorf("%v %v %v", list, next, err)
	}
}

// An update writes what it changes: all fields, and lines only when they differ.
func TestInvoicesChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putInvoices(t, fullInvoice("i1", "A"), fullInvoice("i2", "A"), fullInvoice("i3", "B"))
	written := func() []string {
		return tn.column(t, "SELECT concat_ws(' ', invoice_id, position, description, xmin) FROM invoice_line ORDER BY invoice_id, position")
	}
	before := written()
	paid := fullInvoice("i1", "A")
	paid.Status, paid.Balance, paid.PaidOn = store.InvoicePaid, "0", ptr(day(time.November, 20))
	bare := invoice("i2", "A", day(time.November, 2))
	wantResults(t, tn.putInvoices(t, paid, bare), nil, "Updated", "Updated")
	if diff := cmp.Diff(append(before[:3:3], before[6:]...), written()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"i1 2 0 2026-11-20 https://pay.acme.example/1", "i2 2 100  ", "i3 1 0.1  https://pay.acme.example/1"}, tn.column(t,
		"SELECT concat(id, ' ', version, ' ', trim_scale(balance), ' ', paid_on, ' ', pay_url) FROM invoice ORDER BY id")); diff != "" {
		t.Errorf("invoices (-want +got):\n%s", diff)
	}
	moved := fullInvoice("i1", "B")
	wantResults(t, tn.putInvoices(t, moved), nil, `Refused accountId: invoice "i1" belongs to account "A", and never moves`)
}

func TestDeleteInvoices(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.putInvoices(t, fullInvoice("i1", "A"), fullInvoice("i2", "A"), fullInvoice("i3", "B"))
	tn.putDocument(t, "i1", "one")
	tn.putDocument(t, "i3", "three")
	tn.putPayments(t, payment("p1", "A", "i2"))
	remove := func(id string, version int64) string {
		var result store.Result
		err := tn.Backoffice.Write(t.Context(), store.Origin{Actor: "token test", Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.DeleteInvoice(ctx, id, version)
			return err
		})
		return fmt.Sprint(result, " ", err)
	}
	for _, step := range []struct {
		id      string
		version int64
		want    string
	}{
		{"i1", 1, "{Conflict  is at version 2, not 1} <nil>"},
		{"i1", 2, "{Deleted  } <nil>"},
		{"i1", 0, "{  } store: write: delete invoice: not found"},
		{"i\x00", 0, "{  } store: write: delete invoice: not found"},
		{"i2", 0, `{Refused  invoice "i2" cannot be deleted: payment "p1" is for it} <nil>`},
	} {
		if got := remove(step.id, step.version); got != step.want {
			t.Errorf("delete %s at %d: %s", step.id, step.version, got)
		}
	}
	left := tn.column(t, `SELECT concat(id, ' ', (SELECT count(*) FROM invoice_line WHERE invoice_id = i.id), ' ', (SELECT name FROM attachment WHERE subject = i.id)) FROM invoice i ORDER BY id`)
	if diff := cmp.Diff([]string{"i2 3 ", "i3 3 N-i3.pdf"}, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3 1"}, tn.column(t, "SELECT concat((SELECT count(*) FROM invoice_line WHERE invoice_id <> 'i3'), ' ', (SELECT count(*) FROM attachment))")); diff != "" {
		t.Errorf("what is left of lines and documents: %s", diff)
	}
	if diff := cmp.Diff([]string{"invoice i1 A Delete 3"}, tn.column(t, "SELECT concat_ws(' ', kind, id, account_id, operation, version) FROM change WHERE operation = 'Delete'")); diff != "" {
		t.Errorf("tombstones: %s", diff)
	}
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.DeletePayment(ctx, "p1", 0)
		return err
	})
	if got := remove("i2", 0); got != "{Deleted  } <nil>" {
		t.Errorf("without its payment: %s", got)
	}
}

func (tn tenant) putDocument(t *testing.T, id, content string) (result store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
		result, err = w.PutInvoiceDocument(ctx, id, []byte("%PDF-"+content), store.DocumentSeen{})
		return err
	})
	return result
}

func TestInvoiceDocuments(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.putInvoices(t, fullInvoice("i1", "A"))
	digest := func() []byte {
		document, err := tn.Backoffice.InvoiceDocument(t.Context(), "i1", nil)
		if err != nil {
			t.Fatal(err)
		}
		return document.SHA256
	}
	var first []byte
	for _, step := range []struct {
		name, content string
		seen          func() store.DocumentSeen
		want          string
		version       int64
	}{
		{"there must be none", "one", func() store.DocumentSeen { return store.DocumentSeen{None: true} }, "Created", 2},
		{"the same", "one", func() store.DocumentSeen { first = digest(); return store.DocumentSeen{} }, "Unchanged", 2},
		{"there is one", "two", func() store.DocumentSeen { return store.DocumentSeen{None: true} }, "Conflict", 2},
		{"the one that was seen", "two", func() store.DocumentSeen { return store.DocumentSeen{SHA256: first} }, "Updated", 3},
		{"not the one that was seen", "three", func() store.DocumentSeen { return store.DocumentSeen{SHA256: first} }, "Conflict", 3},
	} {
		seen, result := step.seen(), store.Result{}
		tn.write(t, func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.PutInvoiceDocument(ctx, "i1", []byte("%PDF-"+step.content), seen)
			return err
		})
		got, err := tn.Backoffice.Invoice(t.Context(), "i1")
		if result.Outcome != step.want || err != nil || got.Version != step.version || got.DocumentName != "N-i1.pdf" {
			t.Errorf("%s: %v, invoice %d with %q, %v", step.name, result, got.Version, got.DocumentName, err)
		}
	}
	document, err := tn.Backoffice.InvoiceDocument(t.Context(), "i1", first)
	if err != nil || string(document.Body) != "%PDF-two" {
		t.Errorf("got %q, %v", document.Body, err)
	}
	if document, err = tn.Backoffice.InvoiceDocument(t.Context(), "i1", document.SHA256); err != nil || len(document.Body) != 0 || document.Name != "N-i1.pdf" {
		t.Errorf("one that is known: %q, %v", document.Body, err)
	}
	// Writing the invoice leaves the document alone.
	renumbered := fullInvoice("i1", "A")
	renumbered.Number = "N-2"
	wantResults(t, tn.putInvoices(t, renumbered), nil, "Updated")
	if got, err := tn.Backoffice.Invoice(t.Context(), "i1"); err != nil || got.DocumentName != "N-i1.pdf" {
		t.Errorf("after a write: %q, %v", got.DocumentName, err)
	}
	for name, work := range map[string]func(context.Context, *store.Writer) (store.Result, error){
		"of no invoice": func(ctx context.Context, w *store.Writer) (store.Result, error) {
			return w.PutInvoiceDocument(ctx, "i9", nil, store.DocumentSeen{})
		},
		"of an id that cannot be": func(ctx context.Context, w *store.Writer) (store.Result, error) {
			return w.PutInvoiceDocument(ctx, "i\x00", nil, store.DocumentSeen{})
		},
		"deleted twice": func(ctx context.Context, w *store.Writer) (store.Result, error) {
			if result, err := w.DeleteInvoiceDocument(ctx, "i1", store.DocumentSeen{SHA256: first}); err != nil || result.Outcome != store.Conflict {
				t.Errorf("delete another one: %v %v", result, err)
			}
			if result, err := w.DeleteInvoiceDocument(ctx, "i1", store.DocumentSeen{SHA256: document.SHA256}); err != nil || result.Outcome != store.Deleted {
				t.Errorf("delete: %v %v", result, err)
			}
			return w.DeleteInvoiceDocument(ctx, "i1", store.DocumentSeen{})
		},
	} {
		err := tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
			_, err := work(ctx, w)
			return err
		})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	changes := tn.column(t, "SELECT concat_ws(' ', kind, id, operation, version) FROM change WHERE kind = 'invoice' ORDER BY position")
	if diff := cmp.Diff([]string{"invoice i1 Upsert 1", "invoice i1 Upsert 2", "invoice i1 Upsert 3", "invoice i1 Upsert 4"}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if _, err := tn.Backoffice.InvoiceDocument(t.Context(), "i\x00", nil); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an id that cannot be: %v", err)
	}
}

// TestLinesOfWritersAtOnce: writers that each add a line to what they read lose none.
func TestLinesOfWritersAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.putInvoices(t, invoice("i1", "A", day(time.November, 1)))
	const writers, rounds = 4, 8
	var wait sync.WaitGroup
	for n := range writers {
		wait.Go(func() {
			for round := range rounds {
				err := tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
					_, err := w.PutInvoices(ctx, []store.Item[store.Invoice]{{ID: "i1", Decide: func(old *store.Invoice) (store.Invoice, *store.Refusal) {
						next := *old
						next.Lines = append(next.Lines[:len(next.Lines):len(next.Lines)], store.InvoiceLine{Description: fmt.Sprint(n, round), Quantity: "1", Amount: "1"})
						return next, nil
					}}})
					return err
				})
				if err != nil {
					t.Errorf("writer %d: %v", n, err)
				}
			}
		})
	}
	wait.Wait()
	if got := tn.column(t, "SELECT concat(count(*), ' ', count(DISTINCT description), ' ', max(position)) FROM invoice_line"); got[0] != "32 32 32" {
		t.Errorf("lines, different ones, last position: %s", got[0])
	}
}

// statements counts what is sent to the database in transactions.
type statements struct {
	store.DB
	sent int
}

type countedTx struct {
	pgx.Tx
	count *statements
}

func (s *statements) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	tx, err := s.DB.BeginTx(ctx, options)
	return countedTx{tx, s}, err
}

func (c countedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.count.sent++
	return c.Tx.Exec(ctx, sql, args...)
}

func (c countedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.count.sent++
	return c.Tx.Query(ctx, sql, args...)
}

func (c countedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.count.sent++
	return c.Tx.QueryRow(ctx, sql, args...)
}

func (c countedTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	c.count.sent++
	return c.Tx.SendBatch(ctx, b)
}

func (c countedTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	c.count.sent++
	return c.Tx.CopyFrom(ctx, table, columns, rows)
}

// TestBatchesTakeFewStatements: however many rows a batch has, new or changed,
// with their events and lines, it takes the same few statements.
func TestBatchesTakeFewStatements(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	db := &statements{DB: storetest.Pool(t, tn.BackofficeURI)}
	s := store.New(db)
	send := func(work func(context.Context, *store.Writer) error) int {
		db.sent = 0
		if err := s.Write(t.Context(), store.Origin{Now: now, Unaudited: true}, work); err != nil {
			t.Fatal(err)
		}
		return db.sent
	}
	var sent [2][4]int
	for i, rows := range []int{2, 700} {
		var accounts []string
		var opened, paid []store.Item[store.Invoice]
		var received, failed []store.Item[store.Payment]
		for n := range rows {
			account, id := fmt.Sprint("account-", i, "-", n), fmt.Sprint("invoice-", i, "-", n)
			accounts = append(accounts, account)
			v := fullInvoice(id, account)
			opened = append(opened, always(id, v))
			v.Status, v.Balance, v.Lines = store.InvoicePaid, "0", v.Lines[:2]
			paid = append(paid, always(id, v))
			p := payment(id, account, id)
			received = append(received, always(id, p))
			p.Status, p.Reason = store.PaymentFailed, "The card has expired."
			failed = append(failed, always(id, p))
		}
		tn.accounts(t, accounts...)
		put := func(items []store.Item[store.Invoice]) func(context.Context, *store.Writer) error {
			return func(ctx context.Context, w *store.Writer) error { _, err := w.PutInvoices(ctx, items); return err }
		}
		pay := func(items []store.Item[store.Payment]) func(context.Context, *store.Writer) error {
			return func(ctx context.Context, w *store.Writer) error { _, err := w.PutPayments(ctx, items); return err }
		}
		sent[i] = [4]int{send(put(opened)), send(put(paid)), send(pay(received)), send(pay(failed))}
	}
	if sent[0] != sent[1] || sent[0][0] > 12 {
		t.Errorf("2 rows take %v statements, 700 rows %v", sent[0], sent[1])
	}
	if got := tn.column(t, "SELECT concat(type, ' ', count(*)) FROM event WHERE type NOT LIKE 'account.%' GROUP BY type ORDER BY type"); cmp.Diff([]string{
		"invoice.issued 702", "invoice.paid 702", "payment.failed 702", "payment.received 702"}, got) != "" {
		t.Errorf("events: %v", got)
	}
}

// A page of invoices with many lines is cut, and the next one goes on from there.
func TestPagesOfInvoicesAreBoundedByLines(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.exec(t, `INSERT INTO invoice (id, account_id, number, issued_on, due_on, due_source, currency, total, balance, status)
SELECT 'i' || lpad(n::text, 2, '0'), 'A', n, '2026-01-01', '2026-01-01', 'Tenant', 'EUR', 1, 1, 'Open' FROM generate_series(1, 45) n`)
	tn.exec(t, `INSERT INTO invoice_line (invoice_id, position, description, amount)
SELECT i.id, n, 'x', 1 FROM invoice i, generate_series(1, 1000) n WHERE i.id > 'i03'`)
	var sizes []int
	list := store.List{AccountID: "A", Limit: 1000}
	for {
		found, next, err := tn.Backoffice.ListInvoices(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(found))
		if next == nil {
			break
		}
		list.After = *next
	}
	if diff := cmp.Diff([]int{23, 20, 2}, sizes); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
