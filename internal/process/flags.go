package process

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Flags are the flags of a binary of the data plane. Every default is right inside
// a pod that the operator made.
type Flags struct {
	SettingsDir    string         // directory of the settings document
	DatabaseDir    string         // directory with the file "uri"
	Listen         string         // address of the binary's own listener
	AdminListen    string         // address of /livez, /readyz and /metrics
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Drain          time.Duration  // from "not ready" to "no new connections"
	Pod            string         // name under which the replica acknowledges documents
}

const maxDrainSeconds = 600

// ParseFlags reads the flags of a component. listen is the default address of its
// own listener; one without has no flags about requests either. own declares the flags
// that only it has. The pod's name comes from POD_NAME, else from the host.
func ParseFlags(component, listen string, args []string, output io.Writer, own ...func(*flag.FlagSet)) (Flags, error) {
	f := Flags{Pod: podName()}
	set := flag.NewFlagSet(component, flag.ContinueOnError)
	set.SetOutput(output)
	set.StringVar(&f.SettingsDir, "settings-dir", "/etc/foyer/settings", "directory with the settings document")
	set.StringVar(&f.DatabaseDir, "database-dir", "/etc/foyer/database", "directory with the file uri, a postgres:// URI")
	set.StringVar(&f.AdminListen, "admin-listen", ":9090", "address of /livez, /readyz and /metrics")
	proxies, drain := new(string), new(int)
	if listen != "" {
		set.StringVar(&f.Listen, "listen", listen, "address to serve on")
		set.StringVar(proxies, "trusted-proxies", "", "comma separated CIDRs of proxies whose X-Forwarded-For is believed")
		set.IntVar(drain, "drain-seconds", 5, "seconds to keep serving after SIGTERM while the replica is taken out of its Service")
	}
	for _, declare := range own {
		declare(set)
	}
	if err := set.Parse(args); err != nil {
		return Flags{}, err
	}
	if set.NArg() > 0 {
		return Flags{}, fmt.Errorf("unexpected argument %q, %s takes flags only", set.Arg(0), component)
	}
	if *drain < 0 || *drain > maxDrainSeconds {
		return Flags{}, fmt.Errorf("--drain-seconds: %d is out of range, allowed is 0 to %d", *drain, maxDrainSeconds)
	}
	f.Drain = time.Duration(*drain) * time.Second
	trusted, err := ParsePrefixes(*proxies)
	if err != nil {
		return Flags{}, fmt.Errorf("--trusted-proxies: %w", err)
	}
	f.TrustedProxies = trusted
	return f, nil
}

func podName() string {
	if name := os.Getenv("POD_NAME"); name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return name
}

// ParsePrefixes reads comma separated CIDRs or single addresses; empty means none.
func ParsePrefixes(list string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		prefix, err := parsePrefix(item)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func parsePrefix(item string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(item); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(item)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a CIDR such as 10.0.0.0/8", item)
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("write IPv4 networks as IPv4, such as 10.0.0.0/8, not as " + item)
	}
	return prefix.Masked(), nil
}
