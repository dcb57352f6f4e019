package provision_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

func mark(t *testing.T, p provision.Params) string {
	t.Helper()
	mark, err := provision.Mark(p)
	if err != nil {
		t.Fatal(err)
	}
	return mark
}

// workload renders a Deployment of a release.
func workload(t *testing.T, p provision.Params, c provision.Component) *appsv1ac.DeploymentApplyConfiguration {
	t.Helper()
	d, ok := provision.Workload(named(t, p, "Deployment", provision.WorkloadName(p.Tenant.Name, c)))
	if !ok {
		t.Fatal("a Deployment is none")
	}
	if err := provision.Release(d, p.Tenant, mark(t, p)); err != nil {
		t.Fatal(err)
	}
	return d
}

// live is a Deployment as the API server would have it, but for defaults.
func live(t *testing.T, d *appsv1ac.DeploymentApplyConfiguration) *appsv1.Deployment {
	t.Helper()
	encoded, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := json.Unmarshal(encoded, &deployment); err != nil {
		t.Fatal(err)
	}
	return &deployment
}

func hold(t *testing.T, desired *appsv1ac.DeploymentApplyConfiguration, l *appsv1.Deployment) (*appsv1.Deployment, bool) {
	t.Helper()
	before, err := json.Marshal(desired)
	if err != nil {
		t.Fatal(err)
	}
	held, same, err := provision.Hold(desired, l)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(desired); string(after) != string(before) {
		t.Errorf("what is desired was changed:\n%s", cmp.Diff(string(before), string(after)))
	}
	return live(t, held), same
}

func TestMarkIsOfTheReleaseAlone(t *testing.T) {
	first := mark(t, minimal())
	for name, test := range map[string]struct {
		change func(*provision.Params)
		same   bool
	}{
		"another tenant":   {func(p *provision.Params) { p.Tenant = full().Tenant }, true},
		"another document": {func(p *provision.Params) { p.Document, p.Digest = []byte("{}"), "other" }, true},
		"another image":    {func(p *provision.Params) { p.Image = "foyer:v2" }, false},
		"another version":  {func(p *provision.Params) { p.Version = "v2" }, false},
		"another flag":     {func(p *provision.Params) { p.TrustedProxies = "10.0.0.0/8" }, false},
	} {
		p := minimal()
		test.change(&p)
		if got := mark(t, p); (got == first) != test.same {
			t.Errorf("%s: the mark was %s and is %s", name, first, got)
		}
	}
}

// TestHoldOfTheSameRelease: whatever a Tenant changes, nothing has to wait.
func TestHoldOfTheSameRelease(t *testing.T) {
	for _, c := range provision.Components() {
		for name, from := range map[string]provision.Params{"minimal": minimal(), "full": full()} {
			to := from
			to.Version = "v2" // which is in no pod template
			for other, tenant := range map[string]*v1alpha1.Tenant{"minimal": minimal().Tenant, "full": full().Tenant} {
				to.Tenant = tenant.DeepCopy()
				desired := workload(t, to, c)
				held, same := hold(t, desired, live(t, workload(t, from, c)))
				if !same {
					t.Errorf("%s: from %s to %s waits:\n%s", c, name, other, cmp.Diff(held.Spec.Template, live(t, desired).Spec.Template))
				}
			}
		}
	}
}

