package controllers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestDriftIsHealed(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)

	deployment := w.deployment("acme-portal")
	edit(w, deployment, func(d *appsv1.Deployment) {
		d.Spec.Replicas = ptr.To(int32(7))
		d.Spec.Template.Spec.Containers[0].Image = "somebody/else:v1"
	})
	kube.Eventually(t, "the Deployment is as declared", func() error {
		d := w.deployment("acme-portal")
		return want(*d.Spec.Replicas == 2 && d.Spec.Template.Spec.Containers[0].Image == "foyer:test", true)
	})

	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}}
	w.get(service)
	w.delete(service)
	w.delete(w.deployment("acme-backoffice"))
	kube.Eventually(t, "what was deleted is back", func() error {
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(service), &corev1.Service{}); err != nil {
			return err
		}
		return w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: "acme-backoffice"}, &appsv1.Deployment{})
	})

	token, login := w.secret("acme-cli"), w.secret("acme-db-portal")
	w.delete(token)
	w.delete(login)
	kube.Eventually(t, "the Secrets are back after an edit of the tenant", func() error {
		edit(w, tenant, func(*v1alpha1.Tenant) { tenant.Spec.DisplayName += "." })
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(token), &corev1.Secret{}); err != nil {
			return err
		}
		return w.client.Get(t.Context(), client.ObjectKeyFromObject(login), &corev1.Secret{})
	})
	w.expect(tenant, "Ready=True")
}

// TestDriftIsReported: what was healed, and never what it was healed from.
func TestDriftIsReported(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	edit(w, w.deployment("acme-portal"), func(d *appsv1.Deployment) {
		d.Spec.Replicas = ptr.To(int32(7))
		d.Spec.Template.Spec.Containers[0].Image = "somebody/else:v1"
	})
	w.sawEvent(tenant, "DriftHealed", `Deployment acme-portal was changed by "controllers.test" in spec.replicas, spec.template.spec.containers[portal].image, and`)
	w.delete(w.deployment("acme-backoffice"))
	w.sawEvent(tenant, "DriftHealed", "Deployment acme-backoffice was deleted, and")
	edit(w, w.configMap("acme"), func(c *corev1.ConfigMap) { c.Data[provision.KeySettings] = "{}" })
	w.sawEvent(tenant, "DriftHealed", "ConfigMap acme-settings was changed")
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-portal"}}
	w.get(budget)
	edit(w, budget, func(b *policyv1.PodDisruptionBudget) { b.Spec.MaxUnavailable = ptr.To(intstr.FromInt32(9)) })
	w.sawEvent(tenant, "DriftHealed", "PodDisruptionBudget acme-portal was changed")
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: "acme-api"}}
	w.get(service)
	edit(w, service, func(s *corev1.Service) {
		s.Spec.Selector["and"] = "more"
		delete(s.Spec.Selector, provision.LabelComponent)
	})
	w.sawEvent(tenant, "DriftHealed", "Service acme-api was changed")
	w.delete(w.secret("acme-db-portal"))
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName += "." })
	w.sawEvent(tenant, "DriftHealed", "Secret acme-db-portal was deleted, and")
	w.expect(tenant, "Ready=True")
	if n := w.eventsOf(tenant, "DriftHealed"); n != 6 {
		t.Errorf("6 objects were healed, %d events say so", n)
	}
}

// TestOperatorsOwnChangesAreNoDrift: neither a first install, nor an edit of the Tenant, nor
// another release is reported.
func TestOperatorsOwnChangesAreNoDrift(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Portal.Replicas = ptr.To(int32(3))
		t.Spec.Portal.Exposure.Type = v1alpha1.ExposureIngress
	})
	w.expect(tenant, "Programmed=True")
	kube.Eventually(t, "it is applied", func() error { return want(*w.deployment("acme-portal").Spec.Replicas, 3) })
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure.Type = v1alpha1.ExposureNone })
	w.expect(tenant, "Ready=True")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Portal.Exposure.Type = v1alpha1.ExposureIngress })
	w.expect(tenant, "Programmed=True")
	w.stop()
	w.options = func(o *Options) { o.Version, o.Image = "v9", "foyer:v9" }
	w.startOperator(cluster.Config, nil)
	kube.Eventually(t, "it is of another release", func() error {
		w.get(tenant)
		return want(tenant.Status.Version, "v9")
	})
	if n := w.eventsOf(tenant, "DriftHealed"); n != 0 {
		t.Errorf("%d events tell of drift that nobody has made", n)
	}
}

