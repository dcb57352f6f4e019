package main

import (
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// theStory is what an operator does for its tenants.
type theStory struct {
	t       *testing.T // of the chapter
	tenant  client.ObjectKey
	other   client.ObjectKey // which the last chapters do without
	manager *operator
}

// story is everything that an operator does, in an order in which it can happen. A chapter
// fails when what it waits for does not come; which rights that took is for the proof.
var story = []struct {
	name    string
	happens func(*theStory)
}{
	{"tenants become ready", (*theStory).tenantsBecomeReady},
	{"a profile is edited", (*theStory).profileIsEdited},
	{"a profile is broken and mended, twice", (*theStory).profileIsBrokenTwice},
	{"what Foyer made is changed by hand", (*theStory).partsAreChanged},
	{"what Foyer made is deleted by hand", (*theStory).partsAreDeleted},
	{"sites are exposed, and not any more", (*theStory).sitesAreExposed},
	{"objects are made after another operator has worked", (*theStory).objectsAreMade},
	{"a tenant is made again under its name", (*theStory).tenantIsMadeAgain},
	{"logins are rotated", (*theStory).loginsAreRotated},
	{"a tenant's data is deleted with it", (*theStory).dataIsDeleted},
	{"nobody wants NetworkPolicies any more", (*theStory).networkPoliciesEnd},
	{"a Secret is emptied", (*theStory).secretIsEmptied},
}

func tellStory(t *testing.T) {
	t.Helper()
	cluster.InstallGatewayAPI(t)
	deploy(t)
	declareServer(t)
	w := &theStory{t: t, manager: startProcess(t, operatorNamespace).ready()}
	for _, chapter := range story {
		if !t.Run(chapter.name, func(t *testing.T) { w.t = t; chapter.happens(w) }) {
			t.FailNow()
		}
	}
	w.manager.stop()
}

func (w *theStory) tenantsBecomeReady() {
	kubectlApply(w.t, "samples")
	tenants := sampleTenants(w.t)
	w.tenant, w.other = tenants[0], tenants[1]
	standInUntilReady(w.t, tenants...)
}

// profileIsEdited waits until the pods were told to look.
func (w *theStory) profileIsEdited() {
	profile := &v1alpha1.AccountProfile{}
	w.first(&v1alpha1.AccountProfileList{}, profile)
	w.edit(profile, func() { profile.Spec.DisplayName += ", edited" })
	kube.Eventually(w.t, "the pods were told", func() error {
		var pods corev1.PodList
		if err := cluster.Client.List(w.t.Context(), &pods, client.InNamespace(w.tenant.Namespace)); err != nil {
			return err
		}
		for _, pod := range pods.Items {
			if pod.Annotations[provision.AnnotationRefresh] != "" {
				return nil
			}
		}
		return fmt.Errorf("none of %d has annotation %s", len(pods.Items), provision.AnnotationRefresh)
	})
	standInUntilReady(w.t, w.tenant)
}

func (w *theStory) profileIsBrokenTwice() {
	profile := &v1alpha1.AccountProfile{}
	w.first(&v1alpha1.AccountProfileList{}, profile)
	good := profile.Spec.MyAccountProfileRef
	for range 2 {
		w.edit(profile, func() { profile.Spec.MyAccountProfileRef.Name = "nowhere" })
		w.expect(profile, v1alpha1.ConditionReady, metav1.ConditionFalse)
		w.edit(profile, func() { profile.Spec.MyAccountProfileRef = good })
		w.expect(profile, v1alpha1.ConditionReady, metav1.ConditionTrue)
	}
}

// part is an object that the operator makes for a tenant, with a change that somebody makes
// to it by hand.
type part struct {
	object client.Object
	change func()
}

func (w *theStory) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.tenant.Namespace, Name: name}
}

