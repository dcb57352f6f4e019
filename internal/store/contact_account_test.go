package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// asUser writes through the portal as a user.
func (tn tenant) asUser(t *testing.T, user string, work func(context.Context, *store.Writer) error) error {
	t.Helper()
	return tn.asUserID(t, user, tn.userID(t, user), work)
}

func (tn tenant) asUserID(t *testing.T, user, id string, work func(context.Context, *store.Writer) error) error {
	t.Helper()
	origin := store.Origin{Actor: user, UserID: id, IP: "203.0.113.7", Browser: "Firefox on Linux", Now: now}
	return tn.Portal.Write(t.Context(), origin, work)
}

func (tn tenant) accountContact(t *testing.T, account, id string) store.AccountContact {
	t.Helper()
	return must[store.AccountContact](t)(tn.Portal.AccountContact(t.Context(), account, id))
}

// changeContact makes a change of a contact as the portal does.
func changeContact(id string, change func(*store.Contact)) func(context.Context, *store.Writer) error {
	return func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutContacts(ctx, []store.Item[store.Contact]{{ID: id, Decide: func(old *store.Contact) (store.Contact, *store.Refusal) {
			next := *old
			change(&next)
			return next, nil
		}}})
		return err
	}
}

func sendLink(id string, purpose store.LinkPurpose) func(context.Context, *store.Writer) error {
	return func(ctx context.Context, w *store.Writer) error {
		c, err := w.Credentials(ctx, id)
		if err != nil {
			return err
		}
		_, err = w.SendLink(ctx, c, purpose, "Dana", now.Add(time.Hour))
		return err
	}
}

