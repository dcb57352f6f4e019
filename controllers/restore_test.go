package controllers

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestWhatIsLiveIsRestoredInAnyState: a pod that starts cannot do without it, whatever
// keeps edits from going live.
func TestWhatIsLiveIsRestoredInAnyState(t *testing.T) {
	t.Parallel()
	for name, bring := range map[string]func(*world, *v1alpha1.Tenant){
		"refused": func(w *world, tenant *v1alpha1.Tenant) {
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Attributes.TimeZone = "Europe/Nowhere" })
			w.expect(tenant, "Accepted=False/Invalid")
		},
		"paused": func(w *world, tenant *v1alpha1.Tenant) {
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.State = v1alpha1.TenantPaused })
			w.expect(tenant, "Ready=True/Paused")
		},
		"too large": func(w *world, _ *v1alpha1.Tenant) {
			large := w.largeTemplates("acme")
			w.create(large[0], large[1])
			w.expect(large[1], "Accepted=False/TooLarge")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, tenant := templateWorld(t)
			template := w.eventTemplate("acme", "reminder", "business")
			w.create(template)
			w.expect(template, templateRuns...)
			bring(w, tenant)
			settings, routing := w.configMap("acme").Data[provision.KeySettings], string(w.routingBody("acme"))
			restored := func(when string) {
				t.Helper()
				kube.Eventually(t, "both documents are back after they were deleted "+when, func() error {
					return want(w.bothDocuments("acme"), [2]string{settings, routing})
				})
			}
			w.delete(w.configMap("acme"))
			w.delete(w.routingMap("acme"))
			restored("under an operator")
			w.stop()
			w.delete(w.configMap("acme"))
			w.delete(w.routingMap("acme"))
			w.startOperator(cluster.Config, nil)
			restored("while no operator ran")
		})
	}
}

// bothDocuments are empty where there is none.
func (w *world) bothDocuments(tenant string) [2]string {
	w.t.Helper()
	settings, routing := &corev1.ConfigMap{}, &corev1.ConfigMap{}
	for name, into := range map[string]*corev1.ConfigMap{provision.SettingsName(tenant): settings, provision.RoutingName(tenant): routing} {
		if err := w.client.Get(w.t.Context(), client.ObjectKey{Namespace: w.tenants, Name: name}, into); client.IgnoreNotFound(err) != nil {
			w.t.Fatal(err)
		}
	}
	document, err := routingKind.unpack(routing)
	if err != nil {
		w.t.Fatal(err)
	}
	return [2]string{settings.Data[provision.KeySettings], string(document)}
}

// largeTemplates are two that do not fit into one routing document together.
func (w *world) largeTemplates(tenant string) [2]*v1alpha1.EventTemplate {
	random := rand.NewChaCha8([32]byte{})
	var templates [2]*v1alpha1.EventTemplate
	for i := range templates {
		template := w.eventTemplate(tenant, fmt.Sprint("large-", i), "business")
		action := template.Spec.Actions[0]
		template.Spec.Actions = nil
		for k := range 13 {
			text := make([]byte, 45_000)
			_, _ = random.Read(text)
			action.Name, action.Days = fmt.Sprint("a", k), []int32{int32(20*i + k + 10)} //nolint:gosec // a small number
			action.Email.Text = base64.StdEncoding.EncodeToString(text)
			template.Spec.Actions = append(template.Spec.Actions, action)
		}
		templates[i] = template
	}
	return templates
}

// TestDocumentThatNobodyCanRunIsRestored: it reads well and has the right digest, and still
// the tenant's objects go on.
func TestDocumentThatNobodyCanRunIsRestored(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	profile, template := w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminder", "business")
	w.create(template)
	w.expect(template, templateRuns...)
	before := w.bothDocuments("acme")
	edit(w, w.routingMap("acme"), func(c *corev1.ConfigMap) {
		document := strings.Replace(before[1], "Please pay", "Please do not pay", 1)
		c.BinaryData[config.RoutingFile] = packed(t, document)
		c.Annotations[provision.AnnotationDigest] = config.Digest([]byte(document))
	})
	edit(w, w.configMap("acme"), func(c *corev1.ConfigMap) {
		document := strings.Replace(before[0], `"idleSeconds": `, `"idleSeconds": -`, 1)
		c.Data[provision.KeySettings] = document
		c.Annotations[provision.AnnotationDigest] = config.Digest([]byte(document))
	})
	kube.Eventually(t, "both are restored", func() error { return want(w.bothDocuments("acme"), before) })
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Edited" })
	w.expect(profile, "Ready=True")
	w.expect(template, templateRuns...)
	w.expect(tenant, "Ready=True")
}