// TestTugOfWar: another program insists on something else.
func TestTugOfWar(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() { done <- w.insist(ctx, "acme-portal", 9) }()
	w.expect(tenant, "Ready=False/Contested", "Stalled=True")
	if m := message(tenant, "Ready"); !strings.Contains(m, `Deployment acme-portal is changed by "other-controller" in spec.replicas again and again`) {
		t.Errorf("Ready says %q", m)
	}
	w.sawEvent(tenant, "Contested", "other-controller")
	cancel()
	if n := <-done; n <= atOnce {
		t.Errorf("it is a quarrel after %d changes", n)
	}
	w.expect(tenant, "Ready=True")
	kube.Eventually(t, "it is as declared", func() error { return want(*w.deployment("acme-portal").Spec.Replicas, 2) })
	if n := w.eventsOf(tenant, "DriftHealed") + w.eventsOf(tenant, "Contested"); n > 5 {
		t.Errorf("%d events tell of one quarrel", n)
	}
}

// TestQuarrelIsLedLessAndLess: whatever another program does, and however long.
func TestQuarrelIsLedLessAndLess(t *testing.T) {
	t.Parallel()
	d, now := newDrifts(events.NewFakeRecorder(1000), usualPace), time.Now()
	d.now = func() time.Time { return now }
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme", UID: "1"}}
	d.follow(tenant)
	d.Seen(tenant, "Deployment", "acme-portal")
	heals := func(version int) bool {
		healed, heals := d.Heal(tenant, apply.Drift{Kind: "Deployment", Name: "acme-portal", Fields: []string{"spec.replicas"},
			Version: fmt.Sprint(version), Managers: func() []string { return []string{"other"} }})
		if heals {
			healed()
		}
		return heals
	}
	var at []int // seconds, of those that were healed
	for second := range 600 {
		if heals(second) {
			at = append(at, second)
		}
		now = now.Add(time.Second)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 7, 17, 37, 77, 157, 317}, at); diff != "" {
		t.Errorf("healed after seconds (-want +got):\n%s", diff)
	}
	if found, again := d.finding(client.ObjectKeyFromObject(tenant), now); found.Reason != status.ReasonContested || again <= 0 {
		t.Errorf("the status says %+v, again in %s", found, again)
	}
	now = now.Add(2*longestTruce + time.Second)
	if found, _ := d.finding(client.ObjectKeyFromObject(tenant), now); found.Reason != "" {
		t.Errorf("when it is over the status says %+v", found)
	}
	if !heals(1000) {
		t.Error("a later change is not healed at once")
	}
}

// insist sets the replicas of a Deployment whenever they are others, and returns how often.
func (w *world) insist(ctx context.Context, name string, replicas int32) (writes int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	for {
		select {
		case <-ctx.Done():
			return writes
		case <-tick.C:
		}
		var d appsv1.Deployment
		if w.client.Get(ctx, client.ObjectKey{Namespace: w.tenants, Name: name}, &d) != nil || *d.Spec.Replicas == replicas {
			continue
		}
		if w.client.Patch(ctx, &d, patch, client.FieldOwner("other-controller")) == nil {
			writes++
		}
	}
}

// eventsOf counts the events about an object, those of a series once.
func (w *world) eventsOf(o client.Object, reason string) (n int) {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(o.GetNamespace())); err != nil {
		w.t.Fatal(err)
	}
	for _, e := range list.Items {
		if e.Regarding.Name == o.GetName() && e.Reason == reason {
			n++
		}
	}
	return n
}

