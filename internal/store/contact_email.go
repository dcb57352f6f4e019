package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The actions of addresses in the audit.
const (
	ActionEmailAsked     = "emailChangeAsked"
	ActionEmailConfirmed = "emailConfirmed"
)

// NewAddress is a mail address that its holder is to confirm, for a contact whose
// PendingEmail it is, or as that of a sign-in, or both.
type NewAddress struct {
	Contact   Contact // as it is now
	Address   string
	UserID    string // of the sign-in; empty: the address is the contact's only
	ExpiresAt time.Time
}

// AskToConfirm sends the link that confirms an address. The person is told at the same
// time, where mails still go: another address is a way into their sign-in, or into the
// owner's.
func (w *Writer) AskToConfirm(ctx context.Context, n NewAddress) error {
	c := n.Contact
	_, err := w.IssueLink(ctx, NewLink{
		Purpose: LinkVerifyEmail, AccountID: c.AccountID, ContactID: c.ID, UserID: n.UserID, Addresses: []string{n.Address}, ExpiresAt: n.ExpiresAt,
		Data: map[string]any{
			"contact":      contactData(&c, c.PortalAccess(w.origin.Now)),
			"verification": map[string]any{"email": n.Address, "expiresAt": n.ExpiresAt},
		},
	})
	if err != nil {
		return err
	}
	w.Audit(c.AccountID, ActionEmailAsked, map[string]string{"contact": c.ID})
	ofSignIn := n.UserID != "" && !sameText(n.Address, c.User.Email)
	if sameText(n.Address, c.Email) && !ofSignIn {
		return nil // it is no change
	}
	return w.emailChanged(&c, &c)
}

// StopAsking makes the links stop working that confirm an address of a contact, or of its
// sign-in.
func (w *Writer) StopAsking(ctx context.Context, c Contact) error {
	user := ""
	if c.UserID != nil {
		user = *c.UserID
	}
	if _, err := w.tx.Exec(ctx, voidLinksSQL, w.origin.Now, c.ID, user, []string{string(LinkVerifyEmail)}); err != nil {
		return fmt.Errorf("void links: %w", err)
	}
	return nil
}

// voidVerifyLinksSQL: what would confirm an address, of the contact or of its sign-in.
const voidVerifyLinksSQL = `
UPDATE credential_link SET voided_at = $1
WHERE contact_id = ANY($2) AND purpose = 'VerifyEmail' AND voided_at IS NULL AND completed_at IS NULL`

const dropAddressesSQL = `
UPDATE contact SET pending_email = '', version = version + 1, updated_at = $1 WHERE id = ANY($2) AND pending_email <> ''
RETURNING id, account_id, version`

// dropAddresses gives up the addresses of contacts that wait for their holders, and the
// links that would confirm them: whoever asked for them does not decide any more.
func (w *Writer) dropAddresses(ctx context.Context, contactIDs []string) error {
	if _, err := w.tx.Exec(ctx, voidVerifyLinksSQL, w.origin.Now, contactIDs); err != nil {
		return fmt.Errorf("void links that confirm an address: %w", err)
	}
	return touch(ctx, w, contacts.name, dropAddressesSQL, contactIDs)
}

