package controllers

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// The secrets of Foyer's making are rotated without a gap: what takes the place of one is
// written beside it first (so that whoever goes on after a crash, or works beside, goes on
// with the same), then made to work, and only then put in its place. What it replaces works
// until nobody uses it any more: a login role, until every pod says that it has left it,
// and the API token for a day. So every step can be the last one of this process.

// tokenOverlap is how long the former API token works beside the new one: people and
// pipelines copy it.
const tokenOverlap = 24 * time.Hour

// credential is the Secret of a component's database login or of the first API token.
type credential struct {
	live *corev1.Secret // a zero Secret: there is none yet
	key  string
	turn provision.Turn
}

func credentialIn(secret *corev1.Secret, key string) *credential {
	return &credential{live: secret, key: key, turn: provision.Turn{
		Next:    string(secret.Data[provision.KeyNext]),
		Rotated: secret.Annotations[provision.AnnotationRotated],
		Request: secret.Annotations[provision.AnnotationRotateLogins],
	}}
}

func (c *credential) value() string { return string(c.live.Data[c.key]) }

// rotated is when the secret took the place of another; a zero time if it is the first.
func (c *credential) rotated() time.Time {
	at, err := time.Parse(time.RFC3339, c.turn.Rotated)
	if err != nil {
		return time.Time{}
	}
	return at
}

// due says whether it is time for another secret: the Tenant asks for one that this one is
// not, or it is old. A new Secret is what was asked for.
func (c *credential) due(t *v1alpha1.Tenant, now time.Time) bool {
	if c.live.ResourceVersion == "" || c.value() == "" || c.turn.Next != "" {
		return false
	}
	if request := t.Annotations[provision.AnnotationRotateLogins]; request != "" && request != c.turn.Request {
		return true
	}
	made := c.rotated()
	if made.IsZero() {
		made = c.live.CreationTimestamp.Time
	}
	every := time.Duration(t.Spec.Database.RotateLoginsDays) * 24 * time.Hour
	return every > 0 && !now.Before(made.Add(every-early(t, every)))
}

// early spreads the rotations of tenants over the last tenth of the time, so that those
// that were made in one minute are not rotated in one.
func early(t *v1alpha1.Tenant, every time.Duration) time.Duration {
	hash := fnv.New64a()
	hash.Write([]byte(t.UID))
	return time.Duration(hash.Sum64() % uint64(every/10)) //nolint:gosec // days are positive
}

// begin writes down what is to take the secret's place.
func (c *credential) begin(t *v1alpha1.Tenant, next string) provision.Turn {
	return provision.Turn{Next: next, Rotated: c.turn.Rotated, Request: cmp.Or(t.Annotations[provision.AnnotationRotateLogins], c.turn.Request)}
}

// put is the turn of what has taken its place.
func (c *credential) put(now time.Time) provision.Turn {
	return provision.Turn{Rotated: now.UTC().Format(time.RFC3339), Request: c.turn.Request}
}

// keep is the turn as it is. A first one was made after whatever was asked for.
func (c *credential) keep(t *v1alpha1.Tenant) provision.Turn {
	turn := c.turn
	if c.live.ResourceVersion == "" {
		turn.Request = t.Annotations[provision.AnnotationRotateLogins]
	}
	return turn
}

// rotateLogin writes the Secret of a component's login, and says whether there is another
// step to take at once. busy: a former login of the component is still in use.
func (r *Reconciler) rotateLogin(ctx context.Context, t *v1alpha1.Tenant, opened *admin.Server, c provision.Component, held *credential, l admin.Login, busy bool) (more bool, err error) {
	turn, password, second := held.keep(t), l.Password, l.Second
	switch {
	case l.Next != "":
		turn, password, second, more = held.put(time.Now()), l.Next, !second, true
	case held.turn.Next != "": // of an address that is none: it never worked
		turn.Next = ""
	case !busy && held.due(t, time.Now()):
		next, err := r.loginURI(t, opened, c, !second, rand.Text())
		if err != nil {
			return false, err
		}
		turn, more = held.begin(t, next), true
	}
	uri, err := r.loginURI(t, opened, c, second, password)
	if err != nil {
		return false, err
	}
	return more, r.writeSecret(ctx, t, held.live, provision.InTurn(provision.DatabaseSecret(t, c, uri), turn))
}

func (r *Reconciler) loginURI(t *v1alpha1.Tenant, opened *admin.Server, c provision.Component, second bool, password string) (uri string, err error) {
	if second {
		uri, err = opened.SecondLoginURI(r.owner(t), string(c), password)
	} else {
		uri, err = opened.LoginURI(r.owner(t), string(c), password)
	}
	if err != nil {
		return "", fmt.Errorf("make the address for the %s: %w", c, err)
	}
	return uri, nil
}

