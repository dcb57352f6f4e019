package backoffice

import (
	"strings"
	"testing"
)

// step is a request and what its answer has to be like.
type step struct {
	method, path, body string // path as "sites/s1"
	header             map[string]string
	status             int
	tag, contains      string
}

// walk takes steps one after the other.
func (s *site) walk(t *testing.T, steps []step) {
	t.Helper()
	for _, step := range steps {
		header := map[string]string{"Content-Type": "application/json"}
		for name, value := range step.header {
			header[name] = value
		}
		response, text := s.call(t, step.method, "/api/v1/"+step.path, header, reader(step.body))
		if response.StatusCode != step.status || response.Header.Get("ETag") != step.tag || !strings.Contains(text, step.contains) {
			t.Errorf("%s %s %s: %s, tag %s\n%s", step.method, step.path, step.body, response.Status, response.Header.Get("ETag"), text)
		}
		if response.StatusCode >= 400 && !strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s %s: an error of type %s", step.method, step.path, response.Header.Get("Content-Type"))
		}
	}
}
