package provision_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

func minimal() provision.Params {
	return provision.Params{
		Tenant: &v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: "acme-prod", UID: "0d1f"},
			Spec: v1alpha1.TenantSpec{
				DisplayName: "Acme Telecom",
				Portal:      v1alpha1.PortalSpec{Hostname: "my.acme.example"},
			},
		},
		Image:    "registry.example/foyer:v1",
		Version:  "v1",
		Document: []byte(`{"format":1}`),
		Digest:   "sha256-1",
	}
}

func full() provision.Params {
	p := minimal()
	p.TrustedProxies = "10.0.0.0/8,192.168.0.0/16"
	p.APIPerSecond, p.APIBurst = 20, 50
	p.Tenant.Spec.Portal.Replicas = ptr.To[int32](4)
	p.Tenant.Spec.Portal.Resources = v1alpha1.Resources{CPURequest: "0.5", MemoryRequest: "128Mi", MemoryLimit: "1Gi"}
	p.Tenant.Spec.Backoffice.Replicas = ptr.To[int32](3)
	p.Tenant.Spec.Backoffice.Resources = v1alpha1.Resources{MemoryLimit: "512Mi"}
	return p
}

// encode renders objects as one YAML file.
func encode(t *testing.T, objects []provision.Object) string {
	t.Helper()
	var documents []string
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return strings.Join(documents, "---\n")
}

func everything(p provision.Params) []provision.Object {
	return append([]provision.Object{provision.SettingsMap(p), provision.RoutingMap(p)}, provision.Objects(p)...)
}

func TestGolden(t *testing.T) {
	for name, params := range map[string]provision.Params{"minimal": minimal(), "full": full()} {
		t.Run(name, func(t *testing.T) {
			got := encode(t, everything(params))
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (go test ./controllers/provision -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("rendered otherwise than %s (-want +got); if that is meant, run with -update:\n%s", file, diff)
			}
		})
	}
}

func TestRenderingIsDeterministic(t *testing.T) {
	want := encode(t, everything(full()))
	for range 50 {
		if diff := cmp.Diff(want, encode(t, everything(full()))); diff != "" {
			t.Fatalf("the same Params rendered otherwise (-first +now):\n%s", diff)
		}
	}
}

// What makes no difference to the pods must not roll them.
func TestDeploymentsDependOnNothingElse(t *testing.T) {
	want := encode(t, provision.Objects(minimal()))
	changes := map[string]func(*provision.Params){
		"document":       func(p *provision.Params) { p.Document = []byte("other") },
		"digest":         func(p *provision.Params) { p.Digest = "other" },
		"display name":   func(p *provision.Params) { p.Tenant.Spec.DisplayName = "Other" },
		"hostname":       func(p *provision.Params) { p.Tenant.Spec.Portal.Hostname = "other.example" },
		"attributes":     func(p *provision.Params) { p.Tenant.Spec.Attributes.Currency = "EUR" },
		"generation":     func(p *provision.Params) { p.Tenant.Generation = 7 },
		"labels":         func(p *provision.Params) { p.Tenant.Labels = map[string]string{"a": "b"} },
		"annotations":    func(p *provision.Params) { p.Tenant.Annotations = map[string]string{"a": "b"} },
		"default values": func(p *provision.Params) { p.Tenant.Spec.Portal.Replicas = ptr.To[int32](2) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			change(&p)
			if diff := cmp.Diff(want, encode(t, provision.Objects(p))); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

// The values of Secrets are in the Secrets and nowhere else.
func TestNoSecretValueIsRendered(t *testing.T) {
	p := full()
	const marker = "s3cr3t-marker"
	secrets := []provision.Object{
		provision.DatabaseSecret(p.Tenant, provision.Portal, "postgres://u:"+marker+"@h/d"),
		provision.DatabaseSecret(p.Tenant, provision.Backoffice, "postgres://u:"+marker+"@h/d"),
		provision.TokenSecret(p.Tenant, marker),
		provision.KeysSecret(p.Tenant, "somebody", map[string][]byte{provision.KeyLink: []byte(marker)}),
	}
	for _, secret := range secrets {
		for _, object := range everything(p) {
			if *secret.GetKind() == *object.GetKind() {
				t.Errorf("%s %s is rendered among the other objects", *object.GetKind(), *object.GetName())
			}
		}
		encoded := encode(t, []provision.Object{secret})
		if strings.Contains(encoded, marker) {
			t.Errorf("%s shows its value in plain text:\n%s", *secret.GetName(), encoded)
		}
	}
	if strings.Contains(encode(t, everything(p)), marker) {
		t.Errorf("the value of a Secret is rendered")
	}
}

func TestNamesOfSecrets(t *testing.T) {
	tenant := minimal().Tenant
	got := []string{
		*provision.DatabaseSecret(tenant, provision.Portal, "x").GetName(),
		*provision.DatabaseSecret(tenant, provision.Backoffice, "x").GetName(),
		*provision.TokenSecret(tenant, "x").GetName(),
		*provision.KeysSecret(tenant, "x", nil).GetName(),
	}
	if diff := cmp.Diff([]string{"acme-db-portal", "acme-db-backoffice", "acme-cli", "acme-keys"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	tests := map[string]struct {
		asked                      v1alpha1.Resources
		request, limit, goMemTotal string
	}{
		"defaults":                        {request: "48Mi", limit: "256Mi", goMemTotal: "241591905"},
		"request above the default limit": {asked: v1alpha1.Resources{MemoryRequest: "1Gi"}, request: "1Gi", limit: "1Gi", goMemTotal: "966367638"},
		"limit below the default request": {asked: v1alpha1.Resources{MemoryLimit: "32Mi"}, request: "32Mi", limit: "32Mi", goMemTotal: "30198987"},
		"both":                            {asked: v1alpha1.Resources{MemoryRequest: "64Mi", MemoryLimit: "128Mi"}, request: "64Mi", limit: "128Mi", goMemTotal: "120795948"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			p.Tenant.Spec.Portal.Resources = test.asked
			var portal struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct {
								Resources struct{ Requests, Limits map[string]string }
								Env       []struct{ Name, Value string }
							}
						}
					}
				}
			}
			objects := provision.Objects(p)
			if err := yaml.Unmarshal([]byte(encode(t, objects[len(objects)-1:])), &portal); err != nil {
				t.Fatal(err)
			}
			container := portal.Spec.Template.Spec.Containers[0]
			got := []string{container.Resources.Requests["memory"], container.Resources.Limits["memory"], container.Env[1].Value}
			if diff := cmp.Diff([]string{test.request, test.limit, test.goMemTotal}, got); diff != "" {
				t.Errorf("request, limit, GOMEMLIMIT (-want +got):\n%s", diff)
			}
		})
	}
}

