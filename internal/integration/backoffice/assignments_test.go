package backoffice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
)

// assigned sends an assignment and returns its result.
func (s *site) assigned(t *testing.T, body string) integration.AssignmentResult {
	t.Helper()
	response, text := s.call(t, http.MethodPost, "/api/v1/assignments", map[string]string{"Content-Type": "application/json"}, reader(body))
	var result integration.AssignmentResult
	if err := json.Unmarshal([]byte(text), &result); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", body, response.Status, text)
	}
	return result
}

// column reads texts with the rights of the backoffice.
func (s *site) column(t *testing.T, sql string) (list []string) {
	t.Helper()
	rows, err := s.pool(t).Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	return list
}

func TestAssignments(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Groups, `{"name":"gold"}`, `{"name":"silver"}`, `{"name":"tin"}`)
	s.must(t, integration.Accounts, `{"id":"A","name":"x","accountProfile":"business"}`, `{"id":"B","name":"x","groups":["gold"]}`,
		`{"id":"C","name":"x","groups":["gold","tin"],"myAccountProfile":"basic"}`, `{"id":"D","name":"x"}`)
	fine := func(matched, changed, unchanged int64) integration.AssignmentResult {
		return integration.AssignmentResult{Matched: matched, Changed: changed, Unchanged: unchanged}
	}
	withRefusals := func(r integration.AssignmentResult, refusals ...integration.AssignmentRefusal) integration.AssignmentResult {
		r.Refused, r.Refusals = int64(len(refusals)), refusals
		return r
	}
	accounts := func() []string {
		return s.column(t, "SELECT concat_ws(' ', id, coalesce(account_profile, '-'), coalesce(my_account_profile, '-'), array_to_string(groups, ',')) FROM account ORDER BY id")
	}
	for _, test := range []struct {
		body     string
		want     integration.AssignmentResult
		accounts []string // nil: as before
	}{
		{`{"select":{"all":true},"set":{"accountProfile":"business"},"dryRun":true,"notify":"all"}`, fine(4, 3, 1), nil},
		{`{"select":{"ids":["A","B","Z"]},"set":{"accountProfile":"residential"},"notify":"all"}`,
			withRefusals(fine(3, 2, 0), integration.AssignmentRefusal{ID: "Z", Message: "there is no account with this id"}),
			[]string{"A residential - ", "B residential - gold", "C - basic gold,tin", "D - - "}},
		{`{"select":{"ids":["A","B","Z"]},"set":{"accountProfile":"residential"},"notify":"all"}`,
			withRefusals(fine(3, 0, 2), integration.AssignmentRefusal{ID: "Z", Message: "there is no account with this id"}), nil},
		{`{"select":{"group":"gold"},"set":{"addGroups":["silver"],"removeGroups":["tin","gold"]},"notify":"all"}`, fine(2, 2, 0),
			[]string{"A residential - ", "B residential - silver", "C - basic silver", "D - - "}},
		{`{"select":{"accountProfile":"residential"},"set":{"accountProfile":null,"myAccountProfile":"full"},"notify":"all"}`, fine(2, 2, 0),
			[]string{"A - full ", "B - full silver", "C - basic silver", "D - - "}},
		{`{"select":{"myAccountProfile":"full"},"set":{"myAccountProfile":null},"notify":"all"}`, fine(2, 2, 0),
			[]string{"A - - ", "B - - silver", "C - basic silver", "D - - "}},
		{`{"select":{"all":true},"set":{"addGroups":["gold"],"accountProfile":"business"},"after":"B","notify":"all"}`, fine(2, 2, 0),
			[]string{"A - - ", "B - - silver", "C business basic gold,silver", "D business - gold"}},
		{`{"select":{"group":"none"},"set":{"accountProfile":"business"},"notify":"all"}`, fine(0, 0, 0), nil},
	} {
		before := accounts()
		if diff := cmp.Diff(test.want, s.assigned(t, test.body), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.body, diff)
		}
		want := test.accounts
		if want == nil {
			want = before
		}
		if diff := cmp.Diff(want, accounts()); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", test.body, diff)
		}
	}
	if got := s.column(t, "SELECT concat_ws(' ', data #>> '{change,oldProfile}', data #>> '{change,newProfile}') FROM event WHERE type = 'account.profileChanged' ORDER BY position"); !slices.Equal(got,
		[]string{"business residential", "default residential", "residential default", "residential default", "default business", "default business"}) {
		t.Errorf("events %q", got)
	}
	s.assigned(t, `{"select":{"all":true},"set":{"accountProfile":"residential"},"notify":"none"}`)
	s.assigned(t, `{"select":{"all":true},"set":{"accountProfile":"business"}}`)
	s.assigned(t, `{"select":{"all":true},"set":{"accountProfile":"residential"}}`)
	if got := s.column(t, "SELECT count(*)::text FROM event WHERE type = 'account.profileChanged'"); got[0] != "6" {
		t.Errorf("%s events after assignments that notify nobody", got[0])
	}
	if got := s.column(t, "SELECT concat_ws(' ', account_id, action, detail ->> 'changed', detail ->> 'accountProfile') FROM audit WHERE action = 'accounts.assigned' ORDER BY id DESC LIMIT 1"); got[0] != "accounts.assigned 4 residential" {
		t.Errorf("audit %q", got)
	}
}

