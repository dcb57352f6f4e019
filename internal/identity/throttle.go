package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// Limit is one counter of failures and how it slows the next attempt down.
type Limit struct {
	Key    string
	Policy store.ThrottlePolicy
}

// Throttle holds the counters of one sign-in attempt.
//
// Own is the strict one. It counts a login from one network, so whoever fails from
// elsewhere does not make the login's owner wait. Login counts the same login from
// everywhere: it makes guessing from many networks slow, and its delay stays so short
// that it locks nobody out. Network counts everybody who shares an address: it starts
// late, because that can be a whole office.
//
// Login locks nobody out who waits, but a stranger who never stops takes each attempt that
// it lets through. So a person who signed in with their browser before does not wait for
// strangers at all: see [NewDeviceThrottle].
//
// An address of a private network is seldom one office's: behind a proxy that nobody
// told us to trust, it is every customer's. There Own stays as short as Login, and
// Network has no key.
type Throttle struct {
	Own, Login, Network Limit
}

// longestForAll bounds a delay that strangers can cause to others.
const longestForAll = 10 * time.Second

// NewThrottle returns the counters for a login that is tried from an address. They say
// nothing about whether the login exists. Keys hold a digest of the login: people type
// their password into the wrong field.
func NewThrottle(login, address string) Throttle {
	who := loginDigest(login)
	network, public := networkOf(address)
	t := Throttle{
		Own:   Limit{"own:" + who + "@" + network, store.DefaultThrottlePolicy()},
		Login: Limit{"login:" + who, store.ThrottlePolicy{Free: 50, First: time.Second, Most: longestForAll, Forget: 24 * time.Hour}},
	}
	if !public {
		t.Own.Policy.Most = longestForAll
		return t
	}
	t.Network = Limit{"network:" + network, store.ThrottlePolicy{Free: 50, First: time.Second, Most: time.Minute, Forget: time.Hour}}
	return t
}

// NewDeviceThrottle returns the one counter for a login that is tried from a device which
// its user signed in with before. Nobody else has the device's secret, so nobody else's
// failures count there; and it counts for nobody else.
func NewDeviceThrottle(secretHash []byte) Throttle {
	return Throttle{Own: Limit{"device:" + hex.EncodeToString(secretHash), store.DefaultThrottlePolicy()}}
}

// Keys lists the counters that can delay the attempt.
func (t Throttle) Keys() []string { return keys(t.Own, t.Login, t.Network) }

// Failed lists the counters that a refused attempt adds to, besides Own, which was
// counted before the password was looked at.
func (t Throttle) Failed() []Limit { return used(t.Login, t.Network) }

// Cleared lists the counters that a success resets. The network's is not among them:
// else a guesser with one account of their own could reset it.
func (t Throttle) Cleared() []string { return keys(t.Own, t.Login) }

// used lists the limits that the attempt has.
func used(limits ...Limit) []Limit {
	return slices.DeleteFunc(limits, func(l Limit) bool { return l.Key == "" })
}

func keys(limits ...Limit) []string {
	var list []string
	for _, l := range used(limits...) {
		list = append(list, l.Key)
	}
	return list
}

func loginDigest(login string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(login)))
	return hex.EncodeToString(sum[:16])
}

// carrierNetwork is shared address space: carriers and some clusters use it inside.
var carrierNetwork = netip.MustParsePrefix("100.64.0.0/10")

// networkOf is the part of an address that one customer of a network usually has: /24
// of IPv4, /56 of IPv6. public is false for what is not an address of the internet.
func networkOf(address string) (network string, public bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown", false
	}
	ip = ip.Unmap().WithZone("")
	bits := 56
	if ip.Is4() {
		bits = 24
	}
	public = ip.IsGlobalUnicast() && !ip.IsPrivate() && !carrierNetwork.Contains(ip)
	return netip.PrefixFrom(ip, bits).Masked().String(), public
}

// NewForgotThrottle returns the counters for requests of a mail to reset a password. They
// are of their own: who asks for a mail does not make anybody wait who signs in. Each
// request counts, since nobody is told whether it was of any use.
func NewForgotThrottle(login, address string) Throttle {
	t := NewThrottle(login, address)
	t.Own.Policy = store.ThrottlePolicy{Free: 3, First: 30 * time.Second, Most: 15 * time.Minute, Forget: time.Hour}
	for _, limit := range []*Limit{&t.Own, &t.Login, &t.Network} {
		if limit.Key != "" {
			limit.Key = "forgot " + limit.Key
		}
	}
	return t
}

// NewMailLimits returns the counters of mails that the people of an account send to an
// address of their choice, which can be a stranger's: to this one, and to all.
func NewMailLimits(accountID, address string) []Limit {
	day := 24 * time.Hour
	return []Limit{
		{"mail " + loginDigest(accountID+" "+address), store.ThrottlePolicy{Free: 5, First: time.Minute, Most: time.Hour, Forget: day}},
		{"mails " + loginDigest(accountID), store.ThrottlePolicy{Free: 50, First: time.Minute, Most: time.Hour, Forget: day}},
	}
}

// NewUsernameLimit returns the counter of usernames that a person tries for themselves:
// the answer says whether somebody else has one.
func NewUsernameLimit(userID string) Limit {
	return Limit{"username " + userID, store.ThrottlePolicy{Free: 20, First: time.Minute, Most: time.Hour, Forget: 24 * time.Hour}}
}
