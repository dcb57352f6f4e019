package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
)

// formFields are the names of all fields of all forms. A form ignores what is not its own.
var formFields = []string{
	"address", "answer", "categories", "code", "comment", "contact", "current", "email", "firstName", "grants", "id", "key", "lastName",
	"locale", "login", "name", "next", "ownVersion", "password", "phone", "preset", "price", "product", "quantity", "repeat", "roles", "session", "site", "sites",
	"subject", "taxId", "text", "timeZone", "username", "version", "where",
}

// badBody is what a crafted form or a broken client sends.
type badBody struct {
	name, query, body string
	headers           []string
	status            int // that every route answers with; 0: any that says what is wrong
}

func filledWith(value string) string {
	form := url.Values{}
	for _, field := range formFields {
		form.Set(field, value)
	}
	return form.Encode()
}

var badBodies = []badBody{
	{name: "nothing"},
	{name: "control characters", body: filledWith("a\x00b\x1b[31m")},
	{name: "no text at all", body: filledWith("\xff\xfe")},
	{name: "right to left marks in everything", body: filledWith("\u202eevil\u202c")},
	{name: "emoji in everything", body: filledWith("👩‍👩‍👧‍👦🎉")},
	{name: "line breaks and headers", body: filledWith("x\r\nBcc: all@mail.example\r\nSet-Cookie: a=b")},
	{name: "markup and expressions", body: filledWith("<script>alert(1)</script>{{.}}${7*7}' OR 1=1 --")},
	{name: "a long text in each", body: filledWith(strings.Repeat("x", 300))},
	{name: "larger than any form", body: filledWith(strings.Repeat("x", 6000))},
	{name: "broken escapes", body: "login=%zz&name=%"},
	{name: "the same field many times", body: strings.Repeat("version=99&contact=c-ravi&id=c-ravi&", 20) + "version=1"},
	{name: "fields in the address", query: filledWith("dana")},
	{name: "JSON", body: `{"version":1,"owner":true}`, headers: []string{"Content-Type", "application/json"}},
	{name: "broken parts", body: "--x\r\nContent-Dis", headers: []string{"Content-Type", "multipart/form-data; boundary=x"}},
	{name: "another site's form", body: filledWith("dana"), headers: []string{"Sec-Fetch-Site", "cross-site"}, status: http.StatusForbidden},
	{name: "another site's form of an old browser", body: filledWith("dana"), headers: []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, status: http.StatusForbidden},
}

func allFeatures() []settings.Feature {
	var all []settings.Feature
	for _, info := range settings.FeatureRegistry() {
		all = append(all, info.Feature)
	}
	return all
}

// belongings is what none of these forms may change.
func (m *matrix) belongings(t *testing.T) string {
	t.Helper()
	var state string
	err := m.root.QueryRow(t.Context(), `SELECT concat_ws(' ',
		(SELECT string_agg(concat_ws(',', id, version, owner, grants, email, first_name, pending_email, opted_out), ';' ORDER BY id) FROM contact),
		(SELECT string_agg(concat_ws(',', id, version, name, address, status), ';' ORDER BY id) FROM account),
		(SELECT string_agg(concat_ws(',', id, username, email, password_hash), ';' ORDER BY id) FROM app_user),
		(SELECT count(*) FROM customer_order), (SELECT count(*) FROM service_request), (SELECT count(*) FROM totp), (SELECT count(*) FROM passkey),
		(SELECT count(*) FROM credential_link))`).Scan(&state)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// withoutInput are the forms that are a button: nothing that is sent with them is read, so
// there is nothing in it to refuse. One of them may be sent by other sites.
var withoutInput = []string{"POST /sign-out", "POST /sessions/end-others", unsubscribePattern}

// TestEveryFormWithBadInput: every address that takes a form x what nobody's page sends.
// Nobody gets an error of ours, nothing is changed, a page that is shown again says what
// is wrong, and what was sent is in no log.
func TestEveryFormWithBadInput(t *testing.T) {
	m := newMatrix(t)
	m.profile(t, allFeatures())
	before := m.belongings(t)
	forms := 0
	for _, r := range m.portal.routes() {
		sample := checkedRoutes[r.pattern]
		if sample.method != http.MethodPost || strings.Contains(strings.Join(withoutInput, "\n"), r.pattern) {
			continue
		}
		forms++
		for _, bad := range badBodies {
			m.refuses(t, sample.path, bad)
		}
	}
	if forms < 30 {
		t.Errorf("only %d forms were tried", forms)
	}
	if diff := cmp.Diff(before, m.belongings(t)); diff != "" {
		t.Errorf("something was changed (-before +after):\n%s", diff)
	}
	log := m.logged.String()
	for _, sent := range []string{"alert(1)", "all@mail.example", "evil\u202c", "\x1b[31m"} {
		if strings.Contains(log, sent) {
			t.Errorf("the log has %q", sent)
		}
	}
	for _, cause := range []string{"invalid URL escape", "request body too large", "cross-origin"} {
		if !strings.Contains(log, cause) {
			t.Errorf("the log does not say %q", cause)
		}
	}
}

// refuses sends a form and looks at what the person is told.
func (m *matrix) refuses(t *testing.T, path string, bad badBody) {
	t.Helper()
	if bad.query != "" {
		path += "?" + bad.query
	}
	a := m.person.send(path, bad.body, bad.headers...)
	switch {
	case a.status >= http.StatusInternalServerError || a.status == http.StatusOK:
		t.Errorf("%s with %s: status %d\n%s", path, bad.name, a.status, words(a.body))
	case bad.status != 0 && a.status != bad.status:
		t.Errorf("%s with %s: status %d, want %d", path, bad.name, a.status, bad.status)
	case a.status == http.StatusUnprocessableEntity && !strings.Contains(a.body, `role="alert"`):
		t.Errorf("%s with %s: the page does not say what is wrong:\n%s", path, bad.name, words(a.body))
	}
	for _, raw := range []string{"<script>alert", "49 OR"} {
		if strings.Contains(a.body, raw) {
			t.Errorf("%s with %s: the page has %q", path, bad.name, raw)
		}
	}
	if strings.Contains(a.header.Get("Set-Cookie"), "a=b") || strings.Contains(a.header.Get("Location"), "evil.example") {
		t.Errorf("%s with %s: header %v", path, bad.name, a.header)
	}
}

// TestFormsOfAnEndedSession: what somebody sends after their session has ended goes to the
// sign-in page and changes nothing, and so does a cookie that was tampered with.
func TestFormsOfAnEndedSession(t *testing.T) {
	m := newMatrix(t)
	m.profile(t, allFeatures())
	tampered := m.browser(t)
	tampered.plant(sessionCookie, tamperedWith(m.person.cookie(sessionCookie)))
	before := m.belongings(t)
	if _, err := m.root.Exec(t.Context(), "DELETE FROM session"); err != nil {
		t.Fatal(err)
	}
	for _, r := range m.portal.routes() {
		sample := checkedRoutes[r.pattern]
		if sample.method != http.MethodPost || r.open == everybody {
			continue
		}
		for name, b := range map[string]*browser{"ended": m.person, "tampered with": tampered} {
			a := b.send(sample.path, filledWith("dana"))
			if got := a.header.Get("Location"); a.status != http.StatusSeeOther || !strings.HasPrefix(got, "/sign-in") {
				t.Errorf("%s with a session that is %s: status %d, location %q", sample.path, name, a.status, got)
			}
		}
	}
	if diff := cmp.Diff(before, m.belongings(t)); diff != "" {
		t.Errorf("something was changed (-before +after):\n%s", diff)
	}
}
