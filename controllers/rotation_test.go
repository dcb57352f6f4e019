package controllers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var rotated = []string{"acme-db-backoffice", "acme-db-dispatcher", "acme-db-portal", "acme-cli"}

// secrets are what the Secrets hold that are rotated.
func (w *world) rotatedSecrets() map[string]string {
	w.t.Helper()
	held := map[string]string{}
	for _, name := range rotated {
		data := w.secret(name).Data
		held[name] = string(data[provision.KeyURI]) + string(data[provision.KeyToken])
	}
	return held
}

// logins are the login roles of the tenant.
func (w *world) loginRoles(tenant *v1alpha1.Tenant) []string {
	w.t.Helper()
	schema := tenant.Status.Database.Schema
	roles := texts(w.t, w.sql("SELECT 1"), `SELECT rolname::text FROM pg_roles WHERE rolname LIKE '`+schema+`\_%' ORDER BY 1`)
	for i := range roles {
		roles[i] = strings.TrimPrefix(roles[i], schema)
	}
	return roles
}

func signsIn(ctx context.Context, uri string) error {
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only looked at
	_, err = conn.Exec(ctx, "SELECT id FROM account")
	return err
}

// askForLogins annotates the Tenant, as its people do.
func (w *world) askForLogins(tenant *v1alpha1.Tenant, request string) {
	w.t.Helper()
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Annotations = map[string]string{provision.AnnotationRotateLogins: request}
	})
}

// expectRotated waits until every Secret holds another secret than before, and the former
// logins have ended. It returns what they hold.
func (w *world) expectRotated(tenant *v1alpha1.Tenant, before map[string]string) (after map[string]string) {
	w.t.Helper()
	kube.Eventually(w.t, "the logins are rotated", func() error {
		after = w.rotatedSecrets()
		for name, held := range after {
			if held == before[name] {
				return errorf("Secret %s holds what it held before", name)
			}
		}
		if roles := w.loginRoles(tenant); len(roles) != 3 {
			return errorf("there are %v", roles)
		}
		w.expect(tenant, "Ready=True", "DatabaseReady=True/Prepared")
		return nil
	})
	return after
}

