package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsOptions are how /metrics is served. As plain HTTP it needs no right at all, and
// network policies keep others away; with --metrics-secure it is HTTPS for those alone who
// may get /metrics in the cluster, which the manager then has to be allowed to ask.
func metricsOptions(o options) metricsserver.Options {
	m := metricsserver.Options{BindAddress: o.metricsListen}
	if !o.metricsSecure {
		return m
	}
	m.SecureServing = true
	m.CertDir = o.metricsCertDir // empty: the manager makes a certificate for itself
	m.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.MinVersion, c.NextProtos = tls.VersionTLS12, []string{"http/1.1"} }}
	m.FilterProvider = newScrapers
	return m
}

const (
	// allowedFor is how long an answer counts that somebody may read the metrics.
	allowedFor = time.Minute
	// mostAllowed bounds the answers that are remembered.
	mostAllowed = 256
	// askAtOnce bounds the questions to the API server that strangers can cause, and as many
	// are for tokens that were allowed before, which so never wait behind strangers.
	askAtOnce = 4
	// askFor bounds one, and the wait for its place.
	askFor = 5 * time.Second
)

// scrapers asks the API server who a token is of (TokenReview), and whether they may get
// /metrics (SubjectAccessReview).
type scrapers struct {
	client    kubernetes.Interface
	known     chan struct{} // for tokens that were allowed before
	strangers chan struct{}

	mu      sync.Mutex
	allowed map[[sha256.Size]byte]time.Time // until when, by the digest of a token
}

func newScrapers(config *rest.Config, client *http.Client) (metricsserver.Filter, error) {
	api, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("make a client that asks who may read the metrics: %w", err)
	}
	return askers(api).filter, nil
}

func askers(api kubernetes.Interface) *scrapers {
	return &scrapers{
		client: api, known: make(chan struct{}, askAtOnce), strangers: make(chan struct{}, askAtOnce),
		allowed: map[[sha256.Size]byte]time.Time{},
	}
}

func (s *scrapers) filter(log logr.Logger, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !found || token == "" {
			http.Error(w, "send the token of a ServiceAccount that may get /metrics", http.StatusUnauthorized)
			return
		}
		status, err := s.judge(r.Context(), token, r.URL.Path)
		if err != nil {
			log.Error(err, "could not find out who asks for the metrics")
		}
		if status != http.StatusOK {
			http.Error(w, http.StatusText(status), status)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

// judge is the status to answer with; 200: the token may.
func (s *scrapers) judge(ctx context.Context, token, path string) (int, error) {
	digest := sha256.Sum256([]byte(path + "\n" + token))
	places, allowed := s.recall(digest)
	if allowed {
		return http.StatusOK, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
		return http.StatusTooManyRequests, nil
	}
	review, err := s.client.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return http.StatusInternalServerError, fmt.Errorf("ask whose token it is: %w", err)
	}
	if !review.Status.Authenticated {
		s.forget(digest)
		return http.StatusUnauthorized, nil
	}
	user := review.Status.User
	access, err := s.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extraOf(user.Extra),
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: "get"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return http.StatusInternalServerError, fmt.Errorf("ask whether %s may get %s: %w", user.Username, path, err)
	}
	if !access.Status.Allowed {
		s.forget(digest)
		return http.StatusForbidden, nil
	}
	s.remember(digest)
	return http.StatusOK, nil
}

func extraOf(extra map[string]authenticationv1.ExtraValue) map[string]authorizationv1.ExtraValue {
	same := make(map[string]authorizationv1.ExtraValue, len(extra))
	for key, value := range extra {
		same[key] = authorizationv1.ExtraValue(value)
	}
	return same
}

// recall says whether a token is allowed by an answer that still counts, and otherwise which
// places a question about it may take.
func (s *scrapers) recall(token [sha256.Size]byte) (places chan struct{}, allowed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.allowed[token]
	if !known {
		return s.strangers, false
	}
	return s.known, time.Now().Before(until)
}

func (s *scrapers) remember(token [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.allowed) >= mostAllowed {
		clear(s.allowed)
	}
	s.allowed[token] = time.Now().Add(allowedFor)
}

// forget makes a token a stranger's.
func (s *scrapers) forget(token [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.allowed, token)
}
