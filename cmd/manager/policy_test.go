package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/wave"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestPolicy: with config/policy the operator can do all that it is for, and not what
// somebody would want who has taken it over; and nobody else changes what it made.
func TestPolicy(t *testing.T) {
	freshCluster(t)
	kubectlApply(t, "policy")
	tellStory(t)
	makeNamespaces(t, "victim")
	t.Run("the operator", operatorIsHeld)
	t.Run("everybody else", partsAreTheOperators)
	t.Run("the rollout", marksAreThePlatformTeams)
}

// marksAreThePlatformTeams: who may edit a Tenant neither holds up the releases of all others by
// it, nor takes back what the platform team says of it.
func marksAreThePlatformTeams(t *testing.T) {
	tenants := []rbacv1.PolicyRule{{APIGroups: []string{"foyer.dev"}, Resources: []string{"tenants"}, Verbs: []string{"get", "create", "patch"}}}
	override := rbacv1.PolicyRule{APIGroups: []string{"foyer.dev"}, Resources: []string{"tenants"}, Verbs: []string{"override"}}
	ida := newPerson(t, "ida", tenants).client()
	pia := newPerson(t, "pia", append(slices.Clone(tenants), override)).client()
	acme := func() *v1alpha1.Tenant {
		return &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "acme"}}
	}
	patch := func(body string) client.Patch { return client.RawPatch("application/merge-patch+json", []byte(body)) }
	marked := func(canary, ignored string) client.Patch {
		return patch(fmt.Sprintf(`{"metadata":{"labels":{%q:%s},"annotations":{%q:%s}}}`, wave.LabelCanary, canary, wave.AnnotationIgnore, ignored))
	}
	for what, p := range map[string]client.Patch{"a canary": marked(`"true"`, "null"), "a word on its failure": marked("null", `"v2"`)} {
		refusedBy(t, what, "for the platform team to say", func() error { return ida.Patch(t.Context(), acme(), p) })
	}
	refusedBy(t, "a new canary", "for the platform team to say", func() error {
		fresh := acme()
		fresh.Name, fresh.Labels = "fresh", map[string]string{wave.LabelCanary: "true"}
		fresh.Spec = v1alpha1.TenantSpec{DisplayName: "Fresh", Portal: v1alpha1.PortalSpec{Hostname: "fresh.example.com"}}
		return ida.Create(t.Context(), fresh)
	})
	if err := pia.Patch(t.Context(), acme(), marked(`"true"`, `"v2"`)); err != nil {
		t.Errorf("the platform team marks a canary: %v", err)
	}
	if err := ida.Patch(t.Context(), acme(), patch(`{"metadata":{"labels":{"by":"ida"}},"spec":{"displayName":"Acme by Ida"}}`)); err != nil {
		t.Errorf("a canary is edited: %v", err)
	}
	for what, p := range map[string]client.Patch{"no canary": marked("null", `"v2"`), "a failure that counts": marked(`"true"`, "null")} {
		refusedBy(t, what, "for the platform team to say", func() error { return ida.Patch(t.Context(), acme(), p) })
	}
}

// refusedBy waits until a request is refused by a policy, which takes a moment to come into
// force, and says why.
func refusedBy(t *testing.T, what, reason string, request func() error) {
	t.Helper()
	kube.Eventually(t, what+" is refused", func() error {
		err := request()
		if err == nil {
			return errors.New("it was taken")
		}
		if !strings.Contains(err.Error(), "ValidatingAdmissionPolicy") || !strings.Contains(err.Error(), reason) {
			return fmt.Errorf("got %w, want a refusal that says %q", err, reason)
		}
		return nil
	})
}

