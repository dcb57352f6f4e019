package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The portal has the pages that payloads lead to.
func TestPagesOfThePortal(t *testing.T) {
	files, err := filepath.Glob("../../portal/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var portal strings.Builder
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		portal.Write(source)
	}
	for object, path := range portalPaths {
		if pattern := `pattern: "GET ` + path + `{id}"`; !strings.Contains(portal.String(), pattern) {
			t.Errorf("%s: there is no route with %s", object, pattern)
		}
	}
}
