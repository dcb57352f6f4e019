package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/cli/reach"
)

func inAcme(name string, c provision.Component) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "acme", Name: name, Generation: 1, Labels: provision.Labels("acme", c)}
}

func said(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// halfway is a tenant with an edit that was refused, and with an upgrade under way of which a
// pod does not start.
func halfway() *reach.Inventory {
	ref := v1alpha1.ObjectRef{Name: "acme"}
	refused := "MyAccountProfile fulll, which spec.myAccountProfileRef names, does not exist. Generation 2 stays live for customers."
	deployment := appsv1.Deployment{ObjectMeta: inAcme("acme-portal", provision.Portal), Spec: appsv1.DeploymentSpec{Replicas: new(int32(2))},
		Status: appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: 3, UpdatedReplicas: 1, ReadyReplicas: 2}}
	deployment.Annotations = map[string]string{provision.AnnotationVersion: "v1.3.0"}
	deployment.Spec.Template.Spec.Containers = []corev1.Container{{Image: "foyer:v1.3.0"}}
	pod := func(name, image string, ready corev1.ConditionStatus, statuses ...corev1.ContainerStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: inAcme(name, provision.Portal), Spec: corev1.PodSpec{Containers: []corev1.Container{{Image: image}}}, Status: corev1.PodStatus{
			Phase: corev1.PodRunning, ContainerStatuses: statuses, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
		}}
	}
	i := &reach.Inventory{
		Tenants: []v1alpha1.Tenant{{ObjectMeta: inAcme("acme", ""), Status: v1alpha1.TenantStatus{
			Conditions: []metav1.Condition{
				said("Ready", "True", "Ready", "Everything is live."), said("Exposed", "Unknown", "Pending", "No Gateway has taken the route yet."),
				said("OrphanedProfiles", "True", "InUse", "Accounts still name 1 deleted profile."),
			},
			ObservedGeneration: 1, LiveGeneration: 1, Version: "v1.2.0", PortalURL: "https://acme.example", Accounts: new(int64(30)), Rejected: new(int32(1)),
			Delivery:         v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryLive},
			Config:           v1alpha1.ConfigStatus{Replicas: new(int32(3)), ProgrammedReplicas: new(int32(2))},
			OrphanedProfiles: []v1alpha1.OrphanedProfile{{Kind: "MyAccountProfile", Name: "gold", Accounts: new(int64(3))}},
		}}},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{{ObjectMeta: inAcme("full", ""), Spec: v1alpha1.MyAccountProfileSpec{TenantRef: ref}, Status: v1alpha1.MyAccountProfileStatus{
			Conditions: []metav1.Condition{said("Ready", "True", "Ready", "")}, ObservedGeneration: 1, LiveGeneration: 1, Accounts: new(int64(1)),
		}}},
		AccountProfiles: []v1alpha1.AccountProfile{{ObjectMeta: inAcme("business", ""), Spec: v1alpha1.AccountProfileSpec{TenantRef: ref}, Status: v1alpha1.AccountProfileStatus{
			Conditions: []metav1.Condition{
				said("Ready", "False", "RefNotFound", refused), said("Stalled", "True", "RefNotFound", refused), said("ResolvedRefs", "False", "RefNotFound", refused),
			}, ObservedGeneration: 3, LiveGeneration: 2,
		}}},
		EventTemplates: []v1alpha1.EventTemplate{
			{ObjectMeta: inAcme("reminders", ""), Spec: v1alpha1.EventTemplateSpec{TenantRef: ref, Event: "invoice.unpaid"}, Status: v1alpha1.EventTemplateStatus{ObservedGeneration: -1}},
			{ObjectMeta: inAcme("stray", ""), Spec: v1alpha1.EventTemplateSpec{TenantRef: v1alpha1.ObjectRef{Name: "acmee"}, Event: "invoice.paid"}},
		},
		Deployments: []appsv1.Deployment{deployment},
		Pods: []corev1.Pod{
			pod("acme-portal-1-a", "foyer:v1.2.0", corev1.ConditionTrue), pod("acme-portal-2-b", "foyer:v1.3.0", corev1.ConditionFalse, corev1.ContainerStatus{
				Name: "portal", RestartCount: 2, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image foyer:v1.3.0"}},
			}),
		},
		DisruptionBudgets: []policyv1.PodDisruptionBudget{{ObjectMeta: inAcme("acme-portal", provision.Portal), Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: 1}}},
		Autoscalers: []autoscalingv2.HorizontalPodAutoscaler{{ObjectMeta: inAcme("acme-portal", provision.Portal), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: new(int32(2)), MaxReplicas: 5},
			Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 2, Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetResourceMetric", Message: "no metrics are returned"},
			}}}},
		Ingresses: []networkingv1.Ingress{{ObjectMeta: inAcme("acme-portal", provision.Portal), Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: "acme.example"}}}}},
		Routes:    []gatewayv1.HTTPRoute{{ObjectMeta: inAcme("acme-api", provision.Backoffice), Spec: gatewayv1.HTTPRouteSpec{Hostnames: []gatewayv1.Hostname{"api.acme.example"}}}},
		Missing:   []reach.MissingRight{{Kind: "Secret", Right: "list secrets", Namespace: "acme"}},
	}
	i.AccountProfiles[0].Generation = 3
	settings := metav1.PartialObjectMetadata{ObjectMeta: inAcme("acme-settings", "")}
	settings.Annotations = map[string]string{provision.AnnotationDigest: "sha256:0123456789abcdef0123"}
	i.ConfigMaps = []metav1.PartialObjectMetadata{settings}
	i.Services = []metav1.PartialObjectMetadata{{ObjectMeta: inAcme("acme-portal", provision.Portal)}}
	return i
}

