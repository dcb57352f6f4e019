package backoffice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// plan keeps notifications as a planner does, of the only event that is left to plan.
func (s *site) plan(t *testing.T, list ...store.NewNotification) {
	t.Helper()
	s.post(t, reading(fmt.Sprint(time.Now().UnixNano()), ""))
	_, _, err := s.tenant.Dispatcher.PlanEvents(t.Context(), time.Now(), 1000, func(ctx context.Context, p *store.Planning, _ []store.Event) error {
		return p.Add(ctx, list)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// post sends an event in.
func (s *site) post(t *testing.T, event string) {
	t.Helper()
	if response, text := s.call(t, "POST", pathEvents, structured, reader(event)); response.StatusCode != http.StatusAccepted {
		t.Fatalf("%s %s", response.Status, text)
	}
}

// get reads a T.
func get[T any](t *testing.T, s *site, path string) T {
	t.Helper()
	response, text := s.call(t, "GET", "/api/v1/"+path, nil, nil)
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", path, response.Status, text)
	}
	return value
}

// mail is a notification by mail to an address.
func mail(address, suppressed string) store.NewNotification {
	return store.NewNotification{Suppressed: suppressed, Addressed: store.Addressed{
		AccountID: "A", EventType: "custom.reading", EventPosition: 1, EventID: "e1", Occurrence: "/meter/e1", Category: "General", Source: "EventTemplate", Template: "readings",
		Action: "tell", Channel: store.ChannelEmail, Address: address, CC: []string{"cc@acme.example"}, Locale: "en", DueAt: time.Now().Add(-time.Minute),
	}}
}

// settle has a worker take what is due and end it.
func (s *site) settle(t *testing.T, end func(*store.Finished)) {
	t.Helper()
	if _, _, err := s.tenant.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.tenant.Dispatcher.Claim(t.Context(), store.ClaimRequest{
		Now: time.Now().Add(time.Minute), Lane: 1, Channels: []string{store.ChannelEmail, store.ChannelSMS}, Limit: 100, LeaseFor: time.Minute,
	})
	if err != nil || len(claimed) == 0 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	var list []store.Finished
	for _, c := range claimed {
		f := store.Finished{Lease: c.Lease, Outcome: store.StateSent, Subject: "Your reading", Body: "It is 3."}
		end(&f)
		list = append(list, f)
	}
	err = s.tenant.Dispatcher.Write(t.Context(), store.Origin{Actor: "dispatcher", Now: time.Now()}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.Finish(ctx, list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotifications(t *testing.T) {
	s := newMeter(t)
	s.plan(t, mail("ada@example.com", ""), mail("ben@example.com", "optedOut"))
	page := get[Page[integration.Notification]](t, s, "notifications?limit=1")
	if len(page.Items) != 1 || page.Next == "" {
		t.Fatalf("the first page: %+v", page)
	}
	rest := get[Page[integration.Notification]](t, s, "notifications?limit=1&cursor="+page.Next)
	states := map[string]integration.Notification{}
	for _, n := range append(page.Items, rest.Items...) {
		states[n.State] = n
	}
	if len(states) != 2 || rest.Next != "" || states["Suppressed"].Reason != "optedOut" || states["Held"].Address != "ada@example.com" || states["Held"].CC[0] != "cc@acme.example" {
		t.Errorf("all pages: %+v", states)
	}
	for path, want := range map[string]int{
		"accountId=A": 2, "accountId=B": 0, "state=Held": 1, "event=custom.reading": 2, "event=invoice.paid": 0, "channel=SMS": 0, "reason=optedOut": 1, "contactId=none": 0,
		"since=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339): 0, "since=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): 2,
		"until=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): 0,
	} {
		if got := get[Page[integration.Notification]](t, s, "notifications?"+path); len(got.Items) != want {
			t.Errorf("%s: %d, want %d", path, len(got.Items), want)
		}
	}
	s.settle(t, func(f *store.Finished) {
		f.Outcome, f.Reason, f.Class, f.Code, f.Detail = store.StateDead, "refused", "permanent", "550 5.1.1", "no such user"
	})
	one := "notifications/" + states["Held"].ID
	dead := get[integration.NotificationDetail](t, s, one)
	if dead.State != "Dead" || dead.Reason != "refused" || dead.Attempts != 1 || len(dead.Log) != 1 || dead.Log[0].Code != "550 5.1.1" || dead.Log[0].EndedAt.IsZero() {
		t.Errorf("dead: %+v", dead)
	}
	s.walk(t, []step{
		{"POST", "notifications/" + states["Suppressed"].ID + "/redrive", "", nil, 409, "", "the notification is Suppressed: Dead and Uncertain ones can be tried again"},
		{"POST", "notifications/" + states["Suppressed"].ID + "/cancel", "", nil, 409, "", "the notification is Suppressed: only what waits, or is Dead, can be cancelled"},
		{"POST", one + "/redrive", "", nil, 200, "", `"state":"Retry"`},
		{"POST", one + "/redrive", "", nil, 409, "", "is Retry"},
		{"POST", one + "/cancel", "", nil, 200, "", `"state":"Cancelled"`},
		{"POST", one + "/redrive", "", nil, 409, "", "is Cancelled"},
		{"POST", "notifications/nothing/redrive", "", nil, 404, "", ""},
		{"GET", "notifications/00000000-0000-7000-8000-000000000000", "", nil, 404, "", ""},
		{"GET", "notifications/urn:uuid:00000000-0000-7000-8000-000000000000", "", nil, 404, "", ""},
		{"GET", "notifications?state=Lost", "", nil, 422, "", `"field":"state"`},
		{"GET", "notifications?reason=optedout", "", nil, 422, "", `"field":"reason"`},
		{"GET", "notifications?cursor=x", "", nil, 422, "", `"field":"cursor"`},
		{"GET", "notifications?accountId=A&cursor=" + page.Next, "", nil, 422, "", "belongs to another list"},
	})
}

func TestNotificationSummary(t *testing.T) {
	s := newMeter(t)
	if empty := get[integration.NotificationSummary](t, s, "notifications/summary"); empty.Mode != "Hold" || !empty.LiveSince.IsZero() || len(empty.Counts) != 0 {
		t.Errorf("a new tenant: %+v", empty)
	}
	s.plan(t, mail("ada@example.com", ""), mail("ben@example.com", "optedOut"), mail("cem@example.com", "optedOut"))
	if held := get[integration.NotificationSummary](t, s, "notifications/summary"); held.Held != 1 {
		t.Errorf("held: %+v", held)
	}
	s.settle(t, func(*store.Finished) {})
	s.plan(t, mail("dee@example.com", ""))
	s.settle(t, func(f *store.Finished) { f.Outcome, f.Reason, f.NextAt = store.Returned, brokenReason, time.Now() })
	got := get[integration.NotificationSummary](t, s, "notifications/summary?since="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	want := []integration.NotificationCount{{State: "Planned", Reason: "broken", Channel: "Email", Count: 1}, {State: "Sent", Channel: "Email", Count: 1}, {State: "Suppressed", Reason: "optedOut", Channel: "Email", Count: 2}}
	if diff := cmp.Diff(want, got.Counts); diff != "" || got.Mode != "Live" || got.LiveSince.IsZero() || cmp.Diff([]string{"Email"}, got.BrokenChannels) != "" {
		t.Errorf("%+v (-want +got)\n%s", got, diff)
	}
	s.walk(t, []step{{"GET", "notifications/summary?since=2020-01-01T00:00:00Z", "", nil, 422, "", "is more than 31 days ago"}})
}

// In Hold nothing is tried again: it would wait, and going Live would suppress it for good.
func TestRedriveInHold(t *testing.T) {
	s := newMeter(t)
	s.plan(t, mail("ada@example.com", ""))
	s.settle(t, func(f *store.Finished) { f.Outcome, f.Reason = store.StateDead, "refused" })
	if _, _, err := s.tenant.Dispatcher.SetDelivery(t.Context(), store.DeliveryHold, time.Now()); err != nil {
		t.Fatal(err)
	}
	dead := get[Page[integration.Notification]](t, s, "notifications?state=Dead").Items
	if len(dead) != 1 {
		t.Fatalf("dead: %+v", dead)
	}
	s.walk(t, []step{
		{"POST", "notifications/" + dead[0].ID + "/redrive", "", nil, 409, "", "delivery is Hold: nothing is tried again, and going Live would suppress it. Set spec.delivery.mode of the Tenant to Live or Redirect first"},
		{"GET", "notifications/" + dead[0].ID, "", nil, 200, "", `"state":"Dead"`},
	})
}

// What could not be planned is on record, and there is nothing to try again of it.
func TestRedriveOfUnplanned(t *testing.T) {
	s := newMeter(t)
	s.plan(t, mail("ada@example.com", ""))
	s.settle(t, func(f *store.Finished) { f.Outcome, f.Reason = store.StateDead, store.ReasonUnplanned })
	dead := get[Page[integration.Notification]](t, s, "notifications?reason=unplanned").Items
	if len(dead) != 1 {
		t.Fatalf("dead: %+v", dead)
	}
	s.walk(t, []step{
		{"POST", "notifications/" + dead[0].ID + "/redrive", "", nil, 409, "", "stands for what could not be planned"},
		{"POST", "notifications/" + dead[0].ID + "/cancel", "", nil, 200, "", `"state":"Cancelled"`},
	})
}

// The limit of an hour, and whether it is reached, are told with the state of delivery.
func TestLimitIsTold(t *testing.T) {
	s := newMeter(t)
	live := *s.settings.Load()
	live.Tenant.Delivery = config.Delivery{Mode: config.DeliveryRedirect, RedirectTo: "test@acme.example", MaxPerHour: 2}
	s.settings.Store(&live)
	s.plan(t, mail("ada@example.com", ""))
	s.settle(t, func(*store.Finished) {})
	state := func() [2]integration.DeliveryState {
		var coming integration.Upcoming
		s.ask(t, "upcoming", `{}`, &coming)
		return [2]integration.DeliveryState{get[integration.NotificationSummary](t, s, "notifications/summary").DeliveryState, coming.DeliveryState}
	}
	one := state()
	s.plan(t, mail("ben@example.com", ""))
	s.settle(t, func(*store.Finished) {})
	two := state()
	for i, mode := range []string{"Live", "Redirect"} { // in force, and by the document
		want := integration.DeliveryState{Mode: mode, RedirectTo: "test@acme.example", MaxPerHour: 2, LiveSince: one[i].LiveSince}
		if diff := cmp.Diff(want, one[i]); diff != "" || one[i].LiveSince.IsZero() {
			t.Errorf("one mail: %s", diff)
		}
		want.LimitReached = true
		if diff := cmp.Diff(want, two[i]); diff != "" {
			t.Errorf("two mails: %s", diff)
		}
	}
}

// A webhook that takes nothing is seen.
func TestWebhooksAreTold(t *testing.T) {
	s := newMeter(t)
	d := s.tenant.Dispatcher
	began := time.Now().Add(-time.Minute).Truncate(time.Microsecond)
	if err := d.DeclareWebhooks(t.Context(), []string{"crm", "erp"}, began); err != nil {
		t.Fatal(err)
	}
	if hooks := get[integration.NotificationSummary](t, s, "notifications/summary").Webhooks; len(hooks) != 2 || hooks[0] != (integration.WebhookStatus{Name: "crm"}) {
		t.Errorf("before any event: %+v", hooks)
	}
	s.post(t, reading("1", ""))
	s.post(t, reading("2", ""))
	if _, _, err := d.SetDelivery(t.Context(), store.DeliveryLive, began); err != nil {
		t.Fatal(err)
	}
	turns, err := d.ClaimWebhooks(t.Context(), []string{"crm"}, time.Now(), time.Minute)
	if err != nil || len(turns) != 1 {
		t.Fatalf("%v %v", turns, err)
	}
	next := time.Now().Add(time.Hour).Truncate(time.Microsecond).UTC()
	if err := d.FailWebhook(t.Context(), turns[0], next, "404: gone away"); err != nil {
		t.Fatal(err)
	}
	hooks := get[integration.NotificationSummary](t, s, "notifications/summary").Webhooks
	want := []integration.WebhookStatus{{Name: "crm", Behind: 2, Failures: 1, NextAt: next, Detail: "404: gone away"}, {Name: "erp", Behind: 2}}
	for i := range hooks {
		if at := hooks[i].BehindAt; at.Before(began) || at.After(time.Now()) {
			t.Errorf("behind since %s", at)
		}
		hooks[i].BehindAt = time.Time{}
	}
	if diff := cmp.Diff(want, hooks); diff != "" {
		t.Error(diff)
	}
}

func TestReceipts(t *testing.T) {
	s := newMeter(t)
	text := mail("+61400555019", "")
	text.Channel = store.ChannelSMS
	s.plan(t, text)
	s.settle(t, func(f *store.Finished) { f.ProviderID = "SM42" })
	receipts := s.newToken(t, `{"name":"provider","scopes":["receipts:write"]}`)
	basic := func(token string) map[string]string {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("receipts:"+token)), "Content-Type": mediaTypeForm}
	}
	receipt := func() string {
		return get[Page[integration.Notification]](t, s, "notifications?state=Sent").Items[0].Receipt
	}
	form := map[string]string{"Content-Type": mediaTypeForm}
	for _, test := range []struct {
		body  string
		known bool
		then  string
	}{
		{"MessageSid=SM42&MessageStatus=sent", false, ""},
		{"MessageSid=SM41&MessageStatus=delivered", false, ""},
		{"MessageSid=SM42&MessageStatus=delivered&To=%2B61400555019", true, "Delivered"},
		{"MessageSid=SM42&MessageStatus=undelivered", true, "Failed"},
	} {
		response, answer := s.call(t, "POST", pathTwilioReceipts, basic(receipts.Secret), reader(test.body))
		if response.StatusCode != 200 || strings.TrimSpace(answer) != fmt.Sprintf(`{"known":%t}`, test.known) || receipt() != test.then {
			t.Errorf("%s: %s %s, the receipt is %q", test.body, response.Status, answer, receipt())
		}
	}
	s.walk(t, []step{
		{"POST", "receipts/sms", `{"id":"SM42","status":"Delivered"}`, nil, 200, "", `{"known":true}`},
		{"POST", "receipts/sms", `{"id":"SM42","status":"sent"}`, nil, 422, "", `"field":"status"`},
		{"POST", "receipts/sms/twilio", `MessageSid=SM42`, form, 422, "", `"field":"MessageStatus"`},
		{"POST", "receipts/sms/twilio", `MessageSid=%zz`, form, 422, "", `"field":"MessageSid"`},
		{"POST", "receipts/sms/twilio?x=1", `MessageSid=SM42&MessageStatus=failed`, form, 422, "", `"field":"x"`},
		{"GET", "notifications", "", basic(token), 401, "", ""}, // a password is a token for receipts only
		{"POST", "receipts/sms/twilio", `MessageSid=SM42&MessageStatus=failed`, basic("wrong"), 401, "", ""},
	})
	if response, answer := s.call(t, "GET", "/api/v1/notifications", bearing(receipts.Secret), nil); response.StatusCode != 403 {
		t.Errorf("the token of a provider reads: %s %s", response.Status, answer)
	}
}

const duty = `Dear {{.recipient.firstName | default "friend"}}, {{.invoice.balance}} is due.`
