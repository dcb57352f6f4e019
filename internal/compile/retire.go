package compile

import (
	"maps"
	"slices"

	"github.com/foyerhq/foyer/internal/config"
)

// profileEntries makes the entries of one kind of profile, sorted by name. keep says
// what becomes of an entry that no accepted object stands for.
func profileEntries[C any](objects map[string]*object[C], live map[string]*liveEntry[C], keep func(*liveEntry[C]) bool) ([]config.Entry, error) {
	names := map[string]bool{}
	for name := range objects {
		names[name] = true
	}
	for name := range live {
		names[name] = true
	}
	var entries []config.Entry
	for _, name := range slices.Sorted(maps.Keys(names)) {
		o, l := objects[name], live[name]
		switch {
		case o != nil && !o.refused():
			entry, err := o.entry()
			if err != nil {
				return nil, err
			}
			entries = append(entries, entry)
		case l == nil: // refused, and nothing of it was ever live
		case o != nil && l.State != config.Retired:
			entries = append(entries, l.Entry) // refused: the last accepted entry stays
		case keep(l):
			retired := l.Entry
			retired.State = config.Retired
			entries = append(entries, retired)
		}
	}
	return entries, nil
}

// keepAccountProfile: accounts name a deleted profile, or the tenant does for those
// that name none.
func (p *pass) keepAccountProfile(l *liveEntry[config.AccountProfile]) bool {
	isDefault := p.tenant.content.DefaultAccountProfile == l.Name
	return isDefault || !p.unused(p.named.NamedAccountProfiles[l.Name]) || !p.mayDrop(l.State)
}

// keepMyAccountProfile returns the same question for portal profiles, given the
// account profiles that will be live. What a profile had by a customer or by groups ends
// with its object, as it does for every retired entry; the entry itself stays like any
// other, since somebody may have assigned it by name after the last count.
func (p *pass) keepMyAccountProfile(accountProfiles []config.Entry) (func(*liveEntry[config.MyAccountProfile]) bool, error) {
	named := map[string]bool{p.tenant.content.DefaultMyAccountProfile: true}
	for _, e := range accountProfiles {
		profile, err := readEntry[config.AccountProfile](e)
		if err != nil {
			return nil, err
		}
		named[profile.content.MyAccountProfile] = true
	}
	return func(l *liveEntry[config.MyAccountProfile]) bool {
		return named[l.Name] || !p.unused(p.named.NamedMyAccountProfiles[l.Name]) || !p.mayDrop(l.State)
	}, nil
}

// unused: without counts everything is taken as used.
func (p *pass) unused(accounts int64) bool { return p.in.Usage != nil && accounts == 0 }

// mayDrop: an entry is first retired, and dropped only when every replica knows
// that, because until then one of them may still assign it.
func (p *pass) mayDrop(state config.EntryState) bool {
	return state == config.Retired && p.in.Acknowledged
}
