package compile

import (
	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// reader answers questions about the document that is live after the pass.
type reader struct {
	document
	counts            *config.Counts // nil: unknown
	accountProfiles   map[string]*config.Entry
	myAccountProfiles map[string]*config.Entry
}

// output reports the pass. Without bytes in a document it stays as it is, for the
// reason beside it.
func (p *pass) output(d documents) Output {
	next, standstill := d.settings, d.standstill
	out := Output{
		Document:          next.bytes,
		AccountProfiles:   map[string]Outcome{},
		MyAccountProfiles: map[string]Outcome{},
		Customers:         p.customers(),
	}
	r := p.read(next)
	for name, o := range p.accountProfiles {
		entry := r.accountProfiles[name]
		outcome := stand(o.outcome(entry), standstill, entry, o.uid)
		outcome.Accounts = r.accounts(entry, func(c *config.Counts) int64 { return c.AccountProfiles[name] })
		out.AccountProfiles[name] = outcome
	}
	for name, o := range p.myAccountProfiles {
		entry := r.myAccountProfiles[name]
		outcome := stand(o.outcome(entry), standstill, entry, o.uid)
		outcome.Accounts = r.accounts(entry, func(c *config.Counts) int64 { return c.MyAccountProfiles[name] })
		out.MyAccountProfiles[name] = outcome
	}
	p.reportTemplates(&out, d)
	if p.tenant != nil {
		out.Tenant = p.tenantOutcome(r, standstill)
		if standstill == nil && d.held != nil {
			out.Tenant.Warnings = append(out.Tenant.Warnings, d.held.Message)
		}
	}
	if r.loaded != nil {
		out.Digest = r.loaded.Digest
		out.Default = r.defaultProfile()
		out.Orphaned = r.orphans()
		out.Counts = r.counts
	}
	p.reportMessages(&out, d, r.loaded)
	return out
}

func (p *pass) read(next document) reader {
	r := reader{
		document:          next,
		accountProfiles:   byName(next.settings.AccountProfiles),
		myAccountProfiles: byName(next.settings.MyAccountProfiles),
	}
	if p.in.Usage != nil && next.loaded != nil {
		counts := next.loaded.Count(*p.in.Usage)
		r.counts = &counts
	}
	return r
}

func byName(entries []config.Entry) map[string]*config.Entry {
	found := make(map[string]*config.Entry, len(entries))
	for i := range entries {
		found[entries[i].Name] = &entries[i]
	}
	return found
}

// stand lets an object that could have changed something say why it did not.
// Without its Tenant no object is in effect, whatever document is left.
func stand(out Outcome, standstill *Finding, entry *config.Entry, uid string) Outcome {
	missing := standstill != nil && standstill.Reason == ReasonTenantMissing
	if standstill == nil || out.Live && !missing {
		return out
	}
	why := Finding{false, standstill.Reason, standstill.Message + "; " + whatStays(entry, uid)}
	switch {
	case missing:
		out.ResolvedRefs = why
		if out.Accepted.Status {
			out.Accepted = why
		}
	case !out.Refused():
		out.Accepted = why
		out.Problems = []Problem{{Message: standstill.Message}}
	}
	return out
}

// tenantOutcome: a tenant that is paused is as its owner wants it, and one whose
// document is too large has to say so even where its own generation is live.
func (p *pass) tenantOutcome(r reader, standstill *Finding) Outcome {
	var entry *config.Entry
	if r.loaded != nil {
		entry = &r.settings.Tenant
	}
	out := p.tenant.outcome(entry)
	if p.in.Usage != nil {
		accounts := p.in.Usage.Accounts
		out.Accounts = &accounts
	}
	if standstill == nil {
		return out
	}
	switch {
	case standstill.Reason == ReasonTenantPaused && out.Accepted.Status:
		out.Accepted = Finding{true, ReasonTenantPaused, standstill.Message + "; " + whatStays(entry, p.tenant.uid)}
	case standstill.Reason == ReasonTooLarge && out.Live:
		out.Warnings = append(out.Warnings, standstill.Message)
	case standstill.Reason == ReasonTooLarge:
		out = stand(out, standstill, entry, p.tenant.uid)
	}
	return out
}

// accounts counts an entry that is live.
func (r reader) accounts(entry *config.Entry, count func(*config.Counts) int64) *int64 {
	if r.counts == nil || entry == nil {
		return nil
	}
	n := count(r.counts)
	return &n
}

func (r reader) defaultProfile() Default {
	profile, _ := r.loaded.DefaultAccountProfile()
	if profile.Source == config.ByBuiltIn {
		return Default{profile.Name, v1alpha1.DefaultBuiltIn}
	}
	return Default{profile.Name, v1alpha1.DefaultFromAccountProfile}
}

// orphans lists the retired entries. With UseDefault an entry applies to nobody, but
// is still named, so the larger of both counts is what a person has to look at.
func (r reader) orphans() []Orphan {
	var orphans []Orphan
	for i := range r.settings.AccountProfiles {
		if e := &r.settings.AccountProfiles[i]; e.State == config.Retired {
			orphans = append(orphans, Orphan{kindAccountProfile, e.Name, r.accounts(e, func(c *config.Counts) int64 {
				return max(c.AccountProfiles[e.Name], c.NamedAccountProfiles[e.Name])
			})})
		}
	}
	for i := range r.settings.MyAccountProfiles {
		if e := &r.settings.MyAccountProfiles[i]; e.State == config.Retired {
			orphans = append(orphans, Orphan{kindMyAccountProfile, e.Name, r.accounts(e, func(c *config.Counts) int64 {
				return max(c.MyAccountProfiles[e.Name], c.NamedMyAccountProfiles[e.Name])
			})})
		}
	}
	return orphans
}
