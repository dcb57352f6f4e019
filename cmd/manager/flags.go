package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/tracing"
)

// Tenants that roll at the same time.
const (
	defaultWaveSize = 5
	maxWaveSize     = 1000
)

// Seconds for which canaries stay well before others roll.
const (
	defaultCanarySoak = 60
	maxCanarySoak     = 24 * 60 * 60
)

// options are what the flags say.
type options struct {
	namespace       string
	watchNamespaces []string // none: all
	clusterID       string
	image           string
	trustedProxies  string
	apiPerSecond    int // 0: the backoffice's own default
	apiRequestBurst int // 0: as apiPerSecond
	allowOutgoing   string
	network         *provision.Network // nil: no NetworkPolicies
	waveSize        int
	canarySoak      int
	tenantClock     bool
	metricsListen   string
	metricsSecure   bool
	metricsCertDir  string // empty: the manager makes a certificate
	traces          map[string]string
	healthListen    string
	leaderElect     bool
}

// parseFlags reads and checks the flags. Usage goes to output.
func parseFlags(args []string, getenv func(string) string, output io.Writer) (options, error) {
	var o options
	var watched string
	var network networkFlags
	set := flag.NewFlagSet("manager", flag.ContinueOnError)
	set.SetOutput(output)
	set.StringVar(&o.namespace, "namespace", getenv("POD_NAMESPACE"),
		"the operator's own namespace, where database servers are declared (default $POD_NAMESPACE)")
	set.StringVar(&watched, "watch-namespaces", "",
		"namespaces, comma separated, that have tenants: the manager needs rights in them and in its own only; empty for all")
	set.StringVar(&o.clusterID, "cluster-id", "",
		"what tells this cluster apart from others that use the same database servers; empty for the uid of namespace kube-system, which takes a right to read that")
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
	network.register(set)
	set.IntVar(&o.waveSize, "wave-size", defaultWaveSize,
		"tenants whose pods are replaced at the same time when a new release makes them differently, 1 to 1000; those with the label foyer.dev/canary=true are first")
	set.IntVar(&o.canarySoak, "canary-soak-seconds", defaultCanarySoak,
		"seconds for which all canaries stay rolled out and available before other tenants roll, 0 to 86400")
	set.BoolVar(&o.tenantClock, "tenant-clock", false,
		"development only: let ConfigMap TENANT-clock, key offset, move the time of a tenant's dispatcher")
	set.StringVar(&o.metricsListen, "metrics-listen", ":8080",
		"address that serves /metrics, as plain HTTP; 0 for none")
	set.BoolVar(&o.metricsSecure, "metrics-secure", false,
		"serve /metrics as HTTPS, and only to ServiceAccounts that may get it; needs the rights of config/prometheus/secure")
	set.StringVar(&o.metricsCertDir, "metrics-cert-dir", "",
		"directory with tls.crt and tls.key for --metrics-secure; empty: the manager makes a certificate that nobody can verify")
	set.StringVar(&o.healthListen, "health-listen", ":8081",
		"address that serves /livez and /readyz")
	set.BoolVar(&o.leaderElect, "leader-elect", false,
		"work only while holding a lease, so that several managers can run")
	o.traces = tracing.Passed(getenv)
	if err := set.Parse(args); err != nil {
		return options{}, err
	}
	if set.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q, manager takes flags only", set.Arg(0))
	}
	var err error
	if o.watchNamespaces, err = namespaces(watched); err != nil {
		return options{}, fmt.Errorf("--watch-namespaces: %w", err)
	}
	if o.network, err = network.checked(); err != nil {
		return options{}, err
	}
	return o.checked()
}

func (o options) checked() (options, error) {
	if o.namespace == "" {
		return options{}, errors.New("the operator's namespace is not known: set --namespace or POD_NAMESPACE")
	}
	if problems := validation.IsDNS1123Label(o.namespace); len(problems) > 0 {
		return options{}, fmt.Errorf("--namespace: %q is not the name of a namespace: %s", o.namespace, problems[0])
	}
	if o.clusterID != "" && !clusterID.MatchString(o.clusterID) {
		return options{}, fmt.Errorf("--cluster-id: %q is not 8 to 64 letters, digits and hyphens", o.clusterID)
	}
	if o.image == "" {
		return options{}, errors.New("the image of the tenants' pods is not known: set --image or FOYER_IMAGE")
	}
	if o.metricsCertDir != "" && !o.metricsSecure {
		return options{}, errors.New("--metrics-cert-dir is for --metrics-secure: set both, or neither")
	}
	if err := o.numbers(); err != nil {
		return options{}, err
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

// numbers says which number is out of range.
func (o options) numbers() error {
	if o.apiPerSecond < 0 {
		return fmt.Errorf("--api-requests-per-second: %d is out of range, allowed is 1 or more, or 0 for the default", o.apiPerSecond)
	}
	if o.apiRequestBurst < 0 {
		return fmt.Errorf("--api-request-burst: %d is out of range, allowed is 1 or more, or 0 for the default", o.apiRequestBurst)
	}
	if o.waveSize < 1 || o.waveSize > maxWaveSize {
		return fmt.Errorf("--wave-size: %d is out of range, allowed is 1 to %d", o.waveSize, maxWaveSize)
	}
	if o.canarySoak < 0 || o.canarySoak > maxCanarySoak {
		return fmt.Errorf("--canary-soak-seconds: %d is out of range, allowed is 0 to %d", o.canarySoak, maxCanarySoak)
	}
	return nil
}

// clusterID is what --cluster-id allows. A short one would be the same in another cluster
// sooner or later.
var clusterID = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// namespaces reads a list of names, each once and sorted. A list that names none is a
// mistake, as of an empty variable: it would mean all.
func namespaces(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return nil, fmt.Errorf("%q is not the name of a namespace: %s", name, problems[0])
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
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
