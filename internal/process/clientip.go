package process

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientIP returns the address of the client of a request. X-Forwarded-For is read
// from right to left, and only as far as trusted proxies wrote it: the first address
// that is not a trusted proxy is the client, since everything left of it is the
// client's own claim. An entry that is not an address ends the walk.
func ClientIP(r *http.Request, trusted []netip.Prefix) string {
	client, ok := peer(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := forwardedFor(r.Header)
	for i := len(hops) - 1; i >= 0 && contains(trusted, client); i-- {
		hop, ok := hopAddr(hops[i])
		if !ok {
			break
		}
		client = hop
	}
	return client.String()
}

func forwardedFor(h http.Header) []string {
	values := h.Values("X-Forwarded-For")
	if len(values) == 0 {
		return nil
	}
	return strings.Split(strings.Join(values, ","), ",")
}

func peer(remote string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return plain(ap.Addr()), true
	}
	return netip.Addr{}, false
}

// hopAddr takes an address with or without a port: some proxies write one.
func hopAddr(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if address, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return plain(address), true
	}
	return peer(hop)
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func contains(trusted []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}