func TestTreeGolden(t *testing.T) {
	report := newTreeReport(halfway(), "")
	if report.Ready {
		t.Error("it is ready")
	}
	page := treePage(Streams{}, report)
	golden(t, "tree", page)
	docs, err := os.ReadFile("../../docs/kubectl-foyer.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(docs), "```\n"+page+"```\n") {
		t.Errorf("docs/kubectl-foyer.md does not show\n%s", page)
	}
	var text bytes.Buffer
	if err := printJSON(&text, report); err != nil {
		t.Fatal(err)
	}
	golden(t, "tree-json", text.String())
	var again treeReport
	if err := json.Unmarshal(text.Bytes(), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, again); diff != "" {
		t.Errorf("through JSON (-want +got)\n%s", diff)
	}
}

// aside gives the portal a Deployment that is as it should be, and beside its pods one that is not
// ready.
func aside(i *reach.Inventory, change func(*corev1.Pod)) {
	all := halfway()
	d := all.Deployments[0]
	wanted := *d.Spec.Replicas
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: wanted, UpdatedReplicas: wanted, ReadyReplicas: wanted}
	i.Deployments, i.Pods = []appsv1.Deployment{d}, all.Pods
	change(&i.Pods[1])
}

// What stands below an object counts, and so does what may not be looked at.
func TestTreeIsReady(t *testing.T) {
	fine := func() *reach.Inventory {
		i := halfway()
		return &reach.Inventory{Tenants: i.Tenants, MyAccountProfiles: i.MyAccountProfiles, Services: i.Services, ConfigMaps: i.ConfigMaps}
	}
	for name, tt := range map[string]struct {
		change func(*reach.Inventory)
		want   bool
	}{
		"as it should be": {func(*reach.Inventory) {}, true},
		"a Tenant is not": {func(i *reach.Inventory) { i.Tenants[0].Status.Conditions[0].Status = "False" }, false},
		"not looked at":   {func(i *reach.Inventory) { i.MyAccountProfiles[0].Generation = 2 }, false},
		"a pod is not":    {func(i *reach.Inventory) { i.Pods = halfway().Pods[1:] }, false},
		"one was evicted": {func(i *reach.Inventory) {
			aside(i, func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted" })
		}, true},
		"one has finished": {func(i *reach.Inventory) { aside(i, func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }) }, true},
		"one is ending": {func(i *reach.Inventory) {
			aside(i, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{}; *p.DeletionTimestamp = metav1.Now() })
		}, true},
		"one more is not":     {func(i *reach.Inventory) { aside(i, func(*corev1.Pod) {}) }, false},
		"rolling out":         {func(i *reach.Inventory) { i.Deployments = halfway().Deployments }, false},
		"no Gateway":          {func(i *reach.Inventory) { i.Routes = halfway().Routes }, false},
		"no Tenant":           {func(i *reach.Inventory) { i.EventTemplates = halfway().EventTemplates[1:] }, false},
		"secrets not allowed": {func(i *reach.Inventory) { i.Missing = []reach.MissingRight{{Kind: "Secret"}} }, true},
		"pods not allowed":    {func(i *reach.Inventory) { i.Missing = []reach.MissingRight{{Kind: "Pod", State: true}} }, false},
	} {
		i := fine()
		tt.change(i)
		if got := newTreeReport(i, "").Ready; got != tt.want {
			t.Errorf("%s: ready is %t", name, got)
		}
	}
}

// Another tenant's objects are not shown.
func TestTreeOfOneTenant(t *testing.T) {
	i := halfway()
	other := i.Tenants[0]
	other.Name = "beta"
	i.Tenants = append(i.Tenants, other)
	report := newTreeReport(i, "beta")
	if len(report.Tenants) != 1 || report.Tenants[0].Name != "beta" || len(report.Strays) != 0 {
		t.Fatalf("%+v", report)
	}
	for _, n := range report.Tenants[0].Children {
		if n.Name != "gold" {
			t.Errorf("%s %s is shown", n.Kind, n.Name)
		}
	}
}

func TestTreeColours(t *testing.T) {
	report := newTreeReport(halfway(), "")
	coloured, plain := treePage(Streams{Colour: true}, report), treePage(Streams{}, report)
	for _, want := range []string{green + "Ready" + reset, red + "Not ready (RefNotFound)" + reset, yellow + "Unknown (Pending)" + reset, bold + "acme/acme" + reset} {
		if !strings.Contains(coloured, want) {
			t.Errorf("no %q in %q", want, coloured)
		}
	}
	if stripped := ownColours.ReplaceAllString(coloured, ""); stripped != plain {
		t.Errorf("without its colours it is %q, plain %q", stripped, plain)
	}
}