// parts are one object of each kind that every tenant has.
func (w *theStory) parts() []part {
	workload := provision.WorkloadName(w.tenant.Name, provision.Portal)
	settings := &corev1.ConfigMap{ObjectMeta: w.named(provision.SettingsName(w.tenant.Name))}
	service := &corev1.Service{ObjectMeta: w.named(provision.ServiceName(w.tenant.Name, provision.Portal))}
	account := &corev1.ServiceAccount{ObjectMeta: w.named(workload)}
	deployment := &appsv1.Deployment{ObjectMeta: w.named(workload)}
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: w.named(workload)}
	network := &networkingv1.NetworkPolicy{ObjectMeta: w.named(workload)}
	return []part{
		{settings, func() { settings.Data[provision.KeySettings] = "by hand" }},
		{service, func() { service.Spec.Selector[provision.LabelTenant] = "by-hand" }},
		{account, func() { account.AutomountServiceAccountToken = ptr.To(true) }},
		{deployment, func() { deployment.Spec.Template.Spec.Containers[0].Image = "somebody:else" }},
		{budget, func() { budget.Spec.MaxUnavailable = ptr.To(intstr.FromInt32(0)) }},
		{network, func() { network.Spec.PolicyTypes = network.Spec.PolicyTypes[:1] }},
	}
}

// ways are what leads to the sites and how many pods serve them, which a tenant has while it
// asks for it.
func (w *theStory) ways() []part {
	ingress := &networkingv1.Ingress{ObjectMeta: w.named(provision.ServiceName(w.tenant.Name, provision.Portal))}
	route := &gatewayv1.HTTPRoute{ObjectMeta: w.named(provision.ServiceName(w.tenant.Name, provision.Backoffice))}
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: w.named(provision.WorkloadName(w.tenant.Name, provision.Portal))}
	return []part{
		{ingress, func() { ingress.Spec.Rules[0].Host = "by.hand.example" }},
		{route, func() { route.Spec.Hostnames[0] = "by.hand.example" }},
		{autoscaler, func() { autoscaler.Spec.MaxReplicas = 100 }},
	}
}

// sitesAreExposed has ways made, changed and deleted by hand, and taken away again.
func (w *theStory) sitesAreExposed() {
	c := w.gatewayClient()
	tenant := &v1alpha1.Tenant{ObjectMeta: w.named(w.tenant.Name)}
	w.edit(tenant, func() {
		tenant.Spec.Portal.Replicas = nil
		tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 1, MaxReplicas: 4}
		tenant.Spec.Portal.Exposure = v1alpha1.ExposureSpec{Type: v1alpha1.ExposureIngress}
		tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{Hostname: "api.acme.example", Exposure: v1alpha1.ExposureSpec{
			Type: v1alpha1.ExposureGateway, Gateway: v1alpha1.GatewayExposure{ParentRefs: []v1alpha1.GatewayRef{{Name: "edge"}}},
		}}
	})
	for _, way := range w.ways() {
		w.comesBack(c, way.object, "")
		w.isHealed(c, way)
		w.isMadeAgain(c, way)
	}
	w.edit(tenant, func() {
		tenant.Spec.Portal.Replicas = ptr.To[int32](1)
		tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{}
		tenant.Spec.Portal.Exposure = v1alpha1.ExposureSpec{}
		tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{}
	})
	for _, way := range w.ways() {
		w.isGone(c, way.object)
	}
}

func (w *theStory) partsAreChanged() {
	for _, part := range w.parts() {
		w.isHealed(cluster.Client, part)
	}
}

func (w *theStory) partsAreDeleted() {
	for _, part := range w.parts() {
		w.isMadeAgain(cluster.Client, part)
	}
	standInUntilReady(w.t, w.tenant)
}

// isHealed changes an object by hand, twice, and waits until it is written each time.
func (w *theStory) isHealed(c client.Client, of part) {
	for range 2 {
		w.editBy(c, of.object, of.change)
		version := of.object.GetResourceVersion()
		kube.Eventually(w.t, fmt.Sprintf("%T %s is as it was", of.object, of.object.GetName()), func() error {
			if err := c.Get(w.t.Context(), objectKey(of.object), of.object); err != nil {
				return err
			}
			if of.object.GetResourceVersion() == version {
				return errors.New("nobody has written it")
			}
			return nil
		})
	}
}

func (w *theStory) isMadeAgain(c client.Client, of part) {
	if err := c.Get(w.t.Context(), objectKey(of.object), of.object); err != nil {
		w.t.Fatal(err)
	}
	uid := of.object.GetUID()
	if err := c.Delete(w.t.Context(), of.object); err != nil {
		w.t.Fatal(err)
	}
	w.comesBack(c, of.object, uid)
}

