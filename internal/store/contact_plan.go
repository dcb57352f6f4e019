package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// contactPlan decides what contacts alone have to be asked: who is the owner, which user
// is whose, whether the sites are the account's. It decides item by item; an accepted
// item changes what the next one meets.
type contactPlan struct {
	*putting[Contact, *Contact]

	owners  map[string]string         // account -> contact
	users   map[string]*knownUser     // by id, locked
	byName  map[string]string         // username in lower case -> user id
	holders map[string][]knownContact // user id -> its contacts

	demoted   []string // contacts that stop being the owner
	signedOut []string // contacts whose sessions end
	voided    []string // contacts whose links stop working
	moved     []string // contacts whose user is another, or has another name or address
	left      []string // users that a contact no longer has
}

type knownContact struct {
	ID        string
	AccountID string
	UserID    string // empty: none
	Owner     bool
}

// knownUser is a user as it is, and with what the accepted items make of it.
type knownUser struct {
	ID           string `db:"id" json:"id"`
	Username     string `db:"username" json:"username"`
	Email        string `db:"email" json:"email"`
	Verified     bool   `db:"verified" json:"verified"`
	HasPassword  bool   `db:"has_password" json:"-"`
	PasswordHash string `db:"-" json:"password_hash"`
	touched      bool
}

// make is the check of the kind: it refuses, and writes what has to be there before the
// contacts are.
func (p *contactPlan) make(ctx context.Context, rows *putting[Contact, *Contact]) error {
	*p = contactPlan{putting: rows, owners: map[string]string{}, users: map[string]*knownUser{}, byName: map[string]string{}, holders: map[string][]knownContact{}}
	if err := p.checkSites(ctx); err != nil {
		return fmt.Errorf("look up sites: %w", err)
	}
	if err := p.read(ctx); err != nil {
		return fmt.Errorf("look up users and owners: %w", err)
	}
	for _, i := range p.order() {
		p.decide(i, &p.written[i].Row)
	}
	return p.prepare(ctx)
}

// checkSites holds the sites that grants are limited to until the contacts are written:
// a contact whose sites were all deleted would have grants without limits.
func (p *contactPlan) checkSites(ctx context.Context) error {
	var ids []string
	p.accepted(func(_ int, c *Contact) { ids = append(ids, c.Sites...) })
	if len(ids) == 0 {
		return nil
	}
	holders, err := pairs(ctx, p.tx, `SELECT id, account_id FROM site WHERE id = ANY($1) ORDER BY id FOR SHARE`, distinct(storable(ids)))
	p.accepted(func(i int, c *Contact) {
		for _, site := range c.Sites {
			if holders[site] != c.AccountID {
				p.refuse(i, refusal("sites", "account %q has no site %q", c.AccountID, site))
			}
		}
	})
	return err
}

// Users are locked, so that what is decided about them holds. The inner queries follow
// an index each; one WHERE with OR would read the table.
const lockUsersSQL = `
SELECT u.id::text AS id, u.username, u.email, u.email_verified_at IS NOT NULL AS verified, u.password_hash IS NOT NULL AS has_password
FROM app_user u
WHERE u.id IN (SELECT id FROM app_user WHERE lower(username) = ANY($1) UNION SELECT unnest($2::uuid[]))
ORDER BY u.id FOR NO KEY UPDATE`

const knownContactsSQL = `
SELECT id, account_id, coalesce(user_id::text, ''), owner FROM contact WHERE owner AND account_id = ANY($1)
UNION
SELECT id, account_id, coalesce(user_id::text, ''), owner FROM contact WHERE user_id = ANY($2::uuid[])`

