package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// account is an item that writes an account, whatever was there.
func account(id string, change func(*store.Account)) store.Item[store.Account] {
	return store.Item[store.Account]{ID: id, Decide: func(old *store.Account) (store.Account, *store.Refusal) {
		a := store.Account{Name: "Customer " + id, Status: settings.Active, StartsOn: day(time.November, 1)}
		if old != nil {
			a = *old
		}
		change(&a)
		return a, nil
	}}
}

func group(id string) store.Item[store.Group] {
	return store.Item[store.Group]{ID: id, Decide: func(*store.Group) (store.Group, *store.Refusal) {
		return store.Group{DisplayName: strings.ToUpper(id)}, nil
	}}
}

func (tn tenant) putAccounts(t *testing.T, items ...store.Item[store.Account]) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutAccounts(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func (tn tenant) putGroups(t *testing.T, ids ...string) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		var items []store.Item[store.Group]
		for _, id := range ids {
			items = append(items, group(id))
		}
		written, err := w.PutGroups(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func resultsOf[R any](written []store.Written[R]) []store.Result {
	var results []store.Result
	for _, w := range written {
		results = append(results, w.Result)
	}
	return results
}

func TestPutAccounts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	wantResults(t, tn.putGroups(t, "gold", "silver"), nil, "Created", "Created")
	everything := func(a *store.Account) {
		a.Status, a.StatusReason, a.AccountProfile, a.MyAccountProfile = settings.Suspended, "Overdue.", "business", "full"
		a.Groups = []string{"silver", "gold", "silver"}
		a.Attributes = settings.Attributes{TradingTermsDays: ptr(int32(0)), Locale: "en-AU", Custom: []settings.Custom{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}}
	}
	same := func(*store.Account) {}
	wantResults(t, tn.putAccounts(t, account("1", everything), account("2", same)), nil, "Created", "Created")
	wantResults(t, tn.putAccounts(t, account("1", everything), account("2", same)), nil, "Unchanged", "Unchanged")
	reordered := func(a *store.Account) { slices.Reverse(a.Attributes.Custom) }
	wantResults(t, tn.putAccounts(t, account("1", reordered)), nil, "Unchanged")
	wantResults(t, tn.putAccounts(t,
		account("1", func(a *store.Account) { a.Groups = []string{"gold", "bronze"} }),
		account("2", func(a *store.Account) { a.Groups = []string{"gold"} }),
		account("3", func(a *store.Account) { a.Groups = []string{"a\x00"} }),
	), nil, `Refused groups[1]: there is no customer group "bronze"`, "Updated", `Refused groups[0]: there is no customer group "a\x00"`)

	got, err := tn.Backoffice.Account(t.Context(), "1")
	want := store.Account{Row: store.Row{ID: "1", AccountID: "1", Version: 1, CreatedAt: now, UpdatedAt: now}, Name: "Customer 1", StartsOn: day(time.November, 1)}
	everything(&want)
	want.Groups = []string{"gold", "silver"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, id := range []string{"9", "x\x00"} {
		if got, err := tn.Backoffice.Account(t.Context(), id); err == nil {
			t.Errorf("account %q: %+v", id, got)
		}
	}
	cleared := func(a *store.Account) {
		*a = store.Account{Row: a.Row, Name: a.Name, Status: a.Status, StartsOn: a.StartsOn}
	}
	wantResults(t, tn.putAccounts(t, account("1", cleared)), nil, "Updated")
	if diff := cmp.Diff([]string{"1||||{}|{}|2", "2||||{gold}|{}|2"}, tn.column(t,
		"SELECT concat_ws('|', id, status_reason, coalesce(account_profile, ''), coalesce(my_account_profile, ''), groups, attributes, version) FROM account ORDER BY id")); diff != "" {
		t.Errorf("what is stored:\n%s", diff)
	}
	changes := []string{"group gold  1", "group silver  1", "account 1 1 1", "account 2 2 1", "account 2 2 2", "account 1 1 2"}
	if diff := cmp.Diff(changes, tn.column(t, "SELECT concat_ws(' ', kind, id, account_id, version) FROM change ORDER BY position")); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
}

// payloads returns the events of a type as their templates get them: with the objects
// that every event has.
func (tn tenant) payloads(t *testing.T, eventType string) (texts []string) {
	t.Helper()
	declared, ok := catalog.BuiltIn().Lookup(eventType)
	if !ok {
		t.Fatalf("there is no event type %s", eventType)
	}
	texts = tn.column(t, "SELECT (data - $2)::text FROM event WHERE type = $1 ORDER BY position", eventType, store.PreviousEmail)
	for _, text := range texts {
		var payload, data map[string]any
		if err := errors.Join(json.Unmarshal(declared.Sample, &payload), json.Unmarshal([]byte(text), &data)); err != nil {
			t.Fatal(err)
		}
		maps.Copy(payload, withAddresses(data))
		if problems := declared.CheckPayload(payload); len(problems) > 0 {
			t.Errorf("%s %s: %v", eventType, text, problems)
		}
	}
	return texts
}

func TestEventsOfAccounts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.putAccounts(t, account("1", func(a *store.Account) { a.Attributes.Locale = "en" }))
	tn.putAccounts(t, account("1", func(a *store.Account) { a.Name = "Renamed" }))
	tn.putAccounts(t, account("1", func(a *store.Account) { a.Status, a.StatusReason = settings.Suspended, "Overdue." }))
	tn.putAccounts(t, account("1", func(a *store.Account) { a.Status, a.StatusReason = settings.Active, "" }))
	tn.putAccounts(t, account("1", func(a *store.Account) {
		a.AccountProfile, a.Treated = "business", store.Treatment{Before: "residential", After: "business"}
	}))
	tn.putAccounts(t, account("1", func(a *store.Account) {
		a.Attributes = settings.Attributes{LateFee: settings.LateFee{Amount: "5"}, Custom: []settings.Custom{{Name: "tier", Value: "1"}}}
	}))
	for eventType, want := range map[string][]string{
		"account.created": {`{"opening": {"startsOn": "2026-11-01"}}`},
		"account.statusChanged": {`{"change": {"reason": "Overdue.", "newStatus": "Suspended", "oldStatus": "Active"}}`,
			`{"change": {"newStatus": "Active", "oldStatus": "Suspended"}}`},
		"account.profileChanged": {`{"change": {"newProfile": "business", "oldProfile": "residential"}}`},
		"settings.changed": {`{"settings": {"kind": "Account", "name": "1", "changes": [{"key": "custom.tier", "newValue": "1"}, ` +
			`{"key": "lateFee.amount", "newValue": "5"}, {"key": "locale", "oldValue": "en"}]}}`},
	} {
		if diff := cmp.Diff(want, tn.payloads(t, eventType)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", eventType, diff)
		}
	}
	err := tn.Backoffice.Write(t.Context(), store.Origin{Quiet: true, Now: now}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutAccounts(ctx, []store.Item[store.Account]{account("2", func(*store.Account) {}), account("1", func(a *store.Account) { a.Status = settings.Closed })})
		return err
	})
	if got := tn.column(t, "SELECT type FROM event"); err != nil || len(got) != 5 {
		t.Errorf("a quiet write: %v, events %v", err, got)
	}
}

