package controllers

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// sending gives a Tenant every channel, each with a Secret.
func sending(t *v1alpha1.Tenant) {
	t.Spec.Email = v1alpha1.EmailChannelSpec{
		From: "billing@acme.example",
		SMTP: v1alpha1.SMTPSpec{Host: "smtp.acme.example", SecretRef: v1alpha1.ObjectRef{Name: "mail"}},
		DKIM: v1alpha1.DKIMSpec{Domain: "acme.example", Selector: "foyer", SecretRef: v1alpha1.ObjectRef{Name: "sign"}},
	}
	t.Spec.SMS = v1alpha1.SMSChannelSpec{Type: v1alpha1.SMSTwilio, From: "Acme", SecretRef: v1alpha1.ObjectRef{Name: "text"}}
	t.Spec.Webhooks = []v1alpha1.TenantWebhookSpec{{
		Name: "crm", URL: "https://crm.acme.example/events", Events: []v1alpha1.EventPattern{"contact.*"}, SecretRef: v1alpha1.ObjectRef{Name: "crm"},
	}}
}

// mounted are the ConfigMaps and Secrets that the pods of a component see, by the path.
func (w *world) mounted(tenant string, c provision.Component) map[string]string {
	w.t.Helper()
	pod := w.deployment(provision.WorkloadName(tenant, c)).Spec.Template.Spec
	if len(pod.Containers) != 1 || len(pod.InitContainers) > 0 || ptr.Deref(pod.AutomountServiceAccountToken, true) {
		w.t.Errorf("the pods of the %s have %d containers, %d before them, and a token: %v", c, len(pod.Containers), len(pod.InitContainers), pod.AutomountServiceAccountToken)
	}
	sources := map[string]string{}
	for _, v := range pod.Volumes {
		switch {
		case v.Secret != nil:
			sources[v.Name] = "Secret " + v.Secret.SecretName
		case v.ConfigMap != nil:
			sources[v.Name] = "ConfigMap " + v.ConfigMap.Name
		default:
			w.t.Errorf("the %s has a volume %+v", c, v)
		}
	}
	paths := map[string]string{}
	for _, m := range pod.Containers[0].VolumeMounts {
		paths[m.MountPath] = sources[m.Name]
	}
	return paths
}

// TestDispatcherOfATenant: it has what it needs to send, the others have nothing of that,
// and nobody can connect to it.
func TestDispatcherOfATenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.tenant("acme")
	sending(tenant)
	w.create(tenant)
	w.expect(tenant, "Programmed=True", "PortalAvailable=True", "BackofficeAvailable=True", "DispatcherAvailable=True")
	want := map[provision.Component]map[string]string{
		provision.Portal: {
			"/etc/foyer/settings": "ConfigMap acme-settings", "/etc/foyer/database": "Secret acme-db-portal", "/etc/foyer/keys": "Secret acme-keys",
		},
		provision.Backoffice: {"/etc/foyer/settings": "ConfigMap acme-settings", "/etc/foyer/database": "Secret acme-db-backoffice"},
		provision.Dispatcher: {
			"/etc/foyer/settings": "ConfigMap acme-settings", "/etc/foyer/routing": "ConfigMap acme-routing", "/etc/foyer/clock": "ConfigMap acme-clock",
			"/etc/foyer/database": "Secret acme-db-dispatcher", "/etc/foyer/keys": "Secret acme-keys",
			"/etc/foyer/channels/smtp": "Secret mail", "/etc/foyer/channels/dkim": "Secret sign",
			"/etc/foyer/channels/sms": "Secret text", "/etc/foyer/channels/webhook-crm": "Secret crm",
		},
	}
	for _, c := range provision.Components() {
		if diff := cmp.Diff(want[c], w.mounted("acme", c)); diff != "" {
			t.Errorf("the %s sees (-want +got):\n%s", c, diff)
		}
		for _, o := range []client.Object{w.deployment(provision.WorkloadName("acme", c)), w.secret(provision.DatabaseSecretName("acme", c))} {
			if !metav1.IsControlledBy(o, tenant) { // with the Tenant it is deleted
				t.Errorf("%T %s does not belong to the Tenant", o, o.GetName())
			}
		}
	}
	args := w.deployment("acme-dispatcher").Spec.Template.Spec.Containers[0].Args
	for _, arg := range []string{"--allow-outgoing=10.0.0.0/8", "--clock-file=/etc/foyer/clock/offset"} {
		if !slices.Contains(args, arg) {
			t.Errorf("the dispatcher is started with %v, which lacks %s", args, arg)
		}
	}
	var services corev1.ServiceList
	if err := w.client.List(t.Context(), &services, client.InNamespace(w.tenants)); err != nil {
		t.Fatal(err)
	}
	for _, service := range services.Items {
		if service.Spec.Selector[provision.LabelComponent] == string(provision.Dispatcher) {
			t.Errorf("Service %s leads to the dispatcher", service.Name)
		}
	}
	logins := map[string]bool{}
	for _, c := range provision.Components() {
		logins[string(w.secret(provision.DatabaseSecretName("acme", c)).Data[provision.KeyURI])] = true
	}
	if len(logins) != len(provision.Components()) {
		t.Errorf("%d components have %d logins", len(provision.Components()), len(logins))
	}
}

