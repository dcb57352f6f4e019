package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// The access of a contact to the portal.
const (
	AccessActive   = "Active"
	AccessDisabled = "Disabled"
)

// ContactUpsert is one contact of an import. It never moves to another account. A nil
// User leaves the contact's user as it is.
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

// UserUpsert is the user of a contact. An import never overwrites a person's own
// password: PasswordHash is only stored when the user has none.
type UserUpsert struct {
	Username      string
	Email         string
	EmailVerified bool
	PasswordHash  string // PHC string, argon2id
}

type contactItem struct {
	Ord       int      `json:"ord"`
	ID        string   `json:"id"`
	AccountID string   `json:"account_id"`
	UserID    *string  `json:"user_id"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Email     string   `json:"email"`
	Owner     bool     `json:"owner"`
	Grants    []string `json:"grants"`
	Access    string   `json:"access"`
}

type userItem struct {
	ID           string `json:"id"`
	Username     string `json:"username"`
	Email        string `json:"email"`
	Verified     bool   `json:"verified"`
	PasswordHash string `json:"password_hash"`
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

// UpsertContacts creates and changes contacts and their users, in one transaction. A
// contact whose user changed counts as updated.
func (s *Store) UpsertContacts(ctx context.Context, contacts []ContactUpsert) ([]Result, error) {
	checked := newBatch(len(contacts))
	for i, c := range contacts {
		checkContact(checked, i, c)
	}
	return s.importBatch(ctx, "contacts", checked, func(ctx context.Context, tx pgx.Tx, b *batch) error {
		known, err := readContactState(ctx, tx, b, contacts)
		if err != nil {
			return err
		}
		plan := planContacts(b, contacts, known)
		return plan.write(ctx, tx, b)
	})
}

func checkContact(b *batch, i int, c ContactUpsert) {
	b.key(i, "id", c.ID)
	b.required(i, "accountId", c.AccountID, maxID)
	b.text(i, "firstName", c.FirstName, maxName)
	b.text(i, "lastName", c.LastName, maxName)
	b.text(i, "email", c.Email, maxEmail)
	for _, g := range c.Grants {
		if _, known := settings.LookupFeature(g); !known {
			b.refuse(i, "grants", "there is no feature %q", g)
		}
	}
	b.oneOf(i, "access", c.Access, AccessActive, AccessDisabled)
	if c.User != nil {
		checkUser(b, i, *c.User)
	}
}

func checkUser(b *batch, i int, u UserUpsert) {
	b.required(i, "user.username", u.Username, maxEmail)
	b.text(i, "user.email", u.Email, maxEmail)
	b.text(i, "user.passwordHash", u.PasswordHash, maxHash)
	if u.EmailVerified && u.Email == "" {
		b.refuse(i, "user.email", "is required when it is verified")
	}
	if strings.Contains(u.Username, "@") && !(u.EmailVerified && sameText(u.Username, u.Email)) {
		b.refuse(i, "user.username", "a username with @ must be the user's own verified email")
	}
	if u.PasswordHash != "" && !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
		b.refuse(i, "user.passwordHash", "must be an argon2id hash in PHC form")
	}
}

// sameText compares as the database does: without regard to case.
func sameText(a, b string) bool { return strings.EqualFold(a, b) }

// Users are renamed and created before contacts refer to them. A password that is
// there stays; a verified email stays verified while it is the same.
const upsertUsersSQL = `
WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS x(id uuid, username text, email text, verified boolean, password_hash text)
), updated AS (
    UPDATE app_user u SET
        username = i.username, email = i.email,
        email_verified_at = CASE WHEN lower(u.email) = lower(i.email) AND u.email_verified_at IS NOT NULL THEN u.email_verified_at
                                 WHEN i.verified THEN now() END,
        password_hash = coalesce(u.password_hash, nullif(i.password_hash, '')),
        version = u.version + 1, updated_at = now()
    FROM item i
    WHERE u.id = i.id AND (
        u.username <> i.username OR u.email <> i.email OR (i.verified AND u.email_verified_at IS NULL)
        OR (u.password_hash IS NULL AND i.password_hash <> ''))
    RETURNING u.id
), inserted AS (
    INSERT INTO app_user (id, username, email, email_verified_at, password_hash)
    SELECT i.id, i.username, i.email, CASE WHEN i.verified THEN now() END, nullif(i.password_hash, '')
    FROM item i
    WHERE NOT EXISTS (SELECT FROM app_user u WHERE u.id = i.id)
    ORDER BY lower(i.username)
    RETURNING id
)
SELECT id::text FROM updated UNION ALL SELECT id::text FROM inserted`

// Contacts that stop being the owner are written before the one that becomes it: the
// database allows one owner at any time. A statement sees only what was there before
// it, so these are two statements.
const demoteOwnersSQL = `
UPDATE contact SET owner = false, version = version + 1, updated_at = now() WHERE id = ANY($1) AND owner`

const upsertContactsSQL = `
WITH item AS (
    SELECT * FROM json_to_recordset($1::json) AS x(ord int, id text, account_id text, user_id uuid, first_name text,
                                                   last_name text, email text, owner boolean, grants text[], access text)
), updated AS (
    UPDATE contact c SET
        user_id = coalesce(i.user_id, c.user_id), first_name = i.first_name, last_name = i.last_name, email = i.email,
        owner = i.owner, grants = i.grants, access = i.access, version = c.version + 1, updated_at = now()
    FROM item i
    WHERE c.id = i.id AND c.account_id = i.account_id AND (
        (c.first_name, c.last_name, c.email, c.owner, c.grants, c.access)
            <> (i.first_name, i.last_name, i.email, i.owner, i.grants, i.access)
        OR c.user_id IS DISTINCT FROM coalesce(i.user_id, c.user_id))
    RETURNING c.id
), inserted AS (
    INSERT INTO contact (id, account_id, user_id, first_name, last_name, email, owner, grants, access)
    SELECT i.id, i.account_id, i.user_id, i.first_name, i.last_name, i.email, i.owner, i.grants, i.access
    FROM item i
    WHERE NOT EXISTS (SELECT FROM contact c WHERE c.id = i.id)
    ORDER BY i.id
    RETURNING id
)
SELECT i.ord, CASE WHEN n.id IS NOT NULL THEN 'Created' WHEN u.id IS NOT NULL THEN 'Updated'
                   WHEN c.id IS NOT NULL THEN 'Unchanged' ELSE '' END
