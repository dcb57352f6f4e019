package backoffice

import (
	"context"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// putContacts writes contacts, and sends the mail to create a sign-in to those who became
// the first owner of an account, in the same transaction, if the tenant wants that. What
// is written quietly tells nobody.
func (a *api) putContacts(ctx context.Context, w *store.Writer, items []store.Item[store.Contact]) ([]store.Written[store.Contact], error) {
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	if w.Quiet() || live.Credentials().CreateMail != config.CreateMailAutomatic {
		return w.PutContacts(ctx, items)
	}
	seen := owners{made: map[string]bool{}, replaced: map[string]string{}}
	written, err := w.PutContacts(ctx, seen.watch(items))
	if err != nil {
		return nil, err
	}
	return written, sendToOwners(ctx, w, live, seen.first(written))
}

// owners is what is seen of owners while contacts are decided.
type owners struct {
	made     map[string]bool   // contacts that become the owner, or get an address as the owner
	replaced map[string]string // contacts that stop being the owner, with their account
}

// watch keeps in mind who becomes the owner. What an item decides may be asked more than
// once; the last answer counts.
func (o owners) watch(items []store.Item[store.Contact]) []store.Item[store.Contact] {
	watched := slices.Clone(items)
	for i, item := range items {
		watched[i].Decide = func(old *store.Contact) (store.Contact, *store.Refusal) {
			next, refused := item.Decide(old)
			delete(o.made, item.ID)
			delete(o.replaced, item.ID)
			switch {
			case refused != nil:
			case next.Owner && (old == nil || !old.Owner || old.Email == ""):
				o.made[item.ID] = true
			case old != nil && old.Owner && !next.Owner:
				o.replaced[item.ID] = old.AccountID
			}
			return next, refused
		}
	}
	return watched
}

// first are the contacts that became the owner of an account without one, and can be sent
// a mail.
func (o owners) first(written []store.Written[store.Contact]) []*store.Contact {
	had := map[string]bool{}
	for _, w := range written {
		if w.Outcome == store.Updated && o.replaced[w.Row.ID] != "" {
			had[w.Row.AccountID] = true
		}
	}
	var list []*store.Contact
	for i := range written {
		c := &written[i].Row
		changed := written[i].Outcome == store.Created || written[i].Outcome == store.Updated
		if changed && o.made[c.ID] && !had[c.AccountID] && c.Email != "" && c.InvitedUntil == nil {
			list = append(list, c)
		}
	}
	return list
}

// sendToOwners sends the mail to those of the owners whose accounts begin or are in use.
// Who cannot be sent it, as there is a password already, is left out.
func sendToOwners(ctx context.Context, w *store.Writer, live *config.Live, list []*store.Contact) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for i, c := range list {
		ids[i] = c.AccountID
	}
	accounts, err := w.AccountsByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range list {
		if status := accounts[c.AccountID].Status; status != settings.Active && status != settings.Prospect {
			continue
		}
		sent, refused, err := identity.SendCreateMail(ctx, w, live, c.ID, w.Now())
		if err != nil {
			return err
		}
		if refused == nil {
			c.InvitedUntil = &sent.ExpiresAt
		}
	}
	return nil
}
