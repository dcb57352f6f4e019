package backoffice

import (
	"net/http"
	"testing"
)

func TestSites(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada","status":"Active"}`, `{"id":"B","name":"Ben","status":"Active"}`)
	s.walk(t, []step{
		{"PUT", "sites/s1", `{"accountId":"A","name":"Home","address":"1 Quay"}`, nil, 201, `"v1"`, `"name":"Home"`},
		{"PUT", "sites/s1", `{"accountId":"A","name":"Home","address":"1 Quay"}`, nil, 200, `"v1"`, `"version":1`},
		{"PATCH", "sites/s1", `{"name":"House","address":null}`, nil, 200, `"v2"`, `{"id":"s1","accountId":"A","name":"House","version":2`},
		{"PATCH", "sites/s1", `{"name":null}`, nil, 422, "", `{"field":"name","rule":"required","message":"is missing"}`},
		{"PUT", "sites/s1", `{"accountId":"A","name":"x"}`, map[string]string{"If-Match": `"v1"`}, 412, "", "is at version 2, not 1"},
		{"PUT", "sites/s1", `{"accountId":"B","name":"x"}`, nil, 422, "", "never moves"},
		{"PUT", "sites/s2", `{"accountId":"A","nam":"x"}`, nil, 422, "", `"field":"nam"`},
		{"GET", "sites/s1", "", map[string]string{"If-None-Match": `"v2"`}, 304, `"v2"`, ""},
		{"GET", "sites/s9", "", nil, 404, "", "there is none"},
		{"GET", "sites?accountId=A", "", nil, 200, "", `{"items":[{"id":"s1"`},
		{"GET", "sites?accountID=A", "", nil, 422, "", "accountID"},
		{"DELETE", "sites/s1", "", map[string]string{"If-Match": `"v2"`}, 204, "", ""},
		{"GET", "sites/s1", "", nil, 404, "", ""},
		// What is made again under the id of a deleted one is not taken for it.
		{"PUT", "sites/s1", `{"accountId":"A","name":"Barn"}`, map[string]string{"If-None-Match": "*"}, 201, `"v4"`, `"version":4`},
		{"PUT", "sites/s1", `{"accountId":"A","name":"x"}`, map[string]string{"If-Match": `"v1"`}, 412, "", "is at version 4, not 1"},
		{"GET", "sites/s1", "", map[string]string{"If-None-Match": `"v1"`}, 200, `"v4"`, `"name":"Barn"`},
	})
	if response, _ := s.call(t, http.MethodGet, "/api/v1/sites", map[string]string{"Authorization": ""}, nil); response.StatusCode != 401 {
		t.Errorf("without a token: %s", response.Status)
	}
}