// The binaries of the data plane accept the flags that their pods are given.
func TestArgumentsAreFlagsOfTheBinaries(t *testing.T) {
	for _, object := range provision.Objects(full()) {
		deployment, ok := object.(*appsv1ac.DeploymentApplyConfiguration)
		if !ok {
			continue
		}
		container := deployment.Spec.Template.Spec.Containers[0]
		var limits backoffice.Limits
		var own []func(*flag.FlagSet)
		if *container.Name == string(provision.Backoffice) {
			own = append(own, limits.Flags)
		}
		var keys process.KeyFiles
		if *container.Name == string(provision.Portal) {
			own = append(own, keys.Flags)
		}
		flags, err := process.ParseFlags(*container.Name, "", container.Args, io.Discard, own...)
		if err != nil {
			t.Fatalf("%s refuses its flags: %v", *container.Name, err)
		}
		if !strings.HasSuffix(flags.Listen, strconv.Itoa(int(*container.Ports[0].ContainerPort))) ||
			!strings.HasSuffix(flags.AdminListen, strconv.Itoa(int(*container.Ports[1].ContainerPort))) {
			t.Errorf("%s listens on %s and %s, its ports are %d and %d", *container.Name, flags.Listen, flags.AdminListen,
				*container.Ports[0].ContainerPort, *container.Ports[1].ContainerPort)
		}
		if flags.SettingsDir != *container.VolumeMounts[0].MountPath || flags.DatabaseDir != *container.VolumeMounts[1].MountPath {
			t.Errorf("%s reads %s and %s, its mounts are others", *container.Name, flags.SettingsDir, flags.DatabaseDir)
		}
		if mounts := container.VolumeMounts[2:]; len(mounts) > 0 != (keys.Dir != "") || keys.Dir != "" && *mounts[0].MountPath != keys.Dir {
			t.Errorf("%s reads its keys in %q, its mounts are %v", *container.Name, keys.Dir, mounts)
		}
		if want := (backoffice.Limits{PerSecond: 20, Burst: 50}); *container.Name == string(provision.Backoffice) && limits != want {
			t.Errorf("%s has the limits %v, want %v", *container.Name, limits, want)
		}
		if len(flags.TrustedProxies) != 2 {
			t.Errorf("%s trusts %v", *container.Name, flags.TrustedProxies)
		}
	}
}
