package scale

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/operator"
)

// The floor of a cold start is what the operator did for one tenant, done again for
// every other one by a loop that decides, reads and checks nothing: the same SQL, taken
// from PostgreSQL's log, and the same requests with the same bytes, taken from the
// operator's client. Names, uid and schema are replaced. Left out are transactions that
// only read, and writes that make nothing of the tenant: statuses and events.
//
// As many tenants are worked on at the same time as by the operator: four in the
// database, and then eight at the API server.
const placesInDatabase = 4

// recipe is what was recorded of one tenant.
type recipe struct {
	tenant, schema string
	uids           map[string]string // of its objects
	sql            []transaction
	children       []operator.Request
	statuses       []operator.Request // the last of each object
}

func (w *world) floor(ctx context.Context, tenants int) (time.Duration, error) {
	r, err := w.record(ctx)
	if err != nil {
		return 0, err
	}
	if err := w.addTenants(ctx, tenants+1); err != nil {
		return 0, err
	}
	uids, err := w.uids(ctx)
	if err != nil {
		return 0, err
	}
	var others []*strings.Replacer
	for tenant, of := range uids {
		if tenant != r.tenant {
			others = append(others, r.namesOf(tenant, of))
		}
	}
	statements := 0
	for _, t := range r.sql {
		statements += len(t.statements)
	}
	w.progress("writing for %d tenants what was written for one: %d statements and %d objects", len(others), statements, len(r.children))
	floor, err := w.replayAll(ctx, r.sql, r.children, others)
	if err != nil {
		return 0, err
	}
	w.progress("the floor: %s", floor)
	more, err := w.replayAll(ctx, nil, r.statuses, others)
	w.progress("one status of each object, which the floor leaves out: %s", more)
	return floor.Processor, err
}

// record runs the operator for the first tenant.
func (w *world) record(ctx context.Context) (*recipe, error) {
	if err := w.addTenants(ctx, 1); err != nil {
		return nil, err
	}
	if err := w.logStatements(ctx, "SET log_statement TO 'all'"); err != nil {
		return nil, err
	}
	before := len(w.server.Log())
	if err := w.startOperator(operator.Control, true); err != nil {
		return nil, err
	}
	if _, err := w.written(ctx); err != nil {
		return nil, err
	}
	if err := letPass(ctx, pause); err != nil { // until its statuses are written too
		return nil, err
	}
	report, err := w.operator.Ask(operator.Requests)
	if err != nil {
		return nil, err
	}
	if err := w.stopOperator(); err != nil {
		return nil, err
	}
	if err := w.logStatements(ctx, "RESET log_statement"); err != nil {
		return nil, err
	}
	return w.recipe(ctx, report.Requests, w.server.Log()[before:])
}

// recipe makes one of what the first tenant's operator has sent.
func (w *world) recipe(ctx context.Context, requests []operator.Request, log string) (*recipe, error) {
	var tenant v1alpha1.Tenant
	if err := w.cluster.Client.Get(ctx, key(tenantName(0), tenantName(0)), &tenant); err != nil {
		return nil, fmt.Errorf("read the recorded tenant: %w", err)
	}
	uids, err := w.uids(ctx)
	if err != nil {
		return nil, err
	}
	r := &recipe{tenant: tenant.Name, schema: tenant.Status.Database.Schema, uids: uids[tenant.Name]}
	last := map[string]operator.Request{}
	for _, request := range requests {
		switch {
		case isChild(request.URI):
			r.children = append(r.children, request)
		case strings.Contains(request.URI, "/status?"):
			last[request.URI] = request
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(last)) {
		r.statuses = append(r.statuses, last[uri])
	}
	r.sql, err = transactions(log)
	if err == nil && (len(r.sql) == 0 || len(r.children) == 0) {
		err = fmt.Errorf("recorded %d transactions and %d objects of a tenant, there must be some", len(r.sql), len(r.children))
	}
	return r, err
}

// uids are those of the declared objects, by tenant and by kind and name.
func (w *world) uids(ctx context.Context) (map[string]map[string]string, error) {
	found := map[string]map[string]string{}
	for _, kind := range []string{"Tenant", "AccountProfile", "MyAccountProfile", "EventTemplate"} {
		var list metav1.PartialObjectMetadataList
		list.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind + "List"))
		if err := w.cluster.Client.List(ctx, &list); err != nil {
			return nil, fmt.Errorf("list objects of kind %s: %w", kind, err)
		}
		for _, o := range list.Items {
			name := o.Name
			if kind == "Tenant" {
				name, found[o.Namespace] = "", map[string]string{}
			}
			found[o.Namespace][kind+name] = string(o.UID)
		}
	}
	return found, nil
}

