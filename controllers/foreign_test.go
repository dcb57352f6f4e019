package controllers

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/apply"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

func TestForeignObjectsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]client.Object{
		"ConfigMap": &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "acme-settings"}, Data: map[string]string{"theirs": "yes"}},
		"Service":   &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "acme-portal"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 99}}}},
		"Secret":    &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "acme-db-portal"}, StringData: map[string]string{provision.KeyURI: "postgres://them:theirs@there/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			foreign.SetNamespace(w.tenants)
			w.create(foreign)
			before := foreign.GetResourceVersion()
			tenant := w.tenant("acme")
			w.create(tenant)
			w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
			if m := message(tenant, "Ready"); !strings.Contains(m, name+" "+foreign.GetName()) {
				t.Errorf("the message does not name the object: %q", m)
			}
			w.get(foreign)
			if foreign.GetResourceVersion() != before {
				t.Error("somebody else's object was changed")
			}
			w.delete(foreign)
			edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Again" })
			w.expect(tenant, "Ready=True")
		})
	}
}

// scaledTenant has an object of every kind that every cluster knows.
func (w *world) scaledTenant() *v1alpha1.Tenant {
	tenant := w.tenant("acme")
	tenant.Spec.Portal.Exposure.Type = v1alpha1.ExposureIngress
	tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 3}
	return tenant
}

// theirs are objects with the names and kinds of all that the operator renders beside
// Deployments, made by somebody else.
func (w *world) theirs(tenant *v1alpha1.Tenant, choose func(kind string) bool) []*unstructured.Unstructured {
	w.t.Helper()
	params := paramsOf(Options{Image: "foyer:test", Version: "v0.0.0-test"})
	params.Tenant, params.Network = tenant, &provision.Network{}
	var list []*unstructured.Unstructured
	for _, o := range provision.Objects(params) {
		encoded, err := json.Marshal(o)
		if err != nil {
			w.t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(encoded, &object.Object); err != nil {
			w.t.Fatal(err)
		}
		if !choose(object.GetKind()) {
			continue
		}
		object.SetOwnerReferences(nil)
		object.SetLabels(map[string]string{"theirs": "yes"})
		object.SetAnnotations(nil)
		list = append(list, object)
	}
	return list
}

// TestEveryForeignObjectIsNamed: one of each kind that is rendered, all of them at once.
func TestEveryForeignObjectIsNamed(t *testing.T) {
	t.Parallel()
	w := quietWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	w.options = func(o *Options) { o.Network = &provision.Network{} }
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	tenant := w.scaledTenant()
	theirs := w.theirs(tenant, func(string) bool { return true })
	kinds := map[string]bool{}
	for _, object := range theirs {
		w.create(object)
		kinds[object.GetKind()] = true
	}
	for _, kind := range []string{"Deployment", "Service", "ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy"} {
		if !kinds[kind] {
			t.Errorf("no %s is rendered", kind)
		}
	}
	w.create(tenant)
	w.expect(tenant, "Ready=False/ForeignObject", "Stalled=True")
	told := []string{"Deployment"} // their controllers write a status
	for _, object := range theirs {
		name := object.GetKind() + " " + object.GetName()
		if !strings.Contains(message(tenant, "Ready"), name+" exists") {
			t.Errorf("%s is not named in %q", name, message(tenant, "Ready"))
		}
		version := object.GetResourceVersion()
		w.get(object)
		if object.GetAnnotations()[apply.AnnotationApplied] != "" || object.GetLabels()["theirs"] != "yes" ||
			!slices.Contains(told, object.GetKind()) && object.GetResourceVersion() != version {
			t.Errorf("%s was changed", name)
		}
	}
	for _, object := range theirs {
		w.delete(object)
	}
	edit(w, tenant, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Again" })
	w.expect(tenant, "Ready=True")
}

// TestForeignObjectsHoldUpNothingElse: what is not theirs is written, but for pods that would
// lack what is.
func TestForeignObjectsHoldUpNothingElse(t *testing.T) {
	t.Parallel()
	for kind, deployed := range map[string]bool{
		"Deployment": false, "ServiceAccount": false, "Service": true, "PodDisruptionBudget": true,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tenant := w.tenant("acme")
			for _, object := range w.theirs(tenant, func(k string) bool { return k == kind }) {
				if strings.HasSuffix(object.GetName(), "-backoffice") || kind == "Service" {
					w.create(object)
				}
			}
			w.create(tenant)
			w.expect(tenant, "Ready=False/ForeignObject")
			kube.Eventually(t, "the other objects are there", func() error {
				for _, o := range []client.Object{
					&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "acme-portal"}},
					&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "acme-dispatcher"}},
					&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "acme-portal"}},
				} {
					if err := w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: o.GetName()}, o); err != nil {
						return err
					}
				}
				return nil
			})
			deployment := &appsv1.Deployment{}
			err := w.client.Get(t.Context(), client.ObjectKey{Namespace: w.tenants, Name: "acme-backoffice"}, deployment)
			if client.IgnoreNotFound(err) != nil {
				t.Fatal(err)
			}
			if ours := !apierrors.IsNotFound(err) && metav1.GetControllerOf(deployment) != nil; ours != deployed {
				t.Errorf("the Deployment of the backoffice is written: %t, want %t", ours, deployed)
			}
		})
	}
}
