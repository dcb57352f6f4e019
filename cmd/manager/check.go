package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// checkInstall is "manager check", by which the chart tests itself (helm test): the CRDs are
// served, and as many managers are available as there should be. It asks until both are so,
// or the time is over.
func checkInstall(ctx context.Context, config *rest.Config, args []string, getenv func(string) string, output io.Writer) error {
	set := flag.NewFlagSet("manager check", flag.ContinueOnError)
	set.SetOutput(output)
	namespace := set.String("namespace", getenv("POD_NAMESPACE"), "namespace of the manager's Deployment (default $POD_NAMESPACE)")
	deployment := set.String("deployment", leaseName, "name of the manager's Deployment")
	limit := set.Duration("wait", 2*time.Minute, "how long it may take until all is well")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("read the flags of check: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("reach the API server: %w", err)
	}
	var problem error
	err = wait.PollUntilContextTimeout(ctx, time.Second, *limit, true, func(ctx context.Context) (bool, error) {
		problem = installProblem(ctx, client, *namespace, *deployment)
		return problem == nil, nil
	})
	if err != nil {
		return fmt.Errorf("not well after %s: %w", *limit, errors.Join(problem, ctx.Err()))
	}
	_, err = fmt.Fprintf(output, "the kinds of %s are served, and Deployment %s is available\n", v1alpha1.SchemeGroupVersion, *deployment)
	return err
}

// installProblem says what is not well yet.
func installProblem(ctx context.Context, client kubernetes.Interface, namespace, name string) error {
	served, err := client.Discovery().ServerResourcesForGroupVersion(v1alpha1.SchemeGroupVersion.String())
	if err != nil {
		return fmt.Errorf("the CRDs are not served: %w", err)
	}
	var missing []string
	for _, plural := range []string{"tenants", "accountprofiles", "myaccountprofiles", "eventtemplates"} {
		if !slices.ContainsFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Name == plural }) {
			missing = append(missing, plural)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the API server does not serve %s of %s: install the CRDs", strings.Join(missing, ", "), v1alpha1.SchemeGroupVersion)
	}
	d, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the manager's Deployment: %w", err)
	}
	return rolloutProblem(d)
}

func rolloutProblem(d *appsv1.Deployment) error {
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	switch {
	case d.Status.ObservedGeneration < d.Generation:
		return fmt.Errorf("Deployment %s was edited and not seen yet", d.Name) //nolint:staticcheck // a kind's name
	case d.Status.UpdatedReplicas < want:
		return fmt.Errorf("%d of %d managers are of the newest kind", d.Status.UpdatedReplicas, want)
	case d.Status.AvailableReplicas < want:
		return fmt.Errorf("%d of %d managers are available: see their log", d.Status.AvailableReplicas, want)
	}
	return nil
}
