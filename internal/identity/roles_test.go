package identity

import (
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// TestRolesNeedTheirRights: nobody gives or takes a role, also of their own contact, whose
// messages are about what they do not see.
func TestRolesNeedTheirRights(t *testing.T) {
	profile := config.Effective{Features: []settings.Feature{settings.ViewInvoices, settings.ViewServices, settings.ManageContacts}}
	for _, test := range []struct {
		name   string
		role   string
		person store.SessionView
		want   ContactRefusal
	}{
		{"contacts alone", "Billing", store.SessionView{}, RoleNotHeld},
		{"sees services", "Billing", store.SessionView{Grants: []settings.Feature{settings.ViewServices}}, RoleNotHeld},
		{"sees invoices", "Billing", store.SessionView{Grants: []settings.Feature{settings.ViewInvoices}}, ""},
		{"sees invoices of a site", "Billing", store.SessionView{Grants: []settings.Feature{settings.ViewInvoices}, Sites: []string{"s1"}}, RoleNotHeld},
		{"sees invoices", "Technical", store.SessionView{Grants: []settings.Feature{settings.ViewInvoices}}, RoleNotHeld},
		{"sees services", "Technical", store.SessionView{Grants: []settings.Feature{settings.ViewServices}}, ""},
		{"sees invoices", "Secondary", store.SessionView{Grants: []settings.Feature{settings.ViewInvoices}}, RoleNotHeld},
		{"sees both", "Secondary", store.SessionView{Grants: []settings.Feature{settings.ViewInvoices, settings.ViewServices}}, ""},
		{"the owner", "Billing", store.SessionView{Owner: true}, ""},
	} {
		test.person.ContactID = "own"
		m := NewManager(test.person, profile, true)
		for _, id := range []string{"own", "other"} {
			without := store.Contact{Row: store.Row{ID: id}, Access: store.AccessActive}
			with := without
			with.Roles = []string{test.role}
			if got := m.CheckChange(&without, with); got != test.want {
				t.Errorf("%s gives %s to %s: %q", test.name, test.role, id, got)
			}
			if got := m.CheckChange(&with, without); got != test.want {
				t.Errorf("%s takes %s from %s: %q", test.name, test.role, id, got)
			}
		}
	}
}