// forget is for when a person takes their sign-in back: whatever was sent to them stops
// working, and so does what would move the sign-in, or one of their contacts, to another
// address.
func (w *Writer) forget(ctx context.Context, c Credentials) error {
	if err := w.VoidLinks(ctx, c.ContactID, c.UserID); err != nil {
		return err
	}
	rows, err := w.tx.Query(ctx, `SELECT id FROM contact WHERE user_id = $1::uuid ORDER BY id`, c.UserID)
	if err != nil {
		return fail("list the contacts of a user", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fail("list the contacts of a user", err)
	}
	return w.dropAddresses(ctx, ids)
}

// emailChanged tells a person that their address is another, or is about to be: also where
// they had mails until now, because who reads those of the new one may be somebody else.
func (w *Writer) emailChanged(before, after *Contact) error {
	credential := map[string]any{"changed": "Email"}
	user := ""
	if after.User != nil {
		setText(credential, "username", after.User.Username)
	}
	if after.UserID != nil {
		user = *after.UserID
	}
	data := map[string]any{"credential": credential, "origin": w.originData(user)}
	setText(data, PreviousEmail, before.mailedAt())
	return w.emit("portal.credentialsChanged", after.AccountID, after.ID, data)
}

// PreviousEmail is a text beside the objects of an event of Foyer's own: further addresses
// that are to be told, as the email of a contact has them. It is for the planner: no reader
// of the feed is shown it.
const PreviousEmail = "previousEmail"

// mailedAt are the addresses of a contact and of its sign-in, as the email of a contact has
// several.
func (c *Contact) mailedAt() string {
	if c.User == nil || c.User.Email == "" || slices.ContainsFunc(strings.Split(c.Email, ";"), func(address string) bool {
		return sameText(strings.TrimSpace(address), c.User.Email)
	}) {
		return c.Email
	}
	if c.Email == "" {
		return c.User.Email
	}
	return c.Email + "; " + c.User.Email
}

// ConfirmEmail spends the link that confirms an address, which takes its place then: as
// that of the contact, of the sign-in, or both. ErrLinkOver: the link does not work any
// more, or the address is not waited for. ErrTaken: it would be the username, and is
// another's.
func (w *Writer) ConfirmEmail(ctx context.Context, linkID string) (Link, error) {
	l, err := w.SpendLink(ctx, linkID, LinkVerifyEmail, 0)
	if err != nil {
		return l, err
	}
	if err := w.CompleteLink(ctx, linkID); err != nil {
		return l, err
	}
	c, err := w.contactRow(ctx, l.ContactID)
	if err != nil {
		return l, err
	}
	address := l.Addresses[0]
	ofContact := sameText(c.PendingEmail, address)
	ofSignIn := l.ForUser != "" && l.ForUser == l.UserID
	if !ofContact && !ofSignIn {
		return l, ErrLinkOver
	}
	if l.UserID != "" {
		w.origin.Actor, w.origin.UserID = l.Name(), l.UserID
	}
	if ofSignIn {
		if err := w.moveSignIn(ctx, c, address); err != nil {
			return l, err
		}
	}
	if ofContact {
		changed := func(c Contact) Contact {
			c.Email, c.PendingEmail = address, ""
			return c
		}
		if _, err := w.putContact(ctx, c.ID, changed); err != nil {
			return l, err
		}
	}
	w.Audit(c.AccountID, ActionEmailConfirmed, map[string]string{"contact": c.ID})
	return l, nil
}

// moveSignIn gives the user of a contact, in all its accounts, another address, which is
// verified, and the username with it where that was the address before. Links that were
// sent to the old one stop working.
func (w *Writer) moveSignIn(ctx context.Context, c *Contact, address string) error {
	username := c.User.Username
	if strings.Contains(username, "@") {
		username = address
	}
	taken, err := w.otherUserNamed(ctx, c.UserID, username)
	if err != nil {
		return err
	}
	if taken {
		return ErrTaken
	}
	_, err = w.tx.Exec(ctx, `
UPDATE app_user SET email = $2, email_verified_at = $3, username = $4, version = version + 1, updated_at = $3 WHERE id = $1::uuid`,
		*c.UserID, address, w.origin.Now, username)
	if err != nil {
		return fmt.Errorf("change the address of a sign-in: %w", err)
	}
	if err := touch(ctx, w, contacts.name, touchContactsSQL, []string{*c.UserID}, []string{}); err != nil {
		return err
	}
	if err := w.VoidLinks(ctx, c.ID, *c.UserID); err != nil {
		return err
	}
	after, err := w.contactRow(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := announceContact(ctx, w, c, after); err != nil {
		return err
	}
	return w.emailChanged(c, after)
}

// otherUserNamed says whether a username is that of another user than this one; nil: of any.
func (w *Writer) otherUserNamed(ctx context.Context, userID *string, username string) (found bool, err error) {
	err = w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM app_user WHERE lower(username) = lower($1) AND id IS DISTINCT FROM $2::uuid)`, username, userID).Scan(&found)
	if err != nil {
		err = fmt.Errorf("look for a username: %w", err)
	}
	return found, err
}
