package controllers

import (
	"cmp"
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// replicas stand in for Deployment controller, kubelet and the data plane, in one
// namespace: they make the pods that a Deployment asks for, load the ConfigMaps when a
// pod starts and when its annotation changes, and write what they run as the real ones
// do: with the login of the component's Secret.
type replicas struct {
	w      *world
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	silent bool                          // they load nothing
	broken string                        // why they cannot load a document
	badly  string                        // why the dispatcher cannot load a routing document
	slow   bool                          // the dispatcher loads no routing document
	holds  func(*appsv1.Deployment) bool // which of them get no pods
	seen   map[string]string             // pod -> annotation
	wrote  map[string]store.Replica
	pools  map[string]*pgxpool.Pool
	logins map[string]*login // by pod
	stuck  string            // a pod with this in its name never takes another login
}

// login is what a pod signs in by.
type login struct {
	sync.RWMutex // held by who makes a connection, and has work on it
	uri          string
}

// take is a pod's change to another login, as its pool does it: new work goes there, and it
// says so when the former work has ended.
func (l *login) take(uri string) {
	l.Lock()
	defer l.Unlock()
	l.uri = uri
}

func startReplicas(w *world) *replicas {
	ctx, cancel := context.WithCancel(context.Background())
	r := &replicas{w: w, cancel: cancel, done: make(chan struct{}),
		seen: map[string]string{}, wrote: map[string]store.Replica{}, pools: map[string]*pgxpool.Pool{},
		logins: map[string]*login{}}
	go func() {
		defer close(r.done)
		tick := time.NewTicker(30 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				r.step(ctx)
			}
		}
	}()
	w.t.Cleanup(r.stop)
	return r
}

func (r *replicas) stop() {
	r.cancel()
	<-r.done
	for _, pool := range r.pools {
		pool.Close()
	}
}

// set changes how the replicas behave.
func (r *replicas) set(change func(*replicas)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

// step ignores errors: the next one tries again.
func (r *replicas) step(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var deployments appsv1.DeploymentList
	if r.w.client.List(ctx, &deployments, client.InNamespace(r.w.tenants)) != nil {
		return
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		if r.holds != nil && r.holds(d) {
			continue
		}
		if d.Status.ReadyReplicas != *d.Spec.Replicas || d.Status.ObservedGeneration != d.Generation {
			makeReadyPods(ctx, r.w.t, client.ObjectKeyFromObject(d), int(*d.Spec.Replicas))
		}
	}
	var pods corev1.PodList
	if r.silent || r.w.client.List(ctx, &pods, client.InNamespace(r.w.tenants)) != nil {
		return
	}
	for i := range pods.Items {
		r.load(ctx, &pods.Items[i])
	}
}

// makeReadyPods does what cluster.MakeReadyPods does, in a goroutine that outlives the
// test's context by a moment, and where a failure is tried again.
func makeReadyPods(ctx context.Context, t testing.TB, key client.ObjectKey, n int) {
	done := make(chan struct{})
	go func() { // Fatalf must end a goroutine
		defer close(done)
		cluster.MakeReadyPods(patient{TB: t, ctx: ctx}, key, n)
	}()
	<-done
}

// patient is a test that survives what fails.
type patient struct {
	testing.TB
	ctx context.Context
}

func (p patient) Context() context.Context { return p.ctx }
func (p patient) Fatalf(string, ...any)    { runtime.Goexit() }

func (r *replicas) load(ctx context.Context, pod *corev1.Pod) {
	last, started := r.seen[pod.Name]
	told := pod.Annotations[provision.AnnotationRefresh] + pod.Annotations[provision.AnnotationRefreshLogin]
	if started && last == told && r.wrote[pod.Name].Digest != "" {
		return
	}
	tenant := pod.Labels[provision.LabelTenant]
	component := provision.Component(pod.Labels[provision.LabelComponent])
	running := store.Replica{Pod: pod.Name, Component: string(component), Digest: r.wrote[pod.Name].Digest, Routing: r.wrote[pod.Name].Routing}
	if !r.loadSettings(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: provision.SettingsName(tenant)}, &running) {
		return
	}
	if component == provision.Dispatcher && !r.loadRouting(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: provision.RoutingName(tenant)}, &running) {
		return
	}
	pool := r.pool(ctx, pod, tenant, component)
	if pool == nil {
		return
	}
	running.Login = pool.Config().ConnConfig.User
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if store.New(pool).Acknowledge(limited, running) == nil {
		r.seen[pod.Name], r.wrote[pod.Name] = told, running
	}
}

// loadSettings returns false if there are none yet.
func (r *replicas) loadSettings(ctx context.Context, key client.ObjectKey, into *store.Replica) bool {
	var settings corev1.ConfigMap
	if r.w.client.Get(ctx, key, &settings) != nil {
		return false
	}
	body := []byte(settings.Data[provision.KeySettings])
	into.Error = r.broken
	if _, err := config.Load(body); err != nil {
		into.Error = err.Error()
	}
	if into.Error == "" {
		into.Digest = config.Digest(body)
	}
	return true
}

func (r *replicas) loadRouting(ctx context.Context, key client.ObjectKey, into *store.Replica) bool {
	var routing corev1.ConfigMap
	if r.slow || r.w.client.Get(ctx, key, &routing) != nil {
		return r.slow // what it has of the settings it says all the same
	}
	problem := r.badly
	body, err := config.Unpack(routing.BinaryData[provision.KeyRouting])
	if err == nil {
		_, err = config.OpenRouting(body)
	}
	if err != nil {
		problem = err.Error()
	}
	if into.Error = cmp.Or(into.Error, problem); problem == "" {
		into.Routing = config.Digest(body)
	}
	return true
}

func (r *replicas) pool(ctx context.Context, pod *corev1.Pod, tenant string, c provision.Component) *pgxpool.Pool {
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: pod.Namespace, Name: provision.DatabaseSecretName(tenant, c)}
	if r.w.client.Get(ctx, key, &secret) != nil {
		return nil
	}
	uri := string(secret.Data[provision.KeyURI])
	if has := r.logins[pod.Name]; has != nil && r.stuck != "" && strings.Contains(pod.Name, r.stuck) {
		uri = has.uri
	}
	if r.logins[pod.Name] == nil {
		r.logins[pod.Name] = &login{}
	}
	r.logins[pod.Name].take(uri)
	if pool, ok := r.pools[uri]; ok {
		return pool
	}
	pool, err := pgxpool.New(ctx, uri)
	if err != nil {
		return nil
	}
	r.pools[uri] = pool
	return pool
}
