package scale

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store"
)

// settle makes tenants, with an operator that runs, until there are that many and
// every one is ready.
func (w *world) settle(ctx context.Context, total int) error {
	from := w.tenants
	if err := w.addTenants(ctx, total); err != nil {
		return err
	}
	w.progress("making their pods ready")
	start := time.Now()
	if err := each(ctx, from, total, w.makePods); err != nil {
		return err
	}
	if err := w.allReady(ctx); err != nil {
		return err
	}
	w.progress("%d tenants are ready after %s", total, time.Since(start).Round(time.Second))
	return w.silent(ctx)
}

// makePods stands in for controller-manager and nodes: it makes the pods of a tenant
// and acknowledges the documents that are live.
func (w *world) makePods(ctx context.Context, tenant string) error {
	for _, c := range provision.Components() {
		var deployment appsv1.Deployment
		deploymentKey := key(tenant, provision.WorkloadName(tenant, c))
		err := until(ctx, "Deployment "+deploymentKey.Name+" is there", setUpLimit, 200*time.Millisecond, func() (bool, error) {
			err := w.cluster.Client.Get(ctx, deploymentKey, &deployment)
			return err == nil, ignoreMissing(err)
		})
		if err != nil {
			return err
		}
		if _, err := w.cluster.ReadyPods(ctx, deploymentKey, int(*deployment.Spec.Replicas)); err != nil {
			return err
		}
	}
	return w.acknowledge(ctx, tenant)
}

func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// acknowledge writes for each pod of a tenant that it runs what is live.
func (w *world) acknowledge(ctx context.Context, tenant string) error {
	var owner v1alpha1.Tenant
	err := until(ctx, "the status of "+tenant+" names its schema", setUpLimit, 200*time.Millisecond, func() (bool, error) {
		err := w.cluster.Client.Get(ctx, key(tenant, tenant), &owner)
		return owner.Status.Database.Schema != "", err
	})
	if err != nil {
		return fmt.Errorf("acknowledge for %s: %w", tenant, err)
	}
	var settings, routing corev1.ConfigMap
	var pods corev1.PodList
	err = errors.Join(
		w.cluster.Client.Get(ctx, key(tenant, provision.SettingsName(tenant)), &settings),
		w.cluster.Client.Get(ctx, key(tenant, provision.RoutingName(tenant)), &routing),
		w.cluster.Client.List(ctx, &pods, client.InNamespace(tenant)))
	if err != nil {
		return fmt.Errorf("acknowledge for %s: %w", tenant, err)
	}
	rows, logins := store.New(w.rows), map[string]string{}
	for _, c := range provision.Components() {
		if logins[string(c)], err = w.login(ctx, tenant, c); err != nil {
			return fmt.Errorf("acknowledge for %s: %w", tenant, err)
		}
	}
	for i := range pods.Items {
		running := store.Replica{
			Pod:       pods.Items[i].Name,
			Component: pods.Items[i].Labels[provision.LabelComponent],
			Digest:    settings.Annotations[provision.AnnotationDigest],
			Login:     logins[pods.Items[i].Labels[provision.LabelComponent]],
		}
		if running.Component == string(provision.Dispatcher) {
			running.Routing = routing.Annotations[provision.AnnotationDigest]
		}
		err := rows.Acknowledge(context.WithValue(ctx, schemaKey{}, owner.Status.Database.Schema), running)
		if err != nil {
			return fmt.Errorf("acknowledge for %s: %w", tenant, err)
		}
	}
	return nil
}

// login is the role that the pods of a component sign in by.
func (w *world) login(ctx context.Context, tenant string, c provision.Component) (string, error) {
	var secret corev1.Secret
	if err := w.cluster.Client.Get(ctx, key(tenant, provision.DatabaseSecretName(tenant, c)), &secret); err != nil {
		return "", fmt.Errorf("read the login of the %s: %w", c, err)
	}
	uri, err := url.Parse(string(secret.Data[provision.KeyURI]))
	if err != nil {
		return "", fmt.Errorf("read the login of the %s: %w", c, err)
	}
	return uri.User.Username(), nil
}
