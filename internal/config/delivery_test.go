package config_test

import (
	"testing"

	"github.com/foyerhq/foyer/internal/config"
)

// Who bounds what is sent in with a signature bounds all of it; who does not, nothing.
func TestEventTypesOfASignature(t *testing.T) {
	bounded := []string{"custom.*", "payment.received"}
	for _, test := range []struct {
		types []string
		event string
		want  bool
	}{
		{nil, "invoice.paid", true},
		{bounded, "custom.meter", true},
		{bounded, "payment.received", true},
		{bounded, "payment.failed", false},
		{bounded, "invoice.paid", false},
	} {
		live := config.Live{Tenant: config.Tenant{EventTypes: test.types}}
		if got := live.MaySign(test.event); got != test.want {
			t.Errorf("%q of %q: %t", test.event, test.types, got)
		}
	}
}
