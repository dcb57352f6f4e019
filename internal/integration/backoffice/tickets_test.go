package backoffice

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

func TestTickets(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`, `{"id":"B","name":"Ben","status":"Active"}`)
	key := map[string]string{"Idempotency-Key": "k"}
	s.walk(t, []step{
		{"PUT", "contacts/c1", `{"accountId":"A","firstName":"Dana","lastName":"Miller","access":"Active"}`, nil, 201, `"v1"`, ""},
		{"PUT", "tickets/t1", `{"accountId":"A","subject":"The line drops","contactId":"c1"}`, nil, 422, "", `{"field":"text","rule":"required","message":"is missing"}`},
		{"PUT", "tickets/t1", `{"accountId":"A","subject":"The line drops","text":"Often.","contactId":"c9"}`, nil, 422, "", `{"field":"contactId","message":"account \"A\" has no contact \"c9\""}`},
		{"PUT", "tickets/t1", `{"accountId":"A","subject":"The line drops","text":"Often.","contactId":"c1","number":"T-6120"}`, nil, 201, `"v1"`,
			`{"id":"t1","accountId":"A","number":"T-6120","subject":"The line drops","text":"Often.","status":"Open","contactId":"c1","openedBy":"Dana Miller","openedAt":`},
		{"POST", "tickets", `{"accountId":"A","subject":"x","text":"y","openedBy":"Dana","number":"T-6120"}`, nil, 422, "", `\"T-6120\" is the number of ticket \"t1\"`},
		{"POST", "tickets", `{"id":"t2","accountId":"A","subject":"x","text":"y","openedBy":"Dana"}`, nil, 422, "", `{"field":"id","message":"is made by the server`},
		{"POST", "tickets", `{"accountId":"A","subject":"x","text":"y","openedBy":"Dana"}`, nil, 201, `"v1"`, `"number":"T-1"`},
		{"GET", "tickets/t1/messages", "", nil, 200, "", `{"items":[{"id":"t1","ticketId":"t1","author":"Dana Miller","text":"Often.","at":`},
		{"PUT", "tickets/t1/messages/m1", `{"author":"Sam","byStaff":true,"text":"We look."}`, nil, 201, `"v1"`, `{"id":"m1","ticketId":"t1","author":"Sam","byStaff":true,"text":"We look."`},
		{"GET", "tickets/t1", "", nil, 200, `"v2"`, `"status":"Answered"`},
		{"POST", "tickets/t1/messages", `{"author":"Dana","text":"Thanks."}`, key, 201, `"v1"`, `"ticketId":"t1","author":"Dana","text":"Thanks."`},
		{"POST", "tickets/t1/messages", `{"author":"Dana","text":"Thanks."}`, key, 201, `"v1"`, `"ticketId":"t1"`},
		{"POST", "tickets/t1/messages", `{"author":"Dana","text":"No."}`, key, 422, "", "Idempotency-Key was used before"},
		{"GET", "tickets/t1", "", nil, 200, `"v3"`, `"status":"Open"`},
		{"PATCH", "tickets/t1", `{"status":"Closed","closing":{"text":"Repaired."}}`, nil, 200, `"v4"`, `"closing":{"author":"Acme","byStaff":true,"text":"Repaired.","at":`},
		{"PATCH", "tickets/t1", `{"status":"Open"}`, nil, 200, `"v5"`, `"status":"Open","contactId":"c1"`},
		{"PATCH", "tickets/t1", `{"status":null}`, nil, 200, `"v5"`, `"status":"Open"`},
		{"PUT", "tickets/t1/messages/t1", `{"author":"Dana Miller","text":"Changed."}`, nil, 422, "", "the first message is what the ticket was opened with"},
		{"PUT", "tickets/t9/messages/m9", `{"author":"Dana","text":"x"}`, nil, 404, "", ""},
		{"POST", "tickets/t9/messages", `{"author":"Dana","text":"x"}`, nil, 404, "", ""},
		{"GET", "tickets/t9/messages", "", nil, 404, "", ""},
		{"GET", "tickets/t9/messages/m1", "", nil, 404, "", ""},
		{"GET", "tickets/t1/messages/m1", "", map[string]string{"If-None-Match": `"v1"`}, 304, `"v1"`, ""},
		{"PUT", "tickets/t1/messages/m1", `{"author":"Sam","byStaff":true,"text":"x"}`, map[string]string{"If-Match": `"v2"`}, 412, "", "is at version 1, not 2"},
		{"GET", "tickets/t1/messages?cursor=x", "", nil, 422, "", "is not a cursor of the messages of this ticket"},
		{"GET", "tickets?accountId=B", "", nil, 200, "", `{"items":[]}`},
		{"DELETE", "tickets/t1", "", nil, 405, "", ""},
		{"DELETE", "contacts/c1", "", nil, 204, "", ""},
		{"GET", "tickets/t1", "", nil, 200, `"v6"`, `"status":"Open","openedBy":"Dana Miller"`},
	})
	if ids := s.messages(t, "t1", 1); len(ids) != 3 || ids[0] != "t1" || ids[1] != "m1" {
		t.Errorf("messages page by page: %v", ids)
	}
}