// read collects what the database knows, as far as the items could touch it.
func (p *contactPlan) read(ctx context.Context) error {
	var accounts, names, ids []string
	p.accepted(func(_ int, c *Contact) {
		accounts = append(accounts, c.AccountID)
		if c.User != nil {
			names = append(names, strings.ToLower(c.User.Username))
		}
		if c.UserID != nil {
			ids = append(ids, *c.UserID)
		}
	})
	rows, err := p.tx.Query(ctx, lockUsersSQL, distinct(names), distinct(ids))
	if err != nil {
		return err
	}
	users, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[knownUser])
	if err != nil {
		return err
	}
	ids = nil
	for _, u := range users {
		p.users[u.ID], p.byName[strings.ToLower(u.Username)] = u, u.ID
		ids = append(ids, u.ID)
	}
	rows, err = p.tx.Query(ctx, knownContactsSQL, distinct(accounts), ids)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowToStructByPos[knownContact])
	for _, c := range known {
		p.holders[c.UserID] = append(p.holders[c.UserID], c)
		if c.Owner {
			p.owners[c.AccountID] = c.ID
		}
	}
	if err == nil && p.outdated() {
		err = errRaced
	}
	return err
}

// outdated says whether a user is another than when its contact was read: what was
// decided then would undo it.
func (p *contactPlan) outdated() bool {
	outdated := false
	p.accepted(func(_ int, c *Contact) {
		before := p.before[c.ID]
		if before == nil || before.UserID == nil {
			return
		}
		u := p.users[*before.UserID]
		outdated = outdated || u == nil || before.User == nil || *before.User != ContactUser{u.Username, u.Email, u.Verified, u.HasPassword, ""}
	})
	return outdated
}

// order takes owners that become ordinary contacts first, so that they leave their place
// free in whatever order the items come.
func (p *contactPlan) order() []int {
	var first, then []int
	p.accepted(func(i int, c *Contact) {
		if !c.Owner && p.owners[c.AccountID] == c.ID {
			first = append(first, i)
		} else {
			then = append(then, i)
		}
	})
	return append(first, then...)
}

func (p *contactPlan) decide(i int, c *Contact) {
	if owner := p.owners[c.AccountID]; c.Owner && owner != "" && owner != c.ID {
		p.refuse(i, refusal("owner", "the owner of account %q is contact %q: write that one with owner false first, or both in one import", c.AccountID, owner))
		return
	}
	user, refused := p.user(c)
	if refused != nil {
		p.refuse(i, refused)
		return
	}
	before := p.before[c.ID]
	p.own(c, before)
	p.link(c, user)
	if before != nil && p.kind.same(before, c) {
		p.written[i].Outcome, p.written[i].Row = Unchanged, *before
		return
	}
	p.endSessions(c, before)
	if before != nil && movedUser(before.User, c.User) {
		p.moved = append(p.moved, c.ID)
		if c.PendingEmail == before.PendingEmail {
			c.PendingEmail = ""
		}
	}
}

// movedUser says whether a sign-in is another: then what was to move it before is over.
func movedUser(was, is *ContactUser) bool {
	return was != nil && (is == nil || !sameText(was.Username, is.Username) || !sameText(was.Email, is.Email))
}

// own keeps in mind who is the owner.
func (p *contactPlan) own(c, before *Contact) {
	if before != nil && before.Owner && !c.Owner {
		delete(p.owners, c.AccountID)
		p.demoted = append(p.demoted, c.ID)
	}
	if c.Owner {
		p.owners[c.AccountID] = c.ID
	}
}

// endSessions: of a contact whose access was or is taken away, or whose user is. Links that
// were sent stop working with the access, and with the address.
func (p *contactPlan) endSessions(c, before *Contact) {
	if before == nil {
		return
	}
	unlinked := before.UserID != nil && c.UserID == nil
	if unlinked || before.Access == AccessDisabled || c.Access == AccessDisabled {
		p.signedOut = append(p.signedOut, c.ID)
	}
	if c.Access == AccessDisabled && before.Access != AccessDisabled || !sameText(before.Email, c.Email) {
		p.voided = append(p.voided, c.ID)
		c.InvitedUntil = nil
	}
}

