package store

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
)

// ContactUpsert is one contact of an import. A nil User leaves the contact's user as it is.
type ContactUpsert struct {
	ID        string
	AccountID string
	FirstName string
	LastName  string
	Email     string
	Owner     bool // one per account
	Grants    []settings.Feature
	Access    string
	User      *UserUpsert
}

// UserUpsert is the user of a contact.
type UserUpsert struct {
	Username      string
	Email         string
	EmailVerified bool
	PasswordHash  string // PHC string, argon2id
}

// UpsertContacts creates and changes contacts and their users, in one transaction.
func (s *Store) UpsertContacts(ctx context.Context, contacts []ContactUpsert) ([]Result, error) {
	items := make([]Item[Contact], len(contacts))
	for i, c := range contacts {
		items[i] = Item[Contact]{ID: c.ID, Decide: func(old *Contact) (Contact, *Refusal) {
			next := Contact{Row: Row{AccountID: c.AccountID}, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Owner: c.Owner, Grants: c.Grants, Access: c.Access}
			if c.User != nil {
				next.User = &ContactUser{c.User.Username, c.User.Email, c.User.EmailVerified, false, c.User.PasswordHash}
			} else if old != nil {
				next.User = old.User
			}
			return next, nil
		}}
	}
	var results []Result
	err := s.Write(ctx, Origin{Now: time.Now(), Quiet: true, Unaudited: true}, func(ctx context.Context, w *Writer) error {
		results = nil
		written, err := w.PutContacts(ctx, items)
		for _, r := range written {
			results = append(results, r.Result)
		}
		return err
	})
	return results, err
}
