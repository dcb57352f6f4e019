package controllers

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/store/admin"
)

func TestHostnameBelongsToItsHolder(t *testing.T) {
	t.Parallel()
	w, holder := readyWorld(t)
	hostname := holder.Spec.Portal.Hostname

	neighbour, stranger := w.tenant("beta"), w.tenant("gamma")
	neighbour.Spec.Portal.Hostname = hostname
	stranger.Spec.Portal.Hostname, stranger.Namespace = hostname, w.others
	w.create(neighbour, stranger)
	w.expect(neighbour, "Ready=False", "Accepted=False/Conflicted", "Stalled=True")
	w.expect(stranger, "Ready=False", "Accepted=False/Conflicted", "Stalled=True")
	if m := message(neighbour, "Accepted"); !strings.Contains(m, hostname) || !strings.Contains(m, "Tenant acme") {
		t.Errorf("the neighbour is told %q", m)
	}
	if m := message(stranger, "Accepted"); strings.Contains(m, "Tenant acme") || strings.Contains(m, "beta") {
		t.Errorf("a stranger is told who holds the host name: %q", m)
	}
	if neighbour.Status.LiveGeneration != 0 || neighbour.Status.Database.Schema != "" {
		t.Errorf("something was made for a refused tenant: %+v", neighbour.Status)
	}
	w.expect(holder, "Ready=True")

	// A holder that asks for a host name that somebody else has keeps its own.
	third := w.tenant("third")
	w.create(third)
	w.expect(third, "Ready=True")
	edit(w, third, func(t *v1alpha1.Tenant) { t.Spec.Portal.Hostname = hostname })
	w.expect(third, "Ready=False", "Accepted=False/Conflicted")
	if third.Status.LiveGeneration != 1 || !strings.HasPrefix(third.Status.PortalURL, "https://third.") {
		t.Errorf("status: %+v", third.Status)
	}

	// It is released: the oldest of those who ask gets it.
	edit(w, holder, func(t *v1alpha1.Tenant) { t.Spec.Portal.Hostname = "new." + hostname })
	w.expect(holder, "Ready=True")
	w.expectOneOf([]*v1alpha1.Tenant{neighbour, stranger, third}, hostname)
}

// A host name is one tenant's, be it of its portal or of its API.
func TestHostnameOfTheAPI(t *testing.T) {
	t.Parallel()
	w, holder := readyWorld(t)
	api := "api." + holder.Spec.Portal.Hostname
	edit(w, holder, func(t *v1alpha1.Tenant) { t.Spec.Backoffice.API.Hostname = api })
	w.expect(holder, "Ready=True")
	if got := holder.Status.APIURL; got != "https://"+api {
		t.Errorf("the API is at %q", got)
	}
	portal, site := w.tenant("beta"), w.tenant("gamma")
	portal.Spec.Portal.Hostname = api
	site.Spec.Backoffice.API.Hostname = holder.Spec.Portal.Hostname
	w.create(portal, site)
	w.expect(portal, "Accepted=False/Conflicted", "Ready=False")
	w.expect(site, "Accepted=False/Conflicted", "Ready=False")
	if m := message(site, "Accepted"); !strings.Contains(m, "spec.backoffice.api.hostname") || !strings.Contains(m, "Tenant acme") {
		t.Errorf("it is told %q", m)
	}
	edit(w, holder, func(t *v1alpha1.Tenant) { t.Spec.Backoffice.API.Hostname = "" })
	w.expect(holder, "Ready=True")
	w.expect(portal, "Ready=True")
	w.expect(site, "Accepted=False/Conflicted")
	if holder.Status.APIURL != "" {
		t.Errorf("the API is still at %q", holder.Status.APIURL)
	}
}

func TestHostnameIsReleasedByDeletion(t *testing.T) {
	t.Parallel()
	w, holder := readyWorld(t)
	other := w.tenant("beta")
	other.Spec.Portal.Hostname = holder.Spec.Portal.Hostname
	w.create(other)
	w.expect(other, "Accepted=False/Conflicted")
	w.delete(holder)
	w.expect(other, "Accepted=True", "Ready=True")
}

// Two tenants that ask for one host name at the same moment do not both get it.
func TestHostnameRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var racers []*v1alpha1.Tenant
	for _, name := range []string{"a", "b", "c", "d"} {
		racer := w.tenant(name)
		racer.Spec.Portal.Hostname = "race." + w.tenants + ".example"
		racers = append(racers, racer)
		w.create(racer)
	}
	w.expectOneOf(racers, "race."+w.tenants+".example")
}

// TestClaimComesBeforeTheCopy: a document that cannot go live is not kept as the latest,
// and a host name that does not go live is not held.
func TestClaimComesBeforeTheCopy(t *testing.T) {
	t.Parallel()
	opened, err := admin.Open(admin.Config{URI: "postgres://nobody@127.0.0.1:1/nothing"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	other := types.NamespacedName{Namespace: "n", Name: "other"}
	r := &Reconciler{pace: testPace, claims: &claims{held: map[string]types.NamespacedName{"my.acme.example": other}}}
	publish := func() (*pass, error) {
		tenant := &v1alpha1.Tenant{}
		tenant.Name, tenant.Spec.Portal.Hostname = "acme", "my.acme.example"
		p := newPass(types.NamespacedName{Namespace: "n", Name: "acme"}, newMemory())
		p.tenant, p.output = tenant, compile.Output{Document: []byte("{}"), Digest: "d"}
		p.settings.configMap, p.upToDate = &corev1.ConfigMap{}, true
		p.database = database{server: &server{name: "default", opened: opened}, tenant: opened.Tenant("schema"), ready: true}
		return p, r.publish(t.Context(), p)
	}
	p, err := publish()
	if delay, again := startsAgain(err); !errors.Is(err, errClaimed) || !again || delay != claimedDelay {
		t.Errorf("a taken host name: %v", err)
	}
	if !p.database.ready {
		t.Error("the database was asked to keep a document that cannot go live")
	}
	r.claims.release(other, nil)
	if p, err = publish(); err != nil || p.database.ready {
		t.Errorf("without the database: %v, ready %t", err, p.database.ready)
	}
	if len(r.claims.held) != 0 {
		t.Errorf("claims of what did not go live: %v", r.claims.held)
	}
}
