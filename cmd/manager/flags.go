package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/foyerhq/foyer/internal/process"
)

// options are what the flags say.
type options struct {
	namespace       string
	image           string
	trustedProxies  string
	apiPerSecond    int // 0: the backoffice's own default
	apiRequestBurst int // 0: as apiPerSecond
	allowOutgoing   string
	tenantClock     bool
	metricsListen   string
	healthListen    string
	leaderElect     bool
}

// parseFlags reads and checks the flags. Usage goes to output.
func parseFlags(args []string, getenv func(string) string, output io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("manager", flag.ContinueOnError)
	set.SetOutput(output)
	set.StringVar(&o.namespace, "namespace", getenv("POD_NAMESPACE"),
		"the operator's own namespace, where database servers are declared (default $POD_NAMESPACE)")
	set.StringVar(&o.image, "image", getenv("FOYER_IMAGE"),
		"image of the tenants' pods (default $FOYER_IMAGE)")
	set.StringVar(&o.trustedProxies, "trusted-proxies", "",
		"networks, as comma separated CIDRs, of proxies whose word on a visitor's address portals believe")
	set.IntVar(&o.apiPerSecond, "api-requests-per-second", 0,
		"requests that an API token may send to each backoffice on average; 0 for the backoffice's default")
	set.IntVar(&o.apiRequestBurst, "api-request-burst", 0,
		"requests that an API token may send to each backoffice at once, after a pause; 0 for the backoffice's default")
	set.StringVar(&o.allowOutgoing, "allow-outgoing", "",
		"networks, as comma separated CIDRs, that are not public and that dispatchers may send to all the same, as a mail server's in the cluster")
	set.BoolVar(&o.tenantClock, "tenant-clock", false,
		"development only: let ConfigMap TENANT-clock, key offset, move the time of a tenant's dispatcher")
	set.StringVar(&o.metricsListen, "metrics-listen", ":8080",
		"address that serves /metrics, as plain HTTP; 0 for none")
	set.StringVar(&o.healthListen, "health-listen", ":8081",
		"address that serves /livez and /readyz")
	set.BoolVar(&o.leaderElect, "leader-elect", false,
		"work only while holding a lease, so that several managers can run")
	if err := set.Parse(args); err != nil {
		return options{}, err
	}
	if set.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q, manager takes flags only", set.Arg(0))
	}
	return o.checked()
}

func (o options) checked() (options, error) {
	if o.namespace == "" {
		return options{}, errors.New("the operator's namespace is not known: set --namespace or POD_NAMESPACE")
	}
	if o.image == "" {
		return options{}, errors.New("the image of the tenants' pods is not known: set --image or FOYER_IMAGE")
	}
	if o.apiPerSecond < 0 {
		return options{}, fmt.Errorf("--api-requests-per-second: %d is out of range, allowed is 1 or more, or 0 for the default", o.apiPerSecond)
	}
	if o.apiRequestBurst < 0 {
		return options{}, fmt.Errorf("--api-request-burst: %d is out of range, allowed is 1 or more, or 0 for the default", o.apiRequestBurst)
	}
	var err error
	if o.trustedProxies, err = networks(o.trustedProxies); err != nil {
		return options{}, fmt.Errorf("--trusted-proxies: %w", err)
	}
	if o.allowOutgoing, err = networks(o.allowOutgoing); err != nil {
		return options{}, fmt.Errorf("--allow-outgoing: %w", err)
	}
	return o, nil
}

// networks gives a list of CIDRs the one form that it has, so that the pods roll only when
// the networks change.
func networks(list string) (string, error) {
	prefixes, err := process.ParsePrefixes(list)
	if err != nil {
		return "", err
	}
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ","), nil
}
