package backoffice

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) accounts() importFunc {
	return streaming(a, recordKind[integration.Account]{
		parse: integration.ParseAccount,
		key:   func(l integration.Account) string { return l.ID },
		write: func(ctx context.Context, live *config.Live, lines []integration.Account) ([]store.Result, error) {
			existing, err := a.Store.AccountsByID(ctx, idsOf(lines, func(l integration.Account) string { return l.ID }))
			if err != nil {
				return nil, err
			}
			profiles := newAssignable(live)
			upsert := func(l integration.Account) (store.AccountUpsert, *store.Result) {
				known, exists := existing[l.ID]
				return accountUpsert(l, known, exists, profiles)
			}
			return writeAccepted(lines, upsert, func(items []store.AccountUpsert) ([]store.Result, error) {
				return a.Store.UpsertAccounts(ctx, items)
			})
		},
	})
}

// accountUpsert keeps what the line leaves out.
func accountUpsert(l integration.Account, known store.AccountView, exists bool, profiles assignable) (store.AccountUpsert, *store.Result) {
	item := store.AccountUpsert{ID: l.ID, Name: known.Name, Status: known.Status}
	if !exists {
		item.Status = settings.Active
	}
	if l.Name.Present {
		item.Name = l.Name.Value
	}
	if item.Name == "" {
		return item, refused("name", "is missing, a new account needs one")
	}
	if l.Status.Present {
		item.Status = l.Status.Value
	}
	if l.AccountProfile.Present {
		if name := l.AccountProfile.Value; name != known.AccountProfile {
			if problem := profiles.checkAccountProfile(name); problem != "" {
				return item, refused("accountProfile", "%s", problem)
			}
		}
		item.AccountProfile = &l.AccountProfile.Value
	}
	if l.MyAccountProfile.Present {
		if name := l.MyAccountProfile.Value; name != known.MyAccountProfile {
			if problem := profiles.checkMyAccountProfile(name); problem != "" {
				return item, refused("myAccountProfile", "%s", problem)
			}
		}
		item.MyAccountProfile = &l.MyAccountProfile.Value
	}
	if l.Groups.Present {
		item.Groups = append([]string{}, l.Groups.Value...) // empty, not nil: clears them
	}
	if l.Attributes.Present {
		item.Attributes = &l.Attributes.Value
	}
	return item, nil
}

// assignable says which profiles an account may newly be given. What it has, it may
// keep, whatever became of the profile.
type assignable struct {
	live              *config.Live
	accountProfiles   []string
	myAccountProfiles []string
}

func newAssignable(live *config.Live) assignable {
	return assignable{live, live.AssignableAccountProfiles(), live.AssignableMyAccountProfiles()}
}

func (p assignable) checkAccountProfile(name string) string {
	if name == "" || slices.Contains(p.accountProfiles, name) {
		return ""
	}
	applied := p.live.For(config.Account{AccountProfile: name}).AccountProfile
	return notAssignable("AccountProfile", name, applied.Name == name && applied.Unknown == "", p.accountProfiles)
}

func (p assignable) checkMyAccountProfile(name string) string {
	if name == "" || slices.Contains(p.myAccountProfiles, name) {
		return ""
	}
	applied := p.live.For(config.Account{MyAccountProfile: name}).MyAccountProfile
	return notAssignable("MyAccountProfile", name, applied.Unknown == "", p.myAccountProfiles)
}

// notAssignable tells a profile that exists but is Historical or deleted from a name
// that nothing has.
func notAssignable(kind, name string, exists bool, allowed []string) string {
	what := fmt.Sprintf("there is no %s %q", kind, name)
	if exists {
		what = fmt.Sprintf("%s %q is kept for the accounts that have it and cannot be newly assigned", kind, name)
	}
	if len(allowed) == 0 {
		return what + ", and the tenant has none to assign: leave the field out"
	}
	return what + ", allowed are " + listed(allowed)
}

// listed names a few dozen at most: a refusal is one line.
func listed(names []string) string {
	const most = 40
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
