package backoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// The profiles of the fixture: business and residential can be assigned, gone is retired;
// basic and full can be pinned, legacy is Historical.
func TestAccounts(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Groups, `{"name":"gold"}`, `{"name":"silver"}`)
	tagged := func(tag string) map[string]string { return map[string]string{"If-Match": tag} }
	s.walk(t, []step{
		{"PUT", "accounts/A", `{"name":"Ada"}`, nil, 201, `"v1"`, `{"id":"A","name":"Ada","status":"Active","startsOn":"`},
		{"PUT", "accounts/A", `{"name":"Ada"}`, nil, 200, `"v1"`, `"version":1`},
		{"PUT", "accounts/A", `{"name":"Ada"}`, map[string]string{"If-None-Match": "*"}, 412, "", "exists already"},
		{"PUT", "accounts/A", `{"id":"A","name":"Ada","status":"Suspended","statusReason":"Overdue.","accountProfile":"business","myAccountProfile":"basic",
			"groups":["silver","gold"],"attributes":{"currency":"NZD","lateFee":{"amount":"5","daysAfterDue":0},"custom":[{"name":"tier","value":"1"}]},"startsOn":"2020-02-29"}`,
			nil, 200, `"v2"`, `"status":"Suspended","statusReason":"Overdue.","accountProfile":"business","myAccountProfile":"basic","groups":["gold","silver"],` +
				`"attributes":{"currency":"NZD","lateFee":{"amount":"5","daysAfterDue":0},"custom":[{"name":"tier","value":"1"}]},"startsOn":"2020-02-29"`},
		{"PATCH", "accounts/A", `{"name":"Ada L."}`, tagged(`"v1"`), 412, "", "Account is at version 2, not 1"},
		{"PATCH", "accounts/A", `{"attributes":{"currency":null,"lateFee":{"amount":null}}}`, tagged(`"v2"`), 200, `"v3"`,
			`"attributes":{"lateFee":{"daysAfterDue":0},"custom":[{"name":"tier","value":"1"}]}`},
		{"PATCH", "accounts/A", `{"attributes":null}`, nil, 200, `"v4"`, `"groups":["gold","silver"],"startsOn"`},
		{"GET", "accounts/A", "", map[string]string{"If-None-Match": `"v4"`}, 304, `"v4"`, ""},

		// The reason goes with the status.
		{"PATCH", "accounts/A", `{"name":"Ada"}`, nil, 200, `"v4"`, `"statusReason":"Overdue."`},
		{"PATCH", "accounts/A", `{"status":"Active"}`, nil, 200, `"v5"`, `"status":"Active","accountProfile"`},
		{"PATCH", "accounts/A", `{"status":"Closed","statusReason":"Moved away."}`, nil, 200, `"v6"`, `"status":"Closed","statusReason":"Moved away."`},
		{"PATCH", "accounts/A", `{"status":"Closed"}`, nil, 200, `"v6"`, `"statusReason":"Moved away."`},
		{"PATCH", "accounts/A", `{"status":null}`, nil, 200, `"v6"`, `"status":"Closed"`},
		{"PUT", "accounts/A", `{"name":"Ada"}`, nil, 200, `"v7"`, `{"id":"A","name":"Ada","status":"Closed","startsOn":"2020-02-29","version":7`},
		{"DELETE", "accounts/A", "", nil, 405, "", "GET"},

		// What is refused, with field and rule.
		{"PATCH", "accounts/Z", `{"name":"x"}`, nil, 404, "", "create it with PUT"},
		{"GET", "accounts/Z", "", nil, 404, "", "there is none"},
		{"PUT", "accounts/Z", `{}`, nil, 422, "", `{"field":"name","rule":"required"`},
		{"PUT", "accounts/Z", `{"id":"Y","name":"x"}`, nil, 422, "", `{"field":"id"`},
		{"PUT", "accounts/Z", `{"name":"x","status":"Dormant"}`, nil, 422, "", `{"field":"status","rule":"enum","message":"\"Dormant\" is not allowed, allowed are Prospect, Active, Suspended, Closed"`},
		{"PUT", "accounts/Z", `{"name":"x","startsOn":"2021-02-29"}`, nil, 422, "", `{"field":"startsOn","rule":"format"`},
		{"PUT", "accounts/Z", `{"name":"x","groups":["gold","bronze"]}`, nil, 422, "", `{"field":"groups[1]","message":"there is no customer group \"bronze\"`},
		{"PUT", "accounts/Z", `{"name":"x","groups":["gold","gold"]}`, nil, 422, "", `"rule":"uniqueItems"`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"colour":"red"}}`, nil, 422, "", `"field":"attributes.colour"`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"lateFee":{"percent":"1"}}}`, nil, 422, "", `"field":"attributes.lateFee.percent"`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"colour":"red"}}`, nil, 422, "", `allowed are tradingTermsDays, invoiceTemplate, currency, locale`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"tradingTermsDays":"14"}}`, nil, 422, "", `"field":"attributes.tradingTermsDays","rule":"type"`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"currency":"eur","tradingTermsDays":366}}`, nil, 422, "", `"field":"attributes.tradingTermsDays"`},
		{"PUT", "accounts/Z", `{"name":"x","attributes":{"currency":"eur","tradingTermsDays":366}}`, nil, 422, "",
			`"message":"\"eur\" is not a currency, allowed is an ISO 4217 code such as EUR"`},
		{"PATCH", "accounts/A", `{"attributes":{"quietHours":{"start":"22:00"}}}`, nil, 422, "", `"field":"attributes.quietHours.end"`},
		{"PATCH", "accounts/A", `{"attributes":{"remindersPausedUntil":"2027-02-29"}}`, nil, 422, "", `"field":"attributes.remindersPausedUntil"`},
		{"PATCH", "accounts/A", `{"attributes":{"custom":[{"name":"Tier","value":"1"}]}}`, nil, 422, "", `"field":"attributes.custom`},

		// What its people can change too.
		{"PUT", "accounts/D", `{"name":"x","address":"1 Quay\nHarbour","phone":"+61 2 5550 0142","taxId":"ABN 51 824 753 556"}`, nil, 201, `"v1"`,
			`"address":"1 Quay\nHarbour","phone":"+61 2 5550 0142","taxId":"ABN 51 824 753 556","startsOn"`},
		{"PATCH", "accounts/D", `{"phone":null,"taxId":"DE 1"}`, nil, 200, `"v2"`, `"address":"1 Quay\nHarbour","taxId":"DE 1","startsOn"`},
		{"PATCH", "accounts/D", `{"phone":"1\n2"}`, nil, 422, "", `{"field":"phone","rule":"pattern"`},
		{"PATCH", "accounts/D", `{"taxId":"` + strings.Repeat("1", 41) + `"}`, nil, 422, "", `{"field":"taxId","rule":"maxLength","message":"is longer than 40 characters"}`},
		{"PATCH", "accounts/D", `{"address":"` + strings.Repeat("1", 501) + `"}`, nil, 422, "", `{"field":"address","rule":"maxLength"`},

		// An invoice template that there is.
		{"PATCH", "accounts/D", `{"attributes":{"invoiceTemplate":"business","maxSubAccounts":3}}`, nil, 200, `"v3"`, `"attributes":{"invoiceTemplate":"business","maxSubAccounts":3}`},
		{"PATCH", "accounts/D", `{"attributes":{"invoiceTemplate":"busines"}}`, nil, 422, "",
			`{"field":"attributes.invoiceTemplate","message":"there is no invoice template \"busines\", allowed are `},
		{"PATCH", "accounts/D", `{"attributes":{"maxSubAccounts":1001}}`, nil, 422, "", `{"field":"attributes.maxSubAccounts"`},

		// Profiles: what can be newly given, and what it has.
		{"PUT", "accounts/P", `{"name":"x","accountProfile":"golden"}`, nil, 422, "",
			`{"field":"accountProfile","message":"there is no AccountProfile \"golden\", allowed are business, residential"}`},
		{"PUT", "accounts/P", `{"name":"x","accountProfile":"gone"}`, nil, 422, "", `AccountProfile \"gone\" is kept for the accounts that have it and cannot be newly assigned`},
		{"PUT", "accounts/P", `{"name":"x","myAccountProfile":"legacy"}`, nil, 422, "", `{"field":"myAccountProfile","message":"MyAccountProfile \"legacy\" is kept`},
		{"PUT", "accounts/P", `{"name":"x","myAccountProfile":"none"}`, nil, 422, "", `there is no MyAccountProfile \"none\", allowed are basic, full`},
	})
	if _, err := s.tenant.Backoffice.Account(t.Context(), "P"); err == nil {
		t.Error("a refused account is there")
	}
}

