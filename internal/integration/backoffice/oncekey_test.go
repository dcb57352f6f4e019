package backoffice

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// Every write either knows an Idempotency-Key, by its document, or refuses it.
func TestIdempotencyKeysThatHaveNoEffect(t *testing.T) {
	s := newSite(t, server)
	document := newAPI(Options{})
	document.registerAll()
	refused := 0
	for path, item := range document.huma.OpenAPI().Paths {
		for method, o := range map[string]*huma.Operation{"POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if o == nil {
				continue
			}
			address := strings.NewReplacer("{id}", "none", "{ticket}", "none").Replace(path)
			var body io.Reader
			if o.RequestBody != nil {
				body = strings.NewReader("")
			}
			_, text := s.call(t, method, address, map[string]string{"Idempotency-Key": "k"}, body)
			known := strings.Contains(keyParameters(o), headerKey)
			if got := strings.Contains(text, `"field":"Idempotency-Key"`); got == known {
				t.Errorf("%s %s: documented %t, answered %s", method, path, known, text)
			} else if got {
				refused++
			}
		}
	}
	if refused < 8 {
		t.Errorf("only %d refuse it", refused)
	}
	if response, text := s.call(t, http.MethodGet, "/api/v1/groups", map[string]string{"Idempotency-Key": "k"}, nil); response.StatusCode != http.StatusOK {
		t.Errorf("reading: %s", text)
	}
}

func keyParameters(o *huma.Operation) string {
	var names []string
	for _, p := range o.Parameters {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}
