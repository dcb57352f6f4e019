package controllers

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

func TestServerIsMissing(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	w.declareServer("elsewhere", w.uri, "some-other-namespace")
	w.declareServer("spare", w.uri, w.tenants+", more")
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=False", "Accepted=True", "DatabaseReady=False/ServerNotFound", "Reconciling=True")
	kube.Eventually(t, "the message names what there is for this namespace", func() error {
		w.expect(tenant, "DatabaseReady=False")
		m := message(tenant, "DatabaseReady")
		if strings.Contains(m, "elsewhere") {
			t.Fatalf("the message tells of a server that is not for this namespace: %s", m)
		}
		if !strings.Contains(m, `"default"`) || !strings.Contains(m, "spare") {
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName += "." }) // another server is no event
			return errorf("the message is %q", m)
		}
		return nil
	})

	// It appears, but not for this namespace.
	w.declareServer("default", w.uri, "some-other-namespace")
	w.expect(tenant, "DatabaseReady=False/ServerNotFound")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
	edit(w, secret, func(s *corev1.Secret) { s.Data[keyAllowedNamespaces] = []byte("*") })
	w.expect(tenant, "Ready=True")
}

func TestServerIsWrong(t *testing.T) {
	t.Parallel()
	good := postgreSQL.Manager(t)
	for name, test := range map[string]struct {
		uri    string
		reason string
		active string
	}{
		"no URI":         {"", "InvalidServer", "Stalled"},
		"not a URI":      {"mysql://a:hunter2@b/c", "InvalidServer", "Stalled"},
		"wrong password": {withPassword(t, good, "hunter2"), "Unauthorized", "Stalled"},
		"no rights":      {withoutRights(t, good), "MissingRights", "Stalled"},
		"nobody there":   {"postgres://a:hunter2@127.0.0.1:1/c", "Unreachable", "Reconciling"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t)
			w.declareServer("default", test.uri, w.tenants)
			w.startOperator(cluster.Config, nil)
			w.replicas = startReplicas(w)
			tenant := w.tenant("acme")
			w.create(tenant)
			w.expect(tenant, "Ready=False", "DatabaseReady=False/"+test.reason, test.active+"=True", "PortalAvailable=False")
			conditions, _ := statusOf(tenant)
			if text := describe(conditions); strings.Contains(text, "hunter2") {
				t.Errorf("the status tells the password:\n%s", text)
			}
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
			edit(w, secret, func(s *corev1.Secret) { s.Data[keyURI] = []byte(w.uri) })
			w.expect(tenant, "Ready=True")
		})
	}
}

// withoutRights makes a role that can do nothing but sign in.
func withoutRights(t *testing.T, uri string) string {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	const role = "without_rights"
	database := strings.TrimPrefix(pool.Config().ConnConfig.Database, "/")
	for _, sql := range []string{
		"CREATE ROLE " + role + " LOGIN PASSWORD 'hunter2'",
		"GRANT CONNECT ON DATABASE " + pgx.Identifier{database}.Sanitize() + " TO " + role,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(role, "hunter2")
	return parsed.String()
}

func withPassword(t *testing.T, uri, password string) string {
	t.Helper()
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(parsed.User.Username(), password)
	return parsed.String()
}

func TestDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := quietWorld(t)
	w.uri = server.URI()
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant, profile := w.tenant("acme"), w.accountProfile("acme", "business")
	w.create(tenant, profile)
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	before := w.deployment("acme-portal")
	document := w.configMap("acme")

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=False/Unreachable", "DatabaseReady=False/Unreachable", "Programmed=Unknown", "PortalAvailable=True", "Reconciling=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(profile, "Ready=False", "Accepted=True", "Programmed=Unknown/DatabaseUnreachable")
	other := w.tenant("beta")
	w.create(other)
	w.expect(other, "Ready=False", "DatabaseReady=False/Unreachable")
	if after := w.deployment("acme-portal"); after.ResourceVersion != before.ResourceVersion {
		t.Error("the workload was touched")
	}
	if after := w.configMap("acme"); after.ResourceVersion != document.ResourceVersion {
		t.Error("a document was written without the database")
	}
	w.delete(w.configMap("acme"))

	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=True", "DatabaseReady=True")
	w.expect(profile, "Ready=True")
	w.expect(other, "Ready=True")
	if !strings.Contains(w.configMap("acme").Data[provision.KeySettings], "Companies") {
		t.Error("the edit of the outage is not live")
	}
}

// TestPausedTenantOutlivesOutage: nothing is prepared for a paused tenant, and still its
// status follows the server.
func TestPausedTenantOutlivesOutage(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := quietWorld(t)
	w.uri = server.URI()
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
	w.expect(tenant, "Ready=True/Paused")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=False", "DatabaseReady=False/Unreachable")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=True/Paused", "DatabaseReady=True")
}

// TestSlowTenantIsNoOutageOfOthers: somebody holds a lock on a table of one tenant.
func TestSlowTenantIsNoOutageOfOthers(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	other := w.tenant("beta")
	w.create(other)
	w.expect(other, "Ready=True")
	flapping := watchFlaps(t, other)
	conn, err := pgx.Connect(t.Context(), w.uri)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	schema := pgx.Identifier{tenant.Status.Database.Schema}.Sanitize()
	if _, err := conn.Exec(t.Context(), "BEGIN; SET LOCAL ROLE "+schema+"; LOCK TABLE "+schema+".account_bucket IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=False", "DatabaseReady=False/Unreachable")
	if m := message(tenant, "DatabaseReady"); !strings.Contains(m, "answers, but") {
		t.Errorf("DatabaseReady says %q", m)
	}
	profile := w.accountProfile("beta", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	if n := flapping.seen(); n != 0 {
		t.Errorf("the other tenant was not Ready %d times", n)
	}
	if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=True")
}

// TestLostDocumentChangesNoVerdict: the ConfigMap is deleted while its copy cannot be
// read. Nobody knows then what an object may keep because it has it already.
func TestLostDocumentChangesNoVerdict(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := quietWorld(t)
	w.uri = server.URI()
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant, profile, portal := w.tenant("acme"), w.accountProfile("acme", "business"), w.myAccountProfile("acme", "old")
	profile.Spec.MyAccountProfileRef.Name = "old"
	w.create(tenant, profile, portal)
	w.expect(profile, "Ready=True")
	edit(w, portal, func(p *v1alpha1.MyAccountProfile) { p.Spec.Availability = v1alpha1.AvailabilityHistorical })
	w.expect(portal, "Ready=True")
	w.expect(tenant, "Ready=True")

	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.expect(tenant, "Ready=False/Unreachable")
	w.delete(w.configMap("acme"))
	w.expect(profile, "Programmed=Unknown/DatabaseUnreachable", "Accepted=True", "ResolvedRefs=True")
	w.expect(tenant, "Programmed=Unknown/DatabaseUnreachable", "Accepted=True")
	if *tenant.Status.Rejected != 0 {
		t.Errorf("%d objects are counted as rejected", *tenant.Status.Rejected)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.expect(profile, "Ready=True")
	w.expect(tenant, "Ready=True")
}
