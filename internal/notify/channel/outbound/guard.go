// Package outbound is how Foyer calls out to addresses that tenants choose: mail servers,
// providers of text messages, webhooks. It calls public addresses only. What is private
// (the cluster, the node, the provider's network, metadata services of clouds) is refused
// when a connection is made, after the name was looked up, so that a name which changes its
// mind gains nothing; the platform team names exceptions (--allow-outgoing). HTTP goes
// without a proxy of the environment, follows no redirects, and reads a bounded answer.
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// refused are the networks besides those that package netip knows by itself: what is not
// on the public internet, and what leads from there back inside.
var refused = prefixes(
	"0.0.0.0/8",                                         // this network
	"100.64.0.0/10",                                     // carrier-grade NAT; pods of some clouds
	"168.63.129.16/32",                                  // the host of virtual machines of Azure
	"192.0.0.0/24",                                      // protocols; metadata of Oracle's cloud
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation
	"192.88.99.0/24",                                           // relays of 6to4
	"198.18.0.0/15",                                            // benchmarks
	"240.0.0.0/4",                                              // reserved, broadcast
	"::/96",                                                    // unspecified, loopback, and addresses of IPv4 in an old form
	"::ffff:0:0:0/96",                                          // IPv4 translated (SIIT)
	"64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", // IPv4 in another dress
	"100::/64",      // discarded
	"2001:db8::/32", // documentation
	"3fff::/20",
	"5f00::/16", // segment routing
	"fec0::/10", // site local, of old
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// BlockedError says that an address is not called.
type BlockedError struct {
	Address netip.Addr
	Cluster bool // it is that of the cluster's API, which nobody can allow
}

func (e *BlockedError) Error() string {
	if e.Cluster {
		return e.Address.String() + " is the API of the cluster, which Foyer does not call"
	}
	return fmt.Sprintf("%s is a private address, which Foyer does not call: the platform team can allow it with the operator's flag --allow-outgoing", e.Address)
}

// Guard decides which addresses are called.
type Guard struct {
	allowed []netip.Prefix
	cluster netip.Addr // of the cluster's API; the zero Addr: there is none
}

// NewGuard allows some prefixes besides the public internet. The API of the cluster that
// this runs in is never called, wherever it is.
func NewGuard(allowed []netip.Prefix) *Guard {
	cluster, err := netip.ParseAddr(os.Getenv("KUBERNETES_SERVICE_HOST"))
	if err != nil {
		cluster = netip.Addr{} // it runs in none
	}
	return &Guard{allowed: allowed, cluster: cluster.Unmap()}
}

// Check says whether an address is called. The error is a *[BlockedError].
func (g *Guard) Check(address netip.Addr) error {
	address = address.Unmap().WithZone("")
	if address == g.cluster {
		return &BlockedError{Address: address, Cluster: true}
	}
	for _, prefix := range g.allowed {
		if prefix.Contains(address) {
			return nil
		}
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return &BlockedError{Address: address}
	}
	for _, prefix := range refused {
		if prefix.Contains(address) {
			return &BlockedError{Address: address}
		}
	}
	return nil
}

// dialTimeout bounds looking a name up and connecting to one of its addresses.
const dialTimeout = 10 * time.Second

// Dialer connects to addresses that are called.
func (g *Guard) Dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:   dialTimeout,
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("address %q: %w", address, err)
			}
			return g.Check(at.Addr())
		},
	}
}