func TestRefusedAssignments(t *testing.T) {
	s := newSite(t, server)
	var many []string
	for i := range integration.MaxGroups {
		many = append(many, fmt.Sprintf("g%02d", i))
	}
	for _, id := range append(slices.Clone(many), "one-more") {
		s.must(t, integration.Groups, `{"name":"`+id+`"}`)
	}
	s.must(t, integration.Accounts, `{"id":"A","name":"x","groups":["`+strings.Join(many, `","`)+`"]}`)
	post := func(body string, status int, contains string) step {
		return step{"POST", "assignments", body, nil, status, "", contains}
	}
	s.walk(t, []step{
		post(`{"select":{"all":true},"set":{"accountProfile":"golden"}}`, 422, `{"field":"set.accountProfile","message":"there is no AccountProfile \"golden\", allowed are business, residential"}`),
		post(`{"select":{"all":true},"set":{"accountProfile":"gone"}}`, 422, `AccountProfile \"gone\" is kept for the accounts that have it and cannot be newly assigned`),
		post(`{"select":{"all":true},"set":{"myAccountProfile":"legacy"}}`, 422, `{"field":"set.myAccountProfile","message":"MyAccountProfile \"legacy\" is kept`),
		post(`{"select":{"all":true},"set":{"addGroups":["g01","nothing"]}}`, 422, `{"field":"set.addGroups[1]","message":"there is no customer group \"nothing\"`),
		post(`{"select":{"all":true},"set":{"addGroups":["g01"],"removeGroups":["g01"]}}`, 422, `{"field":"set.removeGroups[0]","message":"\"g01\" is in addGroups too"}`),
		post(`{"select":{"all":true},"set":{}}`, 422, `"field":"set"`),
		post(`{"select":{},"set":{"accountProfile":"business"}}`, 422, `"field":"select"`),
		post(`{"select":{"all":true,"group":"g01"},"set":{"accountProfile":"business"}}`, 422, `{"field":"select","rule":"oneOf","message":"has 2 selections`),
		post(`{"select":{"all":true},"set":{"profile":"business"}}`, 422, `"field":"set.profile"`),
		post(`{"select":{"all":true},"set":{"accountProfile":7}}`, 422, `"field":"set.accountProfile","rule":"type"`),
		post(`{"select":{"all":true},"set":{"accountProfile":"business"},"notify":"some"}`, 422, `"field":"notify","rule":"enum"`),
		post(`{"select":{"all":true},"set":{"addGroups":["one-more"]}}`, 200,
			`{"matched":1,"changed":0,"unchanged":0,"refused":1,"refusals":[{"id":"A","field":"groups","message":"would be 65, allowed are at most 64"}]}`),
	})
}

// A selection that is not done in time says where to go on, and goes on there.
func TestAssignmentsGoOn(t *testing.T) {
	s := newSite(t, server)
	const accounts = 1203
	s.must(t, integration.Accounts, lines(1, accounts, accountLine)...)
	var clock sync.Mutex
	now := time.Now()
	s.api.now = func() time.Time { // every look takes a second
		clock.Lock()
		defer clock.Unlock()
		now = now.Add(time.Second)
		return now
	}
	var changed, requests int64
	after := ""
	for {
		requests++
		result := s.assigned(t, fmt.Sprintf(`{"select":{"accountProfile":"business"},"set":{"accountProfile":"residential"},"after":%q}`, after))
		changed += result.Changed
		if result.Next == "" {
			break
		}
		if result.Next <= after || result.Stopped != "the time of one request is up" || result.Changed != result.Matched {
			t.Fatalf("after %s: %+v", after, result)
		}
		after = result.Next
		if requests == 1 {
			now = now.Add(-time.Hour) // the clock is no reason to stop for ever
		}
	}
	if changed != accounts {
		t.Errorf("%d of %d accounts changed in %d requests", changed, accounts, requests)
	}
	if got := s.column(t, "SELECT count(*)::text FROM account WHERE account_profile = 'residential'"); got[0] != fmt.Sprint(accounts) {
		t.Errorf("%s accounts have it", got[0])
	}
}