// TestBrokenCopies: an older copy takes the place of one that cannot be read. Where none
// can, nothing changes and everybody is told, until a person decides.
func TestBrokenCopies(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	profile, template := w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminder", "business")
	w.create(template)
	w.expect(template, templateRuns...)
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "First." })
	w.expect(template, templateRuns...)
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "{{.nothing}}" })
	w.expect(template, "Accepted=False/Invalid") // so that the copy alone has what is live
	latest := w.routing("acme").Digest

	w.stop()
	w.onDocuments(tenant, "UPDATE document SET body = 'H4sIAAAA' WHERE digest = '"+latest+"'")
	w.delete(w.routingMap("acme"))
	w.startOperator(cluster.Config, nil)
	kube.Eventually(t, "the copy before the last is live", func() error {
		if w.bothDocuments("acme")[1] == "" {
			return errorf("none is there")
		}
		return want(w.routing("acme").Routing.Templates[0].Generation, 1)
	})
	w.expect(template, "Accepted=False/Invalid")

	w.stop()
	w.onDocuments(tenant, "UPDATE document SET body = '{}' WHERE kind = 'routing'")
	w.delete(w.routingMap("acme"))
	w.startOperator(cluster.Config, nil)
	settings := w.configMap("acme").ResourceVersion
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "Mended." })
	w.expect(tenant, "Ready=False/NoReadableCopy", "Programmed=False/NoReadableCopy", "Stalled=True", "DatabaseReady=True")
	w.expect(profile, "Ready=False/NoReadableCopy", "Accepted=True", "Stalled=True")
	w.expect(template, "Ready=False/NoReadableCopy", "Programmed=Unknown/NoReadableCopy", "Stalled=True")
	for _, o := range []client.Object{tenant, profile, template} {
		if m := message(o, "Ready"); !strings.Contains(m, "acme-routing") || !strings.Contains(m, "table document of schema "+tenant.Status.Database.Schema) {
			t.Errorf("%T says %q", o, m)
		}
	}
	if w.configMap("acme").ResourceVersion != settings {
		t.Error("settings went live while nobody knew what of the templates they would break")
	}
	w.onDocuments(tenant, "DELETE FROM document WHERE kind = 'routing'")
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Labels = map[string]string{"look": "again"} })
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	w.expect(template, templateRuns...)
}

// onDocuments runs a statement on the table of a tenant, as its owner.
func (w *world) onDocuments(tenant *v1alpha1.Tenant, statement string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(w.t.Context()) //nolint:errcheck // the test is over
	schema := pgx.Identifier{tenant.Status.Database.Schema}.Sanitize()
	if _, err := conn.Exec(w.t.Context(), "SET ROLE "+schema+"; SET search_path TO "+schema+"; "+statement); err != nil {
		w.t.Fatal(err)
	}
}

// TestConfigurationThatCannotBePutTogether is a fault of Foyer; nobody is left without a
// word, and what is live and what was judged stays.
func TestConfigurationThatCannotBePutTogether(t *testing.T) {
	t.Parallel()
	w := &world{tenants: "n"}
	p, r := newPass(types.NamespacedName{Namespace: "n", Name: "acme"}, newMemory()), &Reconciler{}
	p.tenant = w.tenant("acme")
	p.tenant.Generation, p.tenant.Status.LiveGeneration = 2, 1
	template := w.eventTemplate("acme", "reminder", "default")
	template.Generation, template.Status.LiveGeneration = 2, 1
	p.eventTemplates = []v1alpha1.EventTemplate{*template}
	p.settings.body = []byte(`{"format": 1}`) // which could not be taken
	if err := r.compile(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	now := p.tenant.CreationTimestamp
	p.tenant.Status = status.OfTenant(p.tenant.Status, p.tenantFacts(p.tenant.Status), now)
	template.Status = status.OfTemplate(template.Status, p.templateFacts(template, nil), now)
	for _, o := range []client.Object{p.tenant, template} {
		conditions, _ := statusOf(o)
		for _, wanted := range []string{"Ready=False/NotCompiled", "Stalled=True", "Accepted=Unknown/NotCompiled"} {
			if !holds(conditions, wanted) {
				t.Errorf("%T: %s is not so:\n%s", o, wanted, describe(conditions))
			}
		}
	}
	if p.tenant.Status.LiveGeneration != 1 || template.Status.LiveGeneration != 1 {
		t.Errorf("live generations: %d and %d", p.tenant.Status.LiveGeneration, template.Status.LiveGeneration)
	}
	if p.unwritten == nil {
		t.Error("the error is not told to whoever runs the operator")
	}
	if p.settings.body = nil; r.compile(t.Context(), p) != nil || p.stopped().Reason != "" || p.unwritten != nil {
		t.Errorf("when it is over: %+v, %v", p.stopped(), p.unwritten)
	}
}
