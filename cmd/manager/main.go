// Command manager is the operator: it watches Tenants and their profiles and turns them
// into running portals (package controllers).
//
//	manager --image foyer:v1 --namespace foyer-system
//
// In a pod both come from the environment (FOYER_IMAGE, POD_NAMESPACE). Outside one it
// uses the cluster of KUBECONFIG. It logs JSON lines to standard error and stops, with
// its lease released, on SIGTERM or SIGINT.
//
//	manager check
//
// looks whether the installation in its cluster is well: the chart's test.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/tracing"
)

// version is set when the binary is linked.
var version = "dev"

func main() {
	err := run(ctrl.SetupSignalHandler(), os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// hostname tells replicas apart: in a pod it is its name.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "check" {
		config, err := ctrl.GetConfig()
		if err != nil {
			return fmt.Errorf("find the API server (in a pod, or by KUBECONFIG): %w", err)
		}
		return checkInstall(ctx, config, args[1:], os.Getenv, os.Stdout)
	}
	o, err := parseFlags(args, os.Getenv, os.Stderr)
	if err != nil {
		return err
	}
	logger := process.NewLogger(os.Stderr, "manager")
	log := logr.FromSlogHandler(logger.Handler())
	ctrl.SetLogger(log)
	klog.SetLogger(log) // of client-go
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server (in a pod, or by KUBECONFIG): %w", err)
	}
	tracing.Report(func(err error) { logger.Warn("traces could not be sent", "error", err) })
	stopTracing, err := tracing.Start(ctx, os.Getenv, "manager", version, hostname())
	if err != nil {
		return err
	}
	defer stopTracing()
	metrics.Registry.MustRegister(process.BuildInfo("manager", version))
	mgr, err := newManager(config, o)
	if err != nil {
		return err
	}
	if o.network != nil && slices.Contains(o.network.IngressFrom, provision.Peer{}) {
		log.Info("every pod of the cluster may connect to portals and APIs: name the proxies by --ingress-from")
	}
	log.Info("starting", "version", version, "namespace", o.namespace, "watchedNamespaces", o.watchNamespaces, "image", o.image)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the manager: %w", err)
	}
	log.Info("stopped")
	return nil
}
