package controllers

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
)

// secrets is what was found of the Secrets that a Tenant names.
type secrets struct {
	of      []provision.NamedSecret
	next    time.Time // when it is looked at again
	seen    map[string]keptSecret
	finding status.Finding // a zero Finding: they have all that they need
}

// keptSecret is what is remembered of a Secret: its version, and the names of its keys.
type keptSecret struct {
	version string // empty: there is none
	keys    []string
	own     bool // Foyer made it
}

// lookAtSecrets finds out whether the Secrets exist that the Tenant names, and have the
// keys that they need. The operator may read a Secret by its name and not watch any, so it
// looks now and then: at the metadata, and once per version at the names of the keys. What
// is missing is told, and stops nothing.
func (r *Reconciler) lookAtSecrets(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	of, m := provision.NamedSecrets(p.tenant), &p.memory.secrets
	if len(of) == 0 {
		*m = secrets{}
		return nil
	}
	if m.next.After(p.now) && reflect.DeepEqual(m.of, of) {
		p.secrets = m.finding
		p.runAgain(m.next.Sub(p.now))
		return nil
	}
	next := secrets{of: of, seen: map[string]keptSecret{}}
	if err := r.readSecrets(ctx, p, &next); err != nil { // nobody knows more than before
		log.FromContext(ctx).Error(err, "could not look at the Secrets of a tenant, trying again")
		p.secrets = m.finding
		p.runAgain(r.pace.retry)
		return nil
	}
	next.finding = next.judge()
	wait := r.pace.secrets
	if next.finding.Reason != "" {
		wait = r.pace.missing
	}
	next.next = p.now.Add(wait)
	*m, p.secrets = next, next.finding
	p.runAgain(wait)
	return nil
}

func (r *Reconciler) readSecrets(ctx context.Context, p *pass, into *secrets) error {
	for _, s := range into.of {
		if _, done := into.seen[s.Name]; done {
			continue
		}
		kept, err := r.readKeys(ctx, client.ObjectKey{Namespace: p.key.Namespace, Name: s.Name}, p.memory.secrets.seen[s.Name])
		if err != nil {
			return err
		}
		into.seen[s.Name] = kept
	}
	return nil
}

// readKeys reads the names of the keys of a Secret, if it is not the version that is known.
func (r *Reconciler) readKeys(ctx context.Context, key client.ObjectKey, last keptSecret) (keptSecret, error) {
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := r.live.Get(ctx, key, head); client.IgnoreNotFound(err) != nil {
		return keptSecret{}, fmt.Errorf("read the metadata of Secret %s: %w", key.Name, err)
	} else if err != nil {
		return keptSecret{}, nil
	}
	if provision.IsOwnSecret(head.Labels) {
		return keptSecret{version: head.ResourceVersion, own: true}, nil
	}
	if head.ResourceVersion == last.version {
		return last, nil
	}
	secret := &corev1.Secret{}
	if err := r.live.Get(ctx, key, secret); client.IgnoreNotFound(err) != nil {
		return keptSecret{}, fmt.Errorf("read Secret %s: %w", key.Name, err)
	} else if err != nil {
		return keptSecret{}, nil
	}
	maps.DeleteFunc(secret.Data, func(_ string, value []byte) bool { return len(value) == 0 })
	return keptSecret{version: secret.ResourceVersion, keys: slices.Sorted(maps.Keys(secret.Data))}, nil
}

// judge says what is missing, in the order in which the Tenant names it.
func (s *secrets) judge() status.Finding {
	var missing []string
	reason := status.ReasonSecretIncomplete
	for _, named := range s.of {
		kept := s.seen[named.Name]
		if kept.version == "" {
			reason = compile.ReasonRefNotFound
			missing = append(missing, fmt.Sprintf("%s: there is no Secret %q", named.Field, named.Name))
			continue
		}
		if kept.own {
			missing = append(missing, fmt.Sprintf("%s: Secret %q is one that Foyer made for itself: name one of yours", named.Field, named.Name))
			continue
		}
		for _, key := range named.Lacks(kept.keys) {
			missing = append(missing, fmt.Sprintf("%s: Secret %q has no key %q, or it is empty", named.Field, named.Name, key))
		}
	}
	if len(missing) == 0 {
		return status.Finding{}
	}
	return status.No(reason, "What needs a Secret that is missing does not work, and messages wait: "+strings.Join(missing, "; ")+
		". Foyer looks again by itself.")
}