// An account keeps a profile that is Historical, retired or unknown, whatever else of it
// changes; once it has another one, it does not get it back.
func TestAccountsKeepTheirProfiles(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada"}`)
	s.execute(t, "UPDATE account SET account_profile = 'gone', my_account_profile = 'never'")
	whole := `{"name":"Ada","accountProfile":"gone","myAccountProfile":"never","attributes":{"locale":"de"}}`
	s.walk(t, []step{
		{"PATCH", "accounts/A", `{"attributes":{"locale":"fr"}}`, nil, 200, `"v2"`, `"accountProfile":"gone","myAccountProfile":"never"`},
		{"PUT", "accounts/A", whole, nil, 200, `"v3"`, `"accountProfile":"gone","myAccountProfile":"never"`},
		{"PATCH", "accounts/A", `{"accountProfile":null}`, nil, 200, `"v4"`, `"status":"Active","myAccountProfile":"never"`},
		{"PUT", "accounts/A", whole, nil, 422, "", `{"field":"accountProfile","message":"AccountProfile \"gone\" is kept`},
		{"PATCH", "accounts/A", `{"myAccountProfile":null}`, nil, 200, `"v5"`, `"status":"Active","attributes"`},
	})
}

func TestGroups(t *testing.T) {
	s := newSite(t, server)
	s.walk(t, []step{
		{"PUT", "groups/gold", `{"displayName":"Gold customers"}`, nil, 201, `"v1"`, `{"id":"gold","displayName":"Gold customers","version":1`},
		{"PUT", "groups/gold", `{"name":"gold","displayName":"Gold"}`, nil, 200, `"v2"`, `{"id":"gold","displayName":"Gold"`},
		{"PUT", "groups/gold", `{"name":"silver"}`, nil, 422, "", `"silver`},
		{"PATCH", "groups/gold", `{"displayName":null}`, map[string]string{"If-Match": `"v2"`}, 200, `"v3"`, `{"id":"gold","version":3`},
		{"PUT", "groups/silver", `{}`, nil, 201, `"v1"`, ""},
		{"GET", "groups?limit=1", "", nil, 200, "", `{"items":[{"id":"gold","version":3`},
		{"GET", "groups?accountId=A", "", nil, 422, "", `"field":"accountId"`}, // they belong to none
		{"PUT", "groups/%2E%2E", `{}`, nil, 422, "", `"must not be . or .., which an address cannot carry"`},
		{"PUT", "accounts/A", `{"name":"Ada","groups":["gold"]}`, nil, 201, `"v1"`, ""},
		{"PUT", "accounts/B", `{"name":"Ben","groups":["gold","silver"]}`, nil, 201, `"v1"`, ""},
		{"DELETE", "groups/gold", "", nil, 409, "", `group \"gold\" cannot be deleted: 2 accounts have it`},
		{"PATCH", "accounts/A", `{"groups":null}`, nil, 200, `"v2"`, ""},
		{"PATCH", "accounts/B", `{"groups":["silver"]}`, nil, 200, `"v2"`, ""},
		{"DELETE", "groups/gold", "", map[string]string{"If-Match": `"v1"`}, 412, "", "is at version 3"},
		{"DELETE", "groups/gold", "", nil, 204, "", ""},
		{"GET", "groups/gold", "", nil, 404, "", ""},
		{"PUT", "accounts/A", `{"name":"Ada","groups":["gold"]}`, nil, 422, "", "there is no customer group"},
	})
}

