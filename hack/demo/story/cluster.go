package story

import (
	"context"
	"fmt"
	"time"
)

// Cluster is a tenant in a cluster whose manager runs with --tenant-clock, reached by kubectl.
type Cluster struct {
	Kubectl           func(ctx context.Context, input []byte, args ...string) (string, error)
	Namespace, Tenant string
}

// clockObject is the ConfigMap that the dispatcher follows.
const clockObject = `apiVersion: v1
kind: ConfigMap
metadata: {name: %s-clock, namespace: %s}
data: {offset: "%s"}
`

// Clock says how much the tenant's dispatcher is ahead of now.
func (c Cluster) Clock(ctx context.Context) (time.Duration, error) {
	text, err := c.Kubectl(ctx, nil, "--namespace", c.Namespace, "get", "configmap", c.Tenant+"-clock", "--ignore-not-found", "-o", "jsonpath={.data.offset}")
	if err != nil || text == "" {
		return 0, err
	}
	ahead, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("ConfigMap %s-clock: %w", c.Tenant, err)
	}
	return ahead, nil
}

// Touches of the pods are what has their kubelet look at once. It may not know the new
// ConfigMap at the first.
const (
	touches    = 4
	touchEvery = 400 * time.Millisecond
)

// SetClock has the tenant's dispatcher be so much ahead of now.
func (c Cluster) SetClock(ctx context.Context, ahead time.Duration) error {
	ahead = ahead.Round(time.Second)
	if _, err := c.Kubectl(ctx, fmt.Appendf(nil, clockObject, c.Tenant, c.Namespace, ahead), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return err
	}
	for n := range touches {
		_, err := c.Kubectl(ctx, nil, "--namespace", c.Namespace, "annotate", "--overwrite", "pods",
			"--selector", "foyer.dev/tenant="+c.Tenant+",app.kubernetes.io/component=dispatcher", fmt.Sprintf("foyer.dev/demo-clock=%s.%d", ahead, n))
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(touchEvery):
		}
	}
	return nil
}

// Apply applies objects and waits until every replica runs them.
func (c Cluster) Apply(ctx context.Context, yaml string) error {
	if _, err := c.Kubectl(ctx, []byte(yaml), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, []byte(yaml), "wait", "--for=condition=Programmed", "-f", "-", "--timeout=60s")
	return err
}
