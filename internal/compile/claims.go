package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
)

// claim is one MyAccountProfile that names a customer: by its newest generation, or
// by the entry that is carried because that generation is refused.
type claim struct {
	*object[config.MyAccountProfile]
	holds bool // the entry that is live names the customer already
}

// settleCustomers gives each customer to one MyAccountProfile. The one that is live
// with it keeps it; what nobody holds goes to the oldest object. Who loses falls back
// to its live entry, which may hold a customer that another one was just given, so
// it is settled again until nobody loses. Each round has a new loser or is the last.
func (p *pass) settleCustomers() {
	losers := map[string]bool{}
	for settled := false; !settled; {
		settled = true
		for _, claims := range p.claims(losers) {
			winner := slices.MinFunc(claims, compareClaims)
			for _, c := range claims {
				if c.name != winner.name && !losers[c.name] {
					losers[c.name] = true
					settled = false
				}
			}
		}
	}
	final := p.claims(losers)
	for name := range losers {
		o := p.myAccountProfiles[name]
		p.refuseClaim(o, slices.MinFunc(final[o.content.Customer], compareClaims))
	}
}

func (p *pass) refuseClaim(o *object[config.MyAccountProfile], winner claim) {
	why := "is older"
	if winner.holds {
		why = "is live with it"
	}
	o.refuse(&o.accepted, ReasonConflicted, problemAt("spec.customer",
		"account %q belongs to MyAccountProfile %q, which %s: one account can be named by one profile, take it out of %q or choose another",
		o.content.Customer, winner.name, why, winner.name))
}

// claims lists who would have which customer without the newest generations of the
// losers.
func (p *pass) claims(losers map[string]bool) map[string][]claim {
	claims := map[string][]claim{}
	for _, o := range p.myAccountProfiles {
		content := o.content
		isLive := o.live != nil && o.live.State != config.Retired
		if o.refused() || losers[o.name] {
			if !isLive {
				continue
			}
			content = o.live.content
		}
		if content.Customer != "" {
			holds := isLive && o.live.content.Customer == content.Customer
			claims[content.Customer] = append(claims[content.Customer], claim{o, holds})
		}
	}
	return claims
}

// compareClaims puts the claim first that wins.
func compareClaims(a, b claim) int {
	switch {
	case a.holds && !b.holds:
		return -1
	case b.holds && !a.holds:
		return 1
	}
	return cmp.Or(a.created.Compare(b.created), strings.Compare(a.name, b.name))
}
