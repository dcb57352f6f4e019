package compare

import (
	"maps"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// Buckets are what is known of all accounts by the profiles and groups that they name. It is
// small, and once they are counted it is only read: comparisons of the same documents may share
// it ([Options]), for a tenant may have as many buckets as accounts.
type Buckets struct {
	total    int64
	pairs    map[[2]string]int64 // of account profiles before and after: accounts
	affected map[string]bool     // account profiles, as stored on accounts, of which some may change
	named    map[string]int64    // account profiles that accounts name themselves
	pinned   map[string]int64    // MyAccount profiles that accounts are pinned to
}

// bothProfiles are the account profile and the MyAccount profile on both sides.
type bothProfiles struct{ wasAccount, wasPortal, isAccount, isPortal config.Profile }

// CountBucket counts accounts that name the same profiles and groups. After all of them it is
// known which accounts have to be looked at ([Comparison.Affected]), where messages come from,
// and which profiles are orphaned.
func (c *Comparison) CountBucket(b config.Bucket) {
	all := c.buckets
	all.total += b.Accounts
	all.named[b.AccountProfile] += b.Accounts
	all.pinned[b.MyAccountProfile] += b.Accounts
	account := config.Account{AccountProfile: b.AccountProfile, MyAccountProfile: b.MyAccountProfile, Groups: b.Groups}
	var both bothProfiles
	both.wasAccount, both.wasPortal = c.before.Live.Profiles(account)
	both.isAccount, both.isPortal = c.after.Live.Profiles(account)
	all.pairs[[2]string{both.wasAccount.Name, both.isAccount.Name}] += b.Accounts
	if all.affected[b.AccountProfile] {
		return
	}
	changes, known := c.profiles[both]
	if !known {
		was, is := c.before.Live.For(account), c.after.Live.For(account)
		// The portal that is closed here is open to accounts that say so themselves.
		changes = len(changesOf(&was, &is)) > 0 || !slices.Equal(was.Features, is.Features)
		c.profiles[both] = changes
	}
	if changes {
		all.affected[b.AccountProfile] = true
	}
}

// Buckets are those that were counted, for other comparisons of the same documents.
func (c *Comparison) Buckets() *Buckets { return c.buckets }

// Affected says which accounts have to be looked at: those that name one of these account
// profiles ("": none), and those with one of these ids. Nothing changes for the others.
func (c *Comparison) Affected() (profiles, ids []string) {
	if c.Same() {
		return nil, nil
	}
	for _, id := range c.customers {
		if c.before.Live.For(config.Account{ID: id}).MyAccountProfile != c.after.Live.For(config.Account{ID: id}).MyAccountProfile ||
			c.featuresDiffer(id) {
			ids = append(ids, id)
		}
	}
	return slices.Sorted(maps.Keys(c.buckets.affected)), ids
}

// featuresDiffer says whether the profile that names a customer has other features.
func (c *Comparison) featuresDiffer(id string) bool {
	return !slices.Equal(c.before.Live.For(config.Account{ID: id}).Features, c.after.Live.For(config.Account{ID: id}).Features)
}
