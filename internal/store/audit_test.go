package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/internal/store"
)

func TestActivityPages(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for i := range 12 {
		for _, account := range []string{"1001", "1002", ""} {
			err := tn.Portal.Audit(t.Context(), store.AuditEntry{AccountID: account, Actor: "Dana", Action: fmt.Sprintf("%s-%d", account, i), At: now})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var want []string
	for i := range 12 {
		want = append(want, fmt.Sprintf("1001-%d", 11-i))
	}
	for _, limit := range []int{1, 5, 6, 11, 12, 13} {
		var got []string
		for before := int64(0); ; {
			page, err := tn.Portal.Activity(t.Context(), "1001", before, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Entries {
				got = append(got, a.Action)
			}
			if before = page.Next; before == 0 {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	user := "7b0d3f3e-9f5a-4a0b-8d57-0c9f3f0f5a11"
	entries := []store.AuditEntry{
		{AccountID: "1001", UserID: user, Actor: "Dana \xff", Action: "denied", Detail: map[string]string{"feature": "View\x00Invoices"}, IP: "2001:db8::1", At: now},
		{AccountID: "1001", Actor: "cli", Action: "imported", At: now.Add(time.Second)},
		{AccountID: "1001", Actor: "cli", Action: "note.created", At: now}, // not for customers
	}
	if err := tn.Portal.Audit(t.Context(), entries[0]); err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries[1:] {
		if err := tn.Backoffice.Audit(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
	}
	page, err := tn.Portal.Activity(t.Context(), "1001", 0, 10)
	want := store.ActivityPage{Entries: []store.Activity{
		{At: now.Add(time.Second), Actor: "cli", Action: "imported", Detail: map[string]string{}},
		{At: now, Actor: "Dana ", Action: "denied", IP: "2001:db8::1", Detail: map[string]string{"feature": "ViewInvoices"}, ByUser: true},
	}}
	if diff := cmp.Diff(want, page, cmpopts.EquateApproxTime(0)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{user}, tn.column(t, "SELECT user_id::text FROM audit WHERE user_id IS NOT NULL")); diff != "" {
		t.Error(diff)
	}
}
