package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/index"
)

// The rights of the operator. Secrets are read by name: it may list them in its own
// namespace only, where the database servers are declared (a Role, not this one).
//
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants;accountprofiles;myaccountprofiles;eventtemplates,verbs=get;list;watch
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants/status;accountprofiles/status;myaccountprofiles/status;eventtemplates/status,verbs=patch
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=configmaps;services,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=namespaces,resourceNames=kube-system,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Options are what the manager's flags decide.
type Options struct {
	// Namespace is the operator's own, where database servers are declared.
	Namespace string
	// Image and Version are those of the tenants' pods.
	Image   string
	Version string
	// TrustedProxies are the networks, as comma separated CIDRs, of proxies whose word
	// on a client's address the tenants' pods believe.
	TrustedProxies string
	// APIPerSecond and APIBurst bound the requests of each API token to each backoffice;
	// 0: the backoffice's default.
	APIPerSecond int
	APIBurst     int
	// AllowOutgoing are the networks, as comma separated CIDRs, that are not public and
	// that the tenants' dispatchers may connect to all the same.
	AllowOutgoing string
	// TenantClock lets a ConfigMap beside each tenant move the time of its dispatcher, for
	// development.
	TenantClock bool
	// Concurrency is how many tenants are passed over at the same time; 8 if not set.
	Concurrency int
}

// pace is how often things are done that no event asks for.
type pace struct {
	poll       time.Duration // replicas, while something is pending
	pollAtRest time.Duration // replicas, when they take long
	refresh    time.Duration // until a pod that has not acknowledged is told again
	usage      time.Duration // counts of accounts
	retiring   time.Duration // counts, while a deleted profile waits to be unused
	secrets    time.Duration // are the Secrets that a Tenant names still there?
	missing    time.Duration // the same, while one is missing
	server     time.Duration // is the database server there?
	upkeep     time.Duration // partitions ahead, and what retention has passed
	retention  time.Duration // until a shorter one deletes
	verify     time.Duration // are schema, roles and Secrets still there?
	retry      time.Duration // the first retry of what failed; later ones wait longer
}

var usualPace = pace{
	poll:       100 * time.Millisecond,
	pollAtRest: 5 * time.Second,
	refresh:    300 * time.Millisecond,
	usage:      time.Minute,
	retiring:   5 * time.Second,
	secrets:    5 * time.Minute,
	missing:    15 * time.Second,
	server:     5 * time.Second,
	upkeep:     time.Hour,
	retention:  24 * time.Hour,
	verify:     10 * time.Minute,
	retry:      5 * time.Second,
}

const (
	defaultConcurrency = 8
	setupTimeout       = 30 * time.Second
)

// Setup adds the control plane to a manager. The manager's cache must be made with
// [CacheOptions].
func Setup(mgr manager.Manager, o Options) error {
	return setup(mgr, o, usualPace)
}

func setup(mgr manager.Manager, o Options, p pace) error {
	if o.Namespace == "" || o.Image == "" {
		return errors.New("the control plane needs the operator's namespace and the image of the tenants' pods")
	}
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	uid, err := clusterUID(ctx, mgr.GetAPIReader())
	if err != nil {
		return err
	}
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	r := newReconciler(mgr, o, p, uid)
	if err := mgr.Add(manager.RunnableFunc(r.background)); err != nil {
		return fmt.Errorf("add the background work of the control plane: %w", err)
	}
	return watch(mgr, r, o.Concurrency)
}

func newReconciler(mgr manager.Manager, o Options, p pace, clusterUID string) *Reconciler {
	r := &Reconciler{
		client:     mgr.GetClient(),
		live:       mgr.GetAPIReader(),
		gateway:    apply.New(mgr.GetClient(), mgr.GetAPIReader()),
		rehearsal:  apply.New(client.NewDryRunClient(mgr.GetClient()), mgr.GetAPIReader()),
		recorder:   mgr.GetEventRecorder("foyer"),
		options:    o,
		pace:       p,
		clusterUID: clusterUID,
		memories:   map[types.NamespacedName]*memory{},
		again:      newAgain(),
		claims:     &claims{held: map[string]types.NamespacedName{}},
	}
	r.servers = newServers(r.client, r.live, o.Namespace)
	r.preparations = newPreparations(p, r.prepareTenant, r.again.now)
	r.upkeeps = newUpkeeps(p, upkeepNews{r.tellUpkeep, r.tellDeleted, r.again.now})
	return r
}

// clusterUID tells clusters apart: the uid of a namespace that each has and keeps.
func clusterUID(ctx context.Context, reader client.Reader) (string, error) {
	var namespace corev1.Namespace
	if err := reader.Get(ctx, types.NamespacedName{Name: "kube-system"}, &namespace); err != nil {
		return "", fmt.Errorf("read namespace kube-system, whose uid names the cluster: %w", err)
	}
	return string(namespace.UID), nil
}

// background polls the database servers until the manager stops, and then waits for
// what still prepares a tenant or keeps up its schema.
func (r *Reconciler) background(ctx context.Context) error {
	tick := time.NewTicker(r.pace.server)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.preparations.stop()
			r.upkeeps.stop()
			r.servers.close()
			return nil
		case <-tick.C:
			r.pollServers(ctx)
		}
	}
}

// controllerOptions bounds the wait between two attempts of a pass that fails.
func controllerOptions(concurrency int) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrency,
		RateLimiter:             newRateLimiter(),
		ReconciliationTimeout:   time.Minute,
	}
}