// comesBack waits for an object that is not the one with that uid.
func (w *theStory) comesBack(c client.Client, o client.Object, not types.UID) {
	kube.Eventually(w.t, fmt.Sprintf("%T %s is there", o, o.GetName()), func() error {
		err := c.Get(w.t.Context(), objectKey(o), o)
		if err == nil && o.GetUID() == not {
			return errors.New("it is still the one that was deleted")
		}
		return err
	})
}

// objectsAreMade while no operator works. The next one makes sure of what is new to it.
func (w *theStory) objectsAreMade() {
	w.manager.stop()
	meta := func(name string) metav1.ObjectMeta { return w.named("late-" + name) }
	ref := v1alpha1.ObjectRef{Name: w.tenant.Name}
	var made []client.Object
	for _, o := range []client.Object{
		&v1alpha1.MyAccountProfile{ObjectMeta: meta("portal"), Spec: v1alpha1.MyAccountProfileSpec{
			TenantRef: ref, DisplayName: "Late", MyAccountFlags: []v1alpha1.MyAccountFlag{"ViewInvoices"}}},
		&v1alpha1.AccountProfile{ObjectMeta: meta("profile"), Spec: v1alpha1.AccountProfileSpec{TenantRef: ref, DisplayName: "Late"}},
		&v1alpha1.EventTemplate{ObjectMeta: meta("template"), Spec: v1alpha1.EventTemplateSpec{
			TenantRef: ref, Event: "payment.received", AccountProfileRefs: []v1alpha1.ObjectRef{{Name: "late-profile"}},
			Actions: []v1alpha1.ActionSpec{{Name: "note", Type: v1alpha1.ActionLog, Note: v1alpha1.NoteSpec{Text: "Paid."}}},
		}},
	} {
		if err := cluster.Client.Create(w.t.Context(), o); err != nil {
			w.t.Fatal(err)
		}
		made = append(made, o)
	}
	w.manager = startProcess(w.manager.t, operatorNamespace).ready()
	for _, o := range made {
		standInUntil(w.t, w.tenant, fmt.Sprintf("%T %s is live", o, o.GetName()), func() error {
			get(w.t, objectKey(o), o)
			return isLive(o)
		})
	}
}

// tenantIsMadeAgain deletes a Tenant with all that it owns, which takes more than an API
// server, and makes it again: it has its data, and what was live is restored from there.
func (w *theStory) tenantIsMadeAgain() {
	tenant := &v1alpha1.Tenant{}
	get(w.t, w.tenant, tenant)
	w.restart()
	if err := cluster.Client.Delete(w.t.Context(), tenant); err != nil {
		w.t.Fatal(err)
	}
	cluster.CollectGarbage(w.t, w.tenant.Namespace, tenant.UID)
	again := &v1alpha1.Tenant{ObjectMeta: w.named(tenant.Name), Spec: tenant.Spec}
	if err := cluster.Client.Create(w.t.Context(), again); err != nil {
		w.t.Fatal(err)
	}
	standInUntilReady(w.t, w.tenant)
}

func isLive(o client.Object) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	live, _, err := unstructured.NestedInt64(fields, "status", "liveGeneration")
	if err == nil && live != o.GetGeneration() {
		err = fmt.Errorf("generation %d is live: %v", live, fields["status"])
	}
	return err
}

func (w *theStory) loginsAreRotated() {
	tenant := &v1alpha1.Tenant{ObjectMeta: w.named(w.tenant.Name)}
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: w.tenant.Namespace, Name: provision.DatabaseSecretName(w.tenant.Name, provision.Portal)}
	get(w.t, key, secret)
	before := string(secret.Data[provision.KeyURI])
	w.edit(tenant, func() {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, provision.AnnotationRotateLogins, "now")
	})
	kube.Eventually(w.t, "the portal has another login", func() error {
		get(w.t, key, secret)
		if string(secret.Data[provision.KeyURI]) == before {
			return errors.New("it has the one before")
		}
		return nil
	})
}

