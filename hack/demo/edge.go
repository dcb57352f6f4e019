package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foyerv1alpha1 "github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/demo/edge"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

const (
	caFile       = edge.CertificateFile
	plainAddress = "127.0.0.1:80"
	edgePIDFile  = "edge.pid"
	edgeLogFile  = "edge.log"
)

// startEdge starts the edge as a process of its own, which outlives this one.
func startEdge(ctx context.Context, d *demo) error {
	if err := stopEdge(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	logFile, err := os.Create(filepath.Join(stateDir, edgeLogFile))
	if err != nil {
		return fmt.Errorf("make the edge's log: %w", err)
	}
	defer logFile.Close()                 //nolint:errcheck // the edge has its own handle
	process := exec.Command(self, "edge") //nolint:noctx,gosec // this program itself; it must outlive this process
	process.Env = append(os.Environ(), "KUBECONFIG="+d.kubeconfig)
	process.Stdout, process.Stderr = logFile, logFile
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := process.Start(); err != nil {
		return fmt.Errorf("start the edge: %w", err)
	}
	pid := strconv.Itoa(process.Process.Pid)
	if err := os.WriteFile(filepath.Join(stateDir, edgePIDFile), []byte(pid), 0o600); err != nil {
		return fmt.Errorf("write down the edge's process: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- process.Wait() }()
	return until(ctx, 20*time.Second, "the edge", func(ctx context.Context) (string, error) {
		select {
		case <-exited: //nolint:errcheck // its log says more than its exit status
			text, _ := os.ReadFile(logFile.Name())
			return "", fmt.Errorf("it ended: %s", lastLines(string(text), 3))
		default:
		}
		client, err := visit.Client(stateDir)
		if err != nil {
			return "", err
		}
		visitor := visit.Person{Client: client, Origin: "https://" + sites()[0].host}
		return "", visitor.Expect(ctx, "/sign-in", http.StatusOK, nil)
	})
}

// runEdge is the detached process.
func runEdge(ctx context.Context) error {
	restConfig, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return fmt.Errorf("reach the cluster: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), foyerv1alpha1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("reach the cluster: %w", err)
	}
	reader, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("reach the cluster: %w", err)
	}
	authority, err := edge.LoadAuthority(stateDir)
	if err != nil {
		return err
	}
	routes, err := edge.NewRoutes(ctx, reader)
	if err != nil {
		return err
	}
	box, settings, err := newInbox()
	if err != nil {
		return err
	}
	slog.Info("edge listens", "address", edge.Address, "hosts", routes.Hosts())
	own := map[string]http.Handler{inboxHost: box.Site()}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveInbox(ctx, box, settings, authority) })
	group.Go(func() error { return edge.Serve(ctx, edge.Server(routes, authority, own), edge.Address) })
	group.Go(func() error { return edge.Serve(ctx, edge.Redirect(), plainAddress) })
	return group.Wait()
}

// stopEdge ends the edge that the state directory names, if it still is that program.
func stopEdge(ctx context.Context) error {
	path := filepath.Join(stateDir, edgePIDFile)
	text, err := os.ReadFile(path) //nolint:gosec // the demo's own state
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read which process the edge is: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("read which process the edge is: %w", err)
	}
	if isEdge(pid) {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			return fmt.Errorf("stop the edge: %w", err)
		}
		err := until(ctx, 10*time.Second, "the edge to end", func(context.Context) (string, error) {
			if isEdge(pid) {
				return "it still runs", nil
			}
			return "", nil
		})
		if err != nil {
			return err
		}
	}
	return os.Remove(path)
}

// isEdge guards against a number that the system has given to another process.
func isEdge(pid int) bool {
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.HasSuffix(strings.TrimRight(string(command), "\x00"), "demo\x00edge")
}
