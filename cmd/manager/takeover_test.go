package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// holder is who holds the lease; empty: nobody.
func holder(t *testing.T) string {
	t.Helper()
	held, err := lease(t)
	if err != nil {
		t.Fatal(err)
	}
	return ptr.Deref(held.Spec.HolderIdentity, "")
}

// heldByAnother waits until the lease is held by somebody else than before, and returns how
// long that took.
func heldByAnother(t *testing.T, before string) time.Duration {
	t.Helper()
	begun := time.Now()
	kube.Eventually(t, "another manager holds the lease", func() error {
		if now := holder(t); now == "" || now == before {
			return fmt.Errorf("it is %q", now)
		}
		return nil
	})
	return time.Since(begun)
}

// watches counts the watches that were begun, by what they are of.
func watches(accesses *kube.Accesses) map[string]int {
	counts := map[string]int{}
	for access, count := range accesses.Each() {
		if access.Verb == "watch" {
			counts[qualified(access.Resource, access.Group)] += count
		}
	}
	return counts
}

// TestAStandbyTakesOver: the manager that waits has read everything before its turn comes,
// and its turn comes soon after the other one has stopped or died.
func TestAStandbyTakesOver(t *testing.T) {
	recording, accesses := kube.RecordAccesses(serviceAccount(operatorNamespace))
	freshCluster(t, recording)
	deploy(t)
	declareServer(t)
	makeNamespaces(t, "acme")
	first := startProcess(t, operatorNamespace).ready()
	alone := watches(accesses)
	second := startProcess(t, operatorNamespace).ready()
	both := watches(accesses)
	for what, count := range alone {
		if both[what] <= count { // the first may have begun twice, when the CRDs were new
			t.Errorf("the manager that waits is ready, and does not watch %s", what)
		}
	}
	working := holder(t)
	first.stop()
	took := heldByAnother(t, working)
	t.Logf("after a manager was told to stop, the other one had the lease in %s", took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("a manager that stops in good order is followed after %s only", took)
	}
	tenant := makeTenant(t, "acme", "one", "my.acme.example")
	expectTenant(t, tenant, v1alpha1.ConditionDatabaseReady, "True")
	if now := watches(accesses); fmt.Sprint(now) != fmt.Sprint(both) {
		t.Errorf("who took over began to watch: %v, it was %v", now, both)
	}

	startProcess(t, operatorNamespace).ready()
	working = holder(t)
	second.kill()
	took = heldByAnother(t, working)
	t.Logf("after a manager was killed, the other one had the lease in %s", took.Round(time.Millisecond))
	if took > leaseDuration+10*time.Second {
		t.Errorf("a manager that is killed is followed after %s only", took)
	}
	begun := time.Now()
	expectTenant(t, makeTenant(t, "acme", "two", "two.acme.example"), v1alpha1.ConditionDatabaseReady, "True")
	t.Logf("and had made a tenant's database %s later", time.Since(begun).Round(time.Millisecond))
}

const crowd = 50

// TestAManagerIsKilledMidway: the one that works is killed while it makes fifty tenants. The
// other one makes the rest, and does nothing twice.
func TestAManagerIsKilledMidway(t *testing.T) {
	freshCluster(t)
	deploy(t)
	uri := declareServer(t)
	makeNamespaces(t, "acme")
	illegal := watchStatuses(t, "acme")
	first := startProcess(t, operatorNamespace).ready()
	startProcess(t, operatorNamespace).ready()
	for i := range crowd {
		makeTenant(t, "acme", fmt.Sprintf("tenant-%d", i), fmt.Sprintf("my%d.acme.example", i))
	}
	kube.Eventually(t, "some of the tenants are made", func() error { return atLeast(deployed(t), crowd/5) })
	first.kill()
	before := versions(t)
	t.Logf("killed with %d of %d tenants made", deployed(t), crowd)
	if deployed(t) >= crowd*9/10 {
		t.Error("it was killed too late to prove anything")
	}
	kube.Eventually(t, "all tenants are made", func() error { return atLeast(deployed(t), crowd) })
	kube.Eventually(t, "all tenants wait for their pods alone", func() error { return atLeast(settled(t), crowd) })
	for key, version := range before {
		if now := versions(t)[key]; now != version {
			t.Errorf("%s was written again: version %s, it was %s", key, now, version)
		}
	}
	expectOnce(t, uri)
	for _, problem := range illegal() {
		t.Error(problem)
	}
}