// ids reads a list to its end, page by page, and returns the ids in order.
func (s *site) ids(t *testing.T, path string, query url.Values) (ids []string) {
	t.Helper()
	for {
		response, text := s.call(t, http.MethodGet, "/api/v1/"+path+"?"+query.Encode(), nil, nil)
		var page struct {
			Items []struct {
				ID        string `json:"id"`
				AccountID string `json:"accountId"`
			}
			Next string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil || response.StatusCode != 200 {
			t.Fatalf("%s?%s: %s %s", path, query.Encode(), response.Status, text)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID+item.AccountID)
		}
		if page.Next == "" {
			return ids
		}
		query.Set("cursor", page.Next)
	}
}

// Lists of accounts and of settings have the same filters and the same cursors.
func TestListsOfAccounts(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Groups, `{"name":"gold"}`)
	var lines []string
	for i := range 25 {
		line := fmt.Sprintf(`{"id":"A%02d","name":"x"`, i)
		if i%2 == 0 {
			line += `,"accountProfile":"business"`
		}
		if i%5 == 0 {
			line += `,"groups":["gold"],"myAccountProfile":"basic"`
		}
		lines = append(lines, line+"}")
	}
	s.must(t, integration.Accounts, lines...)
	every := func(step int) (ids []string) {
		for i := 0; i < 25; i += step {
			ids = append(ids, fmt.Sprintf("A%02d", i))
		}
		return ids
	}
	for _, path := range []string{"accounts", "settings"} {
		for query, want := range map[string][]string{
			"limit=7": every(1), "limit=3&accountProfile=business": every(2), "limit=2&group=gold": every(5), "limit=2&myAccountProfile=basic": every(5),
			"limit=4&updatedSince=2020-01-01T00:00:00Z": every(1), "updatedSince=2199-01-01T00:00:00Z": nil, "group=none": nil, "accountProfile=a%00": nil,
		} {
			parsed, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, s.ids(t, path, parsed)); diff != "" {
				t.Errorf("%s?%s:\n%s", path, query, diff)
			}
		}
		_, text := s.call(t, http.MethodGet, "/api/v1/"+path+"?limit=3&accountProfile=business", nil, nil)
		_, after, _ := strings.Cut(text, `"next":"`)
		cursor, _, _ := strings.Cut(after, `"`)
		s.walk(t, []step{
			{"GET", path + "?group=gold&accountProfile=business", "", nil, 422, "", `{"field":"group","message":"goes not together with accountProfile, send one of them"}`},
			{"GET", path + "?group=gold&updatedSince=2020-01-01T00:00:00Z", "", nil, 422, "", `"field":"updatedSince"`},
			{"GET", path + "?status=Active", "", nil, 422, "", `"field":"status"`},
			{"GET", path + "?cursor=" + cursor + "&group=gold", "", nil, 422, "", "belongs to another list"},
			{"GET", path + "?cursor=abc", "", nil, 422, "", "is not a cursor"},
		})
	}
	if diff := cmp.Diff([]string{"A03", "A07"}, s.ids(t, "settings", url.Values{"ids": {"A07,A03,none"}})); diff != "" {
		t.Errorf("settings of some accounts:\n%s", diff)
	}
}

