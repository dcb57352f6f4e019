package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

const bridgeFilter = "net/bridge/bridge-nf-call-iptables"

// route is what "ip -json route" says of one.
type route struct {
	Destination string `json:"dst"`
	Device      string `json:"dev"`
}

// checkRoutes refuses to start over a network that is already routed elsewhere.
func checkRoutes(ctx context.Context) error {
	out, err := run(ctx, "ip", "-json", "-4", "route", "show", "table", "all")
	if err != nil {
		return err
	}
	var routes []route
	if err := json.Unmarshal([]byte(out), &routes); err != nil {
		return fmt.Errorf("read the routes: %w", err)
	}
	return collision(routes, podCIDR, serviceCIDR)
}

// collision names the first route that overlaps one of the networks.
func collision(routes []route, networks ...string) error {
	for _, r := range routes {
		there, err := parsePrefix(r.Destination)
		if err != nil || there.Bits() == 0 || r.Device == bridge {
			continue // "default", or no network
		}
		for _, name := range networks {
			if there.Overlaps(netip.MustParsePrefix(name)) {
				return fmt.Errorf("the cluster needs %s, but this machine routes %s to %s: take that route away while the cluster runs",
					name, r.Destination, r.Device)
			}
		}
	}
	return nil
}

// parsePrefix reads "10.0.0.0/8" as well as the single address "10.0.0.1".
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// makeNetwork makes the bridge with the gateway's address before anything
// starts, because the API server is to listen there.
func makeNetwork(ctx context.Context) error {
	if err := filterBridgedPackets(ctx); err != nil {
		return err
	}
	if err := writeSysctl("net/ipv4/ip_forward", "1"); err != nil {
		return fmt.Errorf("switch forwarding on: %w", err)
	}
	for _, args := range [][]string{
		{"link", "add", bridge, "type", "bridge"},
		{"address", "add", gatewayCIDR, "dev", bridge},
		{"link", "set", bridge, "up"},
		// Without it a host that has no default route would not even try.
		{"route", "add", serviceCIDR, "dev", bridge},
	} {
		if _, err := run(ctx, "ip", args...); err != nil {
			return err
		}
	}
	_, err := runInput(ctx, ownRules, "iptables-restore", "--noflush", "--wait")
	return err
}

// ownRules let pods out to where the host can go, also on a host that forwards
// nothing by default. They come last, so that kube-proxy's rules decide first.
const ownRules = `*nat
:FOYER-POSTROUTING - [0:0]
-A POSTROUTING -j FOYER-POSTROUTING
-A FOYER-POSTROUTING -s ` + podCIDR + ` ! -d ` + podCIDR + ` -j MASQUERADE
COMMIT
*filter
:FOYER-FORWARD - [0:0]
-A FORWARD -j FOYER-FORWARD
-A FOYER-FORWARD -i ` + bridge + ` -j ACCEPT
-A FOYER-FORWARD -o ` + bridge + ` -j ACCEPT
COMMIT
`

// filterBridgedPackets makes a Service's answer from one pod to another pass
// the rules that translate it back, although both are on one bridge.
func filterBridgedPackets(ctx context.Context) error {
	path := filepath.Join("/proc/sys", bridgeFilter)
	if _, err := os.Stat(path); err != nil {
		if _, err := run(ctx, "modprobe", "br_netfilter"); err != nil {
			return fmt.Errorf("the kernel has no bridge netfilter, which Services between pods need: %w", err)
		}
	}
	return writeSysctl(bridgeFilter, "1")
}

// outsideMTU is the packet size of the default route, or the usual one.
func outsideMTU(ctx context.Context) int {
	const usual = 1500
	out, err := run(ctx, "ip", "-json", "-4", "route", "show", "default")
	if err != nil {
		return usual
	}
	var routes []route
	if json.Unmarshal([]byte(out), &routes) != nil || len(routes) == 0 {
		return usual
	}
	var mtu int
	raw, err := os.ReadFile(filepath.Join("/sys/class/net", routes[0].Device, "mtu"))
	if err != nil {
		return usual
	}
	if _, err := fmt.Sscan(string(raw), &mtu); err != nil {
		return usual
	}
	return min(mtu, usual)
}

// removeInterfaces deletes the bridge and what is plugged into it.
func removeInterfaces(ctx context.Context, name string) error {
	if _, err := os.Stat(filepath.Join("/sys/class/net", name)); err != nil {
		return nil
	}
	ports, err := os.ReadDir(filepath.Join("/sys/class/net", name, "brif"))
	if err != nil {
		return err
	}
	for _, port := range ports {
		_, _ = run(ctx, "ip", "link", "delete", port.Name()) // it may vanish with its namespace just now
	}
	_, err = run(ctx, "ip", "link", "delete", name)
	return err
}
