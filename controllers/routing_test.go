package controllers

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// What was carried on cannot be made again from the objects: only the copy has it, and
// that whether the operator was there when the ConfigMap was lost or not.
func TestLostRoutingIsRestored(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	template := w.eventTemplate("acme", "reminder", "business")
	w.create(template)
	w.expect(template, templateRuns...)
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "{{.nothing}}" })
	w.expect(template, "Accepted=False/Invalid")
	before := w.routing("acme").Digest

	restored := func(damaged string) {
		t.Helper()
		kube.Eventually(t, "the document is back after it was "+damaged, func() error {
			routing := &corev1.ConfigMap{}
			err := w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: provision.RoutingName("acme")}, routing)
			if err != nil {
				return err
			}
			document, err := config.Unpack(routing.BinaryData[config.RoutingFile])
			if err != nil {
				return err
			}
			return want(config.Digest(document), before)
		})
	}
	for name, content := range map[string][]byte{
		"not a document": []byte("not packed"),
		"edited":         packed(t, strings.Replace(string(w.routingBody("acme")), "Please pay", "Please do not pay", 1)),
	} {
		edit(w, w.routingMap("acme"), func(c *corev1.ConfigMap) { c.BinaryData[config.RoutingFile] = content })
		restored(name)
	}
	w.delete(w.routingMap("acme"))
	restored("deleted")
	w.stop()
	w.delete(w.routingMap("acme"))
	w.startOperator(cluster.Config, nil)
	restored("deleted while no operator ran")

	w.expect(template, "Accepted=False/Invalid")
	if template.Status.LiveGeneration != 1 {
		t.Errorf("liveGeneration is %d", template.Status.LiveGeneration)
	}
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Mended" })
	w.expect(template, templateRuns...)
	w.expect(tenant, "Ready=True")
}

func (w *world) routingBody(tenant string) []byte {
	w.t.Helper()
	document, err := config.Unpack(w.routingMap(tenant).BinaryData[config.RoutingFile])
	if err != nil {
		w.t.Fatal(err)
	}
	return document
}

