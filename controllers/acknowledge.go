package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	// maxRefreshes bounds how often a pod is told to look again; after that the
	// kubelet's own round, about once a minute, has to do.
	maxRefreshes = 6
	// fastPolling is how long the replicas are asked often.
	fastPolling = 5 * time.Second
	// failureDelay is how long an error of a replica may be about the document before.
	failureDelay = 2 * time.Second
	// youngReplica is how old the row of an unknown pod is at least when it is deleted.
	youngReplica = 10 * time.Minute
	// patchers is how many pods are annotated at the same time.
	patchers = 16
)

// acknowledge finds out which ready replicas run the live documents. Pods that do not are
// told to look: a changed annotation makes the kubelet refresh their files at once. When
// every replica is known to run them, nothing is asked.
func (r *Reconciler) acknowledge(ctx context.Context, p *pass) error {
	if p.tenant == nil || p.settings.body == nil {
		return nil
	}
	r.forgetPods(p)
	asks := slices.ContainsFunc(p.documents(), p.mayHaveSpread) || p.database.ready && p.memory.rows.due(p)
	if p.database.tenant != nil && asks {
		if err := r.askReplicas(ctx, p); err != nil {
			return err
		}
	}
	if p.database.ready {
		r.refreshPods(ctx, p)
	}
	p.replicas, p.dispatchers = r.conclude(p, &p.settings), r.conclude(p, &p.routing)
	return nil
}

// mayHaveSpread says whether a document may have come to replicas that are not known to run
// it. What was written in this very pass no replica has yet.
func (p *pass) mayHaveSpread(d *document) bool {
	return len(p.pending(d)) > 0 && !p.memory.spreads[d.kind].written.Equal(p.now)
}

// reads says whether the pods of a component read a document.
func (k *documentKind) reads(c provision.Component) bool {
	return k == settingsKind || c == provision.Dispatcher
}

// readers are the ready pods that read a document.
func (p *pass) readers(d *document) []*corev1.Pod {
	var list []*corev1.Pod
	for i := range p.pods {
		if pod := &p.pods[i]; counts(pod) && d.kind.reads(componentOf(pod)) {
			list = append(list, pod)
		}
	}
	return list
}

// awaited says whether replicas can come to run a document. A routing document that
// something keeps from being written holds up no Tenant.
func (p *pass) awaited(d *document) bool {
	return d.body != nil && (d.kind == settingsKind || d.inPlace())
}

// pending are the ready pods that are not known to run a live document.
func (p *pass) pending(d *document) []*corev1.Pod {
	if !p.awaited(d) {
		return nil
	}
	return slices.DeleteFunc(p.readers(d), func(pod *corev1.Pod) bool { return p.memory.running[pod.UID].of(d.kind) == d.digest })
}

// forgetPods drops what is remembered of pods that do not count any more: should one
// come back, it is asked again.
func (r *Reconciler) forgetPods(p *pass) {
	ready := map[types.UID]bool{}
	for i := range p.pods {
		ready[p.pods[i].UID] = counts(&p.pods[i])
	}
	maps.DeleteFunc(p.memory.running, func(uid types.UID, _ running) bool { return !ready[uid] })
	maps.DeleteFunc(p.memory.refreshed, func(uid types.UID, _ refresh) bool {
		_, exists := ready[uid]
		return !exists
	})
}

// askReplicas reads what the replicas have written about themselves.
func (r *Reconciler) askReplicas(ctx context.Context, p *pass) error {
	var replicas []store.Replica
	err := r.ask(ctx, p, func(ctx context.Context) (err error) {
		replicas, err = p.database.tenant.Replicas(ctx)
		return err
	})
	if err != nil || p.database.tenant == nil {
		return err
	}
	byName := map[string]store.Replica{}
	for _, replica := range replicas {
		byName[replica.Pod] = replica
	}
	for _, d := range p.documents() {
		p.memory.spreads[d.kind].failure = ""
	}
	for i := range p.pods {
		pod := &p.pods[i]
		replica, ok := byName[pod.Name]
		if !ok || !counts(pod) {
			continue
		}
		p.memory.running[pod.UID] = running{replica.Digest, replica.Routing}
		if failed := p.failed(pod); failed != nil && replica.Error != "" {
			failed.failure = replica.Error
		}
	}
	return r.forgetReplicas(ctx, p, replicas)
}

// failed is what an error of a replica is about: the first document that it does not run,
// and has had the time to. nil: it runs all, or the error may be about the documents before.
func (p *pass) failed(pod *corev1.Pod) *spread {
	for _, d := range p.documents() {
		if !p.awaited(d) || !d.kind.reads(componentOf(pod)) || p.memory.running[pod.UID].of(d.kind) == d.digest {
			continue
		}
		if s := p.memory.spreads[d.kind]; s.since(p.now) > failureDelay {
			return s
		}
		return nil
	}
	return nil
}

// forgetReplicas deletes the rows of pods that are gone, so that nobody takes what they ran
// for what is in force. A young row of a pod that was never seen may be of one that the
// cache does not show yet, and a pod writes its row once.
func (r *Reconciler) forgetReplicas(ctx context.Context, p *pass, replicas []store.Replica) error {
	if !p.database.ready {
		return nil
	}
	keep, gone := slices.Collect(maps.Keys(p.podNames())), false
	next := replicaRows{pods: p.podNames()}
	for _, replica := range replicas {
		switch {
		case next.pods[replica.Pod]:
		case replica.Age < youngReplica && !p.memory.rows.pods[replica.Pod]:
			keep = append(keep, replica.Pod)
			next.again(p.now.Add(youngReplica - replica.Age))
		default:
			gone = true
		}
	}
	if gone {
		err := r.ask(ctx, p, func(ctx context.Context) error { return p.database.tenant.ForgetReplicas(ctx, keep) })
		if err != nil || !p.database.ready {
			return err
		}
	}
	p.memory.rows = next
	return nil
}

