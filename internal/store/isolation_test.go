package store_test

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// rowsOf is everything that belongs to account B and its people.
const rowsOf = `
SELECT to_jsonb(x)::text FROM account x WHERE id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM contact x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM app_user x WHERE username LIKE 'b-%'
UNION ALL SELECT to_jsonb(x)::text FROM session x WHERE contact_id LIKE 'b-%'
UNION ALL SELECT to_jsonb(x)::text FROM invoice x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM invoice_line x WHERE invoice_id LIKE 'b-%'
UNION ALL SELECT to_jsonb(x)::text FROM attachment x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM payment x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM service x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM customer_order x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM service_request x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM ticket x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM ticket_message x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM note x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM phone_number x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM campaign x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM call x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM call_day x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM notification x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM notification_lease x WHERE id IN (SELECT id FROM notification WHERE account_id = 'B')
UNION ALL SELECT to_jsonb(x)::text FROM notification_attempt x WHERE notification_id IN (SELECT id FROM notification WHERE account_id = 'B')
UNION ALL SELECT to_jsonb(x)::text FROM occurrence x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM banner x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM audit x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM device x WHERE secret_hash = 'b-device'
UNION ALL SELECT to_jsonb(x)::text FROM credential_link x WHERE account_id = 'B'
UNION ALL SELECT to_jsonb(x)::text FROM ceremony x WHERE link_id IN (SELECT id FROM credential_link WHERE account_id = 'B')
UNION ALL SELECT to_jsonb(x)::text FROM passkey x WHERE id LIKE 'b-%'
UNION ALL SELECT to_jsonb(x)::text FROM totp x WHERE sealed LIKE 'b-%'
UNION ALL SELECT to_jsonb(x)::text FROM throttle x WHERE key LIKE '%b-%'`

// TestAccountsCannotReachEachOther runs every method of the store for account A, with
// ids of account B wherever one fits: nothing of B is returned and nothing of B
// changes. A new method has to be added here.
func TestAccountsCannotReachEachOther(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	sessions := tn.twoAccounts(t)
	attempts := attemptsOfA(t, tn, sessions["A"])
	maps.Copy(attempts, billingAttempts(t, tn))
	maps.Copy(attempts, peopleAttempts(t, tn))
	maps.Copy(attempts, callAttempts(t, tn))
	maps.Copy(attempts, factorAttempts(t, tn))
	maps.Copy(attempts, reachAttempts(t, tn))
	maps.Copy(attempts, credentialAttempts(t, tn))
	maps.Copy(attempts, ledgerAttempts(t, tn))
	maps.Copy(attempts, planAttempts(t, tn))
	methods := reflect.TypeFor[*store.Store]()
	for i := range methods.NumMethod() {
		if attempts[methods.Method(i).Name] == nil {
			t.Errorf("no attempt with method %s", methods.Method(i).Name)
		}
	}
	before := tn.column(t, rowsOf)
	if len(before) < 10 {
		t.Fatalf("B has only %d rows", len(before))
	}
	for name, attempt := range attempts {
		attempt(t)
		if diff := cmp.Diff(before, tn.column(t, rowsOf)); diff != "" {
			t.Fatalf("%s changed rows of B:\n%s", name, diff)
		}
	}
	if _, err := tn.Portal.Session(t.Context(), sessions["B"], now, idle); err != nil {
		t.Errorf("B's session: %v", err)
	}
}

// twoAccounts makes accounts A and B with people, invoices, sessions and activity.
func (tn tenant) twoAccounts(t *testing.T) map[string][]byte {
	t.Helper()
	tn.accounts(t, "A", "B")
	sessions := map[string][]byte{}
	for account, prefix := range map[string]string{"A": "a-", "B": "b-"} {
		first := person(prefix+"owner", account)
		first.Owner, first.FirstName = true, prefix+"first"
		tn.contacts(t, first, person(prefix+"second", account))
		tn.remember(t, prefix+"owner", prefix+"device", now)
		sessions[account] = tn.signIn(t, prefix+"owner", account)
		tn.signIn(t, prefix+"second", account)
		tn.putInvoices(t, invoice(prefix+"1", account, day(time.May, 1)), invoice(prefix+"2", account, day(time.May, 2)))
		if err := tn.Portal.RecordFailure(t.Context(), []string{"user:" + prefix + "owner"}, now, store.DefaultThrottlePolicy()); err != nil {
			t.Fatal(err)
		}
	}
	return sessions
}

