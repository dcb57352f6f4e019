package main

import (
	"io"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/process"
)

// TestArgumentsOfThePod: the dispatcher takes what its pod is started with.
func TestArgumentsOfThePod(t *testing.T) {
	params := provision.Params{Tenant: &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme"}}, AllowOutgoing: "10.0.0.0/8", Clock: true}
	for _, object := range provision.Objects(params) {
		deployment, ok := object.(*appsv1ac.DeploymentApplyConfiguration)
		if !ok || *deployment.Name != provision.WorkloadName("acme", provision.Dispatcher) {
			continue
		}
		var o options
		container := deployment.Spec.Template.Spec.Containers[0]
		if _, err := process.ParseFlags("dispatcher", "", container.Args, io.Discard, o.flags); err != nil {
			t.Fatal(err)
		}
		mounted := map[string]bool{o.channelsDir: true} // which has one mount for each channel
		for _, m := range container.VolumeMounts {
			mounted[*m.MountPath] = true
		}
		for what, dir := range map[string]string{"routing": o.routing.Dir, "keys": o.keys.Dir, "channels": o.channelsDir} {
			if dir == "" || !mounted[dir] {
				t.Errorf("%s are read from %q, which is not mounted", what, dir)
			}
		}
		if o.allowed != params.AllowOutgoing || o.clock.Path == "" || container.Command[0] != "/dispatcher" {
			t.Errorf("got %+v", o)
		}
		return
	}
	t.Fatal("there is no Deployment of the dispatcher")
}