// A patch of attributes does what RFC 7396 says of the JSON object, whatever was there,
// and what null leaves is inherited again. Without a value out of bounds none is refused.
func TestAttributesAreMerged(t *testing.T) {
	s := newSite(t, server)
	s.unlimited()
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada","accountProfile":"business"}`)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
	model := map[string]any{}
	for round := range 120 {
		patch := randomPatch(random)
		text, err := json.Marshal(map[string]any{"attributes": patch})
		if err != nil {
			t.Fatal(err)
		}
		model = merged(model, patch)
		response, body := s.call(t, http.MethodPatch, "/api/v1/accounts/A", map[string]string{"Content-Type": "application/json"}, reader(string(text)))
		var got struct{ Attributes map[string]any }
		if err := json.Unmarshal([]byte(body), &got); err != nil || response.StatusCode != 200 {
			t.Fatalf("seed %d, round %d: %s: %s %s", seed, round, text, response.Status, body)
		}
		if diff := cmp.Diff(pruned(model), pruned(got.Attributes)); diff != "" {
			t.Fatalf("seed %d, round %d: after %s (-want +got):\n%s", seed, round, text, diff)
		}
		s.ownSettings(t, model, fmt.Sprintf("seed %d, round %d", seed, round))
	}
}

// ownSettings checks that exactly the attributes of the model are the account's own.
func (s *site) ownSettings(t *testing.T, model map[string]any, what string) {
	t.Helper()
	answer, err := s.AccountSettings(t.Context(), "A")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	var own settings.Attributes
	if err := json.Unmarshal(text, &own); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, a := range answer.Attributes {
		if a.Source == string(settings.SourceAccount) {
			keys = append(keys, a.Key)
		}
	}
	slices.Sort(keys)
	if diff := cmp.Diff(own.Keys(), keys); diff != "" {
		t.Fatalf("%s: the settings of its own (-want +got):\n%s", what, diff)
	}
}

// merged is RFC 7396 as it is written there.
func merged(target map[string]any, patch map[string]any) map[string]any {
	if target == nil {
		target = map[string]any{}
	}
	for name, value := range patch {
		if value == nil {
			delete(target, name)
		} else if object, ok := value.(map[string]any); ok {
			inner, _ := target[name].(map[string]any)
			target[name] = merged(inner, object)
		} else {
			target[name] = value
		}
	}
	return target
}

// pruned is an object without the objects in it that are empty, in the types that
// encoding/json reads.
func pruned(object map[string]any) map[string]any {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	result := map[string]any{}
	if err := json.Unmarshal(text, &result); err != nil {
		panic(err)
	}
	if result == nil { // null
		return map[string]any{}
	}
	for name, value := range result {
		if inner, ok := value.(map[string]any); ok && len(inner) == 0 {
			delete(result, name)
		}
		if list, ok := value.([]any); ok && len(list) == 0 {
			delete(result, name)
		}
	}
	return result
}

