package compile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the document calls is told whole: what is carried forward calls on.
func TestWebhookURLsAreThoseOfTheDocumentToBeLive(t *testing.T) {
	const crm, old, edited, off = "https://crm.example/in", "https://crm.example:8443/in", "https://crm.example:9443/in", "https://off.example/"
	in, out := settled(t, withTemplates(
		eventTemplate("issued", 1, doing(hook("crm", crm), hook("again", crm+"?more"), hook("off", off, disabled))),
		eventTemplate("paid", 1, onEvent("invoice.paid"), doing(hook("crm", old))),
	))
	want := []string{crm, crm + "?more", old}
	if diff := cmp.Diff(want, out.WebhookURLs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.EventTemplates[1] = eventTemplate("paid", 2, onEvent("invoice.paid"), doing(hook("crm", edited)), broken)
	if diff := cmp.Diff(want, mustCompile(t, in).WebhookURLs); diff != "" {
		t.Errorf("after an edit that is refused (-want +got):\n%s", diff)
	}
	in.EventTemplates[1] = eventTemplate("paid", 3, onEvent("invoice.paid"), doing(hook("crm", edited)))
	if diff := cmp.Diff([]string{crm, crm + "?more", edited}, mustCompile(t, in).WebhookURLs); diff != "" {
		t.Errorf("after an edit (-want +got):\n%s", diff)
	}
}
