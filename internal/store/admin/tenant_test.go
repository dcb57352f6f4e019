package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// TestUsageCountsAccounts is a property: after any changes of accounts, by any number
// of statements, the counts equal what counting the accounts gives, folded or not.
func TestUsageCountsAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, server *postgres.Server) {
		t.Parallel()
		tenant := storetest.New(t, server)
		owner := connect(t, superuser(t, server, tenant.PortalURI))
		if _, err := owner.Exec(t.Context(), "SET search_path TO "+tenant.Schema); err != nil {
			t.Fatal(err)
		}
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
		for step := range 150 {
			sql := randomChange(random)
			if _, err := owner.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			if random.IntN(10) == 0 {
				if err := tenant.Admin.Fold(t.Context()); err != nil {
					t.Fatal(err)
				}
				crowded := query(t, owner, `SELECT 'x' FROM account_bucket GROUP BY account_profile, my_account_profile, groups HAVING count(*) > 1 OR sum(accounts) = 0`)
				crowded = append(crowded, query(t, owner, `SELECT 'x' FROM attribute_use GROUP BY account_profile, attribute HAVING count(*) > 1 OR sum(accounts) = 0`)...)
				if len(crowded) > 0 {
					t.Errorf("seed %d, step %d: %d counts are not folded", seed, step, len(crowded))
				}
			}
			usage, err := tenant.Admin.Usage(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			want := query(t, owner, `
SELECT concat(account_profile, '|', my_account_profile, '|', array_to_string(groups, ','), '=', count(*)) FROM account GROUP BY account_profile, my_account_profile, groups`)
			if diff := cmp.Diff(want, bucketTexts(usage.Buckets), cmpopts.SortSlices(strings.Compare), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("seed %d, step %d, after %s (-accounts +buckets):\n%s", seed, step, sql, diff)
			}
			if diff := cmp.Diff(recountedUse(t, owner), attributeUse(t, tenant)); diff != "" {
				t.Fatalf("seed %d, step %d, after %s, attributes (-accounts +counted):\n%s", seed, step, sql, diff)
			}
		}
	})
}

// recountedUse counts what accounts set themselves by reading them all, with the keys
// that the registry gives their attributes.
func recountedUse(t *testing.T, owner *pgx.Conn) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, text := range query(t, owner, `SELECT json_build_object('p', coalesce(account_profile, ''), 'a', attributes)::text FROM account`) {
		var account struct {
			P string
			A settings.Attributes
		}
		if err := json.Unmarshal([]byte(text), &account); err != nil {
			t.Fatal(err)
		}
		counts[account.P+"|"]++
		for _, key := range account.A.Keys() {
			counts[account.P+"|"+key]++
		}
	}
	return counts
}

func attributeUse(t *testing.T, tenant *storetest.Tenant) map[string]int64 {
	t.Helper()
	uses, err := tenant.Backoffice.AttributeUse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, use := range uses {
		counts[use.AccountProfile+"|"+use.Attribute] = use.Accounts
	}
	return counts
}

func bucketTexts(buckets []config.Bucket) []string {
	var list []string
	for _, b := range buckets {
		list = append(list, fmt.Sprintf("%s|%s|%s=%d", b.AccountProfile, b.MyAccountProfile, strings.Join(b.Groups, ","), b.Accounts))
	}
	return list
}