func packed(t *testing.T, document string) []byte {
	t.Helper()
	content, err := config.Pack([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestTenantWithoutRoutingGetsOne is about tenants that an older release has made.
func TestTenantWithoutRoutingGetsOne(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	w.stop()
	settings := w.configMap("acme")
	w.delete(w.routingMap("acme"))
	conn, err := pgx.Connect(t.Context(), w.uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the test is over
	schema := pgx.Identifier{tenant.Status.Database.Schema, "document"}.Sanitize()
	owner := pgx.Identifier{tenant.Status.Database.Schema}.Sanitize()
	if _, err := conn.Exec(t.Context(), "SET ROLE "+owner+"; DELETE FROM "+schema+" WHERE kind = 'routing'"); err != nil {
		t.Fatal(err)
	}
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	kube.Eventually(t, "there is a routing document", func() error {
		return w.client.Get(t.Context(), client.ObjectKeyFromObject(w.emptyRoutingMap("acme")), &corev1.ConfigMap{})
	})
	if n := len(w.routing("acme").Routing.Templates); n != 0 {
		t.Errorf("it has %d templates", n)
	}
	wait(t, restTime/2)
	for _, write := range writes.List() {
		if !strings.HasSuffix(write, "/configmaps") && !strings.Contains(write, "/tenants/acme/status") {
			t.Errorf("more was written: %q", writes.List())
		}
	}
	if w.configMap("acme").ResourceVersion != settings.ResourceVersion {
		t.Error("the settings were written again")
	}
}

func (w *world) emptyRoutingMap(tenant string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: provision.RoutingName(tenant)}}
}

// TestNewerRoutingStopsThisRelease: what a newer release has written is not understood, so
// nothing is written over it, and nothing that it may depend on.
func TestNewerRoutingStopsThisRelease(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	template, profile := w.eventTemplate("acme", "reminder", "business"), w.accountProfile("acme", "business")
	w.create(template)
	w.expect(template, templateRuns...)
	w.stop()
	document := strings.Replace(string(w.routingBody("acme")), `"format": 1`, `"format": 2`, 1)
	edit(w, w.routingMap("acme"), func(c *corev1.ConfigMap) {
		c.BinaryData[config.RoutingFile] = packed(t, document)
		c.Annotations[provision.AnnotationDigest] = config.Digest([]byte(document))
	})
	settings := w.configMap("acme")
	w.startOperator(cluster.Config, nil)
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Edited" })
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
	w.expect(template, "Ready=False/ForeignObject", "Programmed=Unknown/ForeignObject")
	w.expect(profile, "Ready=False/ForeignObject")
	for _, o := range []client.Object{tenant, template, profile} {
		if m := message(o, "Ready"); !strings.Contains(m, "upgrade the operator") {
			t.Errorf("%T says %q", o, m)
		}
	}
	if !bytes.Equal(w.routingBody("acme"), []byte(document)) || w.configMap("acme").ResourceVersion != settings.ResourceVersion {
		t.Error("an older release wrote")
	}
	w.delete(w.routingMap("acme")) // its copy in the database is one that this release knows
	w.expect(tenant, "Ready=True")
	w.expect(template, templateRuns...)
	w.expect(profile, "Ready=True")
}

// TestRoutingHoldsUpNoSettings: where the routing document cannot be written, customers
// have their settings and everything is told.
func TestRoutingHoldsUpNoSettings(t *testing.T) {
	t.Parallel()
	for _, code := range refusals {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			w, tenant, _, routingOff := limitedWorld(t, code)
			profile, template := w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminder", "business")
			w.create(profile, template)
			w.expect(template, templateRuns...)
			routingOff.Store(false)
			edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Edited" })
			edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Renamed" })
			w.expect(profile, "Ready=True")
			w.expect(template, "Ready=False", "Accepted=True", "Programmed=False", "Reconciling=True")
			if template.Status.LiveGeneration != 1 {
				t.Errorf("what is not written is said to be: %+v", template.Status)
			}
			w.expect(tenant, "Ready=True")
			if code == http.StatusForbidden {
				w.expectNote(tenant, "ConfigMap acme-routing")
			}
			routingOff.Store(true)
			edit(w, template, func(e *v1alpha1.EventTemplate) { e.Labels = map[string]string{"look": "again"} })
			w.expect(template, templateRuns...)
			w.expectNote(tenant, "")
		})
	}
}

// refusals are a policy, and an API server that does not work.
var refusals = []int{http.StatusForbidden, http.StatusInternalServerError}

// limitedWorld has a tenant that is Ready, and an operator that may not write a document
// while the switch of it is off.
func limitedWorld(t *testing.T, code int) (w *world, tenant *v1alpha1.Tenant, settings, routing *atomic.Bool) {
	t.Helper()
	settings, routing = new(atomic.Bool), new(atomic.Bool)
	settings.Store(true)
	routing.Store(true)
	w = quietWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	limited := rest.CopyConfig(cluster.Config)
	limited.Wrap(func(next http.RoundTripper) http.RoundTripper {
		next = policy{next, "/configmaps/acme-settings", settings, code}
		return policy{next, "/configmaps/acme-routing", routing, code}
	})
	w.startOperator(limited, nil)
	w.replicas = startReplicas(w)
	tenant = w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	return w, tenant, settings, routing
}

// expectNote waits until the Tenant, while it is Ready, tells of its templates what is in
// the way; empty: nothing is.
func (w *world) expectNote(tenant *v1alpha1.Tenant, part string) {
	w.t.Helper()
	kube.Eventually(w.t, "the Tenant tells what is in the way of its templates: "+part, func() error {
		w.expect(tenant, "Ready=True", "Accepted=True")
		_, note, told := strings.Cut(message(tenant, "Accepted"), routingNote)
		if told != (part != "") || !strings.Contains(note, part) {
			return errorf("Accepted says %q", message(tenant, "Accepted"))
		}
		return nil
	})
}