// TestDispatcherIsMadeAgain with a login of its own, when somebody has deleted both.
func TestDispatcherIsMadeAgain(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	login := w.secret("acme-db-dispatcher")
	w.delete(login)
	w.delete(w.deployment("acme-dispatcher"))
	kube.Eventually(t, "both are back", func() error {
		edit(w, tenant, func(*v1alpha1.Tenant) { tenant.Spec.DisplayName += "." })
		again := &corev1.Secret{}
		if err := w.client.Get(t.Context(), client.ObjectKeyFromObject(login), again); err != nil {
			return err
		}
		return want(string(again.Data[provision.KeyURI]) != string(login.Data[provision.KeyURI]), true)
	})
	template := w.eventTemplate("acme", "reminder", "business")
	w.create(w.accountProfile("acme", "business"), template)
	w.expect(template, templateRuns...) // its pods have signed in
	w.expect(tenant, "Ready=True", "DispatcherAvailable=True")
}

// TestTemplatesWaitForTheDispatcher: a template is Programmed when the dispatcher runs it,
// and a Tenant when it runs them all; profiles wait for their settings only.
func TestTemplatesWaitForTheDispatcher(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	template, profile := w.eventTemplate("acme", "reminder", "business"), w.accountProfile("acme", "later")
	w.replicas.set(func(r *replicas) { r.slow = true })
	w.create(template, profile)
	w.expect(template, "Accepted=True", "Programmed=False/Pending", "Ready=False/Pending", "Reconciling=True")
	if template.Status.LiveGeneration != 1 {
		t.Errorf("status: %+v", template.Status)
	}
	w.expect(profile, "Ready=True")
	w.expect(tenant, "Programmed=False/Pending", "Ready=False/Pending")
	if c := tenant.Status.Config; *c.Replicas != 4 || *c.ProgrammedReplicas != 3 {
		t.Errorf("of %d replicas %d run all", *c.Replicas, *c.ProgrammedReplicas)
	}
	again := func(r *replicas) { r.seen = map[string]string{}; clear(r.wrote) }
	w.replicas.set(func(r *replicas) { r.slow, r.badly = false, "it is written in runes"; again(r) })
	w.expect(template, "Programmed=False/LoadFailed", "Ready=False/LoadFailed")
	w.expect(tenant, "Programmed=False/LoadFailed", "DispatcherAvailable=True")
	if m := message(template, "Ready"); !strings.Contains(m, "written in runes") {
		t.Errorf("Ready says %q", m)
	}
	w.replicas.set(func(r *replicas) { r.badly = ""; again(r) })
	w.expect(template, templateRuns...)
	w.expect(tenant, "Ready=True")
	digest := w.routing("acme").Digest
	for _, pod := range w.podsOf("acme", provision.Dispatcher) {
		if !strings.Contains(pod.Annotations[provision.AnnotationRefresh], digest) {
			t.Errorf("pod %s has annotation %q, the routing document is %s", pod.Name, pod.Annotations[provision.AnnotationRefresh], digest)
		}
	}

	// Without a dispatcher nobody runs what is new, and what it ran stays said.
	w.replicas.stop()
	for _, pod := range w.podsOf("acme", provision.Dispatcher) {
		w.delete(&pod)
	}
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Edited" })
	other := w.eventTemplate("acme", "other", "later")
	w.create(other)
	for _, unknown := range []*v1alpha1.EventTemplate{template, other} {
		w.expect(unknown, "Accepted=True", "Programmed=False/NoReadyReplica", "Ready=False/NoReadyReplica")
	}
	w.expect(tenant, "Programmed=False/NoReadyReplica")
	w.expect(profile, "Ready=True")
}