func (p *pass) podNames() map[string]bool {
	names := make(map[string]bool, len(p.pods))
	for i := range p.pods {
		names[p.pods[i].Name] = true
	}
	return names
}

// refreshPods annotates the pods that are due: at once when a document is written,
// and again if they do not acknowledge, because the kubelet can be faster than the
// ConfigMap is. It only saves time, as the kubelet looks by itself too: a pod that
// cannot be annotated keeps nobody from telling how things are.
func (r *Reconciler) refreshPods(ctx context.Context, p *pass) {
	var patches sync.WaitGroup
	places := make(chan struct{}, patchers)
	for _, pod := range p.behind() {
		next, due := r.nextRefresh(p, pod)
		if !due {
			continue
		}
		p.memory.refreshed[pod.UID] = next
		patches.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if err := r.annotate(ctx, pod, provision.AnnotationRefresh, next); err != nil {
				log.FromContext(ctx).Error(err, "could not tell a pod to look at its files, its kubelet does so within about a minute")
			}
		})
	}
	patches.Wait()
}

// behind are the ready pods that are not known to run all documents that they read.
func (p *pass) behind() []*corev1.Pod {
	list := p.pending(&p.settings)
	for _, pod := range p.pending(&p.routing) {
		if !slices.Contains(list, pod) {
			list = append(list, pod)
		}
	}
	return list
}

// wanted names the documents that a pod is to run, for its annotation.
func (p *pass) wanted(pod *corev1.Pod) string {
	if p.awaited(&p.routing) && routingKind.reads(componentOf(pod)) {
		return p.settings.digest + "+" + p.routing.digest
	}
	return p.settings.digest
}

// nextRefresh is the next annotation of a pod, if it is time for one.
func (r *Reconciler) nextRefresh(p *pass, pod *corev1.Pod) (refresh, bool) {
	wanted := p.wanted(pod)
	last, ok := p.memory.refreshed[pod.UID]
	if !ok || last.documents != wanted {
		// A pod that a former operator has told needs another value to look again.
		last = refresh{times: refreshesIn(pod.Annotations[provision.AnnotationRefresh], wanted)}
	} else if p.now.Sub(last.at) < r.pace.refresh {
		return refresh{}, false
	}
	if last.times >= maxRefreshes {
		return refresh{}, false
	}
	return refresh{times: last.times + 1, at: p.now, documents: wanted}, true
}

// refreshesIn reads out of a pod's annotation how often it was told about documents.
func refreshesIn(value, documents string) int {
	if value == documents {
		return 1
	}
	var times int
	if rest, ok := strings.CutPrefix(value, documents+"/"); ok {
		if _, err := fmt.Sscanf(rest, "%d", &times); err == nil {
			return times
		}
	}
	return 0
}

func (n refresh) value() string {
	if n.times <= 1 {
		return n.documents
	}
	return fmt.Sprintf("%s/%d", n.documents, n.times)
}

func (r *Reconciler) annotate(ctx context.Context, pod *corev1.Pod, annotation string, next refresh) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, annotation, next.value())
	target := &corev1.Pod{}
	target.Name, target.Namespace = pod.Name, pod.Namespace
	err := r.client.Patch(ctx, target, client.RawPatch(types.MergePatchType, []byte(patch)), apply.FieldOwner)
	if apierrors.IsNotFound(err) {
		return nil // it has gone meanwhile
	}
	metrics.Wrote("Pod", err)
	if err != nil {
		return fmt.Errorf("annotate pod %s: %w", pod.Name, err)
	}
	return nil
}

// conclude says how far a document has come, and when to look again.
func (r *Reconciler) conclude(p *pass, d *document) status.Document {
	spread, pending := p.memory.spreads[d.kind], p.pending(d)
	longest, shortest := spread.await(p.now, pending)
	said := status.Document{
		Digest:  d.digest,
		Asked:   p.database.tenant != nil,
		Failure: spread.failure,
		Pending: longest,
	}
	ready := map[provision.Component]bool{}
	for _, pod := range p.readers(d) {
		ready[componentOf(pod)] = true
		said.Replicas++
	}
	said.Programmed = said.Replicas - int32(len(pending)) //nolint:gosec // a tenant has at most 150 pods
	for _, c := range provision.Components() {
		if d.kind.reads(c) && !ready[c] && !(c == provision.Dispatcher && p.undispatched()) {
			said.Missing = string(c)
		}
	}
	spread.complete = said.Missing == "" && len(pending) == 0
	switch {
	case spread.complete && d.kind == settingsKind:
		r.propagated(p)
	case len(pending) > 0 && said.Asked && shortest < fastPolling:
		p.runAgain(r.pace.poll)
	case len(pending) > 0 && said.Asked:
		p.runAgain(r.pace.pollAtRest)
	}
	return said
}

// propagated measures, once, how long a document took.
func (r *Reconciler) propagated(p *pass) {
	if p.memory.observed {
		return
	}
	p.memory.observed = true
	took := time.Since(p.memory.spreads[settingsKind].written)
	metrics.Propagation.Observe(took.Seconds())
	decide(p.key, decidedProgrammed, "document", p.settings.kind.name, "digest", p.settings.digest, "seconds", took.Seconds())
}
