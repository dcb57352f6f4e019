package controllers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestTwoLeadersAgree: two operators pass over the same tenant at the same time, as when
// one of them does not know yet that it is not the leader any more.
func TestTwoLeadersAgree(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.pace.usage = time.Second
	w.declareServer("default", w.uri, w.tenants)
	recording, writes := kube.RecordWrites(cluster.Config)
	w.startOperator(recording, nil)
	w.startOperator(recording, nil)
	w.replicas = startReplicas(w)
	documents := w.watchDocuments()
	tenant := w.tenant("acme")
	var profiles []*v1alpha1.AccountProfile
	var templates []*v1alpha1.EventTemplate
	w.create(tenant)
	for i := range 3 {
		profile := w.accountProfile("acme", fmt.Sprintf("profile-%d", i))
		profiles = append(profiles, profile)
		template := w.eventTemplate("acme", fmt.Sprintf("template-%d", i), profile.Name)
		templates = append(templates, template)
		w.create(profile, template)
	}
	refused, cut := w.accountProfile("acme", "refused"), w.eventTemplate("acme", "cut", "refused")
	w.create(refused, cut)
	w.expect(refused, "Ready=True")
	w.expect(cut, "Programmed=True")
	patch(w, refused, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	for round := range 5 {
		for i := range profiles {
			patch(w, profiles[i], func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = fmt.Sprintf("Round %d", round) })
			patch(w, templates[i], func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = fmt.Sprintf("Round %d", round) })
		}
		if round == 2 {
			w.delete(cut)
		}
	}
	for i := range profiles {
		w.expect(profiles[i], "Ready=True")
		w.expect(templates[i], "Programmed=True")
	}
	w.expect(tenant, "Ready=True")
	w.expect(refused, "ResolvedRefs=False/RefNotFound")
	if refused.Status.LiveGeneration != 1 {
		t.Errorf("of what was refused generation %d is live", refused.Status.LiveGeneration)
	}
	for _, kind := range []*documentKind{settingsKind, routingKind} {
		checkNeverBack(t, kind, documents.of(w, "acme", kind))
	}
	w.checkNewestCopies(tenant, "Round 4")
	kube.Eventually(t, "both operators are at rest", func() error {
		before := writes.List()
		wait(t, 2*time.Second)
		if after := writes.List(); len(after) != len(before) {
			return errorf("they wrote %q", after[len(before):])
		}
		return nil
	})
}

// checkNeverBack makes sure that no document takes back what one before it said: no
// generation gets smaller, and what ended does not come again.
func checkNeverBack(t *testing.T, kind *documentKind, documents [][]byte) {
	t.Helper()
	live, ended := map[string]int64{}, map[string]bool{}
	for i, body := range documents {
		parsed, err := kind.parse(body)
		if err != nil {
			t.Fatal(err)
		}
		now := map[string]int64{}
		for of, list := range parsed {
			for _, e := range list {
				name := of + " " + e.Name
				if now[name] = e.Generation; e.Generation < live[name] || ended[name] {
					t.Errorf("document %d of %d takes %s back to generation %d from %d (had ended: %t)", i, len(documents), name, e.Generation, live[name], ended[name])
				}
			}
		}
		for name := range live {
			if _, ok := now[name]; !ok {
				ended[name] = true
				if !strings.HasSuffix(name, " cut") {
					t.Errorf("document %d of %d has lost %s", i, len(documents), name)
				}
			}
		}
		live = now
	}
	if len(documents) < 3 {
		t.Errorf("there were %d documents only", len(documents))
	}
}

// rewrite replaces a live document, as a newer release does.
func (w *world) rewrite(tenant string, kind *documentKind, change func(document map[string]any)) {
	w.t.Helper()
	held := w.documentMap(tenant, kind)
	body, err := kind.unpack(held)
	if err != nil {
		w.t.Fatal(err)
	}
	document := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		w.t.Fatal(err)
	}
	change(document)
	if body, err = json.MarshalIndent(document, "", "  "); err != nil {
		w.t.Fatal(err)
	}
	content, err := kind.pack(body)
	if err != nil {
		w.t.Fatal(err)
	}
	edit(w, held, func(c *corev1.ConfigMap) {
		if kind == settingsKind {
			c.Data[provision.KeySettings] = string(content)
		} else {
			c.BinaryData[provision.KeyRouting] = content
		}
		c.Annotations[provision.AnnotationDigest] = config.Digest(body)
	})
}

