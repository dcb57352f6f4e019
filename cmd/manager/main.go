// Command manager is the operator: it watches Tenants and their profiles and turns them
// into running portals (package controllers).
//
//	manager --image foyer:v1 --namespace foyer-system
//
// In a pod both come from the environment (FOYER_IMAGE, POD_NAMESPACE). Outside one it
// uses the cluster of KUBECONFIG. It logs JSON lines to standard error and stops, with
// its lease released, on SIGTERM or SIGINT.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/foyerhq/foyer/internal/process"
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

func run(ctx context.Context, args []string) error {
	o, err := parseFlags(args, os.Getenv, os.Stderr)
	if err != nil {
		return err
	}
	log := logr.FromSlogHandler(process.NewLogger(os.Stderr, "manager").Handler())
	ctrl.SetLogger(log)
	klog.SetLogger(log) // of client-go
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server (in a pod, or by KUBECONFIG): %w", err)
	}
	mgr, err := newManager(config, o)
	if err != nil {
		return err
	}
	log.Info("starting", "version", version, "namespace", o.namespace, "image", o.image)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the manager: %w", err)
	}
	log.Info("stopped")
	return nil
}
