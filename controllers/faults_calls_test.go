package controllers

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// editedTenants is also how many requests of a tenant go well between two that fail: as
// another one fails first for each tenant, each request of a round fails for one of them.
const editedTenants = 10

// edited is a tenant that carries something forward in every round of edits: an edit of a
// profile and of a template beside a refused edit of each, and a deletion of each.
type edited struct {
	w      *world
	tenant *v1alpha1.Tenant
	// good and mail are edited well, bad and broken are refused, still is left alone.
	good, bad, still *v1alpha1.AccountProfile
	mail, broken     *v1alpha1.EventTemplate
}

// The rounds of edits; each of them deletes a profile and a template of its own.
var rounds = []faultKind{failedCall, lostAnswer, conflict, killed}

func (w *world) editedTenant(k int) *edited {
	name := fmt.Sprintf("t%d", k)
	e := &edited{
		w: w, tenant: w.tenant(name),
		good: w.accountProfile(name, name+"-good"), bad: w.accountProfile(name, name+"-bad"), still: w.accountProfile(name, name+"-still"),
	}
	e.tenant.Spec.Portal.Replicas = ptr.To(int32(1))
	e.mail, e.broken = e.template("mail", 3), e.template("broken", 4)
	w.create(e.tenant, e.good, e.bad, e.still, e.mail, e.broken)
	for i := range rounds {
		w.create(e.used(i), e.cut(i))
	}
	return e
}

// template is one whose text does not name it, so that those of all tenants are alike.
func (e *edited) template(suffix string, day int32) *v1alpha1.EventTemplate {
	template := e.w.eventTemplate(e.tenant.Name, e.tenant.Name+"-"+suffix, e.good.Name)
	template.Spec.Actions[0].Days = []int32{day}
	template.Spec.Actions[0].Email.Text = "Please pay {{.invoice.balance}}."
	return template
}

// used is the profile with an account that round i deletes.
func (e *edited) used(i int) *v1alpha1.AccountProfile {
	return e.w.accountProfile(e.tenant.Name, fmt.Sprintf("%s-used%d", e.tenant.Name, i))
}

// cut is the template that round i deletes.
func (e *edited) cut(i int) *v1alpha1.EventTemplate {
	return e.template(fmt.Sprintf("cut%d", i), int32(20+i)) //nolint:gosec // a handful
}

func (e *edited) edit(i int) {
	e.w.t.Helper()
	patch(e.w, e.good, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = fmt.Sprintf("Round %d", i) })
	patch(e.w, e.bad, func(p *v1alpha1.AccountProfile) { p.Spec.MyAccountProfileRef.Name = fmt.Sprintf("nowhere-%d", i) })
	patch(e.w, e.mail, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = fmt.Sprintf("Round %d", i) })
	patch(e.w, e.broken, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Text = fmt.Sprintf("{{.invoice.totl}} %d", i) })
	e.w.delete(e.used(i))
	e.w.delete(e.cut(i))
}

// patch changes an object by what differs, whoever else writes it.
func patch[T client.Object](w *world, o T, change func(T)) {
	w.t.Helper()
	before := o.DeepCopyObject().(T)
	change(o)
	if err := w.client.Patch(w.t.Context(), o, client.MergeFrom(before)); err != nil {
		w.t.Fatalf("edit %T %s: %v", o, o.GetName(), err)
	}
}

func (e *edited) expectInstalled() {
	e.w.t.Helper()
	e.w.expect(e.tenant, "Accepted=True", "DatabaseReady=True", "Programmed=False/NoReadyReplica", "PortalAvailable=False/NoReadyReplica")
	for _, profile := range []*v1alpha1.AccountProfile{e.good, e.bad, e.still} {
		e.w.expect(profile, "Accepted=True", "Programmed=False/NoReadyReplica")
	}
	for _, template := range []*v1alpha1.EventTemplate{e.mail, e.broken} {
		e.w.expect(template, "Accepted=True", "Programmed=False/NoReadyReplica")
	}
}

