package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// SignInUser is what sign-in needs to know of a user. PasswordHash is empty for a
// user who has no password yet.
type SignInUser struct {
	UserID       string
	Username     string
	PasswordHash string
	Contacts     []SignInContact
}

// SignInContact is a contact, with access, that the user may sign in as.
type SignInContact struct {
	ContactID string
	AccountID string
	Name      string // the person's own name in this account, may be empty
}

// The username wins over an email: a verified email is only asked when no user has
// the login as username, and only counts while it is the verified email of one user.
const userOfLoginSQL = `by_name AS (
    SELECT id FROM app_user WHERE lower(username) = lower($1)
), by_email AS (
    SELECT (array_agg(id))[1] AS id FROM app_user
    WHERE lower(email) = lower($1) AND email_verified_at IS NOT NULL AND $1 <> ''
    HAVING count(*) = 1
)`

const signInUserSQL = `
WITH ` + userOfLoginSQL + `
SELECT u.id::text, u.username, coalesce(u.password_hash, ''), coalesce(c.id, ''), coalesce(c.account_id, ''),
       coalesce(trim(c.first_name || ' ' || c.last_name), '')
FROM app_user u
LEFT JOIN contact c ON c.user_id = u.id AND c.access = 'Active'
WHERE u.id = coalesce((SELECT id FROM by_name), (SELECT id FROM by_email))
ORDER BY c.account_id`

// SignInUser finds a user by username, or by a verified email that no other user has
// verified; neither is case-sensitive. Contacts are those with access, by account. A
// login that fits no user is ErrNotFound.
func (s *Store) SignInUser(ctx context.Context, login string) (SignInUser, error) {
	if badText(login) {
		return SignInUser{}, fail("find user", ErrNotFound) // the database cannot hold such a name
	}
	return s.signInUser(ctx, signInUserSQL, login)
}

func (s *Store) signInUser(ctx context.Context, sql string, arguments ...any) (SignInUser, error) {
	var user SignInUser
	rows, err := s.db.Query(ctx, sql, arguments...)
	if err != nil {
		return user, fail("find user", err)
	}
	var c SignInContact
	_, err = pgx.ForEachRow(rows, []any{&user.UserID, &user.Username, &user.PasswordHash, &c.ContactID, &c.AccountID, &c.Name}, func() error {
		if c.ContactID != "" {
			user.Contacts = append(user.Contacts, c)
		}
		return nil
	})
	if err == nil && user.UserID == "" {
		err = ErrNotFound
	}
	if err != nil {
		return SignInUser{}, fail("find user", err)
	}
	return user, nil
}

// Rehash replaces the hash of a password by another of the same password, for example
// when its parameters were raised. It returns false, and changes nothing, when the user has
// another hash by now.
func (s *Store) Rehash(ctx context.Context, userID, old, hash string) (bool, error) {
	tag, err := s.db.Exec(ctx, `
UPDATE app_user SET password_hash = $3, version = version + 1, updated_at = now() WHERE id = $1::uuid AND password_hash = $2`, userID, old, hash)
	if err != nil {
		return false, fail("store password again", err)
	}
	return tag.RowsAffected() > 0, nil
}
