package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/internal/tracing"
)

const (
	// leaseName is the Lease that the working manager holds.
	leaseName = "foyer-manager"
	// leaseDuration is how long a manager that has not been heard of is taken to be working;
	// renewDeadline how long it tries to be heard before it gives up, which must be sooner;
	// retryPeriod how often it renews, and the others look: who stops in good order is
	// followed in a second or two.
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = time.Second
	// stopTimeout is for passes under way when the manager is told to stop. The pod has
	// 30 seconds.
	stopTimeout = 20 * time.Second
)

// newManager makes a manager that runs the control plane.
func newManager(base *rest.Config, o options) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme), gatewayv1.Install(scheme)); err != nil {
		return nil, fmt.Errorf("register the kinds: %w", err)
	}
	kubernetes := rest.CopyConfig(base)
	kubernetes.UserAgent = "foyer-manager/" + version
	kubernetes.QPS = -1 // the API server protects itself, fairly; a limit here only delays
	kubernetes.Wrap(tracing.Transport)

	caches := controllers.CacheOptions(o.namespace, o.watchNamespaces...)
	// Reading a kind that is not watched is a mistake, and must not begin to cache, say,
	// every Secret of the cluster.
	caches.ReaderFailOnMissingInformer = true

	mgr, err := manager.New(kubernetes, manager.Options{
		Scheme:                        scheme,
		Cache:                         caches,
		Metrics:                       metricsOptions(o),
		HealthProbeBindAddress:        o.healthListen,
		LivenessEndpointName:          "/livez",
		ReadinessEndpointName:         "/readyz",
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true, // the process ends when Start returns
		LeaseDuration:                 ptr.To(leaseDuration),
		RenewDeadline:                 ptr.To(renewDeadline),
		RetryPeriod:                   ptr.To(retryPeriod),
		GracefulShutdownTimeout:       ptr.To(stopTimeout),
		Controller:                    config.Controller{EnableWarmup: ptr.To(true)},
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	if err := addChecks(mgr); err != nil {
		return nil, err
	}
	err = controllers.Setup(mgr, controllers.Options{
		Namespace:      o.namespace,
		ClusterID:      o.clusterID,
		Image:          o.image,
		Version:        version,
		TrustedProxies: o.trustedProxies,
		APIPerSecond:   o.apiPerSecond,
		APIBurst:       o.apiRequestBurst,
		AllowOutgoing:  o.allowOutgoing,
		Network:        o.network,
		WaveSize:       o.waveSize,
		CanarySoak:     time.Duration(o.canarySoak) * time.Second,
		TenantClock:    o.tenantClock,
		Traces:         o.traces,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the control plane: %w", err)
	}
	return mgr, nil
}

func addChecks(mgr manager.Manager) error {
	if err := mgr.AddHealthzCheck("running", healthz.Ping); err != nil {
		return fmt.Errorf("add the liveness check: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", cachesFilled(mgr.GetCache())); err != nil {
		return fmt.Errorf("add the readiness check: %w", err)
	}
	return nil
}

// cachesFilled is ready when the manager has read what it works with, which takes the
// API server, the CRDs and every right to list.
func cachesFilled(c cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), 500*time.Millisecond)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the objects of the cluster are not read yet; the log says if a right is missing")
		}
		return nil
	}
}
