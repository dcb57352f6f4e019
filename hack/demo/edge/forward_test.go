package edge

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// closedAfter is a body that the edge's server has closed by the time that its last byte
// is passed on.
type closedAfter struct {
	io.Reader
	t *testing.T
}

func (b closedAfter) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		b.t.Error("the body is read once more after its last byte")
		return n, http.ErrBodyReadAfterClose
	}
	return n, err
}

func (closedAfter) Close() error { return nil }

func TestForwardReadsNoBodyBeyondItsEnd(t *testing.T) {
	form := strings.Repeat("a", 40_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	defer server.Close()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "https://acme.localhost/", closedAfter{strings.NewReader(form), t})
	request.ContentLength = int64(len(form))
	answer := httptest.NewRecorder()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { Forward(r, target) }}
	proxy.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Body.String() != form {
		t.Errorf("the server saw %d bytes of %d, status %d", answer.Body.Len(), len(form), answer.Code)
	}
}
