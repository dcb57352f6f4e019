package controllers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// Keys of the Secret that declares a database server.
const (
	keyURI               = "uri"
	keyDirectURI         = "directURI"
	keyAllowedNamespaces = "allowedNamespaces"
	keyAdopt             = "adopt"
	keyNetworks          = "networks"
	keyMaxConnections    = "maxConnectionsPerTenant"
)

// servers are the database servers that the platform team has declared: one Secret,
// one connection pool. A server is opened when the first tenant needs it, and again
// when its Secret changes.
type servers struct {
	cached    client.Reader // metadata of the Secrets
	live      client.Reader // their content
	namespace string

	mu       sync.Mutex
	known    map[string]*server
	versions map[string]string // of the Secrets, as they were last read
}

// server is one declaration of a database server; other data in its Secret make a new
// one.
type server struct {
	name    string
	version string // of the Secret, when it first said this
	data    map[string][]byte
	config  admin.Config
	allowed []string
	adopt   []string
	at      []provision.Peer // what pods may connect to, where that is not what uri says
	most    int              // connections that a tenant may ask for; 0: any number
	noPeers error            // what is wrong in what it says of at
	noMost  error            // what is wrong in what it says of most

	mu      sync.Mutex
	closed  bool // another declaration has taken its place, or none
	opened  *admin.Server
	failure *admin.Problem // why it cannot be used now
}

func newServers(cached, live client.Reader, namespace string) *servers {
	return &servers{cached: cached, live: live, namespace: namespace, known: map[string]*server{}, versions: map[string]string{}}
}

