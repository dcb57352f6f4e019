package backoffice

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is served is what is committed, and what the page for people shows.
func TestTheDocumentIsCurrent(t *testing.T) {
	s := newSite(t, server)
	want, err := os.ReadFile("../../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	anybody := map[string]string{"Authorization": ""}
	response, served := s.call(t, http.MethodGet, pathOpenAPI, anybody, nil)
	if diff := cmp.Diff(string(want), served); diff != "" || response.Header.Get("Content-Type") != "application/openapi+json" {
		t.Errorf("docs/openapi.json is stale, write it with: make generate\n%s %s", response.Status, diff)
	}
	var document struct {
		Paths map[string]map[string]struct{ OperationID, Summary string }
	}
	if err := json.Unmarshal(want, &document); err != nil {
		t.Fatal(err)
	}
	response, page := s.call(t, http.MethodGet, pathDocs, anybody, nil)
	if response.StatusCode != 200 || response.Header.Get("Content-Security-Policy") != docsPolicy || strings.Contains(page, "<script") {
		t.Errorf("the page: %s %v", response.Status, response.Header)
	}
	for path, methods := range document.Paths {
		for _, o := range methods {
			if !strings.Contains(page, `id="`+o.OperationID+`"`) || !strings.Contains(page, "<code>"+path+"</code>") {
				t.Errorf("the page has no %s", o.OperationID)
			}
		}
	}
	for path, want := range map[string]string{pathDocsStyle: "text/css; charset=utf-8", pathOpenAPIYAML: "application/openapi+yaml"} {
		if response, text := s.call(t, http.MethodGet, path, anybody, nil); response.Header.Get("Content-Type") != want || text == "" {
			t.Errorf("%s: %s of type %s", path, response.Status, response.Header.Get("Content-Type"))
		}
	}
}

// Every link of the page goes somewhere on it, or to a page that is served.
func TestLinksOfThePage(t *testing.T) {
	a := newAPI(Options{})
	a.registerAll()
	page := string(renderDocs(a.document()))
	var known []string
	for piece := range strings.SplitSeq(page, ` id="`) {
		id, _, _ := strings.Cut(piece, `"`)
		if slices.Contains(known, id) {
			t.Errorf("id %q is there twice", id)
		}
		known = append(known, id)
	}
	for _, piece := range strings.Split(page, ` href="`)[1:] {
		link, _, _ := strings.Cut(piece, `"`)
		if id, here := strings.CutPrefix(link, "#"); here && !slices.Contains(known, id) {
			t.Errorf("link %q goes nowhere", link)
		} else if !here && !slices.Contains([]string{pathOpenAPI, pathOpenAPIYAML, pathDocsStyle}, link) {
			t.Errorf("link %q", link)
		}
	}
}
