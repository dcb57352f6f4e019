package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// The members of customer groups as they are kept, and as the accounts say.
const (
	keptMembers    = `SELECT group_name || '/' || account_id FROM group_member ORDER BY 1`
	countedMembers = `SELECT DISTINCT g || '/' || id FROM account, unnest(groups) g ORDER BY 1`
)

func (tn tenant) wantMembersAsAccountsSay(t *testing.T) []string {
	t.Helper()
	kept := tn.column(t, keptMembers)
	if diff := cmp.Diff(tn.column(t, countedMembers), kept); diff != "" {
		t.Fatalf("members of groups (-accounts say +kept):\n%s", diff)
	}
	return kept
}

// TestMembersAreWhatAccountsSay: after any writes of accounts the lists by customer group
// are those of the accounts.
func TestMembersAreWhatAccountsSay(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	names := []string{"bronze", "gold", "silver"}
	tn.putGroups(t, names...)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test that can be repeated
	t.Logf("seed %d", seed)
	most := 0
	for range 60 {
		var items []store.Item[store.Account]
		for _, n := range random.Perm(40)[:1+random.IntN(20)] {
			var groups []string
			for _, name := range names {
				if random.IntN(3) == 0 {
					groups = append(groups, name)
				}
			}
			touch := fmt.Sprint(random.IntN(2)) // a write may leave the groups as they were
			items = append(items, account(fmt.Sprintf("%03d", n), func(a *store.Account) {
				a.Name = touch
				if touch == "1" {
					a.Groups = groups
				}
			}))
		}
		tn.putAccounts(t, items...)
		most = max(most, len(tn.wantMembersAsAccountsSay(t)))
	}
	if most < 10 {
		t.Errorf("never more than %d members", most)
	}
	for _, name := range names {
		tn.wantPages(t, name)
	}
	tn.exec(t, `UPDATE account SET groups = CASE WHEN id < '020' THEN '{gold,gold}' ELSE '{}' END::text[]`)
	tn.wantMembersAsAccountsSay(t)
	tn.exec(t, `DELETE FROM account`)
	if kept := tn.wantMembersAsAccountsSay(t); len(kept) > 0 {
		t.Errorf("of no accounts %v are members", kept)
	}
}

// wantPages checks that the pages of a group have its accounts in the order of their ids.
func (tn tenant) wantPages(t *testing.T, group string) {
	t.Helper()
	var got []string
	list := store.List{Limit: 3}
	for {
		page, next, err := tn.Backoffice.Accounts(t.Context(), store.AccountFilter{Group: group}, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page {
			if !slices.Contains(a.Groups, group) {
				t.Errorf("account %s is in %v and in the list of %s", a.ID, a.Groups, group)
			}
			got = append(got, a.ID)
		}
		if next == nil {
			break
		}
		list.After = *next
	}
	if diff := cmp.Diff(tn.column(t, `SELECT id FROM account WHERE $1 = ANY (groups) ORDER BY id`, group), got); diff != "" {
		t.Errorf("pages of %s (-want +got):\n%s", group, diff)
	}
}
