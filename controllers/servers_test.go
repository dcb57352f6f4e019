package controllers

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// slowReader answers nothing about one Secret.
type slowReader struct {
	client.Reader
	name  string
	asked chan struct{}
}

func (r slowReader) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if key.Name == r.name {
		close(r.asked)
		<-ctx.Done()
		return ctx.Err()
	}
	return r.Reader.Get(ctx, key, into, opts...)
}

// TestSlowSecretHoldsUpNobodyElse: while the Secret of one server cannot be read, those
// of others can.
func TestSlowSecretHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, "*")
	w.declareServer("slow", w.uri, "*")
	slow := slowReader{Reader: w.client, name: "slow", asked: make(chan struct{})}
	s := newServers(w.client, slow, w.operator)
	t.Cleanup(s.close)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, _, err := s.find(ctx, "slow", w.tenants)
		done <- err
	}()
	<-slow.asked
	found := make(chan *server, 1)
	go func() {
		one, _, _ := s.find(t.Context(), "default", w.tenants)
		found <- one
	}()
	select {
	case one := <-found:
		if one == nil || one.name != "default" {
			t.Errorf("found %+v", one)
		}
	case <-time.After(20 * time.Second):
		t.Error("one slow Secret holds up the others")
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("a Secret that cannot be read is no error")
	}
}

// TestServerStaysWhileItsSecretSaysTheSame: an annotation on the Secret of a server
// closes no connection, and prepares no tenant again.
func TestServerStaysWhileItsSecretSaysTheSame(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, "*")
	s := newServers(w.client, w.client, w.operator)
	t.Cleanup(s.close)
	find := func() *server {
		t.Helper()
		found, problem, err := s.find(t.Context(), "default", w.tenants)
		if found == nil {
			t.Fatalf("not found: %v, %v", problem, err)
		}
		return found
	}
	first := find()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: "default"}}
	edit(w, secret, func(s *corev1.Secret) { s.Annotations = map[string]string{"example.org/note": "theirs"} })
	if find() != first {
		t.Error("an annotation made another server")
	}
	if got := s.versions["default"]; got != secret.ResourceVersion {
		t.Errorf("version %s was read, not %s: it will be read again and again", got, secret.ResourceVersion)
	}
	edit(w, secret, func(s *corev1.Secret) { s.Data[keyAdopt] = []byte("somebody") })
	if second := find(); second == first || len(second.adopt) != 1 {
		t.Errorf("another declaration is the same server: %+v", second.adopt)
	}
	w.delete(secret)
	if found, problem, _ := s.find(t.Context(), "default", w.tenants); found != nil || problem == nil {
		t.Error("a server without a Secret is found")
	}
}

// TestOldReadingOfASecretIsNotTaken: of two passes that read at the same time the one
// with the older answer may be the last to come back.
func TestOldReadingOfASecretIsNotTaken(t *testing.T) {
	t.Parallel()
	s := newServers(nil, nil, "foyer")
	reading := func(version, uri string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "default", ResourceVersion: version}, Data: map[string][]byte{keyURI: []byte(uri)}}
	}
	s.take("default", "", reading("2", "new"))
	if now := s.take("default", "", reading("1", "old")); now != "2" || s.known["default"].config.URI != "new" {
		t.Errorf("version %s counts, the server is at %s", now, s.known["default"].config.URI)
	}
}
