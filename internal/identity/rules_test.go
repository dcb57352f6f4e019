package identity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func TestNetworkOf(t *testing.T) {
	for _, test := range []struct {
		address, want string
		public        bool
	}{
		{"203.0.113.77", "203.0.113.0/24", true},
		{"::ffff:203.0.113.77", "203.0.113.0/24", true},
		{"2001:db8:1:2ff:3::1", "2001:db8:1:200::/56", true},
		{"10.42.0.7", "10.42.0.0/24", false},
		{"100.64.3.7", "100.64.3.0/24", false},
		{"127.0.0.1", "127.0.0.0/24", false},
		{"fd00::1", "fd00::/56", false},
		{"fe80::1%eth0", "fe80::/56", false},
		{"not an address", "unknown", false},
		{"", "unknown", false},
	} {
		if got, public := networkOf(test.address); got != test.want || public != test.public {
			t.Errorf("networkOf(%q) = %s, %t; want %s, %t", test.address, got, public, test.want, test.public)
		}
	}
}

// Behind a proxy that is not trusted, everybody comes from its address: a stranger must
// not be able to keep them all waiting.
func TestThrottleBehindAnUntrustedProxy(t *testing.T) {
	throttle := NewThrottle("dana", "10.0.0.5")
	if throttle.Own.Policy.Most != longestForAll {
		t.Errorf("a stranger can make the owner wait %s", throttle.Own.Policy.Most)
	}
	if len(throttle.Keys()) != 2 || len(throttle.Failed()) != 1 {
		t.Errorf("keys %v: failures of one count against everybody", throttle.Keys())
	}
}

// A known device shares no counter with anybody.
func TestDeviceThrottle(t *testing.T) {
	one, other := NewDeviceThrottle([]byte("one")), NewDeviceThrottle([]byte("other"))
	stranger := NewThrottle("dana", "203.0.113.77")
	if one.Own.Key == other.Own.Key || one.Own.Key == stranger.Own.Key {
		t.Errorf("keys %s, %s and %s are not distinct", one.Own.Key, other.Own.Key, stranger.Own.Key)
	}
	if diff := cmp.Diff(stranger.Own.Policy, one.Own.Policy); diff != "" {
		t.Errorf("guessing from a device is not slowed down as from a network:\n%s", diff)
	}
	own := []string{one.Own.Key}
	if !cmp.Equal(own, one.Keys()) || !cmp.Equal(own, one.Cleared()) || len(one.Failed()) != 0 {
		t.Errorf("keys %v, failed %v, cleared %v; want only its own", one.Keys(), one.Failed(), one.Cleared())
	}
}

func TestThrottleKeys(t *testing.T) {
	home := NewThrottle("Dana", "203.0.113.77")
	if diff := cmp.Diff(home, NewThrottle("dana", "203.0.113.9")); diff != "" {
		t.Errorf("the same login from the same network has other counters:\n%s", diff)
	}
	abroad := NewThrottle("dana", "198.51.100.1")
	if abroad.Own.Key == home.Own.Key {
		t.Error("a stranger's failures from elsewhere count against the owner's own network")
	}
	if abroad.Login.Key != home.Login.Key {
		t.Error("guesses from many networks are not counted together")
	}
	if strings.Contains(strings.Join(home.Keys(), " "), "dana") {
		t.Error("a key holds the login as it was typed")
	}
	if home.Login.Policy.Most > home.Own.Policy.Most/10 {
		t.Error("strangers can make an owner wait for long")
	}
	for _, key := range home.Cleared() {
		if key == home.Network.Key {
			t.Error("a success resets the network's counter")
		}
	}
}

func TestAuthorize(t *testing.T) {
	portal := config.Effective{
		MyAccountProfile: config.Profile{Name: "full"},
		Features:         []settings.Feature{settings.ViewInvoices, settings.ViewActivity},
		Attributes:       settings.Resolve(),
	}
	disabled := portal
	disabled.Attributes = settings.Resolve(settings.Layer{Source: settings.SourceAccount, Attributes: settings.Attributes{PortalAccess: settings.Disabled}})
	none := portal
	none.MyAccountProfile = config.Profile{}
	bills := portal
	bills.Features = []settings.Feature{settings.ViewInvoices}

	for _, test := range []struct {
		name      string
		feature   settings.Feature
		owner     bool
		grants    []settings.Feature
		status    settings.AccountStatus
		effective config.Effective
		want      settings.Decision
	}{
		{"owner has all that the profile has", settings.ViewActivity, true, nil, settings.Active, portal, settings.Allowed},
		{"owner has no more than the profile", settings.ViewActivity, true, nil, settings.Active, bills, settings.NotInProfile},
		{"granted", settings.ViewInvoices, false, []settings.Feature{settings.ViewInvoices}, settings.Active, portal, settings.Allowed},
		{"not granted", settings.ViewActivity, false, []settings.Feature{settings.ViewInvoices}, settings.Active, portal, settings.NotGranted},
		{"grant beyond the profile", settings.ViewActivity, false, []settings.Feature{settings.ViewActivity}, settings.Active, bills, settings.NotInProfile},
		{"suspended keeps invoices", settings.ViewInvoices, true, nil, settings.Suspended, portal, settings.Allowed},
		{"suspended loses activity", settings.ViewActivity, true, nil, settings.Suspended, portal, settings.NotInStatus},
		{"access disabled", settings.ViewInvoices, true, nil, settings.Active, disabled, NoPortal},
		{"no profile", settings.ViewInvoices, true, nil, settings.Active, none, NoPortal},
		{"unknown feature", "ViewSecrets", true, nil, settings.Active, portal, settings.NotInProfile},
	} {
		s := store.SessionView{Owner: test.owner, Grants: test.grants, Account: store.AccountView{Status: test.status}}
		if got := Authorize(test.feature, s, test.effective); got != test.want {
			t.Errorf("%s: Authorize = %s, want %s", test.name, got, test.want)
		}
	}
}