func TestContactsOfAnAccount(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.putSites(t, site("s1", "1001", "Work"), site("s2", "1001", "Home"))
	named := func(id, first, last string) store.Contact {
		c := contact(id, "1001")
		c.FirstName, c.LastName, c.Email = first, last, id+"@example.com"
		return c
	}
	dana, limited := owner(person("dana", "1001")), named("c3", "ann", "adams")
	dana.LastName, limited.Sites = "Zimmer", []string{"s1", "s2"}
	tn.contacts(t, dana, named("c1", "Bob", "Byrne"), named("c2", "Zoe", "Adams"), limited, contact("other", "1002"))
	var got []string
	for skip := 0; ; skip += 3 {
		list, more, err := tn.Portal.AccountContacts(t.Context(), "1001", skip, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			got = append(got, fmt.Sprint(c.ID, c.SiteNames))
		}
		if !more {
			break
		}
	}
	if diff := cmp.Diff([]string{"dana[]", "c3[Home Work]", "c2[]", "c1[]"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, id := range []string{"other", "nobody", "a\x00b"} {
		if _, err := tn.Portal.AccountContact(t.Context(), "1001", id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestInvitationEndsWithAccessAndAddress: what was sent to an address, or while a contact
// had access, is void when that is over, for good.
func TestInvitationEndsWithAccessAndAddress(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	guest := contact("guest", "1001")
	guest.Email = "guest@example.com"
	tn.contacts(t, owner(person("dana", "1001")), guest)
	for name, ends := range map[string]func(*store.Contact){
		"access":  func(c *store.Contact) { c.Access = store.AccessDisabled },
		"address": func(c *store.Contact) { c.Email = "new@example.com" },
	} {
		tn.contacts(t, guest)
		if err := tn.asUser(t, "dana", sendLink("guest", store.LinkInvite)); err != nil {
			t.Fatal(err)
		}
		c := tn.accountContact(t, "1001", "guest")
		if got := c.PortalAccess(now); got != store.AccessInvited {
			t.Errorf("%s: %s before", name, got)
		}
		if err := tn.asUser(t, "dana", changeContact("guest", ends)); err != nil {
			t.Fatal(err)
		}
		if got := tn.column(t, "SELECT 'open' FROM credential_link WHERE voided_at IS NULL"); len(got) > 0 {
			t.Errorf("%s: %d links still work", name, len(got))
		}
	}
	if len(tn.payloads(t, "contact.invited")) != 2 {
		t.Error("not two invitations")
	}
	if len(tn.payloads(t, "portal.accessRevoked")) != 0 {
		t.Error("who had no sign-in is told that it ended")
	}
}

// TestRevokedAccessIsTold: disabling and deleting a contact that signs in.
func TestRevokedAccessIsTold(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, owner(person("dana", "1001")), person("sam", "1001"))
	disable := changeContact("sam", func(c *store.Contact) { c.Access = store.AccessDisabled })
	enable := changeContact("sam", func(c *store.Contact) { c.Access = store.AccessActive })
	remove := func(ctx context.Context, w *store.Writer) error {
		_, err := w.DeleteContact(ctx, "sam", 0)
		return err
	}
	for _, work := range []func(context.Context, *store.Writer) error{disable, enable, remove} {
		if err := tn.asUser(t, "dana", work); err != nil {
			t.Fatal(err)
		}
	}
	const told = `{"access": {"username": "sam"}, "origin": {"at": "2026-11-21T12:00:00Z", "by": "Contact", "ip": "203.0.113.7", "browser": "Firefox on Linux"}}`
	if diff := cmp.Diff([]string{told, told}, tn.payloads(t, "portal.accessRevoked")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRoomForSubAccounts: the owner does not count, nor who has no access; of two at once
// one gets the last place.
func TestRoomForSubAccounts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	off := person("off", "1001")
	off.Access = store.AccessDisabled
	guests := []store.Contact{contact("g1", "1001"), contact("g2", "1001"), contact("g3", "1001")}
	for i := range guests {
		guests[i].Email = guests[i].ID + "@example.com"
	}
	tn.contacts(t, append(guests, owner(person("dana", "1001")), person("sam", "1001"), off)...)
	user := tn.userID(t, "dana")
	invite := func(id string) error {
		return tn.asUserID(t, "dana", user, func(ctx context.Context, w *store.Writer) error {
			room, err := w.RoomForSubAccount(ctx, "1001", id, 2)
			if err != nil || !room {
				return errors.Join(err, store.ErrRefused)
			}
			return sendLink(id, store.LinkInvite)(ctx, w)
		})
	}
	outcomes := map[bool]int{}
	for _, err := range atOnce(3, func(i int) error { return invite(guests[i].ID) }) {
		if err != nil && !errors.Is(err, store.ErrRefused) {
			t.Fatal(err)
		}
		outcomes[err == nil]++
	}
	if diff := cmp.Diff(map[bool]int{true: 1, false: 2}, outcomes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := tn.column(t, "SELECT contact_id FROM credential_link WHERE voided_at IS NULL")
	if err := invite(again[0]); err != nil {
		t.Errorf("who has a place already is invited again: %v", err)
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.putSites(t, site("s1", "1001", "Work"))
	dana, sam, off := owner(person("dana", "1001")), person("sam", "1001"), person("off", "1001")
	dana.Roles, sam.Sites, off.Access = []string{"Primary", "Billing"}, []string{"s1"}, store.AccessDisabled
	tn.contacts(t, dana, sam, off, contact("guest", "1001"), person("elsewhere", "1002"))
	grants := []settings.Feature{settings.ViewInvoices, settings.ManageContacts}
	handOver := func(to string, version int64) (result store.Result) {
		err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.HandOver(ctx, store.Item[store.Contact]{ID: "dana", IfVersion: version}, store.Item[store.Contact]{ID: to}, grants)
			return err
		})
		if (result.Outcome == store.Updated) != (err == nil) {
			t.Errorf("to %s: %v, %v", to, result, err)
		}
		return result
	}
	before := tn.contactRows(t)
	wantResults(t, []store.Result{handOver("off", 1), handOver("guest", 1), handOver("nobody", 1), handOver("elsewhere", 1), handOver("sam", 7)}, nil,
		"Refused access: is not Active", "Refused access: is not Active", "Refused access: is not Active",
		"Refused : the contacts belong to different accounts", "Conflict : is at version 1, not 7")
	if diff := cmp.Diff(before, tn.contactRows(t)); diff != "" {
		t.Errorf("what was refused changed something (-want +got):\n%s", diff)
	}
	wantResults(t, []store.Result{handOver("sam", 1)}, nil, "Updated")
	was, is := tn.accountContact(t, "1001", "dana"), tn.accountContact(t, "1001", "sam")
	got := []any{was.Owner, was.Roles, was.Grants, is.Owner, is.Roles, len(is.Sites)}
	want := []any{false, []string{"Billing"}, []settings.Feature{settings.ManageContacts, settings.ViewInvoices}, true, []string{"Primary"}, 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := tn.column(t, "SELECT detail::text FROM audit WHERE action = 'ownerChanged'"); !cmp.Equal(got, []string{`{"to": "sam", "from": "dana"}`}) {
		t.Errorf("audit %v", got)
	}
	wantResults(t, []store.Result{handOver("sam", 2)}, nil, "Refused owner: is another one now")
}

func TestSwitchAccount(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002", "1003")
	dana := person("dana", "1001")
	second, off := contact("dana-2", "1002"), contact("dana-3", "1003")
	second.User, off.User, off.Access = dana.User, dana.User, store.AccessDisabled
	tn.contacts(t, dana, second, off, person("sam", "1002"))
	secret := tn.signIn(t, "dana", "1001")
	list := must[[]store.UserAccount](t)(tn.Portal.UserAccounts(t.Context(), tn.userID(t, "dana")))
	if len(list) != 2 || list[0].ContactID != "dana" || list[1].Account.ID != "1002" {
		t.Errorf("dana's accounts are %+v", list)
	}
	switchTo := func(old []byte, contact string) error {
		return tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
			return w.SwitchAccount(ctx, store.AccountSwitch{Old: old, New: []byte("rotated"), ContactID: contact})
		})
	}
	for _, other := range []string{"dana-3", "sam", "nobody", "a\x00"} {
		if err := switchTo(secret, other); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("to %q: %v", other, err)
		}
	}
	if err := switchTo(secret, "dana-2"); err != nil {
		t.Fatal(err)
	}
	if err := switchTo(secret, "dana"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the old secret still works: %v", err)
	}
	if v := must[store.SessionView](t)(tn.Portal.Session(t.Context(), []byte("rotated"), now, idle)); v.ContactID != "dana-2" || v.Account.ID != "1002" {
		t.Errorf("the session is %+v", v)
	}
	if got := tn.column(t, "SELECT account_id FROM audit WHERE action = 'switchedAccount'"); !cmp.Equal(got, []string{"1002"}) {
		t.Errorf("audit %v", got)
	}
}
