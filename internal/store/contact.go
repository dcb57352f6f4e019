package store

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/foyerhq/foyer/internal/settings"
)

// The access of a contact to the portal.
const (
	AccessActive   = "Active"
	AccessDisabled = "Disabled"
)

// Contact is a person of an account. Grants, limited to Sites unless that is empty, are
// what the person may do in the portal; the owner, one per account, may do everything.
type Contact struct {
	Row
	UserID    *string            `db:"user_id" json:"user_id"`
	FirstName string             `db:"first_name" json:"first_name"`
	LastName  string             `db:"last_name" json:"last_name"`
	Email     string             `db:"email" json:"email"`
	Phone     string             `db:"phone" json:"phone"`
	Roles     []string           `db:"roles" json:"roles"`
	Sites     []string           `db:"sites" json:"sites"`
	Owner     bool               `db:"owner" json:"owner"`
	Grants    []settings.Feature `db:"grants" json:"grants"`
	Access    string             `db:"access" json:"access"`
	// OptedOut are the categories of messages that the person does not want. PendingEmail
	// takes the place of Email once its holder has confirmed it; another Email voids it.
	OptedOut     []string `db:"opted_out" json:"opted_out"`
	PendingEmail string   `db:"pending_email" json:"pending_email"`
	// InvitedUntil is until when the person can make use of a link that creates the
	// sign-in; nil: none was sent. It is never written.
	InvitedUntil *time.Time `db:"invited_until" json:"-"`
	// User is the sign-in; nil: none. In what Decide returns it is what the user shall be,
	// and UserID does not count: without a User the contact loses the one that it has, and
	// the user goes with its last contact.
	User *ContactUser `db:"user" json:"-"`
}

// ContactUser is the user of a contact. What is written never overwrites a person's own
// password: PasswordHash is only stored when the user has none, and is never read. An
// email that is verified stays so while it is the same.
type ContactUser struct {
	Username      string `json:"username"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	HasPassword   bool   `json:"has_password"` // as it was read
	PasswordHash  string `json:"-"`            // PHC string, argon2id
}

var contacts = &kind[Contact, *Contact]{
	name:  "contact",
	table: "contact",
	sel: `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.user_id::text AS user_id, t.first_name, t.last_name,
t.email, t.phone, t.roles, t.sites, t.owner, t.grants, t.access, t.opted_out, t.pending_email,
` + invitedUntilSQL + ` AS invited_until, (
    SELECT jsonb_build_object('username', u.username, 'email', u.email, 'email_verified', u.email_verified_at IS NOT NULL,
                              'has_password', u.password_hash IS NOT NULL)
    FROM app_user u WHERE u.id = t.user_id) AS "user"`,
	insert: []string{"user_id", "first_name", "last_name", "email", "phone", "roles", "sites", "owner", "grants", "access", "opted_out", "pending_email"},
	values: func(c *Contact) []any {
		return []any{c.UserID, c.FirstName, c.LastName, c.Email, c.Phone, c.Roles, c.Sites, c.Owner, c.Grants, c.Access, c.OptedOut, c.PendingEmail}
	},
	update: `
UPDATE contact t SET user_id = i.user_id, first_name = i.first_name, last_name = i.last_name, email = i.email, phone = i.phone,
    roles = i.roles, sites = i.sites, owner = i.owner, grants = i.grants, access = i.access,
    opted_out = i.opted_out, pending_email = i.pending_email, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::contact, $1) i WHERE t.id = i.id`,
	same:     func(before, after *Contact) bool { return len(contactChanges(before, after)) == 0 },
	announce: announceContact,
}

// Contact returns a contact by id, or ErrNotFound.
func (s *Store) Contact(ctx context.Context, id string) (Contact, error) {
	return one(ctx, s, contacts, id)
}

// Contacts returns a page of contacts.
func (s *Store) Contacts(ctx context.Context, list List) ([]Contact, *Place, error) {
	return page(ctx, s, contacts, list)
}

// ContactFilter says which people are looked for, whatever the case of letters; empty: any.
type ContactFilter struct {
	Email    string
	Username string
}

// FindContacts returns a page of the contacts that a filter names.
func (s *Store) FindContacts(ctx context.Context, filter ContactFilter, list List) ([]Contact, *Place, error) {
	if badText(filter.Email) || badText(filter.Username) {
		return nil, nil, nil // no contact can have such a text
	}
	return page(ctx, s, contacts, list, filter.conditions()...)
}

func (f ContactFilter) conditions() (list []condition) {
	if f.Email != "" {
		list = append(list, condition{"lower(t.email) = lower(%s)", f.Email})
	}
	if f.Username != "" {
		list = append(list, condition{"t.user_id = (SELECT u.id FROM app_user u WHERE lower(u.username) = lower(%s))", f.Username})
	}
	return list
}

// OwnerName returns the name of the account's owner, whom others ask for access.
// ErrNotFound: there is no owner, or one without a name.
func (s *Store) OwnerName(ctx context.Context, accountID string) (string, error) {
	var name string
	err := s.db.QueryRow(ctx, `