func randomPatch(random *rand.Rand) map[string]any {
	pick := func(values ...any) any { return values[random.IntN(len(values))] }
	values := map[string]func() any{
		"tradingTermsDays": func() any { return pick(nil, 0, 30) }, "currency": func() any { return pick(nil, "EUR", "AUD") },
		"locale": func() any { return pick(nil, "de", "en-AU") }, "creditLimit": func() any { return pick(nil, "0", "10.50") },
		"disputed": func() any { return pick(nil, "Yes") }, "consent": func() any { return pick(nil, map[string]any{"sms": pick(nil, "Granted", "Withheld")}) },
		"quietHours": func() any {
			return pick(nil, map[string]any{"start": "22:00", "end": "07:00"}, map[string]any{"end": "08:00", "start": "21:30"})
		},
		"lateFee": func() any {
			fee := map[string]any{}
			for name, value := range map[string]any{"amount": pick(nil, "5"), "daysAfterDue": pick(nil, 0, 7), "label": pick(nil, "Late")} {
				if random.IntN(2) == 0 {
					fee[name] = value
				}
			}
			return pick(nil, fee, fee, fee)
		},
		"custom": func() any {
			return pick(nil, []any{}, []any{map[string]any{"name": "tier", "value": "1"}}, []any{map[string]any{"name": "a", "value": "x"}, map[string]any{"name": "b", "value": "y"}})
		},
	}
	patch := map[string]any{}
	for name, value := range values {
		if random.IntN(3) == 0 {
			patch[name] = value()
		}
	}
	return patch
}

// Eight writers add one each, many times, by reading and writing with If-Match: no update
// is lost, and whoever comes second is told.
func TestConcurrentWritersLoseNothing(t *testing.T) {
	s := newSite(t, server)
	s.unlimited()
	s.must(t, integration.Accounts, `{"id":"A","name":"Ada","attributes":{"creditLimit":"0"}}`)
	const writers, each = 8, 12
	failed := make(chan error, writers)
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for done := 0; done < each; {
				status, err := s.addOne(t.Context())
				if err != nil {
					failed <- err
					return
				}
				if status == http.StatusOK {
					done++
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	row, err := s.tenant.Backoffice.Account(t.Context(), "A")
	if want := fmt.Sprint(writers * each); err != nil || row.Attributes.CreditLimit != want || row.Version != writers*each+1 {
		t.Errorf("%v: the limit is %s at version %d, want %s", err, row.Attributes.CreditLimit, row.Version, want)
	}
}

// addOne reads the account and writes its credit limit raised by one, if nobody else has
// written meanwhile.
func (s *site) addOne(ctx context.Context) (status int, err error) {
	_, tag, account, err := s.sendAccount(ctx, http.MethodGet, "", "")
	if err != nil {
		return 0, err
	}
	limit, err := strconv.Atoi(account.Attributes.CreditLimit)
	if err != nil {
		return 0, err
	}
	status, _, _, err = s.sendAccount(ctx, http.MethodPatch, tag, fmt.Sprintf(`{"attributes":{"creditLimit":"%d"}}`, limit+1))
	return status, err
}

// sendAccount sends a request about account A, outside of the test's own goroutine.
func (s *site) sendAccount(ctx context.Context, method, ifMatch, body string) (status int, tag string, account integration.Account, err error) {
	request, err := http.NewRequestWithContext(ctx, method, s.BaseURL+"/api/v1/accounts/A", strings.NewReader(body))
	if err != nil {
		return 0, "", account, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	if ifMatch != "" {
		request.Header.Set("If-Match", ifMatch)
	}
	response, err := s.HTTP.Do(request)
	if err != nil {
		return 0, "", account, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPreconditionFailed {
		return 0, "", account, fmt.Errorf("%s: %s", method, response.Status)
	}
	if response.StatusCode == http.StatusOK {
		err = json.NewDecoder(response.Body).Decode(&account)
	}
	return response.StatusCode, response.Header.Get("ETag"), account, err
}

// unlimited lets the test send as many requests as it likes.
func (s *site) unlimited() {
	s.api.rates = newRates(Limits{PerSecond: 1_000_000, Burst: 1_000_000}, time.Now)
}

// execute runs SQL with the rights of the backoffice.
func (s *site) execute(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.pool(t).Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// pool has connections with the rights of the backoffice.
func (s *site) pool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	return storetest.Pool(t, s.tenant.BackofficeURI)
}
