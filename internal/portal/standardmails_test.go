package portal

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/catalog/suite"
)

// portalLink is a link of a standard message into the portal, with a path behind its address.
var portalLink = regexp.MustCompile(`\{\{\.tenant\.portalURL\}\}(/[\w/-]*)?`)

// Every page of the portal that a standard message leads to is there, and so is every one in
// the sample of an event, by which people write messages of their own.
func TestStandardMessagesLeadToPages(t *testing.T) {
	mux := http.NewServeMux()
	for _, r := range (&Portal{}).routes() {
		mux.HandleFunc(r.pattern, func(http.ResponseWriter, *http.Request) {})
	}
	paths := map[string]string{} // with who leads there
	for _, name := range suite.Events() {
		m, _ := suite.For(name, "")
		for _, text := range m.Texts {
			for _, link := range portalLink.FindAllStringSubmatch(text.Plain+text.HTML, -1) {
				paths["/"+strings.TrimPrefix(link[1], "/")] = "the standard message of " + name
			}
		}
	}
	written := len(paths)
	for _, name := range catalog.BuiltIn().Names() {
		event, _ := catalog.BuiltIn().Lookup(name)
		for _, part := range strings.Split(string(event.Sample), `"https://my.acme.example`)[1:] {
			path, _, _ := strings.Cut(part, `"`)
			paths["/"+strings.TrimPrefix(path, "/")] = "the sample of " + name
		}
	}
	if written < 5 || len(paths) < written+5 {
		t.Fatalf("this test finds few links: %v", paths)
	}
	for path, who := range paths {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, pattern := mux.Handler(request); pattern == "/" || pattern == "" {
			t.Errorf("%s leads to %s, where the portal has no page", who, path)
		}
	}
}
