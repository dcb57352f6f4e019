package compile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// TestCountNotes: they are those that a pass which has counted gives, in its order.
func TestCountNotes(t *testing.T) {
	for name, profile := range map[string]v1alpha1.MyAccountProfile{
		"a customer": portalProfile("vip", 1, forCustomer("7")),
		"groups":     portalProfile("vip", 1, forGroups("b", "a", "b")),
		"nobody":     portalProfile("vip", 1),
	} {
		out := mustCompile(t, compile.Input{
			Tenant: tenant(1), MyAccountProfiles: []v1alpha1.MyAccountProfile{profile}, Usage: &config.Usage{},
		})
		if diff := cmp.Diff(out.MyAccountProfiles["vip"].Warnings, compile.CountNotes(&profile)); diff != "" {
			t.Errorf("%s (-told +known):\n%s", name, diff)
		}
	}
}