// messages reads the messages of a ticket in pages.
func (s *site) messages(t *testing.T, ticket string, limit int) (ids []string) {
	t.Helper()
	for next := ""; ; {
		_, text := s.call(t, http.MethodGet, "/api/v1/tickets/"+ticket+"/messages?limit="+string(rune('0'+limit))+"&cursor="+next, nil, nil)
		var page Page[integration.TicketMessage]
		if err := json.Unmarshal([]byte(text), &page); err != nil || len(page.Items) > limit {
			t.Fatalf("%v: %s", err, text)
		}
		for _, m := range page.Items {
			ids = append(ids, m.ID)
		}
		if next = page.Next; next == "" {
			return ids
		}
	}
}

func TestNotes(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`)
	s.walk(t, []step{
		{"PUT", "notes/n1", `{"accountId":"A","text":"Called.\nTwice."}`, nil, 201, `"v1"`, `{"id":"n1","accountId":"A","text":"Called.\nTwice.","author":"token cli","at":`},
		{"PATCH", "notes/n1", `{"author":"Sam"}`, nil, 200, `"v2"`, `"author":"Sam"`},
		{"PATCH", "notes/n1", `{"text":""}`, nil, 422, "", `{"field":"text","rule":"required"`},
		{"POST", "notes", `{"accountId":"B","text":"x"}`, nil, 422, "", `there is no account \"B\"`},
		{"POST", "notes", `{"text":"x"}`, nil, 422, "", `{"field":"accountId","rule":"required","message":"is missing"}`},
		{"POST", "notes", `x`, nil, 422, "", `"rule":"json"`},
		{"DELETE", "notes/n1", "", nil, 204, "", ""},
	})
}

// TestCreate: with a key once, without one each time, and what is made is at the address
// that the answer names.
func TestCreate(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`)
	post := func(key, text string) (location string, note integration.Note, replayed string) {
		header := map[string]string{"Content-Type": "application/json"}
		if key != "" {
			header["Idempotency-Key"] = key
		}
		response, body := s.call(t, http.MethodPost, "/api/v1/notes", header, reader(`{"accountId":"A","text":"`+text+`"}`))
		if response.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %s", response.Status, body)
		}
		if err := json.Unmarshal([]byte(body), &note); err != nil {
			t.Fatal(err)
		}
		return response.Header.Get("Location"), note, response.Header.Get("Idempotency-Replayed")
	}
	first, made, replayed := post("k1", "x")
	again, repeatedNote, repeated := post("k1", "x")
	if first != again || made != repeatedNote || replayed != "" || repeated != "true" {
		t.Errorf("with a key: %s %q, then %s %q", first, replayed, again, repeated)
	}
	one, _, _ := post("", "x")
	two, _, _ := post("", "x")
	if one == two || one == first {
		t.Errorf("without a key: %s, %s", one, two)
	}
	for _, location := range []string{first, one, two} {
		response, text := s.call(t, http.MethodGet, location, nil, nil)
		if response.StatusCode != http.StatusOK || !strings.Contains(text, `"text":"x"`) {
			t.Errorf("%s: %s %s", location, response.Status, text)
		}
	}
	if _, text := s.call(t, http.MethodGet, "/api/v1/notes?accountId=A", nil, nil); strings.Count(text, `"id"`) != 3 {
		t.Errorf("the notes: %s", text)
	}
}
