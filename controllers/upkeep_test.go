package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// keptWorld is an operator that keeps schemas up all the time, with a tenant that has
// calls: one of two years ago and one of six months ago. rows is a superuser's connection
// on its schema.
func keptWorld(t *testing.T) (w *world, tenant *v1alpha1.Tenant, rows *pgx.Conn) {
	t.Helper()
	w = quietWorld(t)
	w.pace.upkeep = 500 * time.Millisecond
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant = w.tenant("acme")
	w.create(tenant)
	w.expect(tenant, "Ready=True")
	rows = w.sql("SET search_path TO "+pgx.Identifier{tenant.Status.Database.Schema}.Sanitize(), `
INSERT INTO call (id, account_id, started_at, day, direction, outcome, number, seconds)
SELECT 'months ' || n, 'A', now() - n * interval '1 month', current_date, 'Inbound', 'Missed', '1', 0 FROM unnest('{24,6}'::int[]) n`)
	return w, tenant, rows
}

func texts(t *testing.T, rows *pgx.Conn, sql string) []string {
	t.Helper()
	found, err := rows.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

const callIDs = "SELECT id FROM call ORDER BY id"

// ahead is the last partition that upkeep makes.
func ahead() string {
	now := time.Now().UTC()
	return time.Date(now.Year(), now.Month()+3, 1, 0, 0, 0, 0, time.UTC).Format("call_2006_01")
}

// losesPartition takes a partition away, and waits until upkeep has made it again.
func losesPartition(t *testing.T, rows *pgx.Conn) {
	t.Helper()
	if _, err := rows.Exec(t.Context(), "DROP TABLE "+ahead()); err != nil {
		t.Fatal(err)
	}
	madeAgain(t, rows)
}

func madeAgain(t *testing.T, rows *pgx.Conn) {
	t.Helper()
	kube.Eventually(t, "the partition is there again", func() error {
		if list := texts(t, rows, "SELECT 'there' FROM pg_inherits WHERE inhrelid = to_regclass('"+ahead()+"')"); len(list) == 0 {
			return errors.New("it is not")
		}
		return nil
	})
}

// TestUpkeepOfTenants: partitions are made, retention deletes when it is accepted and not
// before, and nothing is written to the cluster for it.
func TestUpkeepOfTenants(t *testing.T) {
	t.Parallel()
	w, tenant, rows := keptWorld(t)
	version := tenant.ResourceVersion
	losesPartition(t, rows)
	if ids := texts(t, rows, callIDs); !slices.Equal(ids, []string{"months 24", "months 6"}) {
		t.Errorf("without retention there are %v", ids)
	}
	w.get(tenant)
	if tenant.ResourceVersion != version {
		t.Error("an upkeep wrote to the Tenant")
	}

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Retention.CallMonths, t.Spec.Attributes.TimeZone = 1, "Mars/Olympus" })
	w.expect(tenant, "Accepted=False")
	losesPartition(t, rows)
	if ids := texts(t, rows, callIDs); !slices.Equal(ids, []string{"months 24", "months 6"}) {
		t.Errorf("with a retention that is refused there are %v", ids)
	}

	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Retention.CallMonths, t.Spec.Attributes.TimeZone = 12, "" })
	kube.Eventually(t, "the status says what will be deleted", func() error {
		w.get(tenant)
		ready := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionDatabaseReady)
		if ready == nil || !strings.Contains(ready.Message, "calls from before the last 12 months are deleted from ") {
			return errorf("it says %+v", ready)
		}
		return nil
	})
	losesPartition(t, rows)
	if ids := texts(t, rows, callIDs); !slices.Equal(ids, []string{"months 24", "months 6"}) {
		t.Errorf("before a shorter retention takes effect there are %v", ids)
	}
	if _, err := rows.Exec(t.Context(), "UPDATE installation SET next_seen_at = next_seen_at - interval '24 hours'"); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "retention deletes", func() error {
		if ids := texts(t, rows, callIDs); !slices.Equal(ids, []string{"months 6"}) {
			return errorf("there are %v", ids)
		}
		return nil
	})
	w.expectEvents(tenant, "CallsDeleted")
	kube.Eventually(t, "nothing more will be deleted", func() error {
		w.get(tenant)
		if ready := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionDatabaseReady); strings.Contains(ready.Message, "callMonths") {
			return errorf("it says %s", ready.Message)
		}
		return nil
	})
	w.expect(tenant, "Ready=True")
}

