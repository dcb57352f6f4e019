package crd

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// channels are the types of actions, with their fields and the least that these hold.
var channels = []struct {
	kind, field string
	content     map[string]any
}{
	{"Email", "email", map[string]any{"to": []any{"Billing"}, "subject": "Due", "text": "It is due."}},
	{"SMS", "sms", map[string]any{"to": []any{"Billing"}, "text": "It is due."}},
	{"Webhook", "webhook", map[string]any{"url": "https://hooks.acme.example/"}},
	{"Banner", "banner", map[string]any{"text": "It is due."}},
	{"Log", "note", map[string]any{"text": "Told."}},
}

// TestActionUnion tries each type of action with every selection of the fields of all
// types: it has its own, and no other. Each field that is missing or too much is named.
func TestActionUnion(t *testing.T) {
	namespace := cluster.Namespace(t)
	for _, own := range channels {
		for selection := range 1 << len(channels) {
			action := map[string]any{"name": "first", "type": own.kind}
			var want []string
			for i, channel := range channels {
				has := selection&(1<<i) != 0
				if has {
					action[channel.field] = channel.content
				}
				if has != (channel.kind == own.kind) {
					want = append(want, fmt.Sprintf("spec.actions[0].%s: Invalid value: %s goes with type %s, which requires it, and with no other type",
						channel.field, channel.field, channel.kind))
				}
			}
			slices.Sort(want)
			err := tryCreate(t, templateWith(namespace, action))
			switch {
			case len(want) == 0 && err != nil:
				t.Errorf("type %s with its own field was refused: %v", own.kind, err)
			case len(want) > 0:
				if diff := cmp.Diff(want, said(err)); diff != "" {
					t.Errorf("type %s, action %v (-expected +said):\n%s", own.kind, action, diff)
				}
			}
		}
	}
}

// templateWith is an event template with one action.
func templateWith(namespace string, action map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "foyer.dev/v1alpha1",
		"kind":       "EventTemplate",
		"metadata":   map[string]any{"name": "union", "namespace": namespace},
		"spec": map[string]any{
			"tenantRef":          map[string]any{"name": "acme"},
			"event":              "invoice.issued",
			"accountProfileRefs": []any{map[string]any{"name": "business"}},
			"actions":            []any{action},
		},
	}}
}