// user finds or makes the user of a contact; nil: it has none.
func (p *contactPlan) user(c *Contact) (*knownUser, *Refusal) {
	if c.User == nil {
		return nil, nil
	}
	holder := p.users[p.byName[strings.ToLower(c.User.Username)]]
	switch {
	case c.UserID != nil && holder != nil && holder.ID != *c.UserID:
		return nil, refusal("user.username", "%q is already the username of another user", c.User.Username)
	case c.UserID != nil:
		user := p.users[*c.UserID]
		return user, p.checkKept(c, user)
	case holder != nil:
		return holder, p.checkShared(c, holder)
	default:
		user := &knownUser{ID: newID(), Username: c.User.Username, Email: c.User.Email, touched: true}
		p.users[user.ID] = user
		return user, nil
	}
}

// checkKept: the user of several accounts is not changed for the sake of one.
func (p *contactPlan) checkKept(c *Contact, user *knownUser) *Refusal {
	sameName := sameText(user.Username, c.User.Username)
	if sameName && sameText(user.Email, c.User.Email) {
		return nil
	}
	other := p.contactOf(user.ID, func(k knownContact) bool { return k.ID != c.ID })
	switch {
	case other == "":
		return nil
	case !sameName:
		return refusal("user.username", "user %q is also contact %q, so one contact alone does not change the username", user.Username, other)
	}
	return refusal("user.email", "user %q is also contact %q, so one contact alone does not change the email", user.Username, other)
}

// checkShared: a username that exists is the same person only when the email is.
func (p *contactPlan) checkShared(c *Contact, user *knownUser) *Refusal {
	if user.Email == "" || !sameText(user.Email, c.User.Email) || !sameText(user.Username, c.User.Username) {
		return refusal("user.username", "%q is already the username of a user with another email", c.User.Username)
	}
	inAccount := func(k knownContact) bool { return k.AccountID == c.AccountID && k.ID != c.ID }
	if other := p.contactOf(user.ID, inAccount); other != "" {
		return refusal("user.username", "user %q is already contact %q of account %q", user.Username, other, c.AccountID)
	}
	return nil
}

// contactOf returns the first contact of a user that matches, by id.
func (p *contactPlan) contactOf(userID string, match func(knownContact) bool) string {
	var found []string
	for _, known := range p.holders[userID] {
		if match(known) {
			found = append(found, known.ID)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// link gives a contact its user, and the user what the contact says of it. How the names
// of a shared user are written is not the matter of one contact.
func (p *contactPlan) link(c *Contact, user *knownUser) {
	if user == nil {
		if c.UserID != nil {
			p.left = append(p.left, *c.UserID)
			p.holders[*c.UserID] = slices.DeleteFunc(p.holders[*c.UserID], func(k knownContact) bool { return k.ID == c.ID })
			c.UserID = nil
		}
		return
	}
	if c.UserID == nil {
		p.holders[user.ID] = append(p.holders[user.ID], knownContact{c.ID, c.AccountID, user.ID, c.Owner})
		c.UserID = &user.ID
	}
	said := c.User
	if len(p.holders[user.ID]) == 1 {
		user.touched = user.touched || user.Username != said.Username || user.Email != said.Email
		user.Verified = user.Verified && sameText(user.Email, said.Email)
		user.Username, user.Email = said.Username, said.Email
	}
	if said.EmailVerified && !user.Verified {
		user.Verified, user.touched = true, true
	}
	first := said.PasswordHash
	if user.HasPassword || user.PasswordHash != "" {
		first = "" // it has one
	}
	if first != "" {
		user.PasswordHash, user.touched = first, true
	}
	p.byName[strings.ToLower(user.Username)] = user.ID // the name that it had stays taken in this batch
	c.User = &ContactUser{user.Username, user.Email, user.Verified, user.HasPassword, user.PasswordHash}
}