// rotateToken writes the Secret of the first API token, and keeps the token in the database.
// It says whether there is another step to take at once.
func (r *Reconciler) rotateToken(ctx context.Context, t *v1alpha1.Tenant, held *credential, database *admin.Tenant) (more bool, err error) {
	turn, token := held.keep(t), cmp.Or(held.value(), rand.Text())
	switch {
	case turn.Next != "":
		if err := database.RotateToken(ctx, tokenName, token, turn.Next, time.Now().Add(tokenOverlap)); err != nil {
			return false, fmt.Errorf("rotate the API token: %w", err)
		}
		token, turn = turn.Next, held.put(time.Now())
	case held.due(t, time.Now()):
		turn, more = held.begin(t, rand.Text()), true
	}
	if err := r.writeSecret(ctx, t, held.live, provision.InTurn(provision.TokenSecret(t, token), turn)); err != nil {
		return false, err
	}
	if err := database.EnsureToken(ctx, tokenName, token); err != nil {
		return false, fmt.Errorf("keep the API token: %w", err)
	}
	return more, nil
}

// endFormer ends the former logins of components whose pods have all left them, and returns
// the components of which some pod has not, or is not known to have.
func (r *Reconciler) endFormer(ctx context.Context, t *v1alpha1.Tenant, opened *admin.Server, held map[provision.Component]*credential, logins map[string]admin.Login, former []string) ([]string, error) {
	if len(former) == 0 {
		return nil, nil
	}
	var pods corev1.PodList
	err := r.live.List(ctx, &pods, client.InNamespace(t.Namespace), client.MatchingLabels{provision.LabelTenant: t.Name})
	if err != nil {
		return nil, notNow(fmt.Errorf("read pods: %w", err))
	}
	replicas, err := opened.Tenant(r.owner(t).Schema()).Replicas(ctx)
	if err != nil {
		return nil, err
	}
	var left []string
	for _, component := range former {
		role := r.owner(t).LoginRole(component, logins[component].Second)
		if waits := waitsFor(pods.Items, replicas, component, role); len(waits) > 0 {
			left = append(left, component)
			r.refreshLogin(ctx, waits, cmp.Or(held[provision.Component(component)].turn.Rotated, role))
			continue
		}
		if err := opened.EndLogin(ctx, r.owner(t), component, logins[component].Second); err != nil {
			return nil, err
		}
		log.FromContext(ctx).Info("ended a former login of a tenant", "namespace", t.Namespace, "tenant", t.Name, "component", component)
	}
	if len(left) == 0 {
		decide(client.ObjectKeyFromObject(t), decidedRotated)
		r.recorder.Eventf(t, nil, corev1.EventTypeNormal, "LoginsRotated", action, "%s",
			"The components have new database logins, every pod uses them, and the former ones have ended.")
	}
	return left, nil
}

// waitsFor are the pods of a component that may still use another login than this one. A
// pod that has no node yet has read no Secret.
func waitsFor(pods []corev1.Pod, replicas []store.Replica, component, role string) []*corev1.Pod {
	uses := map[string]string{}
	for _, replica := range replicas {
		uses[replica.Pod] = replica.Login
	}
	var list []*corev1.Pod
	for i := range pods {
		pod := &pods[i]
		ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if string(componentOf(pod)) == component && !ended && !unscheduled(pod) && uses[pod.Name] != role {
			list = append(list, pod)
		}
	}
	return list
}

func unscheduled(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse
	})
}

// refreshLogin tells pods to look at their Secret, a few times. It only saves time, as
// their kubelets look by themselves.
func (r *Reconciler) refreshLogin(ctx context.Context, pods []*corev1.Pod, login string) {
	for _, pod := range pods {
		times := refreshesIn(pod.Annotations[provision.AnnotationRefreshLogin], login)
		if times >= maxRefreshes {
			continue
		}
		next := refresh{documents: login, times: times + 1}
		if err := r.annotate(ctx, pod, provision.AnnotationRefreshLogin, next); err != nil {
			log.FromContext(ctx).Error(err, "could not tell a pod to look at its Secret, its kubelet does so within about a minute")
		}
	}
}

// lookAtRotation says in the status that former logins are still in use, and by which
// component once it takes long.
func (r *Reconciler) lookAtRotation(p *pass, state preparation) {
	former := state.prepared.Former
	if len(former) == 0 {
		p.memory.rotates = false
		return
	}
	said := status.Yes(status.ReasonRotatingLogins,
		"Schema and roles are in place, and so are new logins; the former ones work until every pod uses the new ones.")
	if p.now.Sub(state.rotating) > r.pace.rotation {
		said.Message += " That takes long: a pod of the " + strings.Join(former, " and the ") + " has not said that it does; see its log, or delete it."
		if p.tenant.Status.Version != r.options.Version { // another pod of that release would say no more
			said.Message += " Pods of another release may not be able to say it: then the rollout ends it."
		}
		if !p.memory.rotates {
			r.recorder.Eventf(p.tenant, nil, corev1.EventTypeWarning, "RotationWaits", action, "%s", status.Note(said.Message))
		}
		p.memory.rotates = true
	}
	p.database.finding = said
}
