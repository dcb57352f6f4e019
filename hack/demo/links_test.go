package main

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

var linksNow = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func testKeys(t *testing.T) *identity.Keys {
	t.Helper()
	key := []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	keys, err := identity.ParseKeys(key, key)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// sent is an event with an object of its payload that expires hours from now.
func sent(kind, object string, hours int, fields map[string]any) integration.Event {
	expiresAt := linksNow.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339)
	data := map[string]any{object: map[string]any{"expiresAt": expiresAt}}
	for name, value := range fields {
		if more, ok := value.(map[string]any); ok && name == object {
			more["expiresAt"] = expiresAt
		}
		data[name] = value
	}
	return integration.Event{ID: "e", Type: kind, AccountID: "10001", Subject: uuid.NewString(), Data: data}
}

func TestLinksOfEvents(t *testing.T) {
	keys := testKeys(t)
	named := map[string]any{"contact": map[string]any{"firstName": "Nina", "lastName": "Castellano"}}
	events := []integration.Event{
		sent("portal.credentialCreate", "credential", 1, nil),
		sent("invoice.issued", "invoice", 1, nil),
		sent("portal.passwordReset", "credential", 1, map[string]any{"credential": map[string]any{"username": "dana"}}),
		sent("portal.passwordReset", "credential", 0, map[string]any{"credential": map[string]any{"username": "late"}}),
		sent("contact.invited", "invitation", 2, named),
		sent("contact.verifyEmail", "verification", 2, map[string]any{"contact": map[string]any{"email": "sam@customers.example"}}),
	}
	links, err := linksOf(events, keys, "https://acme.localhost", linksNow)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range links {
		got = append(got, l.who+"|"+l.about+"|"+strings.TrimSuffix(l.url, l.url[strings.LastIndex(l.url, "/")+1:]))
	}
	want := []string{
		"sam@customers.example|confirm an address|https://acme.localhost/verify/",
		"Nina Castellano|accept an invitation|https://acme.localhost/invitation/",
		"dana|choose a new password|https://acme.localhost/credentials/",
		"|create a sign-in|https://acme.localhost/credentials/",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The portal opens what the demo shows, for that purpose and no other.
func TestLinksOpen(t *testing.T) {
	keys := testKeys(t)
	for name, kind := range linkKinds() {
		event := sent(name, kind.object, 1, nil)
		links, err := linksOf([]integration.Event{event}, keys, "https://acme.localhost", linksNow)
		if err != nil || len(links) != 1 {
			t.Fatalf("%s: %v, %v", name, links, err)
		}
		token := links[0].url[strings.LastIndex(links[0].url, "/")+1:]
		for _, purpose := range []store.LinkPurpose{store.LinkCreate, store.LinkReset, store.LinkInvite, store.LinkVerifyEmail} {
			id, address, ok := keys.OpenLinkToken(purpose, token)
			if ok != (purpose == kind.purpose) {
				t.Errorf("%s: opens for %s: %t", name, purpose, ok)
			}
			if ok && (id != event.Subject || address != 0) {
				t.Errorf("%s: it is link %s, address %d, want %s", name, id, address, event.Subject)
			}
		}
	}
}

func TestLinksOfEventsThatAreWrong(t *testing.T) {
	foreign := sent("contact.invited", "invitation", 1, nil)
	foreign.Subject = "10001-1"
	for name, event := range map[string]integration.Event{
		"without an expiry":        {Type: "contact.invited", Subject: uuid.NewString(), Data: map[string]any{}},
		"whose subject is no link": foreign,
	} {
		if links, err := linksOf([]integration.Event{event}, testKeys(t), "https://acme.localhost", linksNow); err == nil {
			t.Errorf("an event %s makes %v", name, links)
		}
	}
}