// expectEdited waits until the edits of the rounds up to i are what the statuses say.
func (e *edited) expectEdited(i int) {
	e.w.t.Helper()
	e.w.expect(e.good, "Accepted=True", "ResolvedRefs=True", "Programmed=False/NoReadyReplica")
	e.w.expect(e.bad, "ResolvedRefs=False/RefNotFound", "Programmed=False/NotAccepted")
	e.w.expect(e.mail, "Accepted=True", "Programmed=False/NoReadyReplica")
	e.w.expect(e.broken, "Accepted=False/Invalid")
	kube.Eventually(e.w.t, fmt.Sprintf("%s tells of its edits", e.tenant.Name), func() error {
		e.w.expect(e.tenant, "Accepted=True", "DatabaseReady=True", "Programmed=False/NoReadyReplica")
		e.w.get(e.good)
		e.w.get(e.mail)
		orphans := e.tenant.Status.OrphanedProfiles
		if len(orphans) != i+1 || orphans[i].Accounts == nil || *orphans[i].Accounts != 1 {
			return errorf("orphans: %+v", orphans)
		}
		return want([3]int64{e.good.Status.LiveGeneration, e.mail.Status.LiveGeneration, int64(*e.tenant.Status.Rejected)},
			[3]int64{e.good.Generation, e.mail.Generation, 2})
	})
	e.w.get(e.bad)
	e.w.get(e.broken)
	if e.bad.Status.LiveGeneration != 1 || e.broken.Status.LiveGeneration != 1 {
		e.w.t.Errorf("%s: live generations of what was refused: %d and %d", e.tenant.Name, e.bad.Status.LiveGeneration, e.broken.Status.LiveGeneration)
	}
}

var (
	uids   = regexp.MustCompile(`"uid": "[^"]*"`)
	prefix = regexp.MustCompile(`\bt[0-9]+\b`)
)

// told is all that a tenant shows, without what tells it from another one.
func (e *edited) told() map[string]string {
	e.w.t.Helper()
	alike := func(text string) string {
		return prefix.ReplaceAllString(uids.ReplaceAllString(text, `"uid"`), "tenant")
	}
	told := map[string]string{}
	for kind, body := range e.documents() {
		told[kind] = alike(string(body))
	}
	for _, o := range []client.Object{e.tenant, e.good, e.bad, e.still, e.mail, e.broken} {
		e.w.get(o)
		conditions, observed := statusOf(o)
		told[alike(o.GetName())] = fmt.Sprintf("generation %d\n%s", observed, alike(describe(conditions)))
	}
	return told
}

// documents are the live ones, by kind.
func (e *edited) documents() map[string][]byte {
	e.w.t.Helper()
	documents := map[string][]byte{}
	for _, kind := range []*documentKind{settingsKind, routingKind} {
		held := e.w.documentMap(e.tenant.Name, kind)
		body, err := kind.unpack(held)
		if err != nil || config.Digest(body) != held.Annotations[provision.AnnotationDigest] {
			e.w.t.Errorf("%s: the %s document does not have its digest, or: %v", e.tenant.Name, kind.name, err)
		}
		documents[kind.name] = body
	}
	return documents
}

// documentMap reads the ConfigMap of a document.
func (w *world) documentMap(tenant string, kind *documentKind) *corev1.ConfigMap {
	w.t.Helper()
	held := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: kind.mapName(tenant)}}
	w.get(held)
	return held
}

// untouched are the versions of what no edit is about. Where an operator takes over that
// finds no ConfigMap, each profile says for a moment that nobody knows what is live.
func (e *edited) untouched(kind faultKind) map[string]string {
	e.w.t.Helper()
	name := func(suffix string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: e.w.tenants, Name: e.tenant.Name + suffix}
	}
	versions := map[string]string{}
	objects := []client.Object{
		&corev1.Service{ObjectMeta: name("-portal")}, &corev1.Service{ObjectMeta: name("-api")},
		&appsv1.Deployment{ObjectMeta: name("-portal")}, &appsv1.Deployment{ObjectMeta: name("-backoffice")},
		&appsv1.Deployment{ObjectMeta: name("-dispatcher")}, &corev1.Secret{ObjectMeta: name("-db-dispatcher")},
		&corev1.Secret{ObjectMeta: name("-db-portal")}, &corev1.Secret{ObjectMeta: name("-db-backoffice")}, &corev1.Secret{ObjectMeta: name("-cli")},
		&corev1.Secret{ObjectMeta: name("-keys")},
	}
	if kind != killed {
		objects = append(objects, e.still)
	}
	for _, o := range objects {
		e.w.get(o)
		versions[fmt.Sprintf("%T %s", o, o.GetName())] = o.GetResourceVersion()
	}
	return versions
}