func attemptsOfA(t *testing.T, tn tenant, session []byte) map[string]func(*testing.T) {
	t.Helper()
	users := map[string]string{}
	for _, name := range []string{"a-owner", "b-owner"} {
		users[name] = tn.userID(t, name)
	}
	fine := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	refused := func(t *testing.T, results []store.Result, err error) {
		t.Helper()
		fine(t, err)
		for i, r := range results {
			if r.Outcome != store.Refused {
				t.Errorf("item %d is %s", i, r.Outcome)
			}
		}
	}
	return map[string]func(*testing.T){
		"SignInUser": func(t *testing.T) {
			user, err := tn.Portal.SignInUser(t.Context(), "a-owner")
			fine(t, err)
			if diff := cmp.Diff([]store.SignInContact{{ContactID: "a-owner", AccountID: "A", Name: "a-first Last"}}, user.Contacts); diff != "" {
				t.Error(diff)
			}
		},
		"StartSession": func(t *testing.T) {
			for _, n := range []store.NewSession{
				{UserID: users["a-owner"], ContactID: "b-owner", AccountID: "B"},
				{UserID: users["a-owner"], ContactID: "b-owner", AccountID: "A"},
				{UserID: users["a-owner"], ContactID: "a-owner", AccountID: "B"},
				{UserID: users["b-owner"], ContactID: "a-owner", AccountID: "A"},
			} {
				n.SecretHash, n.Now, n.ExpiresAt = []byte("mixed"), now, now.Add(time.Hour)
				if err := tn.Portal.StartSession(t.Context(), n); err == nil {
					t.Errorf("a session for %s of %s", n.ContactID, n.AccountID)
				}
			}
			tn.remember(t, "a-owner", "b-device", now.Add(time.Hour))
		},
		"Session": func(t *testing.T) {
			view, err := tn.Portal.Session(t.Context(), session, now, idle)
			fine(t, err)
			if view.Account.ID != "A" || view.ContactID != "a-owner" || view.UserID != users["a-owner"] {
				t.Errorf("got %+v", view)
			}
		},
		"TouchSession": func(t *testing.T) { fine(t, tn.Portal.TouchSession(t.Context(), session, now.Add(time.Minute))) },
		"EndSession": func(t *testing.T) {
			own := tn.signIn(t, "a-owner", "A")
			fine(t, tn.Portal.EndSession(t.Context(), own, store.SignOut{Now: now}))
		},
		"Rehash": func(t *testing.T) {
			_, err := tn.Portal.Rehash(t.Context(), users["a-owner"], hash, "$argon2id$a")
			fine(t, err)
		},
		"InvoicesOf": func(t *testing.T) {
			for _, filter := range []store.InvoiceFilter{
				{}, {After: store.Newest{At: day(time.May, 3), ID: "b-1"}}, {State: store.OpenInvoices, From: day(time.May, 1)}, {State: store.OverdueInvoices, Number: "n-"},
			} {
				filter.Today, filter.Limit = now, 100
				page, err := tn.Portal.InvoicesOf(t.Context(), "A", filter)
				fine(t, err)
				if len(page.Invoices) != 2 || page.Invoices[0].ID != "a-2" || page.Invoices[1].ID != "a-1" || page.OpenInvoices != 2 || page.Balance[0].Amount != "200" {
					t.Errorf("got %+v", page)
				}
			}
		},
		"Activity": func(t *testing.T) {
			for _, before := range []int64{0, 1 << 40} {
				page, err := tn.Portal.Activity(t.Context(), "A", before, 100)
				fine(t, err)
				for _, entry := range page.Entries {
					if entry.Actor == "b-owner" || entry.Actor == "b-second" {
						t.Errorf("got %+v", entry)
					}
				}
			}
		},
		"OwnerName": func(t *testing.T) {
			name, err := tn.Portal.OwnerName(t.Context(), "A")
			fine(t, err)
			if strings.Contains(name, "b-") {
				t.Errorf("got %q", name)
			}
		},
		"WriteWhole": func(t *testing.T) {
			err := tn.Backoffice.WriteWhole(t.Context(), store.Origin{Now: now}, func(ctx context.Context, w *store.Whole) error {
				return w.Batch(ctx, func(ctx context.Context, w *store.Writer) error {
					_, err := w.PutAccounts(ctx, []store.Item[store.Account]{{ID: "A", Decide: func(old *store.Account) (store.Account, *store.Refusal) { return *old, nil }}})
					return err
				})
			})
			if err != nil {
				t.Error(err)
			}
		},
		"Audit": func(t *testing.T) {
			fine(t, tn.Portal.Audit(t.Context(), store.AuditEntry{AccountID: "A", Action: "x", Detail: map[string]string{"account_id": "B"}, At: now}))
		},
		"Blocked": func(t *testing.T) {
			_, err := tn.Portal.Blocked(t.Context(), []string{"user:a-owner", "user:%"}, now)
			fine(t, err)
		},
		"Admission": func(t *testing.T) {
			admission, err := tn.Portal.Admission(t.Context(), store.Knock{Login: "a-owner", Device: []byte("b-device"), Now: now})
			fine(t, err)
			if admission.KnownDevice {
				t.Error("B's device is known for A")
			}
		},
		"RecordFailure": func(t *testing.T) {
			fine(t, tn.Portal.RecordFailure(t.Context(), []string{"user:a-owner", "user:%"}, now, store.DefaultThrottlePolicy()))
		},
		"Attempt": func(t *testing.T) {
			_, err := tn.Portal.Attempt(t.Context(), "user:a-owner", now, store.DefaultThrottlePolicy())
			fine(t, err)
		},
		"TakeBack": func(t *testing.T) {
			fine(t, tn.Portal.TakeBack(t.Context(), "user:a-owner", now, store.DefaultThrottlePolicy()))
		},
		"ClearFailures": func(t *testing.T) { fine(t, tn.Portal.ClearFailures(t.Context(), []string{"user:a-owner", "user:%"})) },
		"Acknowledge": func(t *testing.T) {
			fine(t, tn.Portal.Acknowledge(t.Context(), store.Replica{Pod: "b-1", Component: "portal", Digest: "x"}))
		},
		"SchemaVersion": func(t *testing.T) {
			version, err := tn.Portal.SchemaVersion(t.Context())
			fine(t, err)
			if version != store.RequiredSchemaVersion {
				t.Errorf("got version %d", version)
			}
		},
		"UseToken": func(t *testing.T) {
			if _, err := tn.Backoffice.UseToken(t.Context(), session, now); err == nil {
				t.Error("a session is no token")
			}
		},
		"AccountsByID": func(t *testing.T) {
			views, err := tn.Backoffice.AccountsByID(t.Context(), []string{"A", "%"})
			fine(t, err)
			if len(views) != 1 || views["A"].ID != "A" {
				t.Errorf("got %v", views)
			}
		},
		"Account": func(t *testing.T) {
			got, err := tn.Backoffice.Account(t.Context(), "A")
			fine(t, err)
			if got.ID != "A" || got.AccountID != "A" {
				t.Errorf("got %+v", got)
			}
		},
		"Accounts": func(t *testing.T) {
			for _, filter := range []store.AccountFilter{{IDs: []string{"A", "%"}}, {AccountProfile: "a-profile"}, {MyAccountProfile: "a-profile"}, {Group: "a-group"}} {
				found, _, err := tn.Backoffice.Accounts(t.Context(), filter, store.List{Limit: 10})
				fine(t, err)
				if len(found) > 1 || len(found) == 1 && found[0].ID != "A" {
					t.Errorf("%+v: got %+v", filter, found)
				}
			}
		},
		"PutAccounts": func(t *testing.T) {
			wantResults(t, tn.putAccounts(t, account("A", func(a *store.Account) { a.Name, a.AccountProfile = "Changed", "a-profile" })), nil, store.Updated)
		},
		"Group": func(t *testing.T) {
			tn.putGroups(t, "B", "a-group")
			got, err := tn.Backoffice.Group(t.Context(), "B")
			fine(t, err)
			if got.AccountID != "" {
				t.Errorf("a group belongs to an account: %+v", got)
			}
		},
		"Groups": func(t *testing.T) {
			_, _, err := tn.Backoffice.Groups(t.Context(), store.List{Limit: 10}) // they belong to no account
			fine(t, err)
		},
		"AttributeUse": func(t *testing.T) {
			_, err := tn.Backoffice.AttributeUse(t.Context()) // counts of all accounts, with nothing of one
			fine(t, err)
		},
		"UpsertContacts": func(t *testing.T) {
			taken := as(contact("a-new", "A"), "b-owner", "a-owner@example.com")
			moved := person("a-owner", "B")
			renamed := as(contact("a-second", "A"), "b-second", "a-second@example.com")
			results, err := tn.putContacts(t.Context(), []store.Contact{contact("b-owner", "A"), contact("b-second", "A"), taken, moved, renamed})
			refused(t, results, err)
		},
		"Tokens": func(t *testing.T) {
			_, err := tn.Backoffice.Tokens(t.Context()) // they belong to no account
			fine(t, err)
		},
		"Changes": func(t *testing.T) {
			page, err := tn.Backoffice.Changes(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 10, Kinds: []string{"%"}})
			fine(t, err)
			if len(page.Entries) > 0 {
				t.Errorf("got %+v", page)
			}
		},
		"Events": func(t *testing.T) {
			page, err := tn.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 1000, AccountID: "A"})
			fine(t, err)
			for _, e := range page.Entries {
				if e.AccountID != "A" {
					t.Errorf("got %+v", e)
				}
			}
		},
	}
}