func operatorIsHeld(t *testing.T) {
	c, err := client.New(asOperator(), client.Options{Scheme: kube.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	victims := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "victim", Name: "victims"}, StringData: map[string]string{"a": "b"}}
	if err := cluster.Client.Create(t.Context(), victims); err != nil {
		t.Fatal(err)
	}
	named := func(labels map[string]string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "victim", GenerateName: "x-", Labels: labels, Annotations: map[string]string{"kubernetes.io/service-account.name": "default"}}
	}
	ours := provision.Labels("acme", "")
	tenant := &v1alpha1.Tenant{}
	get(t, client.ObjectKey{Namespace: "acme", Name: "acme"}, tenant)
	refusedBy(t, "the token of a ServiceAccount", "no Secrets that Kubernetes fills", func() error {
		return c.Create(t.Context(), &corev1.Secret{ObjectMeta: named(ours), Type: corev1.SecretTypeServiceAccountToken})
	})
	refusedBy(t, "a Secret of no tenant", "labelled as a part", func() error {
		return c.Create(t.Context(), &corev1.Secret{ObjectMeta: named(nil)})
	})
	refusedBy(t, "a change of somebody's Secret", "only what it made", func() error {
		return c.Patch(t.Context(), victims.DeepCopy(), client.RawPatch("application/merge-patch+json",
			[]byte(`{"metadata":{"labels":{"app.kubernetes.io/managed-by":"foyer","foyer.dev/tenant":"acme"}},"data":{"a":"eA=="}}`)))
	})
	refusedBy(t, "a change of a Tenant", "changes no spec", func() error {
		return c.Patch(t.Context(), tenant.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"displayName":"Mine"}}`)))
	})
	othersStay(t, c)
	unlabelledIsHealed(t, c, tenant)
	servicesStayInside(t, c)
	deployment := func(change func(*corev1.PodSpec)) func() error {
		pod := corev1.PodSpec{AutomountServiceAccountToken: new(bool), Containers: []corev1.Container{{Name: "x", Image: "x"}}}
		change(&pod)
		return func() error {
			return c.Create(t.Context(), &appsv1.Deployment{ObjectMeta: named(ours), Spec: appsv1.DeploymentSpec{
				Selector: &metav1.LabelSelector{MatchLabels: ours},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: ours}, Spec: pod},
			}})
		}
	}
	for what, change := range map[string]func(*corev1.PodSpec){
		"a pod with a token": func(p *corev1.PodSpec) { p.AutomountServiceAccountToken = nil },
		"a pod with another token": func(p *corev1.PodSpec) {
			p.Volumes = []corev1.Volume{{Name: "t", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
				Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "t"}}}}}}}
		},
		"a pod with files of the node": func(p *corev1.PodSpec) {
			p.Volumes = []corev1.Volume{{Name: "h", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
		},
		"a pod in the node's network": func(p *corev1.PodSpec) { p.HostNetwork = true },
	} {
		refusedBy(t, what, "neither a token nor anything of the node", deployment(change))
	}
	for what, privileges := range map[string]*corev1.SecurityContext{
		"a privileged container":           {Privileged: new(true)},
		"a container with more rights":     {Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}},
		"a container that may gain rights": {AllowPrivilegeEscalation: new(true)},
	} {
		refusedBy(t, what, "no privileges", deployment(func(p *corev1.PodSpec) { p.Containers[0].SecurityContext = privileges }))
		refusedBy(t, what+" that begins", "no privileges", deployment(func(p *corev1.PodSpec) {
			p.InitContainers = []corev1.Container{{Name: "y", Image: "y", SecurityContext: privileges}}
		}))
	}
	if err := deployment(func(*corev1.PodSpec) {})(); err != nil {
		t.Errorf("a pod without any of that is refused: %v", err)
	}
}

// othersStay: what leads to other people's sites, or keeps others away from their pods, is not
// the operator's to take away or to make.
func othersStay(t *testing.T, c client.Client) {
	theirs := metav1.ObjectMeta{Namespace: "victim", Name: "theirs"}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "victim", Name: "ours", Labels: provision.Labels("acme", "")},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "x", Image: "x"}}},
	}
	backend := networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{
		Service: &networkingv1.IngressServiceBackend{Name: "x", Port: networkingv1.ServiceBackendPort{Number: 80}}}}
	autoscaler := autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 2, ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "x"}}
	for _, deletable := range []client.Object{
		&networkingv1.NetworkPolicy{ObjectMeta: theirs},
		&networkingv1.Ingress{ObjectMeta: theirs, Spec: backend},
		&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: theirs, Spec: autoscaler},
		&gatewayv1.HTTPRoute{ObjectMeta: theirs},
	} {
		kind := fmt.Sprintf("%T", deletable)
		if err := cluster.Client.Create(t.Context(), deletable.DeepCopyObject().(client.Object)); err != nil {
			t.Fatal(err)
		}
		refusedBy(t, "the deletion of a "+kind, "only what it made", func() error { return c.Delete(t.Context(), deletable) })
		refusedBy(t, "a change of a "+kind, "only what it made", func() error {
			return c.Patch(t.Context(), deletable.DeepCopyObject().(client.Object), client.RawPatch("application/merge-patch+json",
				[]byte(`{"metadata":{"labels":{"app.kubernetes.io/managed-by":"foyer","foyer.dev/tenant":"acme"}}}`)))
		})
		refusedBy(t, "a new "+kind, "labelled as a part", func() error {
			another := deletable.DeepCopyObject().(client.Object)
			another.SetName("another")
			another.SetResourceVersion("")
			return c.Create(t.Context(), another)
		})
	}
	refusedBy(t, "a new PodDisruptionBudget", "labelled as a part", func() error {
		return c.Create(t.Context(), &policyv1.PodDisruptionBudget{ObjectMeta: theirs})
	})
	if err := cluster.Client.Create(t.Context(), pod.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	refusedBy(t, "another image of a pod", "nothing of a pod but its annotations", func() error {
		return c.Patch(t.Context(), pod.DeepCopy(), client.RawPatch("application/strategic-merge-patch+json", []byte(`{"spec":{"containers":[{"name":"x","image":"mine"}]}}`)))
	})
	if err := c.Patch(t.Context(), pod.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"a":"b"}}}`))); err != nil {
		t.Errorf("an annotation of a pod is refused: %v", err)
	}
}