// TestLoginsAreRotatedOnRequest: new ones take the place of the former ones, which end. The
// former API token works for a while, and one request rotates once.
func TestLoginsAreRotatedOnRequest(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	if at := tenant.Status.Database.LastRotationTime; at != nil {
		t.Errorf("the first logins were rotated at %s", at)
	}
	before := w.rotatedSecrets()
	w.askForLogins(tenant, "2026-11-22")
	after := w.expectRotated(tenant, before)
	if diff := cmp.Diff([]string{"_backoffice_2", "_dispatcher_2", "_portal_2"}, w.loginRoles(tenant)); diff != "" {
		t.Errorf("login roles (-want +got):\n%s", diff)
	}
	w.expectEvents(tenant, "LoginsRotated")
	at := tenant.Status.Database.LastRotationTime
	if at == nil || time.Since(at.Time) > time.Minute {
		t.Errorf("the status says that they were rotated at %v", at)
	}
	for _, name := range rotated[:3] {
		if err := signsIn(t.Context(), after[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := signsIn(t.Context(), before[name]); err == nil {
			t.Errorf("what %s held before still signs in", name)
		}
		if data := w.secret(name).Data; len(data) != 1 {
			t.Errorf("%s holds more than one login", name)
		}
	}
	pool, err := pgxpool.New(t.Context(), after["acme-db-backoffice"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for what, now := range map[string]time.Time{"new": time.Now().Add(25 * time.Hour), "former": time.Now().Add(23 * time.Hour)} {
		token := after["acme-cli"]
		if what == "former" {
			token = before["acme-cli"]
		}
		if used, err := store.New(pool).UseToken(t.Context(), store.TokenHash(token), now); err != nil || !used.May("accounts:write") {
			t.Errorf("the %s token is %+v, %v", what, used, err)
		}
	}

	w.stop() // one that starts anew finds nothing to do either
	w.startOperator(cluster.Config, nil)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Looked at again" })
	w.expect(tenant, "Ready=True")
	wait(t, 2*time.Second)
	if diff := cmp.Diff(after, w.rotatedSecrets()); diff != "" {
		t.Error("one request has rotated twice")
	}
	w.askForLogins(tenant, "once more")
	w.expectRotated(tenant, after)
	if diff := cmp.Diff([]string{"_backoffice", "_dispatcher", "_portal"}, w.loginRoles(tenant)); diff != "" {
		t.Errorf("login roles (-want +got):\n%s", diff)
	}
}

// load makes connections for pods, one after the other, each by the login that the pod has
// then, and counts.
type load struct {
	made     atomic.Int64
	failures chan error
	stop     func()
}

func (w *world) startLoad(tenant string) *load {
	l := &load{failures: make(chan error, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	for _, pod := range w.pods(tenant) {
		work.Go(func() {
			for ctx.Err() == nil {
				if err := w.replicas.connect(pod.Name); err != nil {
					select {
					case l.failures <- fmt.Errorf("%s: %w", pod.Name, err):
					default:
					}
				}
				l.made.Add(1)
			}
		})
	}
	l.stop = sync.OnceFunc(func() { cancel(); work.Wait() })
	w.t.Cleanup(l.stop)
	return l
}

func (r *replicas) connect(pod string) error {
	r.mu.Lock()
	has := r.logins[pod]
	r.mu.Unlock()
	has.RLock()
	defer has.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return signsIn(ctx, has.uri)
}

func (l *load) check(t *testing.T) {
	t.Helper()
	l.stop()
	close(l.failures)
	for err := range l.failures {
		t.Errorf("a connection failed: %v", err)
	}
	if l.made.Load() < 50 {
		t.Errorf("%d connections prove nothing", l.made.Load())
	}
	t.Logf("%d connections were made", l.made.Load())
}

// TestNoConnectionFailsWhileLoginsRotate: pods make new connections all the time, and none
// is refused.
func TestNoConnectionFailsWhileLoginsRotate(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	l := w.startLoad("acme")
	held := w.rotatedSecrets()
	for i := range 3 {
		w.askForLogins(tenant, fmt.Sprint("rotation ", i))
		held = w.expectRotated(tenant, held)
	}
	l.check(t)
}

// cutAfter lets so many writes through and then nothing, as if the operator had been killed.
func cutAfter(config *rest.Config, writes *kube.Writes, count int) *rest.Config {
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &cutTransport{next: next, writes: writes, count: count}
	})
	return config
}

type cutTransport struct {
	next   http.RoundTripper
	writes *kube.Writes
	count  int
}

func (c *cutTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if len(c.writes.List()) >= c.count {
		return answer(request, http.StatusInternalServerError, "injected"), nil
	}
	return c.next.RoundTrip(request)
}

// TestRotationSurvivesItsOperator: the operator is killed after each of the writes of a
// rotation, and another goes on. No connection fails.
func TestRotationSurvivesItsOperator(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	held := w.rotatedSecrets()
	l := w.startLoad("acme")
	for after := 1; after <= 8; after++ {
		w.stop()
		recording, writes := kube.RecordWrites(cluster.Config)
		limited := cutAfter(recording, writes, after)
		w.startOperator(limited, nil)
		w.askForLogins(tenant, fmt.Sprint("killed after ", after))
		kube.Eventually(t, "it is cut off", func() error {
			if len(writes.List()) < after {
				return errorf("wrote %v", writes.List())
			}
			return nil
		})
		w.stop()
		w.startOperator(cluster.Config, nil)
		held = w.expectRotated(tenant, held)
	}
	l.check(t)
}

// TestRotationWaits: as long as one pod has not said that it uses the new login, the former
// one works, and the status says so.
func TestRotationWaits(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	var pods []string
	for _, pod := range w.podsOf("acme", provision.Portal) {
		pods = append(pods, pod.Name)
	}
	w.replicas.set(func(r *replicas) { r.stuck = pods[0] })
	l := w.startLoad("acme")
	before := w.rotatedSecrets()
	w.askForLogins(tenant, "now")
	kube.Eventually(t, "the status says which component is waited for", func() error {
		w.expect(tenant, "Ready=True", "DatabaseReady=True/RotatingLogins")
		return want(strings.Contains(message(tenant, "DatabaseReady"), "a pod of the portal has not said"), true)
	})
	w.expectEvents(tenant, "RotationWaits")
	if diff := cmp.Diff([]string{"_backoffice_2", "_dispatcher_2", "_portal", "_portal_2"}, w.loginRoles(tenant)); diff != "" {
		t.Errorf("login roles (-want +got):\n%s", diff)
	}
	waiting := w.rotatedSecrets()
	w.askForLogins(tenant, "and again") // the portal's turn is not over
	kube.Eventually(t, "the others are rotated again", func() error {
		return want(slices.Contains(w.loginRoles(tenant), "_backoffice"), true)
	})
	if w.rotatedSecrets()["acme-db-portal"] != waiting["acme-db-portal"] {
		t.Error("the portal has a third login while a pod uses the first")
	}
	for what, uri := range map[string]string{"former": before["acme-db-portal"], "new": waiting["acme-db-portal"]} {
		if err := signsIn(t.Context(), uri); err != nil {
			t.Errorf("the %s login: %v", what, err)
		}
	}
	w.replicas.set(func(r *replicas) { r.stuck, r.seen = "", map[string]string{} })
	w.expectRotated(tenant, waiting)
	l.check(t)
}

// TestOldLoginsAreRotated: time goes by what the Secrets say, whoever looks.
func TestOldLoginsAreRotated(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	before := w.rotatedSecrets()
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Database.RotateLoginsDays = 30 })
	w.expect(tenant, "Ready=True")
	if diff := cmp.Diff(before, w.rotatedSecrets()); diff != "" {
		t.Error("new logins are rotated at once")
	}
	long := time.Now().Add(-31 * 24 * time.Hour).UTC().Format(time.RFC3339)
	for _, name := range rotated {
		edit(w, w.secret(name), func(s *corev1.Secret) {
			s.Annotations[provision.AnnotationRotated] = long
		})
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Old" })
	w.expectRotated(tenant, before)
	if at := tenant.Status.Database.LastRotationTime; at == nil || time.Since(at.Time) > time.Minute {
		t.Errorf("the status says that they were rotated at %v", at)
	}
}

func TestWhenLoginsAreDue(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	tests := map[string]struct {
		made, rotated time.Duration // before now; 0: never
		request, done string
		days          int32
		next          string
		want          bool
	}{
		"nobody asks":                {made: 1000 * day},
		"young":                      {made: 26 * day, days: 30},
		"old":                        {made: 30 * day, days: 30, want: true},
		"old, and rotated since":     {made: 100 * day, rotated: 26 * day, days: 30},
		"old, and rotated long ago":  {made: 100 * day, rotated: 30 * day, days: 30, want: true},
		"of the future":              {made: -day, days: 1},
		"asked for":                  {made: time.Hour, request: "a", want: true},
		"asked for, and done":        {made: time.Hour, request: "a", done: "a"},
		"asked for once more":        {made: time.Hour, request: "b", done: "a", want: true},
		"not asked for any more":     {made: time.Hour, done: "a"},
		"asked for, and on its way":  {made: time.Hour, request: "a", next: "postgres://", want: false},
		"every day, made today":      {made: 21 * time.Hour, days: 1},
		"every day, made a day ago":  {made: day, days: 1, want: true},
		"once a year, after a month": {made: 30 * day, days: 365},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			secret := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", CreationTimestamp: metav1.NewTime(now.Add(-test.made)), Annotations: map[string]string{}},
				Data:       map[string][]byte{provision.KeyURI: []byte("postgres://"), provision.KeyNext: []byte(test.next)},
			}
			if test.rotated > 0 {
				secret.Annotations[provision.AnnotationRotated] = now.Add(-test.rotated).Format(time.RFC3339)
			}
			secret.Annotations[provision.AnnotationRotateLogins] = test.done
			tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{UID: "5f0c", Annotations: map[string]string{provision.AnnotationRotateLogins: test.request}}}
			tenant.Spec.Database.RotateLoginsDays = test.days
			if got := credentialIn(secret, provision.KeyURI).due(tenant, now); got != test.want {
				t.Errorf("due: %t", got)
			}
		})
	}
}

// TestRotationsAreSpread: tenants that were made in one minute are not rotated in one.
func TestRotationsAreSpread(t *testing.T) {
	every := 30 * 24 * time.Hour
	minutes := map[time.Duration]int{}
	for i := range 1000 {
		at := early(&v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{UID: types.UID(fmt.Sprintf("%08d-22c1-4d0e-8f5a-5d1a4b5c6d7e", i))}}, every)
		if at < 0 || at >= every/10 {
			t.Fatalf("%s early", at)
		}
		minutes[at.Truncate(time.Minute)]++
	}
	for minute, count := range minutes {
		if count > 5 {
			t.Errorf("%d of 1,000 tenants are rotated in the minute %s", count, minute)
		}
	}
}