// TestHoldKeepsTheRest: a new release changes the image and an argument, and the Tenant
// changes at the same time.
func TestHoldKeepsTheRest(t *testing.T) {
	before := minimal()
	running := live(t, workload(t, before, provision.Dispatcher))
	after := full()
	after.Image, after.Version = "registry.example/foyer:v2", "v2"
	desired := workload(t, after, provision.Dispatcher)

	held, same := hold(t, desired, running)
	if same {
		t.Error("another image is taken for the same")
	}
	pod, was, next := held.Spec.Template.Spec, running.Spec.Template.Spec, live(t, desired).Spec.Template.Spec
	if got := pod.Containers[0].Image; got != before.Image {
		t.Errorf("the image is %s", got)
	}
	if diff := cmp.Diff(was.Containers[0].Args, pod.Containers[0].Args); diff != "" {
		t.Errorf("arguments of the next release (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(next.Containers[0].Resources, pod.Containers[0].Resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	if *held.Spec.Replicas != 2 || env(pod, "GOMEMLIMIT") != env(next, "GOMEMLIMIT") {
		t.Errorf("replicas and memory: %d, %s", *held.Spec.Replicas, env(pod, "GOMEMLIMIT"))
	}
	for _, secret := range []string{"acme-mail", "acme-sign", "acme-text", "acme-crm"} {
		if !mounts(pod, secret) {
			t.Errorf("Secret %s, which the Tenant names, is not mounted", secret)
		}
	}
	for _, v := range pod.Volumes {
		if v.Name == "clock" {
			t.Error("a volume of the next release is mounted")
		}
	}
	for _, key := range []string{provision.AnnotationRelease, provision.AnnotationVersion} {
		if held.Annotations[key] != running.Annotations[key] {
			t.Errorf("annotation %s is %q, of the running pods is %q", key, held.Annotations[key], running.Annotations[key])
		}
	}
	again, _ := hold(t, desired, held)
	if diff := cmp.Diff(held, again); diff != "" {
		t.Errorf("held again it is another one:\n%s", diff)
	}

	after.Tenant = minimal().Tenant // who takes all of it back
	back, _ := hold(t, workload(t, after, provision.Dispatcher), held)
	if diff := cmp.Diff(running.Spec.Template, back.Spec.Template); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
}

func TestHoldAddsAndRemovesTheSigningKey(t *testing.T) {
	running := live(t, workload(t, minimal(), provision.Backoffice))
	after := minimal()
	after.Image = "registry.example/foyer:v2"
	after.Tenant.Spec.Backoffice.EventSigningSecretRef.Name = "acme-events"
	held, _ := hold(t, workload(t, after, provision.Backoffice), running)
	if args := strings.Join(held.Spec.Template.Spec.Containers[0].Args, " "); !strings.Contains(args, "--event-signing-dir") || !mounts(held.Spec.Template.Spec, "acme-events") {
		t.Errorf("the key of the events is not mounted: %s", args)
	}
	after.Tenant = minimal().Tenant
	back, _ := hold(t, workload(t, after, provision.Backoffice), held)
	if diff := cmp.Diff(running.Spec.Template, back.Spec.Template); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
}

// TestHoldOfADeploymentChangedByHand: what the release made is kept, not what somebody made
// of it.
func TestHoldOfADeploymentChangedByHand(t *testing.T) {
	running := live(t, workload(t, minimal(), provision.Portal))
	byHand := running.DeepCopy()
	byHand.Spec.Template.Spec.Containers[0].Image = "somebody/else:v9"
	byHand.Spec.Template.Spec.Containers[0].Args = nil
	after := minimal()
	after.Image = "registry.example/foyer:v2"
	held, _ := hold(t, workload(t, after, provision.Portal), byHand)
	if diff := cmp.Diff(running.Spec.Template, held.Spec.Template); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHoldOfAnOlderRelease: one that did not keep what it made.
func TestHoldOfAnOlderRelease(t *testing.T) {
	running := live(t, workload(t, minimal(), provision.Portal))
	for _, kept := range []string{"", "no JSON", "{}"} {
		running.Annotations = map[string]string{provision.AnnotationTemplate: kept}
		after := minimal()
		after.Image = "registry.example/foyer:v2"
		after.Tenant.Spec.Portal.Resources.MemoryLimit = "1Gi"
		held, same := hold(t, workload(t, after, provision.Portal), running)
		container := held.Spec.Template.Spec.Containers[0]
		if same || container.Image != minimal().Image || container.Resources.Limits.Memory().Cmp(resource.MustParse("1Gi")) != 0 {
			t.Errorf("kept %q: held with image %s and %s", kept, container.Image, container.Resources.Limits.Memory())
		}
		if _, ok := held.Annotations[provision.AnnotationVersion]; ok {
			t.Error("it says a version that nobody knows")
		}
	}
}

// TestHoldOfOtherDefaults: what a release makes of the same Tenant in another way waits, and
// what the Tenant changes meanwhile does not.
func TestHoldOfOtherDefaults(t *testing.T) {
	before := minimal()
	before.Tenant = full().Tenant
	running := live(t, workload(t, before, provision.Dispatcher))
	next := func(tenant *v1alpha1.Tenant) *appsv1ac.DeploymentApplyConfiguration {
		p := before
		p.Tenant = tenant
		desired := workload(t, p, provision.Dispatcher)
		pod := desired.Spec.Template.Spec
		(*pod.Containers[0].Resources.Requests)[corev1.ResourceCPU] = resource.MustParse("77m")
		for i := range pod.Volumes {
			if secret := pod.Volumes[i].Secret; secret != nil {
				secret.DefaultMode = ptr.To(int32(0o400))
			}
		}
		return desired
	}
	held, same := hold(t, next(before.Tenant), running)
	if diff := cmp.Diff(running.Spec.Template, held.Spec.Template); same || diff != "" {
		t.Errorf("what the release changes does not wait (-want +got):\n%s", diff)
	}

	more := before.Tenant.DeepCopy()
	more.Spec.Dispatcher.Resources.MemoryLimit = "900Mi"
	more.Spec.SMS.SecretRef.Name = "other-text"
	held, _ = hold(t, next(more), held)
	pod := held.Spec.Template.Spec
	if limit := pod.Containers[0].Resources.Limits.Memory(); limit.Cmp(resource.MustParse("900Mi")) != 0 || env(pod, "GOMEMLIMIT") == env(running.Spec.Template.Spec, "GOMEMLIMIT") {
		t.Errorf("the memory that the Tenant asks for is %s, %s", limit, env(pod, "GOMEMLIMIT"))
	}
	for _, v := range pod.Volumes {
		if v.Secret != nil && (*v.Secret.DefaultMode == 0o400) != (v.Secret.SecretName == "other-text") {
			t.Errorf("Secret %s has mode %o", v.Secret.SecretName, *v.Secret.DefaultMode)
		}
	}
	if !mounts(pod, "other-text") || mounts(pod, "acme-text") {
		t.Error("the Secret that the Tenant names now is not mounted, or the former one is")
	}
}

// TestHoldOfAnotherTypeOfSMS: of the same Secret, other keys are read.
func TestHoldOfAnotherTypeOfSMS(t *testing.T) {
	before := minimal()
	before.Tenant = full().Tenant.DeepCopy()
	before.Tenant.Spec.SMS.Type = v1alpha1.SMSHTTP
	running := live(t, workload(t, before, provision.Dispatcher))
	after := before
	after.Image = "registry.example/foyer:v2"
	after.Tenant = before.Tenant.DeepCopy()
	after.Tenant.Spec.SMS.Type = v1alpha1.SMSTwilio
	desired := workload(t, after, provision.Dispatcher)
	held, _ := hold(t, desired, running)
	if diff := cmp.Diff(live(t, desired).Spec.Template.Spec.Volumes, held.Spec.Template.Spec.Volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
}

// TestBeside: a Deployment whose template nobody knows runs the new release, and says so, and
// is not taken for the turn of the others.
func TestBeside(t *testing.T) {
	other := live(t, workload(t, minimal(), provision.Portal))
	after := minimal()
	after.Image, after.Version = "registry.example/foyer:v2", "v2"
	desired := workload(t, after, provision.Backoffice)
	got := live(t, provision.Beside(desired, other))
	if diff := cmp.Diff(live(t, desired).Spec, got.Spec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Annotations[provision.AnnotationVersion] != "v2" || got.Annotations[provision.AnnotationRelease] != other.Annotations[provision.AnnotationRelease] {
		t.Errorf("annotations %v", got.Annotations)
	}
	if held, _ := hold(t, workload(t, after, provision.Backoffice), got); cmp.Diff(got, held) != "" {
		t.Errorf("held it is another one:\n%s", cmp.Diff(got, held))
	}
}

func TestHas(t *testing.T) {
	other := workload(t, minimal(), provision.Dispatcher)
	for said, want := range map[string]bool{"portal,backoffice": false, "portal,dispatcher": true} {
		portal := live(t, workload(t, minimal(), provision.Portal))
		portal.Annotations[provision.AnnotationComponents] = said
		if provision.Has(portal, other) != want {
			t.Errorf("a release with %s has a dispatcher: %v", said, !want)
		}
		delete(portal.Annotations, provision.AnnotationComponents)
		if !provision.Has(portal, other) {
			t.Error("a release that does not say what it has lacks a dispatcher")
		}
	}
	if portal := live(t, workload(t, minimal(), provision.Portal)); !provision.Has(portal, other) {
		t.Errorf("this release lacks a dispatcher: %v", portal.Annotations)
	}
}

func env(pod corev1.PodSpec, name string) string {
	for _, v := range pod.Containers[0].Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// mounts says whether a pod has a Secret among its volumes, and mounts it.
func mounts(pod corev1.PodSpec, secret string) bool {
	for _, v := range pod.Volumes {
		if v.Secret == nil || v.Secret.SecretName != secret {
			continue
		}
		for _, m := range pod.Containers[0].VolumeMounts {
			if m.Name == v.Name {
				return true
			}
		}
	}
	return false
}
