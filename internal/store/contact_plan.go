package store

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// contactState is what the database knows before an import of contacts, as far as the
// import could touch it.
type contactState struct {
	accounts stringSet
	contacts map[string]knownContact // by id: those of the batch, the owners of its accounts, all of its users'
	owners   map[string]string       // account -> contact
	users    map[string]knownUser    // by id
	byName   map[string]string       // username in lower case -> user id
	lower    map[string]string       // username of the batch -> in lower case, as the database does it
}

type knownContact struct {
	ID        string
	AccountID string
	UserID    string // empty: none
	Owner     bool
}

type knownUser struct {
	ID       string
	Username string
	Lower    string
	Email    string
}

// Each branch follows an index of its own; one WHERE with OR would read the table.
const knownUsersSQL = `
SELECT u.id::text, u.username, lower(u.username), u.email
FROM unnest($1::text[]) n JOIN app_user u ON lower(u.username) = lower(n)
UNION
SELECT u.id::text, u.username, lower(u.username), u.email
FROM contact c JOIN app_user u ON u.id = c.user_id WHERE c.id = ANY($2)`

const knownContactsSQL = `
SELECT id, account_id, coalesce(user_id::text, ''), owner FROM contact WHERE id = ANY($1)
UNION
SELECT id, account_id, coalesce(user_id::text, ''), owner FROM contact WHERE owner AND account_id = ANY($2)
UNION
SELECT id, account_id, coalesce(user_id::text, ''), owner FROM contact WHERE user_id = ANY($3::uuid[])`

func readContactState(ctx context.Context, tx pgx.Tx, b *batch, contacts []ContactUpsert) (contactState, error) {
	var ids, accounts, names []string
	for i, c := range contacts {
		if b.refused(i) {
			continue
		}
		ids, accounts = append(ids, c.ID), append(accounts, c.AccountID)
		if c.User != nil {
			names = append(names, c.User.Username)
		}
	}
	state := contactState{contacts: map[string]knownContact{}, owners: map[string]string{}, users: map[string]knownUser{}, byName: map[string]string{}}
	var err error
	if state.accounts, err = knownAccounts(ctx, tx, accounts); err != nil {
		return state, err
	}
	if state.lower, err = pairs(ctx, tx, `SELECT n, lower(n) FROM unnest($1::text[]) AS n`, distinct(names)); err != nil {
		return state, err
	}
	users, err := collect[knownUser](ctx, tx, knownUsersSQL, distinct(names), ids)
	if err != nil {
		return state, err
	}
	found, err := collect[knownContact](ctx, tx, knownContactsSQL, ids, distinct(accounts), idsOf(users))
	state.add(users, found)
	return state, err
}