// first returns the first entry of a list of a document.
func first(document map[string]any, list string) map[string]any {
	return document[list].([]any)[0].(map[string]any)
}

// newerBody is a text that only an action of a newer release names.
const newerBody = "sha256:7777777777777777777777777777777777777777777777777777777777777777"

// writeAsNewer adds what this release does not know to both documents, at every level.
func (w *world) writeAsNewer() {
	w.t.Helper()
	w.rewrite("acme", settingsKind, func(document map[string]any) {
		document["newTop"] = map[string]any{"a": "kept 1"}
		profile := first(document, "accountProfiles")
		profile["newOfEntry"] = "kept 2"
		profile["content"].(map[string]any)["newOfContent"] = []any{"kept 3"}
	})
	w.rewrite("acme", routingKind, func(document map[string]any) {
		document["newTop"] = "kept 4"
		document["bodies"].(map[string]any)[newerBody] = "kept 5"
		template := document["templates"].([]any)[1].(map[string]any) // reminders
		template["newOfEntry"] = "kept 6"
		template["content"].(map[string]any)["newOfContent"] = map[string]any{"text": newerBody}
	})
}

// TestOlderOperatorKeepsWhatItDoesNotKnow: a newer release has written the documents, and
// an older one passes over them, as after a roll back.
func TestOlderOperatorKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	business, other := w.accountProfile("acme", "business"), w.accountProfile("acme", "other")
	reminders, later := w.eventTemplate("acme", "reminders", "business"), w.eventTemplate("acme", "later", "other")
	w.create(business, other, reminders, later)
	for _, template := range []*v1alpha1.EventTemplate{reminders, later} {
		w.expect(template, "Programmed=True")
	}
	w.expect(other, "Ready=True")
	w.stop()
	w.writeAsNewer()
	kept := func(when string) {
		t.Helper()
		kube.Eventually(t, "what a newer release wrote is kept "+when, func() error {
			both := string(w.settingsOrRouting("acme"))
			for i := range 6 {
				if text := fmt.Sprintf("kept %d", i+1); !strings.Contains(both, text) {
					return errorf("%q is not live:\n%s", text, both)
				}
			}
			return nil
		})
	}

	w.startOperator(cluster.Config, nil)
	patch(w, other, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Edited by the older" })
	patch(w, later, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "Edited by the older" })
	w.expect(other, "Ready=True")
	w.expect(later, "Programmed=True")
	kept("by an older one that edits others")
	patch(w, business, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	patch(w, reminders, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "{{.nothing}}" })
	w.expect(business, "ResolvedRefs=False/RefNotFound")
	w.expect(reminders, "Accepted=False/Invalid")
	kept("under refused edits")
	w.delete(w.documentMap("acme", settingsKind))
	w.delete(w.documentMap("acme", routingKind))
	kube.Eventually(t, "the documents are restored", func() error {
		for _, kind := range []*documentKind{settingsKind, routingKind} {
			var held corev1.ConfigMap
			if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: kind.mapName("acme")}, &held); err != nil {
				return err
			}
		}
		return nil
	})
	kept("when they are restored from their copies")

	w.stop()
	w.leavesNewerFormat(tenant, other)
	w.stop()
	w.rewrite("acme", settingsKind, func(document map[string]any) { document["format"] = 1 }) // the upgrade knows it
	w.startOperator(cluster.Config, nil)
	w.expect(tenant, "Ready=True")
	w.expect(other, "Ready=True")
	kept("by the upgrade")
	w.checkNewestCopies(tenant, "kept")
}

// leavesNewerFormat runs an operator over a format that it does not know.
func (w *world) leavesNewerFormat(tenant *v1alpha1.Tenant, profile *v1alpha1.AccountProfile) {
	w.t.Helper()
	w.rewrite("acme", settingsKind, func(document map[string]any) { document["format"] = 2 })
	before := w.liveVersions("acme")
	w.startOperator(cluster.Config, nil)
	patch(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Not by this one" })
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
	w.expect(profile, "Ready=False/ForeignObject")
	if said := message(profile, "Ready"); !strings.Contains(said, "upgrade the operator") {
		w.t.Errorf("Ready says %q", said)
	}
	if after := w.liveVersions("acme"); after != before {
		w.t.Errorf("an older release wrote over a format that it does not know: %v, it was %v", after, before)
	}
}