// unlabelledIsHealed: what a Tenant controls is the operator's to set back and to take away, also
// after somebody has taken its labels away. What another controls is not.
func unlabelledIsHealed(t *testing.T, c client.Client, tenant *v1alpha1.Tenant) {
	byTenant := *metav1.NewControllerRef(tenant, v1alpha1.SchemeGroupVersion.WithKind("Tenant"))
	byOther := *metav1.NewControllerRef(tenant, v1alpha1.SchemeGroupVersion.WithKind("Tenant"))
	byOther.APIVersion = "example.org/v1"
	relabel := client.RawPatch("application/merge-patch+json",
		[]byte(`{"metadata":{"labels":{"app.kubernetes.io/managed-by":"foyer","foyer.dev/tenant":"acme"}}}`))
	unlabelled := func(name string, owner metav1.OwnerReference) *networkingv1.NetworkPolicy {
		policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name, OwnerReferences: []metav1.OwnerReference{owner}}}
		if err := cluster.Client.Create(t.Context(), policy); err != nil {
			t.Fatal(err)
		}
		return policy
	}
	if err := c.Patch(t.Context(), unlabelled("healed", byTenant), relabel); err != nil {
		t.Errorf("the label of a part is set back: %v", err)
	}
	if err := c.Delete(t.Context(), unlabelled("deleted", byTenant)); err != nil {
		t.Errorf("a part without its label is deleted: %v", err)
	}
	others := unlabelled("others", byOther)
	refusedBy(t, "a change of what another controls", "only what it made", func() error { return c.Patch(t.Context(), others.DeepCopy(), relabel) })
}

// servicesStayInside: a Service can take packets away from others, or lead out of the cluster.
func servicesStayInside(t *testing.T, c client.Client) {
	service := func(change func(*corev1.ServiceSpec)) func() error {
		s := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "victim", GenerateName: "x-", Labels: provision.Labels("acme", "")},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		}
		change(&s.Spec)
		return func() error { return c.Create(t.Context(), s.DeepCopy()) }
	}
	for what, change := range map[string]func(*corev1.ServiceSpec){
		"a Service at addresses of others": func(s *corev1.ServiceSpec) { s.ExternalIPs = []string{"192.0.2.1"} },
		"a Service that leads elsewhere":   func(s *corev1.ServiceSpec) { s.Type, s.ExternalName = corev1.ServiceTypeExternalName, "example.org" },
		"a Service on every node":          func(s *corev1.ServiceSpec) { s.Type = corev1.ServiceTypeNodePort },
	} {
		refusedBy(t, what, "inside of the cluster", service(change))
	}
	if err := service(func(*corev1.ServiceSpec) {})(); err != nil {
		t.Errorf("a Service without any of that is refused: %v", err)
	}
}

func partsAreTheOperators(t *testing.T) {
	if err := cluster.Client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "theirs"}}); err != nil {
		t.Fatal(err)
	}
	all := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps", "secrets", "services"}, Verbs: []string{"get", "patch", "delete"}},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"get", "patch"}},
		{APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"}, Verbs: []string{"get", "patch"}},
	}
	override := rbacv1.PolicyRule{APIGroups: []string{"foyer.dev"}, Resources: []string{"tenants"}, Verbs: []string{"override"}}
	ada := newPerson(t, "ada", all).client()
	olga := newPerson(t, "olga", append(slices.Clone(all), override)).client()
	annotate := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"by":"hand"}}}`))
	served := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":["example.org/balancer"]}}`))
	ingress := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "of-acme", Labels: provision.Labels("acme", "")},
		Spec:       networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "x", Port: networkingv1.ServiceBackendPort{Number: 80}}}},
	}
	if err := cluster.Client.Create(t.Context(), ingress.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	in := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "acme", Name: name} }
	refusedBy(t, "a change of what is live", "Foyer writes it", func() error {
		return ada.Patch(t.Context(), &corev1.ConfigMap{ObjectMeta: in("acme-settings")}, annotate)
	})
	refusedBy(t, "the deletion of a login", "Foyer writes it", func() error {
		return ada.Delete(t.Context(), &corev1.Secret{ObjectMeta: in("acme-db-portal")})
	})
	for what, patch := range map[string]string{
		"another way":        `{"spec":{"ingressClassName":"mine"}}`,
		"another annotation": `{"metadata":{"annotations":{"by":"hand"}}}`,
		"no label":           `{"metadata":{"labels":{"app.kubernetes.io/managed-by":null}}}`,
	} {
		refusedBy(t, what+" of an Ingress", "Foyer writes it", func() error {
			return ada.Patch(t.Context(), ingress.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch)))
		})
	}
	for what, err := range map[string]error{
		"who serves an Ingress holds it": ada.Patch(t.Context(), ingress.DeepCopy(), served),
		"the keys are rotated":           ada.Patch(t.Context(), &corev1.Secret{ObjectMeta: in("acme-keys")}, annotate),
		"a rollout is asked for":         ada.Patch(t.Context(), &appsv1.Deployment{ObjectMeta: in("acme-portal")}, annotate),
		"somebody's own is changed":      ada.Patch(t.Context(), &corev1.ConfigMap{ObjectMeta: in("theirs")}, annotate),
		"what is live, with the right":   olga.Patch(t.Context(), &corev1.ConfigMap{ObjectMeta: in("acme-settings")}, annotate),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