func TestDeleteGroup(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.putGroups(t, "gold", "silver")
	inGold := func(a *store.Account) { a.Groups = []string{"gold"} }
	tn.putAccounts(t, account("1", inGold), account("2", inGold))
	remove := func(id string, version int64) (result store.Result, err error) {
		err = tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
			result, err = w.DeleteGroup(ctx, id, version)
			return err
		})
		return result, err
	}
	for _, step := range []struct {
		id      string
		version int64
		want    string
	}{
		{"gold", 0, `{Refused  group "gold" cannot be deleted: 2 accounts have it} <nil>`},
		{"silver", 7, "{Conflict  is at version 1, not 7} <nil>"},
		{"silver", 1, "{Deleted  } <nil>"},
		{"silver", 0, "{  } store: write: delete group: not found"},
	} {
		result, err := remove(step.id, step.version)
		if got := fmt.Sprint(result, err); got != step.want {
			t.Errorf("delete %s at %d: %s", step.id, step.version, got)
		}
	}
	tn.putAccounts(t, account("1", func(a *store.Account) { a.Groups = nil }), account("2", func(a *store.Account) { a.Groups = nil }))
	if result, err := remove("gold", 0); err != nil || result.Outcome != store.Deleted {
		t.Errorf("a group that nobody has any more: %v, %v", result, err)
	}
	if diff := cmp.Diff([]string{"silver Delete 2", "gold Delete 2"}, tn.column(t,
		"SELECT concat_ws(' ', id, operation, version) FROM change WHERE operation = 'Delete' ORDER BY position")); diff != "" {
		t.Error(diff)
	}
}

// A group that is being given to an account when it is to be deleted waits for that, and
// stays.
func TestDeleteGroupWaitsForWhoGivesIt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.putGroups(t, "gold")
	given, commit, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) error {
			_, err := w.PutAccounts(ctx, []store.Item[store.Account]{account("1", func(a *store.Account) { a.Groups = []string{"gold"} })})
			close(given)
			<-commit
			return err
		})
	}()
	<-given
	var result store.Result
	deleted := make(chan error, 1)
	go func() {
		deleted <- tn.Backoffice.Write(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Writer) (err error) {
			result, err = w.DeleteGroup(ctx, "gold", 0)
			return err
		})
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for len(tn.column(t, "SELECT 'waits' FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")) == 0 {
		select {
		case err := <-deleted:
			t.Fatalf("it did not wait: %v, %v", result, err)
		case <-tick.C:
		}
	}
	close(commit)
	if err := errors.Join(<-done, <-deleted); err != nil || result.Outcome != store.Refused {
		t.Errorf("%v: the group that account 1 has is %s", err, result.Outcome)
	}
}