func atLeast(got, want int) error {
	if got < want {
		return fmt.Errorf("%d of %d", got, want)
	}
	return nil
}

// deployed counts the tenants whose last Deployment is there.
func deployed(t *testing.T) int {
	t.Helper()
	var list appsv1.DeploymentList
	if err := cluster.Client.List(t.Context(), &list, client.InNamespace("acme")); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, d := range list.Items {
		if strings.HasSuffix(d.Name, "-"+string(provision.Dispatcher)) {
			count++
		}
	}
	return count
}

// settled counts the tenants that nothing is missing of but pods, which nobody makes here.
func settled(t *testing.T) int {
	t.Helper()
	var list v1alpha1.TenantList
	if err := cluster.Client.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, tenant := range list.Items {
		programmed := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionProgrammed)
		if meta.IsStatusConditionTrue(tenant.Status.Conditions, v1alpha1.ConditionDatabaseReady) &&
			programmed != nil && programmed.Reason == "NoReadyReplica" {
			count++
		}
	}
	return count
}

// versions are those of the Secrets and Services, which nobody has a reason to write twice.
func versions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	var secrets corev1.SecretList
	var services corev1.ServiceList
	for _, list := range []client.ObjectList{&secrets, &services} {
		if err := cluster.Client.List(t.Context(), list, client.InNamespace("acme")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range secrets.Items {
		found["Secret "+secrets.Items[i].Name] = secrets.Items[i].ResourceVersion
	}
	for i := range services.Items {
		found["Service "+services.Items[i].Name] = services.Items[i].ResourceVersion
	}
	return found
}

// expectOnce counts what is on the database server: a schema, four roles, and one first API
// token and one document of each kind in each schema.
func expectOnce(t *testing.T, uri string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'foyer\_%'`)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(schemas) != crowd {
		t.Errorf("%d tenants have %d schemas", crowd, len(schemas))
	}
	for _, schema := range schemas {
		var tokens, settings, routing int
		in := pgx.Identifier{schema}.Sanitize()
		err := conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM "+in+".api_token), (SELECT count(*) FROM "+in+
			".document WHERE kind = 'settings'), (SELECT count(*) FROM "+in+".document WHERE kind = 'routing')").Scan(&tokens, &settings, &routing)
		if err != nil {
			t.Fatal(err)
		}
		if tokens != 1 || settings != 1 || routing != 1 {
			t.Errorf("schema %s has %d tokens, %d settings and %d routing documents, one of each is due", schema, tokens, settings, routing)
		}
	}
}

// watchStatuses looks at every status that Tenants of a namespace ever have, and returns a
// function that lists what was wrong with them.
func watchStatuses(t *testing.T, namespace string) func() []error {
	t.Helper()
	watching, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	events, err := watching.Watch(t.Context(), &v1alpha1.TenantList{}, client.InNamespace(namespace))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var problems []error
	seen := 0
	go func() {
		for event := range events.ResultChan() {
			tenant, ok := event.Object.(*v1alpha1.Tenant)
			if !ok {
				continue
			}
			mu.Lock()
			seen++
			if err := kube.LegalStatus(tenant); err != nil {
				problems = append(problems, fmt.Errorf("tenant %s: %w", tenant.Name, err))
			}
			mu.Unlock()
		}
	}()
	return func() []error {
		mu.Lock()
		defer mu.Unlock()
		if seen < 2*crowd {
			return []error{errors.New("the statuses were not watched")}
		}
		return problems
	}
}