// checkTable makes sure that the copies are what their digests say, and that the newest
// of each kind is what is live.
func (e *edited) checkTable(conn *pgx.Conn) {
	e.w.t.Helper()
	schema := pgx.Identifier{e.tenant.Status.Database.Schema}.Sanitize()
	if _, err := conn.Exec(e.w.t.Context(), "SET ROLE "+schema); err != nil {
		e.w.t.Fatal(err)
	}
	rows, err := conn.Query(e.w.t.Context(), "SELECT kind, digest, body FROM "+schema+".document ORDER BY created_at")
	if err != nil {
		e.w.t.Fatal(err)
	}
	var kind, digest, body string
	newest := map[string]string{}
	_, err = pgx.ForEachRow(rows, []any{&kind, &digest, &body}, func() error {
		document, err := map[string]*documentKind{"settings": settingsKind, "routing": routingKind}[kind].unkeep(body)
		if err != nil || config.Digest(document) != digest {
			e.w.t.Errorf("%s: a copy of %s does not have its digest (%v)", e.tenant.Name, kind, err)
		}
		newest[kind] = string(document)
		return nil
	})
	if err != nil {
		e.w.t.Fatal(err)
	}
	for kind, body := range e.documents() {
		if newest[kind] != string(body) {
			e.w.t.Errorf("%s: the newest copy of %s is not what is live", e.tenant.Name, kind)
		}
	}
}

// checkEvents makes sure that no news was told more often than once for the making of an
// object and once for each of its edits.
func (w *world) checkEvents(edits int) {
	w.t.Helper()
	var list eventsv1.EventList
	if err := w.client.List(w.t.Context(), &list, client.InNamespace(w.tenants)); err != nil {
		w.t.Fatal(err)
	}
	told := map[string]int{}
	for _, event := range list.Items {
		news := fmt.Sprintf("%s %s %s: %s", event.Regarding.Kind, event.Regarding.Name, event.Reason, event.Note)
		told[news]++
		if event.Series != nil {
			told[news] += int(event.Series.Count)
		}
	}
	for news, times := range told {
		if times > edits+1 {
			w.t.Errorf("told %d times: %s", times, news)
		}
	}
	if len(told) == 0 {
		w.t.Error("no event was recorded at all")
	}
}

// TestEveryCallMayFailWhileCarryingForward lets every request that follows a bunch of
// edits fail, in each way that there is. A tenant for which none failed shows what all
// have to come to.
func TestEveryCallMayFailWhileCarryingForward(t *testing.T) {
	t.Parallel()
	w := crowdedWorld(t)
	w.pace.usage, w.pace.retiring = 2*time.Second, 2*time.Second
	w.declareServer("default", w.uri, w.tenants)
	f := newFaults(noFault)
	w.startOperator(f.wrap(cluster.Config), nil)
	var tenants []*edited
	for k := range editedTenants + 1 {
		tenants = append(tenants, w.editedTenant(k))
	}
	for _, e := range tenants {
		e.expectInstalled()
		for i := range rounds {
			w.accounts(e.tenant.Name, account(fmt.Sprint(i), ptr.To(e.used(i).Name)))
		}
	}
	for i, kind := range rounds {
		f.round(w, tenants, i, kind)
		if t.Failed() {
			t.Fatalf("round %d: %s", i, kind)
		}
	}
}

// round edits every tenant, with the faults of a kind.
func (f *faults) round(w *world, tenants []*edited, i int, kind faultKind) {
	w.t.Helper()
	var before []map[string]string
	for _, e := range tenants {
		before = append(before, e.untouched(kind))
	}
	f.begin(kind, editedTenants)
	for _, e := range tenants {
		e.edit(i)
		if kind == killed { // what is restored under faults has what only the copies know
			w.delete(w.documentMap(e.tenant.Name, settingsKind))
			w.delete(w.documentMap(e.tenant.Name, routingKind))
		}
	}
	tenants[0].expectEdited(i)
	if kind == killed {
		w.stop()
		w.startOperator(cluster.Config, nil)
	}
	reference := tenants[0].told()
	for k, e := range tenants {
		e.expectEdited(i)
		kube.Eventually(w.t, e.tenant.Name+" shows what a tenant without faults does", func() error {
			if diff := cmp.Diff(reference, e.told()); diff != "" {
				return errorf("after %q (-without +with):\n%s", kind, diff)
			}
			return nil
		})
		if diff := cmp.Diff(before[k], e.untouched(kind)); diff != "" {
			w.t.Errorf("%s, %q: written without a reason (-before +after):\n%s", e.tenant.Name, kind, diff)
		}
	}
	f.checkRound(w, tenants, i, kind)
}

func (f *faults) checkRound(w *world, tenants []*edited, i int, kind faultKind) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(w.t.Context()) }()
	for _, e := range tenants {
		e.checkTable(conn)
	}
	if kind != killed {
		w.checkEvents(i + 1)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.t.Logf("%q: %d of %d tenants had a failing request, the one without faults made %d", kind, len(f.failed), editedTenants, f.seen["t0"])
	if f.failed["t1"] == 0 || f.failed["t6"] == 0 {
		w.t.Errorf("%q: faults that hit: %v, of requests: %v", kind, f.failed, f.seen)
	}
}
