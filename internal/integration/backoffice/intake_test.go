package backoffice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/signature"
	"github.com/foyerhq/foyer/internal/store"
)

// withReadings declares an event type of the tenant's own.
func withReadings(document *config.Settings) {
	own, err := json.Marshal([]catalog.Own{{Name: "custom.reading", Fields: []catalog.OwnField{{Name: "reading", Type: catalog.Integer}}}, {Name: "custom.plain"}})
	if err != nil {
		panic(err)
	}
	document.Tenant.Content = json.RawMessage(strings.TrimSuffix(string(document.Tenant.Content), "}") + `,"events":` + string(own) + "}")
}

// reading is an event of account A, in structured mode.
func reading(id, more string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/meter","type":"custom.reading","subject":"A","data":{"data":{"reading":3}}%s}`, id, more)
}

var (
	structured = map[string]string{"Content-Type": integration.CloudEventMediaType}
	batched    = map[string]string{"Content-Type": integration.CloudEventBatchMediaType}
)

// newMeter is a site with an account A that takes readings.
func newMeter(t *testing.T) *site {
	t.Helper()
	s := newSite(t, server)
	s.settings.Store(documentOf(t, withReadings))
	s.must(t, "accounts", `{"id":"A","name":"Ada"}`)
	return s
}

// taken are the events of account A that were sent in.
func (s *site) taken(t *testing.T) []store.Event {
	t.Helper()
	page, err := s.tenant.Backoffice.Events(t.Context(), store.FeedPage{After: store.FromOldest, Limit: 2000, AccountID: "A"})
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

func TestIntake(t *testing.T) {
	s := newMeter(t)
	invoice := `{"specversion":"1.0","id":"i","source":"/billing","type":"invoice.paid","subject":"A","time":"` + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + `","data":{
		"account":{"id":"A","name":"of the sender","profile":"x","status":"Active"},
		"invoice":{"id":"I-7","number":"7","status":"Paid","issuedOn":"2026-11-01","dueOn":"2026-11-15","currency":"EUR","total":"10.00","balance":"0.00","url":"https://my.acme.example/invoices/7","paidOn":"2026-11-20"},
		"open":{"count":0,"balance":"0.00","currency":"EUR"}}}`
	binary := map[string]string{"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "b", "ce-source": "/meter", "ce-type": "custom.reading", "ce-subject": "A"}
	plain := map[string]string{"Content-Type": "", "ce-specversion": "1.0", "ce-id": "p", "ce-source": "/meter", "ce-type": "custom.plain", "ce-subject": "A"}
	s.walk(t, []step{
		{"POST", "events", reading("1", ""), structured, 202, "", `{"accepted":1,"duplicates":0,"tooOld":0,"items":[{"source":"/meter","id":"1","outcome":"Accepted"}]}`},
		{"POST", "events", reading("1", ""), structured, 202, "", `{"accepted":0,"duplicates":1,"tooOld":0,"items":[{"source":"/meter","id":"1","outcome":"Duplicate"}]}`},
		{"POST", "events", "[" + reading("2", "") + "," + reading("1", "") + "," + reading("2", "") + "]", batched, 202, "", `{"accepted":1,"duplicates":2,`},
		{"POST", "events", `[]`, batched, 202, "", `{"accepted":0,"duplicates":0,"tooOld":0,"items":[]}`},
		{"POST", "events", `{"data":{"reading":4}}`, binary, 202, "", `"accepted":1`},
		{"POST", "events", ``, plain, 202, "", `"accepted":1`},
		{"POST", "events", invoice, structured, 202, "", `"accepted":1`},
	})
	type seen struct{ ID, Source, Type, Subject, Actor, Data string }
	var got []seen
	for _, e := range s.taken(t) {
		got = append(got, seen{e.ID, e.Source, e.Type, e.Subject, e.Actor, string(e.Data)})
		if e.Type == "invoice.paid" && time.Since(e.At) < 59*time.Minute {
			t.Errorf("the time of the event is %s", e.At)
		}
	}
	want := []seen{
		{"1", "/meter", "custom.reading", "", "token cli", `{"data": {"reading": 3}}`},
		{"2", "/meter", "custom.reading", "", "token cli", `{"data": {"reading": 3}}`},
		{"b", "/meter", "custom.reading", "", "token cli", `{"data": {"reading": 4}}`},
		{"p", "/meter", "custom.plain", "", "token cli", `{}`},
	}
	if diff := cmp.Diff(want, got[:min(4, len(got))]); diff != "" || len(got) != 5 {
		t.Fatalf("%d events, -want +got:\n%s", len(got), diff)
	}
	if last := got[4]; last.Subject != "I-7" || strings.Contains(last.Data, "account") || !strings.Contains(last.Data, `"paidOn": "2026-11-20"`) {
		t.Errorf("the invoice: %+v", last)
	}
}

func TestIntakeRefuses(t *testing.T) {
	s := newMeter(t)
	without := func(old, other string) string { return strings.Replace(reading("1", ""), old, other, 1) }
	field := func(name, rest string) string { return `"field":"` + name + `",` + rest }
	s.walk(t, []step{
		{"POST", "events", without("custom.reading", "custom.redding"), structured, 422, "", field("type", `"rule":"enum","message":"\"custom.redding\" is not an event type of this tenant, the nearest is custom.reading; docs/events.md`)},
		{"POST", "events", without("custom.reading", "portal.passwordReset"), structured, 422, "", field("type", `"rule":"enum","message":"portal.passwordReset cannot be sent in: it comes from Foyer itself"`)},
		{"POST", "events", without("custom.reading", "contact.verifyEmail"), structured, 422, "", "cannot be sent in: it has a secret link"},
		{"POST", "events", without("custom.reading", "invoice.unpaid"), structured, 422, "", "cannot be sent in: it falls due by date"},
		{"POST", "events", without("/meter", "foyer"), structured, 422, "", field("source", `"rule":"enum"`)},
		{"POST", "events", without(`,"subject":"A"`, ""), structured, 422, "", field("subject", `"rule":"required"`)},
		{"POST", "events", without(`"A"`, `"B"`), structured, 422, "", field("subject", `"rule":"const","message":"there is no account \"B\": subject is its id"`)},
		{"POST", "events", without(`3`, `"3"`), structured, 422, "", field("data.data.reading", `"rule":"type","message":"must be a whole number, as 3, not \"3\""`)},
		{"POST", "events", without(`"reading":3`, `"reeding":3`), structured, 422, "", field("data.data.reeding", `"rule":"additionalProperties","message":"there is no such field, the nearest is reading"`)},
		{"POST", "events", without(`{"reading":3}`, `{"reading":3},"account":{"id":"C","name":"x","profile":"x","status":"Active"}`), structured, 422, "", field("data.account.id", `"rule":"const","message":"is another account than the subject"`)},
		{"POST", "events", reading("1", `,"time":"`+time.Now().AddDate(0, 0, 2).UTC().Format(time.RFC3339)+`"`), structured, 422, "", field("time", `"rule":"maximum"`)},
		{"POST", "events", "[" + reading("1", "") + "," + without(`"A"`, `"B"`) + "]", batched, 422, "", field("[1].subject", `"rule":"const","message":"there is no account`)},
		{"POST", "events", "[" + reading("1", "") + "," + without(`3`, `null`) + "]", batched, 422, "", field("[1].data.data.reading", `"rule":"type","message":`)},
		{"POST", "events", reading("1", ""), nil, 422, "", field("ce-specversion", `"rule":"required"`)},
		{"POST", "events", "", structured, 400, "", "the body is missing"},
		{"POST", "events?notify=none", reading("1", ""), structured, 422, "", field("notify", `"rule":"additionalProperties"`)},
		{"POST", "events", reading("1", ""), map[string]string{"Content-Type": integration.CloudEventMediaType, "Idempotency-Key": "k"}, 422, "", "has no effect here"},
		{"POST", "events", strings.Repeat(" ", maxIntakeBytes+1), structured, 413, "", "larger than 8388608 bytes"},
		{"POST", "events", "x", map[string]string{"Content-Type": "text/xml"}, 415, "", "application/cloudevents+json or application/cloudevents-batch+json or application/json"},
	})
	if events := s.taken(t); len(events) != 0 {
		t.Errorf("%d events of refused requests are on record", len(events))
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = without(`3`, `"x"`)
	}
	response, text := s.call(t, "POST", pathEvents, batched, reader("["+strings.Join(many, ",")+"]"))
	if response.StatusCode != 422 || strings.Count(text, `"field"`) != maxIntakeTold {
		t.Errorf("a thousand bad ones: %s, %d problems", response.Status, strings.Count(text, `"field"`))
	}
}

// An event that comes ahead of its time counts as of now, and a whole batch fits.
func TestIntakeOfMany(t *testing.T) {
	s := newMeter(t)
	ahead := time.Now().Add(time.Hour)
	many := make([]string, integration.MaxEventBatch)
	for i := range many {
		many[i] = reading(fmt.Sprint("e", i), `,"time":"`+ahead.UTC().Format(time.RFC3339)+`"`)
	}
	response, text := s.call(t, "POST", pathEvents, batched, reader("["+strings.Join(many, ",")+"]"))
	if response.StatusCode != 202 || !strings.HasPrefix(text, `{"accepted":1000,"duplicates":0,`) {
		t.Fatalf("%s %.500s", response.Status, text)
	}
	events := s.taken(t)
	if len(events) != integration.MaxEventBatch || events[0].At.After(time.Now()) {
		t.Errorf("%d events, the first of %s", len(events), events[0].At)
	}
}

// A queue that holds something old drains.
func TestIntakeOfOld(t *testing.T) {
	s := newMeter(t)
	old := `,"time":"` + time.Now().AddDate(0, 0, -31).UTC().Format(time.RFC3339) + `"`
	gone := strings.Replace(reading("2", old), `"subject":"A"`, `"subject":"X"`, 1)
	s.walk(t, []step{{"POST", "events", "[" + reading("1", old) + "," + gone + "," + reading("3", "") + "," + reading("3", "") + "]", batched, 202, "",
		`{"accepted":1,"duplicates":1,"tooOld":2,"items":[{"source":"/meter","id":"1","outcome":"TooOld"},{"source":"/meter","id":"2","outcome":"TooOld"},` +
			`{"source":"/meter","id":"3","outcome":"Accepted"},{"source":"/meter","id":"3","outcome":"Duplicate"}]}`}})
	if events := s.taken(t); len(events) != 1 || events[0].ID != "3" {
		t.Errorf("on record: %+v", events)
	}
}

// What is another event by the same source and id is not lost as a repeat of it.
func TestIntakeOfAnothersID(t *testing.T) {
	s := newMeter(t)
	s.must(t, "accounts", `{"id":"B","name":"Ben"}`)
	with := func(old, other string) string { return strings.Replace(reading("1", ""), old, other, 1) }
	plain := strings.Replace(with("custom.reading", "custom.plain"), `"data":{"data":{"reading":3}}`, `"data":{}`, 1)
	const onRecord = `"field":"id","rule":"uniqueItems","message":"\"1\" of source /meter is the id of an event of type custom.reading `
	s.walk(t, []step{
		{"POST", "events", reading("1", ""), structured, 202, "", `"accepted":1`},
		{"POST", "events", with("3", "4"), structured, 202, "", `"duplicates":1`}, // as it is with ids
		{"POST", "events", plain, structured, 409, "", onRecord + "that is on record"},
		{"POST", "events", with(`"A"`, `"B"`), structured, 409, "", onRecord + "of another subject"},
		{"POST", "events", "[" + reading("2", "") + "," + plain + "]", batched, 409, "", `"field":"[1].id"`},
		{"POST", "events", "[" + reading("2", "") + "," + strings.Replace(plain, `"id":"1"`, `"id":"2"`, 1) + "]", batched, 409, "", `"field":"[1].id"`},
	})
	if events := s.taken(t); len(events) != 1 {
		t.Errorf("on record: %+v", events)
	}
}

// Ids of objects are keys of what is told once: they are as short as all ids, wherever they
// are. What the tenant's own events carry may be any text.
func TestIntakeOfLongIDs(t *testing.T) {
	s := newMeter(t)
	s.settings.Store(documentOf(t, func(document *config.Settings) {
		withReadings(document)
		document.Tenant.Content = json.RawMessage(strings.Replace(string(document.Tenant.Content), `{"name":"custom.plain"}`, `{"name":"custom.plain","fields":[{"name":"id","type":"Text"}]}`, 1))
	}))
	long := strings.Repeat("ü", 65)
	paid := func(id string) string {
		return `{"specversion":"1.0","id":"1","source":"/billing","type":"invoice.paid","subject":"A","data":{
			"invoice":{"id":"` + id + `","number":"7","status":"Paid","issuedOn":"2026-11-01","dueOn":"2026-11-15","currency":"EUR","total":"10.00","balance":"0.00","url":"https://my.acme.example/invoices/7","paidOn":"2026-11-20"},
			"open":{"count":0,"balance":"0.00","currency":"EUR"}}}`
	}
	own := strings.NewReplacer("custom.reading", "custom.plain", `{"reading":3}`, `{"id":"`+long+`"}`).Replace(reading("2", ""))
	s.walk(t, []step{
		{"POST", "events", paid(long), structured, 422, "", `"field":"data.invoice.id","rule":"maxLength","message":"has 65 characters, allowed are 64: it is an id"`},
		{"POST", "events", paid(long[2:]), structured, 202, "", `"accepted":1`},
		{"POST", "events", own, structured, 202, "", `"accepted":1`},
	})
}

func TestIntakeScopes(t *testing.T) {
	s := newMeter(t)
	for i, test := range []struct {
		scope, event string
		status       int
		contains     string
	}{
		{"events:write", reading("1", ""), 202, ""},
		{"events:write:custom.reading", reading("2", ""), 202, ""},
		{"events:write:custom.*", reading("3", ""), 202, ""},
		{"events:write:invoice.paid", reading("4", ""), 403, "the token has no scope events:write:custom.reading"},
		{"events:read", reading("5", ""), 403, "the token has no scope events:write"},
		{"events:write:custom.plain", strings.Replace(reading("6", ""), "custom.reading", "custom.redding", 1), 403, "the token has no scope events:write:custom.redding"},
		{"events:write:custom.plain", strings.Replace(reading("6", ""), "{\"reading\":3}", "{\"reeding\":3}", 1), 403, "the token has no scope events:write:custom.reading"},
		{"events:write:account.*", strings.Replace(reading("6", ""), "custom.reading", "account.redding", 1), 422, "the nearest is account."},
		{"events:write", strings.Replace(reading("6", ""), "custom.reading", "custom.redding", 1), 422, "the nearest is custom.reading"},
	} {
		made := s.newToken(t, fmt.Sprintf(`{"name":"%s-%d","scopes":[%q]}`, strings.NewReplacer(":", "-", "*", "all").Replace(test.scope), i, test.scope))
		response, text := s.call(t, "POST", pathEvents, map[string]string{"Content-Type": integration.CloudEventMediaType, "Authorization": "Bearer " + made.Secret}, reader(test.event))
		if response.StatusCode != test.status || !strings.Contains(text, test.contains) {
			t.Errorf("%s: %s %s", test.scope, response.Status, text)
		}
	}
	response, text := s.call(t, "POST", "/api/v1/tokens", nil, reader(`{"name":"x","scopes":["events:write:custom.other"]}`))
	if response.StatusCode != 422 || !strings.Contains(text, `there is no scope \"events:write:custom.other\"`) {
		t.Errorf("a scope for no type: %s %s", response.Status, text)
	}
}

const (
	olderSecret = "whsec_b2xkZXItc2VjcmV0LW9mLXRoZS1ldmVudHM="
	newerSecret = "whsec_bmV3ZXItc2VjcmV0LW9mLXRoZS1ldmVudHM="
)

func TestSignedIntake(t *testing.T) {
	s := newMeter(t)
	dir := t.TempDir()
	secrets := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, eventSecretFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	send := func(secret, body string, at time.Time) (*http.Response, string) {
		keys, err := signature.Parse(secret)
		if err != nil {
			t.Fatal(err)
		}
		signed := http.Header{}
		keys.Sign(signed, "msg-1", at, []byte(body))
		header := map[string]string{"Authorization": "", "Content-Type": integration.CloudEventMediaType}
		for name := range signed {
			header[name] = signed.Get(name)
		}
		return s.call(t, "POST", pathEvents, header, reader(body))
	}
	if response, _ := send(olderSecret, reading("1", ""), time.Now()); response.StatusCode != 401 {
		t.Errorf("a tenant without a secret: %s", response.Status)
	}
	s.api.EventKeys = EventKeys(dir)
	if response, text := send(olderSecret, reading("1", ""), time.Now()); response.StatusCode != 503 || strings.Contains(text, dir) {
		t.Errorf("the secret is missing: %s %s", response.Status, text)
	}
	secrets(olderSecret + "\n")
	if response, text := send(olderSecret, reading("1", ""), time.Now()); response.StatusCode != 202 {
		t.Fatalf("signed: %s %s", response.Status, text)
	}
	if e := s.taken(t); len(e) != 1 || e[0].Actor != "signature" {
		t.Errorf("on record: %+v", e)
	}
	secrets(newerSecret + "\n" + olderSecret + "\n") // in force at once
	for id, secret := range map[string]string{"2": newerSecret, "3": olderSecret} {
		if response, text := send(secret, reading(id, ""), time.Now()); response.StatusCode != 202 {
			t.Errorf("one of two secrets: %s %s", response.Status, text)
		}
	}
	secrets(newerSecret)
	for what, try := range map[string]func() (*http.Response, string){
		"the old secret": func() (*http.Response, string) { return send(olderSecret, reading("4", ""), time.Now()) },
		"an old request": func() (*http.Response, string) {
			return send(newerSecret, reading("4", ""), time.Now().Add(-6*time.Minute))
		},
		"another address": func() (*http.Response, string) {
			return s.call(t, "GET", "/api/v1/version", map[string]string{"Authorization": "", signature.HeaderSignature: "v1,x"}, nil)
		},
	} {
		if response, text := try(); response.StatusCode != 401 || response.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s %s", what, response.Status, text)
		}
	}
	for range freeFailures { // which shut nobody out behind the same address
		if response, _ := send(newerSecret, strings.Repeat(" ", maxSignedBytes+1), time.Now()); response.StatusCode != 413 {
			t.Fatalf("too large: %s", response.Status)
		}
	}
	if s.api.strangers.blocked("127.0.0.1") {
		t.Error("bodies that are too large count as wrong signatures")
	}
	live := *s.settings.Load()
	live.Tenant.EventTypes = []string{"custom.plain"}
	s.settings.Store(&live)
	if response, text := send(newerSecret, reading("4", ""), time.Now()); response.StatusCode != 403 || !strings.Contains(text, `spec.backoffice.eventTypes of the Tenant does not have \"custom.reading\"`) {
		t.Errorf("a type that is not listed: %s %s", response.Status, text)
	}
	plain := strings.NewReplacer("custom.reading", "custom.plain", `"data":{"data":{"reading":3}}`, `"data":{}`).Replace(reading("p", ""))
	if response, text := send(newerSecret, plain, time.Now()); response.StatusCode != 202 {
		t.Errorf("a type that is listed: %s %s", response.Status, text)
	}
	if events := s.taken(t); len(events) != 4 {
		t.Errorf("%d events are on record, want 4", len(events))
	}
	for range maxSigned / 2 { // whose bodies come slowly
		s.api.signers.enter(networkOf("203.0.113.9"))
	}
	if response, text := send(newerSecret, plain, time.Now()); response.StatusCode != 202 {
		t.Errorf("while another address has all places that it gets: %s %s", response.Status, text)
	}
	for range maxSigned / 2 {
		s.api.signers.enter(networkOf("127.0.0.1"))
	}
	if response, text := send(newerSecret, plain, time.Now()); response.StatusCode != 429 {
		t.Errorf("while this address has them: %s %s", response.Status, text)
	}
}
