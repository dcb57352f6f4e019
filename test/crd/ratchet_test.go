package crd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// TestRatcheting stores every object that a rule refuses while that rule does not exist,
// and then brings the rule back, as an upgrade of Foyer does that refuses more than before.
// What is stored can be edited except where it is wrong, and Foyer can report on it.
func TestRatcheting(t *testing.T) {
	api := startOwnCluster(t)
	rules, pairs := readRules(t), storedPairs(t)
	for _, crd := range readCRDs(t) {
		loosen(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
		replaceCRD(t, api, crd)
	}
	for i := range pairs {
		pairs[i].refused.SetNamespace(api.Namespace(t))
		kube.Eventually(t, pairs[i].name+" is stored", func() error {
			return api.Client.Create(t.Context(), pairs[i].refused.DeepCopy(), strict)
		})
	}
	for _, crd := range readCRDs(t) {
		replaceCRD(t, api, crd)
	}
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			another := p.refused.DeepCopy()
			another.SetGenerateName("another-")
			if rules[p.name].about()[0] != "metadata" {
				another.SetName("")
			}
			kube.Eventually(t, "the rule is back: a new object is refused", func() error {
				err := api.Client.Create(t.Context(), another.DeepCopy(), strict, client.DryRunAll)
				if diff := cmp.Diff(p.expected, said(err)); diff != "" {
					return fmt.Errorf("the API server says something else (-expected +said):\n%s", diff)
				}
				return nil
			})
			editStored(t, api, rules[p.name], p)
		})
	}
}

// storedPairs are the files of invalid/ whose rule may be new. A rule about an edit looks
// at the edit alone, and what lists and other rules rely on was always required.
func storedPairs(t *testing.T) []pair {
	t.Helper()
	old := []string{
		"tenant.spec.required", "tenant.spec.database.serverRef.name.required",
		"tenant.spec.portal.autoscaling.minReplicas.required", "tenant.spec.portal.autoscaling.maxReplicas.required",
		"eventtemplate.spec.actions.items.type.required", "eventtemplate.spec.actions.items.email.translations.items.locale.required",
	}
	return slices.DeleteFunc(readPairs(t), func(p pair) bool { return len(p.start) > 0 || slices.Contains(old, p.name) })
}

func editStored(t *testing.T, api *kube.Cluster, r rule, p pair) {
	t.Helper()
	expect := func(what string, accepted bool, err error) {
		t.Helper()
		if err != nil && accepted {
			t.Errorf("%s was refused: %v", what, err)
		}
		if err == nil && !accepted {
			t.Errorf("%s was accepted", what)
		}
	}
	status := map[string]any{"observedGeneration": int64(1)}
	expect("a label", true, edit(t.Context(), api, p.refused, func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{"edited": "true"}) }))
	expect("a status", true, editStatus(t.Context(), api, p.refused, status))
	expect("an edit elsewhere", !looksAtSpec(r), edit(t.Context(), api, p.refused, func(o *unstructured.Unstructured) { editElsewhere(o, r) }))
	if worse, possible := makeWorse(p, p.place(t, r), r); possible {
		expect("another wrong value", false, edit(t.Context(), api, p.refused, func(o *unstructured.Unstructured) { o.Object["spec"] = worse }))
	}
	if r.about()[0] == "metadata" || strings.HasPrefix(r.name, "tenant.spec.database.") {
		return // what cannot be edited at all cannot be corrected
	}
	expect("the correction", true, edit(t.Context(), api, p.refused, func(o *unstructured.Unstructured) { o.Object["spec"] = p.accepted.Object["spec"] }))
	expect("what was wrong before", false, edit(t.Context(), api, p.refused, func(o *unstructured.Unstructured) { o.Object["spec"] = p.refused.Object["spec"] }))
}

// looksAtSpec says whether every edit of a spec concerns the rule: it demands a field of
// it, or compares several.
func looksAtSpec(r rule) bool {
	holder := r.path
	if r.keyword == "required" {
		holder = r.path[:len(r.path)-1]
	}
	return len(holder) == 1
}

