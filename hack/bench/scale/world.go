// Package scale measures the operator over many tenants: what it writes at rest, what
// a restart costs, how fast it begins, how much memory an object takes, and how long a
// person's edit waits while every tenant is passed over.
//
// API server, etcd and PostgreSQL are real, those of the tests, and so is the operator,
// in a process of its own (package operator). There is no controller-manager and no
// node: pods are made ready by hand and acknowledge documents by writing their rows.
//
// It needs the API server of "make test-needs", and no demo. A tenant has ten objects
// (tenants.go) and a namespace.
package scale

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers"
	"github.com/foyerhq/foyer/hack/bench/operator"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

const (
	operatorNamespace = "foyer-system"
	serverName        = "default"
)

// Progress tells what is going on.
type Progress func(format string, args ...any)

// world is an API server, a database server, and an operator unless it is stopped.
type world struct {
	progress Progress
	profiles string // folder for profiles of the operator; none if empty
	cluster  *kube.Cluster
	server   *postgres.Server
	manager  string        // URI of the database server, as the operator has it
	rows     *pgxpool.Pool // as superuser, in the schema that the context names
	tenants  int           // made so far
	operator *operator.Process
	started  int // operators
}

func newWorld(ctx context.Context, progress Progress, profiles string) (*world, error) {
	w := &world{progress: progress, profiles: profiles}
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) start(ctx context.Context) error {
	w.progress("starting an API server and PostgreSQL")
	var err error
	if w.server, err = postgres.Start(0); err != nil {
		return err
	}
	var superuser string
	if w.manager, superuser, err = w.server.ManagerDatabase(ctx); err != nil {
		return err
	}
	if w.rows, err = newRows(ctx, superuser); err != nil {
		return err
	}
	if w.cluster, err = kube.Start(); err != nil {
		return fmt.Errorf("start the API server: %w", err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}
	if err := w.cluster.Client.Create(ctx, namespace); err != nil {
		return fmt.Errorf("make namespace %s: %w", operatorNamespace, err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: serverName, Labels: map[string]string{controllers.LabelServer: ""}},
		StringData: map[string]string{"uri": w.manager, "allowedNamespaces": "*"},
	}
	if err := w.cluster.Client.Create(ctx, secret); err != nil {
		return fmt.Errorf("declare a database server: %w", err)
	}
	return nil
}

// close ends everything and removes what it has written.
func (w *world) close() error {
	problems := []error{w.stopOperator()}
	if w.rows != nil {
		w.rows.Close()
	}
	if w.cluster != nil {
		problems = append(problems, w.cluster.Stop())
	}
	if w.server != nil {
		problems = append(problems, w.server.Close())
	}
	return errors.Join(problems...)
}

// startOperator starts a new one in place of the one that runs, if any.
func (w *world) startOperator(mode operator.Mode, record bool) error {
	if err := w.stopOperator(); err != nil {
		return err
	}
	s := operator.Settings{Mode: mode, Namespace: operatorNamespace, Record: record}
	if w.profiles != "" {
		w.started++
		s.Profile = filepath.Join(w.profiles, fmt.Sprintf("%s-%d-tenants-%d.pprof", mode, w.tenants, w.started))
		w.progress("the processor profile of this operator goes to %s", s.Profile)
	}
	var err error
	w.operator, err = operator.Start(w.cluster.Config, s)
	return err
}

func (w *world) stopOperator() error {
	if w.operator == nil {
		return nil
	}
	err := w.operator.Stop()
	w.operator = nil
	return err
}

type schemaKey struct{}

// newRows is a pool whose connections work in the schema of the context that they were
// taken with.
func newRows(ctx context.Context, uri string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	config.MaxConns = places
	config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
		schema, ok := ctx.Value(schemaKey{}).(string)
		if !ok {
			return true, nil
		}
		_, err := conn.Exec(ctx, "SET search_path TO "+pgx.Identifier{schema}.Sanitize())
		return err == nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	return pool, nil
}

// until calls check every interval until it says that it is done.
func until(ctx context.Context, what string, limit, interval time.Duration, check func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("waited %s until %s", limit, what))
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		done, err := check()
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// key is the key of a tenant's object: a tenant has a namespace of its own.
func key(tenant, object string) client.ObjectKey {
	return client.ObjectKey{Namespace: tenant, Name: object}
}
