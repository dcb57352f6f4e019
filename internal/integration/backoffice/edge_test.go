package backoffice

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// streamed hides how long a body is.
func streamed(text string) io.Reader { return io.MultiReader(strings.NewReader(text)) }

func TestRequestBodies(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	const good = `{"accountId":"A","name":"Home"}`
	packed := string(zipped(t, good))
	plain := map[string]string{"Content-Type": "application/json"}
	gzipped := map[string]string{"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
	tests := []struct {
		name     string
		method   string
		header   map[string]string
		body     string
		status   int
		contains string // of the answer and its headers
	}{
		{"good", "PUT", plain, good, 201, `"name":"Home"`},
		{"without a type", "PUT", nil, good, 200, ""},
		{"gzip", "PUT", gzipped, packed, 200, ""},
		{"not gzip", "PUT", gzipped, good, 400, "the body is not gzip"},
		{"half a gzip", "PUT", gzipped, packed[:20], 400, "broke off or is damaged"},
		{"gzip with a wrong sum", "PUT", gzipped, packed[:len(packed)-8] + "12345678", 400, "broke off or is damaged"},
		{"a bomb", "PUT", gzipped, string(zipped(t, strings.Repeat(" ", 50<<20))), 413, "larger than 1048576 bytes"},
		{"too large", "PUT", plain, strings.Repeat(" ", maxJSONBytes+1), 413, "larger than 1048576 bytes"},
		{"as large as it may be", "PUT", plain, good + strings.Repeat(" ", maxJSONBytes-len(good)), 200, ""},
		{"another encoding", "PUT", map[string]string{"Content-Encoding": "br"}, good, 415, "Accept-Encoding: gzip"},
		{"a form", "PUT", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, good, 415, "Accept-Post: application/json"},
		{"a patch of another kind", "PATCH", map[string]string{"Content-Type": "application/json-patch+json"}, `[]`, 415, "Accept-Patch: application/json, application/merge-patch+json"},
		{"no type at all", "PUT", map[string]string{"Content-Type": ";"}, good, 415, "send the body as"},
		{"nothing", "PUT", plain, "", 400, "the body is missing"},
		{"only spaces", "PUT", plain, "  ", 422, `"rule":"json"`},
		{"no object", "PUT", plain, `[1]`, 422, "must be an object"},
		{"half an object", "PUT", plain, good[:10], 422, `"rule":"json"`},
		{"two objects", "PUT", plain, good + good, 422, `"rule":"json"`},
		{"an unknown field", "PUT", plain, `{"accountId":"A","name":"Home","x":1}`, 422, `{"field":"x","rule":"additionalProperties"`},
		{"a field twice", "PUT", plain, `{"accountId":"A","name":"Home","name":"Home"}`, 422, `{"field":"name","rule":"uniqueItems"`},
		{"another case", "PUT", plain, `{"accountId":"A","Name":"Home"}`, 422, `{"field":"Name","rule":"additionalProperties"`},
		{"broken UTF-8", "PUT", plain, "{\"accountId\":\"A\",\"name\":\"Home\xff\"}", 422, "UTF-8"},
		{"half a surrogate", "PUT", plain, `{"accountId":"A","name":"\ud800"}`, 422, ""},
		{"a NUL", "PUT", plain, `{"accountId":"A","name":"x\u0000"}`, 422, "control characters"},
		{"deep nesting", "PUT", plain, `{"name":` + strings.Repeat("[", 200_000), 422, ""},
		{"deep nesting in a patch", "PATCH", plain, `{"name":` + strings.Repeat(`{"a":`, 20_000), 422, ""},
		{"a huge number", "PUT", plain, `{"accountId":"A","name":1e999999}`, 422, "must be a string"},
		{"a huge number in a patch", "PATCH", plain, `{"name":1e999999}`, 422, ""},
	}
	for _, test := range tests {
		header := map[string]string{"Accept-Encoding": "identity"}
		for name, value := range test.header {
			header[name] = value
		}
		for _, body := range []io.Reader{reader(test.body), streamed(test.body)} {
			response, text := s.call(t, test.method, "/api/v1/sites/s1", header, body)
			if response.StatusCode/100 == 2 && test.status/100 == 2 {
				response.StatusCode = test.status // the second one changes nothing
			}
			var head strings.Builder
			if err := response.Header.Write(&head); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || !strings.Contains(text+head.String(), test.contains) {
				t.Errorf("%s: %s %v\n%.500s\nwant %d %q", test.name, response.Status, response.Header, text, test.status, test.contains)
			}
			if media := response.Header.Get("Content-Type"); test.status >= 400 && media != integration.ProblemMediaType {
				t.Errorf("%s: an error of type %s", test.name, media)
			}
		}
	}
}

func TestSlowBody(t *testing.T) {
	s := newSite(t, server)
	s.api.bodyTime = 100 * time.Millisecond
	for _, encoding := range []string{"identity", "gzip"} {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.BaseURL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "PUT /api/v1/sites/s1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Encoding: %s\r\nContent-Length: 100\r\n\r\n", token, encoding)
		answer, err := io.ReadAll(connection)
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), "did not come within") {
			t.Errorf("%s: %v\n%s", encoding, err, answer)
		}
		connection.Close()
	}
}

