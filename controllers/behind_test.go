package controllers

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/config"
)

// laggard is a client with a cache that is behind, while it is on: a MyAccountProfile and
// an EventTemplate have not arrived, and an AccountProfile is there as it was.
type laggard struct {
	client.Client
	on     *atomic.Bool
	former v1alpha1.AccountProfile
}

func (l laggard) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	if err := l.Client.List(ctx, into, opts...); err != nil || !l.on.Load() {
		return err
	}
	switch list := into.(type) {
	case *v1alpha1.AccountProfileList:
		for i := range list.Items {
			l.former.DeepCopyInto(&list.Items[i])
		}
	case *v1alpha1.MyAccountProfileList:
		list.Items = nil
	case *v1alpha1.EventTemplateList:
		list.Items = nil
	}
	return nil
}

// TestCacheBehindTakesNothingBack: the operator that takes over has not seen yet what
// the former one has made live.
func TestCacheBehindTakesNothingBack(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile, portal := w.accountProfile("acme", "business"), w.myAccountProfile("acme", "gold")
	portal.Spec.CustomerGroups = []string{"gold"}
	template := w.eventTemplate("acme", "reminder", "business")
	w.create(profile, portal, template)
	w.expect(profile, "Ready=True")
	w.expect(template, templateRuns...)
	former := *profile.DeepCopy()
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(profile, "Ready=True")
	w.expect(portal, "Ready=True")
	w.stop()
	before, beforeRouting := w.configMap("acme"), w.routingMap("acme")

	var on atomic.Bool
	on.Store(true)
	w.startOperator(cluster.Config, func(c *rest.Config, o client.Options) (client.Client, error) {
		cached, err := client.New(c, o)
		return laggard{Client: cached, on: &on, former: former}, err
	})
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Renamed" })
	wait(t, 2*time.Second)
	if after := w.configMap("acme"); after.ResourceVersion != before.ResourceVersion {
		t.Fatalf("a cache that is behind took something back:\n%s", after.Data[provision.KeySettings])
	}
	if after := w.routingMap("acme"); after.ResourceVersion != beforeRouting.ResourceVersion {
		t.Fatalf("a cache that is behind took something back:\n%s", w.routingBody("acme"))
	}
	on.Store(false)
	w.expect(template, templateRuns...)
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	w.expect(portal, "Ready=True")
	document := w.configMap("acme").Data[provision.KeySettings]
	for _, part := range []string{`"Renamed"`, `"Companies"`, `"gold"`} {
		if !strings.Contains(document, part) {
			t.Errorf("%s is not live:\n%s", part, document)
		}
	}
}

// TestRestoredClusterGoesOn: after a restore of the cluster an object may be older than
// what is live of it, for good. What is declared goes live all the same.
func TestRestoredClusterGoesOn(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	w.stop()
	settings := w.configMap("acme")
	document, err := config.Parse([]byte(settings.Data[provision.KeySettings]))
	if err != nil {
		t.Fatal(err)
	}
	document.Tenant.Generation, document.AccountProfiles[0].Generation = 70, 50
	encoded, err := config.Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	settings.Data[provision.KeySettings] = string(encoded)
	settings.Annotations[provision.AnnotationDigest] = config.Digest(encoded)
	if err := w.client.Update(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	w.startOperator(cluster.Config, nil)
	w.expect(tenant, "Ready=True")
	w.expect(profile, "Ready=True")
	if tenant.Status.LiveGeneration != 1 || profile.Status.LiveGeneration != 1 {
		t.Errorf("live generations: %d and %d", tenant.Status.LiveGeneration, profile.Status.LiveGeneration)
	}
}