// TestNoteAboutRouting: it comes and goes, and what is being made is not lost.
func TestNoteAboutRouting(t *testing.T) {
	t.Parallel()
	w := &world{tenants: "n"}
	p := newPass(types.NamespacedName{Namespace: "n", Name: "acme"}, newMemory())
	p.tenant = w.tenant("acme")
	for _, step := range []struct {
		lost bool
		live int64
		told string
	}{{true, 0, ""}, {true, 1, "ConfigMap acme-routing is lost"}, {true, 1, "ConfigMap acme-routing is lost"}, {false, 1, ""}} {
		p.routing.lost, p.tenant.Status.LiveGeneration = step.lost, step.live
		said := p.noteRouting(status.Yes(status.ReasonAccepted, "Fine."+routingNote+"what was said before"))
		first, note, told := strings.Cut(said.Message, routingNote)
		if first != "Fine." || told != (step.told != "") || !strings.HasPrefix(note, step.told) {
			t.Errorf("%+v: the Tenant says %q", step, said.Message)
		}
	}
}

// TestDocumentsFitEachOther: a template with an event of the tenant's own is live only
// beside settings that have the event as the template needs it.
func TestDocumentsFitEachOther(t *testing.T) {
	t.Parallel()
	for _, code := range refusals {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			w, tenant, settingsOff, routingOff := limitedWorld(t, code)
			profile, other := w.accountProfile("acme", "business"), w.eventTemplate("acme", "other", "business")
			w.create(profile, other)
			w.expect(other, templateRuns...)
			reading := w.eventTemplate("acme", "reading", "business")
			reading.Spec.Event, reading.Spec.Actions[0].Days = "custom.meterReading", nil
			reading.Spec.Actions[0].Email.Subject, reading.Spec.Actions[0].Email.Text = "Your meter", "It says {{.data.first}}."

			settingsOff.Store(false)
			edit(w, tenant, declare("first"))
			w.create(reading)
			if code == http.StatusForbidden {
				w.expect(reading, "Programmed=False/Refused", "Ready=False/Refused", "Reconciling=True")
			}
			wait(t, restTime/3)
			w.eventuallyRouted("acme", "other")
			settingsOff.Store(true)
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Labels = map[string]string{"look": "again"} })
			w.expect(reading, templateRuns...)
			w.expect(tenant, "Ready=True")

			routingOff.Store(false)
			settings := w.configMap("acme")
			edit(w, reading, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "It says {{.data.second}}." })
			edit(w, tenant, declare("second"))
			w.expect(tenant, "Accepted=False/Invalid", "Ready=False")
			if m := message(tenant, "Accepted"); !strings.Contains(m, `EventTemplate "reading"`) {
				t.Errorf("Accepted says %q", m)
			}
			if w.configMap("acme").Data[provision.KeySettings] != settings.Data[provision.KeySettings] {
				t.Error("the settings do not fit the template that is live any more")
			}
			routingOff.Store(true)
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Labels = map[string]string{"look": "once-more"} })
			w.expect(tenant, "Ready=True")
			w.expect(reading, templateRuns...)
		})
	}
}

// declare makes an event of the tenant's own with one field.
func declare(field string) func(*v1alpha1.Tenant) {
	return func(t *v1alpha1.Tenant) {
		t.Spec.Events = []v1alpha1.EventDeclaration{{Name: "custom.meterReading", Fields: []v1alpha1.EventField{{Name: field, Type: "Integer"}}}}
	}
}

// TestTwoOperators write at the same time, as for a moment when the leader changes: nothing
// is lost, and they come to rest.
func TestTwoOperators(t *testing.T) {
	t.Parallel()
	w, tenant := templateWorld(t)
	profile, template := w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminder", "business")
	w.create(template)
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	for i := range 5 {
		edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = fmt.Sprint("Companies ", i) })
		edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = fmt.Sprint("Edit ", i) })
		w.create(w.eventTemplate("acme", fmt.Sprint("more-", i), "business"))
	}
	w.expect(profile, "Ready=True")
	w.expect(template, "Conflicted=True", "Programmed=True")
	w.eventuallyRouted("acme", "more-0", "more-1", "more-2", "more-3", "more-4", "reminder")
	for i := range 5 {
		w.expect(w.eventTemplate("acme", fmt.Sprint("more-", i), "business"), "Conflicted=True", "Programmed=True")
	}
	w.expect(tenant, "Ready=True")
	comesToRest(t, writes, restTime/3)
}

