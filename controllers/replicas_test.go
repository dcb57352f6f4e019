package controllers

import (
	"context"
	"runtime"
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
// namespace: they make the pods that a Deployment asks for, load the ConfigMap when a
// pod starts and when its annotation changes, and write what they run as the real ones
// do: with the login of the component's Secret.
type replicas struct {
	w      *world
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	silent bool              // they load nothing
	broken string            // why they cannot load a document
	seen   map[string]string // pod -> annotation
	wrote  map[string]string // pod -> digest
	pools  map[string]*pgxpool.Pool
}

func startReplicas(w *world) *replicas {
	ctx, cancel := context.WithCancel(context.Background())
	r := &replicas{w: w, cancel: cancel, done: make(chan struct{}),
		seen: map[string]string{}, wrote: map[string]string{}, pools: map[string]*pgxpool.Pool{}}
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
	told := pod.Annotations[provision.AnnotationRefresh]
	if started && last == told && r.wrote[pod.Name] != "" {
		return
	}
	tenant := pod.Labels[provision.LabelTenant]
	component := provision.Component(pod.Labels[provision.LabelComponent])
	var settings corev1.ConfigMap
	key := client.ObjectKey{Namespace: pod.Namespace, Name: provision.SettingsName(tenant)}
	if r.w.client.Get(ctx, key, &settings) != nil {
		return
	}
	body := []byte(settings.Data[provision.KeySettings])
	digest, problem := config.Digest(body), r.broken
	if _, err := config.Load(body); err != nil {
		problem = err.Error()
	}
	if problem != "" {
		digest = r.wrote[pod.Name]
	}
	pool := r.pool(ctx, pod.Namespace, tenant, component)
	if pool == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := store.New(pool).Acknowledge(limited, store.Replica{Pod: pod.Name, Component: string(component), Digest: digest, Error: problem})
	if err == nil {
		r.seen[pod.Name], r.wrote[pod.Name] = told, digest
	}
}

func (r *replicas) pool(ctx context.Context, namespace, tenant string, c provision.Component) *pgxpool.Pool {
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: namespace, Name: provision.DatabaseSecretName(tenant, c)}
	if r.w.client.Get(ctx, key, &secret) != nil {
		return nil
	}
	uri := string(secret.Data[provision.KeyURI])
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
