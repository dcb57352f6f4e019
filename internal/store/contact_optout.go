package store

import (
	"context"
	"fmt"
)

// Reader is a contact as somebody is told of it who has a mail to it.
type Reader struct {
	Email    string
	Account  string // its name
	OptedOut []string
}

// Reader returns the contact of a link to opt out, or ErrNotFound.
func (s *Store) Reader(ctx context.Context, contactID string) (Reader, error) {
	const doing = "read whom a mail went to"
	if badText(contactID) {
		return Reader{}, fail(doing, ErrNotFound)
	}
	var r Reader
	err := s.db.QueryRow(ctx, `
SELECT c.email, a.name, c.opted_out FROM contact c JOIN account a ON a.id = c.account_id WHERE c.id = $1`, contactID).Scan(&r.Email, &r.Account, &r.OptedOut)
	if err != nil {
		return Reader{}, fail(doing, err)
	}
	return r, nil
}

// OptOut keeps messages of a category from a contact, as they asked for by the link of a
// mail. ErrNotFound: there is no such contact any more. A category that nobody can opt out of
// is refused.
func (w *Writer) OptOut(ctx context.Context, contactID, category string) (Result, error) {
	if badText(contactID) {
		return Result{}, fail("opt out", ErrNotFound)
	}
	gone := false
	written, err := w.PutContacts(ctx, []Item[Contact]{{ID: contactID, Decide: func(old *Contact) (Contact, *Refusal) {
		if gone = old == nil; gone {
			return Contact{}, refusal("id", "there is no contact %q", contactID)
		}
		next := *old
		next.OptedOut = append(append([]string{}, old.OptedOut...), category)
		return next, nil
	}}})
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("opt out: %w", err)
	case gone:
		return Result{}, fail("opt out", ErrNotFound)
	}
	return written[0].Result, nil
}