// randomChange inserts, upserts, changes or deletes some accounts.
func randomChange(random *rand.Rand) string {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	profile := pick("NULL", "'business'", "'residential'")
	pin := pick("NULL", "'full'")
	groups := pick("'{}'", "'{gold}'", "'{gold,silver}'")
	attributes := pick("{}", `{"locale": "de"}`, `{"quietHours": {"start": "22:00", "end": "07:00"}, "consent": {"sms": "Granted"}}`, `{"tradingTermsDays": 0, "lateFee": {"amount": "5", "daysAfterDue": 0}}`,
		`{"lateFee": {"type": "Flat"}, "custom": [{"name": "tier", "value": "1"}, {"name": "a-b", "value": "2"}]}`, `{"custom": [{"name": "tier", "value": "2"}]}`)
	some := fmt.Sprintf("id::int %% %d = %d", 1+random.IntN(7), random.IntN(7))
	from, to := random.IntN(200), random.IntN(200)
	insert := fmt.Sprintf(`INSERT INTO account (id, name, status, account_profile, my_account_profile, groups, attributes)
SELECT n, 'Customer', 'Active', %s, %s, %s, '%s' FROM generate_series(%d, %d) n `, profile, pin, groups, attributes, from, to)
	switch random.IntN(8) {
	case 0:
		return insert + "ON CONFLICT DO NOTHING"
	case 1:
		return insert + "ON CONFLICT (id) DO UPDATE SET account_profile = excluded.account_profile, groups = excluded.groups, attributes = excluded.attributes"
	case 2:
		return fmt.Sprintf("UPDATE account SET account_profile = %s, groups = %s WHERE %s", profile, groups, some)
	case 3:
		return "UPDATE account SET name = name || '.', my_account_profile = " + pin + " WHERE " + some
	case 4:
		return "DELETE FROM account WHERE " + some
	case 5:
		return fmt.Sprintf("UPDATE account SET attributes = '%s' WHERE %s", attributes, some)
	case 6: // key by key
		return fmt.Sprintf("UPDATE account SET attributes = attributes || '%s', account_profile = %s WHERE %s", attributes, profile, some)
	default: // two kinds of change in one statement
		return fmt.Sprintf("WITH gone AS (DELETE FROM account WHERE id::int %% 11 = %d) UPDATE account SET groups = %s WHERE id::int %% 11 <> %d AND %s",
			random.IntN(11), groups, random.IntN(11), some)
	}
}