// TestUpkeepThatFails is told after a while, holds up no edit, and is done when it can be.
func TestUpkeepThatFails(t *testing.T) {
	t.Parallel()
	w, tenant, rows := keptWorld(t)
	if _, err := rows.Exec(t.Context(), "BEGIN; DROP TABLE "+ahead()+"; COMMIT; BEGIN; LOCK TABLE call_default"); err != nil {
		t.Fatal(err)
	}
	w.expectEvents(tenant, "UpkeepFailed")
	profile := w.accountProfile("acme", "business")
	w.create(profile)
	w.expect(profile, "Ready=True")
	w.expect(tenant, "Ready=True")
	if _, err := rows.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	madeAgain(t, rows)
}

// TestWhenUpkeepIsDue: about once an hour, at once when retention changes, and again soon
// after a failure.
func TestWhenUpkeepIsDue(t *testing.T) {
	t.Parallel()
	u := newUpkeeps(usualPace, upkeepNews{})
	defer u.stop()
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "acme", UID: "1"}}
	key := types.NamespacedName{Namespace: "a", Name: "acme"}
	state := func() *upkeep { return u.states[key] }
	within := func(what string, least, most time.Duration) {
		t.Helper()
		if wait := time.Until(state().again); wait < least-time.Minute || wait > most {
			t.Errorf("%s: the next one is due in %s, want %s to %s", what, wait, least, most)
		}
	}
	u.ensure(tenant, nil, admin.Policy{})
	within("after a start", 0, 10*time.Minute)
	if state().running {
		t.Error("it began at once")
	}
	u.finish(state(), admin.Policy{}, false, nil)
	within("after a success", 54*time.Minute, 66*time.Minute)
	u.finish(state(), admin.Policy{}, true, nil)
	within("when more is to do", 0, time.Second)
	u.finish(state(), admin.Policy{CallMonths: 1}, false, nil)
	within("when retention was changed meanwhile", 0, time.Second)
	for n, most := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second} {
		if told := u.finish(state(), admin.Policy{}, false, errors.New("fails")); told != (n == 2) {
			t.Errorf("failure %d is told: %t", n+1, told)
		}
		within("after a failure", 0, most)
	}
	for range 20 {
		u.finish(state(), admin.Policy{}, false, errors.New("fails"))
	}
	within("after many failures", 59*time.Minute, time.Hour)
	u.forget(key)
	if len(u.states) != 0 {
		t.Error("a tenant that is gone is remembered")
	}
}

// TestRetentionOfNotifications: it waits, is told, deletes, and is told again.
func TestRetentionOfNotifications(t *testing.T) {
	t.Parallel()
	w, tenant, rows := keptWorld(t)
	if _, err := rows.Exec(t.Context(), `
INSERT INTO notification (id, event_type, occurrence, category, source, action, channel, state, due_at, turn_at, updated_at)
SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'invoice.paid', n, 'Invoice', 'Standard', 'paid', 'Email', state, now(), now(), now()
FROM unnest('{1,2}'::int[], '{Sent,Planned}'::text[]) s(n, state)`); err != nil {
		t.Fatal(err)
	}
	const states = "SELECT state FROM notification ORDER BY id"
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.Retention.NotificationMonths = 6 })
	kube.Eventually(t, "the status says what will be deleted", func() error {
		w.get(tenant)
		if said := message(tenant, v1alpha1.ConditionDatabaseReady); !strings.Contains(said, "retention.notificationMonths is shorter now: notifications from before the last 6 months are deleted from ") {
			return errorf("it says %q", said)
		}
		return nil
	})
	losesPartition(t, rows) // which says that an upkeep was made
	if left := texts(t, rows, states); len(left) != 2 {
		t.Errorf("before a shorter retention takes effect there are %v", left)
	}
	if _, err := rows.Exec(t.Context(), "UPDATE installation SET next_notification_seen_at = next_notification_seen_at - interval '24 hours'"); err != nil {
		t.Fatal(err)
	}
	kube.Eventually(t, "retention deletes what has ended", func() error {
		if left := texts(t, rows, states); !slices.Equal(left, []string{"Planned"}) {
			return errorf("there are %v", left)
		}
		return nil
	})
	w.expectEvents(tenant, "NotificationsDeleted")
	if ids := texts(t, rows, callIDs); len(ids) != 2 {
		t.Errorf("of the calls there are %v", ids)
	}
	w.expect(tenant, "Ready=True")
}