// A profile that is retired while a selection is assigned gets no more accounts.
func TestAssignmentsFollowTheSettings(t *testing.T) {
	s := newSite(t, server)
	const accounts = 1203
	s.must(t, integration.Accounts, lines(1, accounts, accountLine)...)
	current := s.settings.Load()
	retired := documentWith(t, 21, config.Retired)
	looks := 0
	s.api.Settings = func() *config.Live { // the third batch begins after the change
		if looks++; looks > 6 {
			return retired
		}
		return current
	}
	result := s.assigned(t, `{"select":{"all":true},"set":{"accountProfile":"residential"}}`)
	if result.Changed == 0 || result.Changed == accounts || result.Next == "" || !strings.Contains(result.Stopped, "cannot be newly assigned") {
		t.Errorf("got %+v", result)
	}
	if got := s.column(t, "SELECT count(*)::text FROM account WHERE account_profile = 'residential'"); got[0] != fmt.Sprint(result.Changed) {
		t.Errorf("%s accounts have it, %d were told", got[0], result.Changed)
	}
}

// Whoever assigns at the same time as others: each account has one of the profiles that
// were assigned, and the counts are those of the accounts.
func TestAssignmentsAtOnce(t *testing.T) {
	s := newSite(t, server)
	const accounts = 700
	s.must(t, integration.Accounts, lines(1, accounts, accountLine)...)
	var wait sync.WaitGroup
	failed := make(chan string, 8)
	for i := range 4 {
		body := fmt.Sprintf(`{"select":{"all":true},"set":{"accountProfile":%q}}`, []string{"business", "residential"}[i%2])
		wait.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.BaseURL+"/api/v1/assignments", strings.NewReader(body))
			if err != nil {
				failed <- err.Error()
				return
			}
			request.Header.Set("Authorization", "Bearer "+token)
			request.Header.Set("Content-Type", "application/json")
			response, err := s.HTTP.Do(request)
			if err != nil {
				failed <- err.Error()
				return
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				failed <- response.Status
			}
		})
	}
	wait.Wait()
	close(failed)
	for text := range failed {
		t.Error(text)
	}
	recount := s.column(t, "SELECT concat(account_profile, ' ', count(*)) FROM account GROUP BY account_profile ORDER BY 1")
	counted := s.column(t, "SELECT concat(account_profile, ' ', sum(accounts)) FROM account_bucket GROUP BY account_profile HAVING sum(accounts) <> 0 ORDER BY 1")
	if diff := cmp.Diff(recount, counted); diff != "" {
		t.Error(diff)
	}
}

// A selection that fails on its way keeps what was done, says where to go on, and the audit
// trail has every batch of it.
func TestAssignmentsThatFail(t *testing.T) {
	s := newSite(t, server)
	const accounts = 1203
	s.must(t, integration.Accounts, lines(1, accounts, accountLine)...)
	assign := `{"select":{"all":true},"set":{"accountProfile":"residential"}}`
	if _, err := s.owner(t).Exec(t.Context(), `ALTER TABLE account ADD CONSTRAINT broken CHECK (account_profile <> 'residential' OR id < 'A-001100') NOT VALID`); err != nil {
		t.Fatal(err)
	}
	result := s.assigned(t, assign)
	if result.Changed != 2*assignmentBatch || result.Next != "A-001000" || result.Stopped == "" {
		t.Errorf("got %+v", result)
	}
	audited := "SELECT concat_ws(' ', action, detail ->> 'changed', detail ->> 'from', detail ->> 'to', detail ->> 'accountProfile') FROM audit WHERE action LIKE '%assigned' ORDER BY id"
	want := []string{"accounts.assigned 500 A-000001 A-000500 residential", "accounts.assigned 500 A-000501 A-001000 residential"}
	if diff := cmp.Diff(want, s.column(t, audited)); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	s.walk(t, []step{{"POST", "assignments", strings.Replace(assign, "{", `{"after":"A-001000",`, 1), nil, 500, "", ""}})
}