// TestDriftOfTheDocumentsMap is about what the ConfigMaps are by their metadata: ours, and
// in the cache.
func TestDriftOfTheDocumentsMap(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	for _, document := range []func(string) *corev1.ConfigMap{w.configMap, w.routingMap} {
		for _, label := range []string{provision.LabelManagedBy, provision.LabelTenant} {
			edit(w, document("acme"), func(c *corev1.ConfigMap) { delete(c.Labels, label) })
			kube.Eventually(t, "label "+label+" is back", func() error {
				return want(document("acme").Labels[label] != "", true)
			})
		}
	}
	w.expect(tenant, "Ready=True")
	edit(w, w.configMap("acme"), func(c *corev1.ConfigMap) { c.OwnerReferences = nil })
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
	w.delete(w.configMap("acme"))
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Again" })
	w.expect(tenant, "Ready=True")
}

// TestPasswordThatNoRoleCanHave: a password that somebody put into a Secret, and that
// the database would refuse for good, is replaced.
func TestPasswordThatNoRoleCanHave(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	login := w.secret("acme-db-portal")
	good := string(login.Data[provision.KeyURI])
	bad := withPassword(t, good, "pässword")
	edit(w, login, func(s *corev1.Secret) { s.Data[provision.KeyURI] = []byte(bad) })
	kube.Eventually(t, "there is a new password", func() error {
		edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName += "." })
		uri := string(w.secret("acme-db-portal").Data[provision.KeyURI])
		return want(uri != bad && uri != good, true)
	})
	w.expect(tenant, "Ready=True", "DatabaseReady=True")
}

// TestRefusedDriftIsNoQuarrel: what the cluster does not let Foyer set back is not told as
// set back, and whoever changed it once is not told to change it again and again.
func TestRefusedDriftIsNoQuarrel(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	var off atomic.Bool
	off.Store(true)
	limited := rest.CopyConfig(cluster.Config)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return policy{next, "/deployments/acme-portal", &off, http.StatusForbidden}
	})
	w.startOperator(limited, nil)
	w.replicas = startReplicas(w)
	tenant := w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	off.Store(false)
	edit(w, w.deployment("acme-portal"), func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To(int32(7)) })
	for range atOnce + 2 {
		edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName += "." }) // another pass, another attempt
		w.expect(tenant, "Ready=False/Refused")
	}
	if n := w.eventsOf(tenant, "DriftHealed") + w.eventsOf(tenant, "Contested"); n != 0 {
		t.Errorf("%d events tell of what was not set back", n)
	}
	off.Store(true)
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Acme" })
	w.sawEvent(tenant, "DriftHealed", `Deployment acme-portal was changed by "controllers.test" in spec.replicas, and`)
	w.expect(tenant, "Ready=True")
}

// TestAnotherTenantOfTheName has made nothing yet, whatever is known of the one before, and
// what still works for one that is gone leaves nothing behind.
func TestAnotherTenantOfTheName(t *testing.T) {
	t.Parallel()
	d := newDrifts(events.NewFakeRecorder(10), testPace)
	former := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme", UID: "former"}}
	next := former.DeepCopy()
	next.UID = "next"
	missing := apply.Drift{Kind: "Service", Name: "acme-api"}
	drifts := func(owner client.Object) bool {
		healed, now := d.Heal(owner, missing)
		if !now {
			t.Errorf("Service acme-api of Tenant %s is not made", owner.GetUID())
		}
		return healed != nil
	}
	d.follow(former)
	if drifts(former) {
		t.Error("a new object is drift")
	}
	d.Seen(former, "Service", "acme-api")
	d.follow(former) // the next pass
	if !drifts(former) {
		t.Error("a deleted object is no drift")
	}
	d.follow(next)
	d.Seen(former, "Service", "acme-api")
	if drifts(next) || drifts(former) {
		t.Error("what another Tenant had is drift")
	}
	d.forget(client.ObjectKeyFromObject(next))
	d.Seen(next, "Service", "acme-api")
	if len(d.of) > 0 {
		t.Errorf("left of a Tenant that is gone: %v", d.of)
	}
}
