package crd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// place is a field of an accepted object.
type place struct {
	object *unstructured.Unstructured
	at     address
	value  any
}

// placesOfSpec returns each field of every kind once, from objects of valid/ in a
// namespace of their own.
func placesOfSpec(t *testing.T) map[string]place {
	t.Helper()
	namespace := cluster.Namespace(t)
	places := map[string]place{}
	for _, object := range validObjects(t) {
		object.SetNamespace(namespace)
		everything(object.Object["spec"], address{"spec"}, func(at address, value any) {
			field := join(kindOf(object), at.path())
			if _, known := places[field]; !known {
				places[field] = place{object: object, at: at, value: value}
			}
		})
	}
	for kind, schema := range readSchemas(t) {
		for _, path := range fieldsBelow(schema.Properties["spec"], []string{"spec"}) {
			if _, found := places[join(kind, path)]; !found {
				t.Errorf("no object of valid/ has %s", join(kind, path))
			}
		}
	}
	return places
}

// TestAttributesOfAnAccountOnly: what says something about one customer is in no layer that
// many have.
func TestAttributesOfAnAccountOnly(t *testing.T) {
	namespace, kinds := cluster.Namespace(t), map[string]bool{}
	for _, object := range validObjects(t) {
		if _, has := get(object.Object, address{"spec", "attributes"}); !has {
			continue
		}
		object.SetNamespace(namespace)
		kinds[object.GetKind()] = true
		for name, value := range map[string]any{"remindersPausedUntil": "2026-12-31", "disputed": "Yes", "consent": map[string]any{"sms": "Granted"}} {
			planted := object.DeepCopy()
			put(planted.Object, address{"spec", "attributes", name}, value, false)
			want := fmt.Sprintf("strict decoding error: unknown field %q", "spec.attributes."+name)
			if err := tryCreate(t, planted); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with %s: %v", object.GetKind(), name, err)
			}
		}
	}
	if len(kinds) != 2 {
		t.Errorf("only %v have attributes", kinds)
	}
}

// TestUnknownFields plants a field that no schema has into every object of every kind.
func TestUnknownFields(t *testing.T) {
	for field, p := range placesOfSpec(t) {
		if _, isObject := p.value.(map[string]any); !isObject {
			continue
		}
		object, at := p.object.DeepCopy(), p.at.then("notAField")
		put(object.Object, at, "x", false)
		want := fmt.Sprintf("strict decoding error: unknown field %q", at)
		if err := tryCreate(t, object); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("an unknown field in %s: got %v, want the refusal to end with %s", field, err, want)
		}
	}
}

// TestDuplicateFields writes a field of every object of every kind twice. Only its bytes
// show that: a decoder keeps the last one.
func TestDuplicateFields(t *testing.T) {
	const mark = "zzMark"
	for field, p := range placesOfSpec(t) {
		content, isObject := p.value.(map[string]any)
		if !isObject {
			continue
		}
		first := slices.Sorted(maps.Keys(content))[0]
		object := p.object.DeepCopy()
		put(object.Object, p.at.then(mark), content[first], false)
		body, err := json.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.Replace(body, []byte(`"`+mark+`"`), []byte(`"`+first+`"`), 1)
		answer := post(t, object, body)
		want := fmt.Sprintf("strict decoding error: duplicate field %q", p.at.then(first))
		if answer.Code != http.StatusBadRequest || !strings.HasSuffix(answer.Message, want) {
			t.Errorf("%s twice in %s: got %d %s, want 400 and %s", first, field, answer.Code, answer.Message, want)
		}
	}
}

// post asks the API server whether it would create an object of these very bytes.
func post(t *testing.T, object *unstructured.Unstructured, body []byte) metav1.Status {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	server, _, err := rest.DefaultServerUrlFor(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	url := server.JoinPath("apis", "foyer.dev", "v1alpha1", "namespaces", object.GetNamespace(), kindOf(object)+"s")
	url.RawQuery = "fieldValidation=Strict&dryRun=All"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url.String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := httpClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	status := metav1.Status{}
	if err := json.Unmarshal(content, &status); err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	return status
}

// TestTypes puts a value of another type into every field of every kind.
func TestTypes(t *testing.T) {
	for field, p := range placesOfSpec(t) {
		wrong := any("x")
		if _, isText := p.value.(string); isText {
			wrong = int64(7)
		}
		object := p.object.DeepCopy()
		put(object.Object, p.at, wrong, false)
		want := fmt.Sprintf("%s: Invalid value: ", p.at)
		got := said(tryCreate(t, object))
		if !slices.ContainsFunc(got, func(line string) bool {
			return strings.HasPrefix(line, want) && strings.Contains(line, "must be of type")
		}) {
			t.Errorf("%v in %s: got %q, want a refusal that names the field and its type", wrong, field, got)
		}
	}
}

// TestApplyIsStrict wants server-side apply, which GitOps tools use, to refuse an unknown
// field of each kind too.
func TestApplyIsStrict(t *testing.T) {
	namespace, tried := cluster.Namespace(t), map[string]bool{}
	for _, object := range validObjects(t) {
		tried[object.GetKind()] = true
		object.SetNamespace(namespace)
		put(object.Object, address{"spec", "notAField"}, "x", false)
		err := cluster.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"))
		if err == nil || !strings.HasSuffix(err.Error(), ".spec.notAField: field not declared in schema") {
			t.Errorf("apply of an unknown field of %s: got %v, want a refusal that names spec.notAField", object.GetKind(), err)
		}
	}
	if len(tried) != 4 {
		t.Errorf("valid/ has objects of %v only", slices.Sorted(maps.Keys(tried)))
	}
}
