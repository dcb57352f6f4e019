package controllers

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/internal/config"
)

// memory is what the passes over one tenant remember. All of it only saves work: with
// an empty memory a pass does the same, after a few more reads.
type memory struct {
	// digests are of the documents that were last written or read from the API server. A
	// cache that shows another one is behind.
	digests map[*documentKind]string
	own     map[*documentKind]string // digests of the documents that this process wrote last
	ahead   map[*documentKind]string // digests of copies that were kept for a write which may not have happened

	running   map[types.UID]running // by pod: what it has acknowledged
	refreshed map[types.UID]refresh
	rows      replicaRows
	spreads   map[*documentKind]*spread
	observed  bool // the propagation of the settings document was measured

	secrets secrets
	rotates bool // it was told that a rotation of logins takes long

	usage     *config.Usage
	usageNext time.Time
	customers []string // that usage was asked with
	settled   bool     // usage was asked after every replica had acknowledged digest

	read     map[*documentKind]document // by an earlier pass
	compiled compiled
	edit     editTrace
	versions map[types.UID]version // of the objects that compiled followed from
	reported map[types.UID]reported
}

// running are the digests of the documents that a pod runs.
type running struct{ settings, routing string }

func (r running) of(kind *documentKind) string {
	if kind == routingKind {
		return r.routing
	}
	return r.settings
}

// replicaRows is what is known of the rows in which pods say what they run.
type replicaRows struct {
	pods map[string]bool // that there were when the rows were read
	next time.Time       // when one is old enough to be of a pod that is gone; zero: none is
}

// due says whether some of the rows may be of pods that are gone.
func (r *replicaRows) due(p *pass) bool {
	if !r.next.IsZero() {
		if !p.now.Before(r.next) {
			return true
		}
		p.runAgain(r.next.Sub(p.now))
	}
	now := p.podNames()
	for name := range r.pods {
		if !now[name] {
			return true
		}
	}
	return false
}

func (r *replicaRows) again(at time.Time) {
	if r.next.IsZero() || at.Before(r.next) {
		r.next = at
	}
}

// spread is how far a live document has come.
type spread struct {
	written  time.Time // when this process wrote it
	failure  string    // why a replica could not load it
	complete bool      // every ready replica, of each component that reads it, runs it
	waiting  map[types.UID]time.Time
}

// refresh is the last annotation of a pod that made its kubelet look.
type refresh struct {
	documents string // that it is to find
	times     int
	at        time.Time
}

// reported is a status that was written, while the cache may still show an older one.
type reported struct {
	version string
	status  any
}

func newMemory() *memory {
	return &memory{
		digests:   map[*documentKind]string{},
		own:       map[*documentKind]string{},
		ahead:     map[*documentKind]string{},
		read:      map[*documentKind]document{},
		running:   map[types.UID]running{},
		refreshed: map[types.UID]refresh{},
		spreads:   map[*documentKind]*spread{settingsKind: {}, routingKind: {}},
		reported:  map[types.UID]reported{},
	}
}

// sees remembers which document is live. What the replicas run is known of the former one
// only.
func (m *memory) sees(kind *documentKind, digest string) {
	if m.digests[kind] == digest {
		return
	}
	m.digests[kind] = digest
	m.spreads[kind] = &spread{}
	if kind == settingsKind {
		m.observed, m.settled = true, false
	}
}

// await remembers which pods are waited for. It returns for how long already: the
// longest and the shortest of them.
func (s *spread) await(now time.Time, pods []*corev1.Pod) (longest, shortest time.Duration) {
	waiting := make(map[types.UID]time.Time, len(pods))
	for i, pod := range pods {
		begin, ok := s.waiting[pod.UID]
		if !ok {
			begin = now
		}
		waiting[pod.UID] = begin
		longest = max(longest, now.Sub(begin))
		if i == 0 || now.Sub(begin) < shortest {
			shortest = now.Sub(begin)
		}
	}
	s.waiting = waiting
	return longest, shortest
}

// since is how long the replicas have had to load the document. After a restart of the
// operator nobody knows: long enough.
func (s *spread) since(now time.Time) time.Duration {
	if s.written.IsZero() {
		return time.Hour
	}
	return now.Sub(s.written)
}

// recall returns the memory of a tenant. The queue never runs two passes over one
// tenant at the same time, so a pass owns it.
func (r *Reconciler) recall(key types.NamespacedName) *memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.memories[key]
	if !ok {
		m = newMemory()
		r.memories[key] = m
	}
	return m
}

// forget drops the memory of a tenant of which nothing is left.
func (r *Reconciler) forget(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.memories, key)
}

// formerStatus is the status that an object has: what the cache shows, or what was
// written since.
func formerStatus[S any](m *memory, o client.Object, cached S) S {
	last, ok := m.reported[o.GetUID()]
	if !ok {
		return cached
	}
	order, err := resourceversion.CompareResourceVersion(o.GetResourceVersion(), last.version)
	status, fits := last.status.(S)
	if err != nil || !fits || order >= 0 {
		delete(m.reported, o.GetUID())
		return cached
	}
	return status
}
