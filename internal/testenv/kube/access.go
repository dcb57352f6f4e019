package kube

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Access is one question whether somebody may do something. The API server asks it for
// every request, and within some: whether who applies an object that is not there may
// create it, or whether who names an owner may block that one's deletion.
type Access struct {
	Verb        string
	Group       string
	Resource    string // with its subresource, as "pods/status"
	Namespace   string
	Name        string // empty for whole collections, and where the name is not known yet
	NonResource string // the path of what is no resource
}

// Accesses records what the API server asks about one user. It answers that it has no
// opinion, so that the roles decide.
type Accesses struct {
	user   string
	server *httptest.Server

	mu   sync.Mutex
	list map[Access]int
}

// RecordAccesses is an option of Start that records the accesses of a user, who must not be
// an administrator: about those the API server asks nobody.
func RecordAccesses(user string) (Option, *Accesses) {
	a := &Accesses{user: user, list: map[Access]int{}}
	return func(c *Cluster) error {
		a.server = httptest.NewServer(http.HandlerFunc(a.answer))
		dir, err := os.MkdirTemp("", "foyer-accesses-")
		if err != nil {
			return err
		}
		c.cleanup = append(c.cleanup, a.server.Close, func() { _ = os.RemoveAll(dir) })
		file := filepath.Join(dir, "webhook.json")
		config := strings.ReplaceAll(`{"apiVersion": "v1", "kind": "Config", "current-context": "a",
			"clusters": [{"name": "a", "cluster": {"server": "URL"}}],
			"contexts": [{"name": "a", "context": {"cluster": "a", "user": ""}}]}`, "URL", a.server.URL)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return err
		}
		a.configure(c.env, file)
		return nil
	}, a
}

func (a *Accesses) configure(env *envtest.Environment, file string) {
	env.ControlPlane.GetAPIServer().Configure().
		Set("authorization-mode", "Webhook", "RBAC").
		Set("authorization-webhook-version", "v1").
		Set("authorization-webhook-config-file", file).
		Set("authorization-webhook-cache-authorized-ttl", "0s").
		Set("authorization-webhook-cache-unauthorized-ttl", "0s").
		// As on OpenShift: who makes an object that blocks the deletion of its owner must be
		// allowed to.
		Set("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
}

func (a *Accesses) answer(w http.ResponseWriter, r *http.Request) {
	var review authorizationv1.SubjectAccessReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if review.Spec.User == a.user {
		a.record(review.Spec)
	}
	review.Status = authorizationv1.SubjectAccessReviewStatus{}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review) // who asked has gone
}

func (a *Accesses) record(asked authorizationv1.SubjectAccessReviewSpec) {
	var access Access
	if path := asked.NonResourceAttributes; path != nil {
		access = Access{Verb: path.Verb, NonResource: path.Path}
	}
	if on := asked.ResourceAttributes; on != nil {
		access = Access{Verb: on.Verb, Group: on.Group, Resource: on.Resource, Namespace: on.Namespace, Name: on.Name}
		if on.Subresource != "" {
			access.Resource += "/" + on.Subresource
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list[access]++
}

// Each returns every access so far, and how often the API server asked.
func (a *Accesses) Each() map[Access]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make(map[Access]int, len(a.list))
	for access, count := range a.list {
		list[access] = count
	}
	return list
}
