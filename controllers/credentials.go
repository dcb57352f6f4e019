package controllers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/metrics"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// tokenName is the name of the first API token, which the Secret T-cli holds.
const tokenName = "cli"

// prepareTenant makes everything that a tenant needs on its database server, and the
// Secrets by which its pods and its people reach it. A password is made once and kept
// in the Secret; the role's follows the Secret.
func (r *Reconciler) prepareTenant(ctx context.Context, t *v1alpha1.Tenant, s *server) (prepared, error) {
	opened, failure := s.open()
	if failure != nil { // known already, as while the server is away
		return prepared{}, failure
	}
	done, err := r.prepareOn(ctx, t, s, opened)
	if err == nil {
		return done, nil
	}
	problem := problemOf(err)
	if problem.Reason == status.ReasonUnreachable && ctx.Err() == nil {
		told, news := s.suspect(ctx, problem)
		if news {
			r.runTenantsOf(ctx, s.name)
		}
		return prepared{}, told
	}
	return prepared{}, err
}

// prepared is what became of a preparation.
type prepared struct {
	admin.Prepared
	rotated time.Time // when logins were last rotated; zero: never
}

// maxSteps bounds a rotation: what is next is written down, then it is put in place, then
// all is as it should be.
const maxSteps = 4

func (r *Reconciler) prepareOn(ctx context.Context, t *v1alpha1.Tenant, s *server, opened *admin.Server) (prepared, error) {
	for range maxSteps {
		done, more, err := r.prepareStep(ctx, t, s, opened)
		if err != nil || !more {
			return done, err
		}
	}
	return prepared{}, notNow(errors.New("the rotation of its logins does not end"))
}

// prepareStep brings database and Secrets to where the Secrets are in their rotation, and
// says whether that made another step due.
func (r *Reconciler) prepareStep(ctx context.Context, t *v1alpha1.Tenant, s *server, opened *admin.Server) (done prepared, more bool, err error) {
	held, logins, err := r.logins(ctx, t)
	if err != nil {
		return prepared{}, false, err
	}
	if done.Prepared, err = opened.Prepare(ctx, r.owner(t), logins, s.adopt); err != nil {
		return prepared{}, false, fmt.Errorf("prepare the schema: %w", err)
	}
	for _, c := range provision.Components() {
		busy := slices.Contains(done.Former, string(c))
		again, err := r.rotateLogin(ctx, t, opened, c, held[c], logins[string(c)], busy)
		if err != nil {
			return prepared{}, false, err
		}
		more = more || again
		done.lastRotated(held[c])
	}
	if err := r.prepareKeys(ctx, t); err != nil {
		return prepared{}, false, err
	}
	again, err := r.prepareToken(ctx, t, opened.Tenant(done.Schema), &done)
	if err != nil || again || more {
		return done, again || more, err
	}
	done.Former, err = r.endFormer(ctx, t, opened, held, logins, done.Former)
	return done, false, err
}

func (p *prepared) lastRotated(c *credential) {
	if at := c.rotated(); at.After(p.rotated) {
		p.rotated = at
	}
}

// logins reads the login roles of each component from its Secret, and makes the passwords
// that are missing.
func (r *Reconciler) logins(ctx context.Context, t *v1alpha1.Tenant) (map[provision.Component]*credential, map[string]admin.Login, error) {
	held := map[provision.Component]*credential{}
	logins := map[string]admin.Login{}
	for _, c := range provision.Components() {
		secret, err := r.readSecret(ctx, t, provision.DatabaseSecretName(t.Name, c))
		if err != nil {
			return nil, nil, err
		}
		held[c] = credentialIn(secret, provision.KeyURI)
		login := admin.Login{Replicas: provision.Replicas(t, c)}
		login.Second, login.Password = loginIn(held[c].value())
		if second, password := loginIn(held[c].turn.Next); held[c].turn.Next != "" && second != login.Second {
			login.Next = password
		}
		logins[string(c)] = login
	}
	return held, logins, nil
}

// loginIn takes role and password out of a URI, or makes a new password if there is none
// that a login role can have, as after a change by hand.
func loginIn(uri string) (second bool, password string) {
	if parsed, err := url.Parse(uri); err == nil && parsed.User != nil {
		second = admin.IsSecondLogin(parsed.User.Username())
		if password, ok := parsed.User.Password(); ok && password != "" && printable(password) {
			return second, password
		}
	}
	return second, rand.Text()
}

// printable says whether a text has printable ASCII characters only. Package admin
// refuses any other password.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}

func (r *Reconciler) prepareToken(ctx context.Context, t *v1alpha1.Tenant, database *admin.Tenant, done *prepared) (more bool, err error) {
	secret, err := r.readSecret(ctx, t, provision.TokenSecretName(t.Name))
	if err != nil {
		return false, err
	}
	held := credentialIn(secret, provision.KeyToken)
	done.lastRotated(held)
	return r.rotateToken(ctx, t, held, database)
}

// readSecret reads a Secret of the tenant; a zero Secret means that there is none.
func (r *Reconciler) readSecret(ctx context.Context, t *v1alpha1.Tenant, name string) (*corev1.Secret, error) {
	secret, err := r.readAnySecret(ctx, t, name)
	if err == nil && secret.ResourceVersion != "" && !metav1.IsControlledBy(secret, t) {
		return nil, secretInTheWay(secret)
	}
	return secret, err
}

// readAnySecret reads a Secret whoever it belongs to.
func (r *Reconciler) readAnySecret(ctx context.Context, t *v1alpha1.Tenant, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.live.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: name}, secret)
	if client.IgnoreNotFound(err) != nil {
		return nil, notNow(fmt.Errorf("read Secret %s: %w", name, err))
	}
	return secret, nil
}

func (r *Reconciler) writeSecret(ctx context.Context, t *v1alpha1.Tenant, live *corev1.Secret, desired provision.Object) error {
	result, err := r.gateway.EnsureFrom(ctx, t, live, desired)
	if err != nil || result == apply.Applied {
		metrics.Wrote("Secret", err)
	}
	if err != nil {
		return notNow(err)
	}
	return nil
}

// secretInTheWay: the Secret of a former Tenant of this name goes by itself, any other
// one is somebody else's.
func secretInTheWay(secret *corev1.Secret) *admin.Problem {
	finding := foreignFinding("Secret "+secret.Name, secret)
	if !finding.Stalled {
		finding.Reason = status.ReasonPreparing
	}
	return &admin.Problem{Reason: finding.Reason, Message: finding.Message}
}

// notNow is an error of the API server: it passes.
func notNow(err error) *admin.Problem {
	return &admin.Problem{Reason: status.ReasonPreparing,
		Message: "Foyer is preparing the tenant's Secrets; the API server refused for now, and it tries again.", Err: err}
}
