package backoffice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func TestNumbersAndCampaigns(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`, `{"id":"B","name":"Ben","status":"Active"}`)
	s.walk(t, []step{
		{"PUT", "campaigns/spring", `{"accountId":"A","name":"Spring","description":"Flyers\nand radio"}`, nil, 201, `"v1"`, `"description":"Flyers\nand radio"`},
		{"PUT", "campaigns/autumn", `{"accountId":"B","name":"Autumn"}`, nil, 201, `"v1"`, ""},
		{"PATCH", "campaigns/spring", `{"description":null}`, nil, 200, `"v2"`, `{"id":"spring","accountId":"A","name":"Spring","version":2`},
		{"GET", "campaigns?accountId=B", "", nil, 200, "", `{"items":[{"id":"autumn"`},

		{"PUT", "numbers/n1", `{"accountId":"A","number":"+61299990001","campaignId":"spring","providerDescription":"Main line"}`, nil, 201, `"v1"`,
			`{"id":"n1","accountId":"A","number":"+61299990001","providerDescription":"Main line","campaignId":"spring","version":1`},
		{"PATCH", "numbers/n1", `{"description":"Reception"}`, map[string]string{"If-Match": `"v1"`}, 200, `"v2"`, `"description":"Reception"`},
		{"PUT", "numbers/n1", `{"accountId":"A","number":"+61299990001"}`, nil, 200, `"v3"`, `{"id":"n1","accountId":"A","number":"+61299990001","description":"Reception","version":3`},
		{"PATCH", "numbers/n1", `{"providerDescription":null}`, nil, 200, `"v3"`, `"description":"Reception"`},
		{"PATCH", "numbers/n1", `{"description":null}`, nil, 200, `"v4"`, `{"id":"n1","accountId":"A","number":"+61299990001","version":4`},
		{"PATCH", "numbers/n1", `{"description":null}`, nil, 200, `"v4"`, ""},
		{"PUT", "numbers/n3", `{"accountId":"A","number":"+61299990003","description":"Desk"}`, nil, 201, `"v1"`, `"description":"Desk"`},
		{"PUT", "numbers/n3", `{"accountId":"A","number":"+61299990003","description":null}`, nil, 200, `"v2"`, `"number":"+61299990003","version":2`},
		{"PATCH", "numbers/n3", `{"description":"Lobby"}`, nil, 200, `"v3"`, `"description":"Lobby"`},
		{"PATCH", "numbers/n3", `{"description":""}`, nil, 200, `"v4"`, `"number":"+61299990003","version":4`},
		{"DELETE", "numbers/n3", "", nil, 204, "", ""},
		{"PUT", "numbers/n2", `{"accountId":"A","number":"+61299990001"}`, nil, 422, "", `{"field":"number","message":"\"+61299990001\" is taken by the number with id \"n1\""}`},
		{"PUT", "numbers/n2", `{"accountId":"A","number":"1","campaignId":"autumn"}`, nil, 422, "", `"field":"campaignId"`},
		{"PUT", "numbers/n2", `{"accountId":"A","number":"1","siteId":"nowhere"}`, nil, 422, "", `"field":"siteId"`},
		{"PUT", "numbers/n2", `{"accountId":"A"}`, nil, 422, "", `{"field":"number","rule":"required","message":"is missing"}`},
		{"PATCH", "numbers/n1", `{"campaignId":"spring"}`, nil, 200, `"v5"`, ""},
		{"DELETE", "campaigns/spring", "", nil, 409, "", "there are numbers of it"},
		{"DELETE", "numbers/n1", "", nil, 204, "", ""},
		{"DELETE", "campaigns/spring", "", nil, 204, "", ""},
	})
}

func TestCalls(t *testing.T) {
	s := newSite(t, server)
	s.api.now = func() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active","attributes":{"timeZone":"Australia/Sydney"}}`, `{"id":"B","name":"Ben","status":"Active"}`)
	line := func(id, account, rest string) string {
		return fmt.Sprintf(`{"id":"%s","accountId":"%s","startedAt":"2026-11-20T13:30:00Z","direction":"Outbound","outcome":"Answered","number":"1","seconds":60%s}`, id, account, rest)
	}
	list := func(lines ...string) string { return `{"items":[` + strings.Join(lines, ",") + `]}` }
	key := map[string]string{"Idempotency-Key": "k"}
	s.walk(t, []step{
		{"POST", "calls", list(line("c1", "A", `,"charge":"0.25","otherNumber":"2","destination":"Mobile"`), line("c2", "B", "")), key, 200, "", `{"created":2,"unchanged":0}`},
		{"POST", "calls", list(line("c1", "A", `,"charge":"0.25","otherNumber":"2","destination":"Mobile"`), line("c2", "B", "")), key, 200, "", `{"created":2,"unchanged":0}`},
		{"POST", "calls", list(line("c1", "A", `,"charge":"0.2500","otherNumber":"2","destination":"Mobile"`)), nil, 200, "", `{"created":0,"unchanged":1}`},
		{"POST", "calls", list(line("c3", "A", ""), line("c1", "A", ""), line("c4", "X", "")), nil, 422, "", `"errors":[{"field":"items[1].otherNumber",`},
		{"POST", "calls", list(line("c3", "A", `,"charge":0.25`)), nil, 422, "", `{"field":"items[0].charge","rule":"type","message":"must be a string, not a number`},
		{"POST", "calls", list(line("c3", "A", `,"currency":"XXQ"`)), nil, 422, "", `"field":"items[0].currency"`},
		{"POST", "calls", list(strings.Replace(line("c3", "A", ""), "2026-11-20", "2026-11-24", 1)), nil, 422, "", `{"field":"items[0].startedAt","message":"is more than a day in the future"}`},
		{"POST", "calls", `{"items":[]}`, nil, 422, "", `"field":"items"`},
		{"POST", "calls", list(strings.Split(strings.Repeat(line("c", "A", "")+"\n", 1001)[:1001*(len(line("c", "A", ""))+1)-1], "\n")...), nil, 422, "", `"rule":"maxItems"`},
		{"GET", "calls?accountId=A", "", nil, 200, "",
			`{"items":[{"id":"c1","accountId":"A","startedAt":"2026-11-20T13:30:00Z","direction":"Outbound","outcome":"Answered","number":"1","otherNumber":"2","destination":"Mobile","seconds":60,"charge":"0.25","currency":"AUD"}]}`},
		{"GET", "calls?accountId=A&to=2026-11-20T13:30:00Z", "", nil, 200, "", `{"items":[]}`},
		{"GET", "calls?accountId=A&from=2026-11-20T13:30:00Z&number=1&direction=Outbound", "", nil, 200, "", `"id":"c1"`},
		{"GET", "calls?accountId=A&direction=Inbound", "", nil, 200, "", `{"items":[]}`},
		{"GET", "calls?accountId=A&direction=Up", "", nil, 422, "", "direction"},
		{"GET", "calls", "", nil, 422, "", "accountId"},
		{"GET", "calls?accountId=A&from=yesterday", "", nil, 422, "", "from"},
		{"GET", "calls?accountId=A&cursor=x", "", nil, 422, "", `"field":"cursor"`},
		{"GET", "call-days?accountId=A", "", nil, 200, "",
			`{"items":[{"accountId":"A","day":"2026-11-21","number":"1","direction":"Outbound","currency":"AUD","calls":1,"answered":1,"seconds":60,"charge":"0.25"}]}`},
		{"GET", "call-days?accountId=B&from=2026-11-20&to=2026-11-20&number=1", "", nil, 200, "", `"day":"2026-11-20"`},
		{"GET", "call-days?accountId=A&to=2026-11-20", "", nil, 200, "", `{"items":[]}`},
		{"GET", "call-days?accountId=A&to=2026-13-20", "", nil, 422, "", "to"},
	})
}

// TestPagesOfCalls: a cursor goes on where its page ended and belongs to its list.
func TestPagesOfCalls(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`)
	var batch integration.CallBatch
	var want []string
	start := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	for i := range 50 {
		id := fmt.Sprintf("c%02d", i)
		batch.Items = append(batch.Items, integration.Call{
			ID: id, AccountID: "A", StartedAt: start.AddDate(0, 0, i/2*3), Direction: "Inbound", Outcome: "Missed", Number: fmt.Sprint("n", i),
		})
		want = append([]string{id}, want...)
	}
	body, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	s.walk(t, []step{{"POST", "calls", string(body), nil, 200, "", `{"created":50`}})
	var got []string
	cursors := map[string]string{}
	pages := func(path string, show func(item map[string]any) string) {
		got = nil
		for next := ""; ; {
			response, text := s.call(t, http.MethodGet, "/api/v1/"+path+"&limit=7&cursor="+next, nil, nil)
			var page Page[map[string]any]
			if err := json.Unmarshal([]byte(text), &page); err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s %s", path, response.Status, text)
			}
			for _, item := range page.Items {
				got = append(got, show(item))
			}
			if next = page.Next; next == "" {
				return
			}
			cursors[path] = next
		}
	}
	pages("calls?accountId=A", func(item map[string]any) string { return fmt.Sprint(item["id"]) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	pages("call-days?accountId=A", func(item map[string]any) string { return fmt.Sprint(item["day"], item["number"]) })
	if len(got) != 50 || got[0] != "2026-03-01n0" || got[49] != "2026-05-12n49" {
		t.Errorf("days: %v", got)
	}
	for _, path := range []string{"calls?accountId=B", "calls?accountId=A&number=n1", "calls?accountId=A&from=2026-03-01T00:00:00Z", "call-days?accountId=A"} {
		s.walk(t, []step{{"GET", path + "&cursor=" + cursors["calls?accountId=A"], "", nil, 422, "", "belongs to another list"}})
	}
	s.walk(t, []step{{"GET", "call-days?accountId=A&from=2026-03-01&cursor=" + cursors["call-days?accountId=A"], "", nil, 422, "", "belongs to another list"}})
}

func TestRefusalsOfCallsNameTheirField(t *testing.T) {
	_, problems := sumCalls([]store.Result{{Outcome: store.Refused, Field: "accountId", Message: "x"}, {Outcome: store.Refused, Message: "y"}})
	want := []integration.FieldProblem{{Field: "items[0].accountId", Message: "x"}, {Field: "items[1]", Message: "y"}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}