func TestUsageLooksCustomersUp(t *testing.T) {
	tenant := storetest.New(t, newest)
	storetest.Accounts(t, tenant.Backoffice,
		store.Account{Row: store.Row{ID: "1"}, Name: "One", Status: "Active", MyAccountProfile: "full"},
		store.Account{Row: store.Row{ID: "2"}, Name: "Two", Status: "Active"})
	usage, err := tenant.Admin.Usage(t.Context(), []string{"1", "3"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Usage{
		Accounts: 2,
		Buckets: []config.Bucket{
			{Groups: []string{}, Accounts: 1},
			{MyAccountProfile: "full", Groups: []string{}, Accounts: 1},
		},
		Customers: map[string]config.Bucket{"1": {MyAccountProfile: "full", Groups: []string{}, Accounts: 1}},
	}
	if diff := cmp.Diff(want, usage); diff != "" {
		t.Error(diff)
	}
}

func TestReplicas(t *testing.T) {
	tenant := storetest.New(t, newest)
	all := []store.Replica{
		{Pod: "acme-backoffice-1", Component: "backoffice", Digest: "sha256:1", Login: tenant.Schema + "_backoffice"},
		{Pod: "acme-portal-1", Component: "portal", Digest: "sha256:1", Error: "format 2"},
		{Pod: "acme-portal-2", Component: "portal", Digest: "sha256:2"},
	}
	acknowledge := func(s *store.Store, r store.Replica) {
		if err := s.Acknowledge(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	acknowledge(tenant.Backoffice, all[0])
	acknowledge(tenant.Portal, store.Replica{Pod: "acme-portal-1", Component: "portal", Digest: "sha256:0"})
	acknowledge(tenant.Portal, all[1])
	acknowledge(tenant.Portal, all[2])
	check := func(want []store.Replica) {
		t.Helper()
		got, err := tenant.Admin.Replicas(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Replica{}, "Age"), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		for _, r := range got {
			if r.Age < 0 || r.Age > time.Minute {
				t.Errorf("%s said so %s ago", r.Pod, r.Age)
			}
		}
	}
	check(all)
	for _, keep := range [][]string{{"acme-portal-2", "acme-backoffice-1", "unknown"}, {}, nil} {
		if err := tenant.Admin.ForgetReplicas(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
		check(slices.DeleteFunc(slices.Clone(all), func(r store.Replica) bool { return !slices.Contains(keep, r.Pod) }))
	}
}

// latestDocument takes the first that is handed over.
func latestDocument(t *testing.T, tenant *storetest.Tenant, kind string) (text string, err error) {
	t.Helper()
	err = tenant.Admin.LatestDocument(t.Context(), kind, func(_, latest string) bool {
		text = latest
		return true
	})
	return text, err
}

// TestOlderDocumentsAreOffered: when the latest cannot be read, and until one is taken.
func TestOlderDocumentsAreOffered(t *testing.T) {
	tenant := storetest.New(t, newest)
	for _, text := range []string{"first", "second", "third"} {
		if err := tenant.Admin.SaveDocument(t.Context(), "routing", "sha256:"+text, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.Admin.SaveDocument(t.Context(), "settings", "sha256:other", "other"); err != nil {
		t.Fatal(err)
	}
	for taken, want := range map[string][]string{
		"third": {"third"}, "second": {"third", "second"}, "none": {"third", "second", "first"},
	} {
		var offered []string
		err := tenant.Admin.LatestDocument(t.Context(), "routing", func(digest, text string) bool {
			if digest != "sha256:"+text {
				t.Errorf("%q comes with the digest %s", text, digest)
			}
			offered = append(offered, text)
			return text == taken
		})
		if none := errors.Is(err, store.ErrNotFound); none != (taken == "none") || err != nil && !none {
			t.Errorf("until %s is taken: %v", taken, err)
		}
		if diff := cmp.Diff(want, offered); diff != "" {
			t.Errorf("until %s is taken, there were offered (-want +got):\n%s", taken, diff)
		}
	}
	// What was damaged is whole again when it goes live again.
	if err := tenant.Admin.SaveDocument(t.Context(), "routing", "sha256:third", "mended"); err != nil {
		t.Fatal(err)
	}
	if text, err := latestDocument(t, tenant, "routing"); err != nil || text != "mended" {
		t.Errorf("the latest is %q, %v", text, err)
	}
}

// TestCopyThatDidNotGoLive: what is live becomes the latest again, unless something else was
// saved since.
func TestCopyThatDidNotGoLive(t *testing.T) {
	tenant := storetest.New(t, newest)
	for _, text := range []string{"live", "late"} {
		if err := tenant.Admin.SaveDocument(t.Context(), "routing", "sha256:"+text, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ notLive, latest string }{{"earlier", "late"}, {"late", "live"}, {"late", "live"}} {
		if err := tenant.Admin.LatestAgain(t.Context(), "routing", "sha256:live", "sha256:"+step.notLive); err != nil {
			t.Fatal(err)
		}
		if text, err := latestDocument(t, tenant, "routing"); err != nil || text != step.latest {
			t.Errorf("after %q did not go live, the latest is %q, %v; want %q", step.notLive, text, err, step.latest)
		}
	}
}

func TestDocuments(t *testing.T) {
	tenant := storetest.New(t, newest)
	latest := func() string {
		t.Helper()
		body, err := latestDocument(t, tenant, "settings")
		if errors.Is(err, store.ErrNotFound) {
			return "none"
		}
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	if got := latest(); got != "none" {
		t.Errorf("at first: got %q", got)
	}
	for _, body := range []string{"{\n  \"a\": 1\n}\n", "b", "b", "{\n  \"a\": 1\n}\n", "c"} {
		if err := tenant.Admin.SaveDocument(t.Context(), "settings", "sha256:"+body[:1], body); err != nil {
			t.Fatal(err)
		}
		if got := latest(); got != body {
			t.Errorf("got %q, want %q", got, body)
		}
	}
	if err := tenant.Admin.SaveDocument(t.Context(), "routing", "sha256:r", "r"); err != nil {
		t.Fatal(err)
	}
	if got := latest(); got != "c" {
		t.Errorf("another kind changed the latest: got %q", got)
	}
}

// TestDocumentsAreBounded: the oldest go, per kind; one that goes live again is new again.
func TestDocumentsAreBounded(t *testing.T) {
	tenant := storetest.New(t, newest)
	save := func(kind, text string) {
		t.Helper()
		if err := tenant.Admin.SaveDocument(t.Context(), kind, "sha256:"+text, text); err != nil {
			t.Fatal(err)
		}
	}
	save("routing", "another kind")
	save("settings", "first")
	save("settings", "second")
	save("settings", "first")
	want := []string{"another kind", "first"}
	for i := range admin.KeptDocuments - 1 {
		save("settings", fmt.Sprintf("edit %03d", i))
		want = append(want, fmt.Sprintf("edit %03d", i))
	}
	got := query(t, connect(t, superuser(t, newest, tenant.PortalURI)), "SELECT body FROM "+tenant.Schema+".document ORDER BY created_at")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("\"second\" is what goes: %s", diff)
	}
	save("settings", "first") // the oldest that is kept
	if body, err := latestDocument(t, tenant, "settings"); err != nil || body != "first" {
		t.Errorf("the latest is %q, %v", body, err)
	}
}

func TestTokens(t *testing.T) {
	tenant := storetest.New(t, newest)
	now := time.Now()
	valid := func(token string) bool {
		t.Helper()
		used, err := tenant.Backoffice.UseToken(t.Context(), store.TokenHash(token), now)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if err == nil && used.Name != "cli" {
			t.Errorf("got token %+v", used)
		}
		return err == nil
	}
	for range 2 { // the second changes nothing
		if err := tenant.Admin.EnsureToken(t.Context(), "cli", "first"); err != nil {
			t.Fatal(err)
		}
	}
	if !valid("first") || valid("second") || valid("") {
		t.Error("only the first token should be valid")
	}
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", "second"); err != nil {
		t.Fatal(err)
	}
	if valid("first") || !valid("second") {
		t.Error("only the second token should be valid")
	}
	owner := connect(t, superuser(t, newest, tenant.PortalURI))
	if _, err := owner.Exec(t.Context(), "UPDATE "+tenant.Schema+".api_token SET scopes = '{sites:read}', created_by = 'somebody', expires_at = now() - interval '1 day'"); err != nil {
		t.Fatal(err)
	}
	if valid("second") {
		t.Error("a token that has expired is valid")
	}
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", "second"); err != nil {
		t.Fatal(err)
	}
	if used, err := tenant.Backoffice.UseToken(t.Context(), store.TokenHash("second"), now); err != nil || !used.May("accounts:write") {
		t.Errorf("the manager's token is %+v, %v", used, err)
	}

	for range 2 { // the second, as after a crash, finds all as it is to be
		if err := tenant.Admin.RotateToken(t.Context(), "cli", "second", "third", now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", "third"); err != nil {
		t.Fatal(err)
	}
	if used, err := tenant.Backoffice.UseToken(t.Context(), store.TokenHash("second"), now); err != nil || used.Name != "cli-former" || !used.May("accounts:write") {
		t.Errorf("the former token is %+v, %v", used, err)
	}
	if _, err := tenant.Backoffice.UseToken(t.Context(), store.TokenHash("second"), now.Add(61*time.Minute)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the former token after its time: %v", err)
	}
	if !valid("third") || valid("first") {
		t.Error("only the third token and the one before should be valid")
	}
	// A rotation that was begun and given up: the token that people have is the one.
	if err := tenant.Admin.EnsureToken(t.Context(), "cli", "second"); err != nil {
		t.Fatal(err)
	}
	if !valid("second") || valid("third") {
		t.Error("only the second token should be valid again")
	}

	conn := connect(t, superuser(t, newest, tenant.PortalURI))
	change := func(sql string) {
		if _, err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "<schema>", tenant.Schema), now); err != nil {
			t.Fatal(err)
		}
	}
	used := query(t, conn, "SELECT last_used_at::text FROM "+tenant.Schema+".api_token")
	now = now.Add(59 * time.Second)
	valid("second")
	if diff := cmp.Diff(used, query(t, conn, "SELECT last_used_at::text FROM "+tenant.Schema+".api_token")); diff != "" {
		t.Errorf("a use within a minute was written: %s", diff)
	}
	now = now.Add(2 * time.Second)
	valid("second")
	if cmp.Equal(used, query(t, conn, "SELECT last_used_at::text FROM "+tenant.Schema+".api_token")) {
		t.Error("a use after a minute was not written")
	}
	change("UPDATE <schema>.api_token SET expires_at = $1")
	if valid("second") {
		t.Error("an expired token is valid")
	}
}
