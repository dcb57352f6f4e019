package reach

import (
	"context"
	"encoding/json"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

// Inventory is what hangs on the tenants of a namespace, or of all, as the cluster has it. Of
// a Secret it has the metadata.
type Inventory struct {
	Tenants           []v1alpha1.Tenant
	MyAccountProfiles []v1alpha1.MyAccountProfile
	AccountProfiles   []v1alpha1.AccountProfile
	EventTemplates    []v1alpha1.EventTemplate

	ConfigMaps        []metav1.PartialObjectMetadata
	Secrets           []metav1.PartialObjectMetadata
	Services          []metav1.PartialObjectMetadata
	NetworkPolicies   []metav1.PartialObjectMetadata
	Deployments       []appsv1.Deployment
	Pods              []corev1.Pod
	DisruptionBudgets []policyv1.PodDisruptionBudget
	Autoscalers       []autoscalingv2.HorizontalPodAutoscaler
	Ingresses         []networkingv1.Ingress
	Routes            []gatewayv1.HTTPRoute

	Missing []MissingRight
}

// MissingRight is why a kind is not in an inventory.
type MissingRight struct {
	Kind      string `json:"kind"`
	Right     string `json:"right"`               // as "list pods"
	Namespace string `json:"namespace,omitempty"` // empty: in all
	// State says that objects of this kind can be in order or not.
	State bool `json:"state"`
}

// kindOfInventory is a kind that is listed.
type kindOfInventory struct {
	kind, group, version, plural string
	state, metadata              bool
	take                         func(text []byte) error
}

// right is that of listing the kind, as kubectl auth can-i takes it.
func (k kindOfInventory) right() string {
	if k.group == "" {
		return "list " + k.plural
	}
	return "list " + k.plural + "." + k.group
}

func (k kindOfInventory) path() string {
	if k.group == "" {
		return "/api/" + k.version
	}
	return "/apis/" + k.group + "/" + k.version
}

// into is how a list is read.
func into[T any](items *[]T) func([]byte) error {
	return func(text []byte) error {
		var list struct {
			Items []T `json:"items"`
		}
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		*items = list.Items
		return nil
	}
}

// kinds begins with those of Foyer.
func (i *Inventory) kinds() []kindOfInventory {
	own := v1alpha1.SchemeGroupVersion
	return []kindOfInventory{
		{"Tenant", own.Group, own.Version, "tenants", true, false, into(&i.Tenants)},
		{"MyAccountProfile", own.Group, own.Version, "myaccountprofiles", true, false, into(&i.MyAccountProfiles)},
		{"AccountProfile", own.Group, own.Version, "accountprofiles", true, false, into(&i.AccountProfiles)},
		{"EventTemplate", own.Group, own.Version, "eventtemplates", true, false, into(&i.EventTemplates)},
		{"ConfigMap", "", "v1", "configmaps", false, true, into(&i.ConfigMaps)},
		{"Secret", "", "v1", "secrets", false, true, into(&i.Secrets)},
		{"Service", "", "v1", "services", false, true, into(&i.Services)},
		{"NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies", false, true, into(&i.NetworkPolicies)},
		{"Deployment", "apps", "v1", "deployments", true, false, into(&i.Deployments)},
		{"Pod", "", "v1", "pods", true, false, into(&i.Pods)},
		{"PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", false, false, into(&i.DisruptionBudgets)},
		{"HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers", true, false, into(&i.Autoscalers)},
		{"Ingress", "networking.k8s.io", "v1", "ingresses", false, false, into(&i.Ingresses)},
		{"HTTPRoute", "gateway.networking.k8s.io", "v1", "httproutes", true, false, into(&i.Routes)},
	}
}

const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// ClusterInventory lists all kinds that a tenant can have, in the namespace or in all. What
// may not be listed is in Missing; without the tenants there is nothing to show.
func ClusterInventory(ctx context.Context, where Cluster, allNamespaces bool) (*Inventory, error) {
	core, namespace, err := where.core()
	if err != nil {
		return nil, err
	}
	if allNamespaces {
		namespace = ""
	}
	i := &Inventory{}
	for _, kind := range i.kinds() {
		err := i.list(ctx, core.RESTClient(), kind, namespace, where.Tenant)
		switch {
		case err == nil:
		case kind.kind == "Tenant" && apierrors.IsNotFound(err):
			return nil, errors.New("this cluster has no Foyer: it does not know the kind Tenant")
		case apierrors.IsNotFound(err): // of the Gateway API, which a cluster need not have
		case kind.kind != "Tenant" && apierrors.IsForbidden(err):
			i.Missing = append(i.Missing, MissingRight{kind.kind, kind.right(), namespace, kind.state})
		default:
			return nil, failed(err, "list the "+kind.plural, kind.right(), namespace)
		}
	}
	return i, nil
}

// list reads the objects of a kind: of Foyer's all, of others those with the label of a tenant.
func (i *Inventory) list(ctx context.Context, client rest.Interface, kind kindOfInventory, namespace, tenant string) error {
	request := client.Get().AbsPath(kind.path())
	if namespace != "" {
		request.Suffix("namespaces", namespace)
	}
	request.Suffix(kind.plural)
	if kind.group != v1alpha1.SchemeGroupVersion.Group {
		selector := provision.LabelTenant
		if tenant != "" {
			selector += "=" + tenant
		}
		request.Param("labelSelector", selector)
	}
	if kind.metadata {
		request.SetHeader("Accept", metadataOnly)
	}
	answer := request.Do(ctx)
	if err := answer.Error(); err != nil {
		return err
	}
	text, err := answer.Raw()
	if err != nil {
		return err
	}
	return kind.take(text)
}