// isChild says whether a request writes an object that the operator makes.
func isChild(uri string) bool {
	return slices.ContainsFunc([]string{
		"/configmaps", "/secrets", "/services", "/serviceaccounts", "/deployments", "/poddisruptionbudgets", "/networkpolicies",
	}, func(kind string) bool { return strings.Contains(uri, kind) })
}

// logStatements changes what PostgreSQL logs of sessions that begin from now on.
func (w *world) logStatements(ctx context.Context, change string) error {
	var database string
	if err := w.rows.QueryRow(ctx, "SELECT current_database()").Scan(&database); err != nil {
		return fmt.Errorf("change what PostgreSQL logs: %w", err)
	}
	if _, err := w.rows.Exec(ctx, "ALTER DATABASE "+database+" "+change); err != nil {
		return fmt.Errorf("change what PostgreSQL logs: %w", err)
	}
	return nil
}

// replayAll does for the other tenants what was recorded.
func (w *world) replayAll(ctx context.Context, sql []transaction, requests []operator.Request, others []*strings.Replacer) (clock.Spent, error) {
	pool, err := w.managerPool(ctx)
	if err != nil {
		return clock.Spent{}, err
	}
	defer pool.Close()
	server, err := rest.HTTPClientFor(w.cluster.Config)
	if err != nil {
		return clock.Spent{}, fmt.Errorf("reach the API server: %w", err)
	}
	started, err := clock.Start()
	if err != nil {
		return clock.Spent{}, err
	}
	prepared := make(chan *strings.Replacer, len(others))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(prepared)
		databases, ctx := errgroup.WithContext(ctx)
		databases.SetLimit(placesInDatabase)
		var rights sync.Mutex
		for _, names := range others {
			databases.Go(func() error {
				if err := replaySQL(ctx, pool, sql, names, &rights); err != nil {
					return err
				}
				prepared <- names
				return nil
			})
		}
		return databases.Wait()
	})
	for range places {
		group.Go(func() error {
			for names := range prepared {
				if err := w.replayRequests(ctx, server, requests, names); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return clock.Spent{}, err
	}
	return started.Read()
}

// namesOf replaces what is the recorded tenant's by what is the other's.
func (r *recipe) namesOf(tenant string, uids map[string]string) *strings.Replacer {
	sum := sha256.Sum256([]byte(tenant))
	schema := r.schema[:len(r.schema)-16] + hex.EncodeToString(sum[:8]) // as long as the recorded one
	pairs := []string{r.tenant, tenant, r.schema, schema}
	for object, uid := range r.uids {
		pairs = append(pairs, uid, uids[object])
	}
	return strings.NewReplacer(pairs...)
}

func (w *world) managerPool(ctx context.Context) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(w.manager)
	if err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	config.MaxConns = placesInDatabase
	return pgxpool.NewWithConfig(ctx, config)
}

func (w *world) replayRequests(ctx context.Context, server *http.Client, requests []operator.Request, names *strings.Replacer) error {
	for _, recorded := range requests {
		uri := strings.TrimSuffix(w.cluster.Config.Host, "/") + names.Replace(recorded.URI)
		request, err := http.NewRequestWithContext(ctx, recorded.Method, uri, strings.NewReader(names.Replace(recorded.Body)))
		if err != nil {
			return fmt.Errorf("repeat a request: %w", err)
		}
		request.Header.Set("Content-Type", recorded.ContentType)
		request.Header.Set("Accept", "application/json")
		answer, err := server.Do(request)
		if err != nil {
			return fmt.Errorf("repeat a request: %w", err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close() // it was read
		if err != nil {
			return fmt.Errorf("repeat a request: %w", err)
		}
		if answer.StatusCode >= http.StatusBadRequest {
			return fmt.Errorf("repeat %s %s: %s: %s", recorded.Method, uri, answer.Status, text)
		}
	}
	return nil
}
