package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// applySecure gives the operator the rights of config/prometheus/secure.
func applySecure(t *testing.T) {
	t.Helper()
	root, err := kube.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cluster.Kubectl(t.Context(), t, "apply", "--server-side", "-f", filepath.Join(root, "config", "prometheus", "secure", "rbac.yaml"))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// tokenOf makes a ServiceAccount, which may get /metrics or not, and a token of it.
func tokenOf(t *testing.T, namespace, name string, may bool) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	if err := cluster.Client.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if may {
		binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: namespace + "-" + name},
			RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "foyer-metrics-reader"},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: name}}}
		if err := cluster.Client.Create(t.Context(), binding); err != nil {
			t.Fatal(err)
		}
	}
	request := &authenticationv1.TokenRequest{}
	if err := cluster.Client.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatalf("ask for a token: %v", err)
	}
	return request.Status.Token
}

// /metrics by HTTPS is for those alone who may get it in the cluster; to find that out, the
// operator needs the rights of config/prometheus/secure and no others.
func TestMetricsForThoseAloneWhoMay(t *testing.T) {
	deploy(t)
	namespace := cluster.Namespace(t)
	config, refused := recordRefused(asOperator())
	address := freeAddress(t)
	o := metricsOptions(options{metricsListen: address, metricsSecure: true})
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	server, err := metricsserver.NewServer(o, config, client)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}()
	//nolint:gosec // the certificate is one that the manager has made for itself
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	get := func(url, token string) string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := insecure.Do(request)
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close() //nolint:errcheck // only read
		body, err := io.ReadAll(answer.Body)
		return fmt.Sprint(answer.StatusCode, strings.Contains(string(body), "foyer_passes_total") || strings.Contains(string(body), "foyer_last_pass"), err)
	}
	url := "https://" + address + "/metrics"
	kube.Eventually(t, "it answers", func() error {
		if got := get(url, ""); got != "401 false <nil>" {
			return fmt.Errorf("without a token: %s", got)
		}
		return nil
	})
	applyless := tokenOf(t, namespace, "early", false)
	if got := get(url, applyless); got != "500 false <nil>" {
		t.Errorf("while the operator may not ask: %s", got)
	}
	if len(refused()) == 0 {
		t.Error("the rights of config/rbac are enough: config/prometheus/secure is not needed")
	}
	applySecure(t)
	reader, stranger := tokenOf(t, namespace, "prometheus", true), tokenOf(t, namespace, "stranger", false)
	kube.Eventually(t, "who may gets the metrics", func() error {
		if got := get(url, reader); got != "200 true <nil>" {
			return fmt.Errorf("got %s", got)
		}
		return nil
	})
	for name, c := range map[string]struct{ token, want string }{
		"somebody else": {stranger, "403 false <nil>"},
		"a made-up one": {"made-up", "401 false <nil>"},
		"once more":     {reader, "200 true <nil>"},
	} {
		if got := get(url, c.token); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := get(strings.Replace(url, "https", "http", 1), reader); strings.HasPrefix(got, "200") {
		t.Errorf("plain HTTP: %s", got)
	}
}

// While nobody asks for it, /metrics needs no right and no certificate.
func TestMetricsArePlainByDefault(t *testing.T) {
	if o := metricsOptions(options{metricsListen: ":8080"}); o.SecureServing || o.FilterProvider != nil || o.BindAddress != ":8080" {
		t.Errorf("got %+v", o)
	}
}

// TestStrangersDoNotKeepTheMetrics: whoever sends tokens that are none keeps the API server
// busy with a few questions at once, and nobody from the metrics who read them before.
func TestStrangersDoNotKeepTheMetrics(t *testing.T) {
	asked, answered := make(chan string, 2*askAtOnce), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var tokens authenticationv1.TokenReview
		var answer any = &authorizationv1.SubjectAccessReview{Status: authorizationv1.SubjectAccessReviewStatus{Allowed: true}}
		if strings.HasSuffix(r.URL.Path, "/tokenreviews") {
			if err := json.NewDecoder(r.Body).Decode(&tokens); err != nil {
				t.Error(err)
			}
			if tokens.Spec.Token == "made-up" {
				asked <- tokens.Spec.Token
				<-answered
			}
			tokens.Status.Authenticated = tokens.Spec.Token != "made-up"
			answer = &tokens
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	api, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	s := askers(api)
	judged := func(token string, want int) {
		t.Helper()
		if got, err := s.judge(t.Context(), token, "/metrics"); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", token, got, err, want)
		}
	}
	judged("prometheus", http.StatusOK)
	for digest := range s.allowed { // the answer has become old
		s.allowed[digest] = time.Time{}
	}
	ended := make(chan int, askAtOnce)
	for range askAtOnce {
		go func() {
			got, _ := s.judge(t.Context(), "made-up", "/metrics")
			ended <- got
		}()
	}
	for range askAtOnce {
		<-asked
	}
	judged("prometheus", http.StatusOK)
	first := make(chan int, 1)
	go func() { // somebody who reads them for the first time waits for a place
		got, _ := s.judge(t.Context(), "prometheus-2", "/metrics")
		first <- got
	}()
	close(answered)
	for range askAtOnce {
		if got := <-ended; got != http.StatusUnauthorized {
			t.Errorf("a made-up token: %d", got)
		}
	}
	if got := <-first; got != http.StatusOK {
		t.Errorf("who comes after strangers: %d", got)
	}
}
