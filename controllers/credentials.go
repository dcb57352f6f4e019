package controllers

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

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
func (r *Reconciler) prepareTenant(ctx context.Context, t *v1alpha1.Tenant, s *server) (admin.Prepared, error) {
	opened, failure := s.open()
	if failure != nil { // known already, as while the server is away
		return admin.Prepared{}, failure
	}
	prepared, err := r.prepareOn(ctx, t, s, opened)
	if err == nil {
		return prepared, nil
	}
	problem := problemOf(err)
	if problem.Reason == status.ReasonUnreachable && ctx.Err() == nil {
		told, news := s.suspect(ctx, problem)
		if news {
			r.runTenantsOf(ctx, s.name)
		}
		return admin.Prepared{}, told
	}
	return admin.Prepared{}, err
}

func (r *Reconciler) prepareOn(ctx context.Context, t *v1alpha1.Tenant, s *server, opened *admin.Server) (admin.Prepared, error) {
	secrets, logins, err := r.logins(ctx, t)
	if err != nil {
		return admin.Prepared{}, err
	}
	prepared, err := opened.Prepare(ctx, r.owner(t), logins, s.adopt)
	if err != nil {
		return admin.Prepared{}, fmt.Errorf("prepare the schema: %w", err)
	}
	for _, c := range provision.Components() {
		uri, err := opened.LoginURI(r.owner(t), string(c), logins[string(c)].Password)
		if err != nil {
			return admin.Prepared{}, fmt.Errorf("make the address for the %s: %w", c, err)
		}
		if err := r.writeSecret(ctx, t, secrets[c], provision.DatabaseSecret(t, c, uri)); err != nil {
			return admin.Prepared{}, err
		}
	}
	if err := r.prepareKeys(ctx, t); err != nil {
		return admin.Prepared{}, err
	}
	return prepared, r.prepareToken(ctx, t, opened.Tenant(prepared.Schema))
}

// logins reads the password of each login role from its Secret, and makes those that
// are missing.
func (r *Reconciler) logins(ctx context.Context, t *v1alpha1.Tenant) (map[provision.Component]*corev1.Secret, map[string]admin.Login, error) {
	secrets := map[provision.Component]*corev1.Secret{}
	logins := map[string]admin.Login{}
	for _, c := range provision.Components() {
		secret, err := r.readSecret(ctx, t, provision.DatabaseSecretName(t.Name, c))
		if err != nil {
			return nil, nil, err
		}
		secrets[c] = secret
		logins[string(c)] = admin.Login{Password: passwordIn(secret.Data[provision.KeyURI]), Replicas: provision.Replicas(t, c)}
	}
	return secrets, logins, nil
}

// passwordIn takes the password out of a URI, or makes a new one if there is none that
// a login role can have, as after a change by hand.
func passwordIn(uri []byte) string {
	if parsed, err := url.Parse(string(uri)); err == nil && parsed.User != nil {
		if password, ok := parsed.User.Password(); ok && password != "" && printable(password) {
			return password
		}
	}
	return rand.Text()
}

// printable says whether a text has printable ASCII characters only. Package admin
// refuses any other password.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}

func (r *Reconciler) prepareToken(ctx context.Context, t *v1alpha1.Tenant, database *admin.Tenant) error {
	secret, err := r.readSecret(ctx, t, provision.TokenSecretName(t.Name))
	if err != nil {
		return err
	}
	token := string(secret.Data[provision.KeyToken])
	if token == "" {
		token = rand.Text()
	}
	if err := r.writeSecret(ctx, t, secret, provision.TokenSecret(t, token)); err != nil {
		return err
	}
	if err := database.EnsureToken(ctx, tokenName, token); err != nil {
		return fmt.Errorf("keep the API token: %w", err)
	}
	return nil
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
	if err != nil {
		return notNow(err)
	}
	if result == apply.Applied {
		metrics.Writes.WithLabelValues("Secret").Inc()
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
