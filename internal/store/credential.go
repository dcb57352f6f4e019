package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Credentials is what decides which mail may be sent to a contact, and to which addresses.
type Credentials struct {
	ContactID string
	FirstName string
	LastName  string
	Email     string
	Owner     bool
	Access    string

	UserID        string // empty: there is no user
	Username      string
	UserEmail     string
	EmailVerified bool
	HasPassword   bool
	Accounts      int // that the user is a contact of

	Primary []string // addresses of the primary contacts of the account that have access
	Account AccountView
}

// credentialsColumns belong to targets; they are those of "contact c", "account a" and
// "app_user u", which may not be there.
const credentialsColumns = `c.id, c.first_name, c.last_name, c.email, c.owner, c.access,
coalesce(u.id::text, ''), coalesce(u.username, ''), coalesce(u.email, ''), u.email_verified_at IS NOT NULL, u.password_hash IS NOT NULL,
(SELECT count(*) FROM contact o WHERE o.user_id = u.id),
ARRAY(SELECT p.email FROM contact p WHERE p.account_id = c.account_id AND p.access = 'Active' AND 'Primary' = ANY(p.roles) AND p.email <> ''
      ORDER BY p.created_at, p.id), ` + accountColumns

func (c *Credentials) targets() []any {
	return append([]any{&c.ContactID, &c.FirstName, &c.LastName, &c.Email, &c.Owner, &c.Access,
		&c.UserID, &c.Username, &c.UserEmail, &c.EmailVerified, &c.HasPassword, &c.Accounts, &c.Primary}, c.Account.targets()...)
}

// Name is the person's own name, else the username, else the mail address.
func (c Credentials) Name() string {
	for _, name := range []string{strings.TrimSpace(c.FirstName + " " + c.LastName), c.Username} {
		if name != "" {
			return name
		}
	}
	return c.Email
}

// mostAddresses bounds whom one mail goes to.
const mostAddresses = 20

// Addresses says whom a mail goes to. It is the one place that does:
//
//   - of a user with several accounts only to the user's own verified address: no account
//     decides over the others;
//   - the owner's to all addresses of the account's primary contacts, and to the owner's
//     own where there is none;
//   - of other contacts what creates a sign-in to the contact's address, and what resets
//     a password to the user's own verified address, which nobody else can change.
func (c Credentials) Addresses(purpose LinkPurpose) []string {
	var own []string
	if c.EmailVerified {
		own = []string{c.UserEmail}
	}
	switch {
	case c.Accounts > 1:
		return own
	case c.Owner && len(c.Primary) > 0:
		return distinctAddresses(c.Primary)
	case c.Owner && c.Email == "":
		return own
	case !c.Owner && purpose == LinkReset:
		return own
	case c.Email == "":
		return nil
	}
	return []string{c.Email}
}

// distinctAddresses keeps the first of those that are the same but for case, in order.
func distinctAddresses(list []string) []string {
	var kept []string
	for _, address := range list {
		if !slices.ContainsFunc(kept, func(k string) bool { return sameText(k, address) }) && len(kept) < mostAddresses {
			kept = append(kept, address)
		}
	}
	return kept
}

const credentialsSQL = `
SELECT ` + credentialsColumns + ` FROM contact c JOIN account a ON a.id = c.account_id LEFT JOIN app_user u ON u.id = c.user_id
WHERE c.id = $1`

// Credentials returns the sign-in of a contact. ErrNotFound: there is no such contact.
func (s *Store) Credentials(ctx context.Context, contactID string) (Credentials, error) {
	return readCredentials(ctx, s.db, contactID)
}

// Credentials is that of the store, as the transaction sees it, which holds the contact
// until it ends.
func (w *Writer) Credentials(ctx context.Context, contactID string) (Credentials, error) {
	if err := w.hold(ctx, contacts.table, []string{contactID}); err != nil {
		return Credentials{}, err
	}
	return readCredentials(ctx, w.tx, contactID)
}