// comesToRest waits until nothing was written for that long. How soon depends on the
// machine: pods are told to look once more, and the Tenant counts them.
func comesToRest(t *testing.T, writes *kube.Writes, quiet time.Duration) {
	t.Helper()
	kube.Eventually(t, "nothing is written any more", func() error {
		writes.Reset()
		wait(t, quiet)
		if list := writes.List(); len(list) != 0 {
			return fmt.Errorf("there were writes in %s: %q", quiet, list)
		}
		return nil
	})
}

// TestForeignRoutingIsLeftAlone: the customers have their settings all the same.
func TestForeignRoutingIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := w.emptyRoutingMap("acme")
	foreign.Data = map[string]string{"theirs": "yes"}
	w.create(foreign)
	version := foreign.ResourceVersion
	tenant, profile, template := w.tenant("acme"), w.accountProfile("acme", "business"), w.eventTemplate("acme", "reminder", "business")
	w.create(tenant, profile, template)
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	w.expect(template, "Ready=False/ForeignObject", "Programmed=False/ForeignObject", "Stalled=True")
	w.expectNote(tenant, "ConfigMap acme-routing exists and does not belong to this Tenant")
	if m := message(template, "Ready"); !strings.Contains(m, "ConfigMap acme-routing") {
		t.Errorf("Ready says %q", m)
	}
	if w.routingMap("acme").ResourceVersion != version {
		t.Error("somebody else's object was changed")
	}
	w.delete(foreign)
	edit(w, template, func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Subject = "Again" })
	w.expect(template, templateRuns...)
}

// TestManyTemplates: the broken ones keep nothing from going live, each is told, and an
// edit writes what it changes and no more.
func TestManyTemplates(t *testing.T) {
	t.Parallel()
	const templates = 200
	w := quietWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	w.replicas = startReplicas(w)
	tenant := w.tenant("acme")
	w.create(tenant, w.accountProfile("acme", "business"))
	var all []*v1alpha1.EventTemplate
	for i := range templates {
		template := w.eventTemplate("acme", fmt.Sprintf("t%03d", i), "business")
		template.Spec.Actions[0].Days = []int32{int32(i)} //nolint:gosec // a small number
		if i%4 == 3 {
			template.Spec.Actions[0].Email.Text = fmt.Sprintf("Pay {{.invoice.field%d}}", i)
		}
		w.create(template)
		all = append(all, template)
	}
	for i, template := range all {
		if i%4 != 3 {
			w.expect(template, templateRuns...)
			continue
		}
		w.expect(template, "Accepted=False/Invalid", "Ready=False/Invalid", "Stalled=True")
		if m := message(template, "Ready"); !strings.Contains(m, fmt.Sprintf(".invoice.field%d", i)) {
			t.Errorf("%s: Ready says %q", template.Name, m)
		}
	}
	kube.Eventually(t, "the tenant is Ready and counts the broken ones", func() error {
		w.expect(tenant, "Ready=True")
		return want(*tenant.Status.Rejected, int32(templates/4))
	})
	if n := len(w.routing("acme").Templates); n != templates*3/4 {
		t.Errorf("%d templates are live", n)
	}
	comesToRest(t, writes, restTime/3)
	writes.Reset()
	edit(w, all[3], func(e *v1alpha1.EventTemplate) { e.Spec.Actions[0].Email.Text = "Mended." })
	w.expect(all[3], templateRuns...)
	kube.Eventually(t, "the tenant counts one less", func() error {
		w.expect(tenant, "Ready=True")
		return want(*tenant.Status.Rejected, int32(templates/4-1))
	})
	for _, write := range writes.List() {
		_, object, _ := strings.Cut(write, "/namespaces/"+w.tenants+"/")
		switch object {
		case "configmaps/acme-routing", "eventtemplates/t003/status", "tenants/acme/status", "events",
			"accountprofiles/business/status": // which names the templates of each event
		default:
			if !strings.HasPrefix(object, "pods/acme-dispatcher-") {
				t.Errorf("the edit of one template wrote %q", write)
			}
		}
	}
}
