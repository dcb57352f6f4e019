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
	written time.Time                // when this process wrote the settings document

	running   map[types.UID]string // by pod: the digest that it has acknowledged
	refreshed map[types.UID]refresh
	failure   string // why a replica could not load the document
	observed  bool   // the propagation of this document was measured

	complete bool                    // every ready replica, of each component, runs the document
	waiting  map[types.UID]time.Time // the pods that do not yet, and since when

	usage     *config.Usage
	usageNext time.Time
	customers []string // that usage was asked with
	settled   bool     // usage was asked after every replica had acknowledged digest

	read     map[*documentKind]document // by an earlier pass
	compiled compiled
	versions map[types.UID]version // of the objects that compiled followed from
	reported map[types.UID]reported
}

// refresh is the last annotation of a pod that made its kubelet look.
type refresh struct {
	digest string
	times  int
	at     time.Time
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
		read:      map[*documentKind]document{},
		running:   map[types.UID]string{},
		refreshed: map[types.UID]refresh{},
		waiting:   map[types.UID]time.Time{},
		reported:  map[types.UID]reported{},
	}
}

// sees remembers which document is live. What the replicas run is known of the former
// settings document only.
func (m *memory) sees(kind *documentKind, digest string) {
	if m.digests[kind] == digest {
		return
	}
	m.digests[kind] = digest
	if kind != settingsKind {
		return
	}
	m.written = time.Time{}
	m.failure = ""
	m.observed = true
	m.complete, m.settled = false, false
	clear(m.waiting)
	clear(m.refreshed)
}

// await remembers which pods are waited for. It returns for how long already: the
// longest and the shortest of them.
func (m *memory) await(now time.Time, pods []*corev1.Pod) (longest, shortest time.Duration) {
	waiting := make(map[types.UID]time.Time, len(pods))
	for i, pod := range pods {
		begin, ok := m.waiting[pod.UID]
		if !ok {
			begin = now
		}
		waiting[pod.UID] = begin
		longest = max(longest, now.Sub(begin))
		if i == 0 || now.Sub(begin) < shortest {
			shortest = now.Sub(begin)
		}
	}
	m.waiting = waiting
	return longest, shortest
}

// wrote remembers that the settings document was just written. The first one waits for
// its pods, which says nothing about propagation.
func (m *memory) wrote(now time.Time, first bool) {
	m.written = now
	m.observed = first
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