SELECT trim(first_name || ' ' || last_name) FROM contact
WHERE account_id = $1 AND owner AND trim(first_name || last_name) <> ''`, accountID).Scan(&name)
	if err != nil {
		return "", fail("read the owner of an account", err)
	}
	return name, nil
}

// PutContacts creates and changes contacts and their users. Access that is taken away
// ends the contact's sessions, so that access given back does not bring them back. A
// sign-in at the same moment can leave one more: nobody can use it, and it goes when
// access is given back.
func (w *Writer) PutContacts(ctx context.Context, items []Item[Contact]) ([]Written[Contact], error) {
	ids, settled := make([]string, len(items)), make([]Item[Contact], len(items))
	for i, item := range items {
		ids[i], settled[i] = item.ID, item
		settled[i].Decide = func(old *Contact) (Contact, *Refusal) {
			next, refused := item.Decide(old)
			if refused != nil {
				return next, refused
			}
			return next.settled(old)
		}
	}
	if err := w.hold(ctx, contacts.table, ids); err != nil {
		return nil, err
	}
	plan := &contactPlan{}
	k := *contacts
	k.check = plan.make
	written, err := put(ctx, w, &k, settled)
	if err != nil {
		return nil, err
	}
	return written, plan.finish(ctx, w)
}

// settled is the contact as it is kept, or why it is refused, as far as the contact
// itself tells.
func (c Contact) settled(old *Contact) (Contact, *Refusal) {
	c.Roles, c.Sites, c.Grants = distinctList(c.Roles), distinctList(c.Sites), distinctList(c.Grants)
	c.OptedOut = distinctList(c.OptedOut)
	if refused := checkOptedOut(c.OptedOut); refused != nil {
		return c, refused
	}
	c.UserID, c.InvitedUntil = nil, nil
	if old != nil {
		c.UserID, c.InvitedUntil = old.UserID, old.InvitedUntil
		if c.PendingEmail == old.PendingEmail && !sameText(c.Email, old.Email) {
			c.PendingEmail = ""
		}
	}
	if c.User == nil {
		return c, nil
	}
	user := *c.User
	if refused := user.check(); refused != nil {
		return c, refused
	}
	user.HasPassword = false
	if old != nil && old.User != nil {
		user.HasPassword = old.User.HasPassword
		user.EmailVerified = user.EmailVerified || old.User.EmailVerified && sameText(old.User.Email, user.Email)
	}
	c.User = &user
	return c, nil
}

// OptOutCategories are the categories of messages that people can do without. Those of
// security always come.
var OptOutCategories = []string{"General", "Invoice", "Product", "Support"}

func checkOptedOut(categories []string) *Refusal {
	for _, c := range categories {
		if !slices.Contains(OptOutCategories, c) {
			return refusal("optedOut", "%q cannot be opted out of, allowed are %s", c, strings.Join(OptOutCategories, ", "))
		}
	}
	return nil
}

// distinctList is sorted, has nothing twice, and is never nil: the columns take no null.
func distinctList[T ~string](list []T) []T {
	sorted := append(make([]T, 0, len(list)), list...)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func (u ContactUser) check() *Refusal {
	switch {
	case u.Username == "":
		return refusal("user.username", "is missing")
	case strings.ContainsFunc(u.Username, func(r rune) bool { return r > unicode.MaxASCII }):
		return refusal("user.username", "%q is not allowed, allowed are letters from A to Z, digits and signs", u.Username)
	case u.EmailVerified && u.Email == "":
		return refusal("user.email", "is required when it is verified")
	case strings.Contains(u.Username, "@") && !(u.EmailVerified && sameText(u.Username, u.Email)):
		return refusal("user.username", "%q contains @, so it must be the user's own verified email", u.Username)
	case u.PasswordHash != "" && !strings.HasPrefix(u.PasswordHash, "$argon2id$"):
		return refusal("user.passwordHash", "must be an argon2id hash in PHC form")
	}
	return nil
}

// sameText compares as the database does: without regard to case.
func sameText(a, b string) bool { return strings.EqualFold(a, b) }
