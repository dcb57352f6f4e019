package controllers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// prepareKeys makes the keys of a tenant, once: with other keys the links that were sent
// are void, and authenticator apps have to be set up again. So the Secret stays when the
// Tenant is deleted, and belongs to a Tenant of the same name that has the schema, which
// must have been found before. What of it cannot be read is told, and not replaced.
func (r *Reconciler) prepareKeys(ctx context.Context, t *v1alpha1.Tenant) error {
	secret, err := r.readAnySecret(ctx, t, provision.KeysSecretName(t.Name))
	if err != nil {
		return err
	}
	if secret.ResourceVersion != "" && !isKeysSecret(secret, t.Name) {
		return keysInTheWay(secret, t.Name)
	}
	keys := map[string][]byte{}
	for _, name := range []string{provision.KeyLink, provision.KeySeal} {
		if keys[name], err = keptOrNew(name, secret.Data[name]); err != nil {
			return &admin.Problem{Reason: status.ReasonUnreadableKeys,
				Message: fmt.Sprintf("Secret %s: %v: mend that line, or remove it if nothing was made by that key.", secret.Name, err)}
		}
	}
	return r.writeSecret(ctx, t, secret, provision.KeysSecret(t, r.owner(t).String(), keys))
}

// isKeysSecret says whether Foyer made the Secret for a Tenant of this name. Labels say
// so: it has no owner.
func isKeysSecret(secret *corev1.Secret, tenant string) bool {
	return secret.Labels[provision.LabelTenant] == tenant && secret.Labels[provision.LabelManagedBy] == provision.Name &&
		metav1.GetControllerOf(secret) == nil
}

// keysInTheWay advises nobody to delete what may be the tenant's keys without their labels.
func keysInTheWay(secret *corev1.Secret, tenant string) *admin.Problem {
	if metav1.GetControllerOf(secret) != nil {
		return secretInTheWay(secret)
	}
	return &admin.Problem{Reason: status.ReasonForeignObject, Message: fmt.Sprintf(
		"Secret %s exists, and Foyer did not make it for this Tenant: if it holds the Tenant's keys, give it the labels %s=%s and %s=%s, else move it out of the way.",
		secret.Name, provision.LabelTenant, tenant, provision.LabelManagedBy, provision.Name)}
}

// keptOrNew is the content of a file of keys as it is, or a new key where there is none.
func keptOrNew(name string, content []byte) ([]byte, error) {
	if len(bytes.TrimSpace(content)) > 0 {
		_, err := config.ParseKeyFile(name, content)
		return content, err
	}
	key := make([]byte, config.KeyBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return []byte(base64.StdEncoding.EncodeToString(key) + "\n"), nil
}
