package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/wave"
)

// The rights of the operator in every namespace that has tenants, and none that is not of
// a namespace: they are a ClusterRole, or a Role in each of the watched namespaces. Secrets
// are read by name: it may list them in its own namespace only, where the database servers
// are declared (config/rbac/own).
//
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants;accountprofiles;myaccountprofiles;eventtemplates,verbs=get;list;watch
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants/status;accountprofiles/status;myaccountprofiles/status;eventtemplates/status,verbs=patch
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants/finalizers,verbs=update
//
// The finalizer of a Tenant with deletionPolicy Delete: a patch is the least verb that
// changes metadata.finalizers, and nothing else of a Tenant is patched.
// +kubebuilder:rbac:groups=foyer.dev,resources=tenants,verbs=patch
//
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=configmaps;services,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Options are what the manager's flags decide.
type Options struct {
	// Namespace is the operator's own, where database servers are declared.
	Namespace string
	// ClusterID tells this cluster apart from all others that use the same database
	// servers; empty: the uid of namespace kube-system.
	ClusterID string
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
	// Network is what the platform team says of the network, of which the tenants' pods have
	// NetworkPolicies; nil: they have none.
	Network *provision.Network
	// WaveSize is how many tenants roll at the same time when a release makes their pods
	// differently; 5 if not set.
	WaveSize int
	// CanarySoak is for how long all canaries stay well before other tenants roll.
	CanarySoak time.Duration
	// TenantClock lets a ConfigMap beside each tenant move the time of its dispatcher, for
	// development.
	TenantClock bool
	// Traces are the variables of the environment by which the tenants' pods know where
	// spans go; empty: nowhere.
	Traces map[string]string
	// Concurrency is how many tenants are passed over at the same time; 8 if not set.
	Concurrency int

	now func() time.Time // the clock; time.Now if not set
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
	truce      time.Duration // the first wait before what somebody changes again and again is healed
	calm       time.Duration // without a change, until that is taken to be over
	retry      time.Duration // the first retry of what failed; later ones wait longer
	rotation   time.Duration // until a rotation of logins that waits for pods names them
	deletion   time.Duration // until a Tenant goes whose data cannot be deleted
	drain      time.Duration // until data is deleted whose pods have not gone
	patience   time.Duration // with a tenant that comes no closer to its release
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
	truce:      5 * time.Second,
	calm:       time.Minute,
	retry:      5 * time.Second,
	rotation:   5 * time.Minute,
	deletion:   10 * time.Minute,
	drain:      45 * time.Second,
	patience:   wave.Patience,
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
	if o.WaveSize <= 0 {
		o.WaveSize = defaultWaveSize
	}
	if o.now == nil {
		o.now = time.Now
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	uid, err := clusterUID(ctx, mgr.GetAPIReader(), o.ClusterID)
	if err != nil {
		return err
	}
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := fill(ctx, mgr.GetCache()); err != nil {
		return err
	}
	waves, err := newWaves(o, p)
	if err != nil {
		return err
	}
	r := newReconciler(mgr, o, p, uid)
	r.waves = waves
	if err := mgr.Add(manager.RunnableFunc(r.background)); err != nil {
		return fmt.Errorf("add the background work of the control plane: %w", err)
	}
	if err := watchWaves(mgr, r); err != nil {
		return err
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
	r.drifts = newDrifts(r.recorder, p)
	r.gateway = r.gateway.Watched(r.drifts)
	r.servers = newServers(r.client, r.live, o.Namespace)
	r.preparations = newPreparations(p, r.prepareTenant, r.again.now)
	r.deletions = newDeletions(p, r.again.now)
	r.upkeeps = newUpkeeps(p, upkeepNews{r.tellUpkeep, r.tellDeleted, r.again.now})
	return r
}

// clusterUID tells clusters apart: by the name that the platform team gave this one, or
// else by the uid of a namespace that each has and keeps.
func clusterUID(ctx context.Context, reader client.Reader, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	var namespace corev1.Namespace
	err := reader.Get(ctx, types.NamespacedName{Name: "kube-system"}, &namespace)
	if apierrors.IsForbidden(err) {
		return "", errors.New("the operator has no right to get namespace kube-system, whose uid tells this cluster apart from others " +
			"on the same database servers: give it that right, or name the cluster by --cluster-id, best by that uid " +
			"(kubectl get namespace kube-system -o jsonpath={.metadata.uid})")
	}
	if err != nil {
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
			r.deletions.stop()
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
