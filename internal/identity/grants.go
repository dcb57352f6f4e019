package identity

import (
	"slices"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// right is a feature at a site; an empty site is everywhere, which is more than every
// site that there is.
type right struct {
	feature settings.Feature
	site    string
}

// rightsOf lists what a contact was granted. The owner's grants say nothing: the owner
// holds everything.
func rightsOf(c *store.Contact) map[right]bool {
	sites := c.Sites
	if len(sites) == 0 {
		sites = []string{""}
	}
	rights := make(map[right]bool, len(c.Grants)*len(sites))
	for _, f := range c.Grants {
		for _, site := range sites {
			rights[right{f, site}] = true
		}
	}
	return rights
}

// covers says whether the person has a right, and so may give and take it.
func (m Manager) covers(r right) bool { return m.HasFeature(r.feature) && m.HasSite(r.site) }

// HasFeature says whether the person may give and take a feature.
func (m Manager) HasFeature(f settings.Feature) bool {
	return m.Owner || slices.Contains(m.Features, f)
}

// HasSite says whether the person may give and take features at a site; empty: everywhere.
func (m Manager) HasSite(site string) bool {
	return len(m.Sites) == 0 || slices.Contains(m.Sites, site)
}

// MayChangeSites says whether the person has all that moves with the sites of a contact.
func (m Manager) MayChangeSites(c store.Contact) bool {
	return c.ID != m.ContactID && !slices.ContainsFunc(c.Grants, func(f settings.Feature) bool { return !m.HasFeature(f) }) &&
		(len(m.Sites) == 0 || len(c.Grants) == 0 || len(c.Sites) > 0)
}

// coversAll says whether the person has all that a contact has.
func (m Manager) coversAll(c *store.Contact) bool {
	if m.Owner {
		return true
	}
	for r := range rightsOf(c) {
		if !m.covers(r) {
			return false
		}
	}
	return true
}

// Granted is what a contact has after a person chose from what they were shown: of the
// features and sites that the person has those that they chose, of all others what the
// contact had. chosen must be of what they were shown; what is not comes through, so that
// [Manager.CheckChange] refuses it.
func (m Manager) Granted(c store.Contact, features []settings.Feature, sites []string) ([]settings.Feature, []string) {
	for _, f := range c.Grants {
		if !m.HasFeature(f) || !slices.Contains(m.Profile, f) {
			features = append(features, f)
		}
	}
	if !m.MayChangeSites(c) {
		return distinct(features), distinct(append(sites, c.Sites...))
	}
	for _, site := range c.Sites {
		if !m.HasSite(site) {
			sites = append(sites, site)
		}
	}
	return distinct(features), distinct(sites)
}

// Presets lists the presets that the person may give in this account: all of what such a
// preset has, and at least something.
func (m Manager) Presets() []settings.Feature {
	var offered []settings.Feature
	for _, preset := range settings.Presets() {
		features := m.Expand(preset)
		lacking := slices.ContainsFunc(features, func(f settings.Feature) bool { return !m.HasFeature(f) })
		if preset != presetOwner && len(features) > 0 && !lacking {
			offered = append(offered, preset)
		}
	}
	return offered
}

// presetOwner is not offered: there is one owner, who hands over.
const presetOwner settings.Feature = "Owner"

// Expand lists what a preset has of the features of the account.
func (m Manager) Expand(preset settings.Feature) []settings.Feature {
	return slices.DeleteFunc(settings.ExpandPresets([]settings.Feature{preset}), func(f settings.Feature) bool { return !slices.Contains(m.Profile, f) })
}

func distinct[T ~string](list []T) []T {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func sameSet[T ~string](a, b []T) bool { return slices.Equal(distinct(a), distinct(b)) }