func TestAcceptable(t *testing.T) {
	json, both := []string{"application/json"}, []string{"application/json", "application/pdf"}
	tests := []struct {
		accept string
		types  []string
		want   bool
	}{
		{"", json, true},
		{"*/*", json, true},
		{"application/*", json, true},
		{"application/json", json, true},
		{"application/json; charset=utf-8", json, true},
		{"text/html, application/json;q=0.1", json, true},
		{"application/pdf", both, true},
		{"text/html", json, false},
		{"json", json, false},
		{"application/json;q=0", json, false},
		{"*/*, application/json;q=0.000", json, false},
		{"*/*;q=0", json, false},
		{"text/*, */*;q=0.1", json, true},
		{";;;", json, true}, // says nothing
	}
	for _, test := range tests {
		var headers []string
		if test.accept != "" {
			headers = []string{test.accept}
		}
		if got := acceptable(headers, test.types); got != test.want {
			t.Errorf("%q with %v: %t", test.accept, test.types, got)
		}
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	s := newSite(t, server)
	s.must(t, "accounts", lines(1, 40, accountLine)...)
	tests := []struct {
		path, accept string
		header       map[string]string
		zipped       bool
		vary         string
	}{
		{"/api/v1/accounts", "gzip", nil, true, "Accept-Encoding"},
		{"/api/v1/accounts", "br, gzip;q=0.5", nil, true, "Accept-Encoding"},
		{"/api/v1/accounts", "gzip;q=0", nil, false, ""},
		{"/api/v1/accounts", "identity", nil, false, ""},
		{"/api/v1/accounts?limit=1", "gzip", nil, false, "Accept-Encoding"}, // it is short
		{"/api/v1/accounts/A-000001", "gzip", nil, false, "Accept-Encoding"},
		{"/api/v1/accounts/A-000001/settings", "gzip", nil, false, "Accept-Encoding"}, // it has an entity tag
		{"/api/v1/docs", "gzip", nil, true, "Accept-Encoding"},
		{"/api/v1/openapi.json", "gzip", nil, true, "Accept-Encoding"},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			response, text := s.call(t, method, test.path, map[string]string{"Accept-Encoding": test.accept}, nil)
			if response.StatusCode != 200 || response.Header.Get("Vary") != test.vary {
				t.Errorf("%s %s: %s %v", method, test.path, response.Status, response.Header)
			}
			if zipped := response.Header.Get("Content-Encoding") == "gzip"; zipped != test.zipped {
				t.Errorf("%s %s with %s: compressed %t", method, test.path, test.accept, zipped)
			}
			if method == "HEAD" && text != "" {
				t.Errorf("HEAD %s has a body", test.path)
			}
			if method == "GET" && test.zipped {
				unzipped, err := gzip.NewReader(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(unzipped); err != nil || len(text) < minGzipBytes {
					t.Errorf("%s: %d bytes, %v", test.path, len(text), err)
				}
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	s := newSite(t, server)
	tests := []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/api/v1", 404, ""},
		{"GET", "/api/v1/sites/", 404, ""},
		{"GET", "/api/v1//sites", 404, ""},
		{"GET", "/api/v1/sites/../sites", 404, ""},
		{"GET", "/api/v1/nothing", 404, ""},
		{"DELETE", "/api/v1/sites", 405, "GET, HEAD"},
		{"POST", "/api/v1/sites/s1", 405, "DELETE, GET, HEAD, PATCH, PUT"},
		{"OPTIONS", "/api/v1/sites", 405, "GET, HEAD"},
		{"TRACE", "/api/v1/version", 405, "GET, HEAD"},
		{"POST", "/api/v1/docs", 404, ""}, // to strangers it is a 401
		{"GET", "/api/v1/sites/%00", 404, ""},
		{"GET", "/api/v1/sites/%ff", 404, ""},
		{"DELETE", "/api/v1/sites/%00", 404, ""},
		{"GET", "/api/v1/sites/" + strings.Repeat("x", 65), 422, ""},
		{"GET", "/api/v1/sites?limit=0", 422, ""},
		{"GET", "/api/v1/sites?limit=x", 422, ""},
		{"GET", "/api/v1/sites?updatedSince=yesterday", 422, ""},
		{"GET", "/api/v1/sites?accountId=%00", 200, ""},
		{"GET", "/api/v1/events?accountId=%00", 200, ""},
	}
	for _, test := range tests {
		response, text := s.call(t, test.method, test.path, nil, nil)
		if response.StatusCode != test.status || response.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %s, Allow %q\n%s", test.method, test.path, response.Status, response.Header.Get("Allow"), text)
		}
		if test.status >= 400 && (response.Header.Get("Content-Type") != integration.ProblemMediaType || !strings.HasPrefix(text, `{"type":"about:blank",`)) {
			t.Errorf("%s %s: %v\n%s", test.method, test.path, response.Header, text)
		}
	}
	if response, text := s.call(t, "PUT", "/api/v1/sites/%00", nil, reader(`{"accountId":"A","name":"x"}`)); response.StatusCode != 422 || !strings.Contains(text, `"field":"id"`) {
		t.Errorf("an id that cannot be: %s %s", response.Status, text)
	}
}

// Wrong tokens of an address shut out nobody behind it, not even right after a start. Many
// different ones are looked up slowly.
func TestWrongTokensOfAnAddress(t *testing.T) {
	s := newSite(t, server)
	s.api.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	from := func(ip, token string) (int, string) {
		response, _ := s.call(t, "GET", "/api/v1/version", map[string]string{"X-Forwarded-For": ip, "Authorization": "Bearer " + token}, nil)
		return response.StatusCode, response.Header.Get("Retry-After")
	}
	now := time.Now()
	clock := func() time.Time { return now }
	s.api.strangers.now, s.api.wrong.now = clock, clock
	for range 2 * freeFailures {
		if status, _ := from("198.51.100.1", "an old one"); status != 401 {
			t.Fatalf("got %d", status)
		}
	}
	if s.api.strangers.blocked("198.51.100.1") {
		t.Error("one wrong token, often, was looked up more than once")
	}
	for i := range freeFailures {
		if status, _ := from("198.51.100.1", fmt.Sprint("wrong ", i)); status != 401 {
			t.Fatalf("got %d", status)
		}
	}
	if !s.api.strangers.blocked("198.51.100.1") {
		t.Fatal("many different ones were looked up")
	}
	if status, _ := from("198.51.100.1", token); status != 200 {
		t.Errorf("a token that is not known yet, behind the same address: %d", status)
	}
	s.api.strangers.shared = rate.NewLimiter(rate.Every(time.Hour), 1)
	if status, _ := from("198.51.100.1", "wrong 100"); status != 401 {
		t.Errorf("the last one that all may have looked up: %d", status)
	}
	if status, wait := from("198.51.100.1", "wrong 101"); status != 429 || wait != "1" {
		t.Errorf("one too many: %d, wait %q", status, wait)
	}
	if status, _ := from("198.51.100.1", token); status != 200 {
		t.Errorf("a token that has worked: %d", status)
	}
	if status, _ := from("198.51.100.2", "wrong 102"); status != 401 {
		t.Errorf("another address: %d", status)
	}
	if now = now.Add(failureEvery); s.api.strangers.blocked("198.51.100.1") || s.api.wrong.has(tokenHash(store.TokenHash("an old one"))) {
		t.Error("it does not end")
	}
}

func TestWrongTokensAreBounded(t *testing.T) {
	wrong := newWrongTokens(time.Now)
	for i := range 2*maxWrong + 1 {
		wrong.add(tokenHash(store.TokenHash(fmt.Sprint(i))))
	}
	if len(wrong.until) > maxWrong {
		t.Errorf("%d tokens are remembered", len(wrong.until))
	}
}

// The address in the audit trail is that of the client, not that of the proxy.
func TestAddressOfTheClient(t *testing.T) {
	s := newSite(t, server)
	s.api.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	s.call(t, "PUT", "/api/v1/sites/s1", map[string]string{"X-Forwarded-For": "203.0.113.9"}, reader(`{"accountId":"A","name":"x"}`))
	page, err := s.tenant.Portal.Activity(t.Context(), "A", 0, 1)
	if err != nil || len(page.Entries) != 1 || page.Entries[0].IP != "203.0.113.9" {
		t.Errorf("audit: %+v, %v", page, err)
	}
}

func TestStrangersAreBounded(t *testing.T) {
	now := time.Now()
	s := newStrangers(func() time.Time { return now })
	for i := range 3 * maxStrangers {
		s.failed(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
		if len(s.of) > maxStrangers {
			t.Fatalf("%d addresses are remembered", len(s.of))
		}
	}
	for _, ip := range []string{"2001:db8::1", "2001:db8::ffff:2"} {
		for range freeFailures / 2 {
			s.failed(ip)
		}
	}
	if !s.blocked("2001:db8::3") {
		t.Error("addresses of one network count alone")
	}
	if s.blocked("2001:db8:0:1::1") {
		t.Error("another network is blocked")
	}
}

func TestRateOfAToken(t *testing.T) {
	s := newSite(t, server)
	now := time.Now()
	s.api.rates = newRates(Limits{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	cli, err := s.tenant.Backoffice.UseToken(t.Context(), store.TokenHash(token), now)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (int, string) {
		response, _ := s.call(t, "GET", "/api/v1/version", nil, nil)
		return response.StatusCode, response.Header.Get("RateLimit") + " " + response.Header.Get("RateLimit-Policy") + " " + response.Header.Get("Retry-After")
	}
	for _, want := range []string{
		`200 "token";r=2;t=1 "token";q=3;w=2 `, `200 "token";r=1;t=1 "token";q=3;w=2 `, `200 "token";r=0;t=2 "token";q=3;w=2 `, `429 "token";r=0;t=2 "token";q=3;w=2 1`,
	} {
		if status, headers := ask(); fmt.Sprint(status, " ", headers) != want {
			t.Errorf("got %d %s, want %s", status, headers, want)
		}
	}
	if now = now.Add(time.Second); s.api.rates.take(cli.ID, http.Header{}) != nil {
		t.Error("it does not end")
	}
	if status, _ := ask(); status != 200 {
		t.Errorf("the second of a second: %d", status)
	}
	if s.api.rates.take("another", http.Header{}) != nil {
		t.Error("tokens share a rate")
	}
}

func TestIdempotencyKeysAreText(t *testing.T) {
	s := newSite(t, server)
	for key, status := range map[string]int{"crm 1": 201, "\xff\xfe": 422, "\u00e9": 422, "a\tb": 422} {
		response, text := s.call(t, "PUT", "/api/v1/groups/g-"+fmt.Sprint(status, len(key)), map[string]string{"Idempotency-Key": key}, reader(`{"displayName":"x"}`))
		if response.StatusCode != status || (status == 422 && !strings.Contains(text, `"field":"Idempotency-Key"`)) {
			t.Errorf("%q: %s %s", key, response.Status, text)
		}
	}
}