// find returns the server of that name if it serves the namespace. Otherwise the
// problem says, in the same words for a server that does not exist and for one that
// is not for this namespace, what the platform team can do.
func (s *servers) find(ctx context.Context, name, namespace string) (*server, *admin.Problem, error) {
	changed, err := s.changed(ctx)
	if err != nil {
		return nil, nil, err
	}
	if before, ok := changed[name]; ok {
		if err := s.read(ctx, name, before); err != nil {
			return nil, nil, err
		}
		delete(changed, name)
	}
	if found := s.get(name, namespace); found != nil {
		return found, nil, nil
	}
	for other, before := range changed { // the problem names what there is
		if err := s.read(ctx, other, before); err != nil {
			return nil, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return nil, s.notFound(name, namespace), nil
}

func (s *servers) get(name, namespace string) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.known[name]; ok && found.serves(namespace) {
		return found
	}
	return nil
}

func (s *servers) notFound(name, namespace string) *admin.Problem {
	var usable []string
	for other, server := range s.known {
		if server.serves(namespace) {
			usable = append(usable, other)
		}
	}
	slices.Sort(usable)
	choice := "No server is declared for this namespace."
	if len(usable) > 0 {
		choice = "Declared for this namespace: " + strings.Join(usable, ", ") + "."
	}
	return &admin.Problem{
		Reason: status.ReasonServerNotFound,
		Message: fmt.Sprintf("Database server %q is not declared for namespace %s. %s The platform team declares a server as a Secret "+
			"of its name in namespace %s, labelled %s, with key %s, and %s in its key %s.",
			name, namespace, choice, s.namespace, LabelServer, keyURI, namespace, keyAllowedNamespaces),
	}
}

func (s *server) serves(namespace string) bool {
	return slices.Contains(s.allowed, "*") || slices.Contains(s.allowed, namespace)
}

// changed drops the servers whose Secret is gone, and names those whose Secret is to be
// read, with the version that was read last.
func (s *servers) changed(ctx context.Context) (map[string]string, error) {
	var list metav1.PartialObjectMetadataList
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	err := s.cached.List(ctx, &list, client.InNamespace(s.namespace), client.HasLabels{LabelServer})
	if err != nil {
		return nil, fmt.Errorf("list the Secrets of database servers: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	present, changed := map[string]bool{}, map[string]string{}
	for _, secret := range list.Items {
		present[secret.Name] = true
		if before := s.versions[secret.Name]; before != secret.ResourceVersion {
			changed[secret.Name] = before
		}
	}
	for name := range s.known {
		if !present[name] {
			s.drop(name)
		}
	}
	return changed, nil
}

// read reads the Secret of a server. The lock is not held meanwhile, so whoever needs
// another server does not wait; if another pass has read it too, the two agree.
func (s *servers) read(ctx context.Context, name, before string) error {
	for {
		var secret corev1.Secret
		err := s.live.Get(ctx, types.NamespacedName{Namespace: s.namespace, Name: name}, &secret)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read the Secret of database server %s: %w", name, err)
		}
		now := s.take(name, before, &secret)
		if now == before || now == secret.ResourceVersion {
			return nil
		}
		before = now // nobody knows whose is the newer one
	}
}

// take makes a server of its Secret, unless what was read before has been replaced
// meanwhile. One that declares the same stays as it is, with its connections and all
// that was prepared on it. It returns the version that counts now: "" if there is none.
func (s *servers) take(name, before string, secret *corev1.Secret) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versions[name] != before {
		return s.versions[name]
	}
	if secret.ResourceVersion == "" { // there is none
		s.drop(name)
		return ""
	}
	if old, ok := s.known[name]; !ok || !maps.EqualFunc(old.data, secret.Data, bytes.Equal) {
		s.drop(name)
		s.known[name] = declared(secret)
	}
	s.versions[name] = secret.ResourceVersion
	return secret.ResourceVersion
}

func declared(secret *corev1.Secret) *server {
	value := func(key string) string { return strings.TrimSpace(string(secret.Data[key])) }
	at, wrongNetworks := serverNetworks(value(keyNetworks))
	most, wrongMost := maxConnections(value(keyMaxConnections))
	return &server{
		at:      at,
		most:    most,
		noPeers: wrongNetworks,
		noMost:  wrongMost,
		name:    secret.Name,
		version: secret.ResourceVersion,
		data:    secret.Data,
		config:  admin.Config{URI: value(keyURI), DirectURI: value(keyDirectURI)},
		allowed: words(value(keyAllowedNamespaces)),
		adopt:   words(value(keyAdopt)),
	}
}

// invalid is about a key of the Secret that says what cannot be.
func (s *server) invalid(key string, wrong error) *admin.Problem {
	return &admin.Problem{Reason: status.ReasonInvalidServer,
		Message: fmt.Sprintf("The Secret of database server %q has a mistake in key %s: %v.", s.name, key, wrong)}
}

// words splits a list by commas and white space.
func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// drop closes a server. Those who use it at this moment finish first.
func (s *servers) drop(name string) {
	if old, ok := s.known[name]; ok {
		delete(s.known, name)
		delete(s.versions, name)
		metrics.ServerUp.DeleteLabelValues(name)
		go old.close()
	}
}

func (s *servers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.known {
		s.drop(name)
	}
}

func (s *server) close() {
	s.mu.Lock()
	opened := s.opened
	s.opened, s.closed = nil, true
	s.mu.Unlock()
	if opened != nil {
		opened.Close()
	}
}

// replaced says whether another declaration has taken its place, or none.
func (s *server) replaced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// open returns the connection pool of the server, or why it cannot be used now.
func (s *server) open() (*admin.Server, *admin.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed { // whoever waited meanwhile must not open what nobody closes again
		return nil, &admin.Problem{Reason: status.ReasonPreparing,
			Message: fmt.Sprintf("The declaration of database server %q has changed; Foyer begins again with the new one.", s.name)}
	}
	if s.failure != nil {
		return nil, s.failure
	}
	if s.opened != nil {
		return s.opened, nil
	}
	if s.config.URI == "" {
		s.failure = &admin.Problem{Reason: status.ReasonInvalidServer,
			Message: fmt.Sprintf("The Secret of database server %q has no key %s.", s.name, keyURI)}
		return nil, s.failure
	}
	if s.noPeers != nil {
		s.failure = s.invalid(keyNetworks, s.noPeers)
		return nil, s.failure
	}
	opened, err := admin.Open(s.config)
	if err != nil { // nothing was dialled yet: its Secret is wrong
		s.failure = &admin.Problem{Reason: status.ReasonInvalidServer, Message: problemOf(err).Message, Err: err}
		return nil, s.failure
	}
	s.opened = opened
	return opened, nil
}

// down remembers that the server cannot be used, until a poll finds that it can. It
// returns the problem as people are told, and whether it is news.
func (s *server) down(problem *admin.Problem) (*admin.Problem, bool) {
	told := *problem
	if told.Reason == status.ReasonUnreachable {
		told.Message = fmt.Sprintf("Database server %q: %s. Customers read that their data cannot be reached just now; "+
			"all goes on by itself when the server is back", s.name, strings.TrimSuffix(problem.Message, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &told, false
	}
	news := s.failure == nil
	s.failure = &told
	metrics.ServerUp.WithLabelValues(s.name).Set(0)
	return &told, news
}

// suspect is for a question that was not answered: if the server answers nothing at all
// it is down, for every tenant. Otherwise it is this tenant alone that has to wait, as
// for a lock that somebody holds on one of its tables.
func (s *server) suspect(ctx context.Context, problem *admin.Problem) (*admin.Problem, bool) {
	s.mu.Lock()
	opened := s.opened
	s.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, suspectTimeout)
	defer cancel()
	if opened == nil || opened.Ping(limited) != nil && ctx.Err() == nil {
		return s.down(problem)
	}
	return &admin.Problem{
		Reason: status.ReasonUnreachable,
		Message: fmt.Sprintf("Database server %q answers, but a question about this tenant's data was not answered in time; "+
			"Foyer asks again by itself.", s.name),
		Err: problem.Err,
	}, false
}

// poll asks whether the server answers, and says whether that has changed.
func (s *server) poll(ctx context.Context) bool {
	s.mu.Lock()
	opened := s.opened
	s.mu.Unlock()
	if opened == nil {
		return false // nobody uses it, or its Secret is wrong
	}
	if err := opened.Ping(ctx); err != nil {
		_, news := s.down(problemOf(err))
		return news
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	news := s.failure != nil
	s.failure = nil
	metrics.ServerUp.WithLabelValues(s.name).Set(1)
	return news
}

// pollServers polls every server and runs the tenants of those that have come or gone.
func (r *Reconciler) pollServers(ctx context.Context) {
	r.servers.mu.Lock()
	var list []*server
	for _, s := range r.servers.known {
		list = append(list, s)
	}
	r.servers.mu.Unlock()
	var polls sync.WaitGroup
	for _, s := range list {
		polls.Go(func() {
			limited, cancel := context.WithTimeout(ctx, askTimeout)
			defer cancel()
			if s.poll(limited) && ctx.Err() == nil {
				r.runTenantsOf(ctx, s.name)
			}
		})
	}
	polls.Wait()
}

func (r *Reconciler) runTenantsOf(ctx context.Context, server string) {
	for _, request := range r.requestsOnServer(ctx, server) {
		r.again.now(ctx, request.NamespacedName)
	}
}

// problemOf puts an error of a database into words for a status.
func problemOf(err error) *admin.Problem {
	var problem *admin.Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case store.Unavailable(err):
		return &admin.Problem{Reason: status.ReasonUnreachable, Message: "The database server does not answer.", Err: err}
	default:
		return &admin.Problem{Reason: reasonFailed,
			Message: "The database refused something that Foyer needs; the operator's log has the details.", Err: err}
	}
}

// reasonFailed is the reason of a problem that has no better name.
const reasonFailed = "Failed"

// waits says whether a problem can go away without anybody changing what was declared.
func waits(problem *admin.Problem) bool {
	switch problem.Reason {
	case status.ReasonUnreachable, status.ReasonServerNotFound, status.ReasonPreparing, admin.ReadOnly, admin.DiskFull, reasonFailed:
		return true
	}
	return false
}