// TestMissingSecretsAreNamed: by the field that names them and by key, never by what they
// hold; they stop nothing, and one that comes is noticed.
func TestMissingSecretsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.tenant("acme")
	sending(tenant)
	tenant.Spec.Backoffice.EventSigningSecretRef.Name = "events"
	w.create(tenant)
	w.expect(tenant, "ResolvedRefs=False/RefNotFound", "Ready=False/RefNotFound", "Programmed=True", "DispatcherAvailable=True", "Reconciling=True", "Stalled=Absent")
	if tenant.Status.LiveGeneration != tenant.Generation {
		t.Errorf("generation %d is live, of %d", tenant.Status.LiveGeneration, tenant.Generation)
	}
	w.expectResolved(tenant, `spec.email.smtp.secretRef: there is no Secret "mail"`, `spec.email.dkim.secretRef: there is no Secret "sign"`,
		`spec.sms.secretRef: there is no Secret "text"`, `spec.webhooks[0].secretRef: there is no Secret "crm"`,
		`spec.backoffice.eventSigningSecretRef: there is no Secret "events"`)

	const marker = "s3cr3t-marker"
	secret := func(name string, keys ...string) *corev1.Secret {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name}, StringData: map[string]string{"other": marker}}
		for _, key := range keys {
			s.StringData[key] = marker
		}
		return s
	}
	mail := secret("mail", "username")
	mail.StringData["password"] = ""
	w.create(mail, secret("sign", "key"), secret("text", "accountSID"), secret("crm", "secret"), secret("events", "secret"))
	w.expect(tenant, "ResolvedRefs=False/SecretIncomplete", "Ready=False/SecretIncomplete")
	w.expectResolved(tenant, `Secret "mail" has no key "password"`, `Secret "text" has no key "authToken"`)
	for _, gone := range []string{"sign", "crm", "events", `"username"`, "there is no Secret"} {
		if m := message(tenant, "ResolvedRefs"); strings.Contains(m, gone) {
			t.Errorf("ResolvedRefs still speaks of %s: %q", gone, m)
		}
	}
	edit(w, secret("mail"), func(s *corev1.Secret) { s.Data = map[string][]byte{"ca.crt": []byte(marker)} }) // of a server that asks for no sign-in
	kube.Eventually(t, "only the text messages lack something", func() error {
		w.get(tenant)
		m := message(tenant, "ResolvedRefs")
		return want(strings.Contains(m, `"mail"`) || !strings.Contains(m, `"text"`), false)
	})
	for _, incomplete := range []string{"mail", "text"} {
		edit(w, secret(incomplete), func(s *corev1.Secret) {
			s.Data["username"], s.Data["password"], s.Data["authToken"] = []byte(marker), []byte(marker), []byte(marker)
		})
	}
	w.expect(tenant, "ResolvedRefs=True", "Ready=True")
	w.delete(secret("crm"))
	w.expect(tenant, "ResolvedRefs=False/RefNotFound")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Webhooks = nil })
	w.expect(tenant, "ResolvedRefs=True", "Ready=True")

	said, err := cluster.Kubectl(t.Context(), t, "get", "tenants,configmaps,deployments,events", "-n", w.tenants, "-o", "yaml")
	if err != nil || !strings.Contains(said, "acme-dispatcher") {
		t.Fatalf("%v\n%s", err, said)
	}
	if strings.Contains(said, marker) {
		t.Error("what a Secret holds is written where it can be read")
	}
}

