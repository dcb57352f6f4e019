package reach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster says where in which cluster a tenant is, as the flags of kubectl do. What is
// empty is as in the kubeconfig.
type Cluster struct {
	Kubeconfig string
	Context    string
	Cluster    string
	User       string
	As         string
	AsGroups   []string
	Namespace  string
	Tenant     string // empty: the only one of the namespace
}

// ClusterAPI reaches the API of a tenant in a cluster.
func ClusterAPI(ctx context.Context, where Cluster, forward Forward) (*API, error) {
	config, namespace, err := where.load()
	if err != nil {
		return nil, err
	}
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	tenant := where.Tenant
	if tenant == "" {
		if tenant, err = onlyTenant(ctx, core.RESTClient(), namespace); err != nil {
			return nil, err
		}
	}
	token, err := secretToken(ctx, core, namespace, tenant)
	if err != nil {
		return nil, err
	}
	pods := &podConnections{config: config, core: core, namespace: namespace, service: tenant + "-api", forward: forward}
	name := fmt.Sprintf("Tenant %s/%s of %s", namespace, tenant, config.Host)
	api := newAPI("http://"+pods.service+"."+namespace, name, token, newTransport(pods.dial), pods.drop)
	api.Tenant = tenant
	api.token = func(ctx context.Context) (string, error) { return secretToken(ctx, core, namespace, tenant) }
	return api, nil
}

// load reads the kubeconfig as kubectl does.
func (c Cluster) load() (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: c.Context}
	overrides.Context.Cluster, overrides.Context.AuthInfo, overrides.Context.Namespace = c.Cluster, c.User, c.Namespace
	overrides.AuthInfo.Impersonate, overrides.AuthInfo.ImpersonateGroups = c.As, c.AsGroups
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, "", errors.New("there is no kubeconfig: name one by --kubeconfig, or reach the API by --server and --token-file")
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	return config, namespace, nil
}

// InNamespace is the namespace that is looked at: the one that was named, or else that of the
// context.
func (c Cluster) InNamespace() (string, error) {
	_, namespace, err := c.load()
	return namespace, err
}

// core is a client, and the namespace.
func (c Cluster) core() (*corev1client.CoreV1Client, string, error) {
	config, namespace, err := c.load()
	if err != nil {
		return nil, "", err
	}
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, "", fmt.Errorf("reach the cluster: %w", err)
	}
	return core, namespace, nil
}

// onlyTenant is the tenant of a namespace that has one.
func onlyTenant(ctx context.Context, client rest.Interface, namespace string) (string, error) {
	answer := client.Get().AbsPath("/apis/foyer.dev/v1alpha1/namespaces", namespace, "tenants").Do(ctx)
	err := answer.Error() // that of Raw has no words of the cluster
	if apierrors.IsNotFound(err) {
		return "", errors.New("this cluster has no Foyer: it does not know the kind Tenant")
	}
	if err != nil {
		return "", failed(err, "find the tenant", "list tenants.foyer.dev", namespace)
	}
	text, err := answer.Raw()
	if err != nil {
		return "", fmt.Errorf("find the tenant: %w", err)
	}
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(text, &list); err != nil {
		return "", fmt.Errorf("find the tenant: %w", err)
	}
	var names []string
	for _, t := range list.Items {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return "", fmt.Errorf("there is no Tenant in namespace %s, choose another by --namespace", namespace)
	case 1:
		return names[0], nil
	}
	return "", fmt.Errorf("there are %d tenants in namespace %s, choose one by --tenant: %s", len(names), namespace, strings.Join(names, ", "))
}

// secretToken is the first token of the tenant's API.
func secretToken(ctx context.Context, core corev1client.SecretsGetter, namespace, tenant string) (string, error) {
	name := tenant + "-cli"
	secret, err := core.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", fmt.Errorf("there is no Tenant %s in namespace %s, or nothing of it is live yet: its Secret %s is not there", tenant, namespace, name)
	}
	if err != nil {
		return "", failed(err, "read the token of the API", "get secrets", namespace)
	}
	return checkToken(string(secret.Data["token"]), fmt.Sprintf("key token of Secret %s/%s", namespace, name))
}

// clusterError is what the cluster answered, and what would help.
type clusterError struct {
	doing, hint string
	err         error
}

func (e *clusterError) Error() string {
	return fmt.Sprintf("%s: %s: %v", e.doing, e.hint, e.err)
}

func (e *clusterError) Unwrap() error { return e.err }

// Lasting says that trying again does not help.
func (e *clusterError) Lasting() bool { return true }

// failed tells what went wrong. Of a missing right it says which one is needed, before
// the cluster's own words, as kubectl has them.
func failed(err error, doing, right, namespace string) error {
	switch {
	case apierrors.IsForbidden(err):
		where := "in namespace " + namespace
		if namespace == "" {
			where = "in all namespaces"
		}
		return &clusterError{doing, fmt.Sprintf("you need the right to %s %s", right, where), err}
	case apierrors.IsUnauthorized(err):
		return &clusterError{doing, "the cluster does not know you, look at the user of the kubeconfig", err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
