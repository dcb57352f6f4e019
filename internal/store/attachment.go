package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Document is the provider's own PDF of an invoice.
type Document struct {
	Name   string
	SHA256 []byte
	Body   []byte
}

// DocumentSeen is which document the writer of another one has seen. The zero value asks
// nothing.
type DocumentSeen struct {
	SHA256 []byte // it is still the one with this digest
	None   bool   // there is still none
}

// conflict is what stands against the document that is there; nil digest: there is none.
func (seen DocumentSeen) conflict(digest []byte) *Result {
	switch {
	case seen.None && digest != nil:
		return &Result{Outcome: Conflict, Message: "exists already"}
	case seen.SHA256 == nil || bytes.Equal(seen.SHA256, digest):
		return nil
	case digest == nil:
		return &Result{Outcome: Conflict, Message: "does not exist any more"}
	}
	return &Result{Outcome: Conflict, Message: "is another one by now"}
}

// InvoiceDocument returns the document of an invoice, or ErrNotFound. One with the digest
// known comes without its body.
func (s *Store) InvoiceDocument(ctx context.Context, invoiceID string, known []byte) (Document, error) {
	if badText(invoiceID) {
		return Document{}, fail("read the document of an invoice", ErrNotFound)
	}
	var d Document
	err := s.db.QueryRow(ctx, `
SELECT name, sha256, CASE WHEN sha256 = $2 THEN '' ELSE body END FROM attachment WHERE kind = 'invoice' AND subject = $1`,
		invoiceID, known).Scan(&d.Name, &d.SHA256, &d.Body)
	if err != nil {
		return Document{}, fail("read the document of an invoice", err)
	}
	return d, nil
}

// SentDocument is a document as it is sent to whoever downloads it.
type SentDocument struct {
	Name      string
	Body      []byte
	MediaType string
	Size      int64
}

const documentOfSQL = `
SELECT name, media_type, size, CASE WHEN $3 THEN body ELSE '' END
FROM attachment WHERE kind = 'invoice' AND subject = $1 AND account_id = $2`

// DocumentOf returns the document of an invoice of an account, or ErrNotFound. It comes
// without its body unless that is asked for.
func (s *Store) DocumentOf(ctx context.Context, accountID, invoiceID string, withBody bool) (SentDocument, error) {
	if badText(accountID) || badText(invoiceID) {
		return SentDocument{}, fail("read the document of an invoice", ErrNotFound)
	}
	var d SentDocument
	err := s.db.QueryRow(ctx, documentOfSQL, invoiceID, accountID, withBody).Scan(&d.Name, &d.MediaType, &d.Size, &d.Body)
	if err != nil {
		return SentDocument{}, fail("read the document of an invoice", err)
	}
	return d, nil
}

// PutInvoiceDocument keeps a PDF as the document of an invoice, which gets another
// version by it. ErrNotFound: there is no such invoice.
func (w *Writer) PutInvoiceDocument(ctx context.Context, invoiceID string, pdf []byte, seen DocumentSeen) (Result, error) {
	invoice, before, err := w.holdDocument(ctx, invoiceID)
	if err != nil {
		return Result{}, err
	}
	digest := sha256.Sum256(pdf)
	result := Result{Outcome: Updated}
	if conflict := seen.conflict(before); conflict != nil {
		return *conflict, nil
	}
	switch {
	case bytes.Equal(before, digest[:]):
		return Result{Outcome: Unchanged}, nil
	case before == nil:
		result.Outcome = Created
	}
	_, err = w.tx.Exec(ctx, `
INSERT INTO attachment (account_id, kind, subject, name, media_type, sha256, size, body, created_at)
VALUES ($1, 'invoice', $2, $3, 'application/pdf', $4, $5, $6, $7)
ON CONFLICT (kind, subject) DO UPDATE
SET name = excluded.name, sha256 = excluded.sha256, size = excluded.size, body = excluded.body, created_at = excluded.created_at`,
		invoice.AccountID, invoiceID, invoice.Number+".pdf", digest[:], len(pdf), pdf, w.origin.Now)
	if err != nil {
		return Result{}, fmt.Errorf("write the document of an invoice: %w", err)
	}
	return result, w.touchInvoice(ctx, invoice, "invoice.documentUpdated")
}

// DeleteInvoiceDocument deletes the document of an invoice, which gets another version by
// it. ErrNotFound: there is none.
func (w *Writer) DeleteInvoiceDocument(ctx context.Context, invoiceID string, seen DocumentSeen) (Result, error) {
	invoice, before, err := w.holdDocument(ctx, invoiceID)
	if err != nil {
		return Result{}, err
	}
	if before == nil {
		return Result{}, fmt.Errorf("delete the document of an invoice: %w", ErrNotFound)
	}
	if conflict := seen.conflict(before); conflict != nil {
		return *conflict, nil
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM attachment WHERE kind = 'invoice' AND subject = $1`, invoiceID); err != nil {
		return Result{}, fmt.Errorf("delete the document of an invoice: %w", err)
	}
	return Result{Outcome: Deleted}, w.touchInvoice(ctx, invoice, "invoice.documentDeleted")
}

// holdDocument locks an invoice and reads the digest of its document; nil: it has none.
func (w *Writer) holdDocument(ctx context.Context, invoiceID string) (Invoice, []byte, error) {
	const doing = "read an invoice and its document: %w"
	if badText(invoiceID) {
		return Invoice{}, nil, fmt.Errorf(doing, ErrNotFound)
	}
	var invoice Invoice
	err := w.tx.QueryRow(ctx, `SELECT id, account_id, version, number FROM invoice WHERE id = $1 FOR NO KEY UPDATE`, invoiceID).
		Scan(&invoice.ID, &invoice.AccountID, &invoice.Version, &invoice.Number)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Invoice{}, nil, fmt.Errorf(doing, err)
	}
	var digest []byte
	err = w.tx.QueryRow(ctx, `SELECT sha256 FROM attachment WHERE kind = 'invoice' AND subject = $1`, invoiceID).Scan(&digest)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Invoice{}, nil, fmt.Errorf(doing, err)
	}
	return invoice, digest, nil
}

// touchInvoice gives an invoice another version.
func (w *Writer) touchInvoice(ctx context.Context, invoice Invoice, action string) error {
	if _, err := w.tx.Exec(ctx, `UPDATE invoice SET version = version + 1, updated_at = $2 WHERE id = $1`, invoice.ID, w.origin.Now); err != nil {
		return fmt.Errorf("raise the version of an invoice: %w", err)
	}
	w.changed(invoices.name, invoice.ID, invoice.AccountID, Upsert, invoice.Version+1)
	w.Audit(invoice.AccountID, action, map[string]string{"id": invoice.ID})
	return nil
}
