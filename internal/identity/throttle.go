package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
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
type Throttle struct {
	Own, Login, Network Limit
}

// NewThrottle returns the counters for a login that is tried from an address. They say
// nothing about whether the login exists. Keys hold a digest of the login: people type
// their password into the wrong field.
func NewThrottle(login, address string) Throttle {
	who, network := loginDigest(login), networkOf(address)
	return Throttle{
		Own:     Limit{"own:" + who + "@" + network, store.DefaultThrottlePolicy()},
		Login:   Limit{"login:" + who, store.ThrottlePolicy{Free: 50, First: time.Second, Most: 10 * time.Second, Forget: 24 * time.Hour}},
		Network: Limit{"network:" + network, store.ThrottlePolicy{Free: 50, First: time.Second, Most: time.Minute, Forget: time.Hour}},
	}
}

// Keys lists the counters that can delay the attempt.
func (t Throttle) Keys() []string { return []string{t.Own.Key, t.Login.Key, t.Network.Key} }

// Cleared lists the counters that a success resets. The network's is not among them:
// else a guesser with one account of their own could reset it.
func (t Throttle) Cleared() []string { return []string{t.Own.Key, t.Login.Key} }

func loginDigest(login string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(login)))
	return hex.EncodeToString(sum[:16])
}

// networkOf is the part of an address that one customer of a network usually has: /24
// of IPv4, /56 of IPv6.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	bits := 56
	if ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}
