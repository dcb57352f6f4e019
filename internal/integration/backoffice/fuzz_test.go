package backoffice

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever a cursor or a position is, the answer is a page or says what is wrong with it.
func FuzzCursors(f *testing.F) {
	s := newSite(f, server)
	s.must(f, "accounts", lines(1, 3, accountLine)...)
	s.api.rates = newRates(Limits{PerSecond: 1 << 30, Burst: 1 << 30}, s.api.now)
	for _, seed := range []string{
		"", "x", "latest", "====", "bnVsbA", base64.RawURLEncoding.EncodeToString([]byte(`{"l":"sites?","i":"x"}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"l":"sites?","i":"\u0000","u":"9999-12-31T23:59:59Z"}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"f":"changes","n":"x","p":-1}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"f":"changes","n":"x","p":9223372036854775807}`)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, path := range []string{
			"/api/v1/sites?cursor=", "/api/v1/accounts?cursor=", "/api/v1/sites?updatedSince=2026-01-01T00:00:00Z&cursor=",
			"/api/v1/changes?after=", "/api/v1/events?after=", "/api/v1/calls?accountId=A&cursor=", "/api/v1/call-days?accountId=A&cursor=",
		} {
			response, answer := s.call(t, http.MethodGet, path+url.QueryEscape(text), nil, nil)
			if response.StatusCode != 200 && response.StatusCode != 422 && response.StatusCode != 410 {
				t.Errorf("%s%q: %s %s", path, text, response.Status, answer)
			}
		}
	})
}

// Whatever is sent as a precondition, a write answers, and only the right tag writes.
func FuzzEntityTags(f *testing.F) {
	s := newSite(f, server)
	s.must(f, "accounts", `{"id":"A","name":"Ada"}`)
	s.api.rates = newRates(Limits{PerSecond: 1 << 30, Burst: 1 << 30}, s.api.now)
	for _, seed := range []string{"", "*", `"v1"`, `W/"v1"`, "v1", `"v0"`, `"v-1"`, `"v99999999999999999999"`, `"v1", "v2"`, `""`, "\x7f", `"v1`, "v+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		if strings.ContainsFunc(tag, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Skip("no header can have it")
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "GET"} {
			response, answer := s.call(t, method, "/api/v1/sites/none", map[string]string{"If-Match": tag, "If-None-Match": tag}, reader(`{"accountId":"A","name":"x"}`))
			if response.StatusCode >= 500 {
				t.Errorf("%s %q: %s %s", method, tag, response.Status, answer)
			}
			if strings.Trim(tag, " \t") != "" && response.StatusCode/100 == 2 {
				t.Errorf("%s %q of nothing: %s", method, tag, response.Status)
			}
		}
	})
}

// Whatever a merge patch is, it changes the row to one that can be read, or is refused.
func FuzzPatch(f *testing.F) {
	s := newSite(f, server)
	s.must(f, "accounts", `{"id":"A","name":"Ada"}`)
	s.api.rates = newRates(Limits{PerSecond: 1 << 30, Burst: 1 << 30}, s.api.now)
	for _, seed := range []string{
		`{}`, `null`, `{"name":null}`, `{"name":"x","attributes":{"locale":null,"tradingTermsDays":1e3,"custom":[{"name":"a","value":"b"}]}}`,
		`{"attributes":null}`, `{"attributes":{"lateFee":{"amount":"1e9"}}}`, `{"groups":[null]}`, `{"version":9}`, `{"id":"B"}`, `{"startsOn":"0000-00-00"}`,
		`{"startsOn":"9999-12-31"}`, `{"status":"Closed","statusReason":"\u2028"}`, `{"attributes":{"tradingTermsDays":9223372036854775808}}`, `[{}]`, `{"a":{"a":{"a":{}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		response, answer := s.call(t, http.MethodPatch, "/api/v1/accounts/A", nil, strings.NewReader(string(patch)))
		switch response.StatusCode {
		case 200:
			if !json.Valid([]byte(answer)) {
				t.Errorf("%q: %s", patch, answer)
			}
		case 400, 422:
		default:
			t.Errorf("%q: %s %s", patch, response.Status, answer)
		}
	})
}