// dataIsDeleted with a tenant that has no pods, since nobody is there to end them.
func (w *theStory) dataIsDeleted() {
	tenant := &v1alpha1.Tenant{}
	tenant.Namespace, tenant.Name = w.other.Namespace, w.other.Name
	w.edit(tenant, func() { tenant.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete })
	kube.Eventually(w.t, "it has a finalizer", func() error {
		get(w.t, w.other, tenant)
		if len(tenant.Finalizers) == 0 {
			return errors.New("it has none")
		}
		return nil
	})
	if err := cluster.Client.DeleteAllOf(w.t.Context(), &corev1.Pod{}, client.InNamespace(w.other.Namespace), client.GracePeriodSeconds(0)); err != nil {
		w.t.Fatal(err)
	}
	if err := cluster.Client.Delete(w.t.Context(), tenant); err != nil {
		w.t.Fatal(err)
	}
	w.isGone(cluster.Client, tenant)
}

func (w *theStory) networkPoliciesEnd() {
	w.restart("--network-policies=None")
	for _, c := range provision.Components() {
		w.isGone(cluster.Client, &networkingv1.NetworkPolicy{ObjectMeta: w.named(provision.WorkloadName(w.tenant.Name, c))})
	}
}

func (w *theStory) isGone(c client.Client, o client.Object) {
	kube.Eventually(w.t, fmt.Sprintf("%T %s is gone", o, o.GetName()), func() error {
		err := c.Get(w.t.Context(), objectKey(o), o)
		if err == nil {
			return errors.New("it is there")
		}
		return client.IgnoreNotFound(err)
	})
}

// secretIsEmptied is noticed by the next operator that starts. That one lists what it
// watches, as where the API server cannot begin a watch with all that there is.
func (w *theStory) secretIsEmptied() {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenant.Namespace, Name: provision.TokenSecretName(w.tenant.Name)}}
	w.t.Setenv("KUBE_FEATURE_WatchListClient", "false")
	w.edit(secret, func() { delete(secret.Data, provision.KeyToken) })
	w.restart()
	kube.Eventually(w.t, "the token is there again", func() error {
		if err := cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
			return err
		}
		if len(secret.Data[provision.KeyToken]) == 0 {
			return errors.New("it has no token")
		}
		return nil
	})
}

// restart has another manager take over. It lives as long as the first one.
func (w *theStory) restart(flags ...string) {
	next := startProcess(w.manager.t, operatorNamespace, flags...).ready()
	w.manager.stop()
	w.manager = next
}

// first reads the first object of a kind of the tenant.
func (w *theStory) first(list client.ObjectList, into client.Object) {
	w.t.Helper()
	if err := cluster.Client.List(w.t.Context(), list, client.InNamespace(w.tenant.Namespace)); err != nil {
		w.t.Fatal(err)
	}
	objects, err := meta.ExtractList(list)
	if err != nil || len(objects) == 0 {
		w.t.Fatalf("there is no %T in %s: %v", into, w.tenant.Namespace, err)
	}
	get(w.t, client.ObjectKeyFromObject(objects[0].(client.Object)), into)
}

// edit changes an object, whatever the operator writes at the same time.
func (w *theStory) edit(o client.Object, change func()) { w.editBy(cluster.Client, o, change) }

func (w *theStory) editBy(c client.Client, o client.Object, change func()) {
	w.t.Helper()
	kube.Eventually(w.t, "the edit is taken", func() error {
		if err := c.Get(w.t.Context(), objectKey(o), o); err != nil {
			return err
		}
		change()
		return c.Update(w.t.Context(), o)
	})
}

// gatewayClient knows HTTPRoutes as well.
func (w *theStory) gatewayClient() client.Client {
	scheme := kube.Scheme()
	if err := gatewayv1.Install(scheme); err != nil {
		w.t.Fatal(err)
	}
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func objectKey(o client.Object) client.ObjectKey { return client.ObjectKeyFromObject(o) }

// expect waits for a condition of the present generation of a profile. Its pods run what is
// live meanwhile.
func (w *theStory) expect(profile *v1alpha1.AccountProfile, kind string, status metav1.ConditionStatus) {
	w.t.Helper()
	standInUntil(w.t, w.tenant, fmt.Sprintf("%s is %s=%s", profile.Name, kind, status), func() error {
		get(w.t, client.ObjectKeyFromObject(profile), profile)
		found := meta.FindStatusCondition(profile.Status.Conditions, kind)
		if found == nil || found.Status != status || found.ObservedGeneration != profile.Generation {
			return fmt.Errorf("it says %+v", found)
		}
		return nil
	})
}