FROM item i
LEFT JOIN inserted n ON n.id = i.id
LEFT JOIN updated u ON u.id = i.id
LEFT JOIN contact c ON c.id = i.id AND c.account_id = i.account_id`

// Access that is taken away ends the contact's sessions, so that access given back does
// not bring them back. A sign-in at the same moment can leave one more: nobody can use
// it, and it goes when access is given back.
const endSessionsSQL = `
DELETE FROM session WHERE contact_id IN (
    SELECT id FROM contact WHERE id = ANY($1) AND (access = '` + AccessDisabled + `' OR id = ANY($2)))`

// write stores the plan and turns "unchanged" into "updated" where only the user, or
// only the ownership, changed.
func (p contactPlan) write(ctx context.Context, tx pgx.Tx, b *batch) error {
	changed, err := p.writeUsers(ctx, tx)
	if err != nil {
		return err
	}
	if len(p.demoted) > 0 {
		if _, err := tx.Exec(ctx, demoteOwnersSQL, p.demoted); err != nil {
			return err
		}
	}
	if err := p.endSessions(ctx, tx); err != nil {
		return err
	}
	if err := b.write(ctx, tx, upsertContactsSQL, p.contacts); err != nil {
		return err
	}
	demoted := setOf(p.demoted)
	for _, c := range p.contacts {
		alone := demoted[c.ID] || (c.UserID != nil && changed[*c.UserID])
		if b.results[c.Ord].Outcome == Unchanged && alone {
			b.results[c.Ord].Outcome = Updated
		}
	}
	return nil
}

func (p contactPlan) endSessions(ctx context.Context, tx pgx.Tx) error {
	ids, disabled := make([]string, 0, len(p.contacts)), []string{}
	for _, c := range p.contacts {
		ids = append(ids, c.ID)
		if c.Access == AccessDisabled {
			disabled = append(disabled, c.ID)
		}
	}
	_, err := tx.Exec(ctx, endSessionsSQL, ids, disabled)
	return err
}

func (p contactPlan) writeUsers(ctx context.Context, tx pgx.Tx) (stringSet, error) {
	if len(p.users) == 0 {
		return stringSet{}, nil
	}
	body, err := json.Marshal(p.users)
	if err != nil {
		return nil, err
	}
	changed, err := column(ctx, tx, upsertUsersSQL, string(body))
	return setOf(changed), err
}
