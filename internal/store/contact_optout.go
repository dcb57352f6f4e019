package store

import (
	"context"
	"fmt"
)

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
