package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
)

// AnnotationApplied names, on every object that the operator writes, the digest of what
// it rendered. The values of a Secret are not part of it.
const AnnotationApplied = "foyer.dev/applied"

// rendered is a desired object in the form in which it is compared and sent.
type rendered struct {
	unstructured.Unstructured
}

func (r *rendered) name() string { return r.GetKind() + " " + r.GetName() }

// Name names an object for people, as "Deployment acme-portal".
func Name(o provision.Object) string {
	return ptr.Deref(o.GetKind(), "") + " " + ptr.Deref(o.GetName(), "")
}

// render turns an apply configuration into plain data and adds its digest. The
// caller's object stays as it is.
func render(desired provision.Object) (*rendered, error) {
	encoded, err := json.Marshal(desired)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", Name(desired), err)
	}
	want := &rendered{}
	// This decoder keeps whole numbers whole, as the conversion of a live object does.
	if err := utiljson.Unmarshal(encoded, &want.Object); err != nil {
		return nil, fmt.Errorf("encode %s: %w", Name(desired), err)
	}
	digest, err := want.digest()
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", Name(desired), err)
	}
	annotations := want.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationApplied] = digest
	want.SetAnnotations(annotations)
	return want, nil
}

// digest is over the canonical JSON of the object: encoding/json sorts the keys. Of a
// Secret it covers the keys only; the values are compared one by one.
func (r *rendered) digest() (string, error) {
	object := r.Object
	if data, ok := object["data"].(map[string]any); ok && r.GetKind() == "Secret" {
		object = maps.Clone(object)
		keys := map[string]any{}
		for key := range data {
			keys[key] = nil
		}
		object["data"] = keys
	}
	canonical, err := json.Marshal(object)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:16]), nil
}

// changedIn lists the fields in which the live object does not have what is rendered. What
// others add (defaults of the server, another owner's fields) is none of our business.
func changedIn(live client.Object, want *rendered) ([]field, error) {
	have, err := runtime.DefaultUnstructuredConverter.ToUnstructured(live)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", want.name(), err)
	}
	var fields []field
	for key, value := range want.Object {
		if key == "apiVersion" || key == "kind" { // absent in objects of a typed client
			continue
		}
		if !contains(have[key], value, false) {
			fields = append(fields, narrow(field{{name: key}}, have[key], value)...)
		}
	}
	return fields, nil
}

// contains says whether have holds everything of want; atomic: it is of a list that has one
// owner, so that the lists in it have the same entries.
func contains(have, want any, atomic bool) bool {
	switch want := want.(type) {
	case map[string]any:
		return mapContains(have, want, atomic)
	case []any:
		return listContains(have, want, atomic)
	default:
		return reflect.DeepEqual(have, want)
	}
}

func mapContains(have any, want map[string]any, atomic bool) bool {
	values, ok := have.(map[string]any)
	if !ok {
		return len(want) == 0 && have == nil
	}
	for key, value := range want {
		if !holds(key, values[key], value, atomic) {
			return false
		}
	}
	return true
}

// holds says whether a field of that name has everything of want.
func holds(name string, have, want any, atomic bool) bool {
	if slices.Contains(selectors, name) {
		return reflect.DeepEqual(have, want)
	}
	return contains(have, want, atomic || slices.Contains(atomicLists, name))
}

// Selectors have one owner too: with a label that somebody adds to one it selects others, or
// nothing.
var selectors = []string{"selector", "podSelector", "namespaceSelector", "labelSelector"}

// The lists that have one owner, of HTTPRoutes, Ingresses and NetworkPolicies, though some
// of their entries have a field by which those of other lists are told apart.
var atomicLists = []string{"parentRefs", "rules", "ingress", "egress"}

// listContains compares a list of entries that have a key (containers, ports,
// variables, mounts, owners) entry by entry, whatever others have added, and any other
// list as a whole.
func listContains(have any, want []any, atomic bool) bool {
	entries, ok := have.([]any)
	if !ok {
		return len(want) == 0 && have == nil
	}
	if atomic && len(entries) != len(want) {
		return false
	}
	for i, value := range want {
		key, keyed := entryKey(value)
		if !keyed || atomic {
			if len(entries) != len(want) || !contains(entries[i], value, atomic) {
				return false
			}
			continue
		}
		if !contains(find(entries, key, value.(map[string]any)[key]), value, false) {
			return false
		}
	}
	return true
}

// The fields by which entries of lists are told apart, in the objects that package
// provision renders. Ports come first: a port has a name too, but that may be changed.
var entryKeys = []string{"uid", "mountPath", "containerPort", "port", "topologyKey", "name"}

func entryKey(entry any) (string, bool) {
	fields, ok := entry.(map[string]any)
	if !ok {
		return "", false
	}
	for _, key := range entryKeys {
		if _, has := fields[key]; has {
			return key, true
		}
	}
	return "", false
}

func find(entries []any, key string, value any) any {
	for _, entry := range entries {
		if fields, ok := entry.(map[string]any); ok && reflect.DeepEqual(fields[key], value) {
			return entry
		}
	}
	return nil
}
