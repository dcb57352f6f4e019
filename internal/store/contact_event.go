package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
)

// fieldChange is one field of a row that changed, in words; an empty value is none.
type fieldChange struct {
	Field    string `json:"field"`
	OldValue string `json:"oldValue,omitempty"`
	NewValue string `json:"newValue,omitempty"`
}

// contactChanges lists what of a contact and its user differs. Of a password it is only
// told that there is one now.
func contactChanges(before, after *Contact) []fieldChange {
	was, is := contactFields(before), contactFields(after)
	var changes []fieldChange
	for i, now := range is {
		if was[i].text != now.text {
			changes = append(changes, fieldChange{now.name, was[i].text, now.text})
		}
	}
	if u := after.User; u != nil && u.PasswordHash != "" && !u.HasPassword {
		changes = append(changes, fieldChange{Field: "user.password"})
	}
	return changes
}

type namedText struct{ name, text string }

func contactFields(c *Contact) []namedText {
	user, verified := ContactUser{}, ""
	if c.User != nil {
		user, verified = *c.User, strconv.FormatBool(c.User.EmailVerified)
	}
	return []namedText{
		{"firstName", c.FirstName}, {"lastName", c.LastName}, {"email", c.Email}, {"phone", c.Phone},
		{"roles", joinTexts(c.Roles)}, {"owner", strconv.FormatBool(c.Owner)}, {"grants", joinTexts(c.Grants)},
		{"sites", joinTexts(c.Sites)}, {"access", c.Access}, {"optedOut", joinTexts(c.OptedOut)}, {"pendingEmail", c.PendingEmail},
		{"user.username", user.Username}, {"user.email", user.Email}, {"user.emailVerified", verified},
	}
}

// joinTexts does it in one order, whatever that of the list is.
func joinTexts[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, text := range list {
		texts[i] = string(text)
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func announceContact(_ context.Context, w *Writer, before, after *Contact) error {
	switch {
	case before == nil:
		return w.emitContact("contact.created", after, after.PortalAccess(w.origin.Now), nil)
	case after == nil:
		if err := w.emitContact("contact.deleted", before, AccessRevoked, nil); err != nil {
			return err
		}
		return w.emitRevoked(before, before, before.mailedAt())
	}
	if err := w.emitContact("contact.updated", after, after.PortalAccess(w.origin.Now), contactChanges(before, after)); err != nil {
		return err
	}
	if err := w.emitSignInChanges(before, after); err != nil {
		return err
	}
	if after.Access == AccessDisabled {
		return w.emitRevoked(before, after, "")
	}
	return nil
}

// emitSignInChanges tells a person what the provider changed of the sign-in that they have
// set up. What people change themselves is told where they do it.
func (w *Writer) emitSignInChanges(before, after *Contact) error {
	was, is := before.User, after.User
	if !w.origin.ofProvider() || was == nil || is == nil || !was.HasPassword {
		return nil
	}
	c := Credentials{ContactID: after.ID, UserID: *before.UserID, Account: AccountView{Account: config.Account{ID: after.AccountID}}}
	if was.Username != is.Username {
		if err := w.credentialsChanged(c, is.Username, "Username"); err != nil {
			return err
		}
	}
	// What resets the owner's password goes to the owner's address as a contact.
	if !sameText(was.Email, is.Email) || after.Owner && !sameText(before.Email, after.Email) {
		return w.emailChanged(before, after)
	}
	return nil
}

// emitRevoked tells who had access to the portal that it has ended. mailedAt is where to,
// for one that is no contact any more.
func (w *Writer) emitRevoked(before, after *Contact, mailedAt string) error {
	if before.PortalAccess(w.origin.Now) != AccessActive {
		return nil
	}
	access := map[string]any{"username": before.User.Username}
	data := map[string]any{"access": access, "origin": w.originData(*before.UserID)}
	setText(data, PreviousEmail, mailedAt)
	return w.emit("portal.accessRevoked", after.AccountID, after.ID, data)
}

func (w *Writer) emitContact(event string, c *Contact, access string, changes []fieldChange) error {
	contact := contactData(c, access)
	if changes != nil {
		contact["changes"] = changes
	}
	user := ""
	if c.UserID != nil {
		user = *c.UserID
	}
	return w.emit(event, c.AccountID, c.ID, map[string]any{"contact": contact, "origin": w.originData(user)})
}

// contactData is a contact as events have it.
func contactData(c *Contact, access string) map[string]any {
	roles := make([]map[string]string, len(c.Roles))
	for i, role := range c.Roles {
		roles[i] = map[string]string{"name": role}
	}
	contact := map[string]any{"id": c.ID, "owner": c.Owner, "roles": roles, "access": access}
	for name, text := range map[string]string{"firstName": c.FirstName, "lastName": c.LastName, "email": c.Email, "phone": c.Phone} {
		setText(contact, name, text)
	}
	return contact
}

// originData says who did something to a user of their own (User) or to another's
// (Contact), as one who has no user does. Who writes through the API is the provider's: the address of its system is
// for the audit trail only, customers are shown payloads.
func (w *Writer) originData(userID string) map[string]any {
	if w.origin.ofProvider() {
		return map[string]any{"at": w.origin.Now, "by": "Staff"}
	}
	data := map[string]any{"at": w.origin.Now, "by": "Contact"}
	if w.origin.UserID != "" && w.origin.UserID == userID {
		data["by"] = "User"
	}
	setText(data, "ip", w.origin.IP)
	setText(data, "browser", w.origin.Browser)
	return data
}

// PortalAccess is the access of the contact as it is shown.
func (c *Contact) PortalAccess(now time.Time) string {
	hasPassword := c.User != nil && (c.User.HasPassword || c.User.PasswordHash != "")
	return PortalAccess(c.Access, hasPassword, c.InvitedUntil, now)
}
