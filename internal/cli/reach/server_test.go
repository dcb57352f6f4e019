package reach

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/integration"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A name below localhost is this machine, and only the authority that was named is trusted.
func TestServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			t.Errorf("Authorization %q", r.Header.Get("Authorization"))
		}
		io.WriteString(w, `{"accountId":"1"}`)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who do not trust it
	server.StartTLS()
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	authority := file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	where := Server{URL: "https://127.0.0.1:" + port + "/api/v1/", TokenFile: file(t, testToken+"\r\n"), CertificateAuthority: authority}
	api, err := ServerAPI(where)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Client.AccountSettings(t.Context(), "1"); err != nil {
		t.Error(err)
	}
	if want := "https://127.0.0.1:" + port; api.Name != want || api.Client.BaseURL != want {
		t.Errorf("it is %s at %s, want %s", api.Name, api.Client.BaseURL, want)
	}
	for url, says := range map[string]string{
		"https://api.acme.localhost:" + port: "certificate is valid for", // it got there
		"https://localhost:" + port:          "certificate is valid for",
	} {
		where.URL = url
		if api, err = ServerAPI(where); err != nil {
			t.Fatal(err)
		}
		if _, err := api.Client.AccountSettings(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), says) || integration.Away(err) {
			t.Errorf("%s: got %v, want %s", url, err, says)
		}
	}
	where.URL, where.CertificateAuthority = "https://127.0.0.1:"+port, ""
	if api, err = ServerAPI(where); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Client.AccountSettings(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") || integration.Away(err) {
		t.Errorf("got %v", err)
	}
}

// A token goes to the address that was named, and not where that one points.
func TestServerThatPointsElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request went elsewhere") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusPermanentRedirect))
	defer server.Close()
	api, err := ServerAPI(Server{URL: server.URL, TokenFile: file(t, testToken)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = api.Client.AccountSettings(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "308 Permanent Redirect") {
		t.Errorf("got %v", err)
	}
}

// What is on this machine is asked directly: a token in clear text goes to no proxy.
func TestProxy(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		t.Setenv(name, "http://proxy.example:3128")
	}
	t.Setenv("NO_PROXY", "")
	for address, want := range map[string]string{
		"http://api.acme.localhost": "<nil>", "https://api.acme.localhost:8443": "<nil>", "http://localhost": "<nil>", "http://127.0.0.1:80": "<nil>",
		"https://api.acme.example": "http://proxy.example:3128",
	} {
		api, err := ServerAPI(Server{URL: address, TokenFile: file(t, testToken)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.transport.Proxy(httptest.NewRequest(http.MethodGet, address, nil))
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", address, got, err, want)
		}
	}
}

func TestOddServers(t *testing.T) {
	token := file(t, testToken)
	for says, where := range map[string]Server{
		"--server must be https":                      {URL: "http://api.acme.example", TokenFile: token},
		"--server must be an address such":            {URL: "ftp://api.acme.example", TokenFile: token},
		"--server must be an address alone":           {URL: "https://api.acme.example/?x=1", TokenFile: token},
		"read the token: ":                            {URL: "https://api.acme.example", TokenFile: token + "x"},
		"there is no token in ":                       {URL: "https://api.acme.example", TokenFile: file(t, " \n")},
		"is not a token alone":                        {URL: "https://api.acme.example", TokenFile: file(t, testToken+"\n"+testToken)},
		"read the certificate authority: ":            {URL: "https://api.acme.example", TokenFile: token, CertificateAuthority: token + "x"},
		"there is no certificate in " + token + ", P": {URL: "https://api.acme.example", TokenFile: token, CertificateAuthority: token},
	} {
		_, err := ServerAPI(where)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), testToken) {
			t.Errorf("got %v, want %s", err, says)
		}
	}
}
