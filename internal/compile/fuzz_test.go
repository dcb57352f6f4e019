package compile_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// FuzzLiveDocument gives Compile live documents that nobody meant to write. It either
// refuses them or carries them forward into something that loads and stays.
func FuzzLiveDocument(f *testing.F) {
	f.Add([]byte(newer))
	documents, err := filepath.Glob("testdata/golden/*/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range documents {
		document, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	f.Fuzz(carriesOrRefuses)
}

func carriesOrRefuses(t *testing.T, live []byte) {
	in := compile.Input{
		Live: live, Tenant: tenant(2, defaultAccountProfile("business")), Usage: usage(config.Bucket{AccountProfile: "residential", Accounts: 1}),
		AccountProfiles:   []v1alpha1.AccountProfile{accountProfile("business", 3, terms(21), names("full"))},
		MyAccountProfiles: []v1alpha1.MyAccountProfile{portalProfile("full", 1), portalProfile("vip", 1, forCustomer("10042")), portalProfile("other", 1, forCustomer("10042"))},
	}
	out, err := compile.Compile(in)
	if err != nil {
		if out.Document != nil {
			t.Fatalf("an error and a document: %v", err)
		}
		return
	}
	if out.Document == nil {
		return
	}
	mustLoad(t, out.Document)
	in.Live = out.Document
	if again := mustCompile(t, in); !bytes.Equal(again.Document, out.Document) {
		t.Errorf("it moves:\n%s\n%s", out.Document, again.Document)
	}
}

// TestBrokenLiveDocuments puts every kind of JSON value at every place of a document.
func TestBrokenLiveDocuments(t *testing.T) {
	documents := 0
	everyBreak(tree(t, []byte(newer)), func(root any) {
		broken, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		documents++
		carriesOrRefuses(t, broken)
		if t.Failed() {
			t.Fatalf("by this document:\n%s", broken)
		}
	})
	if documents < 300 {
		t.Errorf("only %d documents were tried", documents)
	}
}

// everyBreak calls use with the tree after each single change to it.
func everyBreak(root any, use func(root any)) {
	replacements := []any{nil, true, json.Number("-1"), json.Number("1e400"), "", "Retired", "full", []any{}, []any{"full", nil}, map[string]any{}}
	var visit func(node any)
	breakAt := func(get func() any, set func(any), remove func()) {
		old := get()
		for _, replacement := range replacements {
			set(replacement)
			use(root)
		}
		if remove != nil {
			remove()
			use(root)
		}
		set(old)
		visit(old)
	}
	visit = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(node)) {
				breakAt(func() any { return node[key] }, func(v any) { node[key] = v }, func() { delete(node, key) })
			}
		case []any:
			for i := range node {
				breakAt(func() any { return node[i] }, func(v any) { node[i] = v }, nil)
			}
		}
	}
	visit(root)
}