func (w *world) expectResolved(tenant *v1alpha1.Tenant, parts ...string) {
	w.t.Helper()
	for _, part := range parts {
		if m := message(tenant, "ResolvedRefs"); !strings.Contains(m, part) {
			w.t.Errorf("ResolvedRefs does not say %q: %q", part, m)
		}
	}
}

// TestFoyersOwnSecretsAreNotForChannels: naming one gives nobody what it holds, whichever
// Tenant of the namespace it is for.
func TestFoyersOwnSecretsAreNotForChannels(t *testing.T) {
	t.Parallel()
	w, other := readyWorld(t)
	tenant := w.tenant("beta")
	sending(tenant)
	tenant.Spec.Email.SMTP.SecretRef.Name, tenant.Spec.Email.DKIM.SecretRef.Name = "acme-keys", "acme-db-portal"
	tenant.Spec.SMS.SecretRef.Name, tenant.Spec.Webhooks[0].SecretRef.Name = "beta-cli", "beta-keys"
	w.create(tenant)
	w.expect(tenant, "ResolvedRefs=False/SecretIncomplete", "Ready=False", "Programmed=True")
	w.expect(other, "Ready=True")
	for _, name := range []string{"acme-keys", "acme-db-portal", "beta-cli", "beta-keys"} {
		w.expectResolved(tenant, `Secret "`+name+`" is one that Foyer made for itself`)
	}
	for _, v := range w.deployment("beta-dispatcher").Spec.Template.Spec.Volumes {
		if v.Secret == nil || v.Name == "keys" || v.Name == "database" {
			continue
		}
		for _, key := range []string{provision.KeyURI, provision.KeyToken, provision.KeyLink, provision.KeySeal} {
			shown := func(item corev1.KeyToPath) bool { return item.Key == key }
			if len(v.Secret.Items) == 0 || slices.ContainsFunc(v.Secret.Items, shown) {
				t.Errorf("volume %s shows key %s of Secret %s", v.Name, key, v.Secret.SecretName)
			}
		}
	}
}

// TestDeliveryIsTold: whoever lists tenants sees which of them send.
func TestDeliveryIsTold(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	told := func(want v1alpha1.DeliveryStatus) {
		t.Helper()
		w.expect(tenant, "Ready=True")
		if diff := cmp.Diff(want, tenant.Status.Delivery); diff != "" {
			t.Errorf("status.delivery (-want +got):\n%s", diff)
		}
		table, err := cluster.Kubectl(t.Context(), t, "get", "tenants", "-n", w.tenants)
		lines := strings.Split(table, "\n")
		if err != nil || !slices.Equal(strings.Fields(lines[0]), []string{"NAME", "READY", "REASON", "DELIVERY", "ACCOUNTS", "URL", "REJECTED", "AGE"}) ||
			strings.Fields(lines[1])[3] != string(want.Mode) {
			t.Errorf("%v\n%s", err, table)
		}
	}
	told(v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryHold})
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Delivery = v1alpha1.DeliverySpec{Mode: v1alpha1.DeliveryRedirect, RedirectTo: "test@acme.example"}
	})
	told(v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryRedirect, RedirectTo: "test@acme.example"})
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Delivery.Mode, t.Spec.Delivery.MaxPerHour = v1alpha1.DeliveryLive, 500
	})
	told(v1alpha1.DeliveryStatus{Mode: v1alpha1.DeliveryLive, MaxPerHour: 500})
	edit(w, tenant, func(t *v1alpha1.Tenant) {
		t.Spec.Delivery.Mode, t.Spec.Attributes.TimeZone = v1alpha1.DeliveryHold, "Mars/Olympus"
	})
	w.expect(tenant, "Accepted=False")
	if tenant.Status.Delivery.Mode != v1alpha1.DeliveryLive {
		t.Errorf("an edit that is refused changed delivery: %+v", tenant.Status.Delivery)
	}
}
