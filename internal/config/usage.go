package config

// Usage is how many accounts of a tenant use what. It comes from counters in the
// database that are kept by every write, so that no count reads the accounts.
type Usage struct {
	// Accounts is the number of all accounts.
	Accounts int64
	// Buckets count accounts that resolve alike, sorted. Accounts of all buckets
	// together are Accounts.
	Buckets []Bucket
	// Customers holds the bucket of each account that a MyAccountProfile names as
	// its customer, and that exists. Its Accounts is 1.
	Customers map[string]Bucket
}

// Bucket counts the accounts with one combination of profile, pin and groups.
type Bucket struct {
	AccountProfile   string   // as stored on the account; empty: the tenant's default
	MyAccountProfile string   // the pin; empty: none
	Groups           []string // sorted
	Accounts         int64
}

// Named counts accounts by what they name themselves. It needs no document.
type Named struct {
	// NamedAccountProfiles and NamedMyAccountProfiles count accounts that name the
	// profile themselves, whether or not it exists.
	NamedAccountProfiles   map[string]int64
	NamedMyAccountProfiles map[string]int64
	// Groups counts the accounts of each customer group.
	Groups map[string]int64
}

// Counts is the number of accounts per profile.
type Counts struct {
	// AccountProfiles and MyAccountProfiles count what applies to accounts now. The
	// built-in default profile is not among them: an AccountProfile that happens to
	// have its name is another one.
	AccountProfiles   map[string]int64
	MyAccountProfiles map[string]int64
	Named
}

// Named counts what accounts name themselves.
func (u Usage) Named() Named {
	n := Named{map[string]int64{}, map[string]int64{}, map[string]int64{}}
	for _, b := range u.Buckets {
		if b.AccountProfile != "" {
			n.NamedAccountProfiles[b.AccountProfile] += b.Accounts
		}
		if b.MyAccountProfile != "" {
			n.NamedMyAccountProfiles[b.MyAccountProfile] += b.Accounts
		}
		for _, g := range b.Groups {
			n.Groups[g] += b.Accounts
		}
	}
	return n
}

// Count resolves every bucket against the document. An account that is named as a
// customer is taken out of its bucket and resolved by itself.
func (l *Live) Count(u Usage) Counts {
	c := Counts{map[string]int64{}, map[string]int64{}, u.Named()}
	for _, b := range u.Buckets {
		l.countBucket(c, b, "", b.Accounts)
	}
	for id, b := range u.Customers {
		l.countBucket(c, b, "", -1)
		l.countBucket(c, b, id, 1)
	}
	return c
}

func (l *Live) countBucket(c Counts, b Bucket, id string, accounts int64) {
	effective := l.For(Account{ID: id, AccountProfile: b.AccountProfile, MyAccountProfile: b.MyAccountProfile, Groups: b.Groups})
	if p := effective.AccountProfile; p.Source != ByBuiltIn {
		c.AccountProfiles[p.Name] += accounts
	}
	if p := effective.MyAccountProfile; p.Source != ByBuiltIn {
		c.MyAccountProfiles[p.Name] += accounts
	}
}
