package config_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// BenchmarkResolve is what a request costs beside the database: the attributes of the
// account's row are decoded, and everything that applies to the account is resolved,
// in a tenant of 50 account profiles and 50 portal profiles. The account reaches its
// portal profile by the longest way. `make bench RUN=resolve` holds it to its target.
func BenchmarkResolve(b *testing.B) {
	p := plan{
		tenant:   config.Tenant{DefaultAccountProfile: "profile-0", Attributes: settings.Attributes{Currency: "AUD"}},
		profiles: map[string]config.AccountProfile{}, portals: map[string]config.MyAccountProfile{},
	}
	for i := range 50 {
		days := int32(i)
		p.profiles[fmt.Sprint("profile-", i)] = config.AccountProfile{Attributes: settings.Attributes{TradingTermsDays: &days}, MyAccountProfile: fmt.Sprint("portal-", i)}
		portal := config.MyAccountProfile{Features: []settings.Feature{settings.ViewInvoices, settings.ViewActivity}}
		switch i % 3 {
		case 0:
			portal.Customer = fmt.Sprint(i)
		case 1:
			portal.CustomerGroups = []string{fmt.Sprint("group-", i), "never"}
		}
		p.portals[fmt.Sprint("portal-", i)] = portal
	}
	live := p.live(b)
	row := []byte(`{"tradingTermsDays":30,"locale":"en-AU","timeZone":"Australia/Sydney","portalAccess":"Enabled","creditLimit":"5000.00","lateFee":{"type":"None"}}`)
	account := config.Account{ID: "none", AccountProfile: "profile-49", Groups: []string{"bronze", "gold", "silver"}}
	b.ReportAllocs()
	for b.Loop() {
		account.Attributes = settings.Attributes{}
		if err := json.Unmarshal(row, &account.Attributes); err != nil {
			b.Fatal(err)
		}
		if e := live.For(account); e.MyAccountProfile.Name != "portal-49" {
			b.Fatalf("resolved to %+v", e.MyAccountProfile)
		}
	}
}
