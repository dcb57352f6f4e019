package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// TestDeletedContactsWaitInOrder: who deletes a contact locks its messages in the order in
// which workers finish them, so neither waits for what the other has.
func TestDeletedContactsWaitInOrder(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.live(t)
	tn.accounts(t, "A")
	tn.contacts(t, person("c-A", "A"))
	list := make([]store.NewNotification, 50)
	for i := range list {
		list[i] = mail("A", fmt.Sprint("e-", i), "kim@example.com")
	}
	tn.plan(t, now, list...)
	worker, err := tn.root.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is over
	for _, sql := range []string{
		`SET LOCAL lock_timeout TO '10s'`,
		`SELECT FROM notification WHERE id = (SELECT min(id::text)::uuid FROM notification WHERE account_id = 'A') FOR UPDATE`,
	} {
		if _, err := worker.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	deleted := make(chan error, 1)
	go func() {
		deleted <- tn.Backoffice.Write(context.WithoutCancel(t.Context()), store.Origin{Actor: "test", Now: now}, func(ctx context.Context, w *store.Writer) error {
			_, err := w.DeleteContact(ctx, "c-A", 0)
			return err
		})
	}()
	waits := func() (waits bool) {
		if err := worker.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		return waits
	}
	for deadline := time.Now().Add(time.Minute); !waits(); {
		if time.Now().After(deadline) {
			t.Fatal("who deletes the contact waits for nothing")
		}
	}
	if _, err := worker.Exec(t.Context(), `SELECT FROM notification WHERE account_id = 'A' ORDER BY id FOR UPDATE`); err != nil {
		t.Errorf("a worker with all of them: %v", err)
	}
	if err := worker.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-deleted; err != nil {
		t.Error(err)
	}
}