func idsOf(users []knownUser) []string {
	ids := make([]string, 0, len(users))
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

func (s *contactState) add(users []knownUser, contacts []knownContact) {
	for _, u := range users {
		s.users[u.ID] = u
		s.byName[u.Lower] = u.ID
	}
	for _, c := range contacts {
		s.contacts[c.ID] = c
		if c.Owner {
			s.owners[c.AccountID] = c.ID
		}
	}
}

func collect[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

// contactPlan is what an import of contacts writes.
type contactPlan struct {
	contacts []contactItem
	users    []userItem
	demoted  []string // contacts that stop being the owner
}

// contactPlanner decides item by item; an accepted item changes what the next one
// meets. It does no I/O.
type contactPlanner struct {
	*batch
	state contactState
	plan  contactPlan
}

// planContacts takes owners that become ordinary contacts first, so that they leave
// their place free in whatever order the items come.
func planContacts(b *batch, items []ContactUpsert, state contactState) contactPlan {
	p := &contactPlanner{batch: b, state: state, plan: contactPlan{contacts: []contactItem{}}}
	var first, then []int
	for i, c := range items {
		switch {
		case p.refused(i):
		case !c.Owner && state.owners[c.AccountID] == c.ID:
			first = append(first, i)
		default:
			then = append(then, i)
		}
	}
	for _, i := range append(first, then...) {
		p.decide(i, items[i])
	}
	return p.plan
}

func (p *contactPlanner) decide(i int, c ContactUpsert) {
	p.checkAccount(i, c)
	if owner := p.state.owners[c.AccountID]; c.Owner && owner != "" && owner != c.ID {
		p.refuse(i, "owner", "the owner of account %q is contact %q", c.AccountID, owner)
	}
	user := p.user(i, c)
	if !p.refused(i) {
		p.accept(i, c, user)
	}
}

func (p *contactPlanner) checkAccount(i int, c ContactUpsert) {
	if !p.state.accounts[c.AccountID] {
		p.refuse(i, "accountId", "there is no account %q", c.AccountID)
	}
	if known, exists := p.state.contacts[c.ID]; exists && known.AccountID != c.AccountID {
		p.refuse(i, "accountId", "contact %q belongs to account %q, and a contact never moves", c.ID, known.AccountID)
	}
}

// user finds or names the user of an item; empty: the contact keeps what it has.
func (p *contactPlanner) user(i int, c ContactUpsert) string {
	if c.User == nil || p.refused(i) {
		return ""
	}
	holder := p.state.byName[p.state.lower[c.User.Username]]
	linked := p.state.contacts[c.ID].UserID
	switch {
	case linked != "" && holder != "" && holder != linked:
		p.refuse(i, "user.username", "%q is already the username of another user", c.User.Username)
	case linked != "":
		p.checkKept(i, c, p.state.users[linked])
		return linked
	case holder != "":
		p.checkShared(i, c, p.state.users[holder])
		return holder
	default:
		return newID()
	}
	return ""
}

// checkKept: the user of several accounts is not changed for the sake of one.
func (p *contactPlanner) checkKept(i int, c ContactUpsert, user knownUser) {
	sameName := user.Lower == p.state.lower[c.User.Username]
	if sameName && sameText(user.Email, c.User.Email) {
		return
	}
	if other := p.contactOf(user.ID, func(k knownContact) bool { return k.ID != c.ID }); other != "" {
		field, what := "user.email", "email"
		if !sameName {
			field, what = "user.username", "username"
		}
		p.refuse(i, field, "user %q is also contact %q, so the import of one contact does not change the %s", user.Username, other, what)
	}
}

// checkShared: a username that exists is the same person only when the email is.
func (p *contactPlanner) checkShared(i int, c ContactUpsert, user knownUser) {
	if user.Email == "" || !sameText(user.Email, c.User.Email) || user.Lower != p.state.lower[c.User.Username] {
		p.refuse(i, "user.username", "%q is already the username of a user with another email", c.User.Username)
		return
	}
	inAccount := func(k knownContact) bool { return k.AccountID == c.AccountID && k.ID != c.ID }
	if other := p.contactOf(user.ID, inAccount); other != "" {
		p.refuse(i, "user.username", "user %q is already contact %q of account %q", user.Username, other, c.AccountID)
	}
}

// contactOf returns the first contact of a user that matches, by id.
func (p *contactPlanner) contactOf(userID string, match func(knownContact) bool) string {
	var found []string
	for _, known := range p.state.contacts {
		if known.UserID == userID && match(known) {
			found = append(found, known.ID)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// accept adds the item to the plan and to the state that later items meet.
func (p *contactPlanner) accept(i int, c ContactUpsert, userID string) {
	item := contactItem{
		Ord: i, ID: c.ID, AccountID: c.AccountID, FirstName: c.FirstName, LastName: c.LastName,
		Email: c.Email, Owner: c.Owner, Grants: []string{}, Access: c.Access,
	}
	for _, g := range c.Grants {
		item.Grants = append(item.Grants, string(g))
	}
	item.Grants = distinct(item.Grants)
	known := p.state.contacts[c.ID]
	if known.Owner && !c.Owner {
		delete(p.state.owners, c.AccountID)
		p.plan.demoted = append(p.plan.demoted, c.ID)
	}
	if c.Owner {
		p.state.owners[c.AccountID] = c.ID
	}
	known.ID, known.AccountID, known.Owner = c.ID, c.AccountID, c.Owner
	if userID != "" {
		item.UserID = &userID
		known.UserID = userID
		p.acceptUser(userID, *c.User)
	}
	p.state.contacts[c.ID] = known
	p.plan.contacts = append(p.plan.contacts, item)
}

// acceptUser: a username that a user gives up in this batch stays taken until the
// next one, because the database checks names row by row.
func (p *contactPlanner) acceptUser(id string, u UserUpsert) {
	lower := p.state.lower[u.Username]
	p.state.users[id] = knownUser{id, u.Username, lower, u.Email}
	p.state.byName[lower] = id
	item := userItem{id, u.Username, u.Email, u.EmailVerified, u.PasswordHash}
	for i, earlier := range p.plan.users {
		if earlier.ID == id {
			item.Verified = item.Verified || earlier.Verified
			p.plan.users[i] = item
			return
		}
	}
	p.plan.users = append(p.plan.users, item)
}

// newID returns a random UUID (version 4).
func newID() string {
	id := pgtype.UUID{Valid: true}
	rand.Read(id.Bytes[:]) // it never fails: the process ends instead
	id.Bytes[6] = id.Bytes[6]&0x0f | 0x40
	id.Bytes[8] = id.Bytes[8]&0x3f | 0x80
	return id.String()
}