// makeWorse returns the spec of the refused object with another value that breaks the
// same rule, where one follows from the first.
func makeWorse(p pair, at address, r rule) (any, bool) {
	object := p.refused.DeepCopy()
	value, _ := get(object.Object, at)
	text, isText := value.(string)
	number, isNumber := value.(float64)
	switch {
	case at[0] != "spec" || strings.HasPrefix(r.keyword, "minLength"):
		return nil, false
	case r.name == "tenant.spec.invoiceTemplates.items.name.validation-2": // which refuses two names
		put(object.Object, at, "business", false)
	case isText:
		put(object.Object, at, text+text[len(text)-1:], false)
	case isNumber && r.keyword == "maximum":
		put(object.Object, at, number+1, false)
	case isNumber && r.keyword == "minimum":
		put(object.Object, at, number-1, false)
	default:
		return nil, false
	}
	return object.Object["spec"], true
}

// edit changes an object as it is stored now.
func edit(ctx context.Context, api *kube.Cluster, object *unstructured.Unstructured, change func(*unstructured.Unstructured)) error {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(object.GroupVersionKind())
	if err := api.Client.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
		return err
	}
	change(live)
	return api.Client.Update(ctx, live, strict)
}

// editStatus writes a status, as the operator does.
func editStatus(ctx context.Context, api *kube.Cluster, object *unstructured.Unstructured, status map[string]any) error {
	report := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	report.SetGroupVersionKind(object.GroupVersionKind())
	report.SetNamespace(object.GetNamespace())
	report.SetName(object.GetName())
	return api.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(report), client.FieldOwner("operator"))
}

// elsewhere are fields of each kind to edit, two of them for the rule that is about one.
var elsewhere = map[string][2]string{
	"tenant":           {"displayName", "orphanedProfiles"},
	"accountprofile":   {"displayName", "description"},
	"myaccountprofile": {"displayName", "description"},
	"eventtemplate":    {"when", "event"},
}

func editElsewhere(object *unstructured.Unstructured, r rule) {
	field := elsewhere[r.kind()][0]
	if len(r.path) > 1 && r.path[1] == field {
		field = elsewhere[r.kind()][1]
	}
	value := map[string]string{"orphanedProfiles": "UseDefault", "when": "invoice.balance > 1.0", "event": "invoice.paid"}[field]
	if value == "" {
		value = "Edited"
	}
	put(object.Object, address{"spec", field}, value, false)
}

// startOwnCluster starts an API server whose schemas a test may change.
func startOwnCluster(t *testing.T) *kube.Cluster {
	t.Helper()
	api, err := kube.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Stop(); err != nil {
			t.Errorf("stop the API server: %v", err)
		}
	})
	scheme := kube.Scheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if api.Client, err = client.New(api.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	return api
}

func replaceCRD(t *testing.T, api *kube.Cluster, crd *apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	kube.Eventually(t, "the schema of "+crd.Name+" is replaced", func() error {
		live := &apiextensionsv1.CustomResourceDefinition{}
		if err := api.Client.Get(t.Context(), client.ObjectKeyFromObject(crd), live); err != nil {
			return err
		}
		live.Spec.Versions = crd.Spec.Versions
		return api.Client.Update(t.Context(), live)
	})
}

// loosen takes every rule out of a schema, but not the types.
func loosen(schema *apiextensionsv1.JSONSchemaProps) {
	schema.Minimum, schema.Maximum = nil, nil
	schema.MinLength, schema.MaxLength = nil, nil
	schema.MinItems, schema.MaxItems = nil, nil
	schema.MinProperties, schema.MaxProperties = nil, nil
	schema.Enum, schema.XValidations = nil, nil
	schema.XListType, schema.XListMapKeys = nil, nil
	schema.Required = nil
	for _, name := range slices.Collect(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		loosen(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil {
		loosen(schema.Items.Schema)
	}
}
