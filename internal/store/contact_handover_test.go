package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// handOver hands dana's account over.
func (tn tenant) handOver(t *testing.T, to string, grants []settings.Feature) {
	t.Helper()
	err := tn.asUser(t, "dana", func(ctx context.Context, w *store.Writer) error {
		_, err := w.HandOver(ctx, store.Item[store.Contact]{ID: "dana"}, store.Item[store.Contact]{ID: to}, grants)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestHandOverLeavesTheSharedListAlone: the features of an account are one list for all
// requests, with room behind it that nobody may write to.
func TestHandOverLeavesTheSharedListAlone(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	dana := owner(person("dana", "1001"))
	dana.Grants = []settings.Feature{settings.ViewActivity}
	tn.contacts(t, dana, person("sam", "1001"))
	shared := make([]settings.Feature, 1, 8)
	shared[0] = settings.ViewInvoices
	tn.handOver(t, "sam", shared)
	if diff := cmp.Diff(make([]settings.Feature, 7), shared[1:8]); diff != "" {
		t.Errorf("behind the list (-want +got):\n%s", diff)
	}
	want := []settings.Feature{settings.ViewActivity, settings.ViewInvoices}
	if diff := cmp.Diff(want, tn.accountContact(t, "1001", "dana").Grants); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}

// TestHandOverEndsWhatTheOldOwnerPlanned: addresses that the old owner asked for, of the
// new one or of those by which the new one's password is reset, are confirmed by nobody.
func TestHandOverEndsWhatTheOldOwnerPlanned(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	gus := person("gus", "1001")
	gus.Roles, gus.Email = []string{"Primary"}, "gus@example.com"
	tn.contacts(t, owner(person("dana", "1001")), person("sam", "1001"), gus, person("tom", "1001"))
	links := map[string]string{}
	for _, id := range []string{"dana", "sam", "gus", "tom"} {
		links[id] = tn.askEmail(t, "dana", id, id+"@evil.example", id == "dana")
	}
	tn.handOver(t, "sam", nil)
	want := []string{"dana dana@example.com / dana dana@example.com t", "gus gus@example.com / gus gus@example.com t", "sam sam@example.com / sam sam@example.com t",
		"tom tom@example.com tom@evil.example / tom tom@example.com t"}
	if diff := cmp.Diff(want, tn.emails(t)); diff != "" {
		t.Errorf("after the handover (-want +got):\n%s", diff)
	}
	for id, link := range links {
		if err := tn.confirm(t, link, now); errors.Is(err, store.ErrLinkOver) != (id != "tom") {
			t.Errorf("%s: %v", id, err)
		}
	}
}
