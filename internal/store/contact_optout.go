package store

import (
	"context"
	"fmt"
)

// Reader is a contact as somebody is told of it who has a mail to it.
type Reader struct {
	Email    string
	Account  AccountView
	SignsIn  bool // has a sign-in to the account, whether or not that has a portal
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
SELECT c.email, c.user_id IS NOT NULL AND c.access = 'Active', c.opted_out, `+accountColumns+`
FROM contact c JOIN account a ON a.id = c.account_id WHERE c.id = $1`, contactID).Scan(append([]any{&r.Email, &r.SignsIn, &r.OptedOut}, r.Account.targets()...)...)
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