func readCredentials(ctx context.Context, db querier, contactID string) (Credentials, error) {
	const doing = "read the sign-in of a contact"
	if badText(contactID) {
		return Credentials{}, fail(doing, ErrNotFound)
	}
	var c Credentials
	if err := db.QueryRow(ctx, credentialsSQL, contactID).Scan(c.targets()...); err != nil {
		return Credentials{}, fail(doing, err)
	}
	return c, nil
}

// The access of a contact to the portal, as it is shown: Active and Disabled too.
const (
	AccessNotInvited = "NotInvited"
	AccessInvited    = "Invited"
	AccessExpired    = "Expired"
	AccessRevoked    = "Revoked" // the contact is deleted
)

// PortalAccess is the access of a contact that is there. invitedUntil is until when the
// newest link works that ends in a sign-in of the contact; nil: none was sent, or it was
// voided or used ([invitedUntilSQL]).
func PortalAccess(access string, hasPassword bool, invitedUntil *time.Time, now time.Time) string {
	switch {
	case access == AccessDisabled:
		return AccessDisabled
	case hasPassword:
		return AccessActive
	case invitedUntil == nil:
		return AccessNotInvited
	case now.Before(*invitedUntil):
		return AccessInvited
	}
	return AccessExpired
}

// SetUpLifetime is for how long a browser that spent a link may choose username and
// password.
const SetUpLifetime = 15 * time.Minute

// invitedUntilSQL is until when a contact t can make use of the newest link that ends in
// its sign-in: its expiry, or the end of the set-up of whoever spent it last.
var invitedUntilSQL = fmt.Sprintf(`(
    SELECT CASE WHEN cardinality(l.spent_addresses) < cardinality(l.addresses) THEN l.expires_at ELSE l.spent_at + interval '%d seconds' END
    FROM credential_link l
    WHERE l.contact_id = t.id AND l.purpose IN ('Create', 'Invite') AND l.voided_at IS NULL AND l.completed_at IS NULL
    ORDER BY l.created_at DESC LIMIT 1)`, int(SetUpLifetime.Seconds()))

// SendLink issues a link for a contact and the mail that brings it, to the addresses that
// [Credentials.Addresses] says. Whether it may be sent is asked before.
func (w *Writer) SendLink(ctx context.Context, c Credentials, purpose LinkPurpose, invitedBy string, expiresAt time.Time) (string, error) {
	data, err := w.linkData(ctx, c, purpose, invitedBy, expiresAt)
	if err != nil {
		return "", err
	}
	w.Audit(c.Account.ID, ActionMailSent, map[string]string{"contact": c.ContactID, DetailPurpose: string(purpose)})
	return w.IssueLink(ctx, NewLink{
		Purpose: purpose, AccountID: c.Account.ID, ContactID: c.ContactID, UserID: c.UserID,
		Addresses: c.Addresses(purpose), InvitedBy: invitedBy, ExpiresAt: expiresAt, Data: data,
	})
}

// linkData is the payload of the event by which a link is sent.
func (w *Writer) linkData(ctx context.Context, c Credentials, purpose LinkPurpose, invitedBy string, expiresAt time.Time) (map[string]any, error) {
	if purpose == LinkInvite {
		row, err := w.contactRow(ctx, c.ContactID)
		if err != nil {
			return nil, err
		}
		invitation := map[string]any{"expiresAt": expiresAt}
		setText(invitation, "invitedBy", invitedBy)
		return map[string]any{"contact": contactData(row, AccessInvited), "invitation": invitation}, nil
	}
	credential := map[string]any{"expiresAt": expiresAt}
	setText(credential, "username", c.Username)
	data := map[string]any{"credential": credential}
	if purpose == LinkReset {
		origin := w.originData(c.UserID)
		if w.origin.Stranger {
			origin["by"] = "System" // nobody knows who asked
		}
		data["origin"] = origin
	}
	return data, nil
}
