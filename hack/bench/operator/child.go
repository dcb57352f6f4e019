package operator

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

const (
	argument    = "run-the-operator-for-a-benchmark"
	image       = "foyer:bench"
	stopTimeout = 10 * time.Second
)

// IsChild says whether a process was started by [Start].
func IsChild(args []string) bool { return len(args) == 2 && args[1] == argument }

// Child is the main function of such a process. It ends when its standard input does.
func Child() int {
	signal.Ignore(os.Interrupt) // the benchmark ends the child
	lines := &firstLines{out: os.Stderr}
	log := logr.FromSlogHandler(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelError}))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	if err := run(os.Stdin, os.Stdout, lines); err != nil {
		fmt.Fprintln(os.Stderr, "the operator of the benchmark:", err)
		return 1
	}
	return 0
}

// firstLines writes some lines and no more: what fails for one tenant fails for a
// thousand.
type firstLines struct {
	out   io.Writer
	lines atomic.Int64
}

func (f *firstLines) Write(line []byte) (int, error) {
	if f.lines.Add(1) > shown {
		return len(line), nil
	}
	return f.out.Write(line)
}

func run(in io.Reader, out io.Writer, log *firstLines) error {
	questions := json.NewDecoder(bufio.NewReader(in))
	var s Settings
	if err := questions.Decode(&s); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	stopProfile, err := profile(s.Profile)
	if err != nil {
		return err
	}
	defer stopProfile()
	state := &state{writes: writes{keep: s.Record}}
	config := &rest.Config{
		Host: s.Host, QPS: -1, UserAgent: "foyer-manager/bench",
		TLSClientConfig: rest.TLSClientConfig{CAData: s.CA, CertData: s.Cert, KeyData: s.Key},
	}
	config.Wrap(state.writes.wrap)
	start := runControl
	if s.Mode == Cache {
		start = runCache
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := start(ctx, config, s.Namespace, state)
		if err != nil && ctx.Err() == nil { // nobody would hear of it before the end
			fmt.Fprintln(os.Stderr, "the operator of the benchmark:", err)
			os.Exit(1)
		}
		ended <- err
	}()
	err = answer(questions, json.NewEncoder(out), state)
	log.lines.Add(shown) // what ends now is no news
	cancel()
	return errors.Join(err, <-ended)
}

// profile begins a processor profile, and returns what ends it.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path) //nolint:gosec // whoever runs the benchmark names it
	if err != nil {
		return nil, fmt.Errorf("make the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, fmt.Errorf("begin the profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // a broken profile shows by itself
	}, nil
}

// runControl runs what cmd/manager runs.
func runControl(ctx context.Context, base *rest.Config, namespace string, state *state) error {
	caches := controllers.CacheOptions(namespace)
	caches.ReaderFailOnMissingInformer = true
	mgr, err := manager.New(base, manager.Options{
		Scheme:                  kube.Scheme(),
		Cache:                   caches,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress:  "0",
		GracefulShutdownTimeout: ptr.To(stopTimeout),
		Controller:              config.Controller{EnableWarmup: ptr.To(true)},
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	anybody := []provision.Peer{{}}
	err = controllers.Setup(mgr, controllers.Options{
		Namespace: namespace, Image: image, Version: "v0.0.0-bench",
		Network: &provision.Network{IngressFrom: anybody, DNSAt: anybody, DNSPorts: []int32{53}},
	})
	if err != nil {
		return fmt.Errorf("set up the control plane: %w", err)
	}
	go state.await(ctx, mgr.GetCache())
	return mgr.Start(ctx)
}

// cachedKinds are the kinds that the control plane watches, the metadata of Secrets apart.
func cachedKinds() []client.Object {
	return []client.Object{
		&v1alpha1.Tenant{}, &v1alpha1.AccountProfile{}, &v1alpha1.MyAccountProfile{}, &v1alpha1.EventTemplate{},
		&corev1.ConfigMap{}, &corev1.Service{}, &corev1.ServiceAccount{}, &appsv1.Deployment{}, &corev1.Pod{},
		&policyv1.PodDisruptionBudget{}, &autoscalingv2.HorizontalPodAutoscaler{}, &networkingv1.Ingress{}, &networkingv1.NetworkPolicy{},
	}
}

// runCache fills a cache with what the operator's holds, and keeps it.
func runCache(ctx context.Context, base *rest.Config, namespace string, state *state) error {
	options := controllers.CacheOptions(namespace)
	options.Scheme = kube.Scheme()
	filled, err := cache.New(base, options)
	if err != nil {
		return fmt.Errorf("make the cache: %w", err)
	}
	secrets := &metav1.PartialObjectMetadata{}
	secrets.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	for _, kind := range append(cachedKinds(), secrets) {
		if _, err := filled.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watch %T: %w", kind, err)
		}
	}
	go state.await(ctx, filled)
	return filled.Start(ctx)
}
