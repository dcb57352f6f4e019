package controllers

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// damages are what happens to the ConfigMap of a document.
var damages = map[string]func(w *world, held *corev1.ConfigMap){
	"deleted": func(w *world, held *corev1.ConfigMap) { w.delete(held) },
	"emptied": func(w *world, held *corev1.ConfigMap) {
		edit(w, held, func(c *corev1.ConfigMap) { c.Data, c.BinaryData = nil, nil })
	},
	"edited": func(w *world, held *corev1.ConfigMap) {
		edit(w, held, func(c *corev1.ConfigMap) {
			for key, text := range c.Data {
				c.Data[key] = strings.Replace(text, "Profile", "Hacked", 1)
			}
			for key, packed := range c.BinaryData {
				c.BinaryData[key] = append(packed, "hacked"...)
			}
		})
	},
	"not annotated": func(w *world, held *corev1.ConfigMap) {
		edit(w, held, func(c *corev1.ConfigMap) { delete(c.Annotations, provision.AnnotationDigest) })
	},
}

// loser is a tenant that loses documents of which only the copies know everything: an
// edit of a profile and one of a template are refused.
type loser struct {
	w        *world
	tenant   *v1alpha1.Tenant
	profile  *v1alpha1.AccountProfile
	template *v1alpha1.EventTemplate
	loses    []*documentKind
	damage   string
	before   string
}

func (w *world) losers() []*loser {
	var list []*loser
	for which, kinds := range map[string][]*documentKind{"s": {settingsKind}, "r": {routingKind}, "b": {settingsKind, routingKind}} {
		for damage := range damages {
			name := which + "-" + strings.ReplaceAll(damage, " ", "-")
			l := &loser{
				w: w, tenant: w.tenant(name), profile: w.accountProfile(name, name), template: w.eventTemplate(name, name, name),
				loses: kinds, damage: damage,
			}
			w.create(l.tenant, l.profile, l.template)
			list = append(list, l)
		}
	}
	return list
}

func (l *loser) refuse() {
	l.w.t.Helper()
	l.w.expect(l.profile, "Programmed=False/NoReadyReplica")
	l.w.expect(l.template, "Programmed=False/NoReadyReplica")
	patch(l.w, l.profile, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "nowhere" })
	patch(l.w, l.template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "{{.nothing}}" })
	l.expectRefused()
	l.before = string(l.w.settingsOrRouting(l.tenant.Name))
}

func (l *loser) expectRefused() {
	l.w.t.Helper()
	l.w.expect(l.profile, "Accepted=True", "ResolvedRefs=False/RefNotFound")
	l.w.expect(l.template, "Accepted=False/Invalid")
	if l.profile.Status.LiveGeneration != 1 || l.template.Status.LiveGeneration != 1 {
		l.w.t.Errorf("%s: live generations: %d and %d", l.tenant.Name, l.profile.Status.LiveGeneration, l.template.Status.LiveGeneration)
	}
}

// expectLost waits until the status says that nobody knows what is live, and that alone.
func (l *loser) expectLost() {
	l.w.t.Helper()
	for _, kind := range l.loses {
		if kind == settingsKind {
			l.w.expect(l.tenant, "Accepted=True", "Programmed=Unknown/DatabaseUnreachable", "DatabaseReady=False/Unreachable")
			l.w.expect(l.profile, "Programmed=Unknown/DatabaseUnreachable")
		} else {
			l.w.expect(l.template, "Programmed=Unknown/DatabaseUnreachable")
		}
	}
	l.expectRefused()
}

func (l *loser) expectRestored() {
	l.w.t.Helper()
	kube.Eventually(l.w.t, l.tenant.Name+" has its documents back", func() error {
		for _, kind := range l.loses {
			held := &corev1.ConfigMap{}
			if err := l.w.client.Get(l.w.t.Context(), client.ObjectKey{Namespace: l.w.tenants, Name: kind.mapName(l.tenant.Name)}, held); err != nil {
				return err
			}
			if body, err := kind.unpack(held); err != nil || len(body) == 0 {
				return errorf("the %s document is not back: %w", kind.name, err)
			}
		}
		return want(string(l.w.settingsOrRouting(l.tenant.Name)), l.before)
	})
	l.w.expect(l.tenant, "Accepted=True", "DatabaseReady=True", "Programmed=False/NoReadyReplica")
	l.w.expect(l.profile, "Programmed=False/NotAccepted")
	l.w.expect(l.template, "Programmed=False/NotAccepted")
	l.expectRefused()
}

// TestLostDocuments: each of the documents is lost, and both, in each way; with the
// database, without it, and with one that has no copies either.
func TestLostDocuments(t *testing.T) {
	t.Parallel()
	server, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := crowdedWorld(t)
	w.uri = server.URI()
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	losers := w.losers()
	for _, l := range losers {
		l.refuse()
	}
	lose := func() {
		for _, l := range losers {
			for _, kind := range l.loses {
				damages[l.damage](w, w.documentMap(l.tenant.Name, kind))
			}
		}
	}
	lose()
	for _, l := range losers {
		l.expectRestored()
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, l := range losers {
		w.expect(l.tenant, "DatabaseReady=False/Unreachable")
	}
	lose()
	for _, l := range losers {
		l.expectLost()
	}
	w.stop() // who takes over knows no more
	w.startOperator(cluster.Config, nil)
	for _, l := range losers {
		l.expectLost()
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for _, l := range losers {
		l.expectRestored()
	}
	w.loseEverything(losers)
}

// loseEverything is a first install over objects that were refused: nothing of those is
// live any more, and that is what the status says.
func (w *world) loseEverything(losers []*loser) {
	w.t.Helper()
	w.stop()
	conn, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(w.t.Context()) }()
	for _, l := range losers {
		w.delete(w.documentMap(l.tenant.Name, settingsKind))
		w.delete(w.documentMap(l.tenant.Name, routingKind))
		if _, err := conn.Exec(w.t.Context(), "DELETE FROM "+pgx.Identifier{l.tenant.Status.Database.Schema}.Sanitize()+".document"); err != nil {
			w.t.Fatal(err)
		}
	}
	w.startOperator(cluster.Config, nil)
	for _, l := range losers {
		kube.Eventually(w.t, l.tenant.Name+" is installed anew", func() error {
			w.expect(l.tenant, "Accepted=True", "DatabaseReady=True", "Programmed=False/NoReadyReplica")
			w.expect(l.profile, "ResolvedRefs=False/RefNotFound", "Programmed=False/NotAccepted")
			w.expect(l.template, "Accepted=False/Invalid", "Programmed=False/NotAccepted")
			return want([2]int64{l.profile.Status.LiveGeneration, l.template.Status.LiveGeneration}, [2]int64{})
		})
		if said := message(l.profile, "Programmed"); !strings.Contains(said, "Nothing of it is live") {
			w.t.Errorf("%s: Programmed says %q", l.profile.Name, said)
		}
		patch(w, l.profile, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = "" })
		patch(w, l.template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "Mended" })
	}
	for _, l := range losers {
		w.expect(l.profile, "Programmed=False/NoReadyReplica")
		w.expect(l.template, "Programmed=False/NoReadyReplica")
	}
}
